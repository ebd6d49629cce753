"""The report of a study: its question, the answer with its interval, and what stands behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hasim.measure import measure
from hasim.measure.model import RECOVERED_IN_PLACE, UNRESOLVED
from hasim.report.charts import (
    availability_per_replication,
    downtime_by_cause,
    failover_latency,
    outage_timeline,
    phases_stacked,
)
from hasim.report.narration import explain
from hasim.report.numbers import duration_text, per_year, percentage
from hasim.report.page.content import Code, Figure, Findings, Page, Paragraph, Part, Section, Story, Verdict
from hasim.report.selection import OutageReference, longest_outages, typical_failover
from hasim.report.tables import Table, design_table, study_tables
from hasim.report.wording import fault_title
from hasim.units import counted, format_duration

if TYPE_CHECKING:
    from hasim.scenario.model import Fault, Scenario
    from hasim.study import Estimate, StudyResult

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
        Section("design", "The design", tuple(_design(scenario))),
        Section("lint", "What lint says", tuple(_lint(scenario))),
        Section("assumptions", "Assumptions", tuple(_assumptions(scenario))),
        Section("reproduce", "How to reproduce it", tuple(reproduction(scenario, command, result.version))),
    )
    answer, *further = _answers(result)
    return Page(
        title=scenario.name,
        question=_question(scenario),
        answer=answer,
        further=" ".join(further),
        verdicts=tuple(verdicts(result)),
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


def reproduction(scenario: Scenario, command: str, version: str) -> Iterator[Part]:
    """The command, and the scenario as its author wrote it."""
    yield Paragraph(f"With hasim {version} the same scenario and seed give the same numbers on any machine.")
    if command:
        yield Code(command)
    if scenario.source_text:
        yield Code(scenario.source_text, f"The scenario: {scenario.name}")


def verdicts(result: StudyResult) -> Iterator[Verdict]:
    """A line for each thing that the SLO asks for."""
    if not result.verdicts:
        yield Verdict("nothing asked", "The scenario has no SLO: add one, and the report says whether it is met.")
    for verdict in result.verdicts:
        is_fraction = verdict.unit == "fraction"
        wanted = percentage(verdict.wanted, 1) if is_fraction else format_duration(round(verdict.wanted))
        bound = "at least" if is_fraction else "at most"
        word = {True: "met", False: "not met", None: "undecided"}[verdict.met]
        if verdict.measured is None:
            found = "nothing of the kind happened"
        else:
            show: Callable[[float], str] = percentage if is_fraction else duration_text
            found = f"it is {show(verdict.measured.value)}{_interval(verdict.measured, show)}"
        yield Verdict(word, f"{verdict.name} {bound} {wanted}: {found}.")


def _interval(estimate: Estimate, show: Callable[[float], str]) -> str:
    low, high = show(estimate.low), show(estimate.high)
    if low == high:
        return ""
    return f" ({estimate.confidence:.0%} interval {low} to {high})"


def _question(scenario: Scenario) -> str:
    about = " ".join(scenario.description.split())
    faults = "; ".join(dict.fromkeys(_fault_words(fault) for fault in scenario.faults)) or "nothing goes wrong"
    asked = f"How long is {scenario.floating.label} gone, and what availability is that, when this happens: {faults}?"
    return f"{about}\n{asked}" if about else asked


def _fault_words(fault: Fault) -> str:
    target = "|".join(fault.targets) or "|".join((*fault.between, *fault.and_))
    words = fault_title(fault.kind, target)
    if fault.at_ns is not None:
        return f"{words} at {format_duration(fault.at_ns)}"
    assert fault.time_to_failure is not None
    each = "each " if len(fault.targets) > 1 else ""
    return f"{words}, {each}every {format_duration(round(fault.time_to_failure.mean_ns()))} on average"


def _answers(result: StudyResult) -> list[str]:
    """The answer, most important sentence first."""
    sentences = [] if result.scenario.is_scripted else [_availability_sentence(result)]
    latency = result.failover_latency
    if latency is not None:
        sentences.append(
            f"Half of the failovers take at most {duration_text(latency.p50.value)}"
            f"{_interval(latency.p50, duration_text)}, 19 of 20 at most {duration_text(latency.p95.value)}"
            f"{_interval(latency.p95, duration_text)}."
        )
    if not result.outages:
        sentences.append(f"No outage in {counted(len(result.outcomes), 'replication')}.")
    endings = Counter(outage.resolution for outage in result.outages)
    if endings[UNRESOLVED]:
        sentences.append(_times(endings[UNRESOLVED], "the service had not come back when the run ended"))
    if endings[RECOVERED_IN_PLACE]:
        sentences.append(_times(endings[RECOVERED_IN_PLACE], "the service came back where it had been"))
    return sentences


def _availability_sentence(result: StudyResult) -> str:
    availability, downtime = result.availability, result.downtime_per_year_ns
    return (
        f"The service is available {percentage(availability.value)} of the time{_interval(availability, percentage)}: "
        f"{duration_text(downtime.value)} without it a year, in {per_year(result.outages_per_year.value)} outages."
    )


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


def _design(scenario: Scenario) -> Iterator[Part]:
    yield design_table(scenario)
    faults = "; ".join(dict.fromkeys(f"{fault.name}: {_fault_words(fault)}" for fault in scenario.faults))
    yield Paragraph(f"Faults: {faults or 'none'}.")


def _lint(scenario: Scenario) -> Iterator[Part]:
    from hasim.scenario import ScenarioError
    from hasim.scenario.linting import lint_scenario
    from hasim.scenario.loading import parse

    try:
        document = parse(scenario.source_text, scenario.source_path)
        yield Findings(lint_scenario(document, Path(scenario.source_path).parent))
    except ScenarioError as error:  # what it refers to is not here any more
        yield Paragraph(f"Not looked at: {error}")


def _assumptions(scenario: Scenario) -> Iterator[Part]:
    weak = scenario.weak_defaults
    if not weak:
        yield Paragraph("Every value that matters here is set by the scenario, measured, or published by the vendor.")
        return
    yield Paragraph(
        "Nobody has published or measured these defaults, and the numbers above stand on them. Set them in the "
        "scenario, or by --set, if you know better; docs/scenario-reference.md says where each comes from."
    )
    yield Table("Weak defaults that matter here", ("value",), tuple((path,) for path in weak))
