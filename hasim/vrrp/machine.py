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
INIT     TimerExpired            MASTER   the same, at the end of a ``startup_delay``
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
FAULT    last TrackedUp          BACKUP   notify BACKUP, arm master-down interval (so does the owner with state MASTER)
any      WeightChanged           same     BACKUP: shift the deadline by the change of the master-down interval
any      Follow                  any      what its sync group does: as above, but a MASTER that follows into BACKUP
                                          says nothing, and one that follows into FAULT sends one advert 0
any      Shutdown                INIT     from MASTER: advert 0, remove addresses; notify STOP
MASTER   Reload                  MASTER   advert with the old priority, deadline now: one with the new follows
BACKUP   Reload                  BACKUP   forget preempt_delay and the master's interval, arm master-down interval
======== ======================= ======== =====================================================================

An instance that is ``synced`` decides less for itself: it leaves INIT and FAULT only when its group does, and its group
asks :attr:`Machine.wants_master` of all members before one of them becomes MASTER (:mod:`hasim.vrrp.sync`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hasim.vrrp.events import (
    AdvertReceived,
    Effect,
    Event,
    Follow,
    Notify,
    PriorityMoved,
    Reload,
    RemoveAddresses,
    SendAdvert,
    Shutdown,
    Start,
    State,
    TimerExpired,
    TrackedDown,
    TrackedUp,
    WeightChanged,
)
from hasim.vrrp.instance import IllegalEventError, Instance, Settings
from hasim.vrrp.timers import OWNER_PRIORITY, skew_time
from hasim.vrrp.track import effective_priority

__all__ = ["IllegalEventError", "Machine", "Settings"]


class Machine(Instance):
    """The state machine of one VRRP instance."""

    __slots__ = ()

    def handle(self, event: Event, now: int) -> list[Effect]:
        """What ``event`` at ``now`` (ns) makes the instance do, in the order in which keepalived does it.

        Raises:
            IllegalEventError: the event cannot happen in this state.
        """
        handler = _HANDLERS.get((self.state, type(event)))
        if handler is None:
            raise IllegalEventError(f"{type(event).__name__} in state {self.state}")
        return handler(self, event, now)

    def _on_start(self, event: Start, now: int) -> list[Effect]:
        self._down = set(event.down)
        self._unknown = set(event.unknown)
        self._delayed_until_ns = now + self.settings.startup_delay_ns if self.settings.startup_delay_ns else 0
        if self._down:
            return [RemoveAddresses(), *self._become_fault("start_up")]
        if self._unknown or self.synced or self.postpone(now):
            return [RemoveAddresses()]
        return [RemoveAddresses(), *self._leave_init(now)]

    def postpone(self, now: int) -> bool:
        """Whether it is an owner that waits for the end of its startup_delay; it then does. (An owner that waits for
        the first result of a script does not wait for anything else.)"""
        if not self.is_immediate_owner or now >= self._delayed_until_ns:
            return False
        self.deadline_ns = self._delayed_until_ns
        return True

    def _leave_init(self, now: int) -> list[Effect]:
        if self.is_immediate_owner:
            return self._become_master("start_up", now)
        return self._become_backup("start_up", now)

    def _on_init_timer(self, _event: TimerExpired, now: int) -> list[Effect]:
        return self._become_master("start_up", now)

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

    def _reassert(self, now: int) -> list[Effect]:
        # differs: RFC 5798 discards a lower advert; keepalived forces a new election.
        s = self.settings
        effects: list[Effect] = [] if s.lower_prio_no_advert else [SendAdvert(self.priority)]
        self._rearm_after_packet(now)
        return [*effects, *self.garps_against_a_lower(), Notify("MASTER_RX_LOWER_PRI")]

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
        return self._become_backup("recovered", now) if self.state is State.FAULT else []

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
            self.preempt_deadline_ns = None
            self.master_advert_int_ns = self.settings.advert_int_ns
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
    (State.INIT, TimerExpired): Machine._on_init_timer,
    (State.BACKUP, TimerExpired): Machine._on_backup_timer,
    (State.MASTER, TimerExpired): Machine._on_master_timer,
    **{(state, TrackedDown): Machine._on_tracked_down for state in _EVERY_STATE},
    **{(state, TrackedUp): Machine._on_tracked_up for state in _EVERY_STATE},
    **{(state, WeightChanged): Machine._on_weight for state in _EVERY_STATE},
    **{(state, Follow): Machine._on_follow for state in _EVERY_STATE},
    **{(state, Shutdown): Machine._on_shutdown for state in _EVERY_STATE},
    **{(state, Reload): Machine._on_reload for state in _EVERY_STATE},
}
