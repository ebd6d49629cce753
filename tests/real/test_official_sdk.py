"""The official Python SDK, unchanged but for endpoint and protocol, against ``hasim serve``."""

from __future__ import annotations

import json
import random
import re
import shlex
import signal
import textwrap
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hasim.cloud import ACTIONS, Region
from hasim.cloud.errors import COMMON_CODES
from tests.real.serving import Client, Served, ask, refusal, serving, wait_until
from tests.real.story import tell

pytest.importorskip("tencentcloud.vpc", reason="the official SDK is not installed")
pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
ZONE = "ap-guangzhou-3"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("--speed", "1000") as endpoint:
        yield endpoint


def finished(client: Client, reply: Any) -> str:
    """The end of an ENI task, polled as the documents say: TaskId is the RequestId of the call."""
    status = ""

    def ended() -> bool:
        nonlocal status
        status = ask(client, "DescribeVpcTaskResult", TaskId=reply.RequestId).Status
        return status != "RUNNING"

    wait_until(ended)
    return status


def listed(*addresses: str) -> list[dict[str, str]]:
    return [{"PrivateIpAddress": address} for address in addresses]


class Sdk:
    """The SDK's answers as plain data."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def ask(self, action: str, **parameters: Any) -> dict[str, Any]:
        answered: dict[str, Any] = json.loads(ask(self._client, action, **parameters).to_json_string())
        return answered

    def refusal(self, action: str, **parameters: Any) -> str:
        return refusal(self._client, action, **parameters)


def test_the_whole_story(served: Served) -> None:
    tell(Sdk(Client(served.address)), served)


def test_the_example_of_the_documentation_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    command, example = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", text.partition("**Python SDK**")[2], re.MULTILINE)[:2]
    _, _, scenario, *keys = shlex.split(command)
    with serving(ROOT / scenario, *keys) as served:
        exec(textwrap.dedent(example).replace("127.0.0.1:18080", served.address), {})
        reached = [line.split()[1:] for line in capsys.readouterr().out.splitlines()]
        places = served.resources()
    interfaces = [item for instance in places["instances"] for item in instance["interfaces"]] + places["unattached"]
    there = [[address["address"] for address in interface["addresses"]] for interface in interfaces]
    assert reached
    assert sorted(reached) == sorted(there)


def test_every_quota_of_the_account_is_run_into() -> None:
    with serving("--speed", "1000") as served:
        client = Client(served.address)
        vpc = ask(client, "CreateVpc", VpcName="full", CidrBlock="10.0.0.0/16").Vpc.VpcId
        subnet = {"VpcId": vpc, "SubnetName": "full", "Zone": ZONE}
        first = ask(client, "CreateSubnet", CidrBlock="10.0.255.0/24", **subnet).Subnet.SubnetId
        group = {"GroupName": "full", "GroupDescription": ""}
        quotas: list[tuple[str, list[dict[str, Any]]]] = [
            ("CreateVpc", [{"VpcName": "more", "CidrBlock": "10.0.0.0/16"}] * 20),
            ("CreateSubnet", [subnet | {"CidrBlock": f"10.0.{number}.0/24"} for number in range(100)]),
            ("CreateHaVip", [{"VpcId": vpc, "SubnetId": first, "HaVipName": "full"}] * 11),
            ("CreateSecurityGroup", [group] * 51),
        ]
        for action, (*calls, too_many) in quotas:
            for parameters in calls:
                ask(client, action, **parameters)
            assert refusal(client, action, **too_many) == "LimitExceeded"
        ask(client, "AllocateAddresses", AddressCount=20)
        assert refusal(client, "AllocateAddresses", AddressCount=1) == "AddressQuotaLimitExceeded"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"key": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "AKIDsomebody"}, "AuthFailure.SecretIdNotFound"),
        ({"region": "ap-beijing"}, "UnsupportedRegion"),
    ],
)
def test_a_wrong_key_or_region_is_refused(served: Served, more: dict[str, str], code: str) -> None:
    assert refusal(Client(served.address, **more), "DescribeVpcs") == code


def test_a_signature_of_ten_minutes_ago_has_expired(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    module = pytest.importorskip("tencentcloud.common.abstract_client")
    now = module.time.time
    monkeypatch.setattr(module.time, "time", lambda: now() - 600)
    assert refusal(Client(served.address), "DescribeVpcs") == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize("sign_method", ["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_every_signature_method(served: Served, sign_method: str, method: str) -> None:
    client = Client(served.address)
    client.vpc.profile.signMethod = sign_method
    client.vpc.profile.httpProfile.reqMethod = method
    filters = [{"Name": "is-default", "Values": ["false"]}, {"Name": "vpc-name", "Values": ["näme & mehr"]}]
    assert ask(client, "DescribeVpcs", Filters=filters, Limit="5").TotalCount == 0


# Many clients at once -------------------------------------------------------------------------------------------------

CONTENDED = """
name: contended
horizon: 1min
zones: [ap-guangzhou-3]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {cpu: 4, memory: 8GB, address: 10.0.1.10}
  b: {cpu: 4, memory: 8GB, address: 10.0.1.11}
  c: {cpu: 4, memory: 8GB, address: 10.0.1.12}
