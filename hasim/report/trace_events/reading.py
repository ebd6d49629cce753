"""From the records of a run to slices, and arrows from cause to effect.

Which cause a record has is read from what it names: a script belongs to the state of its instance, a call to its
script, a task to its call. A new MASTER follows the end of the last one, or else the fault that is in force, or else
the start of its own keepalived. A fault points at everything that changes on its target at the same instant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hasim.measure.model import PHASES, RunOutcome
from hasim.report.trace_events.slices import CLIENTS, CLOUD, FAULTS, Board, Slice, instance_group
from hasim.report.wording import fault_title
from hasim.scenario.model import Scenario
from hasim.trace import (
    AcceptChanged,
    AddressClaimed,
    AddressHeld,
    AddressRouted,
    ApiAnswered,
    ApiCalled,
    CheckChanged,
    DaemonChanged,
    FaultBegan,
    FaultEnded,
    GuestAddressChanged,
    LinkChanged,
    MemberStateChanged,
    NetworkChanged,
    NotifyEnded,
    NotifyStarted,
    PowerChanged,
    ReachabilityChanged,
    ServiceChanged,
    StateChanged,
    TaskEnded,
    Trace,
    TrackedFileRead,
    TrackedProcessChanged,
)

__all__ = ["read"]

_STATE = "VRRP state"
_HELD = "address held by"
_OF_THE_GROUP = "sync_group"
"""The reason of a state that follows another member's."""


def _member_track(name: str) -> str:
    return f"VRRP {name}"


def read(scenario: Scenario, trace: Trace, outcome: RunOutcome) -> Board:
    """The slices and arrows of ``trace`` and of its measured outages."""
    reader = _Reader(Board(trace.horizon_ns), scenario)
    for record in trace.records:
        reader.read(record)
    for number, outage in enumerate(outcome.outages, 1):
        begin_ns = outage.start_ns
        for phase, duration_ns in zip(PHASES, outage.phases_ns, strict=True):
            if duration_ns:
                made = reader.board.begin(
                    begin_ns, CLIENTS, "phases of outages", phase, outage=number, cause=outage.cause
                )
                begin_ns = made.end_ns = begin_ns + duration_ns
    return reader.board


