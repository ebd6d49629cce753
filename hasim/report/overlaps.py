"""What is said of overlapping failures that are too rare for a study to have seen enough of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hasim.errors import UserError
from hasim.report.numbers import share_text
from hasim.study.overlaps import ENOUGH

if TYPE_CHECKING:
    from hasim.scenario.model import Scenario
    from hasim.study import StudyResult, Verdict
    from hasim.study.compare import Metric
    from hasim.study.overlaps import Overlaps

__all__ = ["in_doubt_note", "overlaps_note", "overlaps_remark"]


def overlaps_note(result: StudyResult) -> str:
    """What the interval of the unavailability does not allow for; empty if that is nothing that matters."""
    overlaps = result.overlaps
    if overlaps is None:
        return ""
    share = share_text(overlaps.unavailability / (overlaps.unavailability + result.unavailability.value))
    return (
        f"{_expected(overlaps)} are to be expected in what was simulated, too few for the interval to allow for them, "
        f"and may be {share} of the unavailability; {_way_out(result.scenario, overlaps, len(result.outcomes))}"
    )


def in_doubt_note(verdicts: Sequence[Verdict], scenario: Scenario, count: int) -> str:
    """Why an objective is undecided although its interval, after so many replications, is good; empty if none is."""
    verdict = next((verdict for verdict in verdicts if verdict.overlaps is not None), None)
    if verdict is None or verdict.overlaps is None:
        return ""
    return (
        f"{verdict.name} is undecided although its interval lies above what is wanted: only "
        f"{_expected(verdict.overlaps)} are to be expected in what was simulated, and may cost more than is left; "
        f"{_way_out(scenario, verdict.overlaps, count)}"
    )


def overlaps_remark(results: Sequence[StudyResult], metrics: Sequence[Metric]) -> str:
    """What the intervals of the downtimes of several studies, and of their differences, do not allow for; empty if that
    is nothing that matters, or no downtime is asked for."""
    if not any(metric.name.startswith("downtime") for metric in metrics):
        return ""
    found = [(result.overlaps.expected, len(result.outcomes)) for result in results if result.overlaps is not None]
    if not found:
        return ""
    expected, count = min(found)
    return (
        f"Only {expected:.2g} failures of all instances at once are to be expected in what was simulated of each: what "
        "they cost, and how that differs, is not in the intervals of the downtime; about "
        f"{math.ceil(count * ENOUGH / expected):,} replications would show it."
    )


def _expected(overlaps: Overlaps) -> str:
    return f"{overlaps.expected:.2g} failures of all instances at once"


def _way_out(scenario: Scenario, overlaps: Overlaps, count: int) -> str:
    from hasim.study.episodes.fitness import check_scenario

    try:
        check_scenario(scenario)
    except UserError:
        return f"about {math.ceil(count * ENOUGH / overlaps.expected):,} replications would show what they cost"
    return "--method episodes allows for them"
