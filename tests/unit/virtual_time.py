"""An asyncio loop on which time passes at once: it jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from hasim.cloud.http import Clock
from hasim.units import SECOND

__all__ = ["VirtualClock", "run_virtually"]

ResultT = TypeVar("ResultT")


class _Selector(selectors.DefaultSelector):
    """Never waits; says how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits for nothing"
        self.passed_s += max(timeout, 0.0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._hasty = _Selector()
        super().__init__(self._hasty)

    def time(self) -> float:
        return self._hasty.passed_s


class VirtualClock(Clock):
    """The virtual loop's time, to the nanosecond."""

    def now_ns(self) -> int:
        return round(asyncio.get_running_loop().time() * SECOND)


def run_virtually(story: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run it to its end; hours take milliseconds."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(story)
