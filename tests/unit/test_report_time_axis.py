"""The time axis of the timeline chart: linear, until a wait would hide everything else."""

from __future__ import annotations

import pytest

from hasim.report.charts.time_axis import TimeAxis
from tests.unit.report_samples import MS, S

WIDTH_IN = 7.2


def test_without_long_waits_the_axis_counts_seconds_from_its_origin() -> None:
    axis = TimeAxis.through([9 * S, 10 * S, 12 * S, 13 * S], origin_ns=10 * S)
    assert axis.cuts == ()
    assert [axis.at(time) for time in (9 * S, 10 * S, 11 * S, 13 * S)] == [-1.0, 0.0, 1.0, 3.0]


def test_a_wait_that_dwarfs_everything_else_is_cut() -> None:
    axis = TimeAxis.through([0, 1 * S, 2 * S, 300 * S, 301 * S], origin_ns=0)
    assert axis.cuts == ((2 * S, 300 * S),)
    assert axis.width < 4.0
    assert axis.at(301 * S) - axis.at(300 * S) == pytest.approx(1.0)


def test_two_equal_waits_are_both_cut() -> None:
    axis = TimeAxis.through([0, 1 * S, 151 * S, 152 * S, 302 * S, 303 * S], origin_ns=0)
    assert axis.cuts == ((1 * S, 151 * S), (152 * S, 302 * S))


def test_waiting_for_detection_is_never_cut_from_an_ordinary_failover() -> None:
    axis = TimeAxis.through([0, 500 * MS, 3_609 * MS, 3_800 * MS, 5_200 * MS, 5_900 * MS], origin_ns=500 * MS)
    assert axis.cuts == ()


def test_positions_grow_with_time_across_a_cut() -> None:
    axis = TimeAxis.through([0, S, 400 * S, 401 * S], origin_ns=0)
    positions = [axis.at(time) for time in range(0, 401 * S, S // 2)]
    assert positions == sorted(positions)
    assert len(set(positions)) == len(positions)


def test_ticks_are_round_and_none_falls_into_a_cut() -> None:
    axis = TimeAxis.through([0, 5 * S, 500 * S, 505 * S], origin_ns=0)
    ticks = axis.ticks(WIDTH_IN)
    assert [label for _, label in ticks] == ["0", "2 s", "4 s", "8 min 20 s", "8 min 22 s", "8 min 24 s"]
    assert all(not axis.at(5 * S) < position < axis.at(500 * S) for position, _ in ticks)


def test_ticks_before_the_origin_are_negative() -> None:
    axis = TimeAxis.through([8 * S, 10 * S, 14 * S], origin_ns=10 * S)
    assert axis.ticks(WIDTH_IN)[0] == (-2.0, "\N{MINUS SIGN}2")


def test_an_axis_of_one_instant_has_one_tick() -> None:
    axis = TimeAxis.through([7 * S], origin_ns=7 * S)
    assert axis.width == 0.0
    assert axis.ticks(WIDTH_IN) == [(0.0, "0")]


@pytest.mark.parametrize(
    ("seconds", "unit", "last"),
    [(200, "seconds", "200"), (1_500, "minutes", "25"), (10_800, "hours", "3"), (2_000_000, "days", "20")],
)
def test_a_long_axis_counts_in_a_fitting_unit(seconds: int, unit: str, last: str) -> None:
    axis = TimeAxis.through([0, seconds * S], origin_ns=0)
    assert (axis.unit[1], axis.ticks(WIDTH_IN)[-1][1]) == (unit, last)


def test_far_from_its_start_a_cut_axis_has_durations() -> None:
    """Not the seconds of hours and days, which nobody can divide."""
    axis = TimeAxis.through([time_s * S for time_s in (0, 60, 500_000, 500_200)], origin_ns=0)
    assert axis.unit[1] == "time"
    assert [label for _, label in axis.ticks(WIDTH_IN)] == [
        "0",
        "50 s",
        "5 d 18 h\n53 min 20 s",
        "5 d 18 h\n54 min 10 s",
        "5 d 18 h\n55 min",
        "5 d 18 h\n55 min 50 s",
        "5 d 18 h\n56 min 40 s",
    ]


def test_where_no_round_instant_follows_a_cut_its_end_has_a_tick() -> None:
    end_ns = 4_706_014_759_363
    axis = TimeAxis.through([0, 4_300 * MS, end_ns], origin_ns=0).widened(-600 * MS, end_ns + 600 * MS)
    assert [label for _, label in axis.ticks(WIDTH_IN)] == ["0", "2 s", "4 s", "1 h 18 min\n26.015 s"]
    assert axis.ticks(WIDTH_IN)[-1][0] == axis.at(end_ns)


def test_labels_do_not_touch_on_an_axis_that_is_too_narrow_for_them() -> None:
    axis = TimeAxis.through([0, 5 * S, 500 * S, 505 * S], origin_ns=0)
    assert [label for _, label in axis.ticks(2.0)] == ["0", "2 s", "4 s", "8 min 24 s"]


def test_the_middle_of_a_cut_is_drawn_as_a_gap() -> None:
    axis = TimeAxis.through([0, S, 400 * S, 401 * S], origin_ns=0)
    left, right = axis.gap_of(*axis.cuts[0])
    assert axis.at(S) < left < axis.middle_of(*axis.cuts[0]) < right < axis.at(400 * S)
