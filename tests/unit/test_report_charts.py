"""The charts: they say what they found, fit on their page, survive the degenerate, and give the same bytes again."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from hasim.measure import Outage
from hasim.report.charts import (
    Chart,
    availability_per_replication,
    downtime_by_cause,
    failover_latency,
    outage_timeline,
    phases_stacked,
    save,
    save_all,
)
from hasim.report.charts.gallery import CHART_NAMES
from hasim.report.charts.style import blank_chart, frame, phase_style
from hasim.scenario.model import Slo
from hasim.study import StudyResult
from tests.unit.report_samples import MS, YEAR, S, crash_trace, outcome_of, random_outcomes, study

LONG_NAMES = tuple(f"edge-gateway-production-singapore-zone-{number}-of-the-first-cluster" for number in range(8))
SLO = Slo(availability=0.9999, failover_percentiles={0.5: 8 * S, 0.99: 15 * S}, longest_outage_ns=60 * S)
STUDY_CHARTS: tuple[Callable[[StudyResult], Chart], ...] = (
    failover_latency,
    phases_stacked,
    availability_per_replication,
    downtime_by_cause,
)


STUDIES = (
    "ordinary years",
    "nothing happened",
    "one replication, one outage",
    "always down",
    "an outage of no length",
    "a long name",
)


def studies() -> dict[str, StudyResult]:
    """The ordinary case and the degenerate ones."""
    long_outage = Outage(0, YEAR, "route", "api_outage", "x", None, None, (0, 0, 0, YEAR, 0, 0, 0, 0), "unresolved")
    zero_outage = Outage(5 * S, 5 * S, "guest", "failback", "", "a", "b", (0,) * 8, "failover")
    return {
        "ordinary years": study(*random_outcomes(60, 12), slo=SLO),
        "nothing happened": study(*random_outcomes(5, 0)),
        "one replication, one outage": study(crash_trace()[1], slo=SLO),
        "always down": study(outcome_of((long_outage,), YEAR, 0), slo=SLO),
        "an outage of no length": study(outcome_of((zero_outage,), YEAR, 0)),
        "a long name": study(*random_outcomes(12, 3), name="x" * 300, slo=SLO),
    }


@pytest.fixture(scope="module")
def samples() -> dict[str, StudyResult]:
    found = studies()
    assert tuple(found) == STUDIES
    return found


def finding(chart: Chart) -> str:
    return " ".join(chart.get_suptitle().split())


def texts_outside(chart: Chart) -> list[str]:
    """What is written beyond the edge of the page."""
    chart.draw_without_rendering()
    page = chart.bbox.padded(1.0)
    renderer = chart.canvas.get_renderer()  # type: ignore[attr-defined]  # every Chart has an Agg canvas
    outside = []
    for text in chart.findobj(Text):
        if isinstance(text, Text) and text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(renderer)
            if not (page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1):
                outside.append(text.get_text())
    return outside


@pytest.mark.parametrize("draw", STUDY_CHARTS)
@pytest.mark.parametrize("name", STUDIES)
def test_every_study_chart_stays_on_its_page(
    draw: Callable[[StudyResult], Chart], name: str, samples: dict[str, StudyResult]
) -> None:
    chart = draw(samples[name])
    assert finding(chart)
    assert texts_outside(chart) == []


@pytest.mark.parametrize(
    ("names", "task_ns"), [(("a", "b"), 1_400 * MS), (LONG_NAMES, 163 * S), (LONG_NAMES[:3], 20 * S)]
)
def test_timeline_stays_on_its_page(names: tuple[str, ...], task_ns: int) -> None:
    trace, outcome = crash_trace(names, task_ns, refused=2)
    assert texts_outside(outage_timeline(trace, outcome.outages[0])) == []


def test_titles_state_the_finding(samples: dict[str, StudyResult]) -> None:
    one = samples["one replication, one outage"]
    assert finding(failover_latency(one)) == "The only failover took 5.770 s"
    assert finding(phases_stacked(one, one)).endswith("54% of all downtime of the 2 together")
    assert finding(phases_stacked(one)) == "The phase detect takes most of the time: 54% of all downtime"
    assert finding(availability_per_replication(one)) == "Available 99.038% in the one replication"
    assert finding(downtime_by_cause(one)) == "All downtime comes from one cause: crash"
    assert finding(downtime_by_cause(samples["nothing happened"])) == "No downtime at all"


def test_timeline_names_the_culprit_and_the_longest_phase() -> None:
    trace, outcome = crash_trace(task_ns=163 * S)
    chart = outage_timeline(trace, outcome.outages[0])
    assert finding(chart) == "Crash of a: no service for 2 min 47 s, 97% of it in the phase move"


def widths_of_bars(chart: Chart, height: float) -> list[float]:
    """Of the rectangles whose upper edge is there, from left to right."""
    (axes,) = chart.axes
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_y() == height]
    return [bar.get_width() for bar in sorted(bars, key=Rectangle.get_x)]


def test_the_bar_of_the_phases_shows_true_shares_where_the_axis_is_cut() -> None:
    """Along the cut axis the longest phase would look like the shortest."""
    trace, outcome = crash_trace(task_ns=163 * S, repair_after_ns=490 * S)
    (outage,) = outcome.outages
    chart = outage_timeline(trace, outage)
    (axes,) = chart.axes
    widths = widths_of_bars(chart, axes.get_ylim()[1])
    shares = [phase_ns / outage.duration_ns for phase_ns in outage.phases_ns if phase_ns]
    assert [width / sum(widths) for width in widths] == pytest.approx(shares)
    assert axes.get_yticklabels()[0].get_text() == "phases, to scale"
    written = [text.get_text() for text in axes.texts]
    assert {f"move {max(shares):.1%}", "move", "detect", "cut out: 2 min 43 s"} <= set(written)
    assert "97% of it in the phase move" in finding(chart)


def test_a_title_does_not_call_nearly_all_of_an_outage_all_of_it() -> None:
    phases_ns = (10 * MS, 0, 0, 0, 0, 0, 0, 9_990 * MS)
    trace, outcome = crash_trace()
    outage = replace(outcome.outages[0], end_ns=outcome.outages[0].start_ns + 10 * S, phases_ns=phases_ns)
    assert "99.9% of it in the phase service" in finding(outage_timeline(trace, outage))


def test_the_bar_of_the_phases_follows_the_axis_where_nothing_is_cut() -> None:
    trace, outcome = crash_trace()
    chart = outage_timeline(trace, outcome.outages[0])
    widths = widths_of_bars(chart, chart.axes[0].get_ylim()[1])
    assert widths == pytest.approx([phase_ns / S for phase_ns in outcome.outages[0].phases_ns if phase_ns])
    assert "phases, to scale" not in [label.get_text() for label in chart.axes[0].get_yticklabels()]


def test_no_line_of_a_title_ends_within_a_value() -> None:
    for length in range(60, 75):
        chart = blank_chart(11.0, 3.0)
        frame(chart, f"{'x' * length} 12 min 13 s and what follows it for some more words", "")
        assert "12 min 13 s" in chart.get_suptitle()


def test_latency_claims_no_percentile_that_the_sample_cannot_bound() -> None:
    few = study(*random_outcomes(6, 3))
    assert few.failover_percentile(0.99).high == float("inf")  # type: ignore[union-attr]
    assert "99%" not in finding(failover_latency(few))


def test_latency_ecdf_reaches_each_share_at_its_value(samples: dict[str, StudyResult]) -> None:
    result = samples["ordinary years"]
    line = max(failover_latency(result).axes[0].lines, key=lambda drawn: len(drawn.get_xdata()))
    lengths_s, shares = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    durations_s = np.sort([outage.duration_ns / S for outage in result.failovers])
    inside = slice(1, 1 + len(durations_s))
    assert np.array_equal(lengths_s[inside], durations_s)
    assert np.allclose(shares[inside], np.arange(1, len(durations_s) + 1) / len(durations_s))


def test_stacked_phases_add_up_to_the_mean_outage() -> None:
    trace_outcome = crash_trace()[1]
    bars = phases_stacked(study(trace_outcome)).axes[0].patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(5.77)  # type: ignore[attr-defined]


def test_several_results_are_compared_by_name() -> None:
    fast, slow = crash_trace()[1], crash_trace(task_ns=20 * S)[1]
    chart = failover_latency(study(slow, name="reattach the ENI"), study(fast, name="migrate the address"))
    assert (
        finding(chart) == "Half of the failovers take at most: reattach the ENI 24.370 s, migrate the address 5.770 s"
    )
    labels = [
        text.get_text() for text in phases_stacked(study(slow, name="slow"), study(fast)).axes[0].get_yticklabels()
    ]
    assert labels == ["slow\n1 outage", "primary-crash\n1 outage"]


def test_of_twelve_results_each_has_its_own_name_and_line_and_the_title_names_three() -> None:
    names = [f"variant-{number}-with-a-name-that-goes-on-and-on-and-on-and-on" for number in range(1, 13)]
    chart = failover_latency(*(study(crash_trace()[1], name=name, slo=SLO) for name in names))
    assert texts_outside(chart) == []
    assert finding(chart).count("variant-") == 3
    assert finding(chart).endswith("and 9 more no less")
    assert " ".join(chart.get_supxlabel().split()).count("1 replication of") == 1
    legend = chart.axes[0].get_legend()
    assert legend is not None
    assert len({text.get_text() for text in legend.get_texts()}) == 12
    lines = [line for line in legend.legend_handles if isinstance(line, Line2D)]
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 12


def test_the_legend_of_a_comparison_lies_beside_the_axes() -> None:
    chart = failover_latency(study(crash_trace()[1], slo=SLO), study(crash_trace()[1], name="slower", slo=SLO))
    chart.draw_without_rendering()
    legend = chart.axes[0].get_legend()
    assert legend is not None
    assert legend.get_window_extent().x0 >= chart.axes[0].bbox.x1


def test_latency_says_how_many_outages_it_leaves_out() -> None:
    endless = Outage(0, YEAR, "route", "api_outage", "x", None, None, (0, 0, 0, YEAR, 0, 0, 0, 0), "unresolved")
    result = study(*random_outcomes(5, 3), outcome_of((endless,), YEAR, 5), slo=SLO)
    assert "; 1 outage without end is not in it; grey bars: 95% intervals" in failover_latency(result).get_supxlabel()
    assert "without end" not in failover_latency(study(*random_outcomes(5, 3))).get_supxlabel()


def test_a_percentile_is_written_where_no_line_of_the_slo_is() -> None:
    result = study(*random_outcomes(40, 6))
    median = result.failover_percentile(0.5)
    assert median is not None
    beside = Slo(failover_percentiles={0.95: round(1.1 * median.high)})

    def side_of_median(slo: Slo) -> str:
        chart = failover_latency(replace(result, scenario=replace(result.scenario, slo=slo)))
        return next(text.get_horizontalalignment() for text in chart.axes[0].texts if text.get_text().startswith("p50"))

    assert (side_of_median(Slo()), side_of_median(beside)) == ("left", "right")


def test_names_in_signs_that_no_font_has_are_drawn_without_a_warning(tmp_path: Path) -> None:
    result = study(crash_trace()[1], name="中文 \U000f1234")
    for extension in ("png", "svg"):
        save(failover_latency(result, result), tmp_path / f"chart.{extension}")


def test_replications_without_downtime_stand_in_a_band_of_their_own() -> None:
    result = study(*random_outcomes(40, 0.5))
    axes = availability_per_replication(result).axes[0]
    assert axes.get_yticklabels()[0].get_text() == "100%"
    top = axes.get_yticks()[0]
    dots = next(line for line in axes.lines if line.get_label() == "one replication")
    perfect = sum(not outcome.outages for outcome in result.outcomes)
    assert perfect > 0
    assert sum(np.asarray(dots.get_ydata()) == top) == perfect


@pytest.mark.parametrize("extension", ["png", "svg"])
def test_the_same_data_gives_the_same_bytes(extension: str, tmp_path: Path) -> None:
    for number in (1, 2):
        save(phases_stacked(study(*random_outcomes(10, 5))), tmp_path / f"{number}.{extension}")
    assert (tmp_path / f"1.{extension}").read_bytes() == (tmp_path / f"2.{extension}").read_bytes()


def test_user_settings_neither_change_the_chart_nor_are_changed() -> None:
    def picture() -> bytes:
        buffer = io.BytesIO()
        buffer.write(downtime_by_cause(study(crash_trace()[1]))._repr_png_())
        return buffer.getvalue()

    plain = picture()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": "mine"}):
        before = dict(matplotlib.rcParams)
        assert picture() == plain
        assert dict(matplotlib.rcParams) == before


def test_png_has_at_least_150_dots_per_inch(tmp_path: Path) -> None:
    path = tmp_path / "chart.png"
    save(downtime_by_cause(study(crash_trace()[1])), path)
    with Image.open(path) as picture:
        assert min(picture.info["dpi"]) >= 150


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="png, svg"):
        save(downtime_by_cause(study(crash_trace()[1])), tmp_path / "chart.jpg")


def test_neighbouring_phases_differ_in_grey_print() -> None:
    styles = [phase_style(index) for index in range(8)]
    lightness = [np.dot(matplotlib.colors.to_rgb(style["facecolor"]), (0.299, 0.587, 0.114)) for style in styles]
    for one, other in zip(range(7), range(1, 8), strict=True):
        differs = abs(lightness[one] - lightness[other]) > 0.1 or styles[one]["hatch"] != styles[other]["hatch"]
        assert differs, (one, other)
    assert len({(style["facecolor"], style["hatch"]) for style in styles}) == 8


def test_save_all_writes_every_chart_in_every_format(tmp_path: Path) -> None:
    trace, outcome = crash_trace()
    paths = save_all(study(outcome), tmp_path, of_interest=(trace, outcome.outages[0]))
    assert [path.name for path in paths] == [f"{name}.{suffix}" for name in CHART_NAMES for suffix in ("png", "svg")]
    assert all(path.stat().st_size > 2_000 for path in paths)


def test_save_all_leaves_the_timeline_out_when_there_is_nothing_to_tell(tmp_path: Path) -> None:
    names = [path.stem for path in save_all(study(*random_outcomes(3, 0)), tmp_path, formats=("svg",))]
    assert names == [name for name in CHART_NAMES if name != "timeline"]


def test_charts_never_touch_pyplot() -> None:
    code = "import sys, hasim.report.charts; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_interrupted_study_says_so_in_its_caption() -> None:
    result = replace(study(crash_trace()[1]), interrupted=True)
    assert "interrupted" in downtime_by_cause(result).get_supxlabel()
