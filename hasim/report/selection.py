"""Which single outage of a study is worth looking at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hasim.measure.model import FAILOVER, Outage

if TYPE_CHECKING:
    from hasim.study import StudyResult

__all__ = ["OutageReference", "longest_outages", "typical_failover", "worst_outage"]


class OutageReference(NamedTuple):
    """Where an outage is found again: its replication, and its number in it from 1 (as in outages.csv)."""

    replication: int
    number: int


def worst_outage(result: StudyResult) -> OutageReference | None:
    """The longest outage of all (the first of several equal ones); None if there was none."""
    found = _all(result)
    return max(found, key=lambda entry: entry[1].duration_ns)[0] if found else None


def longest_outages(result: StudyResult, count: int) -> list[OutageReference]:
    """The longest outages, the longest first, from as many replications as there are."""
    found = sorted(_all(result), key=lambda entry: -entry[1].duration_ns)
    chosen: dict[int, OutageReference] = {}
    for reference, _ in found:
        chosen.setdefault(reference.replication, reference)
    return list(chosen.values())[:count]


def typical_failover(result: StudyResult) -> OutageReference | None:
    """The failover of median length; the longest outage if none ended by failover; None if there was no outage."""
    moves = [entry for entry in _all(result) if entry[1].resolution == FAILOVER]
    if not moves:
        return worst_outage(result)
    return sorted(moves, key=lambda entry: entry[1].duration_ns)[(len(moves) - 1) // 2][0]


def _all(result: StudyResult) -> list[tuple[OutageReference, Outage]]:
    return [
        (OutageReference(outcome.replication, number), outage)
        for outcome in result.outcomes
        for number, outage in enumerate(outcome.outages, start=1)
    ]
