"""A study as tables: rows that become pandas DataFrames, CSV and Parquet files, with the same columns in all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hasim.measure.model import FAILOVER, PHASES, UNRESOLVED, RunOutcome
from hasim.study.summary import api_calls

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "OUTAGE_COLUMNS",
    "TABLES",
    "TableOfStudy",
    "api_frame",
    "is_fraction",
    "is_text",
    "outages_frame",
    "replications_frame",
]

OUTAGE_COLUMNS = (
    "replication",
    "outage",
    "start_ns",
    "end_ns",
    "duration_ns",
    "missing",
    "cause",
    "fault",
    "began_on",
    "ended_on",
    "resolution",
    *(f"{phase}_ns" for phase in PHASES),
)
"""``outage`` numbers the outages of a replication from 1, as ``hasim explain`` does."""

_REPLICATION_COLUMNS = (
    "replication",
    "horizon_ns",
    "downtime_ns",
    "availability",
    "outages",
    "failovers",
    "unresolved",
    "longest_outage_ns",
    "dual_master_ns",
    "wrong_instance_ns",
    "black_hole_ns",
    "transitions",
    "notify_runs",
    "api_calls",
)
_API_COLUMNS = ("action", "code", "calls")
_TEXT_COLUMNS = frozenset(
    {
        *("scenario", "missing", "cause", "fault", "began_on", "ended_on", "resolution", "action", "code"),
        *("master_before", "begun_by", "target", "master_after"),
    }
)
_FRACTION_COLUMNS = frozenset({"availability", "per_year", "probability", "weight"})


@dataclass(frozen=True, slots=True)
class TableOfStudy:
    """A table that outcomes can be written as: the names of its columns, and the rows of some outcomes."""

    columns: tuple[str, ...]
    rows: Callable[[Iterable[RunOutcome]], Iterator[tuple[Any, ...]]]


def is_text(column: str) -> bool:
    """Whether a column of any table holds text (or nothing); the others hold whole numbers or fractions."""
    return column in _TEXT_COLUMNS


def is_fraction(column: str) -> bool:
    """Whether it holds numbers that are not whole."""
    return column in _FRACTION_COLUMNS


def _outage_rows(outcomes: Iterable[RunOutcome]) -> Iterator[tuple[Any, ...]]:
    """A row per outage, in the order of :data:`OUTAGE_COLUMNS`."""
    for outcome in outcomes:
        for number, outage in enumerate(outcome.outages, start=1):
            yield (
                outcome.replication,
                number,
                outage.start_ns,
                outage.end_ns,
                outage.duration_ns,
                outage.missing,
                outage.cause,
                outage.fault,
                outage.began_on,
                outage.ended_on,
                outage.resolution,
                *outage.phases_ns,
            )


def outages_frame(outcomes: Iterable[RunOutcome]) -> pd.DataFrame:
    """A row per outage."""
    return _frame(TABLES["outages"], outcomes)


def replications_frame(outcomes: Iterable[RunOutcome]) -> pd.DataFrame:
    """A row per replication."""
    return _frame(TABLES["replications"], outcomes)


def api_frame(outcomes: Iterable[RunOutcome]) -> pd.DataFrame:
    """A row per action and code, with the number of calls in all replications together."""
    return _frame(TABLES["api"], outcomes)


def _api_rows(outcomes: Iterable[RunOutcome]) -> Iterator[tuple[Any, ...]]:
    for action, codes in api_calls(outcomes).items():
        for code, count in codes.items():
            yield action, code, count


def _replication_rows(outcomes: Iterable[RunOutcome]) -> Iterator[tuple[Any, ...]]:
    return map(_replication_row, outcomes)


def _replication_row(outcome: RunOutcome) -> tuple[Any, ...]:
    outages = outcome.outages
    return (
        outcome.replication,
        outcome.horizon_ns,
        outcome.downtime_ns,
        outcome.availability,
        len(outages),
        sum(outage.resolution == FAILOVER for outage in outages),
        sum(outage.resolution == UNRESOLVED for outage in outages),
        max((outage.duration_ns for outage in outages), default=0),
        outcome.dual_master_ns,
        outcome.wrong_instance_ns,
        outcome.black_hole_ns,
        outcome.transitions,
        outcome.notify_runs,
        sum(count for codes in outcome.api_calls.values() for count in codes.values()),
    )


TABLES: Mapping[str, TableOfStudy] = {
    "outages": TableOfStudy(OUTAGE_COLUMNS, _outage_rows),
    "replications": TableOfStudy(_REPLICATION_COLUMNS, _replication_rows),
    "api": TableOfStudy(_API_COLUMNS, _api_rows),
}
"""By name: a row per outage; a row per replication; a row per API action and code with the number of calls in all."""


def _frame(table: TableOfStudy, outcomes: Iterable[RunOutcome]) -> pd.DataFrame:
    """A frame whose column types do not depend on its rows (no rows: still integers where there would be some)."""
    import pandas as pd

    rows: Sequence[tuple[Any, ...]] = list(table.rows(outcomes))
    return pd.DataFrame(
        {name: pd.Series([row[index] for row in rows], dtype=_kind(name)) for index, name in enumerate(table.columns)}
    )


def _kind(column: str) -> Any:
    if is_text(column):
        return "object"
    return "float64" if is_fraction(column) else "int64"
