"""The region as a whole: identifiers, tokens, tags, snapshots, and that reading changes nothing."""

from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from hasim.cloud import ACTIONS, CloudError, Region, Reply
from hasim.cloud.identifiers import mac_address, public_address, request_id, short_id
from hasim.cloud.registry import Request
from hasim.cloud.store import TABLES
from hasim.errors import ModelInvariantError
from tests.unit.cloud_topology import Cloud


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def busy_cloud() -> Cloud:
    """A region with a bit of everything, and tasks under way."""
    cloud = Cloud()
    eni = cloud.attach(cloud.make_eni("10.0.1.50", Tags=[{"Key": "k", "Value": "v"}]), cloud.a)
    cloud.bind(cloud.make_eip(), eni, "10.0.1.50")
    cloud.region.announce(cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.b}]), cloud.eni_b, now_ns=3)
    policies = {"Ingress": [{"Protocol": "TCP", "Port": "80", "CidrBlock": "10.0.0.0/8", "Action": "ACCEPT"}]}
    cloud.do("CreateSecurityGroupPolicies", SecurityGroupId=cloud.group, SecurityGroupPolicySet=policies)
    cloud.do("StopInstances", InstanceIds=[cloud.c])
    cloud.begin("AssignPrivateIpAddresses", NetworkInterfaceId=cloud.eni_b, SecondaryPrivateIpAddressCount=2)
    network = {"VpcId": cloud.vpc, "SubnetId": cloud.far}
    cloud.begin("ModifyInstancesVpcAttribute", InstanceIds=[cloud.c], VirtualPrivateCloud=network)
    cloud.begin("CreateNetworkInterface", **cloud.eni_parameters(ClientToken="once"))
    return cloud


def test_restored_region_is_equal_and_goes_on_alike() -> None:
    cloud = busy_cloud()
    restored = Region.restore(json.loads(json.dumps(cloud.region.snapshot())), paranoid=True)
    assert restored == cloud.region
    for region in (cloud.region, restored):
        for task in region.running_tasks():
            region.commit(task.task_id, now_ns=7)
        region.complete("CreateNetworkInterface", cloud.eni_parameters(), now_ns=8)
    assert restored == cloud.region


def test_running_tasks_of_a_restored_region_still_exclude_others() -> None:
    cloud = busy_cloud()
    cloud.region = Region.restore(cloud.region.snapshot(), paranoid=True)
    assert cloud.refused(
        "AssignPrivateIpAddresses", NetworkInterfaceId=cloud.eni_b, SecondaryPrivateIpAddressCount=1
    ) == ("UnsupportedOperation.MutexOperationTaskRunning")


def test_snapshot_is_apart_from_the_region(cloud: Cloud) -> None:
    snapshot = cloud.region.snapshot()
    text = json.dumps(snapshot)
    cloud.assign(cloud.eni_a, "10.0.1.100")
    assert json.dumps(snapshot) == text
    assert Region.restore(snapshot) != cloud.region


def broken(**changes: Any) -> dict[str, Any]:
    return Cloud().region.snapshot() | changes


@pytest.mark.parametrize(
    "snapshot",
    [
        {},
        broken(version=1),
        broken(vpcs={}),
        broken(instances={}),
        broken(eips={"eip-00000000": {"address_id": "eip-00000000"}}),
        broken(counters=3),
        broken(limits={"no_such_limit": 1}),
        broken(subnets=[]),
    ],
    ids=["empty", "version", "no-vpcs", "no-instances", "half-an-eip", "counters", "limits", "list"],
)
def test_unusable_snapshot_is_refused(snapshot: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="snapshot"):
        Region.restore(snapshot)


def test_contradictions_are_found(cloud: Cloud) -> None:
    cloud.region.network_interfaces[cloud.eni_a].instance_id = cloud.b
    with pytest.raises(ModelInvariantError, match="disagree on the primary ENI"):
        cloud.region.check_invariants()


def test_an_ordinary_public_address_beside_an_eip_is_a_contradiction(cloud: Cloud) -> None:
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.region.instances[cloud.a].ordinary_address = "198.18.0.9"
    with pytest.raises(ModelInvariantError, match="an ordinary public address and an EIP"):
        cloud.region.check_invariants()


def test_regions_of_equal_history_are_equal_and_of_another_not() -> None:
    first, second = Cloud(), Cloud()
    assert first.region == second.region
    second.make_eip()
    assert first.region != second.region
    assert first.region != "a region"


DESCRIBE = [name for name, spec in ACTIONS.items() if spec.reads_only]


