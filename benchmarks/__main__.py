"""``python -m benchmarks``: how fast, as ratios within this run (CPU time, one core; medians of three)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from benchmarks.naive import naive_pair
from benchmarks.pair import pair
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.units import DAY, HOUR, YEAR, seconds

_REPEATS = 3
_YEARS = 20
_REQUIRED = 1_000


def cpu_seconds(work: Callable[[], object]) -> float:
    """The median CPU time of ``work``."""
    times = []
    for _ in range(_REPEATS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def years_per_second(scenario: Scenario, heartbeats: str, replications: int) -> float:
    """Simulated years per CPU second."""

    def work() -> None:
        for replication in range(replications):
            simulate(scenario, seed=1, replication=replication, heartbeats=heartbeats)

    work()
    return replications * scenario.horizon_ns / YEAR / cpu_seconds(work)


def main() -> None:
    """Measure and print."""
    quiet = years_per_second(pair("1y"), "quiet", _YEARS)
    explicit = years_per_second(pair("6h"), "explicit", 1)
    naive = 2 * DAY / YEAR / cpu_seconds(lambda: naive_pair(seconds(2 * DAY)))
    rows = [
        ("quiet heartbeats, the full model", quiet),
        ("explicit heartbeats, the full model", explicit),
        ("naive SimPy, heartbeats alone", naive),
        (
            "quiet, advert_int 10 ms (VRRPv3)",
            years_per_second(pair("1y", advert_int="10ms", version=3), "quiet", _YEARS),
        ),
        ("quiet, MTBF 300 days", years_per_second(pair("10y", mtbf="300d"), "quiet", 4)),
        ("quiet, 0.1 % of the adverts lost", years_per_second(pair("1y", loss="0.1%"), "quiet", 4)),
    ]
    print(f"{'simulated years per second and core':40} {'years/s':>12} {'of explicit':>12} {'of naive':>12}")
    for name, rate in rows:
        print(f"{name:40} {rate:12.4g} {rate / explicit:12,.4g} {rate / naive:12,.4g}")
    met = "yes" if quiet / explicit >= _REQUIRED else "NO"
    print(f"\nquiet against explicit: {quiet / explicit:,.0f} times (at least {_REQUIRED:,} wanted: {met})")
    print(f"explicit was measured over {seconds(6 * HOUR):,.0f} s, naive over two days, the others over years")


if __name__ == "__main__":
    main()
