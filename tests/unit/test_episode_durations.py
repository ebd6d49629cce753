"""Durations of faults that others are to overlap with: however they are picked, weighted they are what they were."""

from __future__ import annotations

import math

import pytest

from hasim.scenario.distributions import Constant, Distribution, Exponential, LogNormal, Uniform
from hasim.sim.randomness import Randomness
from hasim.study.episodes.durations import Durations
from hasim.units import MINUTE, SECOND

PICKS = 2_000
ENDS = [3 * MINUTE, 7 * MINUTE]


@pytest.mark.parametrize(
    ("duration", "below"),
    [
        (Exponential(5 * MINUTE), -math.expm1(-184 / 300)),
        (Uniform(2 * MINUTE, 10 * MINUTE), 64 / 480),
        (LogNormal(184 * SECOND, 0.95, 900 * SECOND), 0.5),
    ],
    ids=["exponential", "uniform", "lognormal"],
)
def test_both_ways_add_up_to_the_distribution(duration: Distribution, below: float) -> None:
    """The probability of a duration below 184 s, which lies in the middle of what ends together with the first."""
    whole, short = 0.0, 0.0
    for number in range(PICKS):
        durations = Durations(Randomness(1, number))
        together = durations.together(duration, ENDS)
        assert together is not None
        for lasts_ns, weight in (together, durations.apart(duration, ENDS)):
            whole += weight / PICKS
            short += weight / PICKS * (lasts_ns < 184 * SECOND)
    assert whole == pytest.approx(1.0, abs=0.05)
    assert short == pytest.approx(below, abs=0.03)


def test_half_of_those_that_end_together_do_so_within_seconds() -> None:
    picks = [Durations(Randomness(1, n)).together(Exponential(5 * MINUTE), [3 * MINUTE]) for n in range(400)]
    gaps = [abs(pick[0] - 3 * MINUTE) for pick in picks if pick is not None]
    assert sum(gap <= 8 * SECOND for gap in gaps) == pytest.approx(0.5 * 400 + 0.06 * 400, abs=40)
    assert max(gaps) <= 64 * SECOND


def test_what_cannot_end_together_does_not() -> None:
    durations = Durations(Randomness(1, 0))
    assert durations.together(Constant(20 * MINUTE), ENDS) is None
    assert durations.together(Exponential(5 * MINUTE), []) is None


def test_with_nothing_else_in_force_all_are_apart() -> None:
    apart = Durations(Randomness(1, 0)).apart(Exponential(5 * MINUTE), [])
    assert apart == pytest.approx(Durations(Randomness(1, 0)).long(Exponential(5 * MINUTE), 1))


def test_a_long_one_counts_for_less() -> None:
    picks = [Durations(Randomness(1, n)).long(Exponential(MINUTE), 1) for n in range(PICKS)]
    mean_ns = sum(lasts_ns for lasts_ns, _ in picks) / PICKS
    assert mean_ns > 1.6 * MINUTE
    assert sum(lasts_ns * weight for lasts_ns, weight in picks) / PICKS == pytest.approx(MINUTE, rel=0.05)
