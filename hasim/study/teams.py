"""Who does the work: this process, processes of this machine, or a Dask cluster.

A team is a thin layer over an executor in the sense of :mod:`concurrent.futures`: chunks of work go in, futures come
out. What differs is how it is started and stopped, and what becomes of it when a worker dies: a pool of processes
breaks and is replaced; a cluster does the work of a lost worker on another by itself.

Processes are spawned, not forked: a fork of a program with threads (a notebook, NumPy's) may deadlock.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from hasim.errors import UserError
from hasim.study.interrupts import ENDING

__all__ = ["Chunk", "Done", "Processes", "Runnable", "Team", "ThisProcess", "run_numbers", "run_packed"]

_AHEAD = 3
"""Chunks handed out per worker: the next is there when one is done, and little is lost to Ctrl-C."""

_ENDED: list[Executor] = []
"""Pools that were ended at once, kept from being collected.

A pool's thread forgets the withdrawn futures only if the pool is still there when it gets round to it. Otherwise it
dies of them, leaves a full pipe behind, and the program cannot end.
"""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Done: TypeAlias = tuple[list[T], float]
"""What the runs of a chunk gave, and how many seconds they took."""


class Runnable(Protocol[T_co]):
    """A job: something that can be pickled, and run for each of many numbers."""

    def run(self, number: int, /) -> T_co:
        """What the job gives for this number: always the same, wherever and whenever it runs."""


@dataclass(frozen=True, eq=False, slots=True)
class Chunk(Generic[T]):
    """A few numbers of a job: ``index`` says which one, ``pack`` gives it pickled."""

    index: int
    job: Runnable[T]
    numbers: tuple[int, ...]
    pack: Callable[[], bytes]


class Team(Protocol):
    """Workers that are given chunks.

    Attributes:
        capacity: how many chunks they are to be given at a time.
        broken: the errors of a future, or of submitting, that say that workers died.
        obituary: what to tell the user when that goes on.
    """

    @property
    def capacity(self) -> int: ...
    @property
    def broken(self) -> tuple[type[BaseException], ...]: ...
    @property
    def obituary(self) -> str: ...

    def submit(self, chunk: Chunk[T]) -> Future[Done[T]]:
        """Have a chunk done.

        Raises:
            UserError: there can be no workers here, and why.
        """

    def renew(self) -> None:
        """After it broke: begin anew, with nothing to do.

        Raises:
            LostWorkersError: there is nobody to begin with.
        """

    def withdraw(self, waiting: set[Future[Done[T]]]) -> set[Future[Done[T]]]:
        """Take back what nobody has begun; returns what may have been."""

    def close(self, *, at_once: bool = False) -> None:
        """Send everybody home, ``at_once`` without waiting for what they are doing. May be called again."""


def run_numbers(job: Runnable[T], numbers: tuple[int, ...]) -> Done[T]:
    """Run a job for some numbers."""
    started = time.perf_counter()
    return [job.run(number) for number in numbers], time.perf_counter() - started


def run_packed(packed: bytes, numbers: tuple[int, ...]) -> Done[Any]:
    """The same in a worker, which unpacks a job once."""
    return run_numbers(_unpacked(packed), numbers)


@lru_cache(maxsize=256)
def _unpacked(packed: bytes) -> Runnable[Any]:
    job: Runnable[Any] = pickle.loads(packed)
    return job


class ThisProcess:
    """No workers: a chunk is done while it is handed in."""

    capacity = 1
    broken: tuple[type[BaseException], ...] = ()
    obituary = ""

    def submit(self, chunk: Chunk[T]) -> Future[Done[T]]:
        future: Future[Done[T]] = Future()
        future.set_result(run_numbers(chunk.job, chunk.numbers))
        return future

    def renew(self) -> None:
        """It cannot break."""

    def withdraw(self, waiting: set[Future[Done[T]]]) -> set[Future[Done[T]]]:
        return waiting

    def close(self, *, at_once: bool = False) -> None:
        """There is nobody to send home."""


class Processes:
    """Processes of this machine, started when there is work for them."""

    broken: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    obituary = "the worker processes were killed again and again (out of memory? try fewer jobs)"

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: Executor | None = None
        self._strangers: set[BaseProcess] = set()

    @property
    def capacity(self) -> int:
        return _AHEAD * self._count

    def submit(self, chunk: Chunk[T]) -> Future[Done[T]]:
        if self._pool is None:
            self._strangers = set(multiprocessing.active_children())
            with _starting_processes():  # multiprocessing's own helper, which clears up behind all of them
                self._pool = _new_pool(self._count)
        with _starting_processes():
            return self._pool.submit(run_packed, chunk.pack(), chunk.numbers)

    def renew(self) -> None:
        self.close()

    def withdraw(self, waiting: set[Future[Done[T]]]) -> set[Future[Done[T]]]:
        return {future for future in waiting if not future.cancel()}

    def close(self, *, at_once: bool = False) -> None:
        if self._pool is None:
            return
        # Told once: a second call would take the first one's cancel_futures back before the pool's thread has seen it.
        self._pool.shutdown(wait=not at_once, cancel_futures=True)
        if at_once:
            _ENDED.append(self._pool)
            for process in set(multiprocessing.active_children()) - self._strangers:
                process.kill()
                process.join()
        self._pool = None


def _new_pool(count: int) -> Executor:
    try:
        return ProcessPoolExecutor(count, mp_context=_WorkerContext(), initializer=_begin_worker)
    except OSError as error:  # its locks need shared memory
        raise UserError(
            f"worker processes cannot be started here: {error.strerror or error}. They need a /dev/shm and a directory "
            "for temporary files that can be written to; with one job (-j 1) there are none"
        ) from None


class _Worker(SpawnProcess):
    """A process that is deaf to SIGTERM (see :func:`_begin_worker`), which is how a pool that broke ends the others."""

    def terminate(self) -> None:
        self.kill()


class _WorkerContext(SpawnContext):
    Process = _Worker


@contextmanager
def _starting_processes() -> Iterator[None]:
    """While processes start, keep Ctrl-C, other requests to end and the caller's main program out of them.

    They need nothing of the main program, and a script without ``if __name__ == "__main__"`` would run itself again in
    each. Ctrl-C and a closed terminal reach the whole process group, as SIGTERM often does, and it is for this process
    to say what becomes of the work: children inherit that they are blocked here; here they take effect a moment later.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _begin_worker() -> None:
    """Leave requests to end to the process that handed out the work; when that is gone, leave with it."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
