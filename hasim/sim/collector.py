"""Python's garbage collector, which has nothing to do while a world runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_paused"]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without looking for unreachable cycles: a run makes next to none before its end, and looking for them among all
    that a study has kept costs a tenth of the time, or a fifth where runs are short."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
