"""Quiet heartbeats leave the same trace as explicit ones, record for record, whatever the scenario.

The same random scenarios, which take longest to run, show that outages and reachability are what the trace says.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hasim.scenario import loads
from hasim.sim import simulate
from tests.random_scenarios import scenarios, with_faults
from tests.trace_invariants import check_outages

KINDS = [
    "crash",
    "stop",
    "freeze",
    "keepalived_kill",
    "keepalived_stop",
    "keepalived_reload",
    "service_failure",
    "process_kill",
    "file_write",
    "link_down",
    "partition",
    "one_way_partition",
    "zone_outage",
    "api_outage",
]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=scenarios(), seed=st.integers(0, 1_000))
def test_quiet_heartbeats_leave_the_same_trace_as_explicit_ones_and_its_outages_add_up(
    kind: str, text: str, seed: int
) -> None:
    scenario = loads(with_faults(text, kind))
    quiet = simulate(scenario, seed=seed, replication=0)
    explicit = simulate(scenario, seed=seed, replication=0, heartbeats="explicit")
    assert quiet.records == explicit.records
    check_outages(scenario, quiet)


_THREE_ALIKE = """
horizon: 20min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances: {a: {address: 10.0.1.11}, b: {address: 10.0.1.12}, c: {address: 10.0.1.13}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
vrrp: {version: 2, priority: 100, down_timer_adverts: 2}
daemon: {timer_latency: 0s, take_over: 0s, busy: 0s, advert_drift: 0s}
network: {within_zone: {latency: 0s, jitter: 0s, loss: 30%}}
"""


@pytest.mark.parametrize("seed", range(3))
def test_an_advert_that_is_sent_at_the_instant_of_a_deadline_comes_too_late(seed: int) -> None:
    """Timers of one instant have an order: that of a MASTER may come after that of the BACKUP which waits for it."""
    scenario = loads(_THREE_ALIKE)
    quiet = simulate(scenario, seed=seed, replication=0)
    assert quiet.records == simulate(scenario, seed=seed, replication=0, heartbeats="explicit").records


_CHECKED_IN_STEP = """
horizon: 4min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 254}}
  c: {address: 10.0.1.13, vrrp: {priority: 100}}
floating: {address: 10.0.1.100, mechanism: eni, method: reattach}
vrrp: {version: 3, advert_int: 100ms, track_scripts: {s: {interval: 2s, check: api, weight: 30, rise: 2, fall: 2}}}
notify: {reclaim_interval: 10s}
cold_start: {a: 16s, b: 36s, c: 38s}
daemon: {start_up: 0s}
faults:
  - {kind: api_outage, at: 108.104s, duration: 8.344s}
  - {kind: freeze, target: a, at: 84s, duration: 20s}
  - {kind: freeze, target: b, at: 53s, duration: 6s}
  - {kind: keepalived_kill, process: child, target: b, at: 92s, duration: 7.968s}
"""


def test_checks_of_several_instances_at_one_instant_take_place_in_their_order() -> None:
    """Started on whole seconds, they stay in step; whose began to be simulated first depends on the mode."""
    scenario = loads(_CHECKED_IN_STEP)
    quiet = simulate(scenario, seed=1, replication=1560)
    assert quiet.records == simulate(scenario, seed=1, replication=1560, heartbeats="explicit").records
