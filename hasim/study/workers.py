"""Runs of jobs on as many workers as there are, with the same result for any number of them: :class:`Crew`.

What a job gives for a number depends on job and number alone, so that only the order in which results come back varies;
whoever keeps them undoes that by their numbers. There is one way for every crew: numbers are cut into chunks that take
about :data:`_CHUNK_S`, a team (:mod:`hasim.study.teams`) works on a few more chunks than it has workers, and what is
finished is kept at once. The chunks of a team that broke are done again.

A small amount of work is done before other processes would have started, and is done in this one.
"""

from __future__ import annotations

import heapq
import itertools
import math
import os
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from importlib import import_module
from types import TracebackType
from typing import Generic, Self, TypeAlias, TypeVar

from hasim.errors import LostWorkersError, UserError
from hasim.study.cluster import Cluster
from hasim.study.interrupts import ctrl_c_later
from hasim.study.teams import Chunk, Done, Processes, Runnable, Team, ThisProcess
from hasim.units import counted

__all__ = ["Crew", "Runnable", "available_cores"]

_TRIAL_S = 0.25
"""So long this process works alone: it measures what a run costs, and a small study is done by then."""

_WORTH_A_TEAM_S = 1.0
_CHUNK_S = 0.075
"""Handing out a chunk costs 0.2 ms on this machine and 3 ms on a cluster; what is lost to a kill is this long."""

_GRACE_S = 2.0
_BREAKS = 3

T = TypeVar("T")
Work: TypeAlias = Sequence[tuple[Runnable[T], Sequence[int]]]
Keep: TypeAlias = Callable[[int, list[T]], None]


def available_cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Crew:
    """Workers for any number of calls of :meth:`run`: processes of this machine, or a cluster. A context manager."""

    def __init__(self, jobs: int | None = None, cluster: str | None = None) -> None:
        """``jobs`` processes (None: one for each core), or the Dask cluster with this address (``tcp://host:port``).

        Nothing is started, and nobody connected to, before there is work.

        Raises:
            UserError: ``jobs`` is below 1, or both are given.
        """
        if jobs is not None and jobs < 1:
            raise UserError(f"jobs is a whole number from 1, not {jobs}")
        if jobs is not None and cluster is not None:
            raise UserError("give jobs or a cluster, not both: a cluster has as many workers as it has")
        self._jobs = available_cores() if jobs is None else jobs
        self._cluster = cluster
        self._team: Team | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._team is not None:
            self._team.close()

    def run(self, work: Work[T], keep: Keep[T]) -> None:
        """Run every number of every job, giving results to ``keep`` as they come, in any order.

        All jobs get on together, by their numbers: at any time each has about the same of them behind it. ``keep`` is
        called in this thread with the index of the job in ``work`` and a few results of it.

        Raises:
            UserError: the cluster cannot be used (and why).
            LostWorkersError: the workers die again and again, or their cluster is gone.
            KeyboardInterrupt: Ctrl-C; what was finished by then has been kept.
        """
        queue = _Queue(work)
        if queue.left:
            _import_everything()
            if self._team is None:
                self._begin(queue, keep)
            if self._team is not None:
                self._drive_team(self._team, queue, keep)

    def _drive_team(self, team: Team, queue: _Queue[T], keep: Keep[T]) -> None:
        try:
            _drive(team, queue, keep)
        except KeyboardInterrupt:
            self._team = None  # it was sent home
            raise

    def _begin(self, queue: _Queue[T], keep: Keep[T]) -> None:
        """Get a team, or do without one if that is as quick."""
        if self._cluster is not None:
            self._team = Cluster(self._cluster)
            return
        here = ThisProcess()
        if self._jobs > 1:
            _drive(here, queue, keep, seconds=_TRIAL_S)
            if queue.left_s >= _WORTH_A_TEAM_S:
                self._team = Processes(self._jobs)
                return
        _drive(here, queue, keep)


def _import_everything() -> None:
    """Load what runs and their results need, so that the first run costs what the others cost.

    Otherwise NumPy may be imported in the middle of a run, and when Ctrl-C ends that, it cannot be imported again.
    """
    with ctrl_c_later():
        for name in ("hasim.sim.world", "scipy.special"):
            import_module(name)


