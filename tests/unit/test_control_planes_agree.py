"""One control plane, driven twice: by the simulated world and by the endpoint's live region.

The same calls at the same times, with the same random numbers and the same faults of the scenario, get the same answers
at the same times from both; their tasks end alike, packets take the same ways, and what is left is the same region.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

import pytest
import yaml

from hasim.cloud import CloudError, Region
from hasim.cloud.http import LiveRegion
from hasim.cloud.http.live_region import Unanswered
from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.scenario.topology import Topology, build_region
from hasim.serve.behaviour import served_control_plane
from hasim.serve.faults import ScenarioFaults
from hasim.sim.draws import Draws
from hasim.sim.randomness import Randomness
from hasim.sim.world import World
from hasim.trace import AddressRouted
from hasim.units import MILLISECOND, SECOND
from tests.unit.virtual_time import VirtualClock, run_virtually

HORIZON_S = 600
TIMEOUT_NS = 5 * SECOND
SETTINGS: dict[str, Any] = {
    "horizon": f"{HORIZON_S}s",
    "zones": ["z"],
    "vpc": {"cidr": "10.0.0.0/16"},
    "subnets": {"front": {"cidr": "10.0.1.0/24"}},
    "instances": {"a": {"address": "10.0.1.11"}, "b": {"address": "10.0.1.12"}},
    "initial_master": "a",
    "guest": {"boot": "20s"},
    "control_plane": {
        "propagation": "250ms",
        "error_rate": "4%",
        "task_failure_rate": "15%",
        "rate_limits": {"DescribeNetworkInterfaces": 1, "MigratePrivateIpAddress": 2},
    },
    "faults": [
        {"kind": "api_outage", "at": "60s", "duration": "20s", "actions": ["MigratePrivateIpAddress"]},
        {"kind": "api_outage", "time_to_failure": "150s", "duration": "10s"},
        {"kind": "api_slowdown", "at": "120s", "duration": "60s", "factor": 8},
        {"kind": "api_throttle", "at": "200s", "duration": "50s", "rate_per_second": 1},
        {"kind": "api_errors", "at": "180s", "duration": "200s", "probability": "40%", "code": "ResourceUnavailable"},
        {"kind": "api_stuck_tasks", "at": "400s", "duration": "40s"},
        {"kind": "api_stuck_tasks", "at": "420s", "duration": "50s", "actions": ["MigratePrivateIpAddress"]},
        {"kind": "api_failed_tasks", "at": "80s", "duration": "100s", "probability": "60%"},
        {"kind": "crash", "target": "a", "at": "260s", "duration": "60s"},
        {"kind": "stop", "target": "b", "at": "380s", "duration": "30s"},
        {"kind": "zone_outage", "target": "z", "at": "500s"},
    ],
}
MECHANISMS = [
    {"mechanism": "secondary_ip", "method": "migrate", "eip": True},
    {"mechanism": "secondary_ip", "method": "reassign"},
    {"mechanism": "eni", "method": "reattach"},
    {"mechanism": "eni", "method": "migrate"},
]


class Call(NamedTuple):
    """Somebody calls the API."""

    at_ns: int
    caller: str
    action: str
    parameters: dict[str, Any]


class Story(NamedTuple):
    """What came of it: (when, call, code, response), (when, who packets reach), and the region in the end."""

    answers: list[tuple[int, int, str, Any]]
    ways: list[tuple[int, str | None]]
    region: Region


def scenario(floating: dict[str, Any]) -> Scenario:
    """No keepalived runs in it, so that nobody but the test calls."""
    document = SETTINGS | {"floating": {"address": "10.0.1.100"} | floating, "guest": {"boot": "2h"}}
    return replace(loads(yaml.safe_dump(document, sort_keys=False)), cold_start={})


def calls(topology: Topology, random: Random) -> list[Call]:
    """Random calls about the floating address and other ones, between a and b."""
    enis = topology.holding_interface_ids
    moved = topology.floating_interface_id
    sides = [("a", "b"), ("b", "a")]

    def one() -> tuple[str, dict[str, Any]]:
        here, there = random.choice(sides)
        spare = [{"PrivateIpAddress": random.choice(("10.0.1.50", "10.0.1.51", "10.0.1.100"))}]
        of_ip: list[tuple[str, dict[str, Any]]] = [
            ("AssignPrivateIpAddresses", {"NetworkInterfaceId": enis[here], "PrivateIpAddresses": spare}),
            ("UnassignPrivateIpAddresses", {"NetworkInterfaceId": enis[here], "PrivateIpAddresses": spare}),
            (
                "MigratePrivateIpAddress",
                {"SourceNetworkInterfaceId": enis[here], "DestinationNetworkInterfaceId": enis[there]}
                | {"PrivateIpAddress": random.choice(("10.0.1.100", "10.0.1.50"))},
            ),
            ("DescribeNetworkInterfaces", {}),
        ]
        of_eip: list[tuple[str, dict[str, Any]]] = [
            ("DisassociateAddress", {"AddressId": topology.eip_id}),
            (
                "AssociateAddress",
                {"AddressId": topology.eip_id, "NetworkInterfaceId": enis[here], "PrivateIpAddress": "10.0.1.100"},
            ),
        ]
        ids = topology.instance_ids
        of_eni: list[tuple[str, dict[str, Any]]] = [
            ("DetachNetworkInterface", {"NetworkInterfaceId": moved, "InstanceId": ids[here]}),
            ("AttachNetworkInterface", {"NetworkInterfaceId": moved, "InstanceId": ids[here]}),
            (
                "MigrateNetworkInterface",
                {"NetworkInterfaceId": moved, "SourceInstanceId": ids[here], "DestinationInstanceId": ids[there]},
            ),
        ]
        return random.choice(of_ip + (of_eip if topology.eip_id else []) + (of_eni if moved else []))

    times = sorted(random.randrange(HORIZON_S * 1000) * MILLISECOND for _ in range(150))
    return [Call(at_ns, random.choice("ab"), *one()) for at_ns in times]


def simulated(scene: Scenario, seed: int, wanted: list[Call]) -> Story:
    """The calls, made in the simulated world."""
    world = World(scene, randomness=Randomness(seed, 0), quiet=True, detail=None)
    answers: list[tuple[int, int, str, Any]] = []

    def client(number: int, call: Call) -> Generator[Any, Any, None]:
        yield world.kernel.sleep(call.at_ns)
        caller = scene.instance(call.caller)
        answer = yield from world.control_plane.call(caller, 0, call.action, call.parameters, TIMEOUT_NS)
        answers.append((world.kernel.now, number, answer.code, dict(answer.response)))

    for number, call in enumerate(wanted):
        world.kernel.process(client(number, call))
    world.kernel.run()
    ways = [(record.at, record.holder) for record in world.records if isinstance(record, AddressRouted)]
    return Story(sorted(answers, key=lambda item: item[:2]), ways, world.control_plane.topology.region)


async def served(scene: Scenario, seed: int, wanted: list[Call]) -> Story:
    """The same calls, made to a live region on a virtual clock."""
    topology, randomness, clock = build_region(scene, "a"), Randomness(seed, 0), VirtualClock()
    failures: list[Exception] = []
    live = LiveRegion(topology.region, clock, served_control_plane(scene), Draws(randomness), failed=failures.append)
    ScenarioFaults(scene, live, randomness).begin()
    answers: list[tuple[int, int, str, Any]] = []

    async def client(number: int, call: Call) -> None:
        await clock.sleep(call.at_ns)
        request = asyncio.ensure_future(live.call(call.action, call.parameters))
        code, response = "ClientTimeout", {}
        done, _ = await asyncio.wait({request}, timeout=TIMEOUT_NS / SECOND)
        if done:
            try:
                code, response = "OK", request.result()
            except CloudError as error:
                code = error.code
            except Unanswered:
                await clock.sleep(call.at_ns + TIMEOUT_NS - clock.now_ns())
        answers.append((clock.now_ns(), number, code, response))

    ways: list[tuple[int, str | None]] = []

    async def watch() -> None:
        while True:
            version, name = live.routes.version, reached(topology, live)
            if not ways or ways[-1][1] != name:
                ways.append((clock.now_ns(), name))
            await live.routes.wait(version, HORIZON_S)

    watcher = asyncio.ensure_future(watch())
    clients = [asyncio.ensure_future(client(number, call)) for number, call in enumerate(wanted)]
    await clock.sleep(HORIZON_S * SECOND - 1)
    for task in (watcher, *clients):
        task.cancel()
    live.close()
    assert not failures
    return Story(sorted(answers, key=lambda item: item[:2]), ways, topology.region)


def reached(topology: Topology, live: LiveRegion) -> str | None:
    """The instance that packets to the floating address, or to its EIP, reach."""
    address = topology.region.eips[topology.eip_id].address if topology.eip_id else "10.0.1.100"
    for route in live.routes.to_json()["routes"]:
        if route["address"] == address:
            return str(route["name"])
    return None


@pytest.mark.parametrize("floating", MECHANISMS, ids=lambda item: f"{item['mechanism']}.{item['method']}")
@pytest.mark.parametrize("seed", range(3))
def test_simulation_and_endpoint_give_the_same_answers_at_the_same_times(floating: dict[str, Any], seed: int) -> None:
    scene = scenario(floating)
    wanted = calls(build_region(scene, "a"), Random(seed))
    one = simulated(scene, seed, wanted)
    other = run_virtually(served(scene, seed, wanted))
    assert other.answers == one.answers
    assert other.ways == one.ways
    ended = [(task.action, task.ended_ns, task.status) for task in one.region.tasks.values()]
    assert [(task.action, task.ended_ns, task.status) for task in other.region.tasks.values()] == ended
    left, also_left = one.region.snapshot(), other.region.snapshot()
    assert [also_left[table] for table in ("network_interfaces", "eips")] == [
        left[table] for table in ("network_interfaces", "eips")
    ]
    codes = {code for _, _, code, _ in one.answers}
    assert {"OK", "ClientTimeout", "RequestLimitExceeded", "ResourceUnavailable"} <= codes
    assert {status.value for _, _, status in ended} >= {"SUCCESS", "FAILED"}
    assert len(one.ways) > 3
