"""A study that stops when its interval is narrow enough still holds the truth in about 95 of 100 studies.

Counted over 1,000 repeated studies whose truth is known, with a fixed seed; the count itself has a standard error of
0.7 %.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from hasim.measure import RunOutcome
from hasim.study.overlaps import ENOUGH, Overlaps
from hasim.study.stopping import judge, looks
from hasim.study.summary import unavailability
from hasim.units import YEAR

STUDIES = 1_000
MEAN_NS = 60_000_000_000


def exponential(rng: random.Random) -> float:
    return rng.expovariate(1.0 / MEAN_NS)


def heavy_tailed(rng: random.Random) -> float:
    return MEAN_NS * rng.lognormvariate(-0.72, 1.2)


def replication(rng: random.Random, number: int, outages: float, draw: Callable[[random.Random], float]) -> RunOutcome:
    """A year with a Poisson number of outages."""
    downtime_ns, next_at = 0.0, rng.expovariate(outages)
    while next_at < 1.0:
        downtime_ns += draw(rng)
        next_at += rng.expovariate(outages)
    return RunOutcome(number, YEAR, round(downtime_ns), (), 0, 0, 0, 0, 0, {})


@pytest.mark.parametrize(
    ("outages", "draw", "precision", "least"),
    [
        (0.3, exponential, 0.5, 0.93),
        (1.0, exponential, 0.3, 0.93),
        (16.0, exponential, 0.2, 0.93),
        (2.0, heavy_tailed, 0.4, 0.91),
    ],
)
def test_the_interval_of_a_study_that_stopped_itself(
    outages: float, draw: Callable[[random.Random], float], precision: float, least: float
) -> None:
    rng = random.Random(1)
    truth = outages * MEAN_NS / YEAR
    held = 0
    for _ in range(STUDIES):
        outcomes: list[RunOutcome] = []
        for look in looks(10_000):
            outcomes += [replication(rng, number, outages, draw) for number in range(len(outcomes), look)]
            if judge(outcomes, precision, 10_000).met:
                break
        estimate = unavailability(outcomes)
        held += estimate.low <= truth <= estimate.high
    assert least <= held / STUDIES <= 0.97


SHORT_PER_YEAR_NS = 80_000_000_000
RARE_PER_YEAR = 0.03
RARE_MEAN_NS = 1_200_000_000_000


def short_and_rarely_long(rng: random.Random, number: int) -> RunOutcome:
    """A year with sixteen failovers, and once in 33 years both instances fail: a third of all downtime."""
    downtime_ns = rng.gammavariate(16.0, SHORT_PER_YEAR_NS / 16.0)
    if rng.random() < RARE_PER_YEAR:
        downtime_ns += rng.expovariate(1.0 / RARE_MEAN_NS)
    return RunOutcome(number, YEAR, round(downtime_ns), (), 0, 0, 0, 0, 0, {})


def held_of_studies_with_rare_outages(*, told: bool) -> float:
    """How often the interval holds the truth if a study is told what it cannot have seen, or is not."""
    rng = random.Random(2)
    truth = (SHORT_PER_YEAR_NS + RARE_PER_YEAR * RARE_MEAN_NS) / YEAR
    held = 0
    for _ in range(STUDIES // 8):
        outcomes: list[RunOutcome] = []
        for look in looks(10_000):
            outcomes += [short_and_rarely_long(rng, number) for number in range(len(outcomes), look)]
            expected = RARE_PER_YEAR * look
            unseen = Overlaps(expected, RARE_PER_YEAR * RARE_MEAN_NS / YEAR) if told and expected < ENOUGH else None
            if judge(outcomes, 0.3, 10_000, unseen).met:
                break
        estimate = unavailability(outcomes)
        held += estimate.low <= truth <= estimate.high
    return held / (STUDIES // 8)


def test_rare_long_outages_do_not_surprise_a_study_that_knows_of_them() -> None:
    assert held_of_studies_with_rare_outages(told=False) < 0.6
    assert held_of_studies_with_rare_outages(told=True) >= 0.92


def test_the_mean_of_the_heavy_tail_is_that_of_the_exponential() -> None:
    assert MEAN_NS * math.exp(-0.72 + 1.2**2 / 2) == pytest.approx(MEAN_NS)
