"""One repetition of an episode, for real: a network, a cloud, instances and a client of its own, one fault, a trace."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import SystemRandom
from typing import Any

from hasim.drill.bytecode import precompile
from hasim.drill.cloud import Cloud
from hasim.drill.garps import GarpWatch
from hasim.drill.guest import Guest
from hasim.drill.layout import API_PORT, SERVICE_PORT, Layout, layout_of
from hasim.drill.namespaces import Namespace
from hasim.drill.network import Network
from hasim.drill.probes import PROBE_INTERVAL_NS, ProbeLog
from hasim.drill.processes import Started, program
from hasim.drill.register import Registration
from hasim.export import ExportOptions, export, identifiers_of
from hasim.export.writing import PACKAGE
from hasim.scenario.model import Scenario
from hasim.scenario.steady import steady_priority
from hasim.units import SECOND

__all__ = ["Room"]

_NOT_MASTER = "not MASTER"
_CREDENTIALS = {"TENCENTCLOUD_SECRET_ID": "AKIDdrill", "TENCENTCLOUD_SECRET_KEY": "drill"}


class Room:
    """Everything that one repetition needs, up and running."""

    def __init__(self, scenario: Scenario, registration: Registration, name: str) -> None:
        self.scenario = scenario
        self.layout: Layout = layout_of(scenario)
        self.guests: dict[str, Guest] = {}
        self.probes = ProbeLog()
        self.cloud = Cloud(scenario, on_route=self._carry_out_route, on_interface=self._carry_out_attachment)
        self._work: Path = registration.work(name)
        self._namespaces: dict[str, Namespace] = {}
        for part in ("cloud", "clients", *(f"guest-{instance.name}" for instance in scenario.instances)):
            self._namespaces[part] = registration.namespace(f"{name}-{part}")
        guests = {instance.name: self._namespaces[f"guest-{instance.name}"] for instance in scenario.instances}
        self.network = Network(scenario, self.layout, self._namespaces["cloud"], self._namespaces["clients"], guests)
        self.routing_ns: list[int] = []
        self.check_run_times_ns: list[int] = []
        self.loop_lag_ns = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._attached: str | None = None
        self._client: Started | None = None
        self._random = SystemRandom()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Build it and start the processes; take it down again at the end.

        What takes long is done in other threads: rooms that are being measured share this one.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            await asyncio.to_thread(self.network.build)
            await self._move_in()
            await stack.enter_async_context(self.cloud.serving(self._namespaces["cloud"], str(self.layout.api)))
            self._watch_garps(stack)
            stack.push_async_callback(self._end_tasks)
            if self.scenario.floating.mechanism.moves_interface:
                assert self.scenario.floating.subnet is not None
                self.network.make_floating_interface(self.scenario.floating.subnet)
                self._carry_out_attachment(self.scenario.initial_master)
            for guest in self.guests.values():
                guest.start_service()
            yield

    def draw(self) -> float:
        """A random number in (0, 1)."""
        return self._random.random() or 0.5

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something happen beside everything else."""
        task = asyncio.create_task(work)
        self._tasks.add(task)

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _close(self) -> None:
        for guest in self.guests.values():
            await asyncio.to_thread(guest.kill)
            guest.close()
        self.end_client()
        for namespace in self._namespaces.values():
            await asyncio.to_thread(namespace.remove)

    async def _move_in(self) -> None:
        """Give every instance its configuration and scripts, as a user would get them."""
        folder = f"{self._work}/{{instance}}"
        options = ExportOptions(
            python=sys.executable,
            script_directory=folder,
            run_directory=f"{folder}/run",
            script_user="root",
            service=f"127.0.0.1:{SERVICE_PORT}",
            devices=self.layout.devices(),
        )
        exported = await asyncio.to_thread(
            export,
            self.scenario,
            self._work,
            options=options,
            identifiers=identifiers_of(self.cloud.topology),
            overwrite=True,
        )
        environment = {
            "HASIM_ENDPOINT": f"http://{self.layout.api}:{API_PORT}",
            "HASIM_SYSLOG": "0",
            **_CREDENTIALS,
        }
        floating = self.scenario.floating
        for name, node in exported.nodes.items():
            await asyncio.to_thread(precompile, node.directory / PACKAGE)
            namespace = self._namespaces[f"guest-{name}"]
            address = None if floating.mechanism.is_public else floating.address
            instance, aside = self.scenario.instance(name), self._namespaces["cloud"]
            self.guests[name] = Guest(
                name,
                namespace,
                aside,
                node.directory,
                address,
                environment,
                self._state_changed,
                steady_priority(instance),
            )
            if instance.service.on_master_only:
                self.guests[name].close_gate(_NOT_MASTER, hangs=False)

    def _state_changed(self, name: str, state: str) -> None:
        """Start or stop a service that runs only on a MASTER, as its unit would: in its own time."""
        service = self.scenario.instance(name).service
        if not service.on_master_only:
            return
        if state != "MASTER":
            self.guests[name].close_gate(_NOT_MASTER, hangs=False)
            return

        async def start() -> None:
            await asyncio.sleep(service.start_up.quantile(self.draw()) / SECOND)
            if self.guests[name].state == "MASTER":
                self.guests[name].open_gate(_NOT_MASTER)

        self.later(start())

    def _watch_garps(self, stack: AsyncExitStack) -> None:
        if self.scenario.floating.mechanism.is_announced:
            assert self.scenario.floating.address is not None
            ports = {port.name: port.instance for port in self.layout.ports}
            watch = GarpWatch(self._namespaces["cloud"], self.scenario.floating.address, ports, self._announced)
            stack.callback(watch.close)

    def _announced(self, name: str, at_ns: int) -> None:
        self.guests[name].announced.append(at_ns)
        self.cloud.hear(name, at_ns)

    def start_client(self) -> None:
        """Start the client, which asks the floating address from now on."""
        target = self.cloud.public_address or str(self.scenario.floating.address)
        command = program("probe", target, SERVICE_PORT, PROBE_INTERVAL_NS)
        self._client = Started(self._namespaces["clients"], command, self.probes.read, measures=True)

    def end_client(self) -> None:
        """It asks no more."""
        if self._client is not None:
            self._client.close()
            self._client = None

    # What the cloud decides -----------------------------------------------------------------------------------------

    def _carry_out_route(self, instance: str | None) -> None:
        """Send the floating address's packets to an instance from now on."""
        begun_ns = time.monotonic_ns()
        scenario, topology = self.scenario, self.cloud.topology
        public = self.cloud.public_address
        floating = scenario.floating
        if floating.mechanism.moves_interface:
            self.network.route_on_link(str(floating.address), None if instance is None else floating.subnet)
        elif not floating.mechanism.is_public:
            self.network.route(str(floating.address), self._holding_port(instance))
        if public is not None:
            self.network.publish(public, None if instance is None else topology.holding_addresses[instance])
        self.routing_ns.append(time.monotonic_ns() - begun_ns)

    def _holding_port(self, instance: str | None) -> Any:
        if instance is None:
            return None
        ports = self.layout.ports_of(instance)
        return next((port for port in ports if port.subnet == self.scenario.floating.subnet), ports[0])

    def _carry_out_attachment(self, instance: str | None) -> None:
        """The floating ENI is on that instance now: its guest will see it and configure it in its own time."""
        if self._attached is not None:
            self.network.detach_floating_interface(self._attached)
        self._attached = instance
        if instance is not None:
            self.network.attach_floating_interface(instance)
            self.later(self._configure(instance))

    async def _configure(self, name: str) -> None:
        """What a udev rule would do in the guest, when it would."""
        guest = self.scenario.instance(name).guest
        times = (guest.interface_appears, guest.configure)
        await asyncio.sleep(sum(time.quantile(self.draw()) for time in times) / SECOND)
        if self._attached == name and self.guests[name].power != "off":
            floating = self.scenario.floating
            assert floating.subnet is not None
            self.network.configure_floating_interface(name, str(floating.address), floating.subnet)
