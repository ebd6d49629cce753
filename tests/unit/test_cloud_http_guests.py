"""What guests do, told over HTTP: they announce addresses, crash and come up; where packets go; what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hasim.cloud.http import Journal
from hasim.scenario.distributions import Constant
from hasim.units import HOUR, SECOND
from tests.unit.cloud_topology import Cloud
from tests.unit.http_endpoint import Endpoint, prompt, run

VIP = "10.0.1.100"


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def with_vip(**more: Any) -> tuple[Cloud, str]:
    cloud = Cloud()
    return cloud, cloud.make_ha_vip(VIP, **more)


async def announced(endpoint: Endpoint, instance: str, **more: Any) -> Any:
    answer = await endpoint.control("POST", "announce", {"instance": instance, "address": VIP} | more)
    assert answer.status == 200
    return answer.json["outcome"]


async def routed(endpoint: Endpoint) -> dict[str, str]:
    """Address to instance, of the instances' own subnet."""
    table = (await endpoint.control("GET", "routes")).json["routes"]
    return {item["address"]: item["instance"] for item in table}


def test_a_guest_claims_a_ha_vip_and_packets_follow() -> None:
    async def story() -> None:
        cloud, vip = with_vip()
        endpoint = Endpoint(cloud.region, prompt())
        assert VIP not in await routed(endpoint)
        answer = (await endpoint.control("POST", "announce", {"instance": cloud.a, "address": VIP, "count": 5})).json
        assert answer == {"outcome": "claimed", "reason": "", "ha_vip": vip, "seconds": 0.0}
        await until(lambda: cloud.region.ha_vips[vip].network_interface_id == cloud.eni_a)
        await asyncio.sleep(0.001)
        assert (await routed(endpoint))[VIP] == cloud.a
        assert await announced(endpoint, cloud.b, interface=cloud.eni_b) == "claimed"
        await until(lambda: cloud.region.ha_vips[vip].network_interface_id == cloud.eni_b)
        assert await announced(endpoint, cloud.b, interface="eth0") == "there"

    run(story())


def test_a_claim_on_its_way_is_not_made_twice_and_the_last_one_wins() -> None:
    async def story() -> None:
        cloud, vip = with_vip()
        endpoint = Endpoint(cloud.region, replace(prompt(), havip_remap=Constant(5 * SECOND)), speed=1000)
        assert [await announced(endpoint, item) for item in (cloud.a, cloud.a, cloud.b)] == [
            "claimed",
            "there",
            "claimed",
        ]
        await until(lambda: cloud.region.ha_vips[vip].network_interface_id == cloud.eni_b)
        await asyncio.sleep(0.02)
        assert cloud.region.ha_vips[vip].network_interface_id == cloud.eni_b

    run(story())


def test_more_gratuitous_arps_than_the_cloud_takes_from_an_eni_are_not_heard() -> None:
    async def story() -> None:
        cloud, _ = with_vip()
        endpoint = Endpoint(cloud.region, prompt(), speed=0.001)
        assert await announced(endpoint, cloud.a, count=5) == "claimed"
        assert await announced(endpoint, cloud.a) == "limited"
        assert await announced(endpoint, cloud.b) == "claimed"

    run(story())


def test_an_instance_outside_the_range_is_refused_and_nothing_moves() -> None:
    async def story() -> None:
        cloud = Cloud()
        vip = cloud.make_ha_vip(VIP, CheckAssociate=True, HaVipAssociationSet=[{"InstanceId": cloud.a}])
        endpoint = Endpoint(cloud.region, prompt())
        assert await announced(endpoint, cloud.a) == "claimed"
        await until(lambda: cloud.region.ha_vips[vip].network_interface_id == cloud.eni_a)
        assert await announced(endpoint, cloud.b) == "refused"
        await asyncio.sleep(0.001)
        assert cloud.region.ha_vips[vip].network_interface_id == cloud.eni_a
        assert await announced(endpoint, cloud.a) == "there"

    run(story())


