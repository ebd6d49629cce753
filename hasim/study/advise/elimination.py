"""Successive elimination: run many candidates little, and the few that are in doubt more.

Every look decides, for each candidate that still matters, whether it meets the SLO, misses it, or is in doubt. A
candidate matters while it is in doubt and cheaper than the cheapest one that meets the SLO. All candidates have the
same faults, and each look adds replications to those that there are.

All decisions hold together with 95 %: the error is divided by the candidates and by the looks (Bonferroni). The longest
outage is no such decision: whatever was not seen in a few replications may be seen in more of them. So a candidate can
miss it at any look, but meets it at the last one only, and then only as far as was looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hasim.study.advise.candidates import Candidate
from hasim.study.compare.variants import Running, run_variants
from hasim.study.estimators import CONFIDENCE, Estimate
from hasim.study.overlaps import too_rare
from hasim.study.results import StudyResult
from hasim.study.slo import LONGEST_OUTAGE, Verdict, verdicts
from hasim.study.summary import unavailability

__all__ = ["Judged", "Standing", "confidence_of_each", "eliminate", "looks_up_to", "verdicts_of"]

_FIRST_LOOK = 25


class Standing(StrEnum):
    """What is known of a candidate."""

    MEETS = "meets"
    MISSES = "misses"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True)
class Judged:
    """A candidate with its study so far, and a verdict for each thing that the SLO asks for."""

    candidate: Candidate
    result: StudyResult
    verdicts: tuple[Verdict, ...]

    @property
    def standing(self) -> Standing:
        """It meets the SLO if it meets all of it, and misses it if it misses any of it."""
        found = [verdict.met for verdict in self.verdicts]
        if any(met is False for met in found):
            return Standing.MISSES
        return Standing.MEETS if all(found) else Standing.IN_DOUBT


def looks_up_to(most: int) -> list[int]:
    """How many replications there are at each look: twice as many each time, ``most`` at last."""
    looks = []
    count = _FIRST_LOOK
    while count < most:
        looks.append(count)
        count *= 2
    return [*looks, most]


def confidence_of_each(candidates: int, looks: int) -> float:
    """Of each interval, so high that all decisions about so many candidates hold together (Bonferroni)."""
    return 1.0 - (1.0 - CONFIDENCE) / (candidates * looks)


def eliminate(candidates: Sequence[Candidate], running: Running, looks: Sequence[int]) -> tuple[list[Judged], bool]:
    """The candidates in their order, as they are known at the end; and whether it was interrupted.

    Args:
        candidates: the cheapest first.
        running: with a journal that keeps what has been run, so that each look runs only what is new.
        looks: how many replications at each.
    """
    confidence = confidence_of_each(len(candidates), len(looks))
    known: dict[int, Judged] = {}
    waiting = list(range(len(candidates)))
    for look in looks:
        results = run_variants([candidates[index].scenario for index in waiting], replace(running, replications=look))
        for index, result in zip(waiting, results, strict=True):
            found = verdicts_of(result, confidence, is_last=look == looks[-1] and not result.interrupted)
            known[index] = Judged(candidates[index], result, found)
        waiting = _still_open(known)
        if not waiting or any(result.interrupted for result in results):
            break
    return [known[index] for index in range(len(candidates))], any(one.result.interrupted for one in known.values())


def _still_open(known: dict[int, Judged]) -> list[int]:
    meeting = [index for index, one in known.items() if one.standing is Standing.MEETS]
    cheapest = min(meeting, default=len(known))
    return [index for index in sorted(known) if index < cheapest and known[index].standing is Standing.IN_DOUBT]


def verdicts_of(result: StudyResult, confidence: float, *, is_last: bool) -> tuple[Verdict, ...]:
    """A verdict for each thing that the SLO asks for; ``is_last``: no further replications will be looked at."""
    lost = unavailability(result.outcomes, confidence)
    available = Estimate(1.0 - lost.value, 1.0 - lost.high, 1.0 - lost.low, lost.confidence, lost.method, lost.n)
    overlaps = too_rare(result.scenario, result.outcomes)
    found = verdicts(result.scenario.slo, result.outcomes, available, confidence, overlaps)
    return tuple(
        one if is_last or one.name != LONGEST_OUTAGE or not one.met else replace(one, met=None) for one in found
    )
