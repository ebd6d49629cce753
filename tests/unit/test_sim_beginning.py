"""The steady state in which a run begins."""

from __future__ import annotations

import pytest

from hasim.scenario import loads
from hasim.scenario.errors import ScenarioError
from hasim.sim import simulate
from hasim.trace import StateChanged

PAIR = """
horizon: 30s
zones: [z1]
vpc: {{cidr: 10.0.0.0/16}}
subnets: {{lan: {{cidr: 10.0.1.0/24}}}}
instances:
  a: {{address: 10.0.1.11, vrrp: {{priority: 150, advert_int: {of_a}}}}}
  b: {{address: 10.0.1.12, vrrp: {{priority: 100, advert_int: {of_b}}}}}
floating: {{address: 10.0.1.100, mechanism: secondary_ip}}
vrrp: {{version: 3}}
daemon: {{advert_drift: 0}}
network: {{within_zone: {{latency: 0, jitter: 0}}}}
initial_phase: {phase}
"""


@pytest.mark.parametrize("heartbeats", ["quiet", "explicit"])
@pytest.mark.parametrize("phase", ["0", "900ms"])
@pytest.mark.parametrize(("of_a", "of_b"), [("1s", "100ms"), ("100ms", "1s")])
def test_a_version_3_backup_has_learnt_its_masters_interval(of_a: str, of_b: str, phase: str, heartbeats: str) -> None:
    """With its own shorter one it would take over before the first advert."""
    scenario = loads(PAIR.format(of_a=of_a, of_b=of_b, phase=phase if of_a == "1s" else "50ms"))
    trace = simulate(scenario, seed=1, replication=0, heartbeats=heartbeats)
    assert [record.reason for record in trace.records if isinstance(record, StateChanged)] == ["steady_state"] * 2


def test_the_last_advert_before_a_run_is_not_older_than_its_senders_interval() -> None:
    with pytest.raises(ScenarioError, match=r"initial_phase: 200 ms is longer than 100 ms"):
        loads(PAIR.format(of_a="100ms", of_b="1s", phase="200ms"))
