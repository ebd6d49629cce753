"""What is shown of a cold start: how long it took, and that it was no failover."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.measure import measure
from hasim.report.charts.causes import downtime_by_cause
from hasim.report.charts.phases import phases_stacked
from hasim.report.narration import explain
from hasim.report.page.study import study_page
from hasim.report.tables import study_tables
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.study import StudyResult, replicate
from tests.unit.bare_pair import bare_pair


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return bare_pair(cold_start={"a": "0s", "b": "0s"}, initial_phase=None)


@pytest.fixture(scope="module")
def cold(scenario: Scenario) -> StudyResult:
    return replicate(scenario, replications=2, seed=1, jobs=1)


def test_a_cold_start_is_counted_beside_the_failovers(cold: StudyResult) -> None:
    assert cold.failover_latency is None
    rows = [row for table in study_tables(cold) for row in table.rows]
    assert [row[2] for row in rows if row[0] == "outages seen"] == ["2 until the first service"]


def test_the_page_of_a_cold_start_says_that_nobody_had_served(cold: StudyResult) -> None:
    page = study_page(cold)
    assert "2 times nobody had served before, so that the outage was no failover." in f"{page.answer} {page.further}"


def test_charts_of_a_cold_start_say_how_it_ended(cold: StudyResult) -> None:
    (legend,) = downtime_by_cause(cold).legends
    assert [text.get_text() for text in legend.get_texts()] == ["first service of a run"]
    assert "2 outages, first service" in _labels(phases_stacked(cold))


def _labels(chart: Any) -> str:
    return " ".join(label.get_text() for axes in chart.axes for label in axes.get_yticklabels())


def test_the_story_of_a_cold_start_begins_without_keepalived(scenario: Scenario) -> None:
    trace = simulate(scenario, seed=1, replication=0)
    narration = explain(trace, measure(trace), scenario)
    assert narration.heading[1].startswith("At the start: no keepalived runs; ")
    (episode,) = narration.episodes
    assert "without a failover" not in str(episode)
