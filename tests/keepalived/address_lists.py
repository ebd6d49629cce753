"""Two real keepalived daemons with a virtual router for each pair of address lists.

Run as a program inside namespaces of its own (``python address_lists.py DIRECTORY``), it prints as JSON which states
the lower node's instances are in a few seconds after the start, in the order of :data:`PAIRS`.
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

_NONE: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (((1,), ()), ((), (1, 2)), ((), ()))
"""Lists that version 3 does not run with."""

PAIRS: tuple[tuple[int, str, tuple[int, ...], tuple[int, ...]], ...] = tuple(
    (version, more, higher, lower)
    for version in (2, 3)
    for more in ("", "skip_check_adv_addr")
    for higher, lower in (
        ((1, 2), (1, 2)),
        ((1, 2), (2, 1)),
        ((1, 2), (1, 3)),
        ((1, 2), (1,)),
        ((1,), (1, 2)),
        *(_NONE if version == 2 else ()),
    )
)
"""Version, a further keyword of both nodes, and the last numbers of the addresses of the higher and the lower one."""
_STATE = re.compile(r"\(VI_(\d+)\) Entering (\w+) STATE")
_INSTANCE = """
vrrp_instance VI_{number} {{
    interface eth0
    virtual_router_id {number}
    priority {priority}
    version {version}
    {more}
    virtual_ipaddress {{
        {addresses}
    }}
}}
"""


def _configuration(node: int) -> str:
    text = ""
    for number, (version, more, *lists) in enumerate(PAIRS, start=1):
        addresses = "\n".join(f"10.1.{number}.{host}/24" for host in lists[node - 1])
        priority = 200 - 50 * node
        text += _INSTANCE.format(number=number, priority=priority, version=version, more=more, addresses=addresses)
    return text


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
