"""CVM instances: their life, their type names, and what their network keeps or loses."""

from __future__ import annotations

import pytest

from hasim.cloud.instance_types import parse_instance_type
from tests.unit.cloud_topology import Cloud


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def state(cloud: Cloud, instance: str) -> str:
    return str(cloud.describe_instance(instance)["InstanceState"])


@pytest.mark.parametrize(
    ("name", "cpu", "memory_gb"),
    [
        ("S5.SMALL1", 1, 1),
        ("S5.SMALL4", 1, 4),
        ("S5.MEDIUM4", 2, 4),
        ("SA2.LARGE8", 4, 8),
        ("S5.2XLARGE32", 8, 32),
        ("C6.4XLARGE32", 16, 32),
        ("M5.16XLARGE512", 64, 512),
        ("S5se.2XLARGE16", 8, 16),
        ("IT5.21XLARGE320", 84, 320),
    ],
)
def test_type_names_stand_for_cores_and_memory(name: str, cpu: int, memory_gb: int) -> None:
    assert parse_instance_type(name) == (cpu, memory_gb)


@pytest.mark.parametrize(
    "name", ["", "S5", "S5.HUGE4", "m5.large", "S5.0XLARGE8", "S5.SMALL0", "S5.SMALL1 ", "S5.XLARGE8"]
)
def test_what_is_no_type_name_is_refused(name: str) -> None:
    assert parse_instance_type(name) is None


def test_new_instance_is_pending_then_running_with_its_primary_eni(cloud: Cloud) -> None:
    reply = cloud.region.call("RunInstances", cloud.run_parameters("10.0.1.50"), now_ns=0)
    (instance,) = reply.response["InstanceIdSet"]
    assert state(cloud, instance) == "PENDING"
    assert cloud.region.holder_of(cloud.vpc, "10.0.1.50") is None
    assert reply.task is not None
    cloud.commit(reply.task)
    view = cloud.describe_instance(instance)
    assert (view["InstanceState"], view["CPU"], view["Memory"]) == ("RUNNING", 2, 4)
    assert view["PrivateIpAddresses"] == ["10.0.1.50"]
    assert (view["LatestOperation"], view["LatestOperationState"]) == ("RunInstances", "SUCCESS")
    eni = cloud.describe_eni(cloud.primary(instance))
    assert (eni["Primary"], eni["EniType"], eni["Attachment"]["DeviceIndex"]) == (True, 1, 0)
    assert cloud.instance_of("10.0.1.50") == instance


def test_several_instances_are_numbered(cloud: Cloud) -> None:
    reply = cloud.do("RunInstances", **cloud.run_parameters(InstanceCount=3, MinCount=3, InstanceName="web"))
    names = [cloud.describe_instance(instance)["InstanceName"] for instance in reply["InstanceIdSet"]]
    assert names == ["web1", "web2", "web3"]


def test_cores_and_memory_may_be_given_without_a_type_name(cloud: Cloud) -> None:
    instance = cloud.make_instance(InstanceType="MINE", HasimSpecification={"CPU": 4, "Memory": 16.5})
    view = cloud.describe_instance(instance)
    assert (view["InstanceType"], view["CPU"], view["Memory"]) == ("MINE", 4, 16.5)
    assert cloud.region.interface_limits(instance) == (4, 20)


def test_instance_without_security_groups_gets_the_default_one(cloud: Cloud) -> None:
    first = cloud.make_instance(SecurityGroupIds=None)
    second = cloud.make_instance(SecurityGroupIds=[])
    (group,) = cloud.describe_instance(first)["SecurityGroupIds"]
    assert cloud.describe_instance(second)["SecurityGroupIds"] == [group]
    (view,) = cloud.do("DescribeSecurityGroups", SecurityGroupIds=[group])["SecurityGroupSet"]
    assert (view["IsDefault"], view["SecurityGroupName"]) == (True, "default")


