"""A Dask cluster as a team: workers on other machines, which may come, go and die (extra ``cluster``)."""

from __future__ import annotations

import logging
import time
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from hasim.errors import HasimError, LostWorkersError, UserError
from hasim.study.fingerprint import episodes_fingerprint
from hasim.study.teams import Chunk, Done, run_packed

__all__ = ["Cluster"]

_CONNECT_S = 10.0
_LOOK_AGAIN_S = 5.0
_AHEAD = 3

_LOGGER = logging.getLogger("distributed.client")

T = TypeVar("T")


class Cluster:
    """The workers that a Dask scheduler has, now and later. Those that are lost are made up for by the others."""

    obituary = "the workers of the cluster were killed again and again (out of memory?)"

    def __init__(self, address: str) -> None:
        """Connect to the scheduler at ``address`` and see whether its workers can do our work.

        Raises:
            UserError: dask.distributed is not installed, nobody answers, there are no workers, or they have no hasim or
                another one.
        """
        try:
            from distributed import KilledWorker
        except ModuleNotFoundError as error:
            raise UserError(
                f"a cluster needs dask.distributed, which is not installed ({error}): pip install 'hasim[cluster]'"
            ) from None
        logging.getLogger("asyncio").addFilter(_ABANDONED)
        self.broken: tuple[type[BaseException], ...] = (KilledWorker, CancelledError)
        self._address = address
        self._threads, self._counted_at = 0, 0.0
        self._silence = _Silence()
        try:
            self._connect()
        except _NoAnswerError as error:
            raise UserError(
                f"the cluster {address}: no Dask scheduler answers there ({error}); expected the address that "
                '"dask scheduler" prints, such as tcp://host:8786'
            ) from None

    @property
    def capacity(self) -> int:
        if not self._threads or time.monotonic() - self._counted_at > _LOOK_AGAIN_S:
            try:
                threads = self._client.nthreads()
            except OSError as error:
                raise CancelledError(_first_line(error)) from None
            self._threads, self._counted_at = max(1, sum(threads.values())), time.monotonic()
        return _AHEAD * self._threads

    def submit(self, chunk: Chunk[T]) -> Future[Done[T]]:
        """Not by the client's executor: that takes a result for an error whose worker dies as it is fetched."""
        future: Future[Done[T]] = Future()
        if self._client.status == "closed":  # it lost the scheduler, and has given up
            raise CancelledError
        there = self._client.submit(_run_if_ours, episodes_fingerprint(), chunk.pack(), chunk.numbers, pure=False)
        there.add_done_callback(lambda done: _settle(future, done))
        return future

    def renew(self) -> None:
        self.close()
        try:
            self._connect()
        except _NoAnswerError as error:
            raise LostWorkersError(f"the cluster is lost, {self._address} answers no more ({error})") from None
        except UserError as error:
            raise LostWorkersError(f"the cluster was lost, and cannot be used again: {error}") from None

    def withdraw(self, waiting: set[Future[Done[T]]]) -> set[Future[Done[T]]]:
        return waiting

    def close(self, *, at_once: bool = False) -> None:
        self._client.close()
        _LOGGER.removeFilter(self._silence)

    def _connect(self) -> None:
        _LOGGER.addFilter(self._silence)
        try:
            self._client = self._new_client()
        except BaseException:
            _LOGGER.removeFilter(self._silence)
            raise
        try:
            self._greet()
        except BaseException:
            self.close()
            raise

    def _new_client(self) -> Any:
        from distributed import Client
        from distributed.comm.addressing import parse_address, parse_host_port
        from distributed.comm.registry import get_backend

        try:
            scheme, location = parse_address(self._address)
            get_backend(scheme)  # a client with an address that cannot be leaves a trace of its end
            if scheme != "inproc":
                parse_host_port(location)
            return Client(self._address, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TypeError) as error:
            raise _NoAnswerError(_first_line(error)) from None

    def _greet(self) -> None:
        """Refuse workers that would give other results, before they do."""
        try:
            if not self._client.nthreads():
                raise UserError(
                    f"the cluster {self._address}: the scheduler has no workers; start some with: dask worker "
                    f"{self._address}"
                )
            found = self._client.run(_fingerprint_there)
        except UserError:
            raise
        except OSError as error:
            raise _NoAnswerError(_first_line(error)) from None
        except Exception as error:
            raise UserError(
                f"the cluster {self._address}: the workers cannot run hasim ({_first_line(error)}); install the same "
                "version in their environment"
            ) from None
        others = sorted(worker for worker, fingerprint in found.items() if fingerprint != episodes_fingerprint())
        if others:
            raise UserError(f"the cluster {self._address}: {_another_hasim('workers ' + ', '.join(others))}")


class _NoAnswerError(HasimError):
    """There is no scheduler at the address."""


class _Silence(logging.Filter):
    """Dask's client logs tracebacks of what we tell the user ourselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.CRITICAL


class _Abandoned(logging.Filter):
    """When a client closes, its event loop may leave tasks behind that were cancelled: asyncio logs a traceback for
    each as soon as the garbage collector finds it, which may be any time later."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], CancelledError))


_ABANDONED = _Abandoned()


def _settle(future: Future[Done[Any]], done: Any) -> None:
    """Hand over what became of a task. A result that was lost with its worker is made again by another."""
    if done.status == "cancelled":
        future.set_exception(CancelledError())
        return
    try:
        result = done.result()
    except BaseException as error:
        lost = isinstance(error, OSError) and done.status != "error"  # it was made, and cannot be fetched
        future.set_exception(CancelledError(_first_line(error)) if lost else error)
    else:
        future.set_result(result)


def _fingerprint_there() -> str:
    return episodes_fingerprint()


def _run_if_ours(fingerprint: str, packed: bytes, numbers: tuple[int, ...]) -> Done[Any]:
    """Run a chunk on a worker, which may have joined after the others were asked."""
    if fingerprint != episodes_fingerprint():
        raise UserError(_another_hasim("one of the workers"))
    return run_packed(packed, numbers)


def _another_hasim(who: str) -> str:
    return (
        f"another hasim, which would give other results, is installed on {who}; install the same version everywhere "
        "and restart the workers"
    )


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
