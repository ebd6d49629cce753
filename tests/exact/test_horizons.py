"""Runs put together from episodes: their downtime is distributed as theory says, and the intervals hold the truth."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from scipy.special import gammaincc, pdtr

from hasim.measure import Outage
from hasim.study.episodes.episode import STRIKE_NS, Episode
from hasim.study.episodes.estimation import Cycles, Stratum
from hasim.study.episodes.horizons import Horizons, put_together
from hasim.units import DAY, HOUR, MINUTE, SECOND, YEAR

STUDIES = 300
MEAN_NS = 30 * SECOND


def episode(number: int, downtime_ns: int, length_ns: int = 1, weight: float = 1.0, master: str = "a") -> Episode:
    outage = Outage(
        STRIKE_NS, STRIKE_NS + downtime_ns, "instance", "crash", "", "a", "b", (downtime_ns, *[0] * 7), "failover"
    )
    return Episode(number, weight, master, length_ns, (0, downtime_ns), (outage,), 0, 0, 0)


def one_clock(rows: list[Episode], mean_ns: float = DAY) -> Cycles:
    return Cycles({"a": [1 / mean_ns]}, {Stratum("a", 0, 0): rows})


def test_equal_downtimes_are_as_many_as_a_poisson_process_has() -> None:
    found = put_together(one_clock([episode(0, 10 * SECOND), episode(1, 10 * SECOND)], 10 * DAY), 30 * DAY, 1)
    assert found.runs == 100_000
    for count in range(8):
        share = 1.0 - float(pdtr(count, 3.0))
        measured = sum(ns > count * 10 * SECOND for ns in found.downtime_ns) / found.runs
        assert measured == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / found.runs))


def test_the_seed_decides_which_runs_are_put_together() -> None:
    cycles = one_clock([episode(number, (1 + number) * SECOND) for number in range(50)])
    assert put_together(cycles, 30 * DAY, 1).downtime_ns == put_together(cycles, 30 * DAY, 1).downtime_ns
    assert put_together(cycles, 30 * DAY, 1).downtime_ns != put_together(cycles, 30 * DAY, 2).downtime_ns


def test_the_end_of_a_run_cuts_an_episode_and_its_outage() -> None:
    """An episode is longer than the run: its outage begins when the only fault strikes, and goes on to the end."""
    found = put_together(one_clock([episode(n, YEAR, YEAR) for n in (0, 1)], 10 * HOUR), HOUR, 1)
    struck = [HOUR - ns for ns in found.downtime_ns if ns]
    assert len(struck) / found.runs == pytest.approx(-math.expm1(-0.1), abs=0.004)
    assert max(struck) <= HOUR
    assert np.mean(struck) == pytest.approx((10 - 1 / math.expm1(0.1)) * HOUR, rel=0.01)


def test_who_is_master_decides_what_comes_next() -> None:
    """Every episode moves the MASTER, and only those that begin with a cost anything: at most every other one does."""
    there, back = [episode(n, SECOND, master="b") for n in (0, 1)], [episode(n, 0, master="a") for n in (0, 1)]
    cycles = Cycles({"a": [1 / DAY], "b": [1 / DAY]}, {Stratum("a", 0, 0): there, Stratum("b", 0, 0): back})
    found = put_together(cycles, 4 * DAY, 1)
    counts = np.arange(40)
    share = np.diff(pdtr(counts, 4.0), prepend=0.0)
    mean = float((share * (counts / 2)).sum())
    squares = float((share * np.where(counts % 2, (counts**2 + 1) / 4, counts**2 / 4)).sum())
    assert np.mean(found.downtime_ns) / SECOND == pytest.approx(mean, rel=0.01)
    assert np.var(found.downtime_ns) / SECOND**2 == pytest.approx(squares - mean**2, rel=0.03)


def test_weights_decide_how_often_an_episode_is_drawn() -> None:
    """An hour without service, as an overlap of which a thousand were made that each stand for a millionth."""
    alone = [episode(number, 0, weight=0.999) for number in range(10)]
    overlaps = [episode(number, HOUR, weight=0.001) for number in range(10)]
    cycles = Cycles({"a": [1 / DAY]}, {Stratum("a", 0, 0): alone, Stratum("a", 0, 1): overlaps})
    chance = put_together(cycles, YEAR, 1).chance_above(0)
    assert chance.value == pytest.approx(-math.expm1(-0.365), abs=0.012)


def above(limit_ns: float, episodes: float) -> float:
    """The chance of more downtime than that where so many episodes are expected, each of an exponential downtime."""
    counts = np.arange(1, 200)
    share = np.exp(counts * math.log(episodes) - episodes - np.array([math.lgamma(1 + n) for n in counts]))
    return float((share * gammaincc(counts, limit_ns / MEAN_NS)).sum())


@cache
def studies() -> list[Horizons]:
    """Each of 200 episodes whose downtime is exponential, of which 20 are in a run."""
    rng = np.random.default_rng(1)
    lost_ns = rng.exponential(MEAN_NS, (STUDIES, 200)).astype(int) + 1
    cycles = [one_clock([episode(n, int(ns)) for n, ns in enumerate(rows)], DAY) for rows in lost_ns]
    return [put_together(one, 20 * DAY, seed, draws=50_000) for seed, one in enumerate(cycles)]


@pytest.mark.parametrize("limit_ns", [9 * MINUTE, 15 * MINUTE])
def test_the_interval_of_a_chance_holds_the_truth(limit_ns: int) -> None:
    truth = above(limit_ns, 20.0)
    found = [study.chance_above(limit_ns) for study in studies()]
    assert np.mean([one.value for one in found]) == pytest.approx(truth, rel=0.1)
    assert 0.93 <= sum(one.low <= truth <= one.high for one in found) / STUDIES <= 0.99


def test_the_interval_of_a_percentile_holds_the_truth() -> None:
    found = [study.percentile(0.5) for study in studies()]
    holding = sum(above(one.low, 20.0) >= 0.5 >= above(one.high, 20.0) for one in found)
    assert 0.93 <= holding / STUDIES <= 0.98


def test_what_so_few_episodes_have_not_shown_is_in_the_upper_end() -> None:
    """Of n episodes none cost more than a second. With 365 of them in a run, 3.7 of n may be others: ten thousand may
    leave out what spoils one run in eight."""
    for count, most in ((100, 1.0), (10_000, -math.expm1(-3.689 * 365 / 10_000))):
        found = put_together(one_clock([episode(number, SECOND - number % 2) for number in range(count)]), YEAR, 1)
        chance = found.chance_above(HOUR)
        assert chance.value == chance.low == 0.0
        assert chance.high == pytest.approx(most, rel=0.001)
        assert found.percentile(0.99).high == math.inf
    assert found.percentile(0.5).high < 370 * SECOND
