"""A world whose faults strike when they are told to, watched until it has come to rest.

With quiet heartbeats nothing is scheduled while nothing can change. So a world is *at rest* when its queue is empty:
every repair is over, every boot, script, task and timer that it set off is through, and only another fault can change
anything; or, in a network that loses packets, so many lost adverts in a row that a BACKUP runs out of patience. (It is
looked ahead for those, and what looks ahead does not count.) Mostly that is the *steady state* again, perhaps with
another MASTER; it may also be a world that is stuck, such as one whose script gave up before the address had moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from hasim.errors import HasimError
from hasim.scenario.distributions import LONGEST_NS
from hasim.scenario.model import Fault, Scenario
from hasim.sim.heartbeats import LossyLink
from hasim.sim.kernel import WORLD
from hasim.sim.randomness import Randomness
from hasim.sim.world import World
from hasim.trace import FaultEnded, ReachabilityChanged, Trace
from hasim.vrrp.events import State

__all__ = ["Incident", "RestlessError", "Strike", "endless"]


_MOST_LOOKS = 16
"""A world that is stuck is given so many looks ahead for lost adverts that set it free; then a fault is waited for."""


class RestlessError(HasimError):
    """A world did not come to rest: something goes on in it for ever."""


class Strike(NamedTuple):
    """A fault takes hold of one of its targets, for so long (None: as the scenario says)."""

    at_ns: int
    fault: Fault
    target: str
    lasts_ns: int | None = None


def endless(scenario: Scenario, master: str | None) -> Scenario:
    """The scenario without an end, with ``master`` as MASTER at the beginning (None: whom the scenario says)."""
    beginning = scenario.initial_master if master is None else master
    return replace(scenario, horizon_ns=LONGEST_NS, initial_master=beginning)


class Incident:
    """One world, from the steady state on. The same arguments and the same strikes give the same history."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        randomness: Randomness,
        strikes: Sequence[Strike],
        lost: tuple[str, str, range] | None = None,
    ) -> None:
        """``scenario`` comes from :func:`endless`; ``strikes`` are all that will happen to it, and a row of adverts
        that get lost: sender, receiver, numbers."""
        self._world = World(scenario, randomness=randomness, quiet=True, detail=None, faults_strike=False)
        self._steady = {name: self._condition(name) for name in self._world.daemons}
        self._beginning = len(self._world.records)
        if lost is not None:
            self._world.fabric.lose(*lost)
        for strike in strikes:
            self.strike(strike)

    def strike(self, strike: Strike) -> None:
        """Have one more fault strike, not before now: the same as if it had been planned from the beginning."""
        faults, (at_ns, fault, target, lasts_ns) = self._world.faults, strike
        self._world.kernel.at(at_ns, WORLD, lambda _event: faults.strike(fault, target, lasts_ns))

    def come_to_rest(self, most_events: int = 1_000_000) -> int:
        """Go on until nothing is under way: since when (ns).

        Raises:
            RestlessError: it does not come to rest.
        """
        kernel, heartbeats = self._world.kernel, self._world.heartbeats
        looks = 0
        for _ in range(most_events):
            if kernel.next_event_ns() == LONGEST_NS:
                return kernel.now
            if kernel.pending == heartbeats.looks:
                looks += 1
                if looks > _MOST_LOOKS or self.steady_master() is not None:
                    return kernel.now
            kernel.step()
        raise RestlessError(f"after {most_events:,} events the world has not come to rest")

    def first_change_ns(self, until_ns: int) -> int | None:
        """When something happens in it for the first time; None: not by ``until_ns``."""
        world = self._world
        while world.kernel.next_event_ns() <= until_ns:
            world.kernel.step()
            if len(world.records) > self._beginning:
                return world.kernel.now
        return None

    def lossy_links(self) -> list[LossyLink]:
        """Where adverts may be lost while nothing happens."""
        return self._world.heartbeats.lossy_links()

    def steady_master(self) -> str | None:
        """Of a world at rest: who is MASTER, if it is in the steady state, and nobody if it is stuck."""
        world = self._world
        masters = [daemon.name for daemon in world.daemons.values() if daemon.is_master]
        if len(masters) != 1:
            return None
        (master,) = masters
        control_plane = world.control_plane
        if not control_plane.holder == control_plane.routed == control_plane.attached == master:
            return None
        served = next(record for record in reversed(world.records) if isinstance(record, ReachabilityChanged))
        is_as_before = all(self._condition(name) == before for name, before in self._steady.items())
        return master if served.server == master and is_as_before else None

    def outages_ns(self) -> list[tuple[int, int]]:
        """From when until when the service was missing, of a world at rest. What lasted no time at all does not count:
        neither an outage nor, between two of them, service."""
        changes = [record for record in self._world.records if isinstance(record, ReachabilityChanged)]
        ends_ns = [*(record.at for record in changes[1:]), self._world.kernel.now]
        found: list[tuple[int, int]] = []
        for (begin_ns, server, _missing), end_ns in zip(changes, ends_ns, strict=True):
            if server is not None or begin_ns == end_ns:
                continue
            if found and found[-1][1] == begin_ns:
                begin_ns, _ = found.pop()
            found.append((begin_ns, end_ns))
        return found

    def ends_ns(self) -> dict[tuple[str, str], int]:
        """When each fault and target that was struck was repaired last."""
        return {(r.fault, r.target): r.at for r in self._world.records if isinstance(r, FaultEnded)}

    def trace(self, end_ns: int) -> Trace:
        """What became true until then."""
        world = self._world
        return Trace(
            scenario=world.scenario.name,
            digest=world.scenario.digest,
            seed=world.randomness.seed,
            replication=world.randomness.replication,
            horizon_ns=end_ns,
            records=tuple(world.records),
        )

    def _condition(self, name: str) -> tuple[object, ...]:
        """What of an instance is the same whenever the world is in the steady state, whoever is MASTER."""
        world = self._world
        daemon, host = world.daemons[name], world.hosts[name]
        waits = daemon.instance.service.on_master_only and not daemon.is_master
        routers = ((r.machine.state in (State.MASTER, State.BACKUP), r.machine.priority) for r in daemon.routers)
        checks = (check.counter.up for check in daemon.checks)
        return host.running, host.service_answers or waits, daemon.running, *routers, *checks
