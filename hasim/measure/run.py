"""One pass over the records of a run: :func:`measure`, or a :class:`Meter` while they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hasim.measure.causes import SETTLING_NS, FaultHistory, Suspicion, explain
from hasim.measure.history import CloudHistory, ProtocolHistory
from hasim.measure.model import FAILOVER, FIRST_SERVICE, RECOVERED_IN_PLACE, UNRESOLVED, Outage, RunOutcome
from hasim.measure.overlaps import Overlaps
from hasim.measure.phases import OutageStart, phases_of
from hasim.trace import (
    AddressClaimed,
    AddressHeld,
    AddressRouted,
    ApiAnswered,
    ApiCalled,
    CheckChanged,
    FaultBegan,
    FaultEnded,
    GuestAddressChanged,
    NotifyStarted,
    PowerChanged,
    PriorityChanged,
    ReachabilityChanged,
    Record,
    StateChanged,
    TaskEnded,
    Trace,
)

__all__ = ["Meter", "measure"]


def measure(trace: Trace) -> RunOutcome:
    """The outages of a run with their phases and causes, and what the run adds up to.

    An outage of no duration (lost and back at the same instant) is none, and service of no duration does not end one.
    One that the run ends in lasts until the horizon and is ``unresolved``.
    """
    meter = Meter()
    take = meter.take
    for record in trace.records:
        take(record)
    return meter.outcome(trace.replication, trace.horizon_ns)


class Meter:
    """Takes every record of a run, in order, passes it on to whoever keeps the history it belongs to, and notes the
    outages. What no open or future outage can ask for any more is forgotten, so that a long run takes no more memory
    than its outages."""

    def __init__(self) -> None:
        self._protocol = ProtocolHistory()
        self._cloud = CloudHistory()
        self._faults = FaultHistory()
        self._overlaps = Overlaps()
        self._guests_since_ns: dict[str, int] = {}
        self._failing: dict[str, set[str]] = {}
        self._notify_runs = 0
        self._server: str | None = None
        self._down: tuple[OutageStart, Suspicion] | None = None
        self._last_down: tuple[OutageStart, Suspicion] | None = None
        self._restored_ns = -1
        self._outages: list[Outage] = []
        # What to call with a record of which type; other types say nothing that is measured.
        self._handlers: dict[type, Callable[[Any], None]] = {
            StateChanged: self._on_state,
            PowerChanged: self._on_power,
            PriorityChanged: self._protocol.on_priority,
            CheckChanged: self._on_check,
            NotifyStarted: self._on_notify,
            ApiCalled: self._cloud.on_called,
            ApiAnswered: self._cloud.on_answered,
            TaskEnded: self._cloud.on_task_ended,
            AddressClaimed: self._cloud.on_claimed,
            AddressHeld: self._cloud.on_held,
            AddressRouted: self._on_routed,
            GuestAddressChanged: self._on_guest,
            ReachabilityChanged: self._on_reachability,
            FaultBegan: self._faults.on_began,
            FaultEnded: self._faults.on_ended,
        }

    def take(self, record: Record) -> None:
        """Take in what became true next."""
        handler = self._handlers.get(type(record))
        if handler is not None:
            handler(record)

    def outcome(self, replication: int, horizon_ns: int) -> RunOutcome:
        """Close what is open at the horizon and add up; nothing more can be taken in then."""
        if self._down is not None:
            self._close(*self._down, horizon_ns, None, self._protocol.latest_live_master())
        self._update_overlaps(horizon_ns)
        return RunOutcome(
            replication=replication,
            horizon_ns=horizon_ns,
            downtime_ns=sum(outage.end_ns - outage.start_ns for outage in self._outages),
            outages=tuple(self._outages),
            dual_master_ns=self._overlaps.dual_master_ns,
            wrong_instance_ns=self._overlaps.wrong_instance_ns,
            black_hole_ns=self._overlaps.black_hole_ns,
            transitions=self._protocol.transitions,
            notify_runs=self._notify_runs,
            api_calls=self._cloud.api_calls(),
        )

    def _on_state(self, record: StateChanged) -> None:
        if record.new == "INIT":
            self._failing.pop(record.instance, None)
        if self._protocol.on_state(record):
            self._update_overlaps(record.at)

    def _on_power(self, record: PowerChanged) -> None:
        if self._protocol.on_power(record):
            self._update_overlaps(record.at)

    def _on_check(self, record: CheckChanged) -> None:
        failing = self._failing.setdefault(record.instance, set())
        if record.healthy:
            failing.discard(record.script)
        else:
            failing.add(record.script)

    def _on_notify(self, _record: NotifyStarted) -> None:
        self._notify_runs += 1

    def _on_routed(self, record: AddressRouted) -> None:
        self._cloud.on_routed(record)
        self._update_overlaps(record.at)

    def _on_guest(self, record: GuestAddressChanged) -> None:
        if not record.present:
            self._guests_since_ns.pop(record.instance, None)
        else:
            self._guests_since_ns.setdefault(record.instance, record.at)

    def _on_reachability(self, record: ReachabilityChanged) -> None:
        at, server, missing = record
        if server is None:
            if self._down is None:
                self._down = self._reopened(at) or self._begun(at, missing)
        elif self._down is not None:
            self._close(*self._down, at, server, server)
            self._down, self._last_down, self._restored_ns = None, self._down, at
        self._server = server
        self._update_overlaps(at)

    def _reopened(self, at: int) -> tuple[OutageStart, Suspicion] | None:
        """The beginning of the outage that was thought to be over, if that was at this very instant."""
        if self._restored_ns < at:
            return None
        if self._outages and self._outages[-1].end_ns == at:
            del self._outages[-1]
        return self._last_down

    def _begun(self, at: int, missing: str) -> tuple[OutageStart, Suspicion]:
        self._protocol.forget_before(at)
        self._cloud.forget_before(at)
        return self._start(at, missing), self._suspicion(at, missing)

    def _update_overlaps(self, at: int) -> None:
        self._overlaps.update(at, self._protocol.live_masters, self._cloud.routed, self._server)

    def _start(self, at: int, missing: str) -> OutageStart:
        server, protocol = self._server, self._protocol
        masters = frozenset(protocol.live_masters)
        return OutageStart(
            at_ns=at,
            server=server,
            missing=missing,
            live_masters=masters,
            routed=self._cloud.routed,
            has_reacted=bool(masters - {server}) or protocol.has_resigned(server) or server in protocol.lowered,
        )

    def _suspicion(self, at: int, missing: str) -> Suspicion:
        server, protocol = self._server, self._protocol
        check_fails = server is not None and bool(self._failing.get(server))
        return Suspicion(
            at_ns=at,
            server=server,
            missing=missing,
            is_well=server in protocol.settled and not check_fails and missing in ("route", "guest"),
            check_fails=check_fails,
            lost_power_ns=None if server is None else protocol.power_changed_ns.get(server),
            returned_ns=protocol.returned_ns.copy(),
            last_transition_ns=protocol.last_transition_ns,
            in_force=self._faults.in_force(),
            recent=self._faults.ended_since(at - SETTLING_NS),
        )

    def _close(self, start: OutageStart, case: Suspicion, at: int, server: str | None, winner: str | None) -> None:
        """Note an outage that ends at ``at``: ``server`` is who serves, ``winner`` whose steps the phases follow."""
        if at == start.at_ns:
            return
        cause, fault = explain(case, self._protocol.masters_at(start.at_ns))
        self._outages.append(
            Outage(
                start_ns=start.at_ns,
                end_ns=at,
                missing=start.missing,
                cause=cause,
                fault=fault,
                began_on=start.server,
                ended_on=server,
                phases_ns=phases_of(start, at, winner, self._protocol, self._cloud, self._guests_since_ns),
                resolution=_resolution(start.server, server),
            )
        )


def _resolution(before: str | None, after: str | None) -> str:
    if after is None:
        return UNRESOLVED
    if before is None:
        return FIRST_SERVICE
    return RECOVERED_IN_PLACE if after == before else FAILOVER
