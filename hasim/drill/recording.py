"""A drill's records as the trace of a run, so that what measures a simulation measures a drill.

Everything that was seen is laid on one clock and put in order; what was true when the run began becomes its first
records, as in a simulated trace. What the service looks like to clients is what the probe saw, and not what the rest
would make of it; only which condition was missing is taken from the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeGuard

from hasim.drill.cloud import Decisions
from hasim.drill.probes import Change, ProbeLog
from hasim.drill.script_log import Scripts
from hasim.scenario.advertised import drops_clients
from hasim.scenario.model import Scenario
from hasim.trace import (
    AcceptChanged,
    AddressClaimed,
    AddressHeld,
    AddressRouted,
    DaemonChanged,
    FaultBegan,
    FaultEnded,
    GuestAddressChanged,
    LinkChanged,
    PowerChanged,
    ReachabilityChanged,
    Record,
    ServiceChanged,
    StateChanged,
    TaskEnded,
    Trace,
)
from hasim.units import MILLISECOND

__all__ = ["Sources", "trace_of"]

_LOOK_AHEAD_NS = 100 * MILLISECOND
"""So late an answer may be on its way when something swallows it."""

_FIRST = (FaultBegan, FaultEnded)


@dataclass(slots=True)
class Sources:
    """All that was recorded of one run: CLOCK_MONOTONIC throughout. ``guests`` are the records of each instance,
    ``faults`` those of faults and links; ``beginnings`` from when until when each fault took hold;
    ``task_ends`` a record per task of a notify script."""

    guests: Mapping[str, list[Record]]
    faults: list[Record]
    decisions: Decisions
    task_ends: list[TaskEnded]
    scripts: Scripts
    probes: ProbeLog
    initial_holder: str
    beginnings: Sequence[tuple[int, int]] = ()
    public: bool = False
    names: tuple[str, ...] = field(default=())


def trace_of(scenario: Scenario, number: int, sources: Sources, begin_ns: int, end_ns: int) -> Trace:
    """The trace of what happened from ``begin_ns`` until ``end_ns``.

    ``scenario`` is what was drilled and ``number`` the repetition; the trace's seed is 0, since nothing was drawn from
    one.
    """
    seen = sorted(_all_records(scenario, sources), key=lambda record: (record.at, not isinstance(record, _FIRST)))
    state = _State(sources)
    index = 0
    while index < len(seen) and seen[index].at < begin_ns:
        state.take_in(seen[index])
        index += 1
    records = state.initial()
    later = [record for record in seen[index:] if record.at < end_ns]
    records += [_moved(record, begin_ns) for record in _with_reachability(later, state, sources, begin_ns, end_ns)]
    return Trace(
        scenario=scenario.name,
        digest=scenario.digest,
        seed=0,
        replication=number,
        horizon_ns=end_ns - begin_ns,
        records=tuple(records),
    )


def _moved(record: Record, begin_ns: int) -> Record:
    return record._replace(at=record.at - begin_ns)


def _all_records(scenario: Scenario, sources: Sources) -> Iterable[Record]:
    dropping = {i.name for i in scenario.instances if drops_clients(scenario, i.vrrp, i.vrrp.priority)}
    for records in sources.guests.values():
        yield from (_dropped(record) if _is_address_of(record, dropping) else record for record in records)
    yield from sources.faults
    yield from sources.scripts.records
    yield from sources.task_ends
    yield from (AddressHeld(at_ns, holder) for at_ns, holder in sources.decisions.held)
    yield from (AddressRouted(at_ns, holder) for at_ns, holder in sources.decisions.routed)
    yield from (AddressClaimed(at_ns, instance) for at_ns, instance in sources.decisions.claimed)


def _is_address_of(record: Record, names: Collection[str]) -> TypeGuard[GuestAddressChanged]:
    return isinstance(record, GuestAddressChanged) and record.instance in names


def _dropped(record: GuestAddressChanged) -> AcceptChanged:
    """The address of a guest that drops what is sent to it: keepalived adds and removes the rules together with it."""
    return AcceptChanged(record.at, record.instance, not record.present)


class _State:
    """What is true at an instant."""

    def __init__(self, sources: Sources) -> None:
        self._names = sources.names
        self._public = sources.public
        self._power = dict.fromkeys(sources.names, "running")
        self._vrrp = dict.fromkeys(sources.names, "INIT")
        self._service = dict.fromkeys(sources.names, False)
        self._guest = dict.fromkeys(sources.names, sources.public)
        self._dropping: set[str] = set()
        self._links_down: set[tuple[str, str]] = set()
        self._held: str | None = sources.initial_holder
        self._routed: str | None = sources.initial_holder

    def take_in(self, record: Record) -> None:
        """Something has become true."""
        match record:
            case PowerChanged(_, instance, power):
                self._power[instance] = power
            case StateChanged(_, instance, _, new, _):
                self._vrrp[instance] = new
            case ServiceChanged(_, instance, healthy):
                self._service[instance] = healthy
            case GuestAddressChanged(_, instance, present):
                self._guest[instance] = present
            case AcceptChanged(_, instance, accepts):
                (self._dropping.discard if accepts else self._dropping.add)(instance)
            case LinkChanged(_, instance, interface, up):
                (self._links_down.discard if up else self._links_down.add)((instance, interface))
            case AddressHeld(_, holder):
                self._held = holder
            case AddressRouted(_, holder):
                self._routed = holder

    def initial(self) -> list[Record]:
        """The records that say what is true at the beginning of a run."""
        records: list[Record] = []
        for name in self._names:
            records.append(PowerChanged(0, name, self._power[name]))
            records.append(ServiceChanged(0, name, self._service[name]))
            if self._guest[name]:
                records.append(GuestAddressChanged(0, name, True))
            if name in self._dropping:
                records.append(AcceptChanged(0, name, False))
        for name in self._names:
            if self._vrrp[name] != "INIT":
                records.append(DaemonChanged(0, name, True, "started"))
                records.append(StateChanged(0, name, "INIT", self._vrrp[name], "steady_state"))
        return [*records, AddressHeld(0, self._held), AddressRouted(0, self._routed)]

    def missing(self) -> str:
        """The first condition that clients miss; empty where none is known to fail."""
        name = self._routed
        if name is None:
            return "route"
        if self._power[name] != "running":
            return "instance"
        if any(instance == name for instance, _ in self._links_down):
            return "link"
        if not self._guest[name]:
            return "accept" if name in self._dropping else "guest"
        return "" if self._service[name] else "service"


def _with_reachability(
    records: list[Record], state: _State, sources: Sources, begin_ns: int, end_ns: int
) -> list[Record]:
    """The records with what the probe saw among them, at its place."""
    merged: list[Record] = []
    index = 0

    def take_in_until(at_ns: int) -> None:
        nonlocal index
        while index < len(records) and records[index].at <= at_ns:
            state.take_in(records[index])
            merged.append(records[index])
            index += 1

    for number, change in enumerate(sources.probes.changes(begin_ns, end_ns)):
        at_ns, missing = change.sent_ns, ""
        if number == 0:
            at_ns = begin_ns
        elif change.server is None:
            take_in_until(change.before_ns)
            at_ns, missing = _cause(state, records[index:], change, sources.beginnings)
        take_in_until(at_ns)
        merged.append(ReachabilityChanged(at_ns, change.server, missing))
    return merged + records[index:]


def _cause(
    before: _State, coming: list[Record], change: Change, beginnings: Sequence[tuple[int, int]]
) -> tuple[int, str]:
    """When the service was lost, and which condition was missing first.

    The client knows only that it was after one question and before the answer to the next, which may be late on a busy
    machine. If something happened in between that explains it, it was then: a fault, a MASTER that resigned, or the
    loss of a condition. A fault that was taking hold when the last answered question was sent did so right after it.
    Nothing that is known may be missing: then a link is up and leads nowhere.
    """
    state = deepcopy(before)
    is_happening = any(from_ns <= change.before_ns <= until_ns for from_ns, until_ns in beginnings)
    first_ns = change.before_ns if is_happening else None
    for record in coming:
        if record.at > change.sent_ns and (state.missing() or record.at > change.sent_ns + _LOOK_AHEAD_NS):
            break
        state.take_in(record)
        explains = isinstance(record, FaultBegan) or _resigns(record) or bool(state.missing())
        if explains and first_ns is None:
            first_ns = record.at
    return change.sent_ns if first_ns is None else first_ns, state.missing() or "link"


def _resigns(record: Record) -> bool:
    return isinstance(record, StateChanged) and record.old == "MASTER"