class _Reader:
    """What is going on, as far as later records refer to it."""

    def __init__(self, board: Board, scenario: Scenario) -> None:
        self.board = board
        self._zones = {instance.name: instance.zone for instance in scenario.instances}
        self._members = {i.name: tuple(member.name for member in i.sync_group) for i in scenario.instances}
        self._keepalived_configures = scenario.floating.mechanism.is_configured_by_keepalived
        self._faults: dict[tuple[str, str], Slice] = {}
        self._ended_master: Slice | None = None
        self._newest_master: Slice | None = None
        self._runs: dict[int, Slice] = {}
        self._calls: dict[int, Slice] = {}
        self._tasks: dict[int, Slice] = {}
        self._mover: Slice | None = None
        self._newest: Slice | None = None
        self._readers: dict[type, Callable[[Any], None]] = {
            FaultBegan: self._fault_began,
            FaultEnded: self._fault_ended,
            PowerChanged: lambda r: self._on_instance(r.at, r.instance, "power", r.state),
            DaemonChanged: self._daemon,
            LinkChanged: lambda r: self._on_instance(
                r.at, r.instance, f"link {r.interface}", "up" if r.up else "no carrier"
            ),
            ServiceChanged: lambda r: self._on_instance(
                r.at, r.instance, "service", "answers" if r.healthy else "does not answer"
            ),
            CheckChanged: lambda r: self._on_instance(
                r.at, r.instance, f"check {r.script}", "healthy" if r.healthy else "failing"
            ),
            TrackedProcessChanged: lambda r: self._on_instance(
                r.at, r.instance, f"process {r.process}", "enough run" if r.quorum else "too few run"
            ),
            TrackedFileRead: lambda r: self._on_instance(r.at, r.instance, f"file {r.file}", str(r.value)),
            NetworkChanged: lambda r: self._on_instance(
                r.at, r.instance, "network", "packets pass" if r.ready else "no packets pass"
            ),
            GuestAddressChanged: self._guest_address,
            AcceptChanged: lambda r: self._on_instance(
                r.at, r.instance, "packets to the address", "accepted" if r.accepts else "dropped"
            ),
            StateChanged: self._state,
            MemberStateChanged: self._member_state,
            NotifyStarted: self._notify_started,
            NotifyEnded: self._notify_ended,
            ApiCalled: self._api_called,
            ApiAnswered: self._api_answered,
            TaskEnded: self._task_ended,
            AddressClaimed: self._claimed,
            AddressHeld: self._held,
            AddressRouted: self._routed,
            ReachabilityChanged: self._reachability,
        }

    def read(self, record: Any) -> None:
        reader = self._readers.get(type(record))
        if reader is not None:
            reader(record)

    def _fault_began(self, record: FaultBegan) -> None:
        track = f"{record.fault} ({record.target})" if record.target else record.fault
        title = fault_title(record.kind, record.target)
        made = self.board.begin(record.at, FAULTS, track, title, kind=record.kind, target=record.target)
        self._faults[(record.fault, record.target)] = made

    def _fault_ended(self, record: FaultEnded) -> None:
        began = self._faults.pop((record.fault, record.target), None)
        if began is not None:
            began.end_ns = record.at

    def _fault_on(self, instance: str, at_ns: int) -> Slice | None:
        """The fault that hit an instance, or its zone, at this instant."""
        names = {instance, self._zones.get(instance, instance)}
        for fault in self._faults.values():
            if fault.start_ns == at_ns and names & set(str(fault.details["target"]).split("|")):
                return fault
        return None

    def _on_instance(self, at_ns: int, instance: str, track: str, value: str) -> None:
        made = self.board.change(at_ns, instance_group(instance), track, value)
        self.board.point(self._fault_on(instance, at_ns), made, at_ns)
        self._newest = made

    def _daemon(self, record: DaemonChanged) -> None:
        value = "running" if record.running else f"not running ({record.reason})"
        self._on_instance(record.at, record.instance, "keepalived", value)
        if not record.running:
            self._set_members(record.at, record.instance, "INIT", "died")

    def _set_members(self, at_ns: int, instance: str, state: str, reason: str) -> None:
        """The further members of a sync group are all in a state of which they have no record of their own."""
        for member in self._members[instance]:
            before = self.board.current(instance_group(instance), _member_track(member))
            if before is None or before.name != state:
                self.board.change(at_ns, instance_group(instance), _member_track(member), state, reason=reason)

    def _member_state(self, record: MemberStateChanged) -> None:
        group = instance_group(record.instance)
        made = self.board.change(record.at, group, _member_track(record.member), record.new, reason=record.reason)
        if record.reason == _OF_THE_GROUP:
            self.board.point(self.board.current(group, _STATE), made, record.at)
        else:
            self.board.point(self._fault_on(record.instance, record.at), made, record.at)

    def _guest_address(self, record: GuestAddressChanged) -> None:
        group = instance_group(record.instance)
        made = self.board.change(record.at, group, "floating address", "configured" if record.present else None)
        cause = (group, _STATE) if self._keepalived_configures else (CLOUD, _HELD)
        self.board.point(self.board.current(*cause), made, record.at)
        self._newest = made

    def _state(self, record: StateChanged) -> None:
        group = instance_group(record.instance)
        before = self.board.current(group, _STATE)
        made = self.board.change(record.at, group, _STATE, record.new, reason=record.reason)
        if record.at == 0:
            self._set_members(0, record.instance, record.new, record.reason)
        if record.reason == _OF_THE_GROUP:
            for member in self._members[record.instance]:
                self._point_if_new(self.board.current(group, _member_track(member)), made)
        if record.old == "MASTER":
            self._ended_master = before
            cause = self._fault_on(record.instance, record.at)
            if cause is None and record.reason == "higher_priority_advert":
                cause = self._newest_master
            self.board.point(cause, made, record.at)
        if record.new == "MASTER":
            if record.old != "INIT":
                self.board.point(self._cause_of_master(group), made, record.at)
            self._newest_master, self._ended_master = made, None

    def _point_if_new(self, source: Slice | None, target: Slice | None) -> None:
        """An arrow from what began at the same instant."""
        if source is not None and target is not None and source.start_ns == target.start_ns:
            self.board.point(source, target, target.start_ns)

    def _cause_of_master(self, group: str) -> Slice | None:
        if self._ended_master is not None:
            return self._ended_master
        in_force = list(self._faults.values())
        return in_force[-1] if in_force else self.board.current(group, "keepalived")

    def _notify_started(self, record: NotifyStarted) -> None:
        group = instance_group(record.instance)
        made = self.board.begin(record.at, group, "notify scripts", record.event, run=record.run)
        self._runs[record.run] = made
        self.board.point(self.board.current(group, _STATE), made, record.at)

    def _notify_ended(self, record: NotifyEnded) -> None:
        run = self._runs.get(record.run)
        if run is not None:
            run.end_ns = record.at
            run.details = {**run.details, "outcome": record.outcome}

    def _api_called(self, record: ApiCalled) -> None:
        made = self.board.begin(
            record.at, instance_group(record.instance), "API calls", record.action, call=record.call
        )
        self._calls[record.call] = made
        self.board.point(self._runs.get(record.run), made, record.at)

    def _api_answered(self, record: ApiAnswered) -> None:
        call = self._calls.get(record.call)
        if call is None:
            return
        call.end_ns = record.at
        call.details = {**call.details, "code": record.code}
        if record.code != "OK":
            call.name = f"{record.action}: {record.code}"

    def _task_ended(self, record: TaskEnded) -> None:
        call = self._calls.get(record.call)
        began_ns = record.at if call is None else min(call.end_ns, record.at)
        name = record.action if record.result == "SUCCESS" else f"{record.action}: {record.result}"
        made = self.board.begin(began_ns, CLOUD, "tasks", name, call=record.call, result=record.result)
        made.end_ns = record.at
        self.board.point(call, made, began_ns)
        self._mover = made

    def _claimed(self, record: AddressClaimed) -> None:
        group = instance_group(record.instance)
        self._mover = self.board.current(group, _STATE)

    def _held(self, record: AddressHeld) -> None:
        made = self.board.change(record.at, CLOUD, _HELD, record.holder or "nobody")
        self.board.point(self._mover, made, record.at)
        self._mover = made

    def _routed(self, record: AddressRouted) -> None:
        made = self.board.change(record.at, CLOUD, "address routed to", record.holder or "nowhere")
        self.board.point(self.board.current(CLOUD, _HELD), made, record.at)
        self._newest = made

    def _reachability(self, record: ReachabilityChanged) -> None:
        value = f"served by {record.server}" if record.server else f"no service ({record.missing})"
        made = self.board.change(record.at, CLIENTS, "service", value)
        if self._newest is not None and record.at == self._newest.start_ns:
            self.board.point(self._newest, made, record.at)
