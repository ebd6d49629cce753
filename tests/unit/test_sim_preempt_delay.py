"""From when on a preempt_delay counts, and why that decides how long a return takes."""

from __future__ import annotations

import pytest

from hasim.scenario import loads
from hasim.sim import simulate
from hasim.trace import AdvertSent, StateChanged
from hasim.units import MICROSECOND, SECOND
from hasim.vrrp.timers import master_down_interval

RESTART = """
horizon: 30s
zones: [z]
vpc: {{cidr: 10.0.0.0/16}}
subnets: {{lan: {{cidr: 10.0.1.0/24}}}}
instances:
  a: {{address: 10.0.1.11, vrrp: {{priority: 150}}}}
  b: {{address: 10.0.1.12, vrrp: {{priority: 100}}}}
floating: {{address: 10.0.1.100, mechanism: secondary_ip}}
vrrp: {{preempt_delay: 3s}}
daemon: {{start_up: 0, timer_latency: 0, take_over: 0, busy: 0, advert_drift: 200us, preempt_lag: {lag}}}
network: {{within_zone: {{latency: 0, jitter: 0}}}}
initial_phase: 0s
faults: [{{kind: keepalived_kill, target: a, at: 1.5s, time_to_repair: 5s}}]
"""


@pytest.mark.parametrize(("lag", "adverts_heard"), [("0", 3), ("500us", 3), ("700us", 4), ("800us", 4)])
def test_an_advert_at_the_end_of_the_delay_counts_if_the_clock_was_read_late(lag: str, adverts_heard: int) -> None:
    """The fourth advert comes 3 s and 600 us after the first: each is 200 us later than its interval."""
    scenario = loads(RESTART.format(lag=lag))
    records = simulate(scenario, seed=1, replication=0, detail=(0, scenario.horizon_ns)).records
    states = [r for r in records if isinstance(r, StateChanged) and r.instance == "a"]
    returned = next(r.at for r in states if r.reason == "start_up")
    master = next(r.at for r in states if r.at > returned and r.new == "MASTER")
    heard = [r.at for r in records if isinstance(r, AdvertSent) and r.instance == "b" and r.at > returned]
    assert master == heard[adverts_heard - 1] + master_down_interval(2, 150, SECOND, 3)
    assert heard[3] - heard[0] == 3 * SECOND + 600 * MICROSECOND


def test_the_default_was_measured_and_goes_by_itself_for_the_exact_protocol() -> None:
    daemon = loads(RESTART.format(lag="0")).instances[0].daemon
    assert daemon.preempt_lag_ns == 0
    default = loads(RESTART.format(lag="0").replace(", preempt_lag: 0", "")).instances[0].daemon
    assert default.preempt_lag_ns == 800 * MICROSECOND
