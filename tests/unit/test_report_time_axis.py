"""The time axis of the timeline chart: linear, until a wait would hide everything else."""

from __future__ import annotations

import pytest

from hasim.report.charts.time_axis import TimeAxis
from tests.unit.report_samples import MS, S


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
    ticks = axis.ticks()
    assert [label for _, label in ticks] == ["0", "2", "4", "500", "502", "504"]
    assert all(not axis.at(5 * S) < position < axis.at(500 * S) for position, _ in ticks)


def test_ticks_before_the_origin_are_negative() -> None:
    axis = TimeAxis.through([8 * S, 10 * S, 14 * S], origin_ns=10 * S)
    assert axis.ticks()[0] == (-2.0, "\N{MINUS SIGN}2")


def test_an_axis_of_one_instant_has_one_tick() -> None:
    axis = TimeAxis.through([7 * S], origin_ns=7 * S)
    assert axis.width == 0.0
    assert axis.ticks() == [(0.0, "0")]


@pytest.mark.parametrize(
    ("seconds", "unit", "last"),
    [(200, "seconds", "200"), (1_500, "minutes", "25"), (10_800, "hours", "3"), (2_000_000, "days", "20")],
)
def test_a_long_axis_counts_in_a_fitting_unit(seconds: int, unit: str, last: str) -> None:
    axis = TimeAxis.through([0, seconds * S], origin_ns=0)
    assert (axis.unit[1], axis.ticks()[-1][1]) == (unit, last)


def test_far_from_its_start_a_cut_axis_has_clock_times() -> None:
    times_s = (0, 60, 500_000, 500_200)
    axis = TimeAxis.through([time_s * S for time_s in times_s], origin_ns=0)
    assert axis.unit[1] == "time"
    assert [label for _, label in axis.ticks()] == [
        "0",
        "0:00:50",
        "5 d\n18:53:20",
        "5 d\n18:54:10",
        "5 d\n18:55",
        "5 d\n18:55:50",
        "5 d\n18:56:40",
    ]
