"""Time and its order: the thin layer between hasim and SimPy.

SimPy keeps one heap of (time, priority, sequence). Ties in time are real ties here, since time is an integer; which of
two simultaneous things comes first is therefore a *stated rule*, not the accident of who was scheduled earlier:

1. what happens to the world: faults, boots, API answers, scripts (SimPy's own priorities 0 and 1)
2. periodic looks at the world: track scripts, re-claims
3. arriving packets, by receiver and sender
4. expiring protocol timers, by instance

So a check at the instant of a failure sees the failure, an advert that arrives at the instant of a deadline still
counts, and what has not happened yet at an instant (3 and 4) is known exactly: quiet heartbeats depend on that.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

__all__ = ["CHECKS", "PACKETS", "TIMERS", "WORLD", "Kernel", "Timer"]

WORLD = 1
CHECKS = 2
PACKETS = 1_000
TIMERS = 1_000_000


class _Call(simpy.Event):
    """A callback at a time: what SimPy's Timeout is to a process."""

    __slots__ = ()

    def __init__(self, env: simpy.Environment, callback: Callable[[Any], None]) -> None:
        self.env = env
        self.callbacks = [callback]
        self._ok = True
        self._value = None


class Kernel:
    """One SimPy environment, with integer nanoseconds."""

    __slots__ = ("env", "horizon_ns")

    def __init__(self, horizon_ns: int) -> None:
        self.env = simpy.Environment(initial_time=0)
        self.horizon_ns = horizon_ns

    @property
    def now(self) -> int:
        """The simulated time in ns."""
        return int(self.env.now)

    def at(self, time_ns: int, priority: int, callback: Callable[[Any], None]) -> None:
        """Call ``callback(event)`` at ``time_ns`` (not before now)."""
        self.env.schedule(_Call(self.env, callback), priority, time_ns - self.now)  # type: ignore[arg-type]

    def process(self, generator: Generator[simpy.Event, Any, Any]) -> simpy.Process:
        """Start a SimPy process."""
        return self.env.process(generator)

    def sleep(self, duration_ns: int) -> simpy.Event:
        """An event to yield for: that much later."""
        return self.env.timeout(duration_ns)

    def next_event_ns(self) -> int:
        """When the next scheduled thing is due, at most the horizon."""
        return int(min(self.env.peek(), self.horizon_ns))

    def run(self) -> None:
        """Run up to the horizon; what is due exactly then does not happen any more."""
        self.env.run(until=self.horizon_ns)


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
        if deadline_ns is not None:
            deadline_ns = max(deadline_ns, self._kernel.now)
        self.deadline_ns = deadline_ns
        if deadline_ns is not None and (self._entry_ns is None or self._entry_ns > deadline_ns):
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
