"""A study as tables: rows that become pandas DataFrames and CSV files, with the same columns in both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hasim.measure.model import FAILOVER, PHASES, UNRESOLVED, RunOutcome
from hasim.study.summary import api_calls

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OUTAGE_COLUMNS", "api_frame", "outage_rows", "outages_frame", "replications_frame"]

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
_TEXT_COLUMNS = frozenset({"missing", "cause", "fault", "began_on", "ended_on", "resolution", "action", "code"})


def outage_rows(outcomes: Iterable[RunOutcome]) -> Iterator[tuple[Any, ...]]:
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
    return _frame(list(outage_rows(outcomes)), OUTAGE_COLUMNS)


def replications_frame(outcomes: Iterable[RunOutcome]) -> pd.DataFrame:
    """A row per replication."""
    return _frame([_replication_row(outcome) for outcome in outcomes], _REPLICATION_COLUMNS)


def api_frame(outcomes: Iterable[RunOutcome]) -> pd.DataFrame:
    """A row per action and code, with the number of calls in all replications together."""
    rows = [(action, code, count) for action, codes in api_calls(outcomes).items() for code, count in codes.items()]
    return _frame(rows, ("action", "code", "calls"))


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


def _frame(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> pd.DataFrame:
    """A frame whose column types do not depend on its rows (no rows: still integers where there would be some)."""
    import pandas as pd

    return pd.DataFrame(
        {name: pd.Series([row[index] for row in rows], dtype=_kind(name)) for index, name in enumerate(columns)}
    )


def _kind(column: str) -> Any:
    if column in _TEXT_COLUMNS:
        return "object"
    return "float64" if column == "availability" else "int64"