def test_stopping_and_starting_keeps_everything(cloud: Cloud) -> None:
    cloud.assign(cloud.eni_a, "10.0.1.100")
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.100")
    task = cloud.begin("StopInstances", InstanceIds=[cloud.a], StopType="HARD")
    assert (state(cloud, cloud.a), task.stop_type) == ("STOPPING", "HARD")
    cloud.commit(task)
    assert state(cloud, cloud.a) == "STOPPED"
    assert cloud.instance_of("10.0.1.100") == cloud.a
    assert cloud.describe_eip(eip)["AddressStatus"] == "BIND"
    task = cloud.begin("StartInstances", InstanceIds=[cloud.a])
    assert state(cloud, cloud.a) == "STARTING"
    cloud.commit(task)
    assert state(cloud, cloud.a) == "RUNNING"


@pytest.mark.parametrize(("force", "kind"), [(None, "SOFT"), (False, "SOFT"), (True, "SOFT_FIRST")])
def test_kind_of_stop_is_told_to_whoever_times_it(cloud: Cloud, force: bool | None, kind: str) -> None:
    assert cloud.begin("RebootInstances", InstanceIds=[cloud.a], ForceReboot=force).stop_type == kind
    assert cloud.begin("StopInstances", InstanceIds=[cloud.b], ForceStop=force).stop_type == kind


def test_stopped_without_charge_is_shown_until_started(cloud: Cloud) -> None:
    cloud.do("StopInstances", InstanceIds=[cloud.a], StoppedMode="STOP_CHARGING")
    assert cloud.describe_instance(cloud.a)["StopChargingMode"] == "STOP_CHARGING"
    cloud.do("StartInstances", InstanceIds=[cloud.a])
    assert cloud.describe_instance(cloud.a)["StopChargingMode"] == "NOT_APPLICABLE"


def test_rebooting_goes_through_rebooting(cloud: Cloud) -> None:
    task = cloud.begin("RebootInstances", InstanceIds=[cloud.a])
    assert state(cloud, cloud.a) == "REBOOTING"
    cloud.fail(task)
    view = cloud.describe_instance(cloud.a)
    assert (view["InstanceState"], view["LatestOperationState"]) == ("RUNNING", "FAILED")


def test_terminating_takes_the_primary_eni_and_leaves_the_secondary(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni("10.0.1.50"), cloud.a)
    stays = cloud.bind(cloud.make_eip(), eni, "10.0.1.50")
    goes = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    task = cloud.begin("TerminateInstances", InstanceIds=[cloud.a])
    assert state(cloud, cloud.a) == "TERMINATING"
    cloud.commit(task)
    assert cloud.do("DescribeInstances", InstanceIds=[cloud.a])["InstanceSet"] == []
    assert cloud.eni_a not in cloud.region.network_interfaces
    assert cloud.region.holder_of(cloud.vpc, "10.0.1.10") is None
    assert cloud.describe_eni(eni)["Attachment"] is None
    assert cloud.describe_eip(stays)["AddressStatus"] == "BIND_ENI"
    assert cloud.describe_eip(goes)["AddressStatus"] == "UNBIND"
    cloud.attach(eni, cloud.b)


def test_crash_is_invisible_to_the_api_until_somebody_tells(cloud: Cloud) -> None:
    assert state(cloud, cloud.a) == "RUNNING"
    cloud.region.instance_power(cloud.a, "STOPPED")
    assert state(cloud, cloud.a) == "STOPPED"
    cloud.region.instance_power(cloud.a, "RUNNING")
    assert state(cloud, cloud.a) == "RUNNING"


def test_observed_power_does_not_disturb_a_running_task(cloud: Cloud) -> None:
    task = cloud.begin("StopInstances", InstanceIds=[cloud.a])
    cloud.region.instance_power(cloud.a, "RUNNING")
    assert state(cloud, cloud.a) == "STOPPING"
    cloud.commit(task)
    assert state(cloud, cloud.a) == "STOPPED"


