"""A pair with exponential failures and repairs and a constant failover against its closed form.

Each instance fails at rate l and is repaired at rate m; nobody preempts. The number of instances that are up is a
birth-death chain with P2 = m^2 / (l + m)^2, P1 = 2 l m / (l + m)^2, P0 = l^2 / (l + m)^2. The service is down

* all the time while both are down: P0;
* for the failover time F each time the MASTER of a complete pair fails, at rate P2 l;
* for the return time R each time the first of two dead instances is repaired, at rate P0 2 m. It waits its master-down
  interval D and, in one case of two, moves the address: R = D + T / 2.

F is the mean detection, D - A/2 (A the interval), and the move T. What fails while a failover is under way (F l < 1e-4)
is neglected; the test's interval is a hundred times wider.
"""

from __future__ import annotations

import pytest

from hasim.scenario import loads
from hasim.study import replicate
from hasim.units import SECOND
from hasim.vrrp.timers import master_down_interval
from tests.exact.pairs import bare_pair

DAY = 86_400
MTTF_S, MTTR_S, MOVE_S, INTERVAL_S = 1 * DAY, 3_600, 5.0, 0.1


def closed_form(master_down_s: float) -> float:
    fails, repaired = 1 / MTTF_S, 1 / MTTR_S
    total = (fails + repaired) ** 2
    p2, p0 = repaired**2 / total, fails**2 / total
    failover = master_down_s - INTERVAL_S / 2 + MOVE_S
    returning = master_down_s + MOVE_S / 2
    return p0 + p2 * fails * failover + p0 * 2 * repaired * returning


@pytest.mark.parametrize("seed", [1, 2])
def test_availability_of_a_pair_lies_within_its_own_interval_of_the_closed_form(seed: int) -> None:
    faults = """
  - kind: crash
    target: [a, b]
    time_to_failure: {exponential: {mean: 1d}}
    time_to_repair: {exponential: {mean: 1h}}
"""
    vrrp = "{version: 3, advert_int: 100ms, priority: 100, nopreempt: true}"
    text = bare_pair(faults, horizon="100d", vrrp=vrrp, task="5s").replace("priority: 150", "priority: 100")
    result = replicate(loads(text), seed=seed, replications=40, jobs=1)
    master_down_s = master_down_interval(3, 100, SECOND // 10) / SECOND
    assert result.availability.low <= 1 - closed_form(master_down_s) <= result.availability.high
    assert result.availability.high - result.availability.low < 0.35 * closed_form(master_down_s)
