"""Sentences of a report about numbers with intervals: how available the service is, and whether the SLO is met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from hasim.report.numbers import duration_text, per_year, percentage
from hasim.report.page.content import Verdict
from hasim.units import format_duration

if TYPE_CHECKING:
    from hasim.study import Estimate, LatencySummary
    from hasim.study import Verdict as SloVerdict

__all__ = ["availability_sentence", "latency_sentence", "verdicts"]


def availability_sentence(availability: Estimate, downtime_per_year_ns: Estimate, outages_per_year: Estimate) -> str:
    """How much of the time the service is there, and what is missing in a year."""
    return (
        f"The service is available {percentage(availability.value)} of the time{_interval(availability, percentage)}: "
        f"{duration_text(downtime_per_year_ns.value)} without it a year, in {per_year(outages_per_year.value)} outages."
    )


def latency_sentence(latency: LatencySummary) -> str:
    """How long a failover takes."""
    return (
        f"Half of the failovers take at most {duration_text(latency.p50.value)}"
        f"{_interval(latency.p50, duration_text)}, 19 of 20 at most {duration_text(latency.p95.value)}"
        f"{_interval(latency.p95, duration_text)}."
    )


def verdicts(found: Sequence[SloVerdict]) -> Iterator[Verdict]:
    """A line for each thing that the SLO asks for."""
    if not found:
        yield Verdict("nothing asked", "The scenario has no SLO: add one, and the report says whether it is met.")
    for verdict in found:
        is_fraction = verdict.unit == "fraction"
        wanted = percentage(verdict.wanted, 1) if is_fraction else format_duration(round(verdict.wanted))
        bound = "at least" if is_fraction else "at most"
        word = {True: "met", False: "not met", None: "undecided"}[verdict.met]
        if verdict.measured is None:
            seen = "nothing of the kind happened"
        else:
            show: Callable[[float], str] = percentage if is_fraction else duration_text
            seen = f"it is {show(verdict.measured.value)}{_interval(verdict.measured, show)}"
        if verdict.overlaps is not None:
            seen += "; failures of all instances at once, too rare to have been seen, may cost more than is left"
        yield Verdict(word, f"{verdict.name} {bound} {wanted}: {seen}.")


def _interval(estimate: Estimate, show: Callable[[float], str]) -> str:
    low, high = show(estimate.low), show(estimate.high)
    if low == high:
        return ""
    return f" ({estimate.confidence:.0%} interval {low} to {high})"
