"""How long faults last, how often they come back, and whom they name."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.errors import UserError
from hasim.measure import measure
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.sim.incident import endless
from hasim.study.episodes.clocks import clocks_of
from hasim.study.episodes.episode import EpisodeJob
from hasim.study.episodes.fitness import check_scenario
from hasim.trace import CheckChanged, FaultBegan, FaultEnded
from hasim.units import MILLISECOND, SECOND
from tests.unit.bare_pair import bare_pair, instance, of_type, run

DAILY = {"time_to_failure": {"exponential": {"mean": "1d"}}}
SLOW_SUPERVISOR = instance(100, 12, daemon={"restart_delay": "20s"})


def _random(kind: str, target: str | list[str] = "a", more: dict[str, Any] | None = None, **replaced: Any) -> Scenario:
    fault = {"kind": kind, "target": target, **DAILY, **(more or {})}
    return bare_pair(faults=[fault], horizon="60d", **replaced)


def _struck(scenario: Scenario) -> tuple[list[FaultBegan], list[FaultEnded]]:
    """When its faults began and ended."""
    records = simulate(scenario, seed=1, replication=0).records
    return of_type(records, FaultBegan), of_type(records, FaultEnded)


def test_a_killed_keepalived_that_its_supervisor_starts_again_is_killed_again() -> None:
    left_to_it = _random("keepalived_kill", daemon={"restart_delay": "700ms"})
    written = _random("keepalived_kill", daemon={"restart_delay": "700ms"}, more={"duration": "700ms"})
    assert len(_struck(left_to_it)[0]) > 40
    assert simulate(left_to_it, seed=1, replication=0).records == simulate(written, seed=1, replication=0).records


@pytest.mark.parametrize(
    ("kind", "more"), [("keepalived_kill", {"process": "child"}), ("keepalived_reload", {})], ids=["child", "reload"]
)
def test_what_is_over_at_once_happens_again(kind: str, more: dict[str, Any]) -> None:
    began, ended = _struck(_random(kind, more=more))
    assert len(began) > 40
    assert [record.at for record in began] == [record.at for record in ended]


@pytest.mark.parametrize(("kind", "more"), [("crash", {}), ("keepalived_reload", {"priority": 50})])
def test_what_nobody_repairs_happens_once(kind: str, more: dict[str, Any]) -> None:
    began, ended = _struck(_random(kind, more=more))
    assert (len(began), len(ended)) == (1, 0)


def test_each_target_of_a_kill_has_its_own_supervisor() -> None:
    scenario = _random("keepalived_kill", ["a", "b"], instances={"a": instance(150, 11), "b": SLOW_SUPERVISOR})
    began, ended = _struck(scenario)
    for target, delay_ns in (("a", 100 * MILLISECOND), ("b", 20 * SECOND)):
        ended_ns = [record.at for record in ended if record.target == target]
        assert len(ended_ns) > 40
        assert ended_ns == [record.at + delay_ns for record in began if record.target == target]


def test_a_reload_of_the_old_configuration_leaves_nothing_to_undo() -> None:
    reload = {"kind": "keepalived_reload", "target": "a", "at": "10.5s"}
    failure = {"kind": "service_failure", "target": "a", "at": "10s"}
    check = {"track_scripts": {"app": {"check": "service", "interval": "10s", "run_time": "0", "fall": 2}}}
    found = [run(bare_pair(faults=[failure, {**reload, **more}], vrrp=check)) for more in ({}, {"duration": "1s"})]
    first_s, second_s = (of_type(records, CheckChanged)[0].at / SECOND for records in found)
    assert first_s == second_s > 11.5


@pytest.mark.parametrize(
    ("kind", "more"),
    [("keepalived_kill", {}), ("keepalived_kill", {"process": "child"}), ("keepalived_reload", {})],
    ids=["kill", "child", "reload"],
)
def test_episodes_are_of_faults_that_end_by_themselves_too(kind: str, more: dict[str, Any]) -> None:
    check_scenario(_random(kind, more=more))


@pytest.mark.parametrize("process", ["all", "child"])
def test_an_episode_may_have_two_faults_that_end_by_themselves(process: str) -> None:
    script = {"start_up": "100ms", "call_timeout": "5s", "reclaim_interval": "5s"}
    scenario = endless(_random("keepalived_kill", ["a", "b"], more={"process": process}, notify=script), "a")
    clocks = clocks_of(scenario)
    job = EpisodeJob(scenario, 1, clocks, clocks[0], False, 1, False, False, 0, 1)
    episodes = [job.run(number) for number in range(10)]
    assert all(0 < episode.weight < 0.01 for episode in episodes)
    assert any(len(episode.outages) > 1 for episode in episodes)


def test_episodes_name_a_kill_that_lasts_differently_on_its_targets() -> None:
    scenario = _random("keepalived_kill", ["a", "b"], instances={"a": instance(150, 11), "b": SLOW_SUPERVISOR})
    with pytest.raises(UserError, match=r"ends on each target after another daemon\.restart_delay"):
        check_scenario(scenario)


@pytest.mark.parametrize("sides", [("a", "b"), ("z1", "z2")])
@pytest.mark.parametrize("ends", [{}, {"duration": "4s"}], ids=["in force", "over"])
def test_a_partition_of_zones_is_the_cause_as_that_of_their_instances_is(
    sides: tuple[str, str], ends: dict[str, Any]
) -> None:
    partition = {"kind": "partition", "between": sides[0], "and": sides[1], "at": "60s", **ends}
    slow_api = {"kind": "api_slowdown", "factor": 2, "at": "61s", **({"duration": "4s"} if ends else {})}
    scenario = bare_pair(
        horizon="2min",
        zones=["z1", "z2"],
        subnets={"one": {"cidr": "10.0.1.0/24", "zone": "z1"}, "two": {"cidr": "10.0.2.0/24", "zone": "z2"}},
        instances={
            "a": {"subnet": "one", "address": "10.0.1.11", "vrrp": {"priority": 150}},
            "b": {"subnet": "two", "address": "10.0.2.12"},
        },
        floating={"mechanism": "eip"},
        network={"between_zones": {"latency": "0", "jitter": "0"}},
        faults=[partition, slow_api],
    )
    outcome = measure(simulate(scenario, seed=1, replication=0))
    assert {outage.cause for outage in outcome.outages if outage.start_ns < 70 * SECOND} == {"partition"}
