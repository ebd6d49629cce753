"""A sweep of advert_int against the arithmetic of RFC 3768: the mean detection is 2.5 advert_int + skew."""

from __future__ import annotations

import hasim
from hasim.units import SECOND
from hasim.vrrp.timers import skew_time
from tests.exact.pairs import bare_pair

INTERVALS_S = (1, 2, 3, 5)


def test_the_swept_mean_detection_holds_the_closed_form_within_its_interval() -> None:
    study = hasim.loads(bare_pair("[{kind: crash, target: a, at: 10s}]", horizon="40s"))
    values = [f"{interval}s" for interval in INTERVALS_S]
    sweep = study.sweep({"vrrp.advert_int": values}, metrics=["detect_mean", "failover_mean"], replications=150, jobs=1)
    for interval_s, detect, whole in zip(
        INTERVALS_S, sweep.estimates["detect_mean"], sweep.estimates["failover_mean"], strict=True
    ):
        truth_ns = 5 * interval_s * SECOND // 2 + skew_time(2, 100, interval_s * SECOND)
        assert detect is not None
        assert detect.low <= truth_ns <= detect.high
        assert whole is not None
        assert whole.low <= truth_ns + 2 * SECOND <= whole.high


def test_the_paired_difference_of_two_intervals_is_their_closed_form() -> None:
    """The same phase of the heartbeats in both: the difference is 2 s minus U(0, 1 s) of that phase, and well known."""
    study = hasim.loads(bare_pair("[{kind: crash, target: a, at: 10s}]", horizon="40s"))
    slower = {"slower": {"vrrp.advert_int": "2s"}}
    comparison = study.compare(slower, metrics=["detect_mean"], replications=60, jobs=1)
    difference = comparison.difference(comparison.metrics[0], "slower")
    assert difference is not None
    assert difference.estimate.low <= 2.5 * SECOND <= difference.estimate.high
    assert difference.sign == 1
    assert comparison.winner(comparison.metrics[0]).decided
