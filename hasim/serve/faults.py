"""A scenario's faults on the endpoint's clock, as far as they concern the control plane.

API faults befall the API; a crash or a zone outage leaves instances dead without the API's knowing, a stop shows them
STOPPED. Each begins and ends when it would in the simulation with the same seed and replication, counted from the start
of the server. What happens inside guests and between them has nobody here to happen to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from hasim.cloud.http import LiveRegion
from hasim.cloud.http.trouble import LiveTrouble
from hasim.scenario.model import Fault, FaultKind, Instance, Scenario
from hasim.scenario.troubles import API_FAULTS, trouble_of
from hasim.sim.faults import fault_targets
from hasim.sim.randomness import Randomness

__all__ = ["Occurrence", "ScenarioFaults", "is_played", "occurrences"]

_POWER_FAULTS = (FaultKind.CRASH, FaultKind.STOP, FaultKind.ZONE_OUTAGE)


class Occurrence(NamedTuple):
    """A fault hits its target at ``begin_ns`` and is put right at ``end_ns`` (None: never)."""

    begin_ns: int
    end_ns: int | None


def is_played(fault: Fault) -> bool:
    """Whether a fault concerns the control plane."""
    return fault.kind in API_FAULTS or fault.kind in _POWER_FAULTS


def occurrences(fault: Fault, target: str, randomness: Randomness) -> Iterator[Occurrence]:
    """Everything that a fault does to one of its targets, in order; for ever where it happens again and again."""
    durations = randomness.stream("fault", fault.name, target, "duration")

    def beginning(begin_ns: int) -> Occurrence:
        end_ns = None if fault.duration is None else begin_ns + fault.duration.quantile(durations.uniform())
        return Occurrence(begin_ns, end_ns)

    if fault.at_ns is not None:
        yield beginning(fault.at_ns)
        return
    assert fault.time_to_failure is not None, "a fault is scripted or random"
    waits = randomness.stream("fault", fault.name, target, "time_to_failure")
    repaired_ns: int | None = 0
    while repaired_ns is not None:
        occurrence = beginning(repaired_ns + fault.time_to_failure.quantile(waits.uniform()))
        yield occurrence
        repaired_ns = occurrence.end_ns


class ScenarioFaults:
    """The faults of a scenario, played on a live region."""

    def __init__(self, scenario: Scenario, live: LiveRegion, randomness: Randomness) -> None:
        self._scenario = scenario
        self._live = live
        self._randomness = randomness
        self._guests = {instance.name: _Guest(instance, live, randomness) for instance in scenario.instances}

    def begin(self) -> None:
        """From now on they happen; on the loop on which the region lives."""
        origin_ns = self._live.clock.now_ns()
        for fault in filter(is_played, self._scenario.faults):
            for target in fault_targets(fault):
                self._next(fault, target, origin_ns, occurrences(fault, target, self._randomness))

    def _next(self, fault: Fault, target: str, origin_ns: int, coming: Iterator[Occurrence]) -> None:
        occurrence = next(coming, None)
        if occurrence is None:
            return
        clock, end_ns = self._live.clock, occurrence.end_ns

        def strike() -> None:
            mend = self._strike(fault, target)
            if end_ns is not None:
                clock.at(origin_ns + end_ns, lambda: over(mend))

        def over(mend: Callable[[], object]) -> None:
            mend()
            self._next(fault, target, origin_ns, coming)

        clock.at(origin_ns + occurrence.begin_ns, strike)

    def _strike(self, fault: Fault, target: str) -> Callable[[], object]:
        """Let the fault take hold; what puts it right again."""
        if fault.kind in API_FAULTS:
            self._live.befall(LiveTrouble(trouble_of(fault)))
            return lambda: self._live.end_trouble(fault.name)
        if fault.kind is FaultKind.ZONE_OUTAGE:
            hit = [guest for guest in self._guests.values() if guest.instance.zone == target]
        else:
            hit = [self._guests[target]]
        for guest in hit:
            guest.go_down(orderly=fault.kind is FaultKind.STOP)

        def mend() -> None:
            for guest in hit:
                guest.come_up()

        return mend


class _Guest:
    """An instance that faults take down. They nest: it boots when every one of them is over."""

    def __init__(self, instance: Instance, live: LiveRegion, randomness: Randomness) -> None:
        self.instance = instance
        self._live = live
        self._boot = randomness.stream("guest", instance.name, "boot")
        self._down = 0
        self._life = 0

    def go_down(self, *, orderly: bool) -> None:
        """It loses its power, or is shut down: then the cloud knows, when keepalived has had its grace."""
        self._down += 1
        if self._down > 1:
            return
        self._life += 1
        if orderly:
            self._later(self.instance.daemon.stop_grace_ns, lambda instance_id: self._power(instance_id, running=False))
        else:
            self._with_instance(self._live.crash)

    def come_up(self) -> None:
        """One fault that kept it down is over; after the last it boots, and until then it is as dead as before."""
        self._down -= 1
        if self._down:
            return
        self._life += 1
        self._with_instance(self._live.crash)
        self._with_instance(lambda instance_id: self._power(instance_id, running=True))
        self._later(self.instance.guest.boot.quantile(self._boot.uniform()), self._live.start)

    def _power(self, instance_id: str, *, running: bool) -> None:
        self._live.power(instance_id, running=running)

    def _later(self, delay_ns: int, act: Callable[[str], None]) -> None:
        clock, life = self._live.clock, self._life

        def due() -> None:
            if life == self._life:
                self._with_instance(act)

        clock.at(clock.now_ns() + delay_ns, due)

    def _with_instance(self, act: Callable[[str], None]) -> None:
        """Do it, unless a client has terminated the instance. Where it cannot be written down, the endpoint ends."""
        instance_id = self._live.instance_named(self.instance.name)
        if instance_id is not None:
            with suppress(OSError):
                act(instance_id)
