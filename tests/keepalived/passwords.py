"""Two real keepalived daemons on one network, with a virtual router for each pair of passwords.

Run as a program inside namespaces of its own (``python passwords.py DIRECTORY``), it prints as JSON which states the
lower node's instances are in a few seconds after the start, in the order of :data:`PAIRS`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["PAIRS"]

PAIRS: tuple[tuple[str | None, str | None], ...] = (
    (None, None),
    ("secret", "secret"),
    ("secret", "Secret"),
    ("secret", None),
    (None, "secret"),
    ("secret12", "secret12 and more"),
    ("a # b", "a # b"),
)
"""The passwords of the higher node and of the lower one; None: no authentication."""
_STATE = re.compile(r"\(VI_(\d+)\) Entering (\w+) STATE")
_NETWORK = """
mount -t tmpfs none /run; mkdir -p /run/netns
ip link add br0 type bridge mcast_snooping 0; ip link set br0 up
for n in 1 2; do
    ip netns add $n; ip netns exec $n ip link set lo up
    ip link add v$n type veth peer name eth0 netns $n; ip link set v$n master br0 up
    ip netns exec $n ip addr add 10.0.0.1$n/24 dev eth0; ip netns exec $n ip link set eth0 up
done
"""
_INSTANCE = """
vrrp_instance VI_{number} {{
    interface eth0
    virtual_router_id {number}
    priority {priority}
    {authentication}
    virtual_ipaddress {{
        10.0.0.{host}/24
    }}
}}
"""
_AUTHENTICATION = """authentication {{
        auth_type PASS
        auth_pass "{password}"
    }}"""


def _instance(number: int, priority: int, password: str | None) -> str:
    block = "" if password is None else _AUTHENTICATION.format(password=password)
    return _INSTANCE.format(number=number, priority=priority, authentication=block, host=100 + number)


def _start(directory: Path, node: int) -> tuple[subprocess.Popen[bytes], Path]:
    conf, log = directory / f"{node}.conf", directory / f"{node}.log"
    pairs = enumerate(PAIRS, start=1)
    conf.write_text("".join(_instance(n, 200 - 50 * node, pair[node - 1]) for n, pair in pairs), encoding="utf-8")
    options = ["--dont-fork", "--log-console", "--vrrp", f"--pid=/run/{node}.pid", f"--vrrp_pid=/run/{node}v.pid"]
    command = ["ip", "netns", "exec", str(node), "keepalived", *options, "--use-file", str(conf)]
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT), log


def _stage(directory: Path) -> None:
    subprocess.run(["sh", "-ec", _NETWORK], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    higher, _ = _start(directory, 1)
    time.sleep(5)
    lower, log = _start(directory, 2)
    time.sleep(6)
    states = dict(_STATE.findall(log.read_text(encoding="utf-8", errors="replace")))
    for daemon in (higher, lower):
        daemon.kill()
    print(json.dumps([states[str(number)] for number in range(1, len(PAIRS) + 1)]))


if __name__ == "__main__":
    _stage(Path(sys.argv[1]))