class _Queue(Generic[T]):
    """What is still to be done, handed out in chunks: the lowest number of any job first."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._packed: dict[int, bytes] = {}
        self._heads = [(numbers[0], index, 0) for index, (_, numbers) in enumerate(work) if numbers]
        heapq.heapify(self._heads)
        self._returned: list[Chunk[T]] = []
        self._cost_s: dict[int, float] = {}
        self._not_taken = sum(len(numbers) for _, numbers in work)

    @property
    def left(self) -> int:
        """How many runs are not handed out."""
        return self._not_taken + sum(len(chunk.numbers) for chunk in self._returned)

    @property
    def left_s(self) -> float:
        """About how long those take on one worker; infinite while nobody knows."""
        return self.left * self._usual_s if self._cost_s else math.inf

    def take(self, seconds: float, capacity: int) -> Chunk[T] | None:
        """A chunk that takes about so long, and leaves something for the others; None when there is none."""
        if self._returned:
            return self._returned.pop()
        if not self._heads:
            return None
        _, index, position = heapq.heappop(self._heads)
        job, numbers = self._work[index]
        size = max(1, min(self._fitting(index, seconds), math.ceil(self._not_taken / capacity)))
        taken = tuple(numbers[position : position + size])
        position += len(taken)
        self._not_taken -= len(taken)
        if position < len(numbers):
            heapq.heappush(self._heads, (numbers[position], index, position))
        return Chunk(index, job, taken, lambda: self._pack(index))

    def put_back(self, chunk: Chunk[T]) -> None:
        """Have a chunk done again."""
        self._returned.append(chunk)

    def learn(self, chunk: Chunk[T], seconds: float) -> None:
        """Take notice of what a chunk cost."""
        cost_s = seconds / len(chunk.numbers)
        before_s = self._cost_s.get(chunk.index, cost_s)
        self._cost_s[chunk.index] = max((before_s + cost_s) / 2, 1e-9)

    @property
    def _usual_s(self) -> float:
        return math.fsum(self._cost_s.values()) / len(self._cost_s)

    def _fitting(self, index: int, seconds: float) -> int:
        if not self._cost_s:
            return 1
        return round(seconds / self._cost_s.get(index, self._usual_s))

    def _pack(self, index: int) -> bytes:
        if index not in self._packed:
            self._packed[index] = pickle.dumps(self._work[index][0], pickle.HIGHEST_PROTOCOL)
        return self._packed[index]


def _drive(team: Team, queue: _Queue[T], keep: Keep[T], seconds: float = math.inf) -> None:
    """Have the team do what is in the queue, or for so long; a team that breaks begins anew."""
    deadline = time.perf_counter() + seconds
    waiting: dict[Future[Done[T]], Chunk[T]] = {}
    try:
        for breaks in itertools.count(1):
            try:
                _work_off(team, queue, keep, deadline, waiting)
                return
            except team.broken as error:
                for chunk in waiting.values():
                    queue.put_back(chunk)
                waiting.clear()
                if breaks == _BREAKS:
                    raise _lost(team.obituary, queue) from error
            try:
                team.renew()
            except LostWorkersError as error:
                raise _lost(str(error), queue) from None
    except KeyboardInterrupt:
        _stop(team, waiting, keep)
        raise


def _lost(what: str, queue: _Queue[T]) -> LostWorkersError:
    return LostWorkersError(f"{what}: {counted(queue.left, 'run')} {'is' if queue.left == 1 else 'are'} missing")


def _work_off(
    team: Team, queue: _Queue[T], keep: Keep[T], deadline: float, waiting: dict[Future[Done[T]], Chunk[T]]
) -> None:
    """Hand out chunks and keep what comes back; ``waiting`` is what the team has been given and not given back."""
    while True:
        while len(waiting) < team.capacity and (left_s := deadline - time.perf_counter()) > 0:
            chunk = queue.take(min(_CHUNK_S, left_s), team.capacity)
            if chunk is None:
                break
            try:
                waiting[team.submit(chunk)] = chunk
            except BaseException:
                queue.put_back(chunk)
                raise
        if not waiting:
            return
        finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in finished:
            results, seconds = future.result()
            chunk = waiting.pop(future)
            queue.learn(chunk, seconds)
            keep(chunk.index, results)


def _stop(team: Team, waiting: dict[Future[Done[T]], Chunk[T]], keep: Keep[T]) -> None:
    """After Ctrl-C: keep what the workers finish within a moment, and end those that are still at it."""
    begun = team.withdraw(set(waiting))
    finished, late = wait(begun, timeout=_GRACE_S)
    for future in finished:
        if not future.cancelled() and future.exception() is None:
            keep(waiting[future].index, future.result()[0])
    team.close(at_once=bool(late))
