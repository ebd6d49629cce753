"""A region in running time: requests wait for their answer, tasks end by themselves, trouble comes and goes.

What is answered, when, and what becomes of tasks is decided by :mod:`hasim.cloud.trouble`, as in the simulated world;
this module waits on an asyncio loop, writes down what is accepted, and is told what happens to instances. Everything
happens in the loop's one thread, so a call is served as a whole or not at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from hasim.cloud.entities import Task, TaskStatus
from hasim.cloud.http.clock import Clock
from hasim.cloud.http.journal import Journal
from hasim.cloud.http.routes import Routes
from hasim.cloud.http.trouble import LiveTrouble, read_trouble
from hasim.cloud.region import Region
from hasim.cloud.registry import ACTIONS
from hasim.cloud.trouble import Behaviour, Claim, Claims, Draw, Front, Lost, Plan, Trouble, TroubleKind

__all__ = ["LiveRegion", "Unanswered"]

_BOOTS = ("StartInstances", "RebootInstances")
_SHOWN_TASKS = 8
_MOST_TROUBLES = 100


class Unanswered(Exception):  # noqa: N818 - an outage is not an error of ours
    """The request is lost in an outage."""

    def __init__(self, lost_in: LiveTrouble) -> None:
        super().__init__(lost_in.trouble.identifier)
        self.lost_in = lost_in


class LiveRegion:
    """A region with a clock. ``draw`` gives the random numbers of durations and chances.

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
        missing = ACTIONS.keys() - behaviour.actions.keys()
        if missing:
            raise ValueError(f"no timing for {', '.join(sorted(missing))}")
        self.region = region
        self.clock = clock
        self.routes = Routes(region, clock, behaviour, draw)
        self.ended: deque[Task] = deque(maxlen=_SHOWN_TASKS)
        self._front = Front(region, behaviour, draw, is_dead=region.is_dead)
        self._claims = Claims(region, behaviour, draw)
        self._troubles: dict[str, LiveTrouble] = {}
        self._trouble_count = 0
        self._journal = journal
        self._failed = failed

    # Calls and tasks ------------------------------------------------------------------------------------------------

    async def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an API call, when it is due.

        Raises:
            CloudError: the call is refused.
            Unanswered: an outage swallows it.
        """
        await self.clock.sleep(self._front.accept_ns(action))
        now_ns = self.clock.now_ns()
        try:
            served = self._front.serve(action, parameters, now_ns=now_ns)
        except Lost as lost:
            raise Unanswered(self._troubles[lost.trouble.identifier]) from None
        if not ACTIONS[action].reads_only:
            self._write(lambda journal: journal.called(action, parameters, served.response["RequestId"], now_ns))
        if served.plan is not None:
            if served.plan.cuts:
                self.routes.cut(served.plan)
            self._carry_out(served.plan, now_ns)
        return served.response

    def _carry_out(self, plan: Plan, now_ns: int) -> None:
        if plan.duration_ns is not None:
            self.clock.at(now_ns + plan.duration_ns, lambda: self._end_task(plan))

    def _end_task(self, plan: Plan) -> None:
        now_ns = self.clock.now_ns()
        try:
            task = self._front.finish(plan, now_ns=now_ns)
            if task is None:
                return
            self._write(lambda journal: journal.ended(task.task_id, plan.succeeds, now_ns))
        except Exception as error:  # nobody waits for this: whoever runs the endpoint has to know
            self._failed(error)
            return
        self.ended.append(task)
        self.routes.mend(task.task_id)
        self.routes.follow()
        if task.action in _BOOTS and task.status is TaskStatus.SUCCESS:
            for instance_id in task.resource_ids:
                self.end_trouble(_stuck_on(instance_id))

    def _write(self, record: Callable[[Journal], None]) -> None:
        if self._journal is not None:
            try:
                record(self._journal)
            except Exception as error:  # whatever it is: from here on the file lacks what was accepted
                self._failed(error)
                raise

    # Trouble --------------------------------------------------------------------------------------------------------

    @property
    def troubles(self) -> tuple[LiveTrouble, ...]:
        """Those in force, in the order in which they began."""
        return tuple(self._troubles.values())

    def begin_trouble(self, posted: object) -> LiveTrouble:
        """Switch a trouble on that is described as JSON, and off again after its duration if it has one.

        Raises:
            ValueError: ``posted`` does not describe one, or there are too many.
        """
        if len(self._troubles) >= _MOST_TROUBLES:
            raise ValueError(f"{_MOST_TROUBLES} troubles are in force already: switch some off")
        begun = read_trouble(posted, f"trouble-{self._trouble_count + 1}", self.instance_named)
        self._trouble_count += 1
        self.befall(begun)
        if begun.duration_ns is not None:
            identifier = begun.trouble.identifier
            self.clock.at(self.clock.now_ns() + begun.duration_ns, lambda: self.end_trouble(identifier))
        return begun

    def befall(self, begun: LiveTrouble) -> None:
        """A trouble takes hold, until :meth:`end_trouble`.

        Raises:
            ValueError: one of its identifier is in force.
        """
        self._front.begin(begun.trouble)
        self._troubles[begun.trouble.identifier] = begun

    def end_trouble(self, identifier: str) -> bool:
        """Switch one off; False when it is not in force."""
        ended = self._troubles.pop(identifier, None)
        if ended is None:
            return False
        for plan in self._front.end(identifier):
            self._carry_out(plan, self.clock.now_ns())
        ended.over.set()
        return True

    def end_all_trouble(self) -> int:
        """Switch all off; how many there were."""
        return sum(self.end_trouble(identifier) for identifier in tuple(self._troubles))

    # What happens to instances --------------------------------------------------------------------------------------

    def instance_named(self, name: str) -> str | None:
        """The identifier of an instance by identifier or name; None when there is none, or more than one."""
        if name in self.region.instances:
            return name
        found = [item.instance_id for item in self.region.instances.values() if item.name == name]
        return found[0] if len(found) == 1 else None

    def crash(self, instance_id: str, *, stuck: bool = False) -> None:
        """The guest dies; the API goes on showing what it showed.

        From now on, what leaves the instance takes as long as from a dead host; with ``stuck`` it does not leave at all
        until the instance is started.
        """
        self._note_guest(instance_id, is_crashed=True)
        self.end_trouble(_stuck_on(instance_id))
        if stuck:
            trouble = Trouble(_stuck_on(instance_id), TroubleKind.STUCK, instance_ids=frozenset({instance_id}))
            self.befall(LiveTrouble(trouble))

    def start(self, instance_id: str) -> None:
        """The guest is up again; tasks that were stuck because of it go on."""
        self._note_guest(instance_id, is_crashed=False)
        self.end_trouble(_stuck_on(instance_id))

    def power(self, instance_id: str, *, running: bool) -> None:
        """The cloud learns that an instance is RUNNING, or that it has been shut down from inside."""
        state, now_ns = "RUNNING" if running else "STOPPED", self.clock.now_ns()
        self.region.instance_power(instance_id, state)
        self._write(lambda journal: journal.power(instance_id, state, now_ns))

    def _note_guest(self, instance_id: str, *, is_crashed: bool) -> None:
        now_ns = self.clock.now_ns()
        self.region.guest(instance_id, is_crashed=is_crashed)
        self._write(lambda journal: journal.guest(instance_id, is_crashed, now_ns))

    def garps(self, ha_vip_id: str, network_interface_id: str, count: int) -> tuple[bool, Claim | None]:
        """A burst of gratuitous ARPs for a HAVIP leaves by an ENI: whether the cloud takes one, and what claim it is.

        No claim: the HAVIP is there, or on its way there.
        """
        now_ns = self.clock.now_ns()
        taken = [self._claims.admit(network_interface_id, now_ns) for _ in range(count)]
        if not any(taken):
            return False, None
        claim = self._claims.claim(ha_vip_id, network_interface_id, now_ns)
        if claim is not None:
            self.clock.at(claim.due_ns, lambda: self._settle(claim))
        return True, claim

    def _settle(self, claim: Claim) -> None:
        now_ns = self.clock.now_ns()
        if self._claims.settle(claim, now_ns):
            try:
                self._write(lambda journal: journal.announced(claim.ha_vip_id, claim.network_interface_id, now_ns))
            except Exception:
                return  # whoever runs the endpoint knows
            self.routes.follow()

    def close(self) -> None:
        """End all trouble, so that nobody waits any more, and let no task end any more."""
        self.end_all_trouble()
        self.routes.release()
        self.clock.stop()


def _stuck_on(instance_id: str) -> str:
    return f"stuck-{instance_id}"
