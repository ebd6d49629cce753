"""What holds in every trace: the phases of every outage add up, and reachability is what its parts make it.

The second is computed here once more, from the records of the parts alone: where the cloud routes the address, who has
power and is not frozen, whose link is up, whom a fault cuts off from the clients, whose guest has the address, and
whose service answers.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from typing import TypeVar

from hasim.measure import measure
from hasim.scenario.model import CLIENTS, Fault, FaultKind, Instance, Scenario
from hasim.trace import (
    AddressRouted,
    FaultBegan,
    FaultEnded,
    GuestAddressChanged,
    LinkChanged,
    NetworkChanged,
    PowerChanged,
    ReachabilityChanged,
    Record,
    ServiceChanged,
    Trace,
)

__all__ = ["check_outages"]

Member = TypeVar("Member")
CUTS = (FaultKind.PARTITION, FaultKind.ONE_WAY_PARTITION)


class _Parts:
    """What the records of the parts say about an instant."""

    def __init__(self, scenario: Scenario) -> None:
        self.instances = {instance.name: instance for instance in scenario.instances}
        self.floating_subnet = scenario.floating.subnet
        self.faults = {fault.name: fault for fault in scenario.faults}
        self.routed: str | None = None
        self.running: set[str] = set()
        self.serving: set[str] = set()
        self.configured: set[str] = set()
        self.links_down: set[tuple[str, str]] = set()
        self.unready: set[str] = set()
        self.cuts: Counter[str] = Counter()

    def note(self, record: Record) -> None:
        """One more record."""
        match record:
            case AddressRouted(_, holder):
                self.routed = holder
            case PowerChanged(_, instance, state):
                _keep(self.running, instance, state == "running")
            case ServiceChanged(_, instance, healthy):
                _keep(self.serving, instance, healthy)
            case GuestAddressChanged(_, instance, present):
                _keep(self.configured, instance, present)
            case LinkChanged(_, instance, interface, up):
                _keep(self.links_down, (instance, interface), not up)
            case NetworkChanged(_, instance, ready):
                _keep(self.unready, instance, not ready)
            case FaultBegan(_, fault, kind, _) if kind in CUTS:
                self.cuts[fault] += 1
            case FaultEnded(_, fault, kind, _) if kind in CUTS:
                self.cuts[fault] -= 1

    def answer(self) -> tuple[str | None, str]:
        """Who answers clients, and what is the first thing that is missing if nobody does."""
        name = self.routed
        if name is None:
            return None, "route"
        conditions = {
            "instance": name in self.running,
            "link": self._is_connected(self.instances[name]),
            "guest": name in self.configured,
            "service": name in self.serving,
        }
        missing = next((what for what, holds in conditions.items() if not holds), "")
        return (None, missing) if missing else (name, "")

    def _is_connected(self, instance: Instance) -> bool:
        in_subnet = [i for i in instance.interfaces if i.subnet == self.floating_subnet]
        interface = (in_subnet or instance.interfaces)[0]
        if (instance.name, interface.name) in self.links_down or instance.name in self.unready:
            return False
        in_force = [self.faults[name] for name, count in self.cuts.items() if count]
        return not any(_cuts_off(fault, instance, interface.subnet) for fault in in_force)


def _keep(members: set[Member], member: Member, belongs: bool) -> None:
    if belongs:
        members.add(member)
    else:
        members.discard(member)


def _cuts_off(fault: Fault, instance: Instance, subnet: str) -> bool:
    """Whether the fault lies between the instance and the clients, in either direction."""
    if fault.subnet not in (None, subnet):
        return False
    names = {instance.name, instance.zone}
    return any(
        CLIENTS in one and names.intersection(other)
        for one, other in ((fault.between, fault.and_), (fault.and_, fault.between))
    )


def _check_reachability(scenario: Scenario, trace: Trace) -> int:
    """Hold the trace's reachability against its parts at every instant; returns the time without service (ns)."""
    parts = _Parts(scenario)
    server: str | None = None
    downtime_ns, down_since_ns = 0, None
    for at, records in groupby(trace.records, key=lambda record: record.at):
        for record in records:
            parts.note(record)
            if isinstance(record, ReachabilityChanged):
                server = record.server
                assert (record.server, record.missing) == parts.answer()
        assert server == parts.answer()[0], f"at {at} ns"
        if server is None and down_since_ns is None:
            down_since_ns = at
        elif server is not None and down_since_ns is not None:
            downtime_ns, down_since_ns = downtime_ns + at - down_since_ns, None
    return downtime_ns + (trace.horizon_ns - down_since_ns if down_since_ns is not None else 0)


def check_outages(scenario: Scenario, trace: Trace) -> None:
    """Hold what is measured in the trace against the trace itself."""
    outcome = measure(trace)
    for outage in outcome.outages:
        assert 0 <= outage.start_ns < outage.end_ns <= trace.horizon_ns
        assert min(outage.phases_ns) >= 0
        assert sum(outage.phases_ns) == outage.end_ns - outage.start_ns
    assert all(one.end_ns < other.start_ns for one, other in pairwise(outcome.outages))
    assert _check_reachability(scenario, trace) == outcome.downtime_ns
