"""The world of one run: everything that exists, wired together, and its beginning in the steady state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hasim.scenario.model import Instance, Scenario
from hasim.scenario.topology import build_region
from hasim.sim.beginning import first_master, resume_daemons
from hasim.sim.control_plane import ControlPlane
from hasim.sim.daemon import Daemon
from hasim.sim.fabric import Fabric
from hasim.sim.faults import Faults
from hasim.sim.garps import Garps
from hasim.sim.heartbeats import Heartbeats
from hasim.sim.host import Host
from hasim.sim.kernel import WORLD, Kernel
from hasim.sim.neighbours import Neighbours
from hasim.sim.randomness import Randomness
from hasim.sim.reachability import Reachability
from hasim.sim.scripts import Scripts
from hasim.trace import AddressHeld, AddressRouted, Record
from hasim.vrrp.events import State

__all__ = ["World"]


class World:
    """One run of a scenario, ready to go."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        randomness: Randomness,
        quiet: bool,
        detail: tuple[int, int] | None,
        faults_strike: bool = True,
        take: Callable[[Record], None] | None = None,
    ) -> None:
        """``faults_strike``: as the scenario says; otherwise only when :attr:`faults` is told to. ``take`` is called
        with everything that becomes true; None: :attr:`records` keeps it."""
        self.scenario = scenario
        self.quiet = quiet
        self.tells_detail = detail is not None
        self.detail = False
        self.records: list[Record] = []
        self.record: Callable[[Record], None] = self.records.append if take is None else take
        self.kernel = Kernel(scenario.horizon_ns)
        self.randomness = randomness
        self.fabric = Fabric(scenario, self.randomness, lambda: self.heartbeats.paths_change())
        self.heartbeats = Heartbeats(self.kernel, self.fabric, quiet=quiet)
        self.scripts = Scripts(self)
        self.script_start_up = {i.name: self.randomness.stream("script", i.name) for i in scenario.instances}
        self.service_interface = {i.name: _service_interface(scenario, i) for i in scenario.instances}
        master = first_master(scenario, self.randomness)
        self.hosts = {instance.name: Host(self, instance) for instance in scenario.instances}
        self.control_plane = ControlPlane(self, build_region(scenario, master), master)
        self.garps = Garps(self)
        self.daemons: dict[str, Daemon] = {}
        for instance in scenario.instances:
            self.daemons[instance.name] = Daemon(self, instance)
        self._join_heartbeats()
        self.reachability = Reachability(self)
        if scenario.cold_start is None:
            self._begin(master)
        else:
            self._begin_cold(scenario.cold_start, master)
        if scenario.network.resolves_neighbours:
            self.heartbeats.resolve(Neighbours(self))
        self.faults = Faults(self, by_themselves=faults_strike)
        if detail is not None:
            for at_ns, wanted in zip(detail, (True, False), strict=True):
                self.kernel.at(at_ns, WORLD, self._detail_switch(wanted))

    def _join_heartbeats(self) -> None:
        """All routers, in the order of their index: those of the floating address first."""
        routers = [router for daemon in self.daemons.values() for router in daemon.routers]
        for index, router in enumerate(sorted(routers, key=lambda router: bool(router.member))):
            router.place(index)
            self.heartbeats.join(router)

    def state_changed(self, daemon: Daemon, old: State, new: State) -> None:
        """A VRRP instance changed its state. A fresh process says where it begins, too: it runs that notify script."""
        is_master = new is State.MASTER
        if State.MASTER in (old, new) or old is State.INIT:
            self.hosts[daemon.name].mastership(master=is_master)
        if (old is State.MASTER) != is_master:
            self.garps.mastership(daemon, master=is_master)
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

    def _begin(self, master: str) -> None:
        """Everything has been up for long, and ``master`` is somewhere between two of its adverts."""
        for name, host in self.hosts.items():
            host.resume(master=name == master)
        resume_daemons(self, master)
        for daemon in self.daemons.values():
            self.scripts.join(daemon, steady=True)
        self.garps.begin(self.daemons[master])
        self._state_cloud(master)
        self.heartbeats.park_at_start()

    def _begin_cold(self, starts: Mapping[str, int], holder: str) -> None:
        """Every instance is up, keepalived runs nowhere yet, and the cloud has the address on ``holder``."""
        for host in self.hosts.values():
            host.resume(master=False)
        for name, start_ns in starts.items():
            self.kernel.at(start_ns, WORLD, self._starter(name))
        self._state_cloud(holder)

    def _detail_switch(self, wanted: bool) -> Callable[[Any], None]:
        def switch(_event: Any) -> None:
            self.detail = wanted
            self.heartbeats.set_quiet(self.quiet and not wanted)
            self.garps.poke()

        return switch

    def _starter(self, name: str) -> Callable[[Any], None]:
        return lambda _event: self.hosts[name].start_keepalived()

    def _state_cloud(self, holder: str) -> None:
        self.record(AddressHeld(0, holder))
        self.record(AddressRouted(0, holder))
        self.reachability.begin()


def _service_interface(scenario: Scenario, instance: Instance) -> str:
    """The interface that carries the floating address: the one in its subnet (the primary where an ENI moves)."""
    for interface in instance.interfaces:
        if interface.subnet == scenario.floating.subnet:
            return interface.name
    return instance.interfaces[0].name
