"""A region in running time: requests wait for their answer, tasks end by themselves, trouble comes and goes.

The same rules as in the simulated world (:mod:`hasim.sim.control_plane`), on an asyncio loop instead of a simulated
clock: a request is served when its accept latency is over; an outage swallows it, a throttle or an error burst refuses
it, and otherwise the region answers. A task's duration is drawn when it begins. Everything happens in the loop's one
thread, so a call is served as a whole or not at all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from hasim.cloud.entities import InstanceState, Task, TaskStatus
from hasim.cloud.errors import CloudError
from hasim.cloud.http.behaviour import Behaviour, Draw
from hasim.cloud.http.clock import Clock
from hasim.cloud.http.journal import Journal
from hasim.cloud.http.trouble import Trouble, TroubleKind, Troubles
from hasim.cloud.rate_limit import RateLimiter
from hasim.cloud.region import Region
from hasim.cloud.registry import ACTIONS

__all__ = ["LiveRegion", "Unanswered"]

_LEAVE_BY_INTERFACE = ("DetachNetworkInterface", "MigrateNetworkInterface")
_LEAVE_BY_ADDRESS = ("UnassignPrivateIpAddresses", "MigratePrivateIpAddress")
_BOOTS = ("StartInstances", "RebootInstances")
_LONGEST_TIMER_S = 86_400.0
_SHOWN_TASKS = 8


class Unanswered(Exception):  # noqa: N818 - an outage is not an error of ours
    """The request is lost in an outage."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.identifier)
        self.trouble = trouble


