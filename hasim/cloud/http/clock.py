"""The clock of a live region: real time, or time that runs faster or slower."""

from __future__ import annotations

import time

from hasim.units import SECOND

__all__ = ["Clock"]


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

    def now_ns(self) -> int:
        """The time."""
        return self._origin_ns + int((time.monotonic_ns() - self._started_ns) * self.speed)

    def real_seconds(self, duration_ns: int) -> float:
        """How many real seconds a duration takes."""
        return duration_ns / self.speed / SECOND
