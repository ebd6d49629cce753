"""A region in running time: tasks, trouble and crashed instances."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hasim.cloud import ACTIONS, CloudError
from hasim.units import HOUR
from tests.unit.cloud_topology import Cloud
from tests.unit.http_endpoint import Endpoint, limited, prompt, run, secondary, settled


async def turns() -> None:
    """Let everything that can go on without time passing do so."""
    for _ in range(50):
        await asyncio.sleep(0)


def holder(cloud: Cloud) -> str | None:
    found = cloud.region.holder_of(cloud.vpc, "10.0.1.50")
    return found.instance_id if found else None


def test_a_task_ends_by_itself_and_can_be_polled() -> None:
    async def story() -> None:
        cloud = Cloud()
        endpoint = Endpoint(cloud.region, prompt())
        task = (await endpoint.call("MigratePrivateIpAddress", **secondary(cloud))).response["RequestId"]
        assert holder(cloud) == cloud.a
        await settled(endpoint)
        assert (await endpoint.call("DescribeVpcTaskResult", TaskId=task)).response["Status"] == "SUCCESS"
        assert holder(cloud) == cloud.b

    run(story())


def test_a_task_that_fails_leaves_everything_as_it_was() -> None:
    async def story() -> None:
        cloud = Cloud()
        endpoint = Endpoint(cloud.region, prompt(task_failure_rate=1.0))
        task = (await endpoint.call("MigratePrivateIpAddress", **secondary(cloud))).response["RequestId"]
        await settled(endpoint)
        assert (await endpoint.call("DescribeVpcTaskResult", TaskId=task)).response["Status"] == "FAILED"
        assert holder(cloud) == cloud.a

    run(story())


def test_a_faster_clock_ends_tasks_sooner() -> None:
    async def story() -> None:
        cloud = Cloud()
        endpoint = Endpoint(cloud.region, prompt(task_ns=HOUR, accept_ns=HOUR), speed=1_000_000)
        await endpoint.call("MigratePrivateIpAddress", **secondary(cloud))
        while endpoint.region.running_tasks():
            await asyncio.sleep(0.001)
        (task,) = endpoint.live.ended
        assert task.ended_ns is not None
        assert task.ended_ns - task.begun_ns >= HOUR

    run(story())


def test_an_error_rate_refuses_with_its_code() -> None:
    async def story() -> None:
        endpoint = Endpoint(Cloud().region, prompt(error_rate=1.0, error_code="ResourceUnavailable"))
        assert (await endpoint.call("DescribeVpcs")).code == "ResourceUnavailable"

    run(story())


def test_rate_limits_count_each_action() -> None:
    async def story() -> None:
        endpoint = Endpoint(Cloud().region, limited(DescribeVpcs=2), speed=0.001)
        codes = [(await endpoint.call("DescribeVpcs")).code for _ in range(3)]
        assert codes == ["OK", "OK", "RequestLimitExceeded"]
        assert (await endpoint.call("DescribeSubnets")).code == "OK"

    run(story())


def test_an_outage_answers_nobody_until_it_is_over() -> None:
    async def story() -> None:
        endpoint = Endpoint(Cloud().region, prompt())
        began = await endpoint.control("POST", "trouble", {"kind": "outage", "actions": ["DescribeVpcs"]})
        assert (began.status, began.json["id"]) == (201, "trouble-1")
        waiting = asyncio.ensure_future(endpoint.call("DescribeVpcs"))
        await turns()
        assert (await endpoint.call("DescribeSubnets")).code == "OK"
        assert not waiting.done()
        assert (await endpoint.control("DELETE", "trouble/trouble-1")).status == 200
        assert (await waiting).status == 503
        assert (await endpoint.call("DescribeVpcs")).code == "OK"

    run(story())


def test_an_outage_forgets_a_client_that_has_given_up() -> None:
    async def story() -> None:
        endpoint = Endpoint(Cloud().region, prompt())
        await endpoint.control("POST", "trouble", {"kind": "outage"})
        gone = asyncio.Event()
        gone.set()
        headers = {
            "Content-Type": "application/json",
            "X-TC-Action": "DescribeVpcs",
            "X-TC-Version": "2017-03-12",
            "X-TC-Region": "ap-guangzhou",
        }
        assert (await endpoint.request(headers=headers, body=b"{}", gone=gone)).status == 503

    run(story())


@pytest.mark.parametrize(
    ("posted", "codes"),
    [
        ({"kind": "errors", "code": "InternalError"}, ["InternalError"] * 3),
        ({"kind": "errors", "code": "InternalError", "probability": 0.4}, ["OK"] * 3),
        ({"kind": "throttle", "rate_per_s": 1}, ["OK", "RequestLimitExceeded", "RequestLimitExceeded"]),
        ({"kind": "throttle", "rate_per_s": 0, "actions": ["DescribeSubnets"]}, ["OK"] * 3),
        ({"kind": "slowdown", "factor": 5}, ["OK"] * 3),
    ],
)
def test_trouble_refuses_calls_until_it_is_switched_off(posted: dict[str, Any], codes: list[str]) -> None:
    async def story() -> None:
        endpoint = Endpoint(Cloud().region, prompt(), speed=0.001)
        await endpoint.control("POST", "trouble", posted)
        assert [(await endpoint.call("DescribeVpcs")).code for _ in range(3)] == codes
        assert (await endpoint.control("DELETE", "trouble")).json == {"ended": 1}
        assert (await endpoint.call("DescribeVpcs")).code == "OK"

    run(story())


def test_a_slowdown_stretches_answers_and_tasks() -> None:
    async def story() -> None:
        cloud = Cloud()
        endpoint = Endpoint(cloud.region, prompt(task_ns=HOUR), speed=1_000_000)
        await endpoint.control("POST", "trouble", {"kind": "slowdown", "factor": 100})
        await endpoint.call("MigratePrivateIpAddress", **secondary(cloud))
        while endpoint.region.running_tasks():
            await asyncio.sleep(0.001)
        (task,) = endpoint.live.ended
        assert task.ended_ns is not None
        assert task.ended_ns - task.begun_ns >= 100 * HOUR

    run(story())


def test_trouble_with_a_duration_ends_by_itself() -> None:
    async def story() -> None:
        endpoint = Endpoint(Cloud().region, prompt())
        await endpoint.control("POST", "trouble", {"kind": "errors", "code": "InternalError", "duration": "1ms"})
        while (await endpoint.control("GET", "trouble")).json["troubles"]:
            await asyncio.sleep(0.001)
        assert (await endpoint.call("DescribeVpcs")).code == "OK"

    run(story())


@pytest.mark.parametrize(
    ("posted", "word"),
    [
        ([], "object"),
        ({"kind": "flood"}, "outage, slowdown, throttle, errors"),
        ({"kind": "outage", "factor": 2}, "factor"),
        ({"kind": "outage", "answer": "teapot"}, "answer"),
        ({"kind": "slowdown"}, "factor"),
        ({"kind": "slowdown", "factor": 0.5}, "factor"),
        ({"kind": "slowdown", "factor": True}, "factor"),
        ({"kind": "throttle", "rate_per_s": 1.5}, "whole"),
        ({"kind": "errors", "code": "no code"}, "code"),
        ({"kind": "errors", "code": "X", "probability": 2}, "probability"),
        ({"kind": "outage", "actions": ["DescribeVpc"]}, "did you mean DescribeVpcs"),
        ({"kind": "outage", "duration": "30"}, "unit"),
        ({"kind": "outage", "duration": 30}, "duration"),
    ],
)
def test_trouble_that_is_none_is_refused_with_a_reason(posted: object, word: str) -> None:
    async def story() -> None:
        answer = await Endpoint(Cloud().region, prompt()).control("POST", "trouble", posted)
        assert answer.status == 400
        assert word in answer.json["error"]

    run(story())


def test_trouble_cannot_be_switched_on_by_another_sites_form() -> None:
    async def story() -> None:
        endpoint = Endpoint(Cloud().region, prompt())
        answer = await endpoint.request("POST", "/_hasim/trouble", {"Content-Type": "text/plain"}, b'{"kind":"outage"}')
        assert answer.status == 415
        assert not (await endpoint.control("GET", "trouble")).json["troubles"]

    run(story())


async def crash_and_migrate(posted: object) -> tuple[Cloud, Endpoint]:
    cloud = Cloud()
    endpoint = Endpoint(cloud.region, prompt(dead_ns=HOUR))
    assert (await endpoint.control("POST", f"instances/{cloud.a}/crash", posted)).json["crashed"] is True
    await endpoint.call("MigratePrivateIpAddress", **secondary(cloud))
    await turns()
    return cloud, endpoint


def test_what_leaves_a_crashed_instance_takes_its_own_time() -> None:
    async def story() -> None:
        cloud, endpoint = await crash_and_migrate(None)
        assert len(endpoint.region.running_tasks()) == 1
        assert endpoint.region.instances[cloud.a].state == "RUNNING"
        await endpoint.control("POST", f"instances/{cloud.a}/start", {})
        assert len(endpoint.region.running_tasks()) == 1
        endpoint.live.close()

    run(story())


def test_what_is_stuck_goes_on_when_the_instance_is_started() -> None:
    async def story() -> None:
        cloud, endpoint = await crash_and_migrate({"stuck": True})
        assert holder(cloud) == cloud.a
        assert len(endpoint.region.running_tasks()) == 1
        await endpoint.control("POST", f"instances/{cloud.a}/start", {})
        await settled(endpoint)
        assert holder(cloud) == cloud.b

    run(story())


def test_the_picture_shows_a_crash_that_the_api_does_not() -> None:
    async def story() -> None:
        cloud = Cloud()
        endpoint = Endpoint(cloud.region, prompt())
        await endpoint.control("POST", f"instances/{cloud.a}/crash", {})
        shown = {item["id"]: item for item in (await endpoint.control("GET", "state")).json["instances"]}
        assert (shown[cloud.a]["crashed"], shown[cloud.b]["crashed"]) == (True, False)
        assert shown[cloud.a]["state"] == "RUNNING"
        assert [item["address"] for item in shown[cloud.b]["interfaces"][0]["addresses"]] == ["10.0.1.11"]

    run(story())


def test_an_unknown_instance_cannot_crash() -> None:
    async def story() -> None:
        assert (await Endpoint(Cloud().region, prompt()).control("POST", "instances/nobody/crash", {})).status == 404

    run(story())


def test_every_action_needs_a_timing() -> None:
    behaviour = prompt()
    some = {name: behaviour.actions[name] for name in ACTIONS if name != "AttachNetworkInterface"}
    with pytest.raises(ValueError, match="AttachNetworkInterface"):
        Endpoint(Cloud().region, replace(behaviour, actions=some))


def test_refusals_are_the_regions_own() -> None:
    async def story() -> None:
        cloud = Cloud()
        endpoint = Endpoint(cloud.region, prompt())
        answer = await endpoint.call("DeleteNetworkInterface", NetworkInterfaceId=cloud.eni_a)
        with pytest.raises(CloudError) as caught:
            cloud.region.call("DeleteNetworkInterface", {"NetworkInterfaceId": cloud.eni_a}, now_ns=0)
        assert answer.code == caught.value.code

    run(story())
