"""Two real keepalived daemons on one network, with a virtual router for each pair of passwords.

Run as a program inside namespaces of its own (``python passwords.py DIRECTORY``), it prints as JSON which states the
lower node's instances are in a few seconds after the start, in the order of :data:`PAIRS`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.keepalived.two_nodes import connect, start

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


def _configuration(node: int) -> str:
    pairs = enumerate(PAIRS, start=1)
    return "".join(_instance(n, 200 - 50 * node, pair[node - 1]) for n, pair in pairs)


def _stage(directory: Path) -> None:
    connect()
    higher, _ = start(directory, 1, _configuration(1))
    time.sleep(5)
    lower, log = start(directory, 2, _configuration(2))
    time.sleep(6)
    states = dict(_STATE.findall(log.read_text(encoding="utf-8", errors="replace")))
    for daemon in (higher, lower):
        daemon.kill()
    print(json.dumps([states[str(number)] for number in range(1, len(PAIRS) + 1)]))


if __name__ == "__main__":
    _stage(Path(sys.argv[1]))
