"""How long things took that are this machine's doing and no part of the model's prediction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from hasim.drill.script_log import Scripts
from hasim.trace import (
    ApiAnswered,
    ApiCalled,
    GuestAddressChanged,
    LinkChanged,
    NotifyStarted,
    PowerChanged,
    StateChanged,
)

if TYPE_CHECKING:
    from hasim.drill.guest import Guest
    from hasim.drill.injection import Injection
    from hasim.drill.room import Room

__all__ = ["TOTAL", "MachineTimes", "measured_times", "together"]


TOTAL = "total"
"""An outage as a whole, where a phase can be named."""

_WITH_CALLS = ("api", "move", TOTAL)
_WITH_ROUTING = ("propagate", TOTAL)
_WITH_CHECKS = ("detect", TOTAL)
"""A check script looks when its interpreter has started, and not when it was forked, as the simulated one does."""


@dataclass(frozen=True, slots=True)
class MachineTimes:
    """Measured durations (ns).

    ``daemon_start_up``: from the start of keepalived until it is BACKUP. ``script_start_up``: from MASTER (or a lower
    advert) until the script is ready to call the API (fork, interpreter, SDK). ``configure``: from MASTER until the
    guest has the address. ``check``: one run of a check script. ``call_overhead``: what a call took for the script and
    not for the API (HTTP, signature, two processes that take turns). ``api``: what calls took for the script, by
    action. ``tasks``: what tasks took, by action. ``routing``: what it took to carry out a change of the cloud's
    routes. ``injecting``: what it took to let a fault happen, or to end one, until the guest's kernel knew of it.
    ``calls_in_all``: the sum of ``call_overhead`` since the run began, without the healthy start before it.
    ``probe_gap``: the longest pause between two questions of the client. ``loop_lag``: how late the drill itself was at
    the worst, with all that it notes and carries out. ``lateness``: how late the machine let go on what slept with
    keepalived's priority, at the worst.
    """

    daemon_start_up: tuple[int, ...] = ()
    script_start_up: tuple[int, ...] = ()
    configure: tuple[int, ...] = ()
    check: tuple[int, ...] = ()
    call_overhead: tuple[int, ...] = ()
    api: dict[str, tuple[int, ...]] = field(default_factory=dict)
    tasks: dict[str, tuple[int, ...]] = field(default_factory=dict)
    routing: tuple[int, ...] = ()
    injecting: tuple[int, ...] = ()
    calls_in_all: int = 0
    probe_gap: int = 0
    loop_lag: int = 0
    lateness: int = 0

    def overhead_ns(self, phase: str) -> int:
        """What the measuring may have added to a phase, or to an outage as a whole, or taken from it, in one room.

        Lateness counts twice: for whoever speaks last, and for whoever then waits in vain.
        """
        calls_ns = self.calls_in_all if phase in _WITH_CALLS else 0
        routing_ns = sum(self.routing) if phase in _WITH_ROUTING else 0
        check_ns = max(self.check, default=0) if phase in _WITH_CHECKS else 0
        lag_ns = self.loop_lag if phase in (*_WITH_CALLS, *_WITH_ROUTING) else 0
        always_ns = self.probe_gap + 2 * self.lateness + max(self.injecting, default=0)
        return always_ns + lag_ns + calls_ns + routing_ns + check_ns


def measured_times(
    room: Room, scripts: Scripts, injection: Injection, lateness_ns: int, begin_ns: int, end_ns: int
) -> MachineTimes:
    """The times of one room."""
    api: dict[str, list[int]] = {}
    calls = {called.call: (called, answered) for called, answered in _undisturbed_calls(room, scripts)}
    for called, answered in calls.values():
        if not answered.code.startswith("Client"):
            api.setdefault(answered.action, []).append(answered.at - called.at)
    overheads = list(_overheads(room, scripts, calls))
    tasks: dict[str, list[int]] = {}
    for task in room.cloud.decisions.tasks:
        if task.ended_ns is not None:
            tasks.setdefault(task.action, []).append(task.ended_ns - task.begun_ns)
    return MachineTimes(
        daemon_start_up=tuple(
            ready_ns - start_ns for guest in room.guests.values() for start_ns, ready_ns in guest.daemon.starts
        ),
        script_start_up=tuple(_script_start_ups(room, scripts)),
        configure=tuple(_configures(room)),
        call_overhead=tuple(overhead_ns for _, overhead_ns in overheads),
        calls_in_all=sum(overhead_ns for at_ns, overhead_ns in overheads if at_ns >= begin_ns),
        api={action: tuple(times) for action, times in sorted(api.items())},
        tasks={action: tuple(times) for action, times in sorted(tasks.items())},
        routing=tuple(room.routing_ns),
        injecting=(*injection.took_ns, *_carriers(room, injection)),
        check=tuple(room.check_run_times_ns),
        probe_gap=room.probes.lateness_ns(begin_ns, end_ns),
        loop_lag=room.loop_lag_ns,
        lateness=lateness_ns,
    )


def together(all_times: Iterable[MachineTimes]) -> MachineTimes:
    """The times of many rooms."""
    times = list(all_times)

    def joined(name: str) -> tuple[int, ...]:
        return tuple(value for item in times for value in getattr(item, name))

    def by_action(name: str) -> dict[str, tuple[int, ...]]:
        actions = sorted({action for item in times for action in getattr(item, name)})
        return {action: tuple(v for item in times for v in getattr(item, name).get(action, ())) for action in actions}

    return MachineTimes(
        daemon_start_up=joined("daemon_start_up"),
        script_start_up=joined("script_start_up"),
        configure=joined("configure"),
        check=joined("check"),
        call_overhead=joined("call_overhead"),
        api=by_action("api"),
        tasks=by_action("tasks"),
        routing=joined("routing"),
        injecting=joined("injecting"),
        calls_in_all=max((item.calls_in_all for item in times), default=0),
        probe_gap=max((item.probe_gap for item in times), default=0),
        loop_lag=max((item.loop_lag for item in times), default=0),
        lateness=max((item.lateness for item in times), default=0),
    )


def _script_start_ups(room: Room, scripts: Scripts) -> Iterable[int]:
    """How long after its cause each script could call; those that stood still meanwhile are left out."""
    for guest in room.guests.values():
        freezes = [record.at for record in guest.own_records if isinstance(record, PowerChanged)]
        for cause_ns, run in _caused(guest, scripts):
            ready_ns = scripts.ready_ns.get(run)
            if ready_ns is not None and not any(cause_ns <= at_ns <= ready_ns for at_ns in freezes):
                yield ready_ns - cause_ns


def _caused(guest: Guest, scripts: Scripts) -> Iterable[tuple[int, int]]:
    """What each script of an instance was started for, and its run: a transition or an advert that the daemon logs, or
    else the start of its process (nobody logs when a periodic re-claim is due).

    Scripts of one kind begin in the order of their causes, unless some never came so far: then it was the latest cause
    before.
    """
    records = guest.records
    masterships = [record.at for record in records if isinstance(record, StateChanged) and record.new == "MASTER"]
    causes = {"MASTER": masterships, "MASTER_RX_LOWER_PRI": guest.daemon.log.lower_adverts}
    started = [item for item in scripts.records if isinstance(item, NotifyStarted) and item.instance == guest.name]
    for event in {item.event for item in started}:
        runs, its_causes = [item for item in started if item.event == event], causes.get(event, [])
        for index, item in enumerate(runs):
            before = [at_ns for at_ns in its_causes if at_ns <= item.at]
            latest_ns = max(before, default=scripts.process_ns[item.run])
            yield its_causes[index] if len(runs) == len(its_causes) else latest_ns, item.run


def _configures(room: Room) -> Iterable[int]:
    """How long after its daemon became MASTER each guest had the address."""
    for guest in room.guests.values():
        records = sorted(
            (record for record in guest.records if isinstance(record, StateChanged | GuestAddressChanged)),
            key=lambda record: record.at,
        )
        for before, record in pairwise(records):
            is_master = isinstance(before, StateChanged) and before.new == "MASTER"
            if is_master and isinstance(record, GuestAddressChanged) and record.present:
                yield record.at - before.at


def _carriers(room: Room, injection: Injection) -> Iterable[int]:
    """How long after each change of a link its guest's kernel told of it: it does that in its own time."""
    for record in injection.records:
        if isinstance(record, LinkChanged):
            device = room.layout.port(record.instance, record.interface).device
            told = (
                at_ns - record.at
                for at_ns, told_of, up in room.guests[record.instance].carriers
                if told_of == device and up == record.up and at_ns >= record.at
            )
            yield from islice(told, 1)


def _undisturbed_calls(room: Room, scripts: Scripts) -> Iterable[tuple[ApiCalled, ApiAnswered]]:
    """Each call with its answer, but for those whose instance stood still meanwhile: that is the fault's doing."""
    changes = {
        name: [record.at for record in guest.own_records if isinstance(record, PowerChanged)]
        for name, guest in room.guests.items()
    }
    called = {record.call: record for record in scripts.records if isinstance(record, ApiCalled)}
    for answer in scripts.records:
        if isinstance(answer, ApiAnswered):
            call = called[answer.call]
            if not any(call.at <= at_ns <= answer.at for at_ns in changes[call.instance]):
                yield call, answer


def _overheads(
    room: Room, scripts: Scripts, calls: Mapping[int, tuple[ApiCalled, ApiAnswered]]
) -> Iterable[tuple[int, int]]:
    """When each of these calls was made, and what it took on the way."""
    served = {
        call.request_id: call.answered_ns - call.arrived_ns
        for call in room.cloud.calls
        if call.answered_ns is not None and call.request_id
    }
    for request_id, call in scripts.calls_by_request.items():
        if request_id in served and call in calls:
            called, answered = calls[call]
            yield called.at, answered.at - called.at - served[request_id]
