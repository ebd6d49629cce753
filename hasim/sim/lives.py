"""The lives of one keepalived: when a process is executed, when it is gone, and how soon its parent replaces it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hasim.scenario.model import Instance
from hasim.units import SECOND

if TYPE_CHECKING:
    from hasim.sim.world import World

__all__ = ["Lives"]

_LONG_LIFE_NS = 60 * SECOND
"""A VRRP process that has lived longer than this is replaced at once; others after a growing delay."""
_LONGEST_RESPAWN_DELAY_S = 60


class Lives:
    """The processes of an instance's keepalived, one after another. ``number`` is that of the present one, which
    changes whenever one has ended, or will not come up; ``begun`` is called when one is up."""

    def __init__(self, world: World, instance: Instance, begun: Callable[[], None]) -> None:
        self.number = 0
        self._kernel = world.kernel
        self._agenda = world.hosts[instance.name].agenda
        self._behaviour = instance.daemon
        self._start_up = world.randomness.stream("daemon", instance.name, "start_up")
        self._begun = begun
        self._executed = -1
        self._awaited = -1
        self._up_ns = -_LONG_LIFE_NS
        self._gone_ns = 0
        self._respawns = 0

    @property
    def is_leaving(self) -> bool:
        """Whether a process that was asked to stop is still there."""
        return self._gone_ns > self._kernel.now

    def begin(self) -> None:
        """Execute the program, if that is not under way, and as soon as a process is gone that was asked to stop; it is
        up after its start-up time, unless it is ended before."""
        if self._executed != self.number:
            self._respawns = 0
            self._execute()

    def end(self) -> None:
        """Whatever is on its way will not come up."""
        self.number += 1

    def leave(self) -> None:
        """The process was asked to stop: it takes part no more, and is gone after its grace."""
        self.end()
        self._gone_ns = self._kernel.now + self._behaviour.stop_grace_ns

    def die(self) -> None:
        """The process is gone, also one that was leaving."""
        self.end()
        self._gone_ns = self._kernel.now

    def replace(self) -> None:
        """The VRRP process alone has ended: its parent starts another, the sooner the longer this one has lived."""
        now = self._kernel.now
        if now - self._up_ns > _LONG_LIFE_NS:
            self._respawns = 0
        delay_ns = min((1 << self._respawns) // 2, _LONGEST_RESPAWN_DELAY_S) * SECOND
        self._respawns += 1
        number = self._awaited = self.number
        self._agenda.wait(
            max(self._gone_ns - now, 0) + delay_ns, lambda: self._execute() if number == self.number else None
        )

    def hurry(self) -> None:
        """A parent that waits before it starts another VRRP process waits no longer."""
        if self._awaited == self.number and not self.is_leaving:
            self._execute()

    def _execute(self) -> None:
        self.number += 1
        number = self._executed = self.number
        delay_ns = self._behaviour.start_up.quantile(self._start_up.uniform())

        def execute() -> None:
            self._agenda.work(delay_ns, lambda: self._up(number))

        if self.is_leaving:
            self._agenda.wait(self._gone_ns - self._kernel.now, execute)
        else:
            execute()

    def _up(self, number: int) -> None:
        if number == self.number:
            self._up_ns = self._kernel.now
            self._begun()
