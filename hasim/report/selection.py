"""Which single outage of a study is worth looking at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hasim.study import StudyResult

__all__ = ["OutageReference", "longest_outages", "typical_failover", "worst_outage"]


class OutageReference(NamedTuple):
    """Where an outage is found again: its replication, and its number in it from 1 (as in outages.csv)."""

    replication: int
    number: int


def worst_outage(result: StudyResult) -> OutageReference | None:
    """The longest outage of all (the first of several equal ones); None if there was none."""
    return next((OutageReference(*place) for place in result.outages.places(longest_first=True)), None)


def longest_outages(result: StudyResult, count: int) -> list[OutageReference]:
    """The longest outages, the longest first, from as many replications as there are."""
    chosen: dict[int, OutageReference] = {}
    for replication, number in result.outages.places(longest_first=True):
        if len(chosen) == count:
            break
        chosen.setdefault(replication, OutageReference(replication, number))
    return list(chosen.values())


def typical_failover(result: StudyResult) -> OutageReference | None:
    """The failover of median length; the longest outage if none ended by failover; None if there was no outage."""
    moves = result.failovers
    if not moves:
        return worst_outage(result)
    return OutageReference(*next(moves.places(skip=(len(moves) - 1) // 2)))
