"""Where the time of one outage went: the eight phases, walked in order.

Each phase ends with an event; its boundary is that event's instant, but never before the boundary of the phase before
it (a step that was already done costs nothing) and never after the outage. What is left after the last event is
``service``. If an event never came, the phase that waited for it takes the rest of the outage. So the phases add up to
the outage by construction. X is the instance that serves afterwards; in an outage that never ended, the instance that
became MASTER last.

================= ==============================================================================================
phase             ends with
================= ==============================================================================================
detect            the first reaction of the protocol (:class:`~hasim.measure.history.ProtocolHistory`) at or after
                  the start. No time at all if at the start the protocol had reacted already: another instance than
                  the one that served is MASTER, or that one is BACKUP or FAULT, or its priority is lowered, or X is
                  MASTER and lacks only the address.
elect             the first instant from there on at which X is a live MASTER.
notify            the first API call of X from there on, or the call that made the move if it had been made before. A
                  gratuitous ARP by which X claims a HAVIP counts as a call that is accepted at once.
api               that call is accepted: of a mechanism with two calls the release, if X made it. Refused calls,
                  retries and time-outs are in here.
move              the last commit that gave X the address. Of a mechanism with two calls the wait between them is here.
propagate         the cloud's forwarding goes to X, for good.
guest             the guest of X has the address, for good.
service           the service answers.
================= ==============================================================================================

notify, api, move and propagate are zero if the cloud routes to X since before X was elected; the first three are zero
if X has never had to call for the address (what is missing is the forwarding alone).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hasim.measure.history import CloudHistory, ProtocolHistory
from hasim.measure.model import PHASES

__all__ = ["OutageStart", "phases_of", "walk"]


class OutageStart(NamedTuple):
    """The state of the world as the service was lost; ``server`` is the instance that served until then."""

    at_ns: int
    server: str | None
    missing: str
    live_masters: frozenset[str]
    routed: str | None
    has_reacted: bool


def walk(start_ns: int, end_ns: int, ends_ns: Iterable[int | None]) -> tuple[int, ...]:
    """Eight durations from the ends of the first seven phases (None: it never came)."""
    phases = [0] * len(PHASES)
    boundary = start_ns
    last = 0
    for last, phase_end in enumerate(ends_ns):
        if phase_end is None:
            break
        if phase_end > boundary:
            reached = phase_end if phase_end < end_ns else end_ns
            phases[last] = reached - boundary
            boundary = reached
    else:
        last += 1
    phases[last] += end_ns - boundary
    return tuple(phases)


def phases_of(
    start: OutageStart,
    end_ns: int,
    winner: str | None,
    protocol: ProtocolHistory,
    cloud: CloudHistory,
    guests_since_ns: dict[str, int],
) -> tuple[int, ...]:
    """The phases of an outage that ends now, ``winner`` being the instance called X above.

    ``guests_since_ns`` holds, for every instance whose guest has the address, since when.
    """
    detected, elected = _election(start, winner, protocol)
    if winner is None or elected is None:
        return walk(start.at_ns, end_ns, (detected, None))
    guest = guests_since_ns.get(winner)
    if cloud.routed == winner and cloud.routed_since <= elected:
        return walk(start.at_ns, end_ns, (detected, elected, elected, elected, elected, elected, guest))
    return walk(start.at_ns, end_ns, (detected, elected, *_move(winner, elected, cloud), guest))


def _election(start: OutageStart, winner: str | None, protocol: ProtocolHistory) -> tuple[int | None, int | None]:
    """When the outage was detected, and when the winner was elected."""
    if winner in start.live_masters and (winner != start.server or start.routed != winner):
        return start.at_ns, start.at_ns
    detected = start.at_ns if start.has_reacted else protocol.first_reaction_ns(start.at_ns)
    if detected is None or winner is None:
        return detected, None
    return detected, protocol.first_master_ns(winner, detected)


def _move(winner: str, elected_ns: int, cloud: CloudHistory) -> tuple[int | None, int | None, int | None, int | None]:
    """When notify, api, move and propagate ended for a winner who had to fetch the address."""
    routed = cloud.routed_since if cloud.routed == winner else None
    if routed is None and cloud.held != winner:
        move = cloud.open_move(winner)
    else:
        move = cloud.move_to(winner)
        if move is None:
            return elected_ns, elected_ns, elected_ns, routed
    first_call = cloud.first_call_ns(winner, elected_ns)
    if move is None:
        return first_call, None, None, None
    called = move.called if first_call is None else min(move.called, first_call)
    return called, move.accepted, move.committed, routed
