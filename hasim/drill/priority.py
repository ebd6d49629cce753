"""Who goes first on a busy machine: whoever measures, and keepalived, whose timers are what is measured.

Both get real-time priority: niceness shares the time of a busy processor, but who wakes up then may still wait for tens
of milliseconds. Scripts share the processors with each other and, as far as the kernel shares them by session, go
before whatever else the machine does: an instance has nothing else to do either. Where the machine gives nobody such
priorities, all go on as they are; how late they were is measured either way (:mod:`hasim.drill.lateness`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["KEEPALIVED_OPTIONS", "favour_session", "given_priority", "ordinary", "put_first"]

_OWN_PRIORITY = 10
_PRIORITY = 20
"""Of keepalived and of the programs that measure: before the drill itself, which does more than to look at a clock."""
_SESSION_NICENESS = -15
_TURN_S = 0.0005
"""How long a thread of this process may keep the interpreter from another: Python's own 5 ms add up."""

KEEPALIVED_OPTIONS = f"    vrrp_rt_priority {_PRIORITY}\n    vrrp_rlimit_rttime 1000000\n"
"""Lines of ``global_defs`` for its VRRP process, and for no script of it."""


@contextmanager
def given_priority() -> Iterator[None]:
    """This thread goes before whatever else the machine does, and so do the threads and programs that it starts, until
    they say otherwise. (A thread that waits for its turn in the interpreter waits for all the others.)"""
    turn_s = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
    is_given = _set(os.SCHED_RR, _OWN_PRIORITY)
    try:
        yield
    finally:
        if is_given:
            _set(policy, priority)
        sys.setswitchinterval(turn_s)


def ordinary(command: Sequence[str]) -> list[str]:
    """A command of an instance, whose scripts will have the priority that they have everywhere."""
    return ["chrt", "--other", "0", *command]


def favour_session(process: int) -> None:
    """Let the session of a process go before others, where the kernel shares the processors by session (autogroup).

    (keepalived gives its scripts an ordinary niceness, which counts within their session only.)
    """
    with suppress(OSError):
        Path(f"/proc/{process}/autogroup").write_text(str(_SESSION_NICENESS), encoding="ascii")


def put_first(process: int) -> None:
    """Let a program that measures go before everything else. Its interpreter must be up: many that start would make
    each other late."""
    _set(os.SCHED_RR, _PRIORITY, process)


def _set(policy: int, priority: int, process: int = 0) -> bool:
    try:
        os.sched_setscheduler(process, policy, os.sched_param(priority))
    except OSError:
        return False
    return True
