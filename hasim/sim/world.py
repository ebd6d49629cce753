"""The world of one run: everything that exists, wired together, and its beginning in the steady state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hasim.scenario.model import Instance, Scenario
from hasim.scenario.topology import build_region
from hasim.sim.control_plane import ControlPlane
from hasim.sim.daemon import Daemon
from hasim.sim.fabric import Fabric
from hasim.sim.faults import Faults
from hasim.sim.garps import Garps
from hasim.sim.heartbeats import Heartbeats
from hasim.sim.host import Host
from hasim.sim.kernel import WORLD, Kernel
from hasim.sim.randomness import Randomness
from hasim.sim.reachability import Reachability
from hasim.sim.scripts import Scripts
from hasim.trace import AddressHeld, AddressRouted, Record
from hasim.vrrp.events import State
from hasim.vrrp.timers import OWNER_PRIORITY

__all__ = ["World"]


class World:
    """One run of a scenario, ready to go."""

    def __init__(self, scenario: Scenario, *, seed: int, replication: int, quiet: bool, detail: bool) -> None:
        self.scenario = scenario
        self.quiet = quiet
        self.detail = detail
        self.records: list[Record] = []
        self.kernel = Kernel(scenario.horizon_ns)
        self.randomness = Randomness(seed, replication)
        self.fabric = Fabric(scenario, self.randomness, lambda: self.heartbeats.touch())
        self.heartbeats = Heartbeats(self.kernel, self.fabric, quiet=quiet)
        self.scripts = Scripts(self)
        self.script_start_up = {i.name: self.randomness.stream("script", i.name) for i in scenario.instances}
        self.service_interface = {i.name: _service_interface(scenario, i) for i in scenario.instances}
        master = self._first_master()
        self.hosts = {instance.name: Host(self, instance) for instance in scenario.instances}
        self.control_plane = ControlPlane(self, build_region(scenario, master), master)
        self.garps = Garps(self)
        self.daemons: dict[str, Daemon] = {}
        for index, instance in enumerate(scenario.instances):
            daemon = self.daemons[instance.name] = Daemon(self, index, instance)
            self.heartbeats.join(daemon)
        self.reachability = Reachability(self)
        if scenario.cold_start is None:
            self._begin(master)
        else:
            self._begin_cold(scenario.cold_start, master)
        Faults(self)

    def record(self, record: Record) -> None:
        """Something became true."""
        self.records.append(record)

    def state_changed(self, daemon: Daemon, old: State, new: State) -> None:
        """A VRRP instance changed its state."""
        if (old is State.MASTER) != (new is State.MASTER):
            self.hosts[daemon.name].mastership(master=new is State.MASTER)
            self.garps.mastership(daemon, master=new is State.MASTER)
        self.scripts.poke()

    def daemon_started(self, daemon: Daemon) -> None:
        """A keepalived process has come up."""
        self.scripts.join(daemon, steady=False)

    def daemon_gone(self, daemon: Daemon, *, at_once: bool) -> None:
        """A keepalived process has gone: its scripts go with it, at once or after their grace."""
        self.scripts.leave(daemon)
        self.garps.mastership(daemon, master=False)
        if at_once:
            self.scripts.kill(daemon.name)
        else:
            self.scripts.kill_later(daemon.name, daemon.instance.daemon.stop_grace_ns)

    def holder_changed(self) -> None:
        """The control plane's truth about the address changed."""
        self.scripts.poke()
        self.garps.poke()

    def thawed(self) -> None:
        """An instance goes on: its periodic activities have to look again at what happened meanwhile."""
        self.scripts.poke()
        self.garps.poke()

    def api_changed(self) -> None:
        """The API's condition changed, for everybody or for somebody."""
        self.scripts.poke()
        for daemon in self.daemons.values():
            for check in daemon.checks:
                check.poke()

    def paths_changed(self) -> None:
        """Who can reach whom changed."""
        self.api_changed()
        self.reachability.evaluate()

    def _first_master(self) -> str:
        """Whom the steady state has as MASTER."""
        scenario = self.scenario
        if scenario.initial_master is not None:
            return scenario.initial_master
        highest = max(_steady_priority(instance) for instance in scenario.instances)
        best = [instance for instance in scenario.instances if _steady_priority(instance) == highest]
        if len(best) > 1:
            # Equals do not preempt one another: whoever was MASTER last stays it, and either may have been.
            index = int(self.randomness.stream("initial_master").uniform() * len(best))
            return best[index].name
        return best[0].name

    def _begin(self, master: str) -> None:
        """Everything has been up for long, and ``master`` is somewhere between two of its adverts."""
        leader = self.daemons[master]
        step_ns = leader.settings.advert_int_ns + leader.advert_drift_ns
        if self.scenario.initial_phase_ns is None:
            next_advert_ns = int(self.randomness.stream("heartbeat", "phase").uniform() * step_ns)
        else:
            next_advert_ns = step_ns - self.scenario.initial_phase_ns
        for name, host in self.hosts.items():
            host.resume(master=name == master)
        for name, daemon in self.daemons.items():
            daemon.assume_checks_good()
            if name == master:
                daemon.resume(State.MASTER, next_advert_ns - leader.advert_drift_ns, None)
                continue
            heard_ns = next_advert_ns - step_ns
            if daemon.name in leader.instance.vrrp.peers:
                heard_ns += self.fabric.path(leader.instance, daemon.instance).latency_ns
            daemon.resume(State.BACKUP, heard_ns + daemon.machine.down_timer_ns, leader.address)
        for daemon in self.daemons.values():
            self.scripts.join(daemon, steady=True)
        self.garps.begin(master, leader)
        self._state_cloud(master)
        self.heartbeats.park_at_start()

    def _begin_cold(self, starts: Mapping[str, int], holder: str) -> None:
        """Every instance is up, keepalived runs nowhere yet, and the cloud has the address on ``holder``."""
        for host in self.hosts.values():
            host.resume(master=False)
        for name, start_ns in starts.items():
            self.kernel.at(start_ns, WORLD, self._starter(name))
        self.garps.begin(holder, None)
        self._state_cloud(holder)

    def _starter(self, name: str) -> Callable[[Any], None]:
        return lambda _event: self.daemons[name].start()

    def _state_cloud(self, holder: str) -> None:
        self.record(AddressHeld(0, holder))
        self.record(AddressRouted(0, holder))
        self.reachability.begin()


def _steady_priority(instance: Instance) -> int:
    """The effective priority with every check good."""
    priority = instance.vrrp.priority
    if priority == OWNER_PRIORITY:
        return priority
    return min(priority + sum(max(script.weight, 0) for script in instance.vrrp.track_scripts), OWNER_PRIORITY - 1)


def _service_interface(scenario: Scenario, instance: Instance) -> str:
    """The interface that carries the floating address: the one in its subnet (the primary where an ENI moves)."""
    for interface in instance.interfaces:
        if interface.subnet == scenario.floating.subnet:
            return interface.name
    return instance.interfaces[0].name
