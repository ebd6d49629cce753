"""Quiet heartbeats leave the same trace as explicit ones, record for record."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hasim.scenario import loads
from hasim.sim import simulate
from tests.random_scenarios import scenarios


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=scenarios(), seed=st.integers(0, 1_000))
def test_quiet_heartbeats_leave_the_same_trace_as_explicit_ones(text: str, seed: int) -> None:
    scenario = loads(text)
    quiet = simulate(scenario, seed=seed, replication=0)
    explicit = simulate(scenario, seed=seed, replication=0, heartbeats="explicit")
    assert quiet.records == explicit.records
