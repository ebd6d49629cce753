"""A guest: power, freezing, its service, and the floating address as its operating system sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import simpy

from hasim.scenario.advertised import drops_clients
from hasim.scenario.model import Instance
from hasim.sim.guest import Agenda, Contents, Processes
from hasim.sim.kernel import WORLD
from hasim.trace import AcceptChanged, GuestAddressChanged, NetworkChanged, PowerChanged, ServiceChanged

if TYPE_CHECKING:
    from hasim.sim.world import World

__all__ = ["Host"]


class Host:
    """One CVM instance from the inside. Faults nest: it boots when every fault that keeps it down is over.

    A frozen one loses its power like any other; but what somebody has to do inside it, such as the killing of a process
    or an orderly stop, is done when it goes on.
    """

    def __init__(self, world: World, instance: Instance) -> None:
        self.name = instance.name
        self.instance = instance
        self.power = "running"
        self.accepts = True
        """Whether the guest takes what is addressed to the floating address, and drops nothing of it."""
        self.thawed: simpy.Event | None = None
        self.agenda = Agenda(world.kernel)
        self.processes = Processes(instance.vrrp.track_processes)
        self.files: dict[str, Contents[int | None]] = {f.name: Contents(f.value) for f in instance.vrrp.track_files}
        self.priority = Contents(instance.vrrp.priority)
        """What keepalived.conf says."""
        self._world = world
        self._down = 0
        self._is_stopping = False
        self._frozen = 0
        self._keepalived_down = 0
        self._service_failures = 0
        self._service_hangs = 0
        self._service_started = True
        self._answered = False
        self._network_is_ready = True
        self._life = 0
        self._service_order = 0
        self._address_order = 0
        self._is_configured = False
        streams = world.randomness
        self._boot = streams.stream("guest", self.name, "boot")
        self._appears = streams.stream("guest", self.name, "interface_appears")
        self._configure = streams.stream("guest", self.name, "configure")
        self._service_start = streams.stream("service", self.name, "start_up")
        self._network_ready = streams.stream("guest", self.name, "network_ready")

    @property
    def running(self) -> bool:
        """Whether the operating system is up and scheduled."""
        return self.power == "running" and not self._frozen

    @property
    def frozen(self) -> bool:
        """Whether it is up but not scheduled."""
        return self._frozen > 0

    @property
    def address_present(self) -> bool:
        """Whether it has the floating address, and lets packets through to it."""
        return self._is_configured and self.accepts

    @property
    def address_dropped(self) -> bool:
        """Whether it has the floating address, and drops what is sent there."""
        return self._is_configured and not self.accepts

    @property
    def service_answers(self) -> bool:
        """Whether the application answers locally."""
        return self.running and self._service_started and not self._service_failures and self._service_runs

    @property
    def _service_runs(self) -> bool:
        """Whether the process that the application is made of is there (where a scenario names one)."""
        process = self.instance.service.process
        return process is None or self.processes.running(process) > 0

    @property
    def service_hangs(self) -> bool:
        """Whether somebody who asks the application waits in vain, rather than being refused."""
        return self._service_hangs > 0

    def resume(self, *, master: bool) -> None:
        """Be up at the start of a run; ``master``: with the floating address, as in the steady state."""
        self._service_started = master or not self.instance.service.on_master_only
        self._answered = self.service_answers
        vrrp = self.instance.vrrp
        self.accepts = not (master and drops_clients(self._world.scenario, vrrp, vrrp.priority))
        self._is_configured = master or self._has_own_address
        self._world.record(PowerChanged(0, self.name, self.power))
        self._world.record(ServiceChanged(0, self.name, self._answered))
        if self.address_present:
            self._world.record(GuestAddressChanged(0, self.name, True))
        if not self.accepts:
            self._world.record(AcceptChanged(0, self.name, False))

    def power_off(self, reason: str) -> None:
        """The power is gone (again): everything inside is gone with it."""
        self._down += 1
        if self.power != "off":
            self._cut_power("stop" if self._is_stopping else reason)

    def shut_down(self) -> None:
        """An orderly stop: keepalived stops politely, its scripts get their grace, then the power goes."""
        self._down += 1
        if self.power != "off" and not self._is_stopping:
            self._is_stopping = True
            self.agenda.do(self._shut_down)

    def power_on(self) -> None:
        """One fault that kept it down is over; after the last it boots, once it is off: a stop is not called back."""
        self._down -= 1
        if not self._down and self.power == "off":
            self._boot_up()

    def freeze(self, *, queues_packets: bool) -> None:
        """All its processes stand still."""
        self._frozen += 1
        if self._frozen == 1:
            self.thawed = self._world.kernel.event()
            daemon = self._world.daemons[self.name]
            daemon.freeze(queues_packets=queues_packets)
            self._world.scripts.freeze(daemon)
            self.agenda.freeze()
            if self.power == "running":
                self._world.record(PowerChanged(self._world.kernel.now, self.name, "frozen"))
            self._changed()

    def thaw(self) -> None:
        """They go on."""
        self._frozen -= 1
        if self._frozen:
            return
        if self.power == "running":
            self._world.record(PowerChanged(self._world.kernel.now, self.name, "running"))
        if self.thawed is not None:
            self.thawed.succeed()
            self.thawed = None
        self._changed()
        daemon = self._world.daemons[self.name]
        daemon.thaw()
        self.agenda.thaw()
        daemon.catch_up()
        self._world.scripts.thaw(daemon)
        self._world.thawed()

    def keepalived_down(self, *, politely: bool) -> None:
        """keepalived is stopped or killed, and stays away until :meth:`keepalived_up`."""
        self._keepalived_down += 1
        daemon = self._world.daemons[self.name]
        self.agenda.do(daemon.stop if politely else lambda: daemon.kill("killed"))

    def keepalived_up(self) -> None:
        """keepalived may run again."""
        self._keepalived_down -= 1
        self.start_keepalived()

    def start_keepalived(self) -> None:
        """Somebody starts keepalived, if nothing keeps it away; a boot does it by itself."""
        self.agenda.do(self._start_keepalived)

    def service_fails(self, *, hangs: bool) -> None:
        """The application stops answering."""
        self._service_failures += 1
        self._service_hangs += hangs
        self._changed()

    def service_recovers(self, *, hangs: bool) -> None:
        """The application answers again."""
        self._service_failures -= 1
        self._service_hangs -= hangs
        self._changed()

    def end_processes(self, name: str, count: int | None) -> None:
        """So many of a tracked process (None: all) end."""
        self.processes.end(name, count)
        self._process_changed(name)

    def start_processes(self, name: str, count: int | None) -> None:
        """They are started again."""
        self.processes.start_again(name, count)
        self._process_changed(name)

    def write_file(self, fault: str, name: str, value: int) -> None:
        """A fault writes a number into a tracked file."""
        self.files[name].write(fault, value)
        self._world.daemons[self.name].tracking.file_written(name)

    def restore_file(self, fault: str, name: str) -> None:
        """The file says again what it said before that fault."""
        self.files[name].restore(fault)
        self._world.daemons[self.name].tracking.file_written(name)

    def reload_keepalived(self, fault: str, priority: int | None) -> None:
        """A fault writes another priority into keepalived.conf (None: the file stays as it is), and has it read."""
        if priority is not None:
            self.priority.write(fault, priority)
        self.agenda.do(self._world.daemons[self.name].reload)

    def restore_configuration(self, fault: str) -> None:
        """keepalived.conf says again what it said before that fault, and is read again."""
        self.priority.restore(fault)
        self.agenda.do(self._world.daemons[self.name].reload)

    def mastership(self, *, master: bool) -> None:
        """keepalived became MASTER here, or is no longer: start or stop a service that runs only there."""
        if not self.instance.service.on_master_only or self.power != "running":
            return
        if master:
            self._start_service()
        else:
            self._stop_service()

    def keepalived_address(self, present: bool) -> None:
        """keepalived adds or removes the virtual address, where the mechanism has one."""
        if self._world.scenario.floating.mechanism.is_configured_by_keepalived:
            self._address_order += 1
            if present:
                self._configure_address(self._address_order)
            else:
                self._set_address(False)

    def set_accepts(self, accepts: bool) -> None:
        """keepalived adds the rules that drop what is addressed to its addresses, or takes them away."""
        if accepts != self.accepts:
            was_present = self.address_present
            self.accepts = accepts
            self._world.record(AcceptChanged(self._world.kernel.now, self.name, accepts))
            self._address_may_have_changed(was_present)

    def interface_attached(self) -> None:
        """The cloud has attached the floating ENI: the guest has to notice and configure it."""
        self._address_order += 1
        order = self._address_order
        if self.power == "running":
            delay_ns = self.instance.guest.interface_appears.quantile(self._appears.uniform())
            self._later(delay_ns, lambda: self._configure_address(order))

    def interface_detached(self) -> None:
        """The floating ENI is gone."""
        self._address_order += 1
        self._set_address(False)

    @property
    def _has_own_address(self) -> bool:
        """Whether packets arrive at a private address that the guest always has, as an EIP's do."""
        return self._world.scenario.floating.mechanism.is_public

    def _shut_down(self) -> None:
        daemon = self._world.daemons[self.name]
        if not daemon.running:
            self._cut_power("stop")
            return
        daemon.stop()
        self._stop_service()
        self.agenda.wait(self.instance.daemon.stop_grace_ns, lambda: self._cut_power("stop"))

    def _start_keepalived(self) -> None:
        if self.power == "running" and not self._is_stopping and not self._keepalived_down:
            self._world.daemons[self.name].start()

    def _cut_power(self, reason: str) -> None:
        self._life += 1
        self._address_order += 1
        self.agenda.clear()
        self._is_stopping = False
        self._set_power("off")
        if reason == "stop":
            self._world.control_plane.power(self.name, running=False)
        self._world.daemons[self.name].kill("crash")
        self._world.scripts.kill(self.name)
        self._set_address(False)
        self.accepts = True
        self._stop_service()
        if not self._down:
            self._boot_up()

    def _boot_up(self) -> None:
        self._set_power("booting")
        self._world.control_plane.power(self.name, running=True)
        self._later(self.instance.guest.boot.quantile(self._boot.uniform()), self._booted)

    def _process_changed(self, name: str) -> None:
        if self.power == "running":
            self._world.daemons[self.name].tracking.process_changed(name)
            if name == self.instance.service.process:
                if not self._service_runs:
                    self._stop_service()
                elif not self._service_started and not self._is_stopping:
                    self._start_service()

    def _booted(self) -> None:
        self._set_power("running")
        self._wait_for_network()
        if self._has_own_address:
            self._set_address(True)
        self._start_keepalived()
        if not self.instance.service.on_master_only and self._service_runs:
            self._start_service()
        floating = self._world.scenario.floating
        if floating.mechanism.moves_interface and self._world.control_plane.attached == self.name:
            self._address_order += 1
            self._configure_address(self._address_order)
        self._changed()

    def _wait_for_network(self) -> None:
        """The links are up; packets pass only some time later, whether the guest is frozen by then or not."""
        delay_ns = self.instance.guest.network_ready.quantile(self._network_ready.uniform())
        if delay_ns:
            self._set_network(False)
            life, kernel = self._life, self._world.kernel

            def ready(_event: Any) -> None:
                if life == self._life:
                    self._set_network(True)

            kernel.at(kernel.now + delay_ns, WORLD, ready)
        elif not self._network_is_ready:
            self._set_network(True)

    def _set_network(self, ready: bool) -> None:
        if ready != self._network_is_ready:
            self._network_is_ready = ready
            self._world.fabric.set_ready(self.name, ready)
            self._world.record(NetworkChanged(self._world.kernel.now, self.name, ready))
            self._world.paths_changed()

    def _start_service(self) -> None:
        self._service_order += 1
        order = self._service_order

        def started() -> None:
            if order == self._service_order:
                self._service_started = True
                self._changed()

        self._later(self.instance.service.start_up.quantile(self._service_start.uniform()), started)

    def _stop_service(self) -> None:
        self._service_order += 1
        self._service_started = False
        self._changed()

    def _configure_address(self, order: int) -> None:
        def configured() -> None:
            if order == self._address_order and self.power == "running":
                self._set_address(True)

        self._later(self.instance.guest.configure.quantile(self._configure.uniform()), configured)

    def _later(self, duration_ns: int, action: Callable[[], None]) -> None:
        """Do it after so much work, unless the power goes before."""
        if duration_ns:
            self.agenda.work(duration_ns, action)
        else:
            self.agenda.do(action)

    def _set_power(self, power: str) -> None:
        self.power = power
        self._world.record(PowerChanged(self._world.kernel.now, self.name, power))

    def _set_address(self, present: bool) -> None:
        was_present = self.address_present
        self._is_configured = present
        self._address_may_have_changed(was_present)

    def _address_may_have_changed(self, was_present: bool) -> None:
        present = self.address_present
        if present != was_present:
            self._world.record(GuestAddressChanged(self._world.kernel.now, self.name, present))
            self._world.reachability.evaluate()

    def _changed(self) -> None:
        """Power, freezing or the service changed: say so to whoever looks at it."""
        answers = self.service_answers
        if answers != self._answered:
            self._answered = answers
            self._world.record(ServiceChanged(self._world.kernel.now, self.name, answers))
            for check in self._world.daemons[self.name].checks:
                check.poke()
        self._world.reachability.evaluate()
