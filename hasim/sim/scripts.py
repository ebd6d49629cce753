"""Notify scripts: slow, fallible processes that move the address by calling the cloud's API.

keepalived forks them and forgets them: scripts of one instance run side by side, in no order, and are killed with the
daemon. Or it writes its events into a fifo, and one reader works them off one by one. Each script is a SimPy process
that follows the scenario's :class:`~hasim.scenario.model.NotifyPolicy`, and so is the reader while it has work.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias

import simpy

from hasim.scenario.mechanism import claim_steps, release_steps, supposed_holder
from hasim.scenario.topology import Holding
from hasim.sim.checks import RECLAIMS, Grid
from hasim.sim.control_plane import Answer
from hasim.trace import NotifyEnded, NotifyStarted

if TYPE_CHECKING:
    from hasim.sim.daemon import Daemon
    from hasim.sim.world import World

__all__ = ["Scripts"]

_Steps: TypeAlias = Generator[simpy.Event, Any, Any]
_Work: TypeAlias = "Callable[[Daemon, int], _Steps]"
_Job: TypeAlias = tuple[str, _Work]
"""An event, and what a script does for it."""


class Scripts:
    """All scripts of a run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs = 0
        self._alive: dict[str, list[simpy.Process]] = {}
        self._claims: dict[str, int] = {}
        self._fifos: dict[str, list[_Job]] = {}
        self._jitter = {
            i.name: world.randomness.stream("notify", i.name, "retry_jitter") for i in world.scenario.instances
        }
        self._reclaims: dict[str, Grid] = {}
        self._frozen: dict[str, tuple[int, int]] = {}

    def join(self, daemon: Daemon, *, steady: bool) -> None:
        """A daemon has come up: begin its periodic "do I hold it?" (``steady``: it has been asked for long)."""
        interval_ns = daemon.instance.notify.reclaim_interval_ns
        if interval_ns is None or self._world.scenario.floating.mechanism.is_announced:
            return
        grid = self._reclaims.get(daemon.name)
        if grid is None:
            grid = self._reclaims[daemon.name] = Grid(
                self._world, daemon.name, RECLAIMS, interval_ns, lambda _index: self._reclaim(daemon)
            )
        if steady:
            phase = self._world.randomness.stream("reclaim", daemon.name, "phase").uniform()
            grid.start(int(phase * interval_ns) - interval_ns, parked=True)
        else:
            grid.start(self._world.kernel.now)

    def leave(self, daemon: Daemon) -> None:
        """The daemon is gone; its periodic question with it."""
        self._frozen.pop(daemon.name, None)
        if daemon.name in self._reclaims:
            self._reclaims[daemon.name].stop()

    def freeze(self, daemon: Daemon) -> None:
        """An instance stands still, and with it whatever asks periodically: perhaps in the middle of its start, or
        while it waits for its answer."""
        now = self._world.kernel.now
        grid = self._reclaims.get(daemon.name)
        begun_ns = None if grid is None else grid.last_ns(now)
        if begun_ns is not None and not self._claims.get(daemon.name, 0):
            policy, stream = daemon.instance.notify, self._world.script_start_up[daemon.name]
            asks_ns = begun_ns + policy.start_up.quantile(stream.uniform()) + policy.sleep_before_ns
            self._frozen[daemon.name] = now, asks_ns
            if asks_ns <= now and daemon.is_master and not self._would_ask(daemon):
                self._await_answer(daemon, now - asks_ns)

    def _await_answer(self, daemon: Daemon, elapsed_ns: int) -> None:
        """A periodic question was asked that long ago, with everything in order, and so left no record; if its answer
        is still to come, it is told of from now on."""
        control_plane, timeout_ns = self._world.control_plane, daemon.instance.notify.call_timeout_ns
        query = control_plane.topology.holder_query()
        accept = self._world.scenario.control_plane.actions[query.action].accept
        accept_ns = accept.quantile(control_plane.draws("reclaim", daemon.name, "accept"))
        if elapsed_ns >= min(accept_ns, timeout_ns):
            return

        def work(daemon: Daemon, run: int) -> _Steps:
            left_ns = timeout_ns - elapsed_ns, accept_ns - elapsed_ns
            question = control_plane.call(daemon.instance, run, query.action, query.params, *left_ns)
            return self._claim(daemon, run, always_ask=True, left_ns=0, question=question)

        self._spawn(daemon, "RECLAIM", work)

    def thaw(self, daemon: Daemon) -> None:
        """It goes on: a question that was about to be asked is asked, and one that fell due meanwhile begins now."""
        frozen = self._frozen.pop(daemon.name, None)
        if frozen is None or not self._would_ask(daemon):
            return
        (frozen_ns, asks_ns), now = frozen, self._world.kernel.now
        due_ns = self._reclaims[daemon.name].last_ns(now)
        if asks_ns > frozen_ns:
            left_ns = max(asks_ns - now, 0)
            self._spawn(daemon, "RECLAIM", lambda *which: self._claim(*which, always_ask=True, left_ns=left_ns))
        elif due_ns is not None and due_ns > frozen_ns:
            self._spawn(daemon, "RECLAIM", self._claim_if_lost)

    def poke(self) -> None:
        """Something that a periodic question would find out may have changed."""
        for grid in self._reclaims.values():
            grid.poke()

    def notify(self, daemon: Daemon, event: str) -> None:
        """keepalived runs the notify script of that event (where guests claim the address, it only writes a log)."""
        if self._world.scenario.floating.mechanism.is_announced:
            return
        policy = daemon.instance.notify
        run = self._spawn if not policy.fifo else self._queue
        if event == "MASTER" or (event == "MASTER_RX_LOWER_PRI" and policy.on_rx_lower_priority):
            run(daemon, event, self._claim)
        elif event in ("BACKUP", "FAULT", "STOP") and policy.release_on_backup:
            run(daemon, event, self._release)

    def kill(self, name: str) -> None:
        """Every script of that instance is killed now, and what waits in its fifo is lost."""
        self._fifos.pop(name, None)
        for process in self._alive.pop(name, []):
            if process.is_alive:
                process.interrupt()

    def kill_later(self, name: str, grace_ns: int) -> None:
        """keepalived stops politely: scripts that still run after ``grace_ns`` are killed."""
        doomed = list(self._alive.get(name, []))
        waiting = self._fifos.pop(name, [])

        def kill() -> None:
            waiting.clear()
            for process in doomed:
                if process.is_alive:
                    process.interrupt()

        self._world.hosts[name].agenda.wait(grace_ns, kill)

    def _reclaim(self, daemon: Daemon) -> bool:
        """One periodic question. One that would find everything in order leaves no record; nor does quiet mode ask
        it."""
        if not daemon.is_master or daemon.frozen:
            return True
        if self._claims.get(daemon.name, 0):
            return False
        if not self._would_ask(daemon):
            return True
        self._spawn(daemon, "RECLAIM", self._claim_if_lost)
        return False

    def _would_ask(self, daemon: Daemon) -> bool:
        """Whether a periodic question makes sense: a MASTER's that would find something out of order."""
        control_plane = self._world.control_plane
        in_order = control_plane.holder == daemon.name and control_plane.untroubled(daemon.instance)
        return daemon.is_master and not in_order and not self._claims.get(daemon.name, 0)

    def _spawn(self, daemon: Daemon, event: str, work: _Work) -> None:
        """A process of its own for one event."""
        run = self._announce(daemon, event)
        self._begin(daemon, self._run(daemon, run, work))

    def _queue(self, daemon: Daemon, event: str, work: _Work) -> None:
        """One more event for the reader of the fifo."""
        fifo = self._fifos.get(daemon.name)
        if fifo is not None:
            fifo.append((event, work))
            return
        fifo = self._fifos[daemon.name] = [(event, work)]
        self._begin(daemon, self._read(daemon, fifo))

    def _announce(self, daemon: Daemon, event: str) -> int:
        """A script begins; returns its number."""
        self._runs += 1
        self._world.record(NotifyStarted(self._world.kernel.now, daemon.name, self._runs, event))
        return self._runs

    def _begin(self, daemon: Daemon, steps: _Steps) -> None:
        process = self._world.kernel.process(steps)
        alive = [other for other in self._alive.get(daemon.name, []) if other.is_alive]
        self._alive[daemon.name] = [*alive, process]

    def _read(self, daemon: Daemon, fifo: list[_Job]) -> _Steps:
        """Work off what is in the fifo; the reader is killed with what it does."""
        while fifo:
            event, work = fifo.pop(0)
            outcome = yield from self._run(daemon, self._announce(daemon, event), work)
            if outcome == "killed":
                return
        if self._fifos.get(daemon.name) is fifo:
            del self._fifos[daemon.name]

    def _run(self, daemon: Daemon, run: int, work: _Work) -> _Steps:
        """Do the work for one event; returns the outcome."""
        name = daemon.name
        self._claims[name] = self._claims.get(name, 0) + 1
        try:
            outcome = yield from work(daemon, run)
        except simpy.Interrupt:
            outcome = "killed"
        self._claims[name] -= 1
        self._world.record(NotifyEnded(self._world.kernel.now, name, run, outcome))
        if outcome != "killed":
            self.poke()
        return outcome

    def _claim_if_lost(self, daemon: Daemon, run: int) -> _Steps:
        """The periodic check: it is there to find out, and asks whatever the policy says."""
        outcome = yield from self._claim(daemon, run, always_ask=True)
        return outcome

    def _claim(
        self,
        daemon: Daemon,
        run: int,
        *,
        always_ask: bool = False,
        left_ns: int | None = None,
        question: _Steps | None = None,
    ) -> _Steps:
        """Make this instance the holder; returns the outcome. ``left_ns`` is what is left of its start (None: all);
        ``question`` is one that it has asked already, and the wait for its answer."""
        if left_ns is None:
            yield from self._start(daemon)
            left_ns = daemon.instance.notify.sleep_before_ns
        if left_ns:
            yield from self._sleep(daemon, left_ns)
        asks = always_ask or daemon.instance.notify.check_first
        outcome = yield from self._take(daemon, run, asks=asks, question=question)
        if daemon.instance.notify.reread_after and outcome == "done" and not daemon.is_master:
            yield from self._give_back(daemon, run)
            return "superseded"
        return outcome

    def _take(self, daemon: Daemon, run: int, *, asks: bool, question: _Steps | None) -> _Steps:
        policy = daemon.instance.notify
        for attempt in range(policy.tries):
            if attempt:
                yield from self._sleep(daemon, self._retry_delay_ns(daemon, attempt))
            if policy.reread_state and not daemon.is_master:
                return "superseded"
            outcome = yield from self._attempt(daemon, run, asks=asks, question=question)
            if outcome is not None:
                return outcome
            question = None
        return "gave_up"

    def _attempt(self, daemon: Daemon, run: int, *, asks: bool, question: _Steps | None) -> _Steps:
        """One try: the outcome, or None when it is to be tried again."""
        policy = daemon.instance.notify
        topology = self._world.control_plane.topology
        mechanism = self._world.scenario.floating.mechanism
        if asks:
            answer = yield from question or self._ask(daemon, run)
            if answer.code != "OK":
                return "nothing_to_do" if policy.unanswered_means_held else None
            holding = topology.holding_in(answer.response)
        else:
            holding = Holding(supposed_holder(daemon.instance), True)
        steps = claim_steps(mechanism, topology, daemon.name, holding.holder, eip_is_bound=holding.eip_is_bound)
        if not steps:
            return "nothing_to_do"
        done = yield from self._carry_out(daemon, run, steps)
        return "done" if done else None

    def _release(self, daemon: Daemon, run: int) -> _Steps:
        """Give the address back; returns the outcome."""
        policy = daemon.instance.notify
        yield from self._start(daemon)
        yield from self._sleep(daemon, policy.sleep_before_release_ns)
        if policy.reread_state and daemon.is_master:
            return "superseded"
        outcome = yield from self._give_back(daemon, run)
        return outcome

    def _give_back(self, daemon: Daemon, run: int) -> _Steps:
        """The cloud lets nobody release what somebody else holds, except an EIP: a script that asks first asks here
        too."""
        topology = self._world.control_plane.topology
        mechanism = self._world.scenario.floating.mechanism
        if mechanism.is_public and daemon.instance.notify.check_first:
            answer = yield from self._ask(daemon, run)
            if answer.code != "OK":
                return "gave_up"
            if topology.holding_in(answer.response).holder != daemon.name:
                return "nothing_to_do"
        steps = release_steps(mechanism, topology, daemon.name)
        done = yield from self._carry_out(daemon, run, steps)
        return "done" if done else "gave_up"

    def _carry_out(self, daemon: Daemon, run: int, steps: Any) -> _Steps:
        """Make the calls one after another, each when the task of the one before is through; True when all went
        well."""
        policy = daemon.instance.notify
        for number, step in enumerate(steps, start=1):
            answer = yield from self._call(daemon, run, step.action, step.params)
            if answer.code != "OK":
                return False
            if policy.wait_for_task or number < len(steps):
                finished = yield from self._await_task(daemon, run, answer)
                if not finished:
                    return False
        return True

    def _await_task(self, daemon: Daemon, run: int, answer: Answer) -> _Steps:
        """Poll until the task is through (True when it succeeded) or the script has waited long enough."""
        policy = daemon.instance.notify
        deadline_ns = self._world.kernel.now + policy.task_timeout_ns
        if "TaskId" in answer.response:
            action, params, field = "DescribeTaskResult", {"TaskId": int(answer.response["TaskId"])}, "Result"
        else:
            action, params, field = "DescribeVpcTaskResult", {"TaskId": answer.response["RequestId"]}, "Status"
        while self._world.kernel.now < deadline_ns:
            yield from self._sleep(daemon, policy.poll_interval_ns)
            status = yield from self._call(daemon, run, action, params)
            if status.code == "OK" and status.response[field] != "RUNNING":
                return status.response[field] == "SUCCESS"
        return False

    def _ask(self, daemon: Daemon, run: int) -> _Steps:
        query = self._world.control_plane.topology.holder_query()
        answer = yield from self._call(daemon, run, query.action, query.params)
        return answer

    def _call(self, daemon: Daemon, run: int, action: str, params: Any) -> _Steps:
        policy = daemon.instance.notify
        control_plane = self._world.control_plane
        answer = yield from control_plane.call(daemon.instance, run, action, params, policy.call_timeout_ns)
        return answer

    def _start(self, daemon: Daemon) -> _Steps:
        stream = self._world.script_start_up[daemon.name]
        yield from self._sleep(daemon, daemon.instance.notify.start_up.quantile(stream.uniform()))

    def _sleep(self, daemon: Daemon, duration_ns: int) -> _Steps:
        """A frozen script does not go on."""
        if duration_ns:
            yield self._world.kernel.sleep(duration_ns)
        guest = self._world.hosts[daemon.name]
        while guest.thawed is not None:
            yield guest.thawed

    def _retry_delay_ns(self, daemon: Daemon, attempt: int) -> int:
        policy = daemon.instance.notify
        delay_ns = min(round(policy.retry_delay_ns * policy.retry_backoff ** (attempt - 1)), policy.retry_max_ns)
        if not policy.retry_jitter:
            return delay_ns
        return round(delay_ns * (1 - policy.retry_jitter * self._jitter[daemon.name].uniform()))
