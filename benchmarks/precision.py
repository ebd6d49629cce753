"""How long until the unavailability of the pair is known to ±1 %: by episodes, and by years of replications.

Of two pairs. Where the MASTER looks now and then whether it still has the address, both methods answer the same. Where
it does not, two instances that come back within seconds of one another may leave the address behind, for weeks: once in
some 280,000 years, which is a sixteenth of all downtime. Episodes find that; no affordable number of years does.

What takes too long is simulated less precisely, and its time to ±1 % follows from that. A CPU second of episodes is
worth as many years as have to be simulated for the interval that it gives.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.elided import elided_pair
from benchmarks.measuring import cpu_seconds, print_table
from benchmarks.naive import naive_pair
from benchmarks.pair import pair
from hasim.study import replicate
from hasim.study.episodes import run_episodes
from hasim.study.estimators import Estimate
from hasim.units import DAY, YEAR, seconds

__all__ = ["run"]

_WANTED = 0.01
_MOST_YEARS = 20_000
_NAIVE_DAYS, _BARE_YEARS = 2, 500


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
    years = _answer(
        "years, reclaims", lambda: replicate(looks, precision=0.05, max_replications=_MOST_YEARS).unavailability
    )
    episodes = _answer("episodes, reclaims", lambda: run_episodes(looks, precision=_WANTED).unavailability)
    stranded = _answer("episodes, never looks", lambda: run_episodes(never_looks, precision=0.03).unavailability)
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
    print_table(
        "Years that have to be simulated for the same interval, by the CPU seconds that it takes",
        ("method", "years/s", "of naive", "of a bare elided model"),
        [(name, rate, rate / naive, rate / bare) for name, rate in worth.items()],
    )


def _answer(name: str, ask: Callable[[], Estimate]) -> _Answer:
    began, worked = time.perf_counter(), _cpu_s()
    found = ask()
    return _Answer(name, found, time.perf_counter() - began, _cpu_s() - worked)


def _cpu_s() -> float:
    """Of this process and of those that it has waited for."""
    return math.fsum(os.times()[:4])
