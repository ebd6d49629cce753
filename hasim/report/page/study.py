"""The report of a study: its question, the answer with its interval, and what stands behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hasim.measure import measure
from hasim.measure.model import FIRST_SERVICE, RECOVERED_IN_PLACE, UNRESOLVED
from hasim.report.charts import (
    availability_per_replication,
    downtime_by_cause,
    failover_latency,
    outage_timeline,
    phases_stacked,
)
from hasim.report.narration import explain
from hasim.report.numbers import duration_text
from hasim.report.overlaps import overlaps_note
from hasim.report.page.content import Figure, Page, Paragraph, Part, Section, Story
from hasim.report.page.scenario import assumptions, design, lint, question, reproduction
from hasim.report.page.sentences import availability_sentence, latency_sentence, verdicts
from hasim.report.selection import OutageReference, longest_outages, typical_failover
from hasim.report.tables import Table, dual_master_note, study_tables
from hasim.units import counted, format_duration

if TYPE_CHECKING:
    from hasim.study import StudyResult

__all__ = ["study_page"]

_STORIES = 3


def study_page(result: StudyResult, command: str = "") -> Page:
    """The report of ``result``; ``command`` is what made it, empty for what a notebook made."""
    scenario = result.scenario
    sections = (
        Section("numbers", "The numbers", tuple(_numbers(result))),
        Section("where-time-goes", "Where the time goes", tuple(_where(result))),
        Section("worst", "The worst, step by step", tuple(_stories(result))),
        Section("api", "API calls, and when the truths disagree", tuple(_tables(result, "API", "When"))),
        Section("design", "The design", tuple(design(scenario))),
        Section("lint", "What lint says", tuple(lint(scenario))),
        Section("assumptions", "Assumptions", tuple(assumptions(scenario))),
        Section("reproduce", "How to reproduce it", tuple(reproduction(scenario, command, result.version))),
    )
    answer, *further = _answers(result)
    return Page(
        title=scenario.name,
        question=question(scenario),
        answer=answer,
        further=" ".join(further),
        verdicts=tuple(verdicts(result.verdicts)),
        sections=tuple(section for section in sections if section.parts),
        facts=facts(result),
    )


def facts(result: StudyResult) -> tuple[tuple[str, str], ...]:
    """What identifies a study, for the foot of a page."""
    return (
        ("made by hasim", result.version),
        ("replications", f"{len(result.outcomes):,}" + (" (interrupted)" if result.interrupted else "")),
        ("of", format_duration(result.scenario.horizon_ns)),
        ("seed", str(result.seed)),
        ("scenario", result.scenario.digest[:12]),
    )


def _answers(result: StudyResult) -> list[str]:
    """The answer, most important sentence first."""
    sentences = []
    if not result.scenario.is_scripted:
        sentences.append(
            availability_sentence(result.availability, result.downtime_per_year_ns, result.outages_per_year)
        )
    sentences += (
        f"{note[:1].upper()}{note[1:]}." for note in (dual_master_note(result), overlaps_note(result)) if note
    )
    if result.failover_latency is not None:
        sentences.append(latency_sentence(result.failover_latency))
    if not result.outages:
        sentences.append(f"No outage in {counted(len(result.outcomes), 'replication')}.")
    for ending, what in (
        (UNRESOLVED, "the service had not come back when the run ended"),
        (RECOVERED_IN_PLACE, "the service came back where it had been"),
        (FIRST_SERVICE, "nobody had served before, so that the outage was no failover"),
    ):
        count = len(result.outages.only(resolution=ending))
        if count:
            sentences.append(_times(count, what))
    return sentences


def _times(count: int, what: str) -> str:
    return f"{'Once' if count == 1 else f'{count:,} times'} {what}."


def _tables(result: StudyResult, *beginnings: str) -> list[Table]:
    return [table for table in study_tables(result) if table.title.startswith(beginnings)]


def _numbers(result: StudyResult) -> Iterator[Part]:
    yield from _tables(result, result.scenario.name, "SLO")
    yield Figure(failover_latency(result))
    if not result.scenario.is_scripted:
        yield Figure(availability_per_replication(result))


def _where(result: StudyResult) -> Iterator[Part]:
    yield Figure(phases_stacked(result))
    yield from _tables(result, "Where a failover")
    yield Figure(downtime_by_cause(result))
    yield from _tables(result, "By cause")


def _stories(result: StudyResult) -> Iterator[Part]:
    worst = longest_outages(result, _STORIES)
    if not worst:
        yield Paragraph("Nothing to tell: no replication had an outage.")
    for place, reference in enumerate(worst, 1):
        yield _story(result, reference, f"Number {place}: the longest" if place == 1 else f"Number {place}")
    typical = typical_failover(result)
    if typical is not None and typical not in worst:
        yield _story(result, typical, "For comparison: a failover of median length")


def _story(result: StudyResult, reference: OutageReference, title: str) -> Part:
    from hasim.sim import simulate

    scenario = result.scenario
    trace = simulate(scenario, seed=result.seed, replication=reference.replication, heartbeats=result.heartbeats)
    outcome = measure(trace)
    narration = explain(trace, outcome, scenario).only(reference.number)
    outage = outcome.outages[reference.number - 1]
    where = f"replication {reference.replication}, outage {reference.number}, {duration_text(outage.duration_ns)}"
    return Story(f"{title} ({where})", outage_timeline(trace, outage), narration.episodes[0], trace.horizon_ns)
