"""``python -m benchmarks nines``: downtime with all instances down against the exact answer, from 3 to 12 nines.

Faults are independent, so that all instances of a group have one for ``(repair / (up + repair)) ** n`` of the time.
Each row is a whole study by biased fault clocks, with a seed of its own: by the clock on the wall, on all cores, and by
the time that these were busy with it. The work-normalised *gain* is how many times more runs of the world crude
simulation of episodes would need for the same interval of the downtime with overlapping faults.
"""

from __future__ import annotations

import math
import os
import time

from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.study.episodes.rewards import downtime_with
from hasim.study.rare import run_rare

__all__ = ["run"]

_NINES = range(3, 13)
_SIZES = (2, 3)
_PRECISION = 0.1
_CONFIDENCE = 1.0 - 0.05 / (len(_NINES) * len(_SIZES))
"""Of an interval, so that with 95% confidence all of them hold their answers (Bonferroni)."""


def group(count: int, hours: int) -> Scenario:
    """A preempting group whose instances crash; nothing else in it is random, but for the phase of its heartbeats."""
    names = "abc"[:count]
    instances = "\n".join(
        f"  {name}: {{address: 10.0.1.1{place}, vrrp: {{priority: {150 - 50 * place}}}}}"
        for place, name in enumerate(names)
    )
    return loads(
        f"""
horizon: 1y
zones: [z]
vpc: {{cidr: 10.0.0.0/16}}
subnets: {{service: {{cidr: 10.0.1.0/24}}}}
instances:
{instances}
floating: {{address: 10.0.1.100, mechanism: secondary_ip}}
vrrp: {{version: 3, advert_int: 100ms}}
notify: {{start_up: "0", reclaim_interval: 30s}}
guest: {{boot: "0", configure: "0"}}
service: {{start_up: "0"}}
faults:
  - kind: crash
    target: [{", ".join(names)}]
    time_to_failure: {{exponential: {{mean: {hours}h}}}}
    time_to_repair: {{exponential: {{mean: 1h}}}}
""",
        f"{count} instances, {hours} h",
    )


def hours_to_failure(count: int, nines: int) -> int:
    """So many for one hour of repair, that all instances are down for about ``10 ** -nines`` of the time."""
    return round(10 ** (nines / count) - 1)


def run() -> None:
    """Measure and print."""
    print(
        f"{'nines':>5} {'instances':>9} {'MTTF':>11} {'all down, exact':>16} {'estimated':>10} {'95% (all rows)':>21} "
        f"{'holds':>6} {'effective':>9} {'runs':>7} {'seconds':>8} {'CPU s':>6} {'gain':>10}"
    )
    for count in _SIZES:
        for nines in _NINES:
            print(_row(count, nines), flush=True)


def _row(count: int, nines: int) -> str:
    hours = hours_to_failure(count, nines)
    began, worked = time.perf_counter(), _cpu_s()
    result = run_rare(group(count, hours), seed=100 * count + nines, precision=_PRECISION)
    seconds, cpu_s = time.perf_counter() - began, _cpu_s() - worked
    exact = (1.0 / (hours + 1.0)) ** count
    found = result.cycles.ratio(downtime_with(count)).estimate(1.0, _CONFIDENCE)
    holds = "yes" if found.low <= exact <= found.high else "NO"
    return (
        f"{nines:5} {count:9} {hours:9,} h {exact:16.3e} {found.value:10.3e} {found.low:10.3e} {found.high:10.3e} "
        f"{holds:>6} {result.evidence().effective:9,.0f} {result.runs:7,} {seconds:8.1f} {cpu_s:6.1f} "
        f"{result.gain:10,.0f}"
    )


def _cpu_s() -> float:
    """Of this process and of those that it has waited for."""
    return math.fsum(os.times()[:4])