@pytest.mark.parametrize("word", ["STOPPING", "BROKEN"])
def test_only_running_and_stopped_can_be_observed(cloud: Cloud, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        cloud.region.instance_power(cloud.a, word)


def change(cloud: Cloud, subnet: str, *addresses: str) -> dict[str, object]:
    network: dict[str, object] = {"VpcId": cloud.vpc, "SubnetId": subnet}
    if addresses:
        network["PrivateIpAddresses"] = list(addresses)
    return {"InstanceIds": [cloud.a], "VirtualPrivateCloud": network}


def test_primary_address_can_be_changed_and_keeps_its_eip(cloud: Cloud) -> None:
    cloud.assign(cloud.eni_a, "10.0.1.100")
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    task = cloud.begin("ModifyInstancesVpcAttribute", **change(cloud, cloud.subnet, "10.0.1.77"))
    assert cloud.region.holder_of(cloud.vpc, "10.0.1.77") is None
    assert cloud.instance_of("10.0.1.10") == cloud.a
    assert cloud.refused("AssignPrivateIpAddresses", **assign(cloud.eni_b, "10.0.1.77")) == "ResourceInUse"
    cloud.commit(task)
    assert list(cloud.addresses(cloud.eni_a)) == ["10.0.1.77", "10.0.1.100"]
    assert cloud.describe_eip(eip)["PrivateAddressIp"] == "10.0.1.77"
    assert cloud.region.holder_of(cloud.vpc, "10.0.1.10") is None


def assign(eni: str, address: str) -> dict[str, object]:
    return {"NetworkInterfaceId": eni, "PrivateIpAddresses": [{"PrivateIpAddress": address}]}


def test_primary_eni_can_go_to_another_subnet_of_its_zone(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip()
    cloud.region.announce(vip, cloud.eni_a, now_ns=0)
    cloud.do("ModifyInstancesVpcAttribute", **change(cloud, cloud.second))
    view = cloud.describe_instance(cloud.a)
    assert view["PrivateIpAddresses"] == ["10.0.2.2"]
    assert view["VirtualPrivateCloud"]["SubnetId"] == cloud.second
    assert cloud.describe_eni(cloud.eni_a)["SubnetId"] == cloud.second
    assert cloud.describe_ha_vip(vip)["State"] == "UNBIND"


def test_bandwidth_of_instances(cloud: Cloud) -> None:
    wanted = {"InternetMaxBandwidthOut": 9, "PublicIpAssigned": True}
    cloud.do("ResetInstancesInternetMaxBandwidth", InstanceIds=[cloud.a], InternetAccessible=wanted)
    view = cloud.describe_instance(cloud.a)
    assert view["InternetAccessible"] == wanted
    assert view["PublicIpAddresses"] == ["198.18.0.1"]
    cloud.do(
        "ResetInstancesInternetMaxBandwidth", InstanceIds=[cloud.a], InternetAccessible={"InternetMaxBandwidthOut": 2}
    )
    assert cloud.describe_instance(cloud.a)["InternetAccessible"]["InternetMaxBandwidthOut"] == 2


def test_public_addresses_of_an_instance_are_those_of_all_its_enis(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni("10.0.1.50"), cloud.a)
    cloud.bind(cloud.make_eip(), eni, "10.0.1.50")
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    view = cloud.describe_instance(cloud.a)
    assert view["PrivateIpAddresses"] == ["10.0.1.10", "10.0.1.50"]
    assert view["PublicIpAddresses"] == ["198.18.0.2", "198.18.0.1"]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("zone", "ap-guangzhou-2", ["c"]),
        ("instance-state", "STOPPED", ["b"]),
        ("private-ip-address", "10.0.1.10", ["a"]),
        ("public-ip-address", "198.18.0.1", ["a"]),
        ("security-group-id", "<other>", ["c"]),
        ("subnet-id", "<subnet>", ["a", "b"]),
        ("instance-name", "unnamed", ["a", "b", "c"]),
    ],
)
def test_filters(cloud: Cloud, name: str, value: str, found: list[str]) -> None:
    other = cloud.make_group()
    cloud.do("AssociateSecurityGroups", SecurityGroupIds=[other], InstanceIds=[cloud.c])
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.do("StopInstances", InstanceIds=[cloud.b])
    names = {cloud.a: "a", cloud.b: "b", cloud.c: "c"}
    value = {"<other>": other, "<subnet>": cloud.subnet}.get(value, value)
    reply = cloud.do("DescribeInstances", Filters=[{"Name": name, "Values": [value]}])
    assert [names[item["InstanceId"]] for item in reply["InstanceSet"]] == found
