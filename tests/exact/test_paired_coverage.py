"""The 95 % interval of a paired difference holds the truth in 95 of 100 comparisons: counted over repeated comparisons
of synthetic variants whose true difference is known.

With 120 repetitions the count has a standard error of 2 %; over 1,000 it is 96 to 97 % of the means and 96 to 99 % of
the quantiles, whose order statistics are exact; the seeds are fixed. A year of a variant has crashes whose
times and API delays are shared with the other variant (the luck), and delays of its own. Where an interval is
deliberately wide (few replications that differ), it must only not be too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from hasim.measure import Outage, RunOutcome
from hasim.study.compare.metrics import METRICS
from hasim.study.compare.paired import confidence_of_sign, difference_of_means
from hasim.study.estimators import FEW, Estimate, mean_over_replications
from hasim.units import SECOND, YEAR

COMPARISONS = 120
Lengths = list[list[float]]
Draw = Callable[[np.random.Generator], tuple[Lengths, Lengths]]


def outcomes(lengths_s: Lengths) -> list[RunOutcome]:
    """A replication per list, with a failover of each of its lengths (s)."""
    found = []
    for replication, lengths in enumerate(lengths_s):
        outages = []
        for number, length in enumerate(lengths):
            start_ns = number * YEAR // 1_000
            end_ns = start_ns + round(length * SECOND)
            phases = (end_ns - start_ns, *[0] * 7)
            outages.append(Outage(start_ns, end_ns, "instance", "crash", "", "a", "b", phases, "failover"))
        downtime_ns = sum(outage.duration_ns for outage in outages)
        found.append(RunOutcome(replication, YEAR, downtime_ns, tuple(outages), 0, 0, 0, 0, 0, {}))
    return found


def shared_luck(
    rng: np.random.Generator, replications: int, crashes: float, detect_s: float
) -> tuple[Lengths, Lengths]:
    """Failovers of the same crashes: a shared heavy-tailed API delay and each variant's own detection, which is up to
    3 s in the baseline and up to ``detect_s`` in the variant."""
    counts = rng.poisson(crashes, replications)
    shared = [rng.lognormal(0.5, 0.8, count) for count in counts]
    baseline = [list(delays + rng.uniform(0, 3, len(delays))) for delays in shared]
    variant = [list(delays + rng.uniform(0, detect_s, len(delays))) for delays in shared]
    return baseline, variant


def coverage(metric: str, draw: Draw, truth: float) -> tuple[float, float]:
    """How often the interval holds the truth, and the median gain by pairing."""
    rng = np.random.default_rng(5)
    held, gains = 0, []
    for _ in range(COMPARISONS):
        baseline, variant = draw(rng)
        difference = METRICS[metric].difference(outcomes(baseline), outcomes(variant))
        if difference is None:
            held += 1
            continue
        held += difference.estimate.low <= truth <= difference.estimate.high
        gains.append(difference.gain or 1.0)
    return held / COMPARISONS, float(np.median(gains))


@pytest.mark.parametrize(("replications", "crashes"), [(20, 6.0), (60, 2.0)])
def test_the_difference_of_downtimes_is_held_and_pairing_gains(replications: int, crashes: float) -> None:
    truth = crashes * (0.5 - 1.5) * SECOND
    held, gain = coverage("downtime_per_year", lambda rng: shared_luck(rng, replications, crashes, 1.0), truth)
    assert held >= 0.92
    assert gain > 5


def quantile_of_luck(share: float, detect_s: float) -> float:
    rng = np.random.default_rng(1)
    return float(np.quantile(rng.lognormal(0.5, 0.8, 1_000_000) + rng.uniform(0, detect_s, 1_000_000), share))


@pytest.mark.parametrize(
    ("metric", "share", "crashes"),
    [("failover_p50", 0.5, 2.0), ("failover_p95", 0.95, 4.0)],
)
def test_the_difference_of_latency_quantiles_is_held(metric: str, share: float, crashes: float) -> None:
    truth = (quantile_of_luck(share, 1.0) - quantile_of_luck(share, 3.0)) * SECOND
    held, gain = coverage(metric, lambda rng: shared_luck(rng, 60, crashes, 1.0), truth)
    assert held >= 0.92
    assert gain > 1


def test_the_difference_of_mean_latencies_is_held() -> None:
    held, gain = coverage("failover_mean", lambda rng: shared_luck(rng, 60, 2.0, 1.0), -1.0 * SECOND)
    assert held >= 0.92
    assert gain > 2


def with_rare_extra_outages(rng: np.random.Generator, expected: float) -> tuple[Lengths, Lengths]:
    """The variant has a few outages more, in all 100 replications together ``expected`` of them."""
    baseline = [list(rng.exponential(5.0, count)) for count in rng.poisson(2.0, 100)]
    extra = [list(rng.exponential(20.0, count)) for count in rng.poisson(expected / 100, 100)]
    return baseline, [one + more for one, more in zip(baseline, extra, strict=True)]


@pytest.mark.parametrize(("metric", "each"), [("downtime_per_year", 20.0 * SECOND), ("outages_per_year", 1.0)])
def test_a_difference_that_few_replications_show_is_never_held_too_rarely(metric: str, each: float) -> None:
    expected = FEW - 3.0
    held, _ = coverage(metric, lambda rng: with_rare_extra_outages(rng, expected), expected / 100 * each)
    assert held >= 0.94


def test_variants_that_never_differed_lie_no_further_apart_than_their_own_intervals() -> None:
    values = [5.0 + part / 100 for part in range(50)]

    def bound(some: Sequence[float], confidence: float) -> Estimate:
        return mean_over_replications(some, 1_000.0, confidence)

    def single(confidence: float) -> Estimate:
        return bound(values, confidence)

    found = difference_of_means(values, values, bound, (single, single), 0.95).estimate
    own = single(1 - 0.05 / 4)
    assert (found.low, found.high) == pytest.approx((own.low - own.high, own.high - own.low))
    assert found.high < 0.5  # what a replication in fifty might have that nobody has seen is 1,000


def with_rare_jumps(rng: np.random.Generator, replications: int, faster_s: float = 0.0) -> tuple[Lengths, Lengths]:
    """The same failovers with the heartbeats shifted by 10 ms: one in twenty is a whole interval of 1 s longer."""
    baseline = [[length] for length in 4.0 + rng.lognormal(0.8, 0.6, replications)]
    jumps = rng.random(replications) < 0.05
    shifts = rng.uniform(-0.01, 0.01, replications) + jumps - faster_s
    return baseline, [[one[0] + shift] for one, shift in zip(baseline, shifts, strict=True)]


def test_differences_that_lie_close_together_are_no_certainty_of_no_jump() -> None:
    """In a third of all comparisons of 20 replications no jump is seen."""
    held, _ = coverage("downtime_per_run", lambda rng: with_rare_jumps(rng, 20), 0.05 * SECOND)
    assert held >= 0.95


def test_a_difference_as_large_as_the_spread_is_found_in_ten_replications_all_the_same() -> None:
    rng = np.random.default_rng(6)
    for _ in range(COMPARISONS):
        baseline, variant = with_rare_jumps(rng, 10, faster_s=2.5)
        difference = METRICS["downtime_per_run"].difference(outcomes(baseline), outcomes(variant))
        assert difference is not None
        assert difference.sign == -1


def test_what_pairs_do_not_exclude_sets_confidence_and_gain_too() -> None:
    rng = np.random.default_rng(7)
    baseline = [[length] for length in 4.0 + rng.lognormal(0.8, 0.6, 20)]
    variant = [[one[0] + shift] for one, shift in zip(baseline, rng.uniform(0.05, 0.06, 20), strict=True)]
    before, after = outcomes(baseline), outcomes(variant)
    difference = METRICS["downtime_per_run"].difference(before, after)
    assert difference is not None
    spread_ns = max(np.std([outcome.downtime_ns for outcome in one], ddof=1) for one in (before, after))
    estimate = difference.estimate
    assert estimate.high - estimate.value == pytest.approx(-math.log(0.025) / 20 * spread_ns)
    assert estimate.value - estimate.low == pytest.approx(-math.log(0.025) / 20 * spread_ns)
    assert difference.gain is not None
    assert 1 < difference.gain < 20
    found = confidence_of_sign(lambda level: METRICS["downtime_per_run"].difference(before, after, level))  # type: ignore[arg-type,return-value]
    assert found < 0.9


def test_no_difference_seen_is_no_certainty_of_none() -> None:
    same = outcomes([[3.0, 4.0]] * 20)
    for name in ("downtime_per_year", "outages_per_year", "failover_p50", "failover_mean"):
        difference = METRICS[name].difference(same, same)
        assert difference is not None
        assert difference.estimate.value == 0
        assert difference.estimate.low < 0 < difference.estimate.high
        assert difference.sign == 0
        assert difference.gain is None
