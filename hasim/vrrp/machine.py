"""One ``vrrp_instance`` of keepalived as a pure state machine: ``handle(event, now) -> effects``.

Theory of operation
===================

A VRRP instance is a state, a deadline and a few remembered numbers. Three kinds of thing happen to it: an advert
comes in, its deadline passes, or something that it tracks changes. It never looks at a clock: every event brings
``now`` (nanoseconds), and ``deadline_ns`` says when it next wants a :class:`TimerExpired` (None: never).

The deadline means two things. In MASTER it is the next advert, one interval after the last. In BACKUP it is the
moment at which the instance stops believing in the master: the last *accepted* advert plus the master-down interval.

All elections are by timeout. A BACKUP never reacts to a lower advert: it merely stops re-arming its deadline, and takes
over when that passes. Priorities decide only how long each one waits (the skew), so the highest fires first and its
advert silences the others. Where two wait equally long, both fire, and the MASTERs then settle it between them by
priority and address.

This is keepalived's behaviour (2.2.7). Where it differs from RFC 5798 the code says ``differs:``. The main differences:

* the skew of VRRPv2 is not scaled by the interval (see :mod:`hasim.vrrp.timers`);
* a MASTER that hears a lower advert answers at once with its own, starts its interval afresh, repeats its gratuitous
  ARPs and runs ``notify_master_rx_lower_pri``; the RFC has it discard the advert;
* a MASTER that yields to a higher advert does so whatever ``nopreempt`` says: that setting only makes a *BACKUP* accept
  lower masters;
* MASTER to MASTER is no transition: a MASTER whose address was taken behind its back runs no ``notify_master``;
* leaving MASTER for FAULT sends the priority-0 advert twice; FAULT itself, weights, ``preempt_delay`` and
  ``startup_delay`` are extensions.

Transitions
===========

======== ======================= ======== =====================================================================
from     event                   to       effects
======== ======================= ======== =====================================================================
INIT     Start                   BACKUP   remove left-over addresses, notify BACKUP, arm master-down interval
INIT     Start (owner, MASTER)   MASTER   as BACKUP to MASTER: no BACKUP notify
INIT     Start (something down)  FAULT    remove left-over addresses, notify FAULT
INIT     last unknown script up  BACKUP   as Start
BACKUP   TimerExpired            MASTER   advert, addresses, gratuitous ARPs, notify MASTER (the reason says
                                          whether nobody spoke, or the master said good-bye)
BACKUP   advert 0                BACKUP   deadline in one skew time
BACKUP   advert >= own           BACKUP   arm master-down interval
BACKUP   advert < own            BACKUP   ignored; accepted under nopreempt or a running preempt_delay
MASTER   TimerExpired            MASTER   advert, next deadline
MASTER   advert 0                MASTER   advert, next deadline
MASTER   advert lower            MASTER   advert, gratuitous ARPs, notify MASTER_RX_LOWER_PRI, next deadline
MASTER   advert higher           BACKUP   remove addresses, notify BACKUP, arm master-down interval
any      TrackedDown             FAULT    from MASTER: two adverts 0, remove addresses; notify FAULT
FAULT    last TrackedUp          BACKUP   notify BACKUP, arm master-down interval (owner with state MASTER: MASTER)
any      WeightChanged           same     BACKUP: shift the deadline by the change of the master-down interval
any      Follow                  any      what its sync group does: as above, but a MASTER that follows into BACKUP
                                          says nothing, and one that follows into FAULT sends one advert 0
any      Shutdown                INIT     from MASTER: advert 0, remove addresses; notify STOP
MASTER   Reload                  MASTER   advert with the old priority, deadline now: one with the new follows
======== ======================= ======== =====================================================================

An instance that is ``synced`` decides less for itself: it leaves INIT and FAULT only when its group does, and its group
asks :attr:`Machine.wants_master` of all members before one of them becomes MASTER (:mod:`hasim.vrrp.sync`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hasim.vrrp.events import (
    AddAddresses,
    AdvertReceived,
    Effect,
    Event,
    Follow,
    Notify,
    PriorityMoved,
    Reload,
    RemoveAddresses,
    SendAdvert,
    SendGarps,
    Shutdown,
    Start,
    State,
    TimerExpired,
    TrackedDown,
    TrackedUp,
    Transition,
    WeightChanged,
)
from hasim.vrrp.timers import OWNER_PRIORITY, SECOND, master_down_interval, skew_time
from hasim.vrrp.track import effective_priority

__all__ = ["IllegalEventError", "Machine", "Settings"]


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


class Machine:
    """The state machine of one VRRP instance. Attributes are to be read, not written, from outside."""

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

    def handle(self, event: Event, now: int) -> list[Effect]:
        """What ``event`` at ``now`` (ns) makes the instance do, in the order in which keepalived does it.

        Raises:
            IllegalEventError: the event cannot happen in this state.
        """
        handler = _HANDLERS.get((self.state, type(event)))
        if handler is None:
            raise IllegalEventError(f"{type(event).__name__} in state {self.state}")
        return handler(self, event, now)

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
        """Whether it becomes MASTER without waiting."""
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

    def _on_start(self, event: Start, now: int) -> list[Effect]:
        self._down = set(event.down)
        self._unknown = set(event.unknown)
        self._delayed_until_ns = now + self.settings.startup_delay_ns if self.settings.startup_delay_ns else 0
        if self._down:
            return [RemoveAddresses(), *self._become_fault("start_up")]
        if self._unknown or self.synced:
            return [RemoveAddresses()]
        return [RemoveAddresses(), *self._leave_init(now)]

    def _leave_init(self, now: int) -> list[Effect]:
        if self.is_immediate_owner:
            return self._become_master("start_up", now)
        return self._become_backup("start_up", now)

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

    def _on_backup_timer(self, _event: TimerExpired, now: int) -> list[Effect]:
        return self._become_master("priority_zero" if self._heard_goodbye else "down_timer", now)

    def _on_backup_advert(self, event: AdvertReceived, now: int) -> list[Effect]:
        if self._is_mismatch(event):
            self._keep_waiting(now)
        elif event.priority == 0:
            self._heard_goodbye = True
            self._down_timer_ns = skew_time(self.settings.version, self.priority, self.master_advert_int_ns)
            self._arm(now)
        elif self.accepts(event.priority) or self._preempt_delay_runs(now):
            self._follow(event, now)
        else:
            self._keep_waiting(now)
        return []

    def _follow(self, event: AdvertReceived, now: int) -> None:
        """Take the sender for the master, and wait a whole master-down interval for its next advert."""
        if self.settings.version == 3:
            self.master_advert_int_ns = event.advert_int_ns
        self._heard_goodbye = self.wants_master = False
        self._down_timer_ns = self._master_down_interval()
        if self.settings.preempt_delay_ns:
            if event.priority >= self.priority:
                self.preempt_deadline_ns = None
            elif self.preempt_deadline_ns is None:
                self.preempt_deadline_ns = now + self.settings.preempt_delay_ns
        self._arm(now)

    def _keep_waiting(self, now: int) -> None:
        """The advert does not count. keepalived keeps the *remaining* time as the interval that it waits for, which
        matters when the own priority changes before the next accepted advert."""
        if self.deadline_ns is not None:
            self._down_timer_ns = max(self.deadline_ns - now, 0)
            self._arm(now)

    def _preempt_delay_runs(self, now: int) -> bool:
        if not self.settings.preempt_delay_ns:
            return False
        return self.preempt_deadline_ns is None or self.preempt_deadline_ns > now

    def _is_mismatch(self, event: AdvertReceived) -> bool:
        """VRRPv2 drops adverts of another interval; VRRPv3 adopts the master's."""
        return self.settings.version == 2 and event.advert_int_ns != self.settings.advert_int_ns

    def _on_master_timer(self, _event: TimerExpired, now: int) -> list[Effect]:
        self._arm(now)
        return [SendAdvert(self.priority)]

    def _on_master_advert(self, event: AdvertReceived, now: int) -> list[Effect]:
        if self._is_mismatch(event):
            self._rearm_after_packet(now)
            return []
        if event.priority == 0:
            self._rearm_after_packet(now)
            return [SendAdvert(self.priority)]
        if event.priority == self.priority == OWNER_PRIORITY:
            return self._give_up_ownership(event, now)
        if (event.priority, event.source) > (self.priority, self.settings.address):
            return self._yield_to(event, now)
        return self._reassert(now)

    def _give_up_ownership(self, event: AdvertReceived, now: int) -> list[Effect]:
        """Two routers call themselves owner: a mistake of whoever configured them, which keepalived works around."""
        # differs: RFC 5798 knows one owner and compares addresses.
        self.base_priority = self.priority = OWNER_PRIORITY - 1
        return [PriorityMoved(OWNER_PRIORITY, self.priority), *self._yield_to(event, now)]

    def _yield_to(self, event: AdvertReceived, now: int) -> list[Effect]:
        answer = [SendAdvert(self.priority)] if self.settings.higher_prio_send_advert else []
        if self.settings.version == 3:
            self.master_advert_int_ns = event.advert_int_ns
        return [*answer, *self._step_down("higher_priority_advert", now)]

    def _step_down(self, reason: str, now: int) -> list[Effect]:
        """From MASTER to BACKUP, without a word."""
        self._heard_goodbye = self.wants_master = False
        self._down_timer_ns = self._master_down_interval()
        self.preempt_deadline_ns = None
        transition = self._enter(State.BACKUP, reason)
        self._arm(now)
        return [transition, RemoveAddresses(), Notify(State.BACKUP)]

    def _reassert(self, now: int) -> list[Effect]:
        # differs: RFC 5798 discards a lower advert; keepalived forces a new election.
        s = self.settings
        effects: list[Effect] = [] if s.lower_prio_no_advert else [SendAdvert(self.priority)]
        self._rearm_after_packet(now)
        return [*effects, *self.garps_against_a_lower(), Notify("MASTER_RX_LOWER_PRI")]

    def garps_against_a_lower(self) -> list[Effect]:
        """What a MASTER announces when it, or another member of its sync group, hears a lower advert."""
        s = self.settings
        if not s.garp_lower_prio_repeat:
            return []
        again = [s.garp_lower_prio_delay_ns] if s.garp_lower_prio_delay_ns else []
        return [SendGarps(s.garp_lower_prio_repeat, after_ns) for after_ns in (0, *again)]

    def _rearm_after_packet(self, now: int) -> None:
        """Every packet that a MASTER reads starts its interval afresh, unless lower_prio_no_advert is set."""
        if not self.settings.lower_prio_no_advert:
            self._arm(now)

    def _on_tracked_down(self, event: TrackedDown, _now: int) -> list[Effect]:
        self._unknown.discard(event.name)
        already = self.state is State.FAULT and (bool(self._down) or self.synced)
        self._down.add(event.name)
        return [] if already else self._become_fault(event.reason)

    def _on_tracked_up(self, event: TrackedUp, now: int) -> list[Effect]:
        was_unknown = event.name in self._unknown
        self._unknown.discard(event.name)
        self._down.discard(event.name)
        if self._down or self._unknown or self.synced:
            return []
        if self.state is State.INIT:
            return self._leave_init(now) if was_unknown else []
        if self.state is not State.FAULT:
            return []
        if self.is_immediate_owner:
            return self._become_master("recovered", now)
        return self._become_backup("recovered", now)

    def _on_follow(self, event: Follow, now: int) -> list[Effect]:
        if event.state is self.state:
            return []
        if event.state is State.MASTER:
            return self._become_master(event.reason, now)
        if event.state is State.FAULT:
            return self._become_fault(event.reason, good_byes=1)
        if self.state is State.MASTER:
            return self._step_down(event.reason, now)
        return self._become_backup(event.reason, now)

    def _on_weight(self, event: WeightChanged, _now: int) -> list[Effect]:
        self._contributions[event.name] = event.contribution
        old, self.priority = self.priority, effective_priority(self.base_priority, self._contributions.values())
        if old == self.priority:
            return []
        old_timer_ns, self._down_timer_ns = self._down_timer_ns, self._master_down_interval()
        if self.state is State.BACKUP and self.deadline_ns is not None:
            self.deadline_ns += self._down_timer_ns - old_timer_ns
        return [PriorityMoved(old, self.priority)]

    def _on_shutdown(self, _event: Shutdown, _now: int) -> list[Effect]:
        leaving: list[Effect] = [SendAdvert(0), RemoveAddresses()] if self.state is State.MASTER else []
        transition = self._enter(State.INIT, "shutdown")
        self.deadline_ns = None
        return [transition, *leaving, Notify("STOP")]

    def _on_reload(self, event: Reload, now: int) -> list[Effect]:
        old = self.priority
        # keepalived reassures its peers before it reads the configuration, with the priority that it still has.
        first: list[Effect] = [SendAdvert(old)] if self.state is State.MASTER else []
        self.base_priority = event.priority
        self.priority = effective_priority(event.priority, self._contributions.values())
        moved: list[Effect] = [PriorityMoved(old, self.priority)] if old != self.priority else []
        if self.state is State.MASTER:
            self.deadline_ns = now
        elif self.state is State.BACKUP:
            self._down_timer_ns = self._master_down_interval()
            self._arm(now)
        return [*first, *moved]


