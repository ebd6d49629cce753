"""Two processes against one, on the same study."""

from __future__ import annotations

import time

from benchmarks.measuring import print_table
from benchmarks.pair import pair
from hasim.study.replication import replicate

__all__ = ["run"]

_REPLICATIONS = 1_500


def run() -> None:
    """Measure (wall clock, the start of the processes included) and print."""
    scenario = pair("1y")
    results, walls = [], []
    for jobs in (1, 2):
        began = time.perf_counter()
        results.append(replicate(scenario, seed=1, replications=_REPLICATIONS, jobs=jobs))
        walls.append(time.perf_counter() - began)
    assert results[0].outcomes == results[1].outcomes
    print_table(
        f"{_REPLICATIONS:,} replications of a year",
        ("processes", "wall s", "years/s", "faster by"),
        [(jobs, wall, _REPLICATIONS / wall, walls[0] / wall) for jobs, wall in zip((1, 2), walls, strict=True)],
    )