def test_what_no_guest_can_claim_is_ignored() -> None:
    async def story() -> None:
        cloud, _ = with_vip()
        endpoint = Endpoint(cloud.region, prompt())
        ordinary = await endpoint.control("POST", "announce", {"instance": cloud.a, "address": "10.0.1.11"})
        assert ordinary.json["outcome"] == "ignored"
        await endpoint.control("POST", f"instances/{cloud.a}/crash", {})
        assert await announced(endpoint, cloud.a) == "ignored"
        assert await announced(endpoint, cloud.c) == "refused"  # in another subnet

    run(story())


@pytest.mark.parametrize(
    ("posted", "status", "word"),
    [
        ([], 400, "expected"),
        ({"instance": "x"}, 400, "expected"),
        ({"instance": "nobody", "address": VIP}, 404, "no instance"),
        ({"instance": "A", "address": "10.0.1"}, 400, "IPv4"),
        ({"instance": "A", "address": VIP, "interface": "eth9"}, 404, "eth9"),
        ({"instance": "A", "address": VIP, "count": 0}, 400, "count"),
        ({"instance": "A", "address": VIP, "count": True}, 400, "count"),
        ({"instance": "A", "address": VIP, "mac": ""}, 400, "expected"),
    ],
)
def test_a_malformed_announcement_is_refused_with_a_reason(posted: Any, status: int, word: str) -> None:
    async def story() -> None:
        cloud, _ = with_vip()
        named = posted | {"instance": cloud.a} if isinstance(posted, dict) and posted.get("instance") == "A" else posted
        answer = await Endpoint(cloud.region, prompt()).control("POST", "announce", named)
        assert answer.status == status
        assert word in answer.json["error"]

    run(story())


def test_packets_are_lost_while_an_address_is_taken_away_and_follow_a_migration_when_it_has_ended() -> None:
    async def story() -> None:
        cloud = Cloud()
        cloud.assign(cloud.eni_a, "10.0.1.50", "10.0.1.51")
        endpoint = Endpoint(cloud.region, prompt(task_ns=HOUR), speed=1_000_000)
        away = {"NetworkInterfaceId": cloud.eni_a, "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.50"}]}
        await endpoint.call("UnassignPrivateIpAddresses", **away)
        found = await routed(endpoint)
        assert "10.0.1.50" not in found
        assert found["10.0.1.51"] == cloud.a
        await until(lambda: not cloud.region.running_tasks())
        move = {"SourceNetworkInterfaceId": cloud.eni_a, "DestinationNetworkInterfaceId": cloud.eni_b}
        await endpoint.call("MigratePrivateIpAddress", **move, PrivateIpAddress="10.0.1.51")
        assert (await routed(endpoint))["10.0.1.51"] == cloud.a
        version = endpoint.live.routes.version
        answer = await endpoint.control("GET", f"routes?after={version}")
        assert answer.json["version"] == version + 1
        assert (await routed(endpoint))["10.0.1.51"] == cloud.b

    run(story())


