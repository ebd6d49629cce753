"""Replications on several processes, with the same result for any number of them.

Each replication depends on (scenario, seed, replication) alone, so that only the order in which results come back
varies, and that is undone by their numbers. The processes are spawned, not forked: a fork of a program with threads (a
notebook, NumPy's) may deadlock. A study that takes less than a moment is not worth a process and runs in this one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import TypeAlias

from hasim.errors import HasimError
from hasim.measure import RunOutcome, measure
from hasim.scenario.model import Scenario

__all__ = ["Job", "available_cores", "run_here", "run_replications"]

_TRIAL_S = 0.25
"""So long this process works alone: it measures what a replication costs, and a small study is done by then."""

_WORTH_A_POOL_S = 1.0
_CHUNK_S = 0.075
_GRACE_S = 2.0
_POOLS = 3
_AHEAD = 3
"""Chunks handed out per worker: the next is there when one is done, and little is lost to Ctrl-C."""

Keep: TypeAlias = Callable[[RunOutcome], None]
_Outcomes: TypeAlias = Future[list[RunOutcome]]


class Job:
    """What every replication of a study has in common."""

    def __init__(self, scenario: Scenario, seed: int, heartbeats: str) -> None:
        self.scenario = scenario
        self.seed = seed
        self.heartbeats = heartbeats

    def run(self, replication: int) -> RunOutcome:
        """Simulate and measure one replication."""
        from hasim.sim import simulate

        trace = simulate(self.scenario, seed=self.seed, replication=replication, heartbeats=self.heartbeats)
        return measure(trace)


def available_cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_replications(job: Job, replications: Sequence[int], jobs: int, keep: Keep) -> None:
    """Run them all, giving each outcome to ``keep`` as it comes, in any order.

    Raises:
        HasimError: the worker processes die again and again.
        KeyboardInterrupt: Ctrl-C; what was finished by then has been kept.
    """
    if jobs == 1:
        run_here(job, replications, keep)
        return
    import_module("hasim.sim.world")  # so that the trial measures replications, not imports
    started = time.perf_counter()
    done = run_here(job, replications, keep, seconds=_TRIAL_S)
    cost_s = (time.perf_counter() - started) / max(1, done)
    rest = replications[done:]
    if len(rest) * cost_s < _WORTH_A_POOL_S:
        run_here(job, rest, keep)
        return
    _run_on_pools(job, rest, min(jobs, len(rest)), max(1, round(_CHUNK_S / cost_s)), keep)


def run_here(job: Job, replications: Sequence[int], keep: Keep, seconds: float | None = None) -> int:
    """Run them in this process, at most for so long; returns how many were run."""
    deadline = None if seconds is None else time.perf_counter() + seconds
    for done, replication in enumerate(replications):
        if deadline is not None and time.perf_counter() >= deadline:
            return done
        keep(job.run(replication))
    return len(replications)


def _run_on_pools(job: Job, replications: Sequence[int], jobs: int, chunk: int, keep: Keep) -> None:
    """Run them on a pool; when a worker was killed, what is missing runs on a new one."""
    missing = dict.fromkeys(replications)

    def keep_once(outcome: RunOutcome) -> None:
        if outcome.replication in missing:
            del missing[outcome.replication]
            keep(outcome)

    for _ in range(_POOLS):
        try:
            _run_on_pool(job, list(missing), jobs, chunk, keep_once)
            return
        except BrokenProcessPool:
            continue
    raise HasimError(
        f"the worker processes were killed {_POOLS} times (out of memory?): {len(missing)} replications are missing; "
        "try fewer jobs"
    )


def _run_on_pool(job: Job, replications: Sequence[int], jobs: int, chunk: int, keep: Keep) -> None:
    chunks = iter([replications[start : start + chunk] for start in range(0, len(replications), chunk)])
    strangers = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker, initargs=(job,)
    )
    waiting: set[_Outcomes] = set()

    def submit(count: int) -> None:
        with _starting_processes():
            waiting.update(pool.submit(_run_chunk, part) for part in islice(chunks, count))

    try:
        submit(_AHEAD * jobs)
        while waiting:
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                _keep_all(future, keep)
                waiting.discard(future)
            submit(len(finished))
    except KeyboardInterrupt:
        _stop(pool, waiting, keep, strangers)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _stop(pool: ProcessPoolExecutor, waiting: set[_Outcomes], keep: Keep, strangers: set[BaseProcess]) -> None:
    """After Ctrl-C: keep what the workers finish within a moment, then end those that are still at it."""
    begun = {future for future in waiting if not future.cancel()}
    finished, late = wait(begun, timeout=_GRACE_S)
    for future in finished:
        if future.exception() is None:
            _keep_all(future, keep)
    pool.shutdown(wait=not late, cancel_futures=True)
    if late:
        for process in set(multiprocessing.active_children()) - strangers:
            process.kill()
            process.join()


def _keep_all(future: _Outcomes, keep: Keep) -> None:
    for outcome in future.result():
        keep(outcome)


@contextmanager
def _starting_processes() -> Iterator[None]:
    """While processes start, keep Ctrl-C and the caller's main program out of them.

    They need nothing of the main program, and a script without ``if __name__ == "__main__"`` would run itself again in
    each. Ctrl-C reaches the whole process group, and it is for this process to say what becomes of the work: children
    inherit that it is blocked here; here it takes effect a moment later.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


_job: Job | None = None
"""The job of a worker process, sent once when it starts."""


def _begin_worker(job: Job) -> None:
    global _job
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _job = job


def _run_chunk(replications: Sequence[int]) -> list[RunOutcome]:
    assert _job is not None
    return [_job.run(replication) for replication in replications]
