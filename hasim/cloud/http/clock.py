"""The clock of a live region: real time, or time that runs faster or slower, and what is to happen when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hasim.units import SECOND

__all__ = ["Clock"]

_LONGEST_TIMER_S = 86_400.0


class Clock:
    """Nanoseconds since 1970 that pass ``speed`` times as fast as real ones and never run backwards.

    It begins with the real time, or with ``not_before_ns`` where that is later.
    """

    def __init__(self, speed: float = 1.0, *, not_before_ns: int = 0) -> None:
        if not 0.001 <= speed <= 1_000_000:
            raise ValueError(f"a speed lies between 0.001 and 1,000,000, got {speed:g}")
        self.speed = speed
        self._origin_ns = max(time.time_ns(), not_before_ns)
        self._started_ns = time.monotonic_ns()
        self._timers: set[asyncio.TimerHandle] = set()

    def now_ns(self) -> int:
        """The time."""
        return self._origin_ns + int((time.monotonic_ns() - self._started_ns) * self.speed)

    async def sleep(self, duration_ns: int) -> None:
        """Come back that much later."""
        await asyncio.sleep(duration_ns / self.speed / SECOND)

    def at(self, due_ns: int, act: Callable[[], object]) -> None:
        """Call ``act`` when it is ``due_ns``; in steps, because a timer cannot be arbitrarily long."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            self._timers.discard(handle)
            if self.now_ns() >= due_ns:
                act()
            else:
                self.at(due_ns, act)

        delay_s = max((due_ns - self.now_ns()) / self.speed / SECOND, 0.0)
        handle = loop.call_later(min(delay_s, _LONGEST_TIMER_S), ring)
        self._timers.add(handle)

    def stop(self) -> None:
        """Nothing that was to happen will."""
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
