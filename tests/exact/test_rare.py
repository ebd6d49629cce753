"""Overlapping failures against exact answers: all instances of a group have a fault for a known share of the time.

Faults are independent alternating renewal processes; so whatever their distributions, all are in force together for the
product of ``mean repair / (mean time to failure + mean repair)``.
"""

from __future__ import annotations

import pytest

from hasim.errors import UserError
from hasim.scenario import loads
from hasim.study.episodes import run_episodes
from hasim.study.rare import run_rare
from tests.exact.pairs import crashing_group


@pytest.mark.parametrize(("hours", "nines"), [(31, 3), (100_000, 10), (1_000_000, 12)])
def test_both_of_a_pair_are_down_as_long_as_the_exact_answer_says(hours: int, nines: int) -> None:
    scenario = loads(crashing_group(f"{{exponential: {{mean: {hours}h}}}}", "{exponential: {mean: 1h}}"))
    result = run_rare(scenario, seed=nines, precision=0.25, jobs=1)
    both = result.unavailability_by_faults[2]
    assert both.low <= (1 / (hours + 1)) ** 2 <= both.high
    assert both.high - both.low < 0.6 * both.value
    assert not result.evidence().collapsed
    assert nines < 10 or result.gain > 1_000


@pytest.mark.parametrize(
    "time_to_failure", ["{weibull: {shape: 2, scale: 1128.379h}}", "{gamma: {shape: 0.5, mean: 1000h}}"]
)
def test_ageing_clocks_are_biased_by_their_own_hazard(time_to_failure: str) -> None:
    result = run_rare(loads(crashing_group(time_to_failure, "1h")), seed=3, precision=0.25, jobs=1)
    both = result.unavailability_by_faults[2]
    assert both.low <= (1 / 1001) ** 2 <= both.high


@pytest.mark.usefixtures("short_pilot")
def test_the_probabilities_of_the_depths_add_up_to_one() -> None:
    """They are sums of weights: that they do is a test of the weights."""
    scenario = loads(crashing_group("{exponential: {mean: 10h}}", "{exponential: {mean: 1h}}"))
    result = run_episodes(scenario, seed=3, precision=0.2, jobs=1)
    assert sum(result.evidence(overlap).chance for overlap in result.overlaps) == pytest.approx(1.0, abs=0.03)


def test_nothing_rare_to_estimate_is_said() -> None:
    text = crashing_group("{exponential: {mean: 100d}}", "1h").replace("target: [a, b]", "target: [b]")
    with pytest.raises(UserError, match="no overlap of faults took the service down"):
        run_rare(loads(text), seed=1, jobs=1)


def test_weights_that_have_collapsed_are_refused() -> None:
    scenario = loads(crashing_group("{exponential: {mean: 1000h}}", "{lognormal: {median: 1min, p95: 9h}}"))
    with pytest.raises(UserError, match="the weights have collapsed"):
        run_rare(scenario, seed=1, most_runs=1, jobs=1)
