"""The API of a region as its callers meet it: what is answered, and what becomes of the tasks.

A call goes through these steps, and its driver waits between them: :meth:`Front.accept_ns` when it arrives;
:meth:`Front.serve` that much later (a call whose caller has given up waiting is served all the same);
:meth:`Front.finish` when the time of its task's :class:`Plan` is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from hasim.cloud.entities import Task
from hasim.cloud.errors import CloudError
from hasim.cloud.rate_limit import RateLimiter
from hasim.cloud.region import Region
from hasim.cloud.trouble.behaviour import Behaviour, Draw
from hasim.cloud.trouble.kinds import Trouble, TroubleKind

__all__ = ["Front", "Lost", "Plan", "Served"]

_LEAVES_BY_INTERFACE = ("DetachNetworkInterface", "MigrateNetworkInterface")
_LEAVES_BY_ADDRESS = ("UnassignPrivateIpAddresses", "MigratePrivateIpAddress", "DisassociateAddress")
_LEAVES_BY_HA_VIP = ("HaVipDisassociateAddressIp",)
_CUTS = (*_LEAVES_BY_INTERFACE, *_LEAVES_BY_HA_VIP, "UnassignPrivateIpAddresses", "DisassociateAddress")


class Lost(Exception):  # noqa: N818 - what happens to the caller, not an error of ours
    """The call is lost in an outage: there is no answer."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.identifier)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a task: it ends ``duration_ns`` after now, well or badly; None: it is stuck, and its time has not
    begun.

    ``left`` is the instance that gives up an address or interface by it, None for the other tasks. ``cuts``: packets to
    what leaves are lost from now on.
    """

    task: Task
    left: str | None
    duration_ns: int | None
    succeeds: bool
    cuts: bool

    @property
    def moves_interface(self) -> bool:
        """Whether a whole ENI leaves."""
        return self.task.action in _LEAVES_BY_INTERFACE


class Served(NamedTuple):
    """The answer to a call, and the plan for the task that it began, if any."""

    response: dict[str, Any]
    plan: Plan | None


class Front:
    """The calls and tasks of one region. ``is_dead`` tells whether an instance, by identifier, is down just now."""

    def __init__(self, region: Region, behaviour: Behaviour, draw: Draw, *, is_dead: Callable[[str], bool]) -> None:
        self._region = region
        self._behaviour = behaviour
        self._draw = draw
        self._is_dead = is_dead
        self._limiter = RateLimiter(behaviour.rate_limits)
        self._in_force: dict[str, Trouble] = {}
        self._throttles: dict[str, RateLimiter] = {}
        self._stuck: list[Plan] = []

    # Trouble --------------------------------------------------------------------------------------------------------

    @property
    def in_force(self) -> tuple[Trouble, ...]:
        """The troubles, in the order in which they began."""
        return tuple(self._in_force.values())

    def begin(self, trouble: Trouble) -> None:
        """A trouble takes hold.

        Raises:
            ValueError: one of that identifier is in force.
        """
        if trouble.identifier in self._in_force:
            raise ValueError(f"{trouble.identifier} is in force already")
        self._in_force[trouble.identifier] = trouble
        if trouble.kind is TroubleKind.THROTTLE:
            actions = trouble.actions or self._behaviour.actions.keys()
            self._throttles[trouble.identifier] = RateLimiter(dict.fromkeys(actions, trouble.rate_per_s))

    def end(self, identifier: str) -> list[Plan]:
        """A trouble is over; the plans of tasks that were stuck in it and go on now.

        Raises:
            KeyError: it is not in force.
        """
        del self._in_force[identifier]
        self._throttles.pop(identifier, None)
        waiting, self._stuck = self._stuck, []
        going_on = []
        for plan in waiting:
            if self._is_stuck(plan.task.action, plan.left):
                self._stuck.append(plan)
            else:
                going_on.append(self._timed(plan.task, plan.left, cuts=False) if plan.duration_ns is None else plan)
        return going_on

    def outage(self, action: str) -> Trouble | None:
        """The outage in which a call of the action would be lost now."""
        return next(iter(self._of(TroubleKind.OUTAGE, action)), None)

    def _of(self, kind: TroubleKind, action: str) -> Sequence[Trouble]:
        if not self._in_force:
            return ()
        return [item for item in self._in_force.values() if item.kind is kind and item.concerns(action)]

    # Calls ----------------------------------------------------------------------------------------------------------

    def accept_ns(self, action: str) -> int:
        """How long a call that arrives now takes to be served."""
        accept = self._behaviour.actions[action].accept
        return self._slowed(accept.quantile(self._draw("api", action, "accept")), action)

    def serve(self, action: str, parameters: Mapping[str, Any], *, now_ns: int) -> Served:
        """Serve a call whose accept latency is over.

        Raises:
            Lost: an outage swallows it.
            CloudError: it is refused, by trouble, by a rate limit or by the region.
        """
        outage = self.outage(action)
        if outage is not None:
            raise Lost(outage)
        for limiter in (*self._throttles.values(), self._limiter):
            limiter.admit(action, now_ns)
        self._refuse(action)
        reply = self._region.call(action, parameters, now_ns=now_ns)
        return Served(reply.response, None if reply.task is None else self._plan(reply.task))

    def _refuse(self, action: str) -> None:
        timing = self._behaviour.actions[action]
        if self._draw("api", action, "error") < timing.error_rate:
            raise CloudError(timing.error_code, "One of the errors that this API has been told to make.")
        for trouble in self._of(TroubleKind.ERRORS, action):
            if self._happens(trouble, action):
                raise CloudError(trouble.code, f"This error comes from {trouble.identifier}.")

    def _happens(self, trouble: Trouble, action: str) -> bool:
        return self._draw("api", action, f"fault/{trouble.identifier}") < trouble.probability

    def _slowed(self, duration_ns: int, action: str) -> int:
        for trouble in self._of(TroubleKind.SLOWDOWN, action):
            duration_ns = round(duration_ns * trouble.factor)
        return duration_ns

    # Tasks ----------------------------------------------------------------------------------------------------------

    def finish(self, plan: Plan, *, now_ns: int) -> Task | None:
        """End the plan's task, as planned; None: it is stuck, and :meth:`end` will have its plan again."""
        if self._is_stuck(plan.task.action, plan.left):
            self._stuck.append(replace(plan, duration_ns=0, cuts=False))
            return None
        end = self._region.commit if plan.succeeds else self._region.fail
        return end(plan.task.task_id, now_ns=now_ns)

    def _plan(self, task: Task) -> Plan:
        left = self._left_by(task)
        cuts = left is not None and task.action in _CUTS and self._behaviour.detach_cuts_traffic_at_once
        if not self._is_stuck(task.action, left):
            return self._timed(task, left, cuts=cuts)
        plan = Plan(task, left, None, succeeds=True, cuts=cuts)
        self._stuck.append(plan)
        return plan

    def _is_stuck(self, action: str, left: str | None) -> bool:
        """Whether trouble holds a task of that action, by which something leaves that instance (None: nothing)."""
        return any(left in item.instance_ids or not item.instance_ids for item in self._of(TroubleKind.STUCK, action))

    def _timed(self, task: Task, left: str | None, *, cuts: bool) -> Plan:
        action = task.action
        timing = self._behaviour.actions[action]
        distribution = timing.task_dead_host if left is not None and self._is_dead(left) else timing.task
        duration_ns = self._slowed(distribution.quantile(self._draw("api", action, "task")), action)
        fails = self._draw("api", action, "task_failure") < timing.task_failure_rate
        for trouble in self._of(TroubleKind.TASK_FAILURES, action):
            fails = self._happens(trouble, action) or fails
        return Plan(task, left, duration_ns, not fails, cuts)

    def _left_by(self, task: Task) -> str | None:
        if task.action in _LEAVES_BY_INTERFACE:
            return task.instance_id
        interface_id = task.network_interface_id if task.action in _LEAVES_BY_ADDRESS else ""
        if task.action in _LEAVES_BY_HA_VIP:
            interface_id = self._region.ha_vips[task.ha_vip_id].network_interface_id
        return self._region.network_interfaces[interface_id].instance_id if interface_id else None
