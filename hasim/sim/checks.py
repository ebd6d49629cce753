"""Track scripts: keepalived's health checks, run on a fixed grid, or not at all while nothing can change.

A check runs at ``origin + k * interval``. Run k takes a time that is a hash of k and sees the condition as it is at its
beginning. A counter that stands at its end and a condition that agrees with it make every further run a no-op: in quiet
mode it is then not run, and the next one takes place at its place on the grid after the condition has changed.

A run that takes longer than the interval does not keep the next one from starting: they go on side by side, and each
result counts when it comes, as in keepalived 2.2.7 (which logs that it skips the run, and runs it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hasim.scenario.model import TrackScript
from hasim.sim.kernel import CHECKS, WORLD
from hasim.sim.randomness import uniform_at
from hasim.vrrp.track import ScriptCounter

if TYPE_CHECKING:
    from hasim.sim.daemon import Daemon
    from hasim.sim.world import World

__all__ = ["GARPS", "RECLAIMS", "Check", "Grid"]

RECLAIMS, GARPS, _SCRIPTS = range(3)
"""Places among the periodic activities of an instance; each track script has one of its own, from the last on."""

_PLACES = 1_000


class Grid:
    """A periodic activity that can be suspended and re-joins its grid: run k is due at ``origin + k * interval``."""

    def __init__(self, world: World, name: str, place: int, interval_ns: int, run: Callable[[int], bool]) -> None:
        """``run(k)`` does run k and tells whether the next one may be left out until :meth:`poke`. ``place`` is that
        among the periodic activities of the instance called ``name``: at one instant they take place in this order."""
        self._world = world
        instance = next(index for index, one in enumerate(world.scenario.instances) if one.name == name)
        self._priority = CHECKS + instance * _PLACES + min(place, _PLACES - 1)
        self._interval_ns = interval_ns
        self._run = run
        self._origin_ns = 0
        self._first = 0
        self._epoch = 0
        self._active = False
        self._scheduled = False
        self._last = -1
        self._frozen_at: int | None = None

    def start(self, origin_ns: int, *, parked: bool = False) -> None:
        """Begin with run 0 at ``origin_ns`` (which may lie in the past)."""
        self._epoch += 1
        self._active = True
        self._scheduled = False
        self._frozen_at = None
        self._origin_ns = origin_ns
        self._first = 0
        self._last = -1
        if not (parked and self._world.quiet):
            self._schedule_next()

    def stop(self) -> None:
        """No more runs."""
        self._epoch += 1
        self._active = False
        self._scheduled = False

    def poke(self) -> None:
        """What the runs look at has changed: go on with the next one that is due."""
        if self._active and not self._scheduled and self._frozen_at is None:
            self._schedule_next()

    def freeze(self) -> None:
        """The process that starts the runs is not scheduled any more."""
        if self._active:
            self._epoch += 1
            self._scheduled = False
            self._frozen_at = self._world.kernel.now

    def thaw(self) -> None:
        """It goes on; a run that fell due meanwhile takes place now, and the grid starts from there."""
        if not self._active or self._frozen_at is None:
            return
        now = self._world.kernel.now
        due = max(self._next_index(self._frozen_at), self._last + 1)
        if self._time_of(due) <= now:
            self._origin_ns, self._first = now, due
        self._frozen_at = None
        self._schedule(due)

    def last_ns(self, time_ns: int) -> int | None:
        """When the last run was due by then, on the grid as it is; None: none was."""
        if not self._active or time_ns < self._origin_ns:
            return None
        return time_ns - (time_ns - self._origin_ns) % self._interval_ns

    def _time_of(self, index: int) -> int:
        return self._origin_ns + (index - self._first) * self._interval_ns

    def _next_index(self, time_ns: int) -> int:
        return self._first + max(-(-(time_ns - self._origin_ns) // self._interval_ns), 0)

    def _schedule_next(self) -> None:
        self._schedule(max(self._next_index(self._world.kernel.now), self._last + 1))

    def _schedule(self, index: int) -> None:
        self._scheduled = True
        epoch = self._epoch
        self._world.kernel.at(self._time_of(index), self._priority, lambda _event: self._due(epoch, index))

    def _due(self, epoch: int, index: int) -> None:
        if epoch != self._epoch:
            return
        self._scheduled = False
        self._last = index
        if not (self._run(index) and self._world.quiet):
            self._schedule(index + 1)


class Check:
    """One ``vrrp_script`` on one instance."""

    def __init__(self, world: World, daemon: Daemon, number: int, script: TrackScript) -> None:
        """``number`` is its place in the configuration."""
        self.script = script
        self.counter = ScriptCounter(script.rise, script.fall)
        self._world = world
        self._daemon = daemon
        self._key = world.randomness.key("check", daemon.name, script.name)
        self._phase = world.randomness.stream("check", daemon.name, script.name, "phase")
        self._grid = Grid(world, daemon.name, _SCRIPTS + number, script.interval_ns, self._begin)
        self._runs = 0
        """How many runs are going on."""
        self._life = 0
        self._waiting: list[bool] = []

    def resume(self) -> None:
        """Be in the steady state at the start of a run: up for long, at a random place of the grid."""
        self.counter.assume_up()
        first_ns = self.script.first_run_ns
        if first_ns is None:
            first_ns = int(self._phase.uniform() * self.script.interval_ns)
        self._grid.start(first_ns - self.script.interval_ns, parked=self._agrees())

    def start(self) -> None:
        """The daemon has started: the first run is due at once."""
        self.counter = ScriptCounter(self.script.rise, self.script.fall)
        self._runs = 0
        self._life += 1
        self._waiting.clear()
        self._grid.start(self._world.kernel.now)

    def reload(self) -> None:
        """The daemon reads its configuration again: it runs the script at once, and counts on from where it was. The
        result of a run that goes on is lost."""
        if self._daemon.running:
            self._runs = 0
            self._life += 1
            self._waiting.clear()
            self._grid.start(self._world.kernel.now)

    def stop(self) -> None:
        """The daemon is gone."""
        self._life += 1
        self._runs = 0
        self._grid.stop()

    def poke(self) -> None:
        """What the script looks at has changed."""
        self._grid.poke()

    def freeze(self) -> None:
        """Script and daemon stand still."""
        self._grid.freeze()

    def thaw(self) -> None:
        """They go on; a run that would have ended meanwhile ends now."""
        for success in self._waiting:
            self._end(success)
        self._waiting.clear()
        self._grid.thaw()

    def _condition(self) -> bool:
        if self.script.check == "service":
            return self._world.hosts[self._daemon.name].service_answers
        return self._world.control_plane.answers(self._daemon.instance)

    def _hangs(self) -> bool:
        """Whether a run would wait in vain until its time is over. Where the API does not answer, nobody refuses."""
        if self.script.check == "service":
            return self._world.hosts[self._daemon.name].service_hangs
        return not self._condition()

    def _agrees(self) -> bool:
        """Whether further runs can change nothing. Runs that may be longer than the interval are never left out: some
        of them still go on when the condition changes, and their results count afterwards."""
        script = self.script
        return (
            not self._runs
            and self.counter.settled
            and self.counter.up == self._condition()
            and script.timeout_ns + script.killed_after_ns <= script.interval_ns
            and not (self.counter.up and script.run_time.quantile(1 - 2**-53) > script.timeout_ns)
        )

    def _begin(self, index: int) -> bool:
        if self._world.quiet and self._agrees():
            return True
        success = self._condition()
        duration_ns = self.script.run_time.quantile(uniform_at(self._key, index))
        if duration_ns > self.script.timeout_ns or self._hangs():
            duration_ns, success = self.script.timeout_ns + self.script.killed_after_ns, False
        self._runs += 1
        life, kernel = self._life, self._world.kernel
        kernel.at(kernel.now + duration_ns, WORLD, lambda _event: self._ended(life, success))
        return False

    def _ended(self, life: int, success: bool) -> None:
        if life != self._life:
            return
        if self._daemon.frozen:
            self._waiting.append(success)
        else:
            self._end(success)

    def _end(self, success: bool) -> None:
        self._runs -= 1
        if self.counter.count(success):
            self._daemon.check_result(self)