class LiveRegion:
    """A region with a clock. ``draw`` gives uniform numbers in (0, 1) for durations and chances.

    ``journal``, where given, writes down every change of its region. ``failed`` is told what went wrong when a change
    could not be made or written down: what is in memory can then no longer be trusted.
    """

    def __init__(
        self,
        region: Region,
        clock: Clock,
        behaviour: Behaviour,
        draw: Draw,
        *,
        journal: Journal | None = None,
        failed: Callable[[Exception], None],
    ) -> None:
        self.region = region
        self.clock = clock
        self.troubles = Troubles()
        self.ended: deque[Task] = deque(maxlen=_SHOWN_TASKS)
        self._behaviour = behaviour
        self._draw = draw
        self._journal = journal
        self._failed = failed
        self._limiter = RateLimiter(behaviour.rate_limits_per_s)
        self._crashed: dict[str, bool] = {}
        self._stuck: dict[str, list[Task]] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    # Calls ----------------------------------------------------------------------------------------------------------

    async def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an API call, when it is due.

        Raises:
            CloudError: the call is refused.
            Unanswered: an outage swallows it.
        """
        timing = self._behaviour.actions[action]
        await asyncio.sleep(self.clock.real_seconds(self._slowed(timing.accept(self._draw()), action)))
        for trouble in self.troubles.of(TroubleKind.OUTAGE, action):
            raise Unanswered(trouble)
        self._refuse(action)
        return self._perform(action, parameters)

    def _refuse(self, action: str) -> None:
        now_ns = self.clock.now_ns()
        for trouble in self.troubles.of(TroubleKind.THROTTLE, action):
            trouble.limiter.admit(action, now_ns)
        self._limiter.admit(action, now_ns)
        timing = self._behaviour.actions[action]
        if timing.error_rate and self._draw() < timing.error_rate:
            raise CloudError(timing.error_code, "One of the errors that this API has been told to make.")
        for trouble in self.troubles.of(TroubleKind.ERRORS, action):
            if self._draw() < trouble.probability:
                raise CloudError(trouble.code, f"This error comes from {trouble.identifier}.")

    def _perform(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        now_ns = self.clock.now_ns()
        reply = self.region.call(action, parameters, now_ns=now_ns)
        if self._journal is not None and not ACTIONS[action].reads_only:
            try:
                self._journal.called(action, parameters, reply.response["RequestId"], now_ns)
            except OSError as error:
                self._failed(error)
                raise
        if reply.task is not None:
            self._begin_task(reply.task)
        return reply.response

    def _slowed(self, duration_ns: int, action: str) -> int:
        for trouble in self.troubles.of(TroubleKind.SLOWDOWN, action):
            duration_ns = round(duration_ns * trouble.factor)
        return duration_ns

    # Tasks ----------------------------------------------------------------------------------------------------------

    def _begin_task(self, task: Task) -> None:
        left = self._left_by(task)
        if left is not None and self._crashed.get(left):
            self._stuck.setdefault(left, []).append(task)
            return
        self._schedule(task, dead=left is not None and self._is_dead(left))

    def _schedule(self, task: Task, *, dead: bool) -> None:
        timing = self._behaviour.actions[task.action]
        distribution = timing.task_dead_host if dead else timing.task
        duration_ns = self._slowed(distribution(self._draw()), task.action)
        succeeds = self._draw() >= timing.task_failure_rate
        self._at(self.clock.now_ns() + duration_ns, lambda: self._end_task(task, succeeds))

    def _left_by(self, task: Task) -> str | None:
        """The instance that gives up an address or an interface by this task; None for the other tasks."""
        if task.action in _LEAVE_BY_INTERFACE:
            return task.instance_id
        if task.action in _LEAVE_BY_ADDRESS:
            return self.region.network_interfaces[task.network_interface_id].instance_id
        return None

    def _is_dead(self, instance_id: str) -> bool:
        return instance_id in self._crashed or self.region.instances[instance_id].state is InstanceState.STOPPED

    def _end_task(self, task: Task, succeeds: bool) -> None:
        now_ns = self.clock.now_ns()
        try:
            end = self.region.commit if succeeds else self.region.fail
            end(task.task_id, now_ns=now_ns)
            if self._journal is not None:
                self._journal.ended(task.task_id, succeeds, now_ns)
        except Exception as error:  # nobody waits for this: whoever runs the endpoint has to know
            self._failed(error)
            return
        self.ended.append(task)
        if task.action in _BOOTS and task.status is TaskStatus.SUCCESS:
            for instance_id in task.resource_ids:
                self.start(instance_id)

    def _at(self, due_ns: int, act: Callable[[], None]) -> None:
        """Call ``act`` when it is ``due_ns``; in steps, because a timer cannot be arbitrarily long."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            self._timers.discard(handle)
            if self.clock.now_ns() >= due_ns:
                act()
            else:
                self._at(due_ns, act)

        delay_s = max(self.clock.real_seconds(due_ns - self.clock.now_ns()), 0.0)
        handle = loop.call_later(min(delay_s, _LONGEST_TIMER_S), ring)
        self._timers.add(handle)

    # What is done to it from outside --------------------------------------------------------------------------------

    def begin_trouble(self, posted: object) -> Trouble:
        """Switch a trouble on, and off again after its duration if it has one.

        Raises:
            ValueError: ``posted`` does not describe one.
        """
        trouble = self.troubles.begin(posted)
        if trouble.duration_ns is not None:
            self._at(self.clock.now_ns() + trouble.duration_ns, lambda: self._time_out(trouble))
        return trouble

    def _time_out(self, trouble: Trouble) -> None:
        self.troubles.end(trouble.identifier)

    def instance_named(self, name: str) -> str | None:
        """The identifier of an instance by identifier or name; None when there is none, or more than one."""
        if name in self.region.instances:
            return name
        found = [item.instance_id for item in self.region.instances.values() if item.name == name]
        return found[0] if len(found) == 1 else None

    def crash(self, instance_id: str, *, stuck: bool) -> None:
        """The guest dies; the API goes on showing RUNNING.

        From now on, what leaves the instance takes as long as from a dead host; with ``stuck`` it does not leave at all
        until the instance is started.
        """
        self._crashed[instance_id] = stuck

    def start(self, instance_id: str) -> None:
        """The guest is up again; tasks that were stuck because of it go on."""
        self._crashed.pop(instance_id, None)
        for task in self._stuck.pop(instance_id, []):
            self._schedule(task, dead=False)

    def is_crashed(self, instance_id: str) -> bool:
        """Whether :meth:`crash` was the last that was heard of the instance."""
        return instance_id in self._crashed

    def close(self) -> None:
        """End all trouble, so that nobody waits any more, and let no task end any more."""
        self.troubles.end_all()
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
