"""The control plane of a room: ``hasim serve``'s endpoint inside the cloud's namespace, and a watch on what it decides.

It lives on the room's event loop, so that what it decides and what the room does about it follow one another without a
gap. Times that it hands out are CLOCK_MONOTONIC in nanoseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from hasim.cloud.entities import Task, TaskStatus
from hasim.cloud.http.garps import announce
from hasim.cloud.http.server import Server, listen
from hasim.cloud.http.trouble import LiveTrouble
from hasim.drill.calls import ObservedCall, Observer
from hasim.drill.layout import API_PORT
from hasim.drill.namespaces import Namespace
from hasim.errors import HasimError
from hasim.scenario.model import Fault, Scenario
from hasim.scenario.topology import Topology, build_region
from hasim.scenario.troubles import trouble_of
from hasim.serve import Endpoint
from hasim.units import SECOND

__all__ = ["Cloud", "Decisions"]

_LOOK_EVERY_S = 0.002
_PATIENCE_S = 3600.0


@dataclass(slots=True)
class Decisions:
    """What the control plane decided, in order: who holds the address, where its packets go, which claims it took."""

    held: list[tuple[int, str | None]] = field(default_factory=list)
    routed: list[tuple[int, str | None]] = field(default_factory=list)
    claimed: list[tuple[int, str]] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    holders: dict[str, str | None] = field(default_factory=dict)
    """Task -> who held the address when it had ended."""


class Cloud:
    """The control plane of ``scenario``, whose initial master is set. ``address`` is the API's.

    ``on_route`` carries out where the packets of the floating address go from now on; ``on_interface`` that the
    floating ENI is on an instance (None: on none).
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        on_route: Callable[[str | None], None],
        on_interface: Callable[[str | None], None],
    ) -> None:
        assert scenario.initial_master is not None
        self.decisions = Decisions()
        self._scenario = scenario
        self._on_route = on_route
        self._on_interface = on_interface
        self._endpoint = Endpoint(scenario)
        self._live = self._endpoint.live
        self.topology = _as_served(build_region(scenario, scenario.initial_master), self._endpoint)
        self._observer = Observer(self._endpoint.app, self._answered)
        self._offset_ns = self._live.clock.now_ns() - time.monotonic_ns()
        self._busy = asyncio.Event()
        self._claims = 0
        self._attached: str | None = scenario.initial_master

    @property
    def calls(self) -> list[ObservedCall]:
        """Every API call so far."""
        return self._observer.calls

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way: no call without an answer, no task, no claim."""
        open_calls = any(call.answered_ns is None for call in self.calls)
        return not (open_calls or self._live.region.running or self._claims)

    @property
    def public_address(self) -> str | None:
        """The EIP's address, where the scenario has one."""
        eip_id = self.topology.eip_id
        return None if eip_id is None else self._live.region.eips[eip_id].address

    def monotonic_ns(self, region_ns: int) -> int:
        """A time of the region on the room's clock."""
        return region_ns - self._offset_ns

    @asynccontextmanager
    async def serving(self, namespace: Namespace, address: str) -> AsyncIterator[None]:
        """The endpoint answers in the namespace, and its decisions are carried out, until the block ends."""
        with namespace.inside():
            listener = listen(address, API_PORT)
        server = Server(self._observer, starting=lambda: None, stopping=self._live.close, signals=False)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        watching = [asyncio.create_task(self._watch_routes()), asyncio.create_task(self._watch_tasks())]
        try:
            yield
        finally:
            for task in watching:
                task.cancel()
            ended = await asyncio.gather(*watching, return_exceptions=True)
            server.stop()
            server.force_exit = True
            await serving
            listener.close()
        failures = [*self._endpoint.failures, *(error for error in ended if isinstance(error, Exception))]
        if failures:
            raise HasimError(f"the control plane failed: {failures[0]}")

    # What is done to it ---------------------------------------------------------------------------------------------

    def begin(self, fault: Fault) -> None:
        """An API fault takes hold."""
        self._live.befall(LiveTrouble(trouble_of(fault)))

    def end(self, fault: Fault) -> None:
        """It is over."""
        self._live.end_trouble(fault.name)

    def crash(self, instance: str) -> None:
        """A guest is dead, and the API does not know."""
        self._live.crash(self.topology.instance_ids[instance])

    def stopped(self, instance: str) -> None:
        """A guest was shut down from inside, and the API knows."""
        self._live.power(self.topology.instance_ids[instance], running=False)

    def hear(self, instance: str, at_ns: int) -> None:
        """A gratuitous ARP for the HAVIP has left an instance at ``at_ns``; the cloud learns of it now."""
        answer = announce(
            self._live, {"instance": self.topology.instance_ids[instance], "address": self.topology.floating_address}
        )
        if answer["outcome"] == "claimed":
            self.decisions.claimed.append((at_ns, instance))
            self._claims += 1
            self._busy.set()
            due_ns = self._live.clock.now_ns() + round(answer["seconds"] * SECOND)
            self._live.clock.at(due_ns, self._claim_settled)

    def _claim_settled(self) -> None:
        self._claims -= 1
        self._note_holder(time.monotonic_ns())

    # What it decides ------------------------------------------------------------------------------------------------

    def _answered(self, call: ObservedCall) -> None:
        task = self._live.region.running.get(call.request_id)
        if task is not None:
            self.decisions.tasks.append(task)
            self._busy.set()

    async def _watch_tasks(self) -> None:
        """Note the end of every task and what it has changed, as soon as it has."""
        seen = 0
        while True:
            await self._busy.wait()
            tasks = self.decisions.tasks
            for index in range(seen, len(tasks)):
                if tasks[index].status is not TaskStatus.RUNNING and tasks[index].task_id not in self.decisions.holders:
                    self._task_ended(tasks[index])
            while seen < len(tasks) and tasks[seen].task_id in self.decisions.holders:
                seen += 1
            if seen == len(tasks):
                self._busy.clear()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _task_ended(self, task: Task) -> None:
        assert task.ended_ns is not None
        self.decisions.holders[task.task_id] = self.topology.holder()
        self._note_holder(self.monotonic_ns(task.ended_ns))
        if self._scenario.floating.mechanism.moves_interface:
            self._note_interface()

    def _note_holder(self, at_ns: int) -> None:
        holder = self.topology.holder()
        if holder != (self.decisions.held[-1][1] if self.decisions.held else self._scenario.initial_master):
            self.decisions.held.append((at_ns, holder))

    def _note_interface(self) -> None:
        holder = self.topology.holder()
        if holder != self._attached:
            self._attached = holder
            self._on_interface(holder)

    async def _watch_routes(self) -> None:
        """Carry out the routing of the floating address whenever it changes."""
        routes, before = self._live.routes, object()
        while True:
            version = routes.version
            target = self._route()
            if target != before:
                self._on_route(target)
                self.decisions.routed.append((time.monotonic_ns(), target))
                before = target
            await routes.wait(version, _PATIENCE_S)

    def _route(self) -> str | None:
        """The instance that packets to the floating address reach; what clients talk to is the EIP where there is
        one."""
        public = self.public_address
        kinds, address = (("eip",), public) if public else (("private", "ha_vip"), self.topology.floating_address)
        for row in self._live.routes.to_json()["routes"]:
            if row["kind"] in kinds and row["address"] == address:
                return str(row["name"])
        return None


def _as_served(topology: Topology, endpoint: Endpoint) -> Topology:
    """The topology (identifiers are the same in every region of a scenario) with the region that is served."""
    return replace(topology, region=endpoint.live.region)
