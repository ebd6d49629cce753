"""A real keepalived daemon that is frozen until its socket is full, and how many adverts it answers afterwards.

Run as a program inside namespaces of its own (``python full_socket.py DIRECTORY``), it prints as JSON the answers for
each of :data:`ASKED`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.keepalived.two_nodes import connect, start

__all__ = ["ASKED"]

ASKED: tuple[int | None, ...] = (None, 20_000, 1)
"""``kernel_rx_buf_size``; None: not written, which leaves it to the kernel."""
_INSTANCE = """
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    version 3
    advert_int 0.01
    garp_master_repeat 1
    garp_lower_prio_repeat 0
    {more}
    virtual_ipaddress {{
        10.0.0.100/24
    }}
}}
"""
_ANSWER = b"with lower priority"


def _answers(directory: Path, asked: int | None) -> int:
    more = "" if asked is None else f"kernel_rx_buf_size {asked}"
    frozen, log = start(directory, 1, _INSTANCE.format(priority=150, more=more))
    usurper, _ = start(directory, 2, _INSTANCE.format(priority=100, more=""))
    time.sleep(1)
    _signal(1, signal.SIGSTOP)
    time.sleep(0.1)
    before = log.stat().st_size  # two that start at once may both be MASTER for a moment
    time.sleep(3.5 if asked is None else 1)
    usurper.terminate()
    usurper.wait()
    _signal(1, signal.SIGCONT)
    time.sleep(4 if asked is None else 1)
    frozen.terminate()
    frozen.wait()
    return log.read_bytes()[before:].count(_ANSWER)


def _signal(node: int, number: signal.Signals) -> None:
    """To the process that does VRRP on that node."""
    os.kill(int(Path(f"/run/{node}v.pid").read_text()), number)


if __name__ == "__main__":
    connect()
    print(json.dumps([_answers(Path(sys.argv[1]), asked) for asked in ASKED]))
