"""The cloud's API as its callers meet it: latency, refusals, throttling, trouble, and tasks that take their time.

The entities and rules are :mod:`hasim.cloud`'s, which knows no clock; this module decides *when* a request is served,
*when* its task commits, and when the forwarding follows. A request that a client has given up waiting for is served all
the same.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import simpy

from hasim.cloud import CloudError, RateLimiter, Task
from hasim.scenario.model import Fault, FaultKind, Instance
from hasim.scenario.topology import Topology
from hasim.sim.kernel import WORLD
from hasim.sim.randomness import Stream
from hasim.trace import AddressHeld, AddressRouted, ApiAnswered, ApiCalled, TaskEnded

if TYPE_CHECKING:
    from hasim.sim.world import World

__all__ = ["Answer", "ControlPlane"]

_LEAVE_BY_INTERFACE = ("DetachNetworkInterface", "MigrateNetworkInterface")
_LEAVE_BY_ADDRESS = ("UnassignPrivateIpAddresses", "MigratePrivateIpAddress", "DisassociateAddress")
_CUTTING_ACTIONS = (*_LEAVE_BY_INTERFACE, "UnassignPrivateIpAddresses", "DisassociateAddress")


class Answer(NamedTuple):
    """What a caller gets: ``OK`` and the response, or an error code and nothing."""

    code: str
    response: Mapping[str, Any]


class ControlPlane:
    """The API end-point of one run, and the forwarding behind it."""

    def __init__(self, world: World, topology: Topology, holder: str) -> None:
        self.holder: str | None = holder
        self.routed: str | None = holder
        self.attached: str | None = holder
        self.topology = topology
        self._world = world
        self._behaviour = world.scenario.control_plane
        self._limiter = RateLimiter(self._behaviour.rate_limits)
        self._throttles: dict[str, RateLimiter] = {}
        self._troubles: list[Fault] = []
        self._calls = 0
        self._streams: dict[tuple[str, str], Stream] = {}
        self._route_target: str | None = holder
        self._route_order = 0

    def begin(self, fault: Fault) -> None:
        """An API fault takes hold."""
        if fault.kind is FaultKind.API_THROTTLE:
            actions = fault.targets or tuple(self._behaviour.actions)
            self._throttles[fault.name] = RateLimiter(dict.fromkeys(actions, fault.rate_per_s))
        self._troubles.append(fault)
        self._world.api_changed()

    def end(self, fault: Fault) -> None:
        """It is over."""
        self._troubles.remove(fault)
        self._throttles.pop(fault.name, None)
        self._world.api_changed()

    def power(self, name: str, *, running: bool) -> None:
        """The cloud learns that an instance was stopped or started. It does not learn of a crash."""
        instance_id = self.topology.instance_ids[name]
        self.topology.region.instance_power(instance_id, "RUNNING" if running else "STOPPED")

    def answers(self, instance: Instance) -> bool:
        """Whether a call from that instance would be answered at all."""
        return self._world.fabric.api_reachable(instance) and not self._is_out("DescribeNetworkInterfaces")

    def untroubled(self, instance: Instance) -> bool:
        """Whether nothing is the matter with the API as seen from that instance."""
        return not self._troubles and self._world.fabric.api_reachable(instance)

    def call(
        self, caller: Instance, run: int, action: str, params: Mapping[str, Any], timeout_ns: int
    ) -> Generator[simpy.Event, Any, Answer]:
        """Make one request from a script; returns its :class:`Answer` when the caller has it or gives up."""
        world, kernel = self._world, self._world.kernel
        self._calls += 1
        call = self._calls
        world.record(ApiCalled(kernel.now, caller.name, run, call, action))
        given_up_ns = kernel.now + timeout_ns
        answer: list[Answer] = []
        accept_ns = self._accept_ns(action)
        if world.fabric.api_reachable(caller):
            kernel.at(kernel.now + accept_ns, WORLD, lambda _event: self._serve(call, action, params, answer))
            if accept_ns <= timeout_ns:
                yield kernel.sleep(accept_ns)
        if not answer:
            yield kernel.sleep(given_up_ns - kernel.now)
        result = answer[0] if answer else Answer("ClientTimeout", {})
        world.record(ApiAnswered(kernel.now, caller.name, run, call, action, result.code))
        return result

    def _serve(self, call: int, action: str, params: Mapping[str, Any], answer: list[Answer]) -> None:
        """The request has reached the front of the queue."""
        if self._is_out(action):
            return
        region = self.topology.region
        try:
            self._admit(action)
            refusal = self._refusal(action)
            if refusal is not None:
                answer.append(Answer(refusal, {}))
                return
            reply = region.call(action, dict(params), now_ns=self._world.kernel.now)
        except CloudError as error:
            answer.append(Answer(error.code, {}))
            return
        answer.append(Answer("OK", reply.response))
        if reply.task is not None:
            self._begin_task(call, reply.task)

    def _accept_ns(self, action: str) -> int:
        behaviour = self._behaviour.actions[action]
        return self._slowed(behaviour.accept.quantile(self._stream(action, "accept").uniform()), action)

    def _slowed(self, duration_ns: int, action: str) -> int:
        for fault in self._in_force(FaultKind.API_SLOWDOWN, action):
            duration_ns = round(duration_ns * fault.factor)
        return duration_ns

    def _refusal(self, action: str) -> str | None:
        behaviour = self._behaviour.actions[action]
        if self._stream(action, "error").uniform() < behaviour.error_rate:
            return behaviour.error_code
        for fault in self._in_force(FaultKind.API_ERRORS, action):
            if self._stream(action, f"fault/{fault.name}").uniform() < fault.probability:
                return fault.code
        return None

    def _admit(self, action: str) -> None:
        """Count the request against the faults that throttle its action, then against the action's own limit.

        Raises:
            CloudError: it is one too many.
        """
        for limiter in (*self._throttles.values(), self._limiter):
            limiter.admit(action, self._world.kernel.now)

    def _begin_task(self, call: int, task: Task) -> None:
        kernel, action = self._world.kernel, task.action
        behaviour = self._behaviour.actions[action]
        left = self._left_by(task)
        dead = left is not None and self._world.hosts[left].power != "running"
        distribution = behaviour.task_dead_host if dead else behaviour.task
        duration_ns = self._slowed(distribution.quantile(self._stream(action, "task").uniform()), action)
        fails = self._stream(action, "task_failure").uniform() < behaviour.task_failure_rate
        if left is not None and action in _CUTTING_ACTIONS and self._behaviour.detach_cuts_traffic_at_once:
            if action in _LEAVE_BY_INTERFACE:
                self._world.hosts[left].interface_detached()
            self._route_order += 1
            self._route_target = None
            self._route(None)
        kernel.at(kernel.now + duration_ns, WORLD, lambda _event: self._end_task(call, task, fails))

    def _left_by(self, task: Task) -> str | None:
        """The instance that gives up the address or its interface by this task; None for the other tasks."""
        names = self.topology.instance_names
        if task.action in _LEAVE_BY_INTERFACE:
            return names[task.instance_id]
        if task.action in _LEAVE_BY_ADDRESS:
            interface = self.topology.region.network_interfaces[task.network_interface_id]
            return names.get(interface.instance_id or "")
        return None

    def _end_task(self, call: int, task: Task, fails: bool) -> None:
        world, now = self._world, self._world.kernel.now
        if fails:
            self.topology.region.fail(task.task_id, now_ns=now)
        else:
            self.topology.region.commit(task.task_id, now_ns=now)
        holder = self.topology.holder()
        world.record(TaskEnded(now, call, task.action, "FAILED" if fails else "SUCCESS", holder))
        self.look_again()

    def look_again(self) -> None:
        """Something has been committed: note who holds the address now, and let guest and forwarding follow."""
        world, holder = self._world, self.topology.holder()
        if holder != self.holder:
            self.holder = holder
            world.record(AddressHeld(world.kernel.now, holder))
            world.holder_changed()
        self._follow(holder)

    def _follow(self, holder: str | None) -> None:
        """Guest and forwarding learn where the address (or its interface) is now."""
        moves_interface = self._world.scenario.floating.mechanism.moves_interface
        if moves_interface and holder != self.attached and self.attached is not None:
            self._world.hosts[self.attached].interface_detached()
        if moves_interface and holder is not None and not self._world.hosts[holder].address_present:
            self._world.hosts[holder].interface_attached()
        self.attached = holder
        if holder == self._route_target:
            return
        # Whatever is on its way into the forwarding is out of date now, even if the address is back where it was.
        self._route_target = holder
        self._route_order += 1
        order, kernel = self._route_order, self._world.kernel
        delay_ns = self._behaviour.propagation.quantile(self._stream("forwarding", "propagation").uniform())

        def programmed(_event: Any) -> None:
            if order == self._route_order:
                self._route(holder)

        kernel.at(kernel.now + delay_ns, WORLD, programmed)

    def _route(self, holder: str | None) -> None:
        if holder != self.routed:
            self.routed = holder
            self._world.record(AddressRouted(self._world.kernel.now, holder))
            self._world.reachability.evaluate()

    def _is_out(self, action: str) -> bool:
        return any(True for _ in self._in_force(FaultKind.API_OUTAGE, action))

    def _in_force(self, kind: FaultKind, action: str) -> Generator[Fault, None, None]:
        for fault in self._troubles:
            if fault.kind is kind and (not fault.targets or action in fault.targets):
                yield fault

    def _stream(self, action: str, purpose: str) -> Stream:
        key = (action, purpose)
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = self._world.randomness.stream("api", action, purpose)
        return stream
