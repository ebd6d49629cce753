"""Time and its order: the thin layer between hasim and SimPy.

SimPy keeps one heap of (time, priority, sequence). Ties in time are real ties here, since time is an integer; which of
two simultaneous things comes first is therefore a *stated rule*, not the accident of who was scheduled earlier:

1. what happens to the world: faults, boots, API answers, scripts (SimPy's own priorities 0 and 1)
2. periodic looks at the world: track scripts, re-claims, refreshed gratuitous ARPs, by instance
3. arriving packets, by receiver and sender
4. expiring protocol timers, by instance

So a check at the instant of a failure sees the failure, an advert that arrives at the instant of a deadline still
counts, and what has not happened yet at an instant (3 and 4) is known exactly: quiet heartbeats depend on that.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, cast

import simpy

__all__ = ["CHECKS", "PACKETS", "TIMERS", "WORLD", "Kernel", "Timer"]

WORLD = 1
CHECKS = 2
PACKETS = 100_000
TIMERS = 10_000_000


class Kernel(simpy.Environment):
    """A SimPy environment with integer nanoseconds, whose queue takes plain callbacks beside SimPy's events.

    An entry of the queue is (time, priority, sequence, callback, its argument): a timer or a packet needs no event
    object, and an event of SimPy's is the argument of the callback that triggers it.
    """

    now: int = 0
    """The simulated time in ns; an attribute, because it is read two hundred times for each failure."""

    def __init__(self, horizon_ns: int) -> None:
        super().__init__()
        self.horizon_ns = horizon_ns
        self._queue: list[tuple[int, int, int, Callable[[Any], None], Any]] = []  # type: ignore[assignment]

    def at(self, time_ns: int, priority: int, callback: Callable[[Any], None]) -> None:
        """Call ``callback(None)`` at ``time_ns`` (not before now)."""
        heappush(self._queue, (time_ns, priority, next(self._eid), callback, None))

    def schedule(self, event: simpy.Event, priority: Any = WORLD, delay: Any = 0) -> None:
        """What SimPy's events and processes call."""
        heappush(self._queue, (self.now + delay, priority, next(self._eid), _trigger, event))

    def sleep(self, duration_ns: int) -> simpy.Event:
        """An event to yield for: that much later."""
        return simpy.Timeout(self, duration_ns)

    def next_event_ns(self) -> int:
        """When the next scheduled thing is due, at most the horizon."""
        return min(self._queue[0][0], self.horizon_ns) if self._queue else self.horizon_ns

    @property
    def pending(self) -> int:
        """How many things are scheduled."""
        return len(self._queue)

    def step(self) -> None:
        """Do the next scheduled thing, of which there is one."""
        self.now, _, _, callback, argument = heappop(self._queue)
        callback(argument)

    def run(self) -> None:  # type: ignore[override]
        """Run up to the horizon; what is due exactly then does not happen any more."""
        queue, horizon_ns = self._queue, self.horizon_ns
        while queue and queue[0][0] < horizon_ns:
            self.now, _, _, callback, argument = heappop(queue)
            callback(argument)
        self.now = horizon_ns


def _trigger(event: simpy.Event) -> None:
    """Do what waits for a SimPy event."""
    callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
    for callback in callbacks:
        callback(event)
    if not (event.ok or event.defused):
        raise cast(BaseException, event.value)


class Timer:
    """A deadline that can be moved for nothing.

    Re-arming a timer that is moved on by every advert would leave an abandoned event in the heap each time. This one
    leaves its event where it is and looks again when that comes due.
    """

    __slots__ = ("_callback", "_entry_ns", "_kernel", "_priority", "deadline_ns")

    def __init__(self, kernel: Kernel, priority: int, callback: Callable[[], None]) -> None:
        self._kernel = kernel
        self._priority = priority
        self._callback = callback
        self._entry_ns: int | None = None
        self.deadline_ns: int | None = None

    def set(self, deadline_ns: int | None) -> None:
        """Move the deadline; None disarms. A deadline in the past is due now."""
        if deadline_ns is None:
            self.deadline_ns = None
            return
        if deadline_ns < self._kernel.now:
            deadline_ns = self._kernel.now
        self.deadline_ns = deadline_ns
        if self._entry_ns is None or self._entry_ns > deadline_ns:
            self._schedule(deadline_ns)

    def _schedule(self, deadline_ns: int) -> None:
        self._entry_ns = deadline_ns
        self._kernel.at(deadline_ns, self._priority, self._due)

    def _due(self, _event: Any) -> None:
        now = self._kernel.now
        if self._entry_ns != now:
            return
        self._entry_ns = None
        if self.deadline_ns is None:
            return
        if self.deadline_ns > now:
            self._schedule(self.deadline_ns)
            return
        self.deadline_ns = None
        self._callback()
