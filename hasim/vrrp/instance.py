"""What a ``vrrp_instance`` is, how long it waits, and how it goes from one state to another.

When it does so is told by :mod:`hasim.vrrp.machine`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hasim.vrrp.events import (
    AddAddresses,
    AdvertReceived,
    Effect,
    Notify,
    RemoveAddresses,
    SendAdvert,
    SendGarps,
    State,
    Transition,
)
from hasim.vrrp.timers import OWNER_PRIORITY, SECOND, master_down_interval

__all__ = ["IllegalEventError", "Instance", "Settings"]


class IllegalEventError(Exception):
    """The caller gave the machine an event that cannot happen in its state: a bug of the caller."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A ``vrrp_instance`` after keepalived has completed it (see :func:`hasim.vrrp.timers.complete_advert_int`).

    ``address`` is the source address of its adverts as an integer; ``priority`` the configured one, 1..255.
    """

    address: int
    priority: int
    version: int = 2
    advert_int_ns: int = SECOND
    initial_state: State = State.BACKUP
    nopreempt: bool = False
    preempt_delay_ns: int = 0
    startup_delay_ns: int = 0
    down_timer_adverts: int = 3
    higher_prio_send_advert: bool = False
    lower_prio_no_advert: bool = False
    garp_repeat: int = 5
    garp_delay_ns: int = 5 * SECOND
    garp_lower_prio_repeat: int = 5
    garp_lower_prio_delay_ns: int = 5 * SECOND


class Instance:
    """One VRRP instance. Attributes are to be read, not written, from outside."""

    __slots__ = (
        "_contributions",
        "_delayed_until_ns",
        "_down",
        "_down_timer_ns",
        "_heard_goodbye",
        "_unknown",
        "base_priority",
        "deadline_ns",
        "master_advert_int_ns",
        "preempt_deadline_ns",
        "priority",
        "settings",
        "state",
        "synced",
        "wants_master",
    )

    def __init__(self, settings: Settings, *, synced: bool = False) -> None:
        """``synced``: it is a member of a sync group, which decides for it."""
        self.settings = settings
        self.synced = synced
        self.wants_master = False
        self.state = State.INIT
        self.base_priority = settings.priority
        self.priority = settings.priority
        self.deadline_ns: int | None = None
        self.master_advert_int_ns = settings.advert_int_ns
        self.preempt_deadline_ns: int | None = None
        self._contributions: dict[str, int] = {}
        self._delayed_until_ns = 0
        self._down: set[str] = set()
        self._unknown: set[str] = set()
        self._heard_goodbye = False
        self._down_timer_ns = self._master_down_interval()

    def accepts(self, priority: int) -> bool:
        """Whether a BACKUP (whose preempt_delay does not run) takes an advert of that priority for its master's."""
        return self.settings.nopreempt or priority >= self.priority

    def follows(self, advert: AdvertReceived, now: int) -> bool:
        """Whether of a row of adverts like this one, from now on, only the last one matters.

        Each re-arms the deadline, and whatever else the first one teaches (who the master is, its interval) the last
        one teaches too. Quiet heartbeats rest on this.
        """
        if self.state is not State.BACKUP or self._is_mismatch(advert) or now < self._delayed_until_ns:
            return False
        if self.wants_master:
            return False
        if advert.priority == 0 or not self.accepts(advert.priority):
            return False
        waits_to_preempt = self.settings.preempt_delay_ns and advert.priority < self.priority
        return not waits_to_preempt and self.preempt_deadline_ns is None

    def patience_ns(self, advert: AdvertReceived) -> int:
        """How long a BACKUP waits for the next one after it has accepted this advert."""
        s = self.settings
        learnt_ns = advert.advert_int_ns if s.version == 3 else self.master_advert_int_ns
        return master_down_interval(s.version, self.priority, learnt_ns, s.down_timer_adverts)

    @property
    def is_fit(self) -> bool:
        """Whether nothing that it tracks itself keeps it from taking part, as far as is known."""
        return not self._down and not self._unknown

    @property
    def is_immediate_owner(self) -> bool:
        """Whether it becomes MASTER without waiting when it starts. After a FAULT it waits like everybody."""
        return self.base_priority == OWNER_PRIORITY and self.settings.initial_state is State.MASTER

    @property
    def down_timer_ns(self) -> int:
        """The interval that a BACKUP is waiting for."""
        return self._down_timer_ns

    def finish(self, now: int) -> None:
        """The daemon is through with the work of its last event: a MASTER's interval counts from here.

        keepalived arms the next advert *after* it has added addresses, sent gratuitous ARPs and forked scripts.
        """
        if self.state is State.MASTER:
            self._arm(now)

    def hold(self, now: int) -> None:
        """Its deadline has passed, and its sync group does not let it become MASTER: wait once more."""
        self.wants_master = True
        self._down_timer_ns = self._master_down_interval()
        self._arm(now)

    def assume_master(self, advert_int_ns: int) -> None:
        """It has heard a master of that interval for long (before :meth:`resume`)."""
        if self.settings.version == 3:
            self.master_advert_int_ns = advert_int_ns
            self._down_timer_ns = self._master_down_interval()

    def resume(self, state: State, deadline_ns: int) -> None:
        """Put a fresh machine into a running state, as if it had been there for long (the steady state).

        Raises:
            IllegalEventError: the machine is no longer fresh, or the state has no deadline.
        """
        if self.state is not State.INIT or state not in (State.MASTER, State.BACKUP):
            raise IllegalEventError(f"resume as {state} in state {self.state}")
        self.state = state
        self.deadline_ns = deadline_ns
        self.wants_master = state is State.MASTER

    def resume_in_fault(self, down: frozenset[str]) -> None:
        """Put a fresh machine into FAULT because of ``down`` (a synced one: of what other members track).

        Raises:
            IllegalEventError: the machine is no longer fresh.
        """
        if self.state is not State.INIT:
            raise IllegalEventError(f"resume in FAULT in state {self.state}")
        self.state = State.FAULT
        self._down = set(down)

    def garps_against_a_lower(self) -> list[Effect]:
        """What a MASTER announces when it, or another member of its sync group, hears a lower advert."""
        s = self.settings
        if not s.garp_lower_prio_repeat:
            return []
        again = [s.garp_lower_prio_delay_ns] if s.garp_lower_prio_delay_ns else []
        return [SendGarps(s.garp_lower_prio_repeat, after_ns) for after_ns in (0, *again)]

    def _is_mismatch(self, event: AdvertReceived) -> bool:
        """VRRPv2 drops adverts of another interval; VRRPv3 adopts the master's."""
        return self.settings.version == 2 and event.advert_int_ns != self.settings.advert_int_ns

    def _master_down_interval(self) -> int:
        s = self.settings
        return master_down_interval(s.version, self.priority, self.master_advert_int_ns, s.down_timer_adverts)

    def _arm(self, now: int) -> None:
        """Set the deadline that belongs to the state."""
        if self.state is State.MASTER:
            self.deadline_ns = now + self.settings.advert_int_ns
        elif self.state is State.BACKUP:
            self.deadline_ns = max(now, self._delayed_until_ns) + self._down_timer_ns
        else:
            self.deadline_ns = None

    def _enter(self, state: State, reason: str) -> Transition:
        transition = Transition(self.state, state, reason)
        self.state = state
        return transition

    def _become_backup(self, reason: str, now: int) -> list[Effect]:
        self.preempt_deadline_ns = None
        self.master_advert_int_ns = self.settings.advert_int_ns
        self._heard_goodbye = self.wants_master = False
        self._down_timer_ns = self._master_down_interval()
        transition = self._enter(State.BACKUP, reason)
        self._arm(now)
        return [transition, Notify(State.BACKUP)]

    def _become_fault(self, reason: str, good_byes: int = 2) -> list[Effect]:
        was_master = self.state is State.MASTER
        transition = self._enter(State.FAULT, reason)
        self.deadline_ns = None
        self.wants_master = False
        # differs: RFC 5798 sends one priority-0 advert, and only on shutdown.
        leaving: list[Effect] = [*[SendAdvert(0)] * good_byes, RemoveAddresses()] if was_master else []
        return [transition, *leaving, Notify(State.FAULT)]

    def _become_master(self, reason: str, now: int) -> list[Effect]:
        s = self.settings
        self.master_advert_int_ns = s.advert_int_ns
        self.wants_master = True
        transition = self._enter(State.MASTER, reason)
        self._arm(now)
        effects: list[Effect] = [transition, SendAdvert(self.priority), AddAddresses(), SendGarps(s.garp_repeat, 0)]
        if s.garp_delay_ns:
            effects.append(SendGarps(s.garp_repeat, s.garp_delay_ns))
        return [*effects, Notify(State.MASTER)]

    def _step_down(self, reason: str, now: int) -> list[Effect]:
        """From MASTER to BACKUP, without a word."""
        self._heard_goodbye = self.wants_master = False
        self._down_timer_ns = self._master_down_interval()
        self.preempt_deadline_ns = None
        transition = self._enter(State.BACKUP, reason)
        self._arm(now)
        return [transition, RemoveAddresses(), Notify(State.BACKUP)]
