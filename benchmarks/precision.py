"""How long until the unavailability of the pair is known to ±1 %: by episodes, and by years of replications.

By years it is simulated to ±5 % only; to ±1 % takes 25 times as long.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

from benchmarks.measuring import print_table
from benchmarks.pair import pair
from hasim.study import replicate
from hasim.study.episodes import run_episodes
from hasim.study.estimators import Estimate

__all__ = ["run"]

_EPISODES = 0.01
_YEARS = 0.05
_MOST_YEARS = 20_000


def run() -> None:
    """Measure and print."""
    year = pair("1y")
    rows = [
        _row("episodes", lambda: run_episodes(year, precision=_EPISODES).unavailability),
        _row("years", lambda: replicate(year, precision=_YEARS, max_replications=_MOST_YEARS).unavailability),
    ]
    print_table(
        "The pair's unavailability until it is known so well (on all cores)",
        ("method", "unavailability", "±", "seconds", "CPU seconds", "CPU seconds to ±1 %"),
        rows,
    )


def _row(name: str, answer: Callable[[], Estimate]) -> tuple[str, float, str, float, float, float]:
    began, worked = time.perf_counter(), _cpu_s()
    found = answer()
    seconds, cpu_s = time.perf_counter() - began, _cpu_s() - worked
    half = (found.high - found.low) / 2 / found.value
    return name, found.value, f"{half:.1%}", seconds, cpu_s, cpu_s * (half / _EPISODES) ** 2


def _cpu_s() -> float:
    """Of this process and of those that it has waited for."""
    return math.fsum(os.times()[:4])
