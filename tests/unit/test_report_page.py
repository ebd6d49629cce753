"""The report page: its answer is that of the study, everything a user named is escaped, and it stands alone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import html5lib
import pytest
from markupsafe import escape
from typer.testing import CliRunner

import hasim
from hasim.cli.main import app
from hasim.measure.model import UNRESOLVED, RunOutcome
from hasim.report.charts.style import Chart, write_chart
from hasim.report.html import tables_html
from hasim.report.numbers import duration_text, percentage
from hasim.report.page import page_html, study_page
from hasim.report.page.content import Figure, Page, Story
from hasim.report.page.figures import inline_svg
from hasim.report.tables import study_tables
from hasim.scenario.model import Slo
from hasim.study import StudyResult
from hasim.study.outcomes import Outcomes

pytestmark = pytest.mark.xdist_group("report page")

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture(scope="module")
def year() -> StudyResult:
    return hasim.load(SCENARIOS / "year-of-ordinary-failures.yaml").run(replications=3, jobs=1)


@pytest.fixture(scope="module")
def partition() -> StudyResult:
    return hasim.load(SCENARIOS / "partition.yaml").run(replications=2, jobs=1)


@pytest.fixture(scope="module")
def year_page(year: StudyResult) -> Page:
    return study_page(year, "hasim report year.yaml --seed 8")


@pytest.fixture(scope="module")
def year_html(year_page: Page) -> str:
    return page_html(year_page)


@pytest.fixture(scope="module")
def partition_html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """As the command writes it."""
    path = tmp_path_factory.mktemp("partition") / "new.html"
    made = CliRunner().invoke(app, ["report", str(SCENARIOS / "partition.yaml"), "-n", "2", "-j", "1", "-o", str(path)])
    assert made.exit_code == 0, made.output
    return path.read_text(encoding="utf-8")


def test_the_answer_is_one_sentence_with_the_interval_of_the_study(year: StudyResult, year_page: Page) -> None:
    availability = year.availability
    assert year_page.answer.startswith(f"The service is available {percentage(availability.value)} of the time")
    assert f"(95% interval {percentage(availability.low)} to {percentage(availability.high)})" in year_page.answer
    assert year_page.answer.count(". ") == 0


def test_two_masters_for_long_are_said_with_the_answer(partition: StudyResult) -> None:
    """A tenth of the time may be elections; more is a state."""
    page = study_page(replace(partition, outcomes=Outcomes.of(_with_masters(partition, 0.5))))
    assert "Two MASTERs at once for 50% of the time: adverts do not arrive" in f"{page.answer} {page.further}"
    passing = study_page(replace(partition, outcomes=Outcomes.of(_with_masters(partition, 0.1))))
    assert "Two MASTERs" not in f"{passing.answer} {passing.further}"


def _with_masters(result: StudyResult, share: float) -> Iterator[RunOutcome]:
    """Its outcomes, with two MASTERs for that share of each run."""
    for outcome in result.outcomes:
        yield replace(outcome, dual_master_ns=round(share * outcome.horizon_ns))


def test_each_objective_has_its_verdict(year: StudyResult, year_page: Page, partition: StudyResult) -> None:
    words = {True: "met", False: "not met", None: "undecided"}
    assert [verdict.word for verdict in year_page.verdicts] == [words[v.met] for v in year.verdicts]
    without = replace(partition, scenario=replace(partition.scenario, slo=hasim.scenario.model.Slo()))
    assert [verdict.word for verdict in study_page(without).verdicts] == ["nothing asked"]


def test_the_longest_outages_are_told_first(year: StudyResult, year_html: str) -> None:
    pattern = r"<h3>(Number \d)[^(]*\(replication (\d+), outage (\d+), <span class=\"value\">([^)]*)</span>\)"
    told = re.findall(pattern, year_html)
    assert [title for title, *_ in told] == ["Number 1", "Number 2", "Number 3"]
    assert told[0][3] == duration_text(year.longest_outage_ns)


def test_the_report_says_how_to_reproduce_it_and_what_it_stands_on(year: StudyResult, year_html: str) -> None:
    assert "hasim report year.yaml --seed 8" in year_html
    assert f"seed {year.seed}" in year_html
    for path in year.scenario.weak_defaults:
        assert path in year_html


def test_whatever_a_user_can_name_is_escaped(partition: StudyResult) -> None:
    evil = "<script>alert(1)</script>&\"'"
    scenario = replace(partition.scenario, name=evil, description=evil, source_text=f"# {evil}")
    html = page_html(study_page(replace(partition, scenario=scenario), f"hasim report '{evil}'"))
    assert "<script" not in html
    html5lib.HTMLParser(strict=True).parse(html)


def test_what_a_chart_found_and_where_that_is_from_are_texts_of_the_page(partition: StudyResult) -> None:
    """A chart that is wider than a phone would cut them off; in the chart itself they are not again."""
    page = study_page(partition)
    html = page_html(page)
    charts = [part.chart for section in page.sections for part in section.parts if isinstance(part, Figure | Story)]
    found = re.findall(r"<figcaption>(.*?)</figcaption>.*?<p class=\"source\">(.*?)</p>", html, re.DOTALL)
    plain = [tuple(unescape(re.sub("<[^>]*>", "", text)) for text in texts) for texts in found]
    assert plain == [tuple(" ".join(text.split()) for text in (c.get_suptitle(), c.get_supxlabel())) for c in charts]
    assert all(text.get_visible() and text.get_in_layout() for chart in charts for text in chart.texts)
    assert f"<!-- {charts[0].get_suptitle()} -->" in alone(charts[0])
    assert inline_svg(charts[0], "x").count(charts[0].get_suptitle()) == 1, "more than its label for those who listen"


def alone(chart: Chart) -> str:
    """The chart as an SVG file, in which each text is a comment before its outlines."""
    buffer = io.BytesIO()
    write_chart(chart, buffer, "svg")
    return buffer.getvalue().decode()


def test_identifiers_are_unique_and_references_lead_somewhere(partition_html: str) -> None:
    identifiers = re.findall(r'\sid="([^"]+)"', partition_html)
    assert len(identifiers) == len(set(identifiers)) > 100
    referenced = set(re.findall(r'(?:href="#|url\(#|aria-(?:labelledby|describedby)=")([^")]+)', partition_html))
    assert referenced <= set(identifiers)
    assert not re.findall(r'(?:src|href)="(?!#)', partition_html)


def test_the_command_writes_the_same_report_of_a_scenario_and_of_its_kept_study(
    tmp_path: Path, partition: StudyResult, partition_html: str
) -> None:
    partition.save(tmp_path / "kept", "hasim run partition.yaml -n 2 --out kept")
    again = CliRunner().invoke(app, ["report", str(tmp_path / "kept"), "-o", str(tmp_path / "kept.html")])
    assert again.exit_code == 0, again.output

    def numbers(page: str) -> str:
        return re.sub(r"(?s)<section id=\"reproduce\".*", "", page)

    kept = (tmp_path / "kept.html").read_text(encoding="utf-8")
    assert numbers(partition_html) == numbers(kept)
    assert "<code>hasim run partition.yaml -n 2 --out kept</code>" in kept
    assert "hasim report" not in kept


def test_the_replications_are_those_that_were_run(year: StudyResult, year_html: str) -> None:
    assert f"{year.scenario.replications} replications" not in year_html
    assert "3 replications of 1 y" in year_html


def test_nothing_is_folded_away_on_paper(partition: StudyResult, partition_html: str) -> None:
    assert "<details" not in partition_html
    assert '<pre class="long"' in partition_html
    assert str(escape(partition.scenario.source_text)) in partition_html


def test_an_outage_that_never_ended_is_told_beside_the_slo(partition: StudyResult) -> None:
    outage = replace(partition.outages[0], resolution=UNRESOLVED)
    outcomes = (replace(partition.outcomes[0], outages=(outage,)), *partition.outcomes[1:])
    slo = Slo(failover_percentiles={0.5: 1_000_000})
    cut = replace(partition, outcomes=Outcomes.of(outcomes), scenario=replace(partition.scenario, slo=slo))
    assert "counts here as a failover too" in tables_html(study_tables(cut))
    assert "counts here as a failover too" not in tables_html(study_tables(partition))


def test_a_report_that_cannot_be_written_names_its_file(partition: StudyResult, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        partition.write_report(tmp_path / "none" / "x.html")
    assert caught.value.filename == str(tmp_path / "none" / "x.html")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope.yaml"], "no such file"),
        (["{scenario}", "-o", "{directory}"], "this is a directory"),
        (["{scenario}", "-o", "{directory}/none/x.html"], "there is no directory"),
        (["{directory}"], "result.json"),
        (["{directory}", "-n", "3"], "no place here"),
    ],
)
def test_wrong_input_is_one_message(arguments: list[str], message: str, tmp_path: Path) -> None:
    names = {"scenario": str(SCENARIOS / "partition.yaml"), "directory": str(tmp_path)}
    result = CliRunner().invoke(app, ["report", *(argument.format(**names) for argument in arguments)])
    assert result.exit_code == 2
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", ["partition: {}\n", "<!DOCTYPE html>\n<html>\n<title>Somebody else's</title>\n"])
@pytest.mark.parametrize("of_a_directory", [False, True])
def test_a_report_takes_the_place_of_nothing_but_a_report(
    kept: str, of_a_directory: bool, partition: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    partition.save(tmp_path / "kept", "hasim run")
    source = tmp_path / "kept" if of_a_directory else SCENARIOS / "partition.yaml"
    place = tmp_path / "partition.html"
    place.write_text(kept, encoding="utf-8")
    for option, said in (((), "without --out: partition.html"), (("-o", "partition.html"), "--out partition.html")):
        refused = CliRunner().invoke(app, ["report", str(source), *option])
        message = f"hasim: error: {said}: this file holds something else, which would be lost; name another\n"
        assert (refused.exit_code, refused.stderr) == (2, message)
    assert place.read_text(encoding="utf-8") == kept


def test_a_report_takes_the_place_of_an_earlier_one(
    partition: StudyResult, partition_html: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    partition.save(tmp_path / "kept", "hasim run")
    Path("partition.html").write_text(partition_html, encoding="utf-8")
    assert CliRunner().invoke(app, ["report", "kept"]).exit_code == 0
    assert Path("partition.html").read_text(encoding="utf-8") != partition_html
