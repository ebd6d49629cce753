"""Adverts that wait for a peer's hardware address: the same in quiet and in explicit runs, and as Linux does it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.trace import AdvertSent, NotifyForked, StateChanged, Trace
from hasim.units import MILLISECOND, SECOND
from tests.random_scenarios import scenarios, with_faults

PAIR = """
horizon: {horizon}
zones: [z1]
vpc: {{cidr: 10.0.0.0/16}}
subnets: {{lan: {{cidr: 10.0.1.0/24}}}}
instances:
  a: {{address: 10.0.1.11, vrrp: {{priority: 150}}}}
  b: {{address: 10.0.1.12, vrrp: {{priority: 100}}}}
initial_master: a
floating: {{address: 10.0.1.100, mechanism: secondary_ip}}
network: {{neighbour_resolution: {resolves}, within_zone: {{loss: {loss}%}}}}
vrrp: {{advert_int: {advert_int}s}}
faults: [{{kind: partition, between: a, and: b, at: 100s, duration: {duration}ms}}]
"""
A_LEADS = ("a", "MASTER")


def pair(
    duration_ms: int, *, resolves: bool = True, horizon: str = "3min", advert_int: int = 1, loss: int = 0
) -> Scenario:
    return loads(
        PAIR.format(
            duration=duration_ms, resolves=str(resolves).lower(), horizon=horizon, advert_int=advert_int, loss=loss
        )
    )


def told_of_usurpers(trace: Trace) -> int:
    return sum(isinstance(r, NotifyForked) and r.event == "MASTER_RX_LOWER_PRI" for r in trace.records)


def in_detail(scenario: Scenario, replication: int) -> Trace:
    return simulate(scenario, seed=1, replication=replication, detail=(99 * SECOND, scenario.horizon_ns))


@pytest.mark.parametrize("kind", ["partition", "link_down", "keepalived_kill"])
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(text=scenarios(), seed=st.integers(0, 1_000))
def test_quiet_and_explicit_runs_leave_the_same_trace(kind: str, text: str, seed: int) -> None:
    changes: dict[str, dict[str, Any]] = {"network": {"neighbour_resolution": True}, "vrrp": {"transport": "unicast"}}
    scenario = loads(with_faults(text, kind, **changes))
    quiet = simulate(scenario, seed=seed, replication=0)
    explicit = simulate(scenario, seed=seed, replication=0, heartbeats="explicit")
    assert quiet.records == explicit.records


REBOOTING = """
horizon: 240s
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {lan: {cidr: 10.0.1.0/24}}
instances: {b: {}, c: {}}
floating: {address: 10.0.1.100, mechanism: secondary_ip}
guest: {boot: {lognormal: {median: 614ms, p95: 2456ms}}, network_ready: 6s}
network: {neighbour_resolution: true}
faults: [{kind: crash, target: c, time_to_failure: {exponential: {mean: 30s}}, duration: 1ms}]
"""


def test_a_timer_that_was_an_event_in_a_partition_may_come_due_in_the_quiet_after_it() -> None:
    quiet = simulate(loads(REBOOTING), seed=0, replication=0)
    assert quiet.records == simulate(loads(REBOOTING), seed=0, replication=0, heartbeats="explicit").records


@pytest.mark.parametrize("advert_int", [1, 4, 6, 40])
@pytest.mark.parametrize("loss", [0, 20])
def test_what_an_entry_knows_after_an_hour_does_not_depend_on_how_it_was_simulated(advert_int: int, loss: int) -> None:
    text = PAIR.format(duration=20_500, resolves="true", horizon="70min", advert_int=advert_int, loss=loss)
    scenario = loads(text.replace("at: 100s", "at: 1h"))
    quiet = simulate(scenario, seed=1, replication=3, detail=(3_590 * SECOND, scenario.horizon_ns))
    explicit = simulate(
        scenario, seed=1, replication=3, heartbeats="explicit", detail=(3_590 * SECOND, 70 * 60 * SECOND)
    )
    assert quiet.records == explicit.records


def test_while_an_entry_does_not_fail_nothing_waits() -> None:
    """Three requests one second apart come before that."""
    for replication in range(8):
        plain = in_detail(pair(2_900, resolves=False), replication)
        assert in_detail(pair(2_900), replication).records == plain.records


def test_after_a_long_partition_the_adverts_of_seconds_arrive_together() -> None:
    """Whoever was told of a usurper is told by each of its adverts: up to one for each second that the kernel asks."""
    told = [told_of_usurpers(in_detail(pair(40_300), replication)) for replication in range(24)]
    plain = [told_of_usurpers(in_detail(pair(40_300, resolves=False), replication)) for replication in range(24)]
    assert max(plain) == 1
    assert 2 <= max(told) <= 4


def test_adverts_that_waited_in_vain_are_dropped() -> None:
    trace = in_detail(pair(120_000, horizon="4min"), 0)
    assert told_of_usurpers(trace) <= 4


@pytest.mark.parametrize("duration_ms", [20_300, 20_700, 21_500, 22_300])
def test_who_leaves_fault_tells_its_address_and_hears_at_once_what_waited_for_it(duration_ms: int) -> None:
    """Its preempt_delay counts from the first lower advert: from the moment at which the link is back."""
    text = PAIR.format(duration=duration_ms, resolves="true", horizon="4min", advert_int=1, loss=0)
    data = yaml.safe_load(text.replace("kind: partition, between: a, and: b", "kind: link_down, target: a"))
    data["vrrp"] |= {"preempt_delay": "5s", "transport": "unicast"}
    data["daemon"] = dict.fromkeys(
        ("start_up", "timer_latency", "take_over", "busy", "advert_drift", "preempt_lag"), "0"
    )
    trace = in_detail(loads(yaml.safe_dump(data)), 0)
    until = 105 * SECOND + duration_ms * MILLISECOND
    heard = max(r.at for r in trace.records if isinstance(r, AdvertSent) and r.instance == "b" and r.at <= until)
    back = next(r.at for r in reversed(trace.records) if isinstance(r, StateChanged) and (r.instance, r.new) == A_LEADS)
    assert back - heard == pytest.approx(3_414 * MILLISECOND, abs=MILLISECOND)
