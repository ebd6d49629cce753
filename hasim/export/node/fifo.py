"""The events that keepalived writes to ``vrrp_notify_fifo``, one line each: ``INSTANCE "floating" MASTER 100``."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

__all__ = ["events_in"]

_TICK_S = 0.05
_CHUNK = 4096


def events_in(path: str, instance: str) -> Iterator[str]:
    """The events of a ``vrrp_instance`` as they come, and an empty one every now and then while none does.

    It ends when keepalived, which has started this process, is gone.
    """
    parent = os.getppid()
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    rest = b""
    while os.getppid() == parent:
        ready, _, _ = select.select([descriptor], [], [], _TICK_S)
        chunk = os.read(descriptor, _CHUNK) if ready else b""
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield _event(line.decode("utf-8", "replace"), instance)
        if not lines:
            yield ""


def _event(line: str, instance: str) -> str:
    """The event of a line; empty if it is somebody else's."""
    kind, _, rest = line.partition(" ")
    name, _, words = rest.strip().lstrip('"').partition('"')
    return words.split()[0] if kind == "INSTANCE" and name == instance and words.split() else ""
