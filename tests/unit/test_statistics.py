"""Numbers with their uncertainty, against values that are known from elsewhere."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hasim.study.estimators import (
    FEW,
    Estimate,
    mean_over_replications,
    mean_over_time,
    poisson_rate,
    proportion,
    quantile,
    scaled,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (1, 10, 0.0025, 0.4450), (5, 10, 0.1871, 0.8129)],
)
def test_a_proportion_has_the_tabulated_clopper_pearson_interval(
    successes: int, n: int, low: float, high: float
) -> None:
    estimate = proportion(successes, n)
    assert (estimate.value, estimate.n) == (successes / n, n)
    assert (estimate.low, estimate.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39), (100, 81.36, 121.63)]
)
def test_a_rate_has_the_tabulated_garwood_interval(count: int, low: float, high: float) -> None:
    estimate = poisson_rate(count, 2.0)
    assert estimate.value == count / 2
    assert (2 * estimate.low, 2 * estimate.high) == (pytest.approx(low, rel=2e-3), pytest.approx(high, rel=1e-3))


def test_events_that_come_in_pairs_count_half() -> None:
    assert poisson_rate(20, 1.0, dispersion=2.0).high == pytest.approx(2 * poisson_rate(10, 1.0).high)
    assert "groups" in poisson_rate(20, 1.0, dispersion=2.0).method


def test_a_quantile_is_the_observation_that_so_many_do_not_exceed() -> None:
    values = list(range(1, 101))
    assert quantile(values, 0.50).value == 50
    assert quantile(values, 0.95).value == 95
    assert quantile([5], 0.99).value == 5


def test_a_quantile_has_the_tabulated_ranks() -> None:
    """Of 100 observations: for the median the 40th and the 61st, for p95 the 90th and the last."""
    values = list(range(1, 101))
    median, high = quantile(values, 0.5), quantile(values, 0.95)
    assert (median.low, median.high) == (40, 61)
    assert (high.low, high.high) == (90, 100)


def test_a_quantile_beyond_the_sample_has_no_upper_bound() -> None:
    assert quantile(list(range(1, 101)), 0.99).high == math.inf
    assert quantile([3.0], 0.5) == Estimate(3.0, 0.0, math.inf, 0.95, "order statistics (binomial)", 1)


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.integers(1, 60), st.sampled_from([0.05, 0.5, 0.9, 0.95]))
def test_the_ranks_hold_the_confidence_exactly_and_no_tighter_ranks_do(n: int, share: float) -> None:
    """P(at most k of n lie below the quantile) is binomial: summed here term by term."""

    def at_most(k: int) -> float:
        return sum(math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k + 1))

    estimate = quantile(list(range(1, n + 1)), share)
    if estimate.low:
        assert at_most(int(estimate.low) - 1) <= 0.025 < at_most(int(estimate.low))
    else:
        assert at_most(0) > 0.025
    if estimate.high < math.inf:
        assert at_most(int(estimate.high) - 1) >= 0.975 > at_most(int(estimate.high) - 2)
    else:
        assert at_most(n - 1) < 0.975


def test_nothing_observed_leaves_the_interval_open() -> None:
    """0 of 100 replications with downtime: at most 3.6 % of them have any, and such a one is down all the time."""
    estimate = mean_over_replications([0.0] * 100, 1.0)
    assert (estimate.value, estimate.low) == (0.0, 0.0)
    assert estimate.high == pytest.approx(proportion(0, 100).high)
    assert mean_over_time([], 1.0, 1.0).high == pytest.approx(0.975)


def test_without_skewness_it_is_students_t() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    estimate = mean_over_replications(values, 100.0)
    assert estimate.value == 5.0
    assert estimate.high - estimate.value == pytest.approx(2.3060 * math.sqrt(7.5 / 9), rel=1e-4)
    assert estimate.value - estimate.low == pytest.approx(estimate.high - estimate.value)


def test_a_long_tail_moves_the_interval_up() -> None:
    values = [0.0] * 80 + [1.0] * 15 + [20.0] * 5
    estimate = mean_over_replications(values, 100.0)
    assert estimate.high - estimate.value > 1.3 * (estimate.value - estimate.low)


def test_few_observations_are_said_to_be_few() -> None:
    few, enough = [1.0] * (FEW - 1), [1.0] * FEW
    assert "few" in mean_over_replications([0.0] * 95 + few, 1.0).method
    assert "few" not in mean_over_replications([0.0] * 94 + enough, 1.0).method
    assert "few" in mean_over_time(few, 100.0, 1.0).method
    assert "few" not in mean_over_time(enough, 100.0, 1.0).method


def test_equal_values_are_no_certainty() -> None:
    estimate = mean_over_replications([0.01] * 12, 1.0)
    assert estimate.low < 0.01 < estimate.high


def test_an_interval_stays_below_the_ceiling() -> None:
    assert mean_over_replications([0.0] * 11 + [0.9], 1.0).high == 1.0
    assert mean_over_time([0.9], 1.0, 1.0).high == 1.0


def test_scaling_keeps_the_method() -> None:
    estimate = scaled(proportion(1, 10), 365.0)
    assert (estimate.value, estimate.method) == (36.5, proportion(1, 10).method)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1e-9, 1e-5, 0.3, 1.0]), min_size=2, max_size=40))
def test_an_interval_holds_its_value_and_has_a_width(values: list[float]) -> None:
    for estimate in (
        mean_over_replications(values, 1.0),
        mean_over_time([value for value in values if value], len(values), 1.0),
    ):
        assert 0.0 <= estimate.low <= estimate.value <= estimate.high <= 1.0
        assert estimate.low < estimate.high
