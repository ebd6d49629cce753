"""keepalived as a process: one thread that can be late, busy, frozen or dead, around the pure state machine.

Everything that happens to the machine goes through :meth:`Daemon.post`: a frozen process does nothing, a busy one
does it later, in the order in which it came; packets go before timers, as in keepalived's event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hasim.scenario.model import Instance
from hasim.sim.checks import Check
from hasim.sim.kernel import CHECKS, TIMERS, WORLD, Timer
from hasim.trace import (
    AdvertSent,
    CheckChanged,
    DaemonChanged,
    NotifyForked,
    PriorityChanged,
    StateChanged,
)
from hasim.units import SECOND
from hasim.vrrp.events import (
    AddAddresses,
    AdvertReceived,
    Effect,
    Event,
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
from hasim.vrrp.machine import Machine, Settings
from hasim.vrrp.track import weight_contribution

if TYPE_CHECKING:
    from hasim.sim.world import World

__all__ = ["Daemon"]

_LONG_LIFE_NS = 60 * SECOND
"""A VRRP process that has lived longer than this is replaced at once; others after a growing delay."""
_LONGEST_RESPAWN_DELAY_S = 60


class Daemon:
    """The keepalived of one instance."""

    def __init__(self, world: World, index: int, instance: Instance) -> None:
        self.world = world
        self.index = index
        self.name = instance.name
        self.instance = instance
        heartbeat = next(i for i in instance.interfaces if i.name == instance.vrrp.interface)
        self.address = int(heartbeat.address)
        self.settings = _settings(instance, self.address)
        self.machine = Machine(self.settings)
        self.running = False
        self.frozen = False
        self.queues_packets = False
        self.advert_drift_ns = instance.daemon.advert_drift_ns
        self.timer = Timer(world.kernel, TIMERS + index, self._timer_due)
        self._inbox: list[Event] = []
        self._busy_until_ns = 0
        self._late = False
        self._starts_on_thaw = False
        self._life = 0
        self._started_ns = -_LONG_LIFE_NS
        self._respawns = 0
        self._start_up = world.randomness.stream("daemon", self.name, "start_up")
        self._timer_latency = world.randomness.stream("daemon", self.name, "timer_latency")
        self._take_over = world.randomness.stream("daemon", self.name, "take_over")
        self._busy = world.randomness.stream("daemon", self.name, "busy")
        self.checks = [Check(world, self, script) for script in instance.vrrp.track_scripts]

    @property
    def state(self) -> State:
        """The VRRP state; INIT while there is no process."""
        return self.machine.state

    @property
    def is_master(self) -> bool:
        """Whether the process runs (frozen or not) and believes itself MASTER."""
        return self.running and self.machine.state is State.MASTER

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be worked on."""
        return not self._inbox and not self._late and self._busy_until_ns <= self.world.kernel.now

    @property
    def next_advert_ns(self) -> int | None:
        """When the process will next wake up by itself."""
        deadline_ns = self.machine.deadline_ns
        if deadline_ns is not None and self.machine.state is State.MASTER:
            return deadline_ns + self.advert_drift_ns
        return deadline_ns

    def assume_checks_good(self) -> None:
        """Give the fresh machine the priority that it has when every check has succeeded for long."""
        for script in self.instance.vrrp.track_scripts:
            if script.weight:
                self.machine.handle(WeightChanged(script.name, weight_contribution(script.weight, True)), 0)

    def resume(self, state: State, deadline_ns: int, master_address: int | None) -> None:
        """Be in the steady state at the start of a run."""
        self.running = True
        self.machine.resume(state, deadline_ns, master_address)
        self.world.record(DaemonChanged(0, self.name, True, "started"))
        self.world.record(StateChanged(0, self.name, State.INIT, state, "steady_state"))
        for check in self.checks:
            check.resume()
        self.arm()

    def start(self) -> None:
        """Execute the program; it is up after its start-up time, unless it is killed before."""
        self._life += 1
        life = self._life
        delay_ns = self.instance.daemon.start_up.quantile(self._start_up.uniform())
        kernel = self.world.kernel
        kernel.at(kernel.now + delay_ns, WORLD, lambda _event: self._started(life))

    def stop(self) -> None:
        """SIGTERM: priority 0 if MASTER, addresses removed, STOP scripts, gone."""
        if self.running:
            self.world.heartbeats.touch()
            self._handle(Shutdown())
            self._gone("stopped")
        self._life += 1

    def kill(self, reason: str) -> None:
        """The process is gone without a word (SIGKILL, or its instance died)."""
        if self.running:
            self.world.heartbeats.touch()
            old = self.machine.state
            self._gone(reason)
            self.world.record(StateChanged(self.world.kernel.now, self.name, old, State.INIT, "died"))
        self._life += 1

    def lose_child(self) -> None:
        """The VRRP process alone is killed: its parent starts another, the sooner the longer this one has lived."""
        if not self.running:
            return
        kernel = self.world.kernel
        if kernel.now - self._started_ns > _LONG_LIFE_NS:
            self._respawns = 0
        delay_ns = min((1 << self._respawns) // 2, _LONGEST_RESPAWN_DELAY_S) * SECOND
        self._respawns += 1
        self.kill("killed")
        life = self._life
        kernel.at(kernel.now + delay_ns, WORLD, lambda _event: self._respawn(life))

    def _respawn(self, life: int) -> None:
        if life == self._life:
            self.start()

    def freeze(self, *, queues_packets: bool) -> None:
        """The process is not scheduled any more; packets wait in its socket or are lost."""
        self.world.heartbeats.touch()
        self.frozen = True
        self.queues_packets = queues_packets
        for check in self.checks:
            check.freeze()

    def thaw(self) -> None:
        """The process goes on: first what waits in the socket, then timers that are overdue."""
        self.world.heartbeats.touch()
        self.frozen = False
        if self._starts_on_thaw:
            self._starts_on_thaw = False
            self._started(self._life)
            return
        if not self.running:
            return
        for check in self.checks:
            check.thaw()
        self._drain()

    def packet(self, advert: AdvertReceived) -> None:
        """An advert has arrived at the interface."""
        if self.running and (not self.frozen or self.queues_packets):
            self.post(advert)

    def post(self, event: Event) -> None:
        """Something for the state machine; it is worked on at once, or when the process can."""
        if not self.running:
            return
        self.world.heartbeats.touch()
        if self.frozen or self._busy_until_ns > self.world.kernel.now:
            self._inbox.append(event)
        else:
            self._handle(event)

    def reload(self, priority: int) -> None:
        """SIGHUP with a configuration that gives another priority."""
        self.post(Reload(priority))

    def check_result(self, check: Check) -> None:
        """A track script's verdict is in or has changed."""
        up = check.counter.up
        script = check.script
        self.world.record(CheckChanged(self.world.kernel.now, self.name, script.name, up))
        if script.weight:
            self.post(WeightChanged(script.name, weight_contribution(script.weight, up)))
        elif up:
            self.post(TrackedUp(script.name))
        else:
            self.post(TrackedDown(script.name, "track_script"))

    def link_changed(self, interface: str, up: bool) -> None:
        """The kernel says that an interface's carrier changed."""
        if not self._tracks(interface):
            return
        self.post(TrackedUp(interface) if up else TrackedDown(interface, "link_down"))

    def arm(self) -> None:
        """Set the process's timer to what the machine waits for."""
        self.timer.set(self.next_advert_ns if self.running and not self.frozen else None)

    def _tracks(self, interface: str) -> bool:
        return interface in self.instance.vrrp.track_interfaces

    def _started(self, life: int) -> None:
        if life != self._life:
            return
        if self.frozen:
            self._starts_on_thaw = True
            return
        world = self.world
        world.heartbeats.touch()
        self.machine = Machine(self.settings)
        self.running = True
        self._started_ns = world.kernel.now
        self._busy_until_ns = 0
        world.record(DaemonChanged(world.kernel.now, self.name, True, "started"))
        down = frozenset(
            i.name
            for i in self.instance.interfaces
            if self._tracks(i.name) and not world.fabric.link_is_up(self.name, i.name)
        )
        unknown = frozenset(script.name for script in self.instance.vrrp.track_scripts if script.weight == 0)
        self._handle(Start(down, unknown))
        for check in self.checks:
            check.start()
        world.daemon_started(self)

    def _gone(self, reason: str) -> None:
        self.running = False
        self.machine = Machine(self.settings)
        self._inbox.clear()
        self._late = False
        self._starts_on_thaw = False
        self.timer.set(None)
        for check in self.checks:
            check.stop()
        self.world.record(DaemonChanged(self.world.kernel.now, self.name, False, reason))
        self.world.daemon_gone(self, at_once=reason != "stopped")

    def _timer_due(self) -> None:
        if self.frozen or self._late or not self.running or self._busy_until_ns > self.world.kernel.now:
            return
        if self.machine.state is State.MASTER:
            if not self.world.heartbeats.try_park(self):
                self._handle(TimerExpired())
            return
        latency_ns = self.instance.daemon.timer_latency.quantile(self._timer_latency.uniform())
        self._late = True
        self._later(latency_ns, self._wake_up)

    def _wake_up(self) -> None:
        """The expired timer is noticed; a packet may have moved the deadline meanwhile."""
        self._late = False
        if not self.frozen:
            self._expire_or_arm()

    def _expire_or_arm(self) -> None:
        deadline_ns = self.next_advert_ns
        if deadline_ns is None or deadline_ns > self.world.kernel.now:
            self.arm()
        elif self.machine.state is State.BACKUP:
            self._decide()
        else:
            self._handle(TimerExpired())

    def _decide(self) -> None:
        """The thread begins to take over: it reads no more packets until its first advert is out."""
        duration_ns = self.instance.daemon.take_over.quantile(self._take_over.uniform())
        self._busy_until_ns = self.world.kernel.now + duration_ns
        self._late = True
        self._later(duration_ns, self._take_over_now)

    def _take_over_now(self) -> None:
        self._late = False
        if self.frozen:
            return
        self.timer.set(None)
        self._handle(TimerExpired())
        if self._busy_until_ns <= self.world.kernel.now:
            self._drain()

    def _later(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Do it after a delay, unless the process is gone by then."""
        if delay_ns == 0:
            action()
            return
        life, kernel = self._life, self.world.kernel

        def due(_event: Any) -> None:
            if life == self._life and self.running:
                action()

        kernel.at(kernel.now + delay_ns, CHECKS, due)

    def _drain(self) -> None:
        """Work off what came while the process could not."""
        while self._inbox and self._busy_until_ns <= self.world.kernel.now and not self.frozen:
            self._handle(self._inbox.pop(0))
        if self.running and not self.frozen and self._busy_until_ns <= self.world.kernel.now:
            self._expire_or_arm()

    def _handle(self, event: Event) -> None:
        now = self.world.kernel.now
        for effect in self.machine.handle(event, now):
            self._apply(effect)
        if self._busy_until_ns > now:
            begins_afresh = self.machine.deadline_ns == now + self.settings.advert_int_ns
            self._later(self._busy_until_ns - now, lambda: self._finish(begins_afresh))
        self.arm()

    def _finish(self, begins_afresh: bool) -> None:
        """The work that an event caused is done; an interval that began with the event begins only now."""
        if self._busy_until_ns > self.world.kernel.now or self.frozen:
            return
        if begins_afresh:
            self.machine.finish(self.world.kernel.now)
        self._drain()

    def _apply(self, effect: Effect) -> None:
        world, now = self.world, self.world.kernel.now
        match effect:
            case SendAdvert(priority):
                if world.detail and world.fabric.link_is_up(self.name, self.instance.vrrp.interface):
                    world.record(AdvertSent(now, self.name, priority))
                world.heartbeats.send(self, priority)
            case Transition(old, new, reason):
                world.record(StateChanged(now, self.name, old, new, reason))
                if new is State.MASTER:
                    self._occupy()
                world.state_changed(self, old, new)
            case AddAddresses():
                world.hosts[self.name].keepalived_address(True)
            case RemoveAddresses():
                world.hosts[self.name].keepalived_address(False)
            case Notify(event):
                if world.detail:
                    world.record(NotifyForked(now, self.name, event))
                if event == "MASTER_RX_LOWER_PRI":
                    self._occupy()
                world.scripts.notify(self, event)
            case PriorityMoved(old_priority, new_priority):
                world.record(PriorityChanged(now, self.name, old_priority, new_priority))
            case SendGarps(repeat, after_ns):
                life = self._life
                world.garps.send(self, repeat, after_ns, lambda: life == self._life and self.is_master)

    def _occupy(self) -> None:
        """The single thread adds addresses, sends ARPs and forks scripts: packets and timers wait."""
        busy_ns = self.instance.daemon.busy.quantile(self._busy.uniform())
        self._busy_until_ns = max(self._busy_until_ns, self.world.kernel.now) + busy_ns


def _settings(instance: Instance, address: int) -> Settings:
    vrrp = instance.vrrp
    return Settings(
        address=address,
        priority=vrrp.priority,
        version=vrrp.version,
        advert_int_ns=vrrp.advert_int_ns,
        initial_state=State(vrrp.initial_state),
        nopreempt=vrrp.nopreempt,
        preempt_delay_ns=vrrp.preempt_delay_ns,
        startup_delay_ns=vrrp.startup_delay_ns,
        down_timer_adverts=vrrp.down_timer_adverts,
        higher_prio_send_advert=vrrp.higher_prio_send_advert,
        lower_prio_no_advert=vrrp.lower_prio_no_advert,
        garp_repeat=vrrp.garp_master_repeat,
        garp_delay_ns=vrrp.garp_master_delay_ns,
        garp_lower_prio_repeat=vrrp.garp_master_repeat,
        garp_lower_prio_delay_ns=vrrp.garp_master_delay_ns,
    )
