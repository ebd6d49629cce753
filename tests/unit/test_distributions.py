"""Distributions of durations, against scipy's and against their own closed forms."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from hasim.scenario.distributions import (
    LONGEST_NS,
    Capped,
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Uniform,
    Weibull,
)
from hasim.units import DAY, HOUR, MILLISECOND, MINUTE, SECOND

SMALLEST_U = 2.0**-53
LARGEST_U = 1.0 - 2.0**-53

TAIL = Mixture((0.99, 0.01), (LogNormal(5 * SECOND, 0.95, 15 * SECOND), Uniform(55 * SECOND, 150 * SECOND)))


def lognormal_of(median_ns: float, percentile: float, percentile_ns: float) -> Any:
    sigma = math.log(percentile_ns / median_ns) / stats.norm.ppf(percentile)
    return stats.lognorm(s=sigma, scale=median_ns)


CONTINUOUS: list[tuple[Distribution, Any]] = [
    (Uniform(2 * SECOND, 7 * SECOND), stats.uniform(2e9, 5e9)),
    (Exponential(30 * DAY), stats.expon(scale=30 * DAY)),
    (Weibull(0.6, HOUR), stats.weibull_min(0.6, scale=HOUR)),
    (Weibull(3.5, HOUR), stats.weibull_min(3.5, scale=HOUR)),
    (LogNormal(2 * SECOND, 0.95, 8 * SECOND), lognormal_of(2e9, 0.95, 8e9)),
    (LogNormal(MINUTE, 0.99, 10 * MINUTE), lognormal_of(6e10, 0.99, 6e11)),
    (Gamma(0.7, MINUTE), stats.gamma(0.7, scale=MINUTE / 0.7)),
    (Gamma(4.0, MINUTE), stats.gamma(4.0, scale=MINUTE / 4.0)),
]
ALL: list[Distribution] = [
    *(ours for ours, _ in CONTINUOUS),
    Constant(3 * SECOND),
    Empirical(tuple(range(SECOND, 50 * SECOND, SECOND))),
    TAIL,
    Capped(Exponential(SECOND), 3 * SECOND),
]


def name(value: Any) -> str:
    return value.describe().replace(" ", "-") if isinstance(value, Distribution) else ""


@pytest.mark.parametrize(("ours", "theirs"), CONTINUOUS, ids=name)
def test_quantile_is_the_inverse_of_the_distribution_function(ours: Distribution, theirs: Any) -> None:
    for u in np.linspace(0.001, 0.999, 499):
        assert theirs.cdf(ours.quantile(u)) == pytest.approx(u, abs=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), CONTINUOUS, ids=name)
def test_far_tail_agrees_with_scipy(ours: Distribution, theirs: Any) -> None:
    for u in (1e-6, 1e-9, 1 - 1e-6, 1 - 1e-9, 1 - 1e-12):
        assert ours.quantile(u) == pytest.approx(theirs.ppf(u), rel=1e-4, abs=1)


@pytest.mark.parametrize(("ours", "theirs"), CONTINUOUS, ids=name)
def test_mean_agrees_with_scipy(ours: Distribution, theirs: Any) -> None:
    assert ours.mean_ns() == pytest.approx(theirs.mean(), rel=1e-9)


@pytest.mark.parametrize(("ours", "theirs"), CONTINUOUS, ids=name)
def test_limited_mean_is_the_integral_of_the_survival_function(ours: Distribution, theirs: Any) -> None:
    for u in (0.1, 0.5, 0.9, 0.999):
        limit_ns = theirs.ppf(u)
        expected, _ = integrate.quad(lambda x, scale: theirs.sf(x * scale), 0, 1, args=(limit_ns,), limit=500)
        assert ours.limited_mean_ns(limit_ns) == pytest.approx(expected * limit_ns, rel=1e-6)


@pytest.mark.parametrize("ours", ALL, ids=name)
def test_limited_mean_is_the_mean_of_the_cut_draws(ours: Distribution) -> None:
    us = (np.arange(100_000) + 0.5) / 100_000
    draws = np.array([ours.quantile(u) for u in us], dtype=float)
    for limit_ns in (draws.min() / 2, float(np.quantile(draws, 0.3)), float(np.quantile(draws, 0.95))):
        assert ours.limited_mean_ns(limit_ns) == pytest.approx(np.minimum(draws, limit_ns).mean(), rel=1e-3)


@pytest.mark.parametrize("ours", ALL, ids=name)
def test_limited_mean_grows_to_the_mean(ours: Distribution) -> None:
    limits = [0.0, 1.0, float(SECOND), float(MINUTE), float(HOUR), float(DAY), 1e18, float(LONGEST_NS), math.inf]
    means = [ours.limited_mean_ns(limit_ns) for limit_ns in limits]
    assert means[0] == 0
    assert all(low <= high * (1 + 1e-12) for low, high in pairwise(means))
    assert means[-1] == ours.mean_ns()


@pytest.mark.parametrize(("ours", "theirs"), CONTINUOUS, ids=name)
def test_draws_pass_a_kolmogorov_smirnov_test(ours: Distribution, theirs: Any) -> None:
    us = np.random.default_rng(7).random(5_000)
    assert stats.kstest([ours.quantile(u) for u in us], theirs.cdf).pvalue > 0.01


def test_draws_of_a_mixture_pass_a_kolmogorov_smirnov_test() -> None:
    body, tail = lognormal_of(5e9, 0.95, 15e9), stats.uniform(55e9, 95e9)
    us = np.random.default_rng(8).random(20_000)
    draws = [TAIL.quantile(u) for u in us]
    assert stats.kstest(draws, lambda x: 0.99 * body.cdf(x) + 0.01 * tail.cdf(x)).pvalue > 0.01
    assert TAIL.mean_ns() == pytest.approx(0.99 * body.mean() + 0.01 * tail.mean(), rel=1e-9)


def test_mixture_draws_each_part_with_its_weight_and_the_whole_of_it() -> None:
    mixture = Mixture((0.2, 0.3, 0.5), (Uniform(0, 10), Constant(100), Uniform(1_000, 2_000)))
    us = (np.arange(10_000) + 0.5) / 10_000
    draws = [mixture.quantile(u) for u in us]
    assert sum(draw < 10 for draw in draws) == 2_000
    assert sum(draw == 100 for draw in draws) == 3_000
    assert sum(draw >= 1_000 for draw in draws) == 5_000
    assert min(draws) == 0
    assert max(draws) == 1_999


def test_mixture_of_many_parts_never_reaches_the_ends_of_a_part() -> None:
    mixture = Mixture((0.1,) * 10, (Exponential(SECOND),) * 10)
    for index in range(11):
        for u in (index / 10, math.nextafter(index / 10, 0), math.nextafter(index / 10, 1)):
            assert 0 <= mixture.quantile(min(max(u, SMALLEST_U), LARGEST_U)) < 40 * SECOND


def test_empirical_draws_each_value_equally_often() -> None:
    empirical = Empirical((10, 20, 30, 40))
    us = (np.arange(1_000) + 0.5) / 1_000
    draws = [empirical.quantile(u) for u in us]
    assert [draws.count(value) for value in (10, 20, 30, 40)] == [250] * 4
    assert empirical.mean_ns() == 25
    assert (empirical.quantile(SMALLEST_U), empirical.quantile(LARGEST_U)) == (10, 40)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1_000, 65_537, 100_003])
def test_empirical_of_any_size_stays_in_its_values(count: int) -> None:
    assert Empirical(tuple(range(count))).quantile(LARGEST_U) == count - 1


def test_cap_cuts_and_its_mean_is_exact() -> None:
    capped = Capped(Exponential(SECOND), 3 * SECOND)
    assert capped.quantile(0.99) == 3 * SECOND
    assert capped.quantile(0.5) == Exponential(SECOND).quantile(0.5)
    assert capped.mean_ns() == pytest.approx(SECOND * (1 - math.exp(-3)), rel=1e-12)


def test_cap_of_a_capped_mixture_takes_the_smaller_bound() -> None:
    inner = Mixture((0.5, 0.5), (Constant(SECOND), Constant(10 * SECOND)))
    assert Capped(Capped(inner, 4 * SECOND), 2 * SECOND).mean_ns() == 1.5 * SECOND
    assert Capped(Capped(inner, 4 * SECOND), 20 * SECOND).mean_ns() == 2.5 * SECOND


def test_constant_needs_no_luck() -> None:
    assert {Constant(5).quantile(u) for u in (SMALLEST_U, 0.5, LARGEST_U)} == {5}


EXTREME: list[Distribution] = [
    Exponential(LONGEST_NS),
    Weibull(0.05, LONGEST_NS),
    Weibull(0.05, 1),
    Weibull(1_000, LONGEST_NS),
    LogNormal(1, 0.995, LONGEST_NS),
    LogNormal(LONGEST_NS, 0.95, LONGEST_NS),
    Gamma(0.05, LONGEST_NS),
    Gamma(1_000, LONGEST_NS),
    Uniform(0, LONGEST_NS),
    Mixture((1e-9, 1 - 1e-9), (Exponential(LONGEST_NS), Constant(0))),
]


@pytest.mark.parametrize("extreme", EXTREME, ids=name)
def test_extreme_distributions_neither_overflow_nor_go_below_zero(extreme: Distribution) -> None:
    for u in (SMALLEST_U, 2.0**-60, 0.5, LARGEST_U):
        value = extreme.quantile(u)
        assert isinstance(value, int)
        assert 0 <= value <= LONGEST_NS
    for limit_ns in (1.0, float(SECOND), float(LONGEST_NS)):
        assert 0 <= extreme.limited_mean_ns(limit_ns) <= limit_ns * (1 + 1e-9)
    assert math.isfinite(extreme.mean_ns())


@pytest.mark.parametrize("ours", ALL, ids=name)
def test_distributions_can_be_compared_hashed_and_sent_to_other_processes(ours: Distribution) -> None:
    copy = pickle.loads(pickle.dumps(ours))
    assert copy == ours
    assert hash(copy) == hash(ours)
    assert copy.quantile(0.3) == ours.quantile(0.3)
    with pytest.raises(FrozenInstanceError):
        setattr(ours, fields(ours)[0].name, 5)  # type: ignore[arg-type]


def test_description_says_what_was_written() -> None:
    assert Constant(1_500 * MILLISECOND).describe() == "1.5 s"
    assert Uniform(SECOND, MINUTE).describe() == "uniform, 1 s to 60 s"
    assert Exponential(30 * DAY).describe() == "exponential, mean 30 d"
    assert LogNormal(SECOND, 0.999, 3 * SECOND).describe() == "lognormal, median 1 s, p99.9 3 s"
    assert Capped(Weibull(1.5, SECOND), MINUTE).describe() == "Weibull, shape 1.5, scale 1 s, at most 60 s"
    assert Gamma(2.0, SECOND).describe() == "gamma, shape 2, mean 1 s"
    assert TAIL.describe() == "99%: lognormal, median 5 s, p95 15 s; 1%: uniform, 55 s to 2 min 30 s"
    assert Empirical((1, 2, 3), source="boot.csv").describe() == "empirical, 3 values from boot.csv, median 2 ns"


IMPOSSIBLE: dict[str, Callable[[], Distribution]] = {
    "negative constant": lambda: Constant(-1),
    "beyond counting": lambda: Constant(LONGEST_NS + 1),
    "upside down": lambda: Uniform(2, 1),
    "negative low": lambda: Uniform(-1, 1),
    "mean of zero": lambda: Exponential(0),
    "shape too small": lambda: Weibull(0.01, 1),
    "scale of zero": lambda: Weibull(1.0, 0),
    "percentile below median": lambda: LogNormal(2, 0.95, 1),
    "percentile of 50": lambda: LogNormal(1, 0.5, 1),
    "percentile of 100": lambda: LogNormal(1, 1.0, 2),
    "median of zero": lambda: LogNormal(0, 0.95, 2),
    "absurdly wide": lambda: LogNormal(1, 0.51, LONGEST_NS),
    "shape not a number": lambda: Gamma(math.nan, 1),
    "gamma mean of zero": lambda: Gamma(1.0, 0),
    "no parts": lambda: Mixture((), ()),
    "weights and parts differ": lambda: Mixture((1.0,), (Constant(1), Constant(2))),
    "weights below one": lambda: Mixture((0.5, 0.4), (Constant(1), Constant(2))),
    "weight of zero": lambda: Mixture((0.0, 1.0), (Constant(1), Constant(2))),
    "no values": lambda: Empirical(()),
    "values not sorted": lambda: Empirical((2, 1)),
    "negative value": lambda: Empirical((-1, 1)),
    "negative cap": lambda: Capped(Constant(1), -1),
}


@pytest.mark.parametrize("make", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_impossible_distributions_are_refused(make: Callable[[], Distribution]) -> None:
    with pytest.raises(ValueError, match=r"distribution|duration|mixture|Weibull|gamma|empirical|cap"):
        make()


def test_scipy_is_imported_only_for_gamma_functions() -> None:
    code = (
        "import sys; from hasim.scenario.distributions import *\n"
        "for d in (Constant(1), Exponential(1), Weibull(2.0, 5), LogNormal(1, 0.9, 2), Empirical((1,))):\n"
        "    d.quantile(0.5); d.mean_ns(); d.describe()\n"
        "assert 'scipy' not in sys.modules and 'numpy' not in sys.modules\n"
        "Gamma(2.0, 5).quantile(0.5)\n"
        "assert 'scipy.special' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
