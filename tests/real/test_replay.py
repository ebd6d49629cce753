"""Recorded trials of the real daemon (beside the checkout, where it has them) against the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from hasim.study.replay.recording import load_recording
from hasim.study.replay.report import ReplayReport, replay

TRIALS = Path(__file__).parents[3] / "shared" / "facts" / "keepalived_measurements.json"

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("replay"),
    pytest.mark.skipif(not TRIALS.exists(), reason="the recorded trials are not beside this checkout"),
]


@pytest.fixture(scope="module")
def report() -> ReplayReport:
    return replay(load_recording(TRIALS))


def test_99_of_100_trials_come_out_in_the_recorded_order(report: ReplayReport) -> None:
    assert report.compared > 1_000
    assert report.same_order / report.compared >= 0.99
    assert sum(g.same_order_nominal for g in report.groups if g.decided == "trial") / report.compared >= 0.99


def test_state_transitions_are_within_milliseconds_of_the_recorded_ones(report: ReplayReport) -> None:
    differences = report.differences_s
    assert len(differences) > 3_000
    assert differences[len(differences) // 2] < 0.001
    assert differences[int(0.99 * len(differences))] < 0.030


def test_races_come_out_in_the_recorded_proportions(report: ReplayReport) -> None:
    races = [group for group in report.groups if group.race is not None]
    assert len(races) >= 8
    assert all(group.race is not None and group.race.p_value > 0.005 for group in races)


def test_every_group_is_replayed_and_every_setting_known(report: ReplayReport) -> None:
    assert not [(g.name, g.problem) for g in report.groups if g.problem]
    assert not [(g.name, g.unused) for g in report.groups if g.unused]
