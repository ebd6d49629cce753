"""keepalived as a process: one thread that can be late, busy, frozen or dead, around pure state machines.

Everything that happens to a machine goes through :meth:`Daemon.post`: a frozen process does nothing, a busy one
does it later, in the order in which it came; packets go before timers, as in keepalived's event loop. A daemon has one
router for the floating address, and further ones if that is in a sync group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hasim.scenario.model import Instance
from hasim.scenario.steady import steady_contributions, steady_faults
from hasim.sim.checks import Check
from hasim.sim.effects import apply, apply_of_member
from hasim.sim.inbox import Inbox
from hasim.sim.kernel import CHECKS
from hasim.sim.lives import Lives
from hasim.sim.router import Router
from hasim.sim.tracking import Tracking, verdict
from hasim.trace import CheckChanged, DaemonChanged, StateChanged
from hasim.vrrp.events import (
    AdvertReceived,
    Effect,
    Event,
    Reload,
    Shutdown,
    State,
    TimerExpired,
    WeightChanged,
)
from hasim.vrrp.machine import Machine
from hasim.vrrp.sync import SyncGroup

if TYPE_CHECKING:
    from hasim.sim.world import World

__all__ = ["Daemon"]


class Daemon:
    """The keepalived of one instance."""

    def __init__(self, world: World, instance: Instance) -> None:
        self.world = world
        self.name = instance.name
        self.instance = instance
        self._host = world.hosts[self.name]
        self.router = Router(self, "", instance.vrrp)
        self.routers = (self.router, *(Router(self, member.name, member.vrrp) for member in instance.sync_group))
        self.running = False
        self.frozen = False
        self.queues_packets = False
        self._group: SyncGroup | None = None
        self._inbox = Inbox(self.routers)
        self._busy_until_ns = 0
        self._lives = Lives(world, instance, self._started)
        self._reloads = 0
        self._timer_latency = world.randomness.stream("daemon", self.name, "timer_latency")
        self._take_over = world.randomness.stream("daemon", self.name, "take_over")
        self._busy = world.randomness.stream("daemon", self.name, "busy")
        self.checks = [Check(world, self, number, script) for number, script in enumerate(instance.vrrp.track_scripts)]
        self.tracking = Tracking(world, self)

    @property
    def machine(self) -> Machine:
        """The state machine of the floating address."""
        return self.router.machine

    @property
    def state(self) -> State:
        """The VRRP state; INIT while there is no process."""
        return self.machine.state

    @property
    def is_master(self) -> bool:
        """Whether the process runs (frozen or not) and believes itself MASTER."""
        return self.running and self.machine.state is State.MASTER

    @property
    def configured_priority(self) -> int:
        """What its keepalived.conf says now."""
        return self._host.priority.value

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be worked on."""
        if self._inbox or self._busy_until_ns > self.world.kernel.now:
            return False
        return not any(router.late for router in self.routers)

    def assume_good(self) -> None:
        """Give the fresh machine the priority that it has when everything it tracks has been well for long."""
        for name, contribution in steady_contributions(self.instance).items():
            self.machine.handle(WeightChanged(name, contribution), 0)

    def resume(self, state: State, deadlines_ns: Mapping[Router, int]) -> None:
        """Be in the steady state at the start of a run: MASTER or BACKUP, with the deadline of each router."""
        for router in self.routers:
            router.machine.resume(state, deadlines_ns[router])
        self._resumed(state)

    def resume_in_fault(self) -> None:
        """Be in FAULT at the start of a run, because of what is tracked."""
        for router in self.routers:
            down = steady_faults(self.instance) if router is self.router else ()
            router.machine.resume_in_fault(frozenset(down))
        self._resumed(State.FAULT)

    def _resumed(self, state: State) -> None:
        self.running = True
        self._join_group()
        if self._group is not None:
            self._group.resume(state)
        self.world.record(DaemonChanged(0, self.name, True, "started"))
        self.world.record(StateChanged(0, self.name, State.INIT, state, "steady_state"))
        for check in self.checks:
            check.resume()
        self.arm()

    def start(self) -> None:
        """Execute the program, if it is not there."""
        if not self.running:
            self._lives.begin()

    def stop(self) -> None:
        """SIGTERM: priority 0 if MASTER, addresses removed, STOP scripts; then it takes part no more, and is gone after
        its grace."""
        if self.running:
            self.world.heartbeats.touch()
            for router in self.routers:
                self._handle(router, Shutdown())
            self._gone("stopped")
            self._lives.leave()
        else:
            self._lives.end()

    def kill(self, reason: str) -> None:
        """The process is gone without a word (SIGKILL, or its instance died)."""
        if self.running:
            self.world.heartbeats.touch()
            old = self.machine.state
            self._gone(reason)
            self.world.record(StateChanged(self.world.kernel.now, self.name, old, State.INIT, "died"))
        elif self._lives.is_leaving:
            self.world.scripts.kill(self.name)
        self._lives.die()

    def lose_child(self, *, politely: bool) -> None:
        """The VRRP process alone is ended (``politely``: by SIGTERM, and gone only after its grace): its parent starts
        another, the sooner the longer this one has lived."""
        self._host.agenda.do(lambda: self._lose_child(politely=politely))

    def _lose_child(self, *, politely: bool) -> None:
        if not self.running:
            return
        if politely:
            self.stop()
        else:
            self.kill("killed")
        self._lives.replace()

    def freeze(self, *, queues_packets: bool) -> None:
        """The process is not scheduled any more; packets wait in its socket, while it has room, or are lost."""
        self.world.heartbeats.touch()
        self.frozen = True
        self.queues_packets = queues_packets
        for check in self.checks:
            check.freeze()
        self.world.garps.freeze(self)

    def thaw(self) -> None:
        """The process is scheduled again; signals that wait for it come before :meth:`catch_up`."""
        self.world.heartbeats.touch()
        self.frozen = False

    def catch_up(self) -> None:
        """After a freeze: first what waits in the socket, then timers that are overdue."""
        if not self.running:
            return
        for check in self.checks:
            check.thaw()
        self.world.garps.thaw(self)
        self.tracking.thaw()
        self._drain()

    def packet(self, router: Router, advert: AdvertReceived) -> None:
        """An advert has arrived at the interface of one of the routers."""
        if not self.frozen or self.queues_packets:
            self.post(advert, router)

    def asker(self) -> Callable[[], bool]:
        """Whoever calls it later learns whether this process is still the one of now, has not read its configuration
        again (which forgets all that was planned), and is still MASTER."""
        life, reloads = self._lives.number, self._reloads
        return lambda: (life, reloads) == (self._lives.number, self._reloads) and self.is_master

    def post(self, event: Event, router: Router | None = None) -> None:
        """Something for a state machine (None: that of the floating address); it is worked on at once, or when the
        process can."""
        if not self.running:
            return
        self.world.heartbeats.touch()
        if self.frozen or self._busy_until_ns > self.world.kernel.now:
            self._inbox.put(router or self.router, event)
        else:
            self._handle(router or self.router, event)

    def reload(self) -> None:
        """SIGHUP: it reads its configuration again, and runs all checks at once."""
        self._lives.hurry()
        self._reloads += 1
        self.post(Reload(self.configured_priority))
        for check in self.checks:
            check.reload()

    def check_result(self, check: Check) -> None:
        """A track script's verdict is in or has changed."""
        up = check.counter.up
        script = check.script
        self.world.record(CheckChanged(self.world.kernel.now, self.name, script.name, up))
        self.post(verdict(script.name, script.weight, up, reverse=script.reverse, reason="track_script"))

    def arm(self) -> None:
        """Set the process's timers to what the machines wait for."""
        for router in self.routers:
            router.arm()

    def _started(self) -> None:
        world = self.world
        world.heartbeats.touch()
        for router in self.routers:
            router.reset()
        self._join_group()
        self.running = True
        self._busy_until_ns = 0
        world.record(DaemonChanged(world.kernel.now, self.name, True, "started"))
        self._begin()
        for check in self.checks:
            check.start()
        world.daemon_started(self)

    def _join_group(self) -> None:
        if self.instance.sync_group:
            self._group = SyncGroup({router.member: router.machine for router in self.routers})

    def _begin(self) -> None:
        """Tell the machines what is known of all that they track."""
        weights, starts = self.tracking.start()
        for router, event in weights:
            self._handle(router, event)
        if self._group is None:
            self._handle(self.router, starts[self.router])
        else:
            effects = self._group.start({router.member: start for router, start in starts.items()}, self._now)
            self._carry_out([(self._named(member), effect) for member, effect in effects])

    def _named(self, member: str) -> Router:
        return next(router for router in self.routers if router.member == member)

    @property
    def _now(self) -> int:
        return self.world.kernel.now

    def _gone(self, reason: str) -> None:
        self.running = False
        self._group = None
        self._inbox.clear()
        for router in self.routers:
            router.reset()
            router.timer.set(None)
        for check in self.checks:
            check.stop()
        self.tracking.stop()
        self.world.record(DaemonChanged(self.world.kernel.now, self.name, False, reason))
        self.world.daemon_gone(self, at_once=reason != "stopped")

    def timer_due(self, router: Router) -> None:
        """What a router waits for has come."""
        if self.frozen or router.late or not self.running or self._busy_until_ns > self.world.kernel.now:
            return
        if router.machine.state is State.MASTER:
            if not self.world.heartbeats.try_park(router):
                self._handle(router, TimerExpired())
            return
        latency_ns = self.instance.daemon.timer_latency.quantile(self._timer_latency.uniform())
        router.late = True
        self._later(latency_ns, lambda: self._wake_up(router))

    def _wake_up(self, router: Router) -> None:
        """The expired timer is noticed; a packet may have moved the deadline meanwhile."""
        router.late = False
        if not self.frozen and (router is self.router or self._busy_until_ns <= self._now):
            self._expire_or_arm(router)

    def _expire_or_arm(self, router: Router) -> None:
        deadline_ns = router.next_advert_ns
        if deadline_ns is None or deadline_ns > self.world.kernel.now:
            router.arm()
        elif router.machine.state is State.BACKUP and self._may_lead(router):
            self._decide(router)
        else:
            self._handle(router, TimerExpired())

    def _may_lead(self, router: Router) -> bool:
        return self._group is None or self._group.lets_lead(router.member)

    def _decide(self, router: Router) -> None:
        """The thread begins to take over: it reads no more packets until its first advert is out."""
        duration_ns = self.instance.daemon.take_over.quantile(self._take_over.uniform())
        self._busy_until_ns = self.world.kernel.now + duration_ns
        router.late = True
        self._later(duration_ns, lambda: self._take_over_now(router))

    def _take_over_now(self, router: Router) -> None:
        router.late = False
        if self.frozen:
            return
        router.timer.set(None)
        self._handle(router, TimerExpired())
        if self._busy_until_ns <= self.world.kernel.now:
            self._drain()

    def _later(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Do it after a delay, unless the process is gone by then."""
        if delay_ns == 0:
            action()
            return
        life, kernel = self._lives.number, self.world.kernel

        def due(_event: Any) -> None:
            if life == self._lives.number and self.running:
                action()

        kernel.at(kernel.now + delay_ns, CHECKS, due)

    def _drain(self) -> None:
        """Work off what came while the process could not."""
        while self._inbox and self._is_free:
            self._handle(*self._inbox.take())
        for router in self.routers:
            if self.running and self._is_free and not router.late:
                self._expire_or_arm(router)

    @property
    def _is_free(self) -> bool:
        return self._busy_until_ns <= self.world.kernel.now and not self.frozen

    def _handle(self, router: Router, event: Event) -> None:
        if self._group is None:
            for effect in router.machine.handle(event, self._now):
                apply(self, effect)
            self._go_on((router,))
            return
        wanted = self._group.handle(router.member, event, self._now)
        self._carry_out([(self._named(member), effect) for member, effect in wanted], router)

    def _carry_out(self, effects: Sequence[tuple[Router, Effect]], router: Router | None = None) -> None:
        """Do what an event (at ``router``) made the machines want."""
        for owner, effect in effects:
            if owner is self.router:
                apply(self, effect)
            else:
                apply_of_member(self, owner, effect)
        self._go_on(dict.fromkeys([*([router] if router else []), *(owner for owner, _ in effects)]))

    def _go_on(self, concerned: Iterable[Router]) -> None:
        """Wait for what is next, after something that concerned these routers."""
        if self._busy_until_ns > (now := self._now):
            begun = [r for r in concerned if r.machine.deadline_ns == now + r.settings.advert_int_ns]
            self._later(self._busy_until_ns - now, lambda: self._finish(begun))
        self.arm()

    def _finish(self, begun: Iterable[Router]) -> None:
        """The work that an event caused is done; an interval that began with the event begins only now."""
        if not self._is_free:
            return
        for router in begun:
            router.machine.finish(self._now)
        self._drain()

    def occupy(self) -> None:
        """The single thread adds addresses, sends ARPs and forks scripts: packets and timers wait."""
        busy_ns = self.instance.daemon.busy.quantile(self._busy.uniform())
        self._busy_until_ns = max(self._busy_until_ns, self.world.kernel.now) + busy_ns