_Handler = Callable[[Machine, Any, int], list[Effect]]
_EVERY_STATE = (State.INIT, State.BACKUP, State.MASTER, State.FAULT)


def _ignore(_machine: Machine, _event: Event, _now: int) -> list[Effect]:
    """keepalived reads the packet and drops it: the instance is not taking part."""
    return []


_HANDLERS: dict[tuple[State, type], _Handler] = {
    (State.INIT, Start): Machine._on_start,
    (State.INIT, AdvertReceived): _ignore,
    (State.FAULT, AdvertReceived): _ignore,
    (State.BACKUP, AdvertReceived): Machine._on_backup_advert,
    (State.MASTER, AdvertReceived): Machine._on_master_advert,
    (State.BACKUP, TimerExpired): Machine._on_backup_timer,
    (State.MASTER, TimerExpired): Machine._on_master_timer,
    **{(state, TrackedDown): Machine._on_tracked_down for state in _EVERY_STATE},
    **{(state, TrackedUp): Machine._on_tracked_up for state in _EVERY_STATE},
    **{(state, WeightChanged): Machine._on_weight for state in _EVERY_STATE},
    **{(state, Follow): Machine._on_follow for state in _EVERY_STATE},
    **{(state, Shutdown): Machine._on_shutdown for state in _EVERY_STATE},
    **{(state, Reload): Machine._on_reload for state in _EVERY_STATE},
}
