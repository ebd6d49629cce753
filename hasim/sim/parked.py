"""What a parked group remembers of its adverts, and when its quiet would end by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hasim.sim.fabric import Path
from hasim.vrrp.events import AdvertReceived

if TYPE_CHECKING:
    from hasim.sim.router import Router

__all__ = ["Link", "Relation", "Sender", "adverts_ahead", "first_missed_deadline", "time_of_arrival"]

_BLOCKS_AHEAD = 16
"""How many blocks of fates are looked at before the next event, at most."""


class Link:
    """From a router to a peer: what its adverts meet now, how many were sent, and when several arrive at once, which
    comes first."""

    __slots__ = ("path", "priority", "receiver", "sender", "sent")

    def __init__(self, sender: Router, receiver: Router, path: Path, priority: int) -> None:
        self.sender = sender
        self.receiver = receiver
        self.path = path
        self.priority = priority
        self.sent = 0


class Relation(NamedTuple):
    """The adverts of a parked MASTER to one peer that they reach; number ``first_index`` is the one due at
    ``first_ns``. Their path does not change while they are parked.

    A peer that does not ``follow`` is not listening (dead, frozen, in FAULT): adverts that arrive now mean nothing to
    it, but those that are on the way when it begins to listen will."""

    link: Link
    path: Path
    first_index: int
    follows: bool


class Sender(NamedTuple):
    """A parked MASTER: its adverts are due at ``first_ns + i * step_ns``, of which the first ``sent`` are already
    out."""

    router: Router
    advert: AdvertReceived
    first_ns: int
    step_ns: int
    sent: int
    relations: tuple[Relation, ...]


def adverts_ahead(relation: Relation) -> int:
    assert relation.path.fates is not None
    return _BLOCKS_AHEAD * relation.path.fates.block


def first_missed_deadline(sender: Sender, relation: Relation, from_ns: int, until_ns: int) -> int | None:
    """The first deadline of the follower, from ``from_ns`` on, that passes without an advert; None if there is none
    in the rows of losses that begin until about ``until_ns``."""
    fates = relation.path.fates
    assert fates is not None
    machine = relation.link.receiver.machine
    down_ns = machine.patience_ns(sender.advert)
    length = int(down_ns - relation.path.longest_jitter_ns) // sender.step_ns
    first = max((from_ns - sender.first_ns) // sender.step_ns - int(down_ns // sender.step_ns) - 2, 0)
    if first == 0:
        assert machine.deadline_ns is not None
        if machine.deadline_ns >= from_ns and _is_missed(sender, relation, machine.deadline_ns, 0):
            return machine.deadline_ns
    last = max((until_ns - sender.first_ns) // sender.step_ns, first)
    for index in fates.rows(relation.first_index + first, relation.first_index + last, length):
        before = index - relation.first_index - 1
        if before < 0 or fates.lost(index - 1):
            continue
        deadline_ns = time_of_arrival(sender, relation, before) + down_ns
        if deadline_ns >= from_ns and _is_missed(sender, relation, deadline_ns, before + 1):
            return deadline_ns
    return None


def _is_missed(sender: Sender, relation: Relation, deadline_ns: int, i: int) -> bool:
    """Whether no advert from number ``i`` on arrives by the deadline.

    One that arrives at that instant counts, unless it is only sent then, by a timer whose turn is after the follower's.
    """
    while relation.path.lost(relation.first_index + i):
        i += 1
        if sender.first_ns + i * sender.step_ns > deadline_ns:
            return True
    comes_after = (
        sender.first_ns + i * sender.step_ns == deadline_ns and sender.router.index > relation.link.receiver.index
    )
    return comes_after or time_of_arrival(sender, relation, i) > deadline_ns


def time_of_arrival(sender: Sender, relation: Relation, i: int) -> int:
    return sender.first_ns + i * sender.step_ns + relation.path.delay_ns(relation.first_index + i)