def test_an_eip_and_a_whole_interface_lose_their_ways_with_what_they_are_on() -> None:
    async def story() -> None:
        cloud = Cloud()
        eni = cloud.attach(cloud.make_eni("10.0.1.60", "10.0.1.61"), cloud.a)
        public = cloud.region.eips[cloud.bind(cloud.make_eip(), eni, "10.0.1.61")].address
        endpoint = Endpoint(cloud.region, prompt(task_ns=HOUR), speed=1_000_000)
        assert {cloud.a} == {(await routed(endpoint))[item] for item in ("10.0.1.60", "10.0.1.61", public)}
        await endpoint.call("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
        assert {"10.0.1.60", "10.0.1.61", public}.isdisjoint(await routed(endpoint))
        await until(lambda: not cloud.region.running_tasks())
        await endpoint.call("AttachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.b)
        await until(lambda: not cloud.region.running_tasks())
        await asyncio.sleep(0.001)
        assert {cloud.b} == {(await routed(endpoint))[item] for item in ("10.0.1.60", "10.0.1.61", public)}

    run(story())


def test_whoever_waits_for_a_change_of_the_routes_is_let_go_when_the_server_ends() -> None:
    async def story() -> None:
        endpoint = Endpoint(Cloud().region, prompt())
        waiting = asyncio.ensure_future(endpoint.control("GET", "routes?after=1"))
        await asyncio.sleep(0.001)
        assert not waiting.done()
        endpoint.live.close()
        assert (await waiting).json["version"] == 1
        assert (await endpoint.control("GET", "routes?after=now")).status == 400

    run(story())


def test_claims_and_crashes_are_kept_in_the_state_file(tmp_path: Path) -> None:
    path = tmp_path / "state"

    async def story() -> None:
        cloud, vip = with_vip()
        journal = Journal(path, cloud.region)
        endpoint = Endpoint(journal.region, prompt(), journal=journal)
        await announced(endpoint, cloud.b)
        await until(lambda: cloud.region.ha_vips[vip].network_interface_id == cloud.eni_b)
        await endpoint.control("POST", f"instances/{cloud.a}/crash", {})
        await endpoint.control("POST", f"instances/{cloud.b}/crash", {"stuck": True})
        await endpoint.control("POST", f"instances/{cloud.b}/start", {})
        endpoint.live.power(cloud.c, running=False)
        journal.close()
        reopened = Journal(path)
        assert reopened.region == cloud.region
        assert reopened.region.ha_vips[vip].network_interface_id == cloud.eni_b
        assert [reopened.region.is_dead(item) for item in (cloud.a, cloud.b, cloud.c)] == [True, False, True]
        assert reopened.region.instances[cloud.a].state == "RUNNING"
        reopened.close()

    run(story())


def test_a_crashed_instance_is_alive_again_when_the_api_has_rebooted_it() -> None:
    async def story() -> None:
        cloud = Cloud()
        endpoint = Endpoint(cloud.region, prompt())
        await endpoint.control("POST", f"instances/{cloud.a}/crash", {"stuck": True})
        assert [item["kind"] for item in (await endpoint.control("GET", "trouble")).json["troubles"]] == ["stuck"]
        await endpoint.call("RebootInstances", InstanceIds=[cloud.a])
        await until(lambda: not cloud.region.running_tasks())
        assert not cloud.region.is_dead(cloud.a)
        assert (await endpoint.control("GET", "trouble")).json["troubles"] == []

    run(story())


def test_tasks_can_be_made_to_fail_or_to_stay_where_they_are() -> None:
    async def story() -> None:
        cloud = Cloud()
        endpoint = Endpoint(cloud.region, prompt())
        eni = cloud.attach(cloud.make_eni(), cloud.a)
        detach = {"NetworkInterfaceId": eni, "InstanceId": cloud.a}
        await endpoint.control("POST", "trouble", {"kind": "task_failures", "actions": ["DetachNetworkInterface"]})
        await endpoint.call("DetachNetworkInterface", **detach)
        await until(lambda: not cloud.region.running_tasks())
        assert cloud.region.network_interfaces[eni].instance_id == cloud.a
        await endpoint.control("DELETE", "trouble")
        await endpoint.control("POST", "trouble", {"kind": "stuck", "instances": [cloud.b]})
        await endpoint.control("POST", "trouble", {"kind": "stuck", "instances": [cloud.a]})
        await endpoint.call("DetachNetworkInterface", **detach)
        await asyncio.sleep(0.001)
        assert cloud.region.network_interfaces[eni].state == "DETACHING"
        assert (await endpoint.control("DELETE", "trouble/trouble-2")).status == 200
        await asyncio.sleep(0.001)
        assert cloud.region.running_tasks()
        assert (await endpoint.control("DELETE", "trouble/trouble-3")).status == 200
        await until(lambda: not cloud.region.running_tasks())
        assert cloud.region.network_interfaces[eni].instance_id is None
        unknown = await endpoint.control("POST", "trouble", {"kind": "stuck", "instances": ["nobody"]})
        assert unknown.status == 400

    run(story())