@pytest.mark.parametrize("action", DESCRIBE)
def test_reading_changes_nothing(action: str) -> None:
    cloud = busy_cloud()
    needed: dict[str, Any] = {
        "DescribeNetworkInterfaceLimit": {"InstanceId": cloud.a},
        "DescribeVpcPrivateIpAddresses": {"VpcId": cloud.vpc, "PrivateIpAddresses": ["10.0.1.10"]},
        "DescribeUsedIpAddress": {"VpcId": cloud.vpc},
        "DescribeVpcTaskResult": {"TaskId": cloud.region.running_tasks()[0].task_id},
        "DescribeTaskResult": {"TaskId": max(task.number for task in cloud.region.tasks.values())},
        "DescribeSecurityGroupAssociationStatistics": {"SecurityGroupIds": [cloud.group]},
        "DescribeSecurityGroupPolicies": {"SecurityGroupId": cloud.group},
        "DescribeVpcLimits": {"LimitTypes": ["vpc-max-enis"]},
    }
    before = cloud.region.snapshot()
    first = cloud.do(action, **needed.get(action, {}))
    second = cloud.do(action, **needed.get(action, {}))
    assert cloud.region.snapshot() == before
    assert first.pop("RequestId") != second.pop("RequestId")
    assert first == second


def test_repeated_call_with_a_token_is_done_once(cloud: Cloud) -> None:
    parameters = cloud.eni_parameters(ClientToken="once")
    first = cloud.region.call("CreateNetworkInterface", parameters, now_ns=0)
    assert first.task is not None
    cloud.commit(first.task)
    count = len(cloud.region.network_interfaces)
    again = cloud.region.call("CreateNetworkInterface", parameters, now_ns=5)
    assert again.task is None
    assert again.response == first.response
    assert len(cloud.region.network_interfaces) == count


def test_repeated_call_of_an_action_without_the_processing_code_gets_the_first_answer(cloud: Cloud) -> None:
    first = cloud.region.call("AllocateAddresses", {"ClientToken": "once"}, now_ns=0)
    again = cloud.region.call("AllocateAddresses", {"ClientToken": "once"}, now_ns=1)
    assert again.response == first.response
    assert again.task is None
    assert len(cloud.region.eips) == 1


def test_token_of_a_failed_task_still_gets_the_first_answer_which_tells_of_the_failure(cloud: Cloud) -> None:
    parameters = cloud.eni_parameters("10.0.1.50", ClientToken="once")
    first = cloud.region.call("CreateNetworkInterface", parameters, now_ns=0)
    assert first.task is not None
    cloud.fail(first.task)
    again = cloud.do("CreateNetworkInterface", **parameters)
    assert again == first.response
    assert cloud.do("DescribeVpcTaskResult", TaskId=again["RequestId"])["Status"] == "FAILED"
    assert cloud.make_eni("10.0.1.50", ClientToken="twice") in cloud.region.network_interfaces


def test_token_of_a_failed_call_is_not_used_up(cloud: Cloud) -> None:
    parameters = cloud.eni_parameters("10.0.1.10", ClientToken="once")
    assert cloud.refused("CreateNetworkInterface", **parameters) == "ResourceInUse"
    cloud.make_eni("10.0.1.50", ClientToken="once")


def test_tags_are_kept_and_shown(cloud: Cloud) -> None:
    tags = [{"Key": "role", "Value": "vip"}, {"Key": "empty", "Value": ""}]
    assert cloud.describe_eni(cloud.make_eni(Tags=tags))["TagSet"] == tags
    run = cloud.run_parameters(TagSpecification=[{"ResourceType": "instance", "Tags": tags}])
    (instance,) = cloud.do("RunInstances", **run)["InstanceIdSet"]
    assert cloud.describe_instance(instance)["Tags"] == tags


@pytest.mark.parametrize("prefix", ["eni", "ins", "havip", "subnet"])
def test_identifiers_are_unique_and_look_like_the_clouds(prefix: str) -> None:
    made = [short_id(prefix, number) for number in range(20_000)]
    assert len(set(made)) == len(made)
    for identifier in made[:200]:
        head, _, tail = identifier.partition("-")
        assert (head, len(tail), tail.isalnum(), tail.islower() or tail.isdigit()) == (prefix, 8, True, True)


def test_other_identifiers_are_unique() -> None:
    numbers = range(1, 20_000)
    assert len({mac_address(number) for number in numbers}) == len(numbers)
    assert len({request_id(number) for number in (*numbers, *(-number for number in numbers))}) == 2 * len(numbers)
    assert len({public_address(number) for number in range(1 << 17)}) == 1 << 17
    assert mac_address(1).startswith("20:90:6F:")


