"""One repetition of an episode, for real: from the steady state through the fault and its end to a trace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from hasim.drill.episodes import Episode
from hasim.drill.injection import Injection
from hasim.drill.lateness import Lateness
from hasim.drill.machine import MachineTimes, measured_times
from hasim.drill.recording import Sources, trace_of
from hasim.drill.register import Registration
from hasim.drill.room import Room
from hasim.drill.script_log import Scripts, read_lines
from hasim.drill.steady import keep_timing_checks, reach_steady_state
from hasim.trace import TaskEnded, Trace
from hasim.units import MILLISECOND, SECOND

__all__ = ["Place", "Repetition", "repeat"]

_TICK_NS = 10 * MILLISECOND
_LAST_ANSWERS_S = 0.3


@dataclass(frozen=True, slots=True)
class Repetition:
    """What one repetition gave: its trace, what of it is this machine's doing, and the log lines of its daemons.

    ``slow_checks`` are the checks (instance and script) that were given up although what they ask was answering.
    """

    number: int
    trace: Trace
    times: MachineTimes
    logs: dict[str, list[tuple[int, str]]]
    slow_checks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repetition takes place: the drill it belongs to, the name of its room, what lets few rooms start at once
    (interpreters that start keep a machine busy), and who knows how late the machine is."""

    registration: Registration
    name: str
    starting: asyncio.Semaphore
    lateness: Lateness

    def another(self, attempt: int) -> Place:
        """A place for another attempt."""
        return replace(self, name=f"{self.name}-{attempt}")


async def repeat(episode: Episode, place: Place, number: int) -> Repetition:
    """Run one repetition of an episode in a room of its own, which is gone afterwards.

    Raises:
        UnhealthyError: the steady state did not come about.
    """
    async with AsyncExitStack() as stack:
        async with place.starting:
            room = await asyncio.to_thread(Room, episode.scenario, place.registration, place.name)
            await stack.enter_async_context(room.open())
            await reach_steady_state(room)
        room.routing_ns.clear()
        room.later(_measure_lag(room))
        room.later(keep_timing_checks(room))
        begin_ns = time.monotonic_ns()
        injection = await _play(room, begin_ns + round(room.draw() * episode.phase_ns))
        end_ns = time.monotonic_ns()
        await asyncio.sleep(_LAST_ANSWERS_S)
        room.end_client()
        late_ns = place.lateness.worst_ns(begin_ns, end_ns)
        return await asyncio.to_thread(_recorded, room, injection, number, late_ns, begin_ns, end_ns)


async def _play(room: Room, origin_ns: int) -> Injection:
    """Inject the faults of the scenario at their times, counted from ``origin_ns``, until the horizon."""
    injection = Injection(room)
    agenda: list[tuple[int, Callable[[], None]]] = []
    for fault in room.scenario.faults:
        assert fault.at_ns is not None
        agenda.append((fault.at_ns, partial(injection.begin, fault)))
        if fault.duration is not None:
            ends_ns = fault.at_ns + fault.duration.quantile(room.draw())
            agenda.append((ends_ns, partial(injection.end, fault)))
    for at_ns, act in sorted(agenda, key=lambda item: item[0]):
        await _sleep_until(origin_ns + at_ns)
        act()
    await _sleep_until(origin_ns + room.scenario.horizon_ns)
    return injection


async def _measure_lag(room: Room) -> None:
    """Notice how late this process is at the worst."""
    while True:
        due_ns = time.monotonic_ns() + _TICK_NS
        await _sleep_until(due_ns)
        room.loop_lag_ns = max(room.loop_lag_ns, time.monotonic_ns() - due_ns)


async def _sleep_until(at_ns: int) -> None:
    left_ns = at_ns - time.monotonic_ns()
    if left_ns > 0:
        await asyncio.sleep(left_ns / SECOND)


def _recorded(room: Room, injection: Injection, number: int, late_ns: int, begin_ns: int, end_ns: int) -> Repetition:
    scripts = Scripts()
    for name, guest in room.guests.items():
        scripts.take_in(name, read_lines(guest.script_log))
    assert room.scenario.initial_master is not None
    sources = Sources(
        guests={name: guest.records for name, guest in room.guests.items()},
        faults=injection.records,
        decisions=room.cloud.decisions,
        task_ends=list(_task_ends(room, scripts)),
        scripts=scripts,
        probes=room.probes,
        initial_holder=room.scenario.initial_master,
        beginnings=injection.beginnings,
        public=room.scenario.floating.mechanism.is_public,
        names=tuple(room.guests),
    )
    trace = trace_of(room.scenario, number, sources, begin_ns, end_ns)
    said = {name: guest.daemon.log.lines for name, guest in room.guests.items()}
    logs = {name: [(at_ns - begin_ns, text) for at_ns, text in lines] for name, lines in said.items()}
    slow = tuple(_slow_checks(room, begin_ns))
    times = measured_times(room, scripts, injection, late_ns, begin_ns, end_ns)
    return Repetition(number, trace, times, logs, slow)


def _slow_checks(room: Room, begin_ns: int) -> Iterator[tuple[str, str]]:
    for name, guest in room.guests.items():
        for at_ns, script in guest.daemon.log.timed_out:
            if at_ns >= begin_ns and guest.power == "running" and not guest.hangs:
                yield name, script


def _task_ends(room: Room, scripts: Scripts) -> Iterator[TaskEnded]:
    for task in room.cloud.decisions.tasks:
        if task.ended_ns is not None:
            call = scripts.calls_by_request.get(task.task_id, 0)
            holder = room.cloud.decisions.holders.get(task.task_id)
            yield TaskEnded(room.cloud.monotonic_ns(task.ended_ns), call, task.action, task.status.value, holder)
