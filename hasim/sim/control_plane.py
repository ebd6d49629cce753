"""The cloud's API in the simulated world: the control plane of :mod:`hasim.cloud.trouble`, with the kernel's time.

What is answered, how long it takes and where packets go is decided there; this module waits, tells the guests what
happens to their interfaces, and records what became true.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import simpy

from hasim.cloud import CloudError
from hasim.cloud.trouble import Forwarding, Front, Lost, Place, Plan, Turn, leaving
from hasim.scenario.model import Fault, Instance
from hasim.scenario.topology import Topology
from hasim.scenario.troubles import trouble_of
from hasim.sim.draws import Draws
from hasim.sim.kernel import WORLD
from hasim.sim.retransmission import Retransmission
from hasim.trace import AddressHeld, AddressRouted, ApiAnswered, ApiCalled, TaskEnded

if TYPE_CHECKING:
    from hasim.sim.world import World

__all__ = ["Answer", "ControlPlane"]


class Answer(NamedTuple):
    """What a caller gets: ``OK`` and the response, or an error code and nothing."""

    code: str
    response: Mapping[str, Any]


class ControlPlane:
    """The API end-point of one run, and the forwarding behind it."""

    def __init__(self, world: World, topology: Topology, holder: str) -> None:
        self.holder: str | None = holder
        self.attached: str | None = holder
        self.topology = topology
        self.draws = Draws(world.randomness)
        self._world = world
        self._packets = Retransmission(world)
        behaviour = world.scenario.control_plane
        self._front = Front(topology.region, behaviour, self.draws, is_dead=self._is_dead)
        self._place = _floating_place(topology)
        self._forwarding = Forwarding({self._place: holder}, behaviour.propagation, self.draws)
        self._calls = 0
        self._stuck_calls: dict[str, int] = {}

    @property
    def routed(self) -> str | None:
        """The instance that packets to the floating address reach."""
        return self._forwarding.routes.get(self._place)

    def begin(self, fault: Fault) -> None:
        """An API fault takes hold."""
        self._front.begin(trouble_of(fault))
        self._world.api_changed()

    def end(self, fault: Fault) -> None:
        """It is over, and the tasks that were stuck in it go on."""
        for plan in self._front.end(fault.name):
            self._carry_out(self._stuck_calls.pop(plan.task.task_id), plan)
        self._world.api_changed()

    def power(self, name: str, *, running: bool) -> None:
        """The cloud learns that an instance was stopped or started. It does not learn of a crash."""
        instance_id = self.topology.instance_ids[name]
        self.topology.region.instance_power(instance_id, "RUNNING" if running else "STOPPED")

    def answers(self, instance: Instance) -> bool:
        """Whether a call from that instance would be answered at all."""
        return self._world.fabric.api_reachable(instance) and not self._front.outage("DescribeNetworkInterfaces")

    def untroubled(self, instance: Instance) -> bool:
        """Whether nothing is the matter with the API as seen from that instance."""
        return not self._front.in_force and self._world.fabric.api_reachable(instance)

    def call(
        self,
        caller: Instance,
        run: int,
        action: str,
        params: Mapping[str, Any],
        timeout_ns: int,
        accept_ns: int | None = None,
    ) -> Generator[simpy.Event, Any, Answer]:
        """Make one request from a script; returns its :class:`Answer` when the caller has it or gives up.

        It is served after ``accept_ns`` (None: as long as it takes), and answered then, whatever has become of the
        caller; :mod:`hasim.sim.retransmission` has the rules for a caller that is frozen or cut off.
        """
        world, kernel, guest = self._world, self._world.kernel, self._world.hosts[caller.name]
        self._calls += 1
        call = self._calls
        world.record(ApiCalled(kernel.now, caller.name, run, call, action))
        given_up_ns = kernel.now + timeout_ns
        answer: list[Answer] = []
        is_there = False
        if accept_ns is None:
            accept_ns = self._front.accept_ns(action)
        if world.fabric.api_reachable(caller) or (yield from self._packets.connect(caller, given_up_ns)):
            kernel.at(kernel.now + accept_ns, WORLD, lambda _event: self._serve(call, action, params, answer))
            if kernel.now + accept_ns <= given_up_ns:
                yield kernel.sleep(accept_ns)
                is_there = bool(answer)
        if is_there and not (guest.thawed is None and world.fabric.api_reachable(caller)):
            is_there = yield from self._packets.deliver(caller, given_up_ns)
        if not is_there and kernel.now < given_up_ns:
            yield kernel.sleep(given_up_ns - kernel.now)
        while guest.thawed is not None:
            yield guest.thawed
        result = answer[0] if is_there and kernel.now <= given_up_ns else Answer("ClientTimeout", {})
        world.record(ApiAnswered(kernel.now, caller.name, run, call, action, result.code))
        return result

    def _serve(self, call: int, action: str, params: Mapping[str, Any], answer: list[Answer]) -> None:
        """The request has reached the front of the queue."""
        try:
            served = self._front.serve(action, dict(params), now_ns=self._world.kernel.now)
        except Lost:
            return
        except CloudError as error:
            answer.append(Answer(error.code, {}))
            return
        answer.append(Answer("OK", served.response))
        if served.plan is not None:
            self._begin_task(call, served.plan)

    def _is_dead(self, instance_id: str) -> bool:
        return self._world.hosts[self.topology.instance_names[instance_id]].power != "running"

    def _begin_task(self, call: int, plan: Plan) -> None:
        if plan.cuts and plan.left is not None and self._place in leaving(self.topology.region, plan.task):
            if plan.moves_interface:
                self._world.hosts[self.topology.instance_names[plan.left]].interface_detached()
            if self._forwarding.cut(plan.task.task_id, (self._place,)):
                self._rerouted()
        self._carry_out(call, plan)

    def _carry_out(self, call: int, plan: Plan) -> None:
        """Let the task that ``call`` began end when it should; what is stuck waits for the end of its fault."""
        kernel = self._world.kernel
        if plan.duration_ns is None:
            self._stuck_calls[plan.task.task_id] = call
        else:
            kernel.at(kernel.now + plan.duration_ns, WORLD, lambda _event: self._end_task(call, plan))

    def _end_task(self, call: int, plan: Plan) -> None:
        world, now = self._world, self._world.kernel.now
        task = self._front.finish(plan, now_ns=now)
        if task is None:
            self._stuck_calls[plan.task.task_id] = call
            return
        self._forwarding.mend(task.task_id)
        world.record(TaskEnded(now, call, task.action, task.status.value, self.topology.holder()))
        self.look_again()

    def look_again(self) -> None:
        """Something has been committed: note who holds the address now, and let guest and forwarding follow."""
        world, holder = self._world, self.topology.holder()
        if holder != self.holder:
            self.holder = holder
            world.record(AddressHeld(world.kernel.now, holder))
            world.holder_changed()
        self._tell_guests(holder)
        for turn in self._forwarding.follow({} if holder is None else {self._place: holder}):
            world.kernel.at(world.kernel.now + turn.delay_ns, WORLD, self._turner(turn))

    def _tell_guests(self, holder: str | None) -> None:
        """Where an interface moves, the guests see it go and come."""
        if self._world.scenario.floating.mechanism.moves_interface:
            if holder != self.attached and self.attached is not None:
                self._world.hosts[self.attached].interface_detached()
            if holder is not None and not self._world.hosts[holder].address_present:
                self._world.hosts[holder].interface_attached()
        self.attached = holder

    def _turner(self, turn: Turn[Place, str]) -> Any:
        def due(_event: Any) -> None:
            if self._forwarding.turn(turn):
                self._rerouted()

        return due

    def _rerouted(self) -> None:
        self._world.record(AddressRouted(self._world.kernel.now, self.routed))
        self._world.reachability.evaluate()


def _floating_place(topology: Topology) -> Place:
    """What clients send packets to: the EIP where there is one."""
    if topology.eip_id is not None:
        return Place("", topology.region.eips[topology.eip_id].address)
    return Place(topology.vpc_id, topology.floating_address)
