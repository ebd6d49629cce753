"""The charts of comparisons, sweeps, sensitivity and advice: they say what was found and fit on their page, also where
nothing happened and where names are long."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib.collections import LineCollection

from hasim.report.charts.differences import paired_differences
from hasim.report.charts.labels import placed
from hasim.report.charts.pareto import pareto
from hasim.report.charts.sweep import sweep_cloud, sweep_curves, sweep_heat_map
from hasim.report.charts.ticks import spaced_ticks
from hasim.report.charts.tornado import tornado
from hasim.report.comparison import interval_text
from hasim.report.page.figures import inline_svg
from hasim.report.tornado import leading_text
from hasim.scenario import loads
from hasim.scenario.model import Slo
from hasim.study import StudyResult
from hasim.study.advise.candidates import Candidate, Factor, Option
from hasim.study.advise.elimination import Judged
from hasim.study.advise.result import Advice
from hasim.study.compare import METRICS, Comparison, Variant
from hasim.study.sensitivity import Sensitivity, Uncertain
from hasim.study.sensitivity.result import Swing
from hasim.study.slo import verdicts
from hasim.study.sweep import Parameter, Sweep, parse_vary
from hasim.study.sweep.design import Point
from tests.unit.report_samples import S, random_outcomes, study
from tests.unit.scenario_texts import BASE
from tests.unit.test_report_charts import finding, texts_outside

USUAL = tuple(METRICS[name] for name in ("downtime_per_year", "outages_per_year", "failover_p50", "failover_p95"))
SLO = Slo(availability=0.9999, failover_percentiles={0.95: 20 * S})


def caption(chart: Any) -> str:
    """What stands below it, in one line."""
    return " ".join(chart.get_supxlabel().split())


def years(mean_outages: float, name: str = "pair") -> StudyResult:
    """Twelve years with about so many outages each; its digest is its own."""
    result = study(*random_outcomes(12, mean_outages), name=name, slo=SLO)
    return replace(result, scenario=replace(result.scenario, digest=f"{name} {mean_outages}"))


def comparison(outages: list[float], name: str = "variant") -> Comparison:
    results = tuple(years(mean) for mean in outages)
    variants = tuple(Variant(f"{name} {index}", result.scenario, {}) for index, result in enumerate(results))
    return Comparison(variants, results, USUAL)


def sweep(parameters: list[Parameter], outages: list[float]) -> Sweep:
    results = tuple(years(mean) for mean in outages)
    values: list[tuple[Any, ...]] = [()]
    for one in parameters:
        values = [(*before, value) for before in values for value in one.values]
    points = tuple(Point(value, result.scenario) for value, result in zip(values, results, strict=True))
    return Sweep("pair", tuple(parameters), points, results, USUAL[::2], is_grid=True)


def sensitivity(low: float, high: float) -> Sensitivity:
    swings = tuple(
        Swing(Uncertain(f"{name}: time to failure", "fault", {}, {}, "x 0.5", "x 2"), years(low), years(high))
        for name in ("crash", "a service failure with a name that is far too long for the margin of a page")
    )
    return Sensitivity(years(10), swings, (), {}, USUAL[:1])


def advice(outages: list[float]) -> Advice:
    judged = []
    for rank, mean in enumerate(outages):
        result = years(mean)
        found = verdicts(SLO, result.outcomes, result.availability)
        name = f"option {rank} with a name that says far more than anybody would like to read in a chart"
        judged.append(Judged(Candidate(name, (rank,), {"a.b": rank}, result.scenario), result, found))
    options = tuple(Option(f"option {rank}", {"a.b": rank}) for rank in range(len(outages)))
    return Advice(years(1).scenario, (Factor("b", options),), tuple(judged), {}, (12,), False)


@pytest.mark.parametrize("outages", [[10.0, 4.0, 10.0], [10.0, 0.0]])
def test_differences_fit_on_their_page(outages: list[float]) -> None:
    chart = paired_differences(comparison(outages, "a variant with a name of considerable length, number"))
    assert texts_outside(chart) == []
    assert finding(chart).startswith("Downtime per year")


def test_the_finding_of_a_comparison_names_the_winner() -> None:
    assert "variant 1 has least, with" in finding(paired_differences(comparison([20.0, 4.0])))
    assert "undecided" in finding(paired_differences(comparison([10.0, 10.0])))


def test_a_comparison_writes_three_charts_that_are_the_same_again(tmp_path: Path) -> None:
    first = comparison([10.0, 4.0]).charts(tmp_path / "one", ("svg",))
    second = comparison([10.0, 4.0]).charts(tmp_path / "two", ("svg",))
    assert [path.name for path in first] == ["differences.svg", "phases.svg", "failover-latency.svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize(
    ("vary", "outages"),
    [("vrrp.advert_int=1s..3s:3", [0.0] * 3), ("floating.mechanism=eni,secondary_ip,havip", [4.0, 10.0, 20.0])],
)
def test_curves_fit_on_their_page(vary: str, outages: list[float]) -> None:
    chart = sweep_curves(sweep([parse_vary(vary)], outages))
    assert texts_outside(chart) == []
    assert finding(chart).startswith("Downtime per year")


def test_one_point_has_its_interval_and_an_axis_from_0() -> None:
    axes = sweep_curves(sweep([parse_vary("vrrp.advert_int=2s")], [10.0])).axes[0]
    (whisker,) = (drawn for drawn in axes.collections if isinstance(drawn, LineCollection))
    ((_, low), (_, high)) = whisker.get_segments()[0]
    assert low < high
    assert axes.get_ylim()[0] == 0.0


@pytest.mark.parametrize(
    ("vary", "labels"),
    [
        ("notify.start_up=1us..100s:9", ["1 µs", "100 µs", "10 ms", "1 s", "100 s"]),
        ("vrrp.advert_int=1s..3s:3", ["1 s", "2 s", "3 s"]),
    ],
)
def test_the_last_value_of_a_range_has_its_tick(vary: str, labels: list[str]) -> None:
    one = parse_vary(vary)
    axes = sweep_curves(sweep([one], [5.0] * len(one.values))).axes[-1]
    assert [label.get_text() for label in axes.get_xticklabels()] == labels


def test_points_between_the_values_have_round_ticks() -> None:
    varied = [parse_vary("notify.retry_delay=1s..10s"), parse_vary("notify.sleep_before=0s..2s")]
    found = replace(sweep(varied, [5.0] * 49), is_grid=False)
    first, second = sweep_cloud(found, USUAL[0]).axes
    assert [label.get_text() for label in first.get_xticklabels()] == ["1 s", "2 s", "5 s", "10 s"]
    assert [label.get_text() for label in second.get_xticklabels()] == ["0", "0.5 s", "1 s", "1.5 s", "2 s"]


def test_the_colour_bar_of_equal_cells_has_one_tick_with_its_unit() -> None:
    varied = [parse_vary("vrrp.advert_int=1s,2s"), parse_vary("notify.tries=3,4")]
    bar = sweep_heat_map(sweep(varied, [10.0] * 4), USUAL[2]).axes[1]
    (label,) = bar.get_yticklabels()
    assert label.get_text().endswith(" s")


def test_names_of_points_hide_no_point_and_no_other_name() -> None:
    spots = [(100.0, 100.0), (105.0, 90.0), (98.0, 108.0), (300.0, 20.0)]
    points = [*spots, (160.0, 100.0), (170.0, 110.0), (60.0, 95.0)]
    places = placed(spots, [(120.0, 11.0)] * 4, points, (400.0, 300.0))
    assert not any(place.holds(point) for place in places for point in points)
    assert not any(one.overlaps(other) for one, other in combinations(places, 2))
    assert all(place.left >= 0 and place.right <= 400 and place.bottom >= 0 and place.top <= 300 for place in places)


def test_ticks_that_would_touch_are_left_out_but_for_the_last() -> None:
    found = sweep([parse_vary("vrrp.advert_int=100ms,110ms,200ms,10s,11s")], [5.0] * 5)
    axes = sweep_curves(found).axes[-1]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["100 ms", "200 ms", "11 s"]


def test_ticks_of_one_value_stay() -> None:
    assert spaced_ticks([(2.0, "2 s")], (2.0, 2.0), 3.0, is_log=False) == [(2.0, "2 s")]


def test_the_mark_of_nothing_is_drawn_whole() -> None:
    axes = sweep_curves(sweep([parse_vary("vrrp.advert_int=1s,2s")], [0.0, 5.0])).axes[0]
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    assert marks
    assert not any(line.get_clip_on() for line in marks)


@pytest.mark.parametrize(("columns", "lines"), [(2, 2), (8, 3)])
def test_a_cell_has_both_ends_of_its_interval(columns: int, lines: int) -> None:
    """A half width would say of a skewed interval that it reaches below 0."""
    across = f"notify.tries={','.join(map(str, range(1, columns + 1)))}"
    found = sweep([parse_vary("vrrp.advert_int=1s,2s"), parse_vary(across)], [10.0] * 2 * columns)
    cells = [text.get_text() for text in sweep_heat_map(found, USUAL[0]).axes[0].texts]
    estimate = found.estimates[USUAL[0].name][0]
    assert estimate is not None
    assert " ".join(cells[0].split()[-len(interval_text(estimate, "ns").split()) :]) == interval_text(estimate, "ns")
    assert {len(cell.splitlines()) for cell in cells} == {lines}


def test_only_heat_maps_explain_frames() -> None:
    varied = [parse_vary(f"{path}=1s,2s") for path in ("vrrp.advert_int", "notify.start_up", "notify.retry_delay")]
    assert "frame" in caption(sweep_heat_map(sweep(varied[:2], [5.0] * 4), USUAL[0]))
    assert "frame" not in caption(sweep_cloud(sweep(varied, [5.0] * 8), USUAL[0]))


def test_faults_that_are_not_the_same_are_said_below_the_chart() -> None:
    def with_crash(result: StudyResult, at: str) -> StudyResult:
        faults = loads(BASE + f"faults: [{{kind: crash, target: a, at: {at}}}]\n").faults
        return replace(result, scenario=replace(result.scenario, faults=faults))

    found = comparison([10.0, 4.0])
    results = with_crash(found.results[0], "1min"), with_crash(found.results[1], "2min")
    variants = tuple(
        replace(one, scenario=result.scenario) for one, result in zip(found.variants, results, strict=True)
    )
    other = replace(found, variants=variants, results=results)
    assert "all variants under the same faults;" in caption(paired_differences(found))
    assert "not the same faults (crash a)" in caption(paired_differences(other))
    points = tuple(Point((value,), result.scenario) for value, result in zip(("1s", "2s"), results, strict=True))
    curves = replace(sweep([parse_vary("vrrp.advert_int=1s,2s")], [10.0, 4.0]), points=points, results=results)
    assert "all points under the same luck, but not the same faults" in caption(sweep_curves(curves))
    swing = Swing(Uncertain("crash a: time to failure", "fault", {}, {}, "x 0.5", "x 2"), results[0], results[1])
    moving = Sensitivity(results[0], (swing,), (), {}, USUAL[:1])
    assert "all under the same luck, but not the same faults" in caption(tornado(moving, USUAL[0]))


def test_an_end_that_keepalived_rounds_away_says_why_it_has_no_bar() -> None:
    swing = Swing(Uncertain("vrrp.advert_int", "timer", {}, {}, "500ms", "2s"), years(10), years(20))
    found = Sensitivity(years(10), (swing,), (), {}, USUAL[:1])
    (axes,) = tornado(found, USUAL[0]).axes
    assert "500ms: as it is" in [text.get_text() for text in axes.texts]
    assert "vrrp.advert_int = 500ms" in found._repr_html_()
    assert "as it is: keepalived rounds" in found._repr_html_()
    assert replace(found, refused={"vrrp.advert_int = 500ms": "too short"}).same_ends == ()


def test_the_rows_of_a_tornado_have_whole_names_and_both_ends_are_called() -> None:
    """Also where their bars coincide, and where one has none because nothing differs."""
    name = "service_failure web-a web-b: time to failure"
    alike = Swing(Uncertain(name, "fault", {}, {}, "x 0.5", "x 2"), years(20), years(20, "other"))
    alone = Swing(Uncertain("guest.boot", "assumed", {}, {}, "x 0.3", "x 3"), years(10, "other"), years(20))
    (axes,) = tornado(Sensitivity(years(10), (alike, alone), (), {}, USUAL[:1]), USUAL[0]).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert [" ".join(label.split()) for label in labels] == ["guest.boot", name]
    assert sorted(text.get_text() for text in axes.texts) == ["x 0.3: no difference", "x 0.5", "x 2", "x 3"]


@pytest.mark.parametrize("outages", [[4.0, 10.0, 20.0, 8.0, 12.0, 16.0], [0.0] * 6])
def test_heat_maps_and_clouds_fit_on_their_page(outages: list[float]) -> None:
    found = sweep([parse_vary("vrrp.advert_int=1s,2s"), parse_vary("notify.tries=3..5:3")], outages)
    for chart in (sweep_heat_map(found, USUAL[2]), sweep_cloud(found, USUAL[0])):
        assert texts_outside(chart) == []


def test_a_tornado_fits_on_its_page_and_names_what_moves_most() -> None:
    found = sensitivity(4.0, 25.0)
    chart = tornado(found, USUAL[0])
    assert texts_outside(chart) == []
    assert "moves most with a service failure with a name" in finding(chart)


def test_a_tornado_names_no_others_that_it_does_not_show() -> None:
    found = sensitivity(4.0, 25.0)
    base = found.base
    still = [Swing(Uncertain(f"still {number}", "fault", {}, {}, "x 0.5", "x 2"), base, base) for number in range(5)]
    more = replace(found, swings=(*found.swings, *still))
    assert leading_text(more, USUAL[0]) == leading_text(found, USUAL[0])
    assert "still" not in leading_text(more, USUAL[0])


def test_a_tornado_of_nothing_says_so() -> None:
    assert finding(tornado(sensitivity(10.0, 10.0), USUAL[0])) == "Nothing moves the downtime per year"


@pytest.mark.parametrize("outages", [[20.0, 10.0, 4.0], [0.0, 0.0]])
def test_a_trade_off_fits_on_its_page(outages: list[float]) -> None:
    chart = pareto(advice(outages))
    assert texts_outside(chart) == []
    assert "SLO" in finding(chart)


def test_a_heat_map_keeps_its_pictures_inside_a_page() -> None:
    varied = [parse_vary("vrrp.advert_int=1s,2s"), parse_vary("notify.tries=3..5:3")]
    page = inline_svg(sweep_heat_map(sweep(varied, [4.0, 10.0, 20.0, 8.0, 12.0, 16.0]), USUAL[2]), "chart1")
    links = re.findall(r'<image[^>]* href="([^"]*)"', page)
    assert links
    for link in links:
        picture = base64.b64decode(link.removeprefix("data:image/png;base64,"), validate=True)
        assert picture.startswith(b"\x89PNG")