floating: {address: 10.0.1.100, mechanism: secondary_ip}
control_plane:
  accept: 1ms
  rate_limits: {DescribeVpcTaskResult: 1000}
  task_failure_rate: 10%
  actions:
    MigratePrivateIpAddress: {task: {uniform: {low: 0ms, high: 20ms}}}
    AssignPrivateIpAddresses: {task: {uniform: {low: 0ms, high: 20ms}}}
    UnassignPrivateIpAddresses: {task: {uniform: {low: 0ms, high: 20ms}}}
    AttachNetworkInterface: {task: {uniform: {low: 0ms, high: 20ms}}}
    DetachNetworkInterface: {task: {uniform: {low: 0ms, high: 20ms}}}
    MigrateNetworkInterface: {task: {uniform: {low: 0ms, high: 20ms}}}
"""
CLIENTS, CALLS_EACH = 64, 15
POOL = [f"10.0.1.{number}" for number in range(100, 112)]


@pytest.fixture
def contended(tmp_path: Path) -> Path:
    path = tmp_path / "contended.yaml"
    path.write_text(CONTENDED, encoding="utf-8")
    return path


def hammer(client: Client, number: int, interfaces: list[str], loose: list[str], instances: list[str]) -> Counter[str]:
    """Conflicting calls of one client; how often each code was the answer."""
    errors = pytest.importorskip("tencentcloud.common.exception.tencent_cloud_sdk_exception")
    chance = random.Random(number)
    codes: Counter[str] = Counter()
    for _ in range(CALLS_EACH):
        one, other = chance.sample(interfaces, 2)
        here, there = chance.sample(instances, 2)
        address, eni = chance.choice(POOL), chance.choice(loose)
        moved = {"SourceNetworkInterfaceId": one, "DestinationNetworkInterfaceId": other, "PrivateIpAddress": address}
        action, parameters = chance.choice(
            [
                ("MigratePrivateIpAddress", moved),
                ("AssignPrivateIpAddresses", {"NetworkInterfaceId": one, "PrivateIpAddresses": listed(address)}),
                ("UnassignPrivateIpAddresses", {"NetworkInterfaceId": one, "PrivateIpAddresses": listed(address)}),
                ("AttachNetworkInterface", {"NetworkInterfaceId": eni, "InstanceId": here}),
                ("DetachNetworkInterface", {"NetworkInterfaceId": eni, "InstanceId": here}),
                (
                    "MigrateNetworkInterface",
                    {"NetworkInterfaceId": eni, "SourceInstanceId": here, "DestinationInstanceId": there},
                ),
            ]
        )
        try:
            ask(client, action, **parameters)
            codes["OK"] += 1
        except errors.TencentCloudSDKException as error:
            known = ACTIONS[action].codes | (COMMON_CODES - {"InternalError"})
            codes[error.code if error.code in known else f"undocumented: {action} {error}"] += 1
    return codes


def test_sixty_four_clients_at_once_neither_lose_nor_double_anything(contended: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(contended, "--state", state) as served:
        client = Client(served.address)
        group = ask(client, "DescribeSecurityGroups").SecurityGroupSet[0].SecurityGroupId
        found = ask(client, "DescribeNetworkInterfaces").NetworkInterfaceSet
        interfaces = [item.NetworkInterfaceId for item in found]
        instances = [item.Attachment.InstanceId for item in found]
        loose: list[str] = []
        while len(loose) < 4:  # one task in ten fails: what it should have made is not there then
            reply = ask(
                client,
                "CreateNetworkInterface",
                VpcId=found[0].VpcId,
                SubnetId=found[0].SubnetId,
                NetworkInterfaceName="loose",
                NetworkInterfaceDescription="",
                SecurityGroupIds=[group],
            )
            if finished(client, reply) == "SUCCESS":
                loose.append(reply.NetworkInterface.NetworkInterfaceId)
        results: list[Counter[str]] = []
        threads = [
            threading.Thread(
                target=lambda number=number: results.append(
                    hammer(Client(served.address), number, interfaces, loose, instances)
                )
            )
            for number in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        total = sum(results, Counter())
        wait_until(lambda: not served.control("GET", "state")["tasks"])
        shown = served.resources()
        assert served.kill(signal.SIGTERM) == 0
    assert total.total() == CLIENTS * CALLS_EACH  # every call has been answered
    assert not [code for code in total if code.startswith("undocumented")]
    assert total["OK"] > CLIENTS
    assert len(total) > 5
    boxes = [box for item in shown["instances"] for box in item["interfaces"]] + shown["unattached"]
    addresses = Counter(item["address"] for box in boxes for item in box["addresses"])
    assert set(addresses.values()) == {1}
    assert sorted(box["id"] for box in boxes) == sorted([*interfaces, *loose])
    assert steps_that_hold(state) > CLIENTS
    with serving(contended, "--state", state) as served:
        assert served.resources() == shown


def steps_that_hold(state: Path) -> int:
    """Take every step of a state file again with the invariants checked after each; how many there were."""
    head, *steps = map(json.loads, state.read_text(encoding="utf-8").splitlines())
    region = Region.restore(head["region"], paranoid=True)
    for step in steps:
        if "call" in step:
            region.call(step["call"], step["parameters"], now_ns=step["now_ns"])
        else:
            (region.commit if step["succeeded"] else region.fail)(step["end"], now_ns=step["now_ns"])
    return len(steps)


# Killed and started again ---------------------------------------------------------------------------------------------


def test_kill_9_leaves_nothing_half_done(contended: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    slow = contended.read_text(encoding="utf-8").replace("task_failure_rate: 10%", "task_failure_rate: 0%")
    contended.write_text(slow.replace("low: 0ms, high: 20ms", "low: 1h, high: 2h"), encoding="utf-8")
    move = {}
    with serving(contended, "--state", state) as served:
        client = Client(served.address)
        first, second, _ = ask(client, "DescribeNetworkInterfaces").NetworkInterfaceSet
        holder, other = (first, second) if len(first.PrivateIpAddressSet) == 2 else (second, first)
        vpc = ask(client, "CreateVpc", VpcName="committed", CidrBlock="10.8.0.0/16").Vpc.VpcId
        move = {
            "SourceNetworkInterfaceId": holder.NetworkInterfaceId,
            "DestinationNetworkInterfaceId": other.NetworkInterfaceId,
            "PrivateIpAddress": "10.0.1.100",
        }
        task = ask(client, "MigratePrivateIpAddress", **move).RequestId
        assert served.kill(signal.SIGKILL) == -signal.SIGKILL
    with serving(contended, "--state", state) as served:
        client = Client(served.address)
        assert ask(client, "DescribeVpcs", VpcIds=[vpc]).VpcSet[0].VpcName == "committed"
        assert ask(client, "DescribeVpcTaskResult", TaskId=task).Status == "FAILED"
        found = ask(client, "DescribeNetworkInterfaces", Filters=[{"Name": "address-ip", "Values": ["10.0.1.100"]}])
        assert [item.NetworkInterfaceId for item in found.NetworkInterfaceSet] == [holder.NetworkInterfaceId]
        assert {item.State for item in found.NetworkInterfaceSet[0].PrivateIpAddressSet} == {"AVAILABLE"}
        ask(client, "MigratePrivateIpAddress", **move)  # nothing is in its way any more
        assert served.kill(signal.SIGINT) == 0


def test_an_outage_is_a_time_out_for_a_client_and_over_when_it_ends(served: Served) -> None:
    client = Client(served.address, timeout_s=1)
    served.control("POST", "trouble", {"kind": "outage"})
    errors = pytest.importorskip("tencentcloud.common.exception.tencent_cloud_sdk_exception")
    with pytest.raises(errors.TencentCloudSDKException) as caught:
        ask(client, "DescribeVpcs")
    assert caught.value.code == "ClientNetworkError"
    assert served.control("DELETE", "trouble") == {"ended": 1}
    ask(client, "DescribeVpcs")
