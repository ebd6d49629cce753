"""Who goes first on a busy machine: whoever measures, and keepalived, whose timers are what is measured.

Scripts keep the priority that the drill was started with: that they are slow is part of the result.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["KEEPALIVED_PRIORITY", "given_priority", "ordinary_niceness"]

KEEPALIVED_PRIORITY = -15
_OWN_PRIORITY = -10

_given: list[int] = []


@contextmanager
def given_priority() -> Iterator[None]:
    """This thread goes before whatever else the machine does, where that may be asked for."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, min(before, _OWN_PRIORITY))
    _given.append(os.getpriority(os.PRIO_PROCESS, 0) - before)
    try:
        yield
    finally:
        _given.pop()
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


def ordinary_niceness() -> int:
    """What a process that this thread starts must add to its niceness to be as it would be without a drill."""
    return -sum(_given)
