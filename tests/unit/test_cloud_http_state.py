"""``--state FILE``: what is written down, what comes back, and what is said of a file that cannot be used."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hasim.cloud.http import Clock, Journal, LiveRegion
from hasim.errors import UserError
from hasim.units import HOUR
from tests.unit.cloud_topology import Cloud
from tests.unit.http_endpoint import Endpoint, prompt, run, secondary, settled


def test_a_region_is_replayed_from_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "state"

    async def story() -> None:
        cloud = Cloud()
        journal = Journal(path, cloud.region)
        endpoint = Endpoint(journal.region, prompt(), journal=journal)
        await endpoint.call("MigratePrivateIpAddress", **secondary(Cloud()))  # refused: this region has no such address
        assign = {"NetworkInterfaceId": cloud.eni_a, "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.50"}]}
        await endpoint.call("AssignPrivateIpAddresses", **assign)
        await settled(endpoint)
        await endpoint.call("DescribeVpcs")
        journal.close()
        reopened = Journal(path)
        assert reopened.region == cloud.region
        assert reopened.rolled_back == 0
        reopened.close()

    run(story())


def test_tasks_that_ran_when_the_server_died_have_failed(tmp_path: Path) -> None:
    path = tmp_path / "state"

    async def story() -> None:
        cloud = Cloud()
        move = secondary(cloud)
        journal = Journal(path, cloud.region)
        endpoint = Endpoint(journal.region, prompt(task_ns=HOUR), journal=journal)
        task = (await endpoint.call("MigratePrivateIpAddress", **move)).response["RequestId"]
        endpoint.live.close()
        journal.close()
        reopened = Journal(path)
        assert reopened.rolled_back == 1
        assert reopened.region.running_tasks() == []
        assert reopened.region.tasks[task].status == "FAILED"
        found = reopened.region.holder_of(cloud.vpc, "10.0.1.50")
        assert found is not None
        assert found.instance_id == cloud.a
        reopened.close()

    run(story())


def test_a_change_that_cannot_be_written_down_ends_the_endpoint(tmp_path: Path) -> None:
    """Whatever the reason: every later change would be lost with it."""

    async def story() -> None:
        journal, failures = Journal(tmp_path / "state", Cloud().region), list[Exception]()
        live = LiveRegion(
            journal.region, Clock(1.0), prompt(), lambda *names: 0.5, journal=journal, failed=failures.append
        )
        unread = {"VpcName": "late", "CidrBlock": "10.1.0.0/16", "EnableRouteVpcPublish": object()}
        with pytest.raises(TypeError, match="not JSON serializable"):
            await live.call("CreateVpc", unread)
        assert [type(error) for error in failures] == [TypeError]
        journal.close()

    run(story())


def opened(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        Journal(path)
    return str(caught.value)


def written(path: Path) -> Cloud:
    cloud = Cloud()
    journal = Journal(path, cloud.region)
    reply = cloud.region.call("CreateVpc", {"VpcName": "late", "CidrBlock": "10.1.0.0/16"}, now_ns=1)
    journal.called("CreateVpc", {"VpcName": "late", "CidrBlock": "10.1.0.0/16"}, reply.response["RequestId"], 1)
    journal.close()
    return cloud


def test_a_last_line_that_was_cut_off_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "state"
    cloud = written(path)
    path.write_bytes(path.read_bytes() + b'{"call":"CreateV')
    journal = Journal(path)
    assert journal.region == cloud.region
    journal.close()
    assert path.read_bytes().endswith(b"\n")


def test_a_record_that_does_not_follow_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "state"
    written(path)
    head, record, _ = path.read_bytes().split(b"\n")
    other = json.dumps({**json.loads(record), "request_id": "another"}).encode()
    for line in (b"{}", b"[]", b"nonsense", other, b'{"end":"nobody","succeeded":true,"now_ns":1}'):
        path.write_bytes(head + b"\n" + line + b"\n")
        assert "line 2" in opened(path)


@pytest.mark.parametrize("content", [b"{}\n", b"nonsense\n", b"no line", b'{"format":"hasim.state/1","now_ns":0}\n'])
def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    assert "not a state file" in opened(path)
    assert path.read_bytes() == content


def damaged(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    """A change of the first line, the snapshot."""

    def of_content(content: bytes) -> bytes:
        head, rest = content.split(b"\n", 1)
        document = json.loads(head)
        change(document)
        return json.dumps(document).encode() + b"\n" + rest

    return of_content


def in_region(table: str, field: str, value: object) -> Callable[[bytes], bytes]:
    """A change of the first record of a table."""

    def change(document: dict[str, Any]) -> None:
        records = document["region"][table]
        records[next(iter(records))][field] = value

    return damaged(change)


@pytest.mark.parametrize(
    "damage",
    [
        damaged(lambda document: document.update(now_ns=float("inf"))),
        damaged(lambda document: document.update(now_ns=10**30)),
        damaged(lambda document: document.update(region=[])),
        damaged(lambda document: document["region"].update(limits={"vpcs": 1, "moons": 2})),
        damaged(lambda document: document["region"].update(quota_days={"allocate_eip": [float("inf"), 1]})),
        damaged(lambda document: document["region"]["vpcs"].clear()),
        in_region("subnets", "cidr_block", "10.0.9.0/24"),
        in_region("instances", "cpu", 0),
        in_region("instances", "state", "DREAMING"),
        in_region("network_interfaces", "addresses", {}),
        lambda content: content.replace(b'{"VpcName":"late","CidrBlock":"10.1.0.0/16"}', b"true"),
        lambda content: content.replace(b'"now_ns":1}', b'"now_ns":1e400}'),
        lambda content: b"[" * 100_000 + b"\n" + content,
        lambda content: b"\x00\xff" + content,
    ],
)
def test_a_damaged_file_is_the_users_input_and_left_alone(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "state"
    written(path)
    content = damage(path.read_bytes())
    path.write_bytes(content)
    assert str(path) in opened(path)
    assert path.read_bytes() == content


def test_what_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        assert "not a regular file" in opened(path)
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "state", tmp_path / "link"
    link.symlink_to(path)
    cloud = written(link)
    assert link.is_symlink()
    journal = Journal(path)
    assert journal.region == cloud.region
    journal.close()


def test_two_servers_cannot_use_one_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    journal = Journal(path, Cloud().region)
    assert "another hasim serve" in opened(path)
    journal.close()


def test_a_journal_begins_anew_when_it_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hasim.cloud.http.journal._MOST_RECORDS", 3)
    path = tmp_path / "state"
    cloud = Cloud()
    journal = Journal(path, cloud.region)
    for number in range(4):
        parameters = {"GroupName": f"group {number}", "GroupDescription": "many"}
        reply = cloud.region.call("CreateSecurityGroup", parameters, now_ns=number)
        journal.called("CreateSecurityGroup", parameters, reply.response["RequestId"], number)
    journal.close()
    assert len(path.read_bytes().splitlines()) == 2
    reopened = Journal(path)
    assert reopened.region == cloud.region
    reopened.close()
