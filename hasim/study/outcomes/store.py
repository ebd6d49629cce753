"""The temporary database of outcomes: :class:`OutcomeStore`."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hasim.errors import UserError
from hasim.measure.model import PHASES, RunOutcome
from hasim.study.interrupts import ctrl_c_later

__all__ = ["OUTAGE_COLUMNS", "PHASE_COLUMNS", "RUN_COLUMNS", "OutcomeStore", "errors_told"]

PHASE_COLUMNS = tuple(f"{phase}_ns" for phase in PHASES)
RUN_COLUMNS = (
    *("number", "horizon_ns", "downtime_ns", "dual_master_ns", "wrong_instance_ns", "black_hole_ns"),
    *("transitions", "notify_runs", "outages", "api_calls"),
)
OUTAGE_COLUMNS = (
    *("number", "place", "start_ns", "end_ns", "missing", "cause", "fault", "began_on", "ended_on", "resolution"),
    *PHASE_COLUMNS,
)
"""``number`` is that of the replication, ``place`` the outage's in it, from 0."""

_CACHE_KIB = 1024


def _table(name: str, columns: Sequence[str], key: str) -> str:
    return f"CREATE TABLE {name} (job, {', '.join(columns)}, PRIMARY KEY ({key})) WITHOUT ROWID"


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT OR IGNORE INTO {table} VALUES (?{', ?' * len(columns)})"


_INSERT_RUN = _insert("run", RUN_COLUMNS)
_INSERT_OUTAGE = _insert("outage", OUTAGE_COLUMNS)


class OutcomeStore:
    """The outcomes of some jobs, told apart by their indices. One that nobody refers to any more is gone."""

    def __init__(self) -> None:
        """An empty one."""
        self.connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self.connection.close)
        for pragma in (f"cache_size = -{_CACHE_KIB}", "journal_mode = memory", "synchronous = off"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute(_table("run", RUN_COLUMNS, "job, number"))
        self.connection.execute(_table("outage", OUTAGE_COLUMNS, "job, number, place"))

    def add(self, job: int, outcomes: Iterable[RunOutcome]) -> int:
        """Put finished replications of a job in, all or none, but those that are there; returns how many were not.

        Raises:
            UserError: there is no room left for them.
            ValueError: something in them is neither text nor a number of 64 bits.
        """
        added = 0
        with ctrl_c_later(), errors_told(), self._transaction():
            for outcome in outcomes:
                if self.connection.execute(_INSERT_RUN, _run_row(job, outcome)).rowcount:
                    self.connection.executemany(_INSERT_OUTAGE, _outage_rows(job, outcome))
                    added += 1
        return added

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")


def _run_row(job: int, outcome: RunOutcome) -> tuple[Any, ...]:
    return (
        job,
        outcome.replication,
        outcome.horizon_ns,
        outcome.downtime_ns,
        outcome.dual_master_ns,
        outcome.wrong_instance_ns,
        outcome.black_hole_ns,
        outcome.transitions,
        outcome.notify_runs,
        len(outcome.outages),
        json.dumps({action: dict(codes) for action, codes in outcome.api_calls.items()}),
    )


def _outage_rows(job: int, outcome: RunOutcome) -> Iterator[tuple[Any, ...]]:
    for place, outage in enumerate(outcome.outages):
        yield (
            job,
            outcome.replication,
            place,
            outage.start_ns,
            outage.end_ns,
            outage.missing,
            outage.cause,
            outage.fault,
            outage.began_on,
            outage.ended_on,
            outage.resolution,
            *outage.phases_ns,
        )


@contextmanager
def errors_told() -> Iterator[None]:
    """Tell SQLite's errors in the user's terms.

    Raises:
        UserError: there is no room in the directory for temporary files.
        ValueError: what is to be put in is neither text nor a number of 64 bits.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UserError(
            f"the outcomes of the study find no room in the directory for temporary files: {error}; name one with more "
            "in the environment variable SQLITE_TMPDIR"
        ) from None
    except (sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError) as error:
        raise ValueError(f"no outcome: {error}") from None
