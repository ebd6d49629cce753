"""How long until the unavailability of the pair is known to ±1 %: by episodes, and by years of replications.

Of two pairs. Where the MASTER looks now and then whether it still has the address, both methods answer the same. Where
it does not, two instances that come back within seconds of one another may leave the address behind, for weeks: once in
some 280,000 years, which is a sixteenth of all downtime. Episodes find that; no affordable number of years does.

What takes too long is simulated less precisely, and its time to ±1 % follows from that. A CPU second of episodes is
worth as many years as have to be simulated for the interval that it gives.

From the episodes whole years are put together, for how the downtime of one year is distributed. They are counted too,
with the time that their episodes take and without.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from benchmarks.elided import elided_pair
from benchmarks.measuring import cpu_seconds, print_table
from benchmarks.naive import naive_pair
from benchmarks.pair import pair
from hasim.study import StudyResult, replicate
from hasim.study.episodes import EpisodesResult, run_episodes
from hasim.study.episodes.horizons import put_together
from hasim.study.estimators import Estimate
from hasim.units import DAY, YEAR, seconds

__all__ = ["run"]

_WANTED = 0.01
_MOST_YEARS = 20_000
_NAIVE_DAYS, _BARE_YEARS = 2, 500
_Result = TypeVar("_Result", StudyResult, EpisodesResult)


class _Answer(NamedTuple):
    name: str
    found: Estimate
    seconds: float
    cpu_s: float

    @property
    def half_width(self) -> float:
        return (self.found.high - self.found.low) / 2 / self.found.value

    def wanted(self, amount: float) -> float:
        """What takes ``amount`` for the interval that was reached, for ±1 %."""
        return amount * (self.half_width / _WANTED) ** 2


def run() -> None:
    """Measure and print."""
    looks, never_looks = pair("1y", reclaims=True), pair("1y")
    _, years = _answer("years, reclaims", lambda: replicate(looks, precision=0.05, max_replications=_MOST_YEARS))
    by_episodes, episodes = _answer("episodes, reclaims", lambda: run_episodes(looks, precision=_WANTED))
    _, stranded = _answer("episodes, never looks", lambda: run_episodes(never_looks, precision=0.03))
    print_table(
        "The pair's unavailability until it is known so well (on all cores)",
        ("method", "unavailability", "±", "seconds", "CPU seconds", "seconds to ±1 %"),
        [
            (a.name, a.found.value, f"{a.half_width:.1%}", a.seconds, a.cpu_s, a.wanted(a.seconds))
            for a in (episodes, years, stranded)
        ],
    )
    naive = _NAIVE_DAYS * DAY / YEAR / cpu_seconds(lambda: naive_pair(seconds(_NAIVE_DAYS * DAY)))
    bare = _BARE_YEARS / cpu_seconds(lambda: elided_pair(_BARE_YEARS * seconds(YEAR)))
    needed = years.wanted(years.found.n)
    worth = {answer.name: needed / answer.wanted(answer.cpu_s) for answer in (episodes, years)}
    together = put_together(by_episodes.cycles, YEAR, seed=1).runs
    again = cpu_seconds(lambda: put_together(by_episodes.cycles, YEAR, seed=1))
    print_table(
        "Years put together from these episodes",
        ("counted with", "years", "years/s", "of naive", "of a bare elided model"),
        [
            (name, together, together / cpu_s, together / cpu_s / naive, together / cpu_s / bare)
            for name, cpu_s in (("the episodes", again + episodes.cpu_s), ("the putting together alone", again))
        ],
    )
    print_table(
        "Years that have to be simulated for the same interval, by the CPU seconds that it takes",
        ("method", "years/s", "of naive", "of a bare elided model"),
        [(name, rate, rate / naive, rate / bare) for name, rate in worth.items()],
    )


def _answer(name: str, ask: Callable[[], _Result]) -> tuple[_Result, _Answer]:
    began, worked = time.perf_counter(), _cpu_s()
    result = ask()
    return result, _Answer(name, result.unavailability, time.perf_counter() - began, _cpu_s() - worked)


def _cpu_s() -> float:
    """Of this process and of those that it has waited for."""
    return math.fsum(os.times()[:4])
