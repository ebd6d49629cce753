"""What can happen to a VRRP instance (events), and what it wants done (effects). Plain data, no behaviour.

Addresses are integers (of an IPv4 or IPv6 address): the machine only compares them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeAlias

__all__ = [
    "AddAddresses",
    "AdvertReceived",
    "Effect",
    "Event",
    "Follow",
    "Notify",
    "PriorityMoved",
    "Reload",
    "RemoveAddresses",
    "SendAdvert",
    "SendGarps",
    "Shutdown",
    "Start",
    "State",
    "TimerExpired",
    "TrackedDown",
    "TrackedUp",
    "Transition",
    "WeightChanged",
]


class State(StrEnum):
    """The states of RFC 5798 6.4, and keepalived's FAULT. INIT is also what is left after a shutdown."""

    INIT = "INIT"
    BACKUP = "BACKUP"
    MASTER = "MASTER"
    FAULT = "FAULT"


class Start(NamedTuple):
    """The daemon has read its configuration.

    ``down`` names what is known to be down already (interfaces); ``unknown`` names track scripts of weight 0 whose
    first result is still to come: the instance stays in INIT until each has reported.
    """

    down: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


class AdvertReceived(NamedTuple):
    """An advertisement that passed the checks of the wire format. ``advert_int_ns`` is what it carries."""

    source: int
    priority: int
    advert_int_ns: int


class TimerExpired(NamedTuple):
    """The deadline has passed: the next advert of a MASTER is due, or a BACKUP has waited long enough."""


class TrackedDown(NamedTuple):
    """Something of weight 0 that the instance tracks went down: an interface, a script, a process."""

    name: str
    reason: str


class TrackedUp(NamedTuple):
    """It came back (or a track script gave its first good result)."""

    name: str


class WeightChanged(NamedTuple):
    """What a weighted track contributes to the priority is now ``contribution``."""

    name: str
    contribution: int


class Follow(NamedTuple):
    """The sync group has gone to that state, and its members with it (see :mod:`hasim.vrrp.sync`)."""

    state: State
    reason: str


class Shutdown(NamedTuple):
    """SIGTERM: leave politely."""


class Reload(NamedTuple):
    """SIGHUP, with the priority that the new configuration gives."""

    priority: int


Event: TypeAlias = (
    Start | AdvertReceived | TimerExpired | TrackedDown | TrackedUp | WeightChanged | Follow | Shutdown | Reload
)


class SendAdvert(NamedTuple):
    """Send an advertisement with this priority (0: "I am leaving") to every peer."""

    priority: int


class AddAddresses(NamedTuple):
    """Configure the virtual addresses on the interface."""


class RemoveAddresses(NamedTuple):
    """Remove the virtual addresses from the interface."""


class SendGarps(NamedTuple):
    """Send ``repeat`` gratuitous ARPs (or unsolicited neighbour advertisements) per address, ``after_ns`` from now."""

    repeat: int
    after_ns: int


class Notify(NamedTuple):
    """Run the notify scripts of this event: a state name, ``STOP`` or ``MASTER_RX_LOWER_PRI``."""

    event: str


class Transition(NamedTuple):
    """The state changed."""

    old: State
    new: State
    reason: str


class PriorityMoved(NamedTuple):
    """The effective priority changed."""

    old: int
    new: int


Effect: TypeAlias = SendAdvert | AddAddresses | RemoveAddresses | SendGarps | Notify | Transition | PriorityMoved
