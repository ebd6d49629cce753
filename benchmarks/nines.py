"""``python -m benchmarks nines``: downtime with all instances down against the exact answer, from 3 to 12 nines.

Faults are independent, so that all instances of a group have one for ``(repair / (up + repair)) ** n`` of the time.
Each row is a whole study by biased fault clocks, with a seed of its own, by the clock on the wall and on all cores;
*gain* is how many times more runs crude simulation would need for the same interval.
"""

from __future__ import annotations

import time

from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.study.rare import run_rare

__all__ = ["run"]

_ROWS = [
    (2, 31, 0.1),
    (2, 100, 0.1),
    (2, 316, 0.1),
    (2, 1_000, 0.1),
    (2, 3_162, 0.1),
    (2, 10_000, 0.1),
    (2, 31_623, 0.1),
    (2, 100_000, 0.1),
    (2, 316_228, 0.1),
    (2, 1_000_000, 0.1),
    (3, 100, 0.2),
    (3, 1_000, 0.2),
    (3, 10_000, 0.2),
]
"""Instances, hours to failure for one hour of repair, and the precision asked for."""


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


def run() -> None:
    """Measure and print."""
    print(
        f"{'instances':>9} {'MTTF':>11} {'all down, exact':>16} {'estimated':>10} {'95% interval':>21} {'holds':>6} "
        f"{'effective':>9} {'runs':>7} {'seconds':>8} {'gain':>10}"
    )
    for seed, (count, hours, precision) in enumerate(_ROWS, start=1):
        began = time.perf_counter()
        result = run_rare(group(count, hours), seed=seed, precision=precision)
        seconds = time.perf_counter() - began
        exact = (1.0 / (hours + 1.0)) ** count
        found = result.unavailability_by_faults[count]
        holds = "yes" if found.low <= exact <= found.high else "NO"
        print(
            f"{count:9} {hours:9,} h {exact:16.3e} {found.value:10.3e} {found.low:10.3e} {found.high:10.3e} {holds:>6} "
            f"{result.evidence().effective:9,.0f} {result.runs:7,} {seconds:8.1f} {result.gain:10,.0f}",
            flush=True,
        )
