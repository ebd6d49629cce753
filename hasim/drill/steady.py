"""The steady state, in which every repetition begins: who should be MASTER is, everybody agrees, all is quiet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hasim.drill.probes import PROBE_INTERVAL_NS
from hasim.drill.room import Room
from hasim.drill.script_log import any_running, read_lines
from hasim.errors import HasimError

__all__ = ["UnhealthyError", "keep_timing_checks", "reach_steady_state"]

_HEALTHY_WITHIN_S = 60.0
_SETTLE_S = 0.5
_LOOK_EVERY_S = 0.02
_TIME_CHECKS_EVERY_S = 1.5
_LATEST_ANSWER_NS = 5 * PROBE_INTERVAL_NS


class UnhealthyError(HasimError):
    """A room did not become healthy: the machine is too slow, or something in it is broken."""


async def reach_steady_state(room: Room) -> None:
    """Start the daemons, the initial master's first, and wait until nothing moves any more.

    The applications are up by then: a daemon whose first check fails begins with an interval of waiting.

    Raises:
        UnhealthyError: that does not come about.
    """
    master = room.scenario.initial_master
    assert master is not None
    await _until(
        room, lambda: all(guest.service_is_up for guest in room.guests.values()), "an application does not start"
    )
    room.guests[master].daemon.start()
    await _until(room, lambda: room.guests[master].state == "MASTER", f"{master} does not become MASTER")
    for name, guest in room.guests.items():
        if name != master:
            guest.daemon.start()
    room.start_client()
    await _time_checks(room)
    healthy_since_s = None

    def settled() -> bool:
        nonlocal healthy_since_s
        if not _is_healthy(room):
            healthy_since_s = None
            return False
        now_s = time.monotonic()
        healthy_since_s = healthy_since_s or now_s
        return now_s - healthy_since_s > _SETTLE_S

    await _until(room, settled, "the steady state does not come about")


async def keep_timing_checks(room: Room) -> None:
    """See now and then how long the check scripts take, as long as the room is open."""
    while any(room.scenario.instance(name).vrrp.track_scripts for name in room.guests):
        await asyncio.sleep(_TIME_CHECKS_EVERY_S)
        await _time_checks(room)


async def _time_checks(room: Room) -> None:
    """Run every check script once and see how long it takes; what stands still, or is let wait, does not count."""
    for name, guest in room.guests.items():
        for script in room.scenario.instance(name).vrrp.track_scripts:
            before, begun_ns = guest.condition, time.monotonic_ns()
            if guest.is_at_work:
                await asyncio.to_thread(guest.run_check, script.name)
            if guest.is_at_work and guest.condition == before:
                room.check_run_times_ns.append(time.monotonic_ns() - begun_ns)


async def _until(room: Room, condition: Callable[[], bool], otherwise: str) -> None:
    deadline_s = time.monotonic() + _HEALTHY_WITHIN_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise UnhealthyError(f"{otherwise} within {_HEALTHY_WITHIN_S:g} s; {_condition(room)}")
        await asyncio.sleep(_LOOK_EVERY_S)


def _is_healthy(room: Room) -> bool:
    master = room.scenario.initial_master
    states = {name: guest.state for name, guest in room.guests.items()}
    if any(state != ("MASTER" if name == master else "BACKUP") for name, state in states.items()):
        return False
    if any(guest.daemon.log.failing for guest in room.guests.values()):
        return False
    latest = room.probes.latest
    if latest is None or latest[1] != master or time.monotonic_ns() - latest[0] > _LATEST_ANSWER_NS:
        return False
    return room.cloud.quiet and not any(any_running(read_lines(guest.script_log)) for guest in room.guests.values())


def _condition(room: Room) -> str:
    """What a room that is not healthy looks like, for the message."""
    states = ", ".join(f"{name} {guest.state}" for name, guest in room.guests.items())
    latest = room.probes.latest
    return f"now: {states}; clients are served by {latest[1] if latest else 'nobody'}"
