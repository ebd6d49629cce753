"""``hasim serve --faults``: a scenario's faults on the endpoint's clock, when they happen in the simulation too."""

from __future__ import annotations

from typing import Any

import yaml

from hasim.cloud.http import LiveRegion
from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.scenario.topology import build_region
from hasim.serve.behaviour import served_control_plane
from hasim.serve.faults import Occurrence, ScenarioFaults, is_played, occurrences
from hasim.sim import simulate
from hasim.sim.draws import Draws
from hasim.sim.faults import fault_targets
from hasim.sim.randomness import Randomness
from hasim.trace import FaultBegan, FaultEnded
from hasim.units import SECOND
from tests.unit.virtual_time import VirtualClock, run_virtually

FAULTS: list[dict[str, Any]] = [
    {"kind": "crash", "target": "a", "time_to_failure": {"exponential": {"mean": "5min"}}, "duration": "30s"},
    {"kind": "crash", "target": ["a", "b"], "at": "40min", "duration": {"uniform": {"low": "10s", "high": "60s"}}},
    {"kind": "stop", "target": "b", "time_to_failure": {"exponential": {"mean": "20min"}}, "duration": "2min"},
    {"kind": "zone_outage", "target": "z", "at": "50min"},
    {"kind": "api_outage", "time_to_failure": {"exponential": {"mean": "7min"}}, "duration": {"constant": "1min"}},
    {"kind": "api_errors", "at": "90s", "duration": "1min", "probability": "50%", "code": "InternalError"},
    {"kind": "freeze", "target": "a", "at": "10s", "duration": "1s"},
]


def scenario(faults: list[dict[str, Any]]) -> Scenario:
    document = {
        "horizon": "1h",
        "zones": ["z"],
        "vpc": {"cidr": "10.0.0.0/16"},
        "subnets": {"front": {"cidr": "10.0.1.0/24"}},
        "instances": {"a": {}, "b": {}},
        "floating": {"address": "10.0.1.100", "mechanism": "secondary_ip"},
        "guest": {"boot": "20s"},
        "daemon": {"stop_grace": "2s"},
        "faults": faults,
    }
    return loads(yaml.safe_dump(document, sort_keys=False))


def test_faults_happen_when_they_happen_in_the_simulation() -> None:
    scene = scenario(FAULTS)
    records = simulate(scene, seed=3, replication=1).records
    for fault in scene.faults:
        for target in fault_targets(fault):
            begun = [item.at for item in records if isinstance(item, FaultBegan) and item[1::2] == (fault.name, target)]
            ended = [item.at for item in records if isinstance(item, FaultEnded) and item[1::2] == (fault.name, target)]
            coming = occurrences(fault, target, Randomness(3, 1))
            expected = [next(coming) for _ in begun]
            assert [item.begin_ns for item in expected] == begun
            assert [item.end_ns for item in expected][: len(ended)] == ended
            following = next(coming, Occurrence(scene.horizon_ns, None))
            assert following.begin_ns >= scene.horizon_ns


def test_faults_inside_guests_are_left_out() -> None:
    assert [fault.kind for fault in scenario(FAULTS).faults if not is_played(fault)] == ["freeze"]


async def played(scene: Scenario, times_s: list[float]) -> list[tuple[list[str], dict[str, tuple[bool, str]]]]:
    """At each of these times: the troubles in force, and of every instance whether it is dead and what the API says."""
    topology, clock, randomness = build_region(scene, "a"), VirtualClock(), Randomness(1, 0)
    failures: list[Exception] = []
    live = LiveRegion(topology.region, clock, served_control_plane(scene), Draws(randomness), failed=failures.append)
    ScenarioFaults(scene, live, randomness).begin()
    seen = []
    for time_s in times_s:
        await clock.sleep(round(time_s * SECOND) - clock.now_ns())
        instances = live.region.instances.values()
        powers = {item.name: (live.region.is_dead(item.instance_id), item.state.value) for item in instances}
        seen.append(([item.trouble.kind.value for item in live.troubles], powers))
    live.close()
    assert not failures
    return seen


def test_an_api_fault_is_a_trouble_while_it_lasts() -> None:
    scene = scenario([{"kind": "api_outage", "at": "10s", "duration": "5s"}])
    assert [troubles for troubles, _ in run_virtually(played(scene, [9, 11, 16]))] == [[], ["outage"], []]


def test_a_crash_is_not_seen_by_the_api_and_lasts_until_the_guest_has_booted() -> None:
    scene = scenario([{"kind": "crash", "target": "a", "at": "10s", "duration": "5s"}])
    seen = [powers["a"] for _, powers in run_virtually(played(scene, [9, 11, 16, 34, 36]))]
    assert seen == [(False, "RUNNING"), *[(True, "RUNNING")] * 3, (False, "RUNNING")]


def test_a_stop_is_seen_by_the_api_after_the_grace_of_its_daemon() -> None:
    scene = scenario([{"kind": "stop", "target": "a", "at": "10s", "duration": "5s"}])
    seen = [powers["a"] for _, powers in run_virtually(played(scene, [11, 13, 16, 36]))]
    assert seen == [(False, "RUNNING"), (True, "STOPPED"), (True, "RUNNING"), (False, "RUNNING")]


def test_an_instance_boots_when_every_fault_that_keeps_it_down_is_over() -> None:
    scene = scenario(
        [
            {"kind": "zone_outage", "target": "z", "at": "10s", "duration": "60s"},
            {"kind": "crash", "target": "a", "at": "20s", "duration": "5s"},
        ]
    )
    seen = [powers for _, powers in run_virtually(played(scene, [11, 50, 89, 91]))]
    assert [powers["a"][0] for powers in seen] == [True, True, True, False]
    assert [powers["b"][0] for powers in seen] == [True, True, True, False]
