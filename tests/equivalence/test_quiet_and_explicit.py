"""Quiet heartbeats leave the same trace as explicit ones, record for record."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hasim.scenario import loads
from hasim.sim import simulate
from tests.random_scenarios import scenarios, with_faults

KINDS = [
    "crash",
    "stop",
    "freeze",
    "keepalived_kill",
    "keepalived_stop",
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
def test_quiet_heartbeats_leave_the_same_trace_as_explicit_ones(kind: str, text: str, seed: int) -> None:
    scenario = loads(with_faults(text, kind))
    quiet = simulate(scenario, seed=seed, replication=0)
    explicit = simulate(scenario, seed=seed, replication=0, heartbeats="explicit")
    assert quiet.records == explicit.records
