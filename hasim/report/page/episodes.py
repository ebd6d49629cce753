"""The report of a study by episodes: the same questions as of a study of years, answered from single incidents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hasim.report.charts.episodes import downtime_by_faults, downtime_by_initiator, failover_by_phase
from hasim.report.charts.horizons import downtime_of_a_run
from hasim.report.episodes import episodes_tables
from hasim.report.page.content import Figure, Page, Part, Section
from hasim.report.page.scenario import assumptions, design, lint, question, reproduction
from hasim.report.page.sentences import availability_sentence, latency_sentence, verdicts
from hasim.report.tables import Table

if TYPE_CHECKING:
    from hasim.study.episodes import EpisodesResult

__all__ = ["episodes_page"]


def episodes_page(result: EpisodesResult, command: str = "") -> Page:
    """The report of ``result``; ``command`` is what made it, empty for what a notebook made."""
    scenario = result.scenario
    latency = result.failover_latency
    sections = (
        Section("numbers", "The numbers", tuple(_tables(result, scenario.name, "SLO"))),
        Section("one-run", "What one run may bring", tuple(_one_run(result))),
        Section("causes", "What costs the time", tuple(_causes(result))),
        Section("where-time-goes", "Where a failover's time goes", tuple(_where(result))),
        Section("weights", "What the answer stands on", tuple(_tables(result, "What the weights"))),
        Section("design", "The design", tuple(design(scenario))),
        Section("lint", "What lint says", tuple(lint(scenario))),
        Section("assumptions", "Assumptions", tuple(assumptions(scenario))),
        Section("reproduce", "How to reproduce it", tuple(reproduction(scenario, command, result.version))),
    )
    return Page(
        title=scenario.name,
        question=question(scenario),
        answer=availability_sentence(result.availability, result.downtime_per_year_ns, result.outages_per_year),
        further="" if latency is None else latency_sentence(latency),
        verdicts=tuple(verdicts(result.verdicts)),
        sections=tuple(section for section in sections if section.parts),
        facts=(
            ("made by hasim", result.version),
            ("method", result.method),
            ("episodes", f"{result.episodes:,}"),
            ("seed", str(result.seed)),
            ("scenario", scenario.digest[:12]),
        ),
    )


def _tables(result: EpisodesResult, *beginnings: str) -> list[Table]:
    return [table for table in episodes_tables(result) if table.title.startswith(beginnings)]


def _one_run(result: EpisodesResult) -> Iterator[Part]:
    tables = _tables(result, "Downtime of one run")
    if tables:
        yield Figure(downtime_of_a_run(result))
    yield from tables


def _causes(result: EpisodesResult) -> Iterator[Part]:
    yield Figure(downtime_by_initiator(result))
    yield from _tables(result, "What begins it")
    yield Figure(downtime_by_faults(result))
    yield from _tables(result, "By faults in force")


def _where(result: EpisodesResult) -> Iterator[Part]:
    yield Figure(failover_by_phase(result))
    yield from _tables(result, "Where a failover")
