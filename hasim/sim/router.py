"""One ``vrrp_instance`` of a daemon: its state machine, its timer, and its place among the virtual routers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hasim.scenario.model import Instance, VrrpSettings
from hasim.sim.kernel import TIMERS, Timer
from hasim.vrrp.events import AdvertReceived, State
from hasim.vrrp.machine import Machine, Settings

if TYPE_CHECKING:
    from hasim.sim.daemon import Daemon

__all__ = ["Router"]


class Router:
    """What the network sees of a daemon in one virtual router.

    ``member`` is empty for the ``vrrp_instance`` of the floating address, and the name of a further one in its sync
    group. ``instance`` is the instance with the settings of this one, ``index`` the place among all routers of the run,
    which decides between simultaneous events.
    """

    __slots__ = (
        "address",
        "advert_drift_ns",
        "daemon",
        "index",
        "instance",
        "late",
        "machine",
        "member",
        "name",
        "settings",
        "timer",
    )

    def __init__(self, daemon: Daemon, member: str, vrrp: VrrpSettings) -> None:
        instance = daemon.instance if vrrp is daemon.instance.vrrp else replace(daemon.instance, vrrp=vrrp)
        self.daemon = daemon
        self.name = instance.name
        self.member = member
        self.instance = instance
        self.address = _source(instance)
        self.settings = _settings(instance, self.address)
        self.advert_drift_ns = instance.daemon.advert_drift_ns
        self.late = False
        self.machine = self._fresh_machine()

    def place(self, index: int) -> None:
        """Say which place it has among all routers."""
        self.index = index
        self.timer = Timer(self.daemon.world.kernel, TIMERS + index, self._timer_due)

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self.daemon.running

    @property
    def frozen(self) -> bool:
        """Whether it is not scheduled."""
        return self.daemon.frozen

    @property
    def queues_packets(self) -> bool:
        """Whether packets wait in the socket of a frozen process."""
        return self.daemon.queues_packets

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be worked on."""
        return self.daemon.idle

    @property
    def is_master(self) -> bool:
        """Whether the process runs (frozen or not) and believes to be MASTER here."""
        return self.daemon.running and self.machine.state is State.MASTER

    @property
    def next_advert_ns(self) -> int | None:
        """When the process will next wake up by itself."""
        deadline_ns = self.machine.deadline_ns
        if deadline_ns is not None and self.machine.state is State.MASTER:
            return deadline_ns + self.advert_drift_ns
        return deadline_ns

    def tracks(self, interface: str) -> bool:
        """Whether the loss of that interface's link means FAULT."""
        return interface in self.instance.vrrp.track_interfaces

    def packet(self, advert: AdvertReceived) -> None:
        """An advert has arrived at the interface."""
        self.daemon.packet(self, advert)

    def arm(self) -> None:
        """Set the timer to what the machine waits for."""
        daemon = self.daemon
        self.timer.set(self.next_advert_ns if daemon.running and not daemon.frozen else None)

    def reset(self) -> None:
        """A new process, or none: nothing is remembered."""
        self.machine = self._fresh_machine()
        self.late = False

    def _fresh_machine(self) -> Machine:
        """With the priority that keepalived.conf gives now; that of a further member of the sync group is fixed."""
        settings = self.settings
        if not self.member and (priority := self.daemon.configured_priority) != settings.priority:
            settings = replace(settings, priority=priority)
        return Machine(settings, synced=bool(self.daemon.instance.sync_group))

    def _timer_due(self) -> None:
        self.daemon.timer_due(self)


def _source(instance: Instance) -> int:
    """The address that its adverts come from, as a number."""
    heartbeat = next(i for i in instance.interfaces if i.name == instance.vrrp.interface)
    if instance.vrrp.native_ipv6:
        assert heartbeat.ipv6_address is not None, "resolved with the scenario"
        return int(heartbeat.ipv6_address)
    return int(heartbeat.address)


def _settings(instance: Instance, address: int) -> Settings:
    vrrp = instance.vrrp
    return Settings(
        address=address,
        priority=vrrp.priority,
        version=vrrp.version,
        advert_int_ns=vrrp.advert_int_ns,
        initial_state=State(vrrp.initial_state),
        nopreempt=vrrp.nopreempt,
        preempt_delay_ns=vrrp.preempt_delay_ns and vrrp.preempt_delay_ns + instance.daemon.preempt_lag_ns,
        startup_delay_ns=vrrp.startup_delay_ns,
        down_timer_adverts=vrrp.down_timer_adverts,
        higher_prio_send_advert=vrrp.higher_prio_send_advert,
        lower_prio_no_advert=vrrp.lower_prio_no_advert,
        garp_repeat=vrrp.garp_master_repeat,
        garp_delay_ns=vrrp.garp_master_delay_ns,
        garp_lower_prio_repeat=vrrp.garp_lower_prio_repeat,
        garp_lower_prio_delay_ns=vrrp.garp_lower_prio_delay_ns,
    )
