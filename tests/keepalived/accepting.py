"""Real keepalived daemons that are MASTER, and whether a client at their virtual address gets an answer.

Run as a program inside namespaces of its own (``python accepting.py DIRECTORY``), it prints as JSON what comes of each
of :data:`CASES`: for every one of its configurations, which the daemon reads one after the other, whether the client
gets an answer. The service is at all addresses of the machine, and the client is not on it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.keepalived.two_nodes import connect, start

__all__ = ["ADDRESSES", "CASES"]

_INSTANCE = """
global_defs {{
    {defs}
}}
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    version {version}
    advert_int {advert_int}
    {more}
    {addresses}
}}
"""
_ADDRESSES = {
    4: "virtual_ipaddress {\n10.0.0.100/24\n}\nvirtual_ipaddress_excluded {\n10.0.0.101/24\n}",
    6: "virtual_ipaddress {\nfe80::100/64\nfd00::100/64\n}",
}
ADDRESSES = {4: ("10.0.0.100", "10.0.0.101"), 6: ("fd00::100",)}
"""Where the client asks, by family: all of them answer, or none does."""


def _text(more: str = "", *, defs: str = "", priority: int = 150, version: int = 3, family: int = 4) -> str:
    return _INSTANCE.format(
        defs=defs,
        priority=priority,
        version=version,
        advert_int=1 if version == 2 else 0.05,
        more=more,
        addresses=_ADDRESSES[family],
    )


CASES: dict[str, tuple[int, tuple[str, ...]]] = {
    "nothing written": (4, (_text(),)),
    "no_accept": (4, (_text("no_accept"),)),
    "no_accept, then accept": (4, (_text("no_accept\naccept"),)),
    "vrrp_strict": (4, (_text(defs="vrrp_strict"),)),
    "vrrp_strict with accept": (4, (_text("accept", defs="vrrp_strict"),)),
    "version 2, vrrp_strict with accept": (4, (_text("accept", defs="vrrp_strict", version=2),)),
    "strict_mode": (4, (_text("strict_mode on"),)),
    "IPv6": (6, (_text(family=6),)),
    "IPv6, no_accept": (6, (_text("no_accept", family=6),)),
    "owner, for a while": (4, tuple(_text("no_accept", priority=priority) for priority in (255, 150, 255))),
}
"""The family of the addresses, and the configurations."""

_OWN = {4: "10.0.0.11", 6: "fd00::11"}
_PORT = 8000
_SERVICE = f"""
import socket
with socket.create_server(("::", {_PORT}), family=socket.AF_INET6, dualstack_ipv6=True) as service:
    while True:
        service.accept()[0].close()
"""
_CLIENT = """
ip addr add 10.0.0.1/24 dev br0; ip addr add fd00::1/64 dev br0 nodad
ip netns exec 1 ip addr add fd00::11/64 dev eth0 nodad
"""


def _is_answered(address: str, within_s: float = 0.5) -> bool:
    with contextlib.suppress(TimeoutError), socket.create_connection((address, _PORT), within_s):
        return True
    return False


def _until_answered(address: str) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError):
            if _is_answered(address):
                return
        time.sleep(0.1)
    raise TimeoutError(f"no service at {address}")


def _until_said(log: Path, words: str, times: int = 1) -> None:
    for _ in range(400):
        if log.read_text().count(words) >= times:
            return
        time.sleep(0.05)
    raise TimeoutError(f"{words!r} is not in the log:\n{log.read_text()}")


def _answers(directory: Path, family: int, texts: tuple[str, ...]) -> list[bool]:
    """What the client gets of a daemon that reads the texts one after the other."""
    daemon, log = start(directory, 1, texts[0])
    _until_said(log, "Entering MASTER STATE")
    found = []
    for number, text in enumerate(texts):
        if number:
            (directory / "1.conf").write_text(text, encoding="utf-8")
            os.kill(daemon.pid, signal.SIGHUP)
            _until_said(log, "Reload complete", number)
        time.sleep(0.5)
        if not _is_answered(_OWN[family]):
            raise TimeoutError(f"no service at {_OWN[family]}")
        (answered,) = {_is_answered(address) for address in ADDRESSES[family]}
        found.append(answered)
    daemon.terminate()
    daemon.wait()
    return found


if __name__ == "__main__":
    connect()
    subprocess.run(["sh", "-ec", _CLIENT], check=True)
    service = subprocess.Popen(["ip", "netns", "exec", "1", sys.executable, "-c", _SERVICE])
    for own in _OWN.values():
        _until_answered(own)
    print(json.dumps({name: _answers(Path(sys.argv[1]), *case) for name, case in CASES.items()}))
    service.kill()
    service.wait()
