"""A ``vrrp_sync_group`` of keepalived: several instances of one daemon that change state together.

Theory of operation
===================

Every member runs the election of its own virtual router, on its own interface. The group decides what becomes of it:

* *MASTER only together.* A BACKUP whose deadline passes wants to be MASTER, and is not allowed to be while another
  member does not want it: it waits one more master-down interval, and goes on wanting until it accepts an advert. The
  last one to want it becomes MASTER, and takes the others with it at once. So a group takes over when its *slowest*
  member would, and not at all while one member still hears its master.
* *BACKUP together.* A MASTER that yields to a higher advert takes the others with it; they say nothing.
* *FAULT together.* The first member that something puts into FAULT takes the others with it; those that were MASTER
  send one advert of priority 0 (the first one sends two, as always). The group leaves FAULT when the last member is
  fit again.
* *Nobody begins alone.* While a member waits for the first result of a script, all of them stay in INIT.

This is what keepalived 2.2.7 does: carrier loss on one of two interfaces, silence on one and on both, clean stops,
returns and different priorities were tried on the daemon.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from hasim.vrrp.events import (
    AdvertReceived,
    Effect,
    Event,
    Follow,
    Notify,
    Shutdown,
    Start,
    State,
    TimerExpired,
    TrackedDown,
    TrackedUp,
)
from hasim.vrrp.machine import Machine

__all__ = ["MemberEffect", "SyncGroup"]

_REASON = "sync_group"

MemberEffect: TypeAlias = tuple[str, Effect]
"""Which member wants what done."""


class SyncGroup:
    """The members by name, in the order of the configuration; all machines are ``synced``."""

    __slots__ = ("members", "state")

    def __init__(self, members: Mapping[str, Machine]) -> None:
        self.members = members
        self.state = State.INIT

    def start(self, events: Mapping[str, Start], now: int) -> list[MemberEffect]:
        """The daemon has read its configuration; ``events`` says what each member knows."""
        is_faulty = any(event.down for event in events.values())
        self.state = State.FAULT if is_faulty else State.INIT
        effects: list[MemberEffect] = []
        for name, event in events.items():
            machine = self.members[name]
            wanted = machine.handle(event, now)
            if is_faulty:
                wanted += machine.handle(Follow(State.FAULT, _REASON), now)
            effects += ((name, effect) for effect in wanted)
        is_fit = not is_faulty and all(machine.is_fit for machine in self.members.values())
        if is_fit and not (self._are_owners and all(machine.postpone(now) for machine in self.members.values())):
            effects += self._begin(next(iter(self.members)), "start_up", now)
        return effects

    def handle(self, name: str, event: Event, now: int) -> list[MemberEffect]:
        """What ``event``, which happens to that member, makes all of them do, in keepalived's order.

        Raises:
            IllegalEventError: the event cannot happen in the member's state.
        """
        machine = self.members[name]
        if isinstance(event, TimerExpired) and machine.state is State.BACKUP and not self.lets_lead(name):
            machine.hold(now)
            return []
        before = machine.state
        effects: list[MemberEffect] = [(name, effect) for effect in machine.handle(event, now)]
        match event:
            case Shutdown():
                self.state = State.INIT
            case TrackedUp() if self.state in (State.INIT, State.FAULT):
                if all(member.is_fit for member in self.members.values()):
                    reason = "start_up" if before is State.INIT else "recovered"
                    effects += self._begin(name, reason, now)
            case TrackedDown() if machine.state is State.FAULT and self.state is not State.FAULT:
                effects += self._take_along(name, State.FAULT, now)
            case TimerExpired() | AdvertReceived() if machine.state is not before:
                effects += self._take_along(name, machine.state, now)
            case AdvertReceived() if (name, Notify("MASTER_RX_LOWER_PRI")) in effects:
                effects[-1:-1] = [
                    (other, effect)
                    for other, member in self.members.items()
                    if other != name
                    for effect in member.garps_against_a_lower()
                ]
        return effects

    def resume(self, state: State) -> None:
        """The members have been put into the steady state."""
        self.state = state

    def lets_lead(self, name: str) -> bool:
        """Whether that member may become MASTER: all others are, or want it too."""
        return all(member.wants_master for other, member in self.members.items() if other != name)

    @property
    def _are_owners(self) -> bool:
        return all(machine.is_immediate_owner for machine in self.members.values())

    def _begin(self, first: str, reason: str, now: int) -> list[MemberEffect]:
        """Everybody is fit: leave INIT or FAULT, the member whose recovery it was first."""
        state = State.MASTER if self._are_owners and reason == "start_up" else State.BACKUP
        effects: list[MemberEffect] = [
            (first, effect) for effect in self.members[first].handle(Follow(state, reason), now)
        ]
        return effects + self._take_along(first, state, now, reason if reason == "start_up" else _REASON)

    def _take_along(self, first: str, state: State, now: int, reason: str = _REASON) -> list[MemberEffect]:
        """The group goes where its member ``first`` is already."""
        self.state = state
        return [
            (name, effect)
            for name, machine in self.members.items()
            if name != first
            for effect in machine.handle(Follow(state, reason), now)
        ]