def test_identifiers_do_not_depend_on_the_process() -> None:
    assert (short_id("eni", 1), mac_address(1)) == ("eni-f8uns7ar", "20:90:6F:9E:37:79")
    assert request_id(1) == "9e3779b9-7f4a-7c15-f39c-c0605cedc835"


def test_vpc_and_subnet_can_be_deleted_when_empty(cloud: Cloud) -> None:
    cloud.do("DeleteSubnet", SubnetId=cloud.elsewhere)
    cloud.do("DeleteVpc", VpcId=cloud.other_vpc)
    assert cloud.other_vpc not in cloud.region.vpcs
    cloud.make_subnet("10.0.8.0/24")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [("vpc-name", "ma", 1), ("cidr-block", "172.16.0.0/16", 1), ("is-default", "false", 2), ("vpc-id", "vpc-x", 0)],
)
def test_vpc_filters(cloud: Cloud, name: str, value: str, found: int) -> None:
    assert cloud.do("DescribeVpcs", Filters=[{"Name": name, "Values": [value]}])["TotalCount"] == found


@pytest.mark.parametrize(("name", "value", "found"), [("zone", "ap-guangzhou-2", 1), ("cidr-block", "10.0.1.0/24", 1)])
def test_subnet_filters(cloud: Cloud, name: str, value: str, found: int) -> None:
    assert cloud.do("DescribeSubnets", Filters=[{"Name": name, "Values": [value]}])["TotalCount"] == found


def test_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(CloudError("ResourceInUse", "10.0.0.1 is on eni-00000000.")))
    assert (error.code, error.message) == ("ResourceInUse", "10.0.0.1 is on eni-00000000.")
    assert str(error) == "ResourceInUse: 10.0.0.1 is on eni-00000000."


def test_undocumented_refusal_is_our_bug(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_for_an_eip(region: Region, request: Request, now_ns: int) -> Reply:
        return Reply({"AddressId": region.eip("eip-00000000").address_id})

    monkeypatch.setitem(ACTIONS, "Look", dataclasses.replace(ACTIONS["DescribeAddressQuota"], perform=look_for_an_eip))
    with pytest.raises(ModelInvariantError, match=r"Look refused with InvalidAddressId\.NotFound"):
        cloud.region.call("Look", now_ns=0)


def records_of(value: Any) -> list[Any]:
    """Every record in a region's table, those inside others included."""
    if isinstance(value, dict):
        return [record for item in value.values() for record in records_of(item)]
    if isinstance(value, list):
        return [record for item in value for record in records_of(item)]
    if not dataclasses.is_dataclass(value):
        return []
    return [value, *(record for item in dataclasses.fields(value) for record in records_of(getattr(value, item.name)))]


def changed(value: Any) -> Any:
    """Another value for a field."""
    match value:
        case dict():
            return value | {"more": "x"}
        case list() | tuple():
            return type(value)([*value, "x"])
        case bool():
            return not value
        case str():
            return value + "x"
        case None:
            return 1
        case _:
            return value + 1


def test_fingerprint_tells_every_field_of_every_record() -> None:
    region = busy_cloud().region
    before = region.fingerprint()
    tables = [getattr(region, name) for name in TABLES]
    kinds = set()
    for record in records_of(dict(enumerate(tables))):
        kinds.add(type(record).__name__)
        for item in dataclasses.fields(record):
            value = getattr(record, item.name)
            if item.name in ("addresses", "ingress", "egress"):
                continue  # the records inside have their own turn
            setattr(record, item.name, changed(value))
            assert region.fingerprint() != before, (record, item.name)
            setattr(record, item.name, value)
    assert region.fingerprint() == before
    assert kinds >= {
        "Vpc",
        "Instance",
        "NetworkInterface",
        "PrivateAddress",
        "SecurityPolicy",
        "HaVip",
        "Task",
        "Token",
    }


def test_fingerprint_tells_identifiers_counters_and_quotas() -> None:
    def told(change: Callable[[Region], object]) -> bool:
        region = busy_cloud().region
        before = region.fingerprint()
        change(region)
        return region.fingerprint() != before

    assert told(lambda region: region.tokens.update({"twice": region.tokens.pop("once")}))
    assert told(lambda region: region.count("request"))
    assert told(lambda region: next(iter(region.security_groups.values())).ingress.clear())
    assert told(lambda region: next(iter(region.network_interfaces.values())).addresses.clear())
    assert told(lambda region: region.quota_days.update(used=[1, 1]))
    assert not told(lambda region: region.call("DescribeVpcs", {}, now_ns=0))
