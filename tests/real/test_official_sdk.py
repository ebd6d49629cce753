"""The official Python SDK, unchanged but for endpoint and protocol, against ``hasim serve``."""

from __future__ import annotations

import json
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hasim.cloud import ACTIONS, Region
from hasim.cloud.errors import COMMON_CODES
from tests.real.serving import Client, Served, ask, refusal, serving, wait_until

pytest.importorskip("tencentcloud.vpc", reason="the official SDK is not installed")
pytestmark = pytest.mark.real

ZONE, OTHER_ZONE = "ap-guangzhou-3", "ap-guangzhou-4"


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


def finished_eip(client: Client, reply: Any) -> str:
    """The end of an EIP task, which has a number of its own."""
    result = ""

    def ended() -> bool:
        nonlocal result
        result = ask(client, "DescribeTaskResult", TaskId=int(reply.TaskId)).Result
        return result != "RUNNING"

    wait_until(ended)
    return result


class Topology:
    """A VPC with a subnet in each of two zones, and three instances: two in the first zone, one in the second."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.vpc = ask(client, "CreateVpc", VpcName="main", CidrBlock="10.0.0.0/16").Vpc.VpcId
        self.subnet = self._subnet("10.0.1.0/24", ZONE)
        self.far = self._subnet("10.0.2.0/24", OTHER_ZONE)
        group = ask(client, "CreateSecurityGroup", GroupName="all", GroupDescription="open")
        self.group = group.SecurityGroup.SecurityGroupId
        self.a = self._instance("a", self.subnet, ZONE, "S5.LARGE8")
        self.b = self._instance("b", self.subnet, ZONE, "S5.LARGE8")
        self.small = self._instance("small", self.far, OTHER_ZONE, "S5.SMALL1")
        wait_until(lambda: {item.InstanceState for item in self.instances()} == {"RUNNING"})

    def _subnet(self, cidr: str, zone: str) -> str:
        reply = ask(self.client, "CreateSubnet", VpcId=self.vpc, SubnetName=cidr, CidrBlock=cidr, Zone=zone)
        return str(reply.Subnet.SubnetId)

    def _instance(self, name: str, subnet: str, zone: str, type_name: str) -> str:
        reply = ask(
            self.client,
            "RunInstances",
            InstanceName=name,
            InstanceType=type_name,
            ImageId="img-487zeit5",
            Placement={"Zone": zone},
            VirtualPrivateCloud={"VpcId": self.vpc, "SubnetId": subnet},
            SecurityGroupIds=[self.group],
        )
        return str(reply.InstanceIdSet[0])

    def instances(self) -> list[Any]:
        named = [self.a, self.b, self.small]
        return list(ask(self.client, "DescribeInstances", InstanceIds=named).InstanceSet)

    def interface(self, **filters: str) -> Any:
        """The one ENI that the filters find; an underscore stands for a hyphen."""
        wanted = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        (found,) = ask(self.client, "DescribeNetworkInterfaces", Filters=wanted).NetworkInterfaceSet
        return found

    def primary(self, instance: str) -> Any:
        filters = [
            {"Name": "attachment.instance-id", "Values": [instance]},
            {"Name": "is-primary", "Values": ["true"]},
        ]
        (found,) = ask(self.client, "DescribeNetworkInterfaces", Filters=filters).NetworkInterfaceSet
        return found

    def create_interface(self, name: str, subnet: str, **more: Any) -> str:
        more.setdefault("SecurityGroupIds", [self.group])
        reply = ask(
            self.client,
            "CreateNetworkInterface",
            VpcId=self.vpc,
            SubnetId=subnet,
            NetworkInterfaceName=name,
            NetworkInterfaceDescription="for the story",
            **more,
        )
        assert finished(self.client, reply) == "SUCCESS"
        return str(reply.NetworkInterface.NetworkInterfaceId)


def listed(*addresses: str) -> list[dict[str, str]]:
    return [{"PrivateIpAddress": address} for address in addresses]


def test_the_whole_story(served: Served) -> None:
    client = Client(served.address)
    world = Topology(client)
    eni_a, eni_b = (world.primary(item).NetworkInterfaceId for item in (world.a, world.b))

    floating = world.create_interface("floating", world.subnet)
    reply = ask(client, "AssignPrivateIpAddresses", NetworkInterfaceId=eni_a, PrivateIpAddresses=listed("10.0.1.100"))
    assert finished(client, reply) == "SUCCESS"
    reply = ask(client, "AttachNetworkInterface", NetworkInterfaceId=floating, InstanceId=world.a)
    assert finished(client, reply) == "SUCCESS"
    assert world.interface(network_interface_id=floating).Attachment.InstanceId == world.a

    eip = allocated_and_bound(client, eni_a, "10.0.1.100")
    reply = ask(
        client,
        "MigratePrivateIpAddress",
        SourceNetworkInterfaceId=eni_a,
        DestinationNetworkInterfaceId=eni_b,
        PrivateIpAddress="10.0.1.100",
    )
    assert finished(client, reply) == "SUCCESS"
    (address,) = ask(client, "DescribeAddresses", AddressIds=[eip]).AddressSet
    assert (address.InstanceId, address.NetworkInterfaceId) == (world.b, eni_b)  # the EIP went along
    assert (address.PrivateAddressIp, address.AddressStatus) == ("10.0.1.100", "BIND")

    reply = ask(client, "DetachNetworkInterface", NetworkInterfaceId=floating, InstanceId=world.a)
    assert finished(client, reply) == "SUCCESS"
    reply = ask(client, "AttachNetworkInterface", NetworkInterfaceId=floating, InstanceId=world.b)
    assert finished(client, reply) == "SUCCESS"
    assert world.interface(network_interface_id=floating).Attachment.InstanceId == world.b

    refused = refusals(world, floating, eip)
    before = served.resources()
    for action, parameters, code in refused:
        assert (action, refusal(client, action, **parameters)) == (action, code)
    assert served.resources() == before  # whatever is refused changes nothing

    clean_up(world, floating, eip)
    assert served.resources() == {"instances": [], "unattached": [], "eips": [], "ha_vips": []}


def allocated_and_bound(client: Client, interface: str, address: str) -> str:
    reply = ask(client, "AllocateAddresses", AddressCount=1)
    assert finished_eip(client, reply) == "SUCCESS"
    eip = str(reply.AddressSet[0])
    reply = ask(client, "AssociateAddress", AddressId=eip, NetworkInterfaceId=interface, PrivateIpAddress=address)
    assert finished_eip(client, reply) == "SUCCESS"
    return eip


def refusals(world: Topology, floating: str, eip: str) -> list[tuple[str, dict[str, Any], str]]:
    """Ten calls that the real cloud refuses, and its limits. ``floating`` is on b, the EIP on 10.0.1.100 of b."""
    eni_a, eni_b = (world.primary(item) for item in (world.a, world.b))
    a, b = eni_a.NetworkInterfaceId, eni_b.NetworkInterfaceId
    small = world.primary(world.small).NetworkInterfaceId
    own = eni_b.PrivateIpAddressSet[0].PrivateIpAddress
    spare = world.create_interface("spare", world.far)
    bare = world.create_interface("bare", world.subnet, SecurityGroupIds=[])
    assign = "AssignPrivateIpAddresses"
    attach = "AttachNetworkInterface"
    migrate = {"SourceNetworkInterfaceId": b, "DestinationNetworkInterfaceId": a}
    return [
        (assign, {"NetworkInterfaceId": a, "PrivateIpAddresses": listed("10.0.1.100")}, "ResourceInUse"),
        (assign, {"NetworkInterfaceId": a, "PrivateIpAddresses": listed("10.9.0.1")}, "InvalidParameterValue.Range"),
        (assign, {"NetworkInterfaceId": a, "PrivateIpAddresses": listed("10.0.1.1")}, "InvalidParameterValue.Reserved"),
        (assign, {"NetworkInterfaceId": small, "SecondaryPrivateIpAddressCount": 2}, "LimitExceeded"),
        (
            assign,
            {"NetworkInterfaceId": small, "PrivateIpAddresses": listed(*(f"10.0.2.{n}" for n in range(100, 160)))},
            "InvalidParameterValue.LimitExceeded",
        ),
        (attach, {"NetworkInterfaceId": spare, "InstanceId": world.a}, "UnsupportedOperation.ZoneMismatch"),
        (
            attach,
            {"NetworkInterfaceId": floating, "InstanceId": world.a},
            "UnsupportedOperation.AttachmentAlreadyExists",
        ),
        (attach, {"NetworkInterfaceId": bare, "InstanceId": world.a}, "UnsupportedOperation"),
        ("DeleteNetworkInterface", {"NetworkInterfaceId": floating}, "ResourceInUse"),
        ("DetachNetworkInterface", {"NetworkInterfaceId": a, "InstanceId": world.a}, "UnsupportedOperation"),
        (
            "UnassignPrivateIpAddresses",
            {"NetworkInterfaceId": b, "PrivateIpAddresses": listed(own)},
            "UnsupportedOperation",
        ),
        ("MigratePrivateIpAddress", {**migrate, "PrivateIpAddress": own}, "UnauthorizedOperation.PrimaryIp"),
        (
            "MigratePrivateIpAddress",
            {**migrate, "PrivateIpAddress": "10.0.1.77"},
            "UnauthorizedOperation.AttachmentNotFound",
        ),
        ("ReleaseAddresses", {"AddressIds": [eip]}, "UnsupportedOperation.AddressStatusNotPermit"),
        (
            "AssociateAddress",
            {"AddressId": eip, "NetworkInterfaceId": b, "PrivateIpAddress": own},
            "UnsupportedOperation.AddressStatusNotPermit",
        ),
        ("AllocateAddresses", {"AddressCount": 20}, "AddressQuotaLimitExceeded"),
        ("DeleteSubnet", {"SubnetId": world.subnet}, "ResourceInUse"),
        ("DescribeVpcTaskResult", {"TaskId": "nothing"}, "ResourceNotFound"),
    ]


def clean_up(world: Topology, floating: str, eip: str) -> None:
    client = world.client
    assert finished_eip(client, ask(client, "DisassociateAddress", AddressId=eip)) == "SUCCESS"
    assert finished_eip(client, ask(client, "ReleaseAddresses", AddressIds=[eip])) == "SUCCESS"
    reply = ask(client, "DetachNetworkInterface", NetworkInterfaceId=floating, InstanceId=world.b)
    assert finished(client, reply) == "SUCCESS"
    for item in ask(client, "DescribeNetworkInterfaces").NetworkInterfaceSet:
        if not item.Primary:
            reply = ask(client, "DeleteNetworkInterface", NetworkInterfaceId=item.NetworkInterfaceId)
            assert finished(client, reply) == "SUCCESS"
    ask(client, "TerminateInstances", InstanceIds=[world.a, world.b, world.small])
    wait_until(lambda: not ask(client, "DescribeInstances").InstanceSet)
    for subnet in (world.subnet, world.far):
        ask(client, "DeleteSubnet", SubnetId=subnet)
    ask(client, "DeleteVpc", VpcId=world.vpc)
    assert ask(client, "DescribeVpcs").VpcSet == []


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
