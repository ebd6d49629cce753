"""Private addresses: reserved ones, states, moves, and that an address is in one place."""

from __future__ import annotations

import pytest

from tests.unit.cloud_topology import Cloud, specifications

VIP = "10.0.1.100"


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def migrate(cloud: Cloud, source: str, destination: str) -> dict[str, str]:
    return {
        "SourceNetworkInterfaceId": source,
        "DestinationNetworkInterfaceId": destination,
        "PrivateIpAddress": VIP,
    }


def test_assigned_address_is_pending_and_nowhere_until_the_task_commits(cloud: Cloud) -> None:
    task = cloud.begin(
        "AssignPrivateIpAddresses", NetworkInterfaceId=cloud.eni_a, PrivateIpAddresses=specifications(VIP)
    )
    assert cloud.addresses(cloud.eni_a)[VIP] == "PENDING"
    assert cloud.region.holder_of(cloud.vpc, VIP) is None
    cloud.commit(task)
    assert cloud.addresses(cloud.eni_a)[VIP] == "AVAILABLE"
    assert cloud.instance_of(VIP) == cloud.a


def test_assign_answers_with_the_addresses_at_once(cloud: Cloud) -> None:
    reply = cloud.do("AssignPrivateIpAddresses", NetworkInterfaceId=cloud.eni_a, SecondaryPrivateIpAddressCount=2)
    assert [item["PrivateIpAddress"] for item in reply["PrivateIpAddressSet"]] == ["10.0.1.2", "10.0.1.3"]
    assert {item["State"] for item in reply["PrivateIpAddressSet"]} == {"PENDING"}


def test_migrating_address_is_on_the_source_until_the_task_commits(cloud: Cloud) -> None:
    cloud.assign(cloud.eni_a, VIP)
    task = cloud.begin("MigratePrivateIpAddress", **migrate(cloud, cloud.eni_a, cloud.eni_b))
    assert cloud.addresses(cloud.eni_a)[VIP] == "MIGRATING"
    assert cloud.instance_of(VIP) == cloud.a
    cloud.commit(task)
    assert VIP not in cloud.addresses(cloud.eni_a)
    assert cloud.addresses(cloud.eni_b)[VIP] == "AVAILABLE"
    assert cloud.instance_of(VIP) == cloud.b


def test_eip_follows_a_migrated_address(cloud: Cloud) -> None:
    cloud.assign(cloud.eni_a, VIP)
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, VIP)
    cloud.do("MigratePrivateIpAddress", **migrate(cloud, cloud.eni_a, cloud.eni_b))
    view = cloud.describe_eip(eip)
    assert (view["AddressStatus"], view["InstanceId"], view["NetworkInterfaceId"]) == ("BIND", cloud.b, cloud.eni_b)
    holder = cloud.region.holder_of_eip(eip)
    assert holder is not None
    assert holder.instance_id == cloud.b


def test_eip_of_an_address_that_migrates_to_an_unattached_eni_is_bind_eni(cloud: Cloud) -> None:
    cloud.assign(cloud.eni_a, VIP)
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, VIP)
    eni = cloud.make_eni()
    cloud.do("MigratePrivateIpAddress", **migrate(cloud, cloud.eni_a, eni))
    assert cloud.describe_eip(eip)["AddressStatus"] == "BIND_ENI"
    cloud.do("MigratePrivateIpAddress", **migrate(cloud, eni, cloud.eni_b))
    assert cloud.describe_eip(eip)["AddressStatus"] == "BIND"


def test_unassigned_address_is_free_and_its_eip_unbound(cloud: Cloud) -> None:
    cloud.assign(cloud.eni_a, VIP)
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, VIP)
    task = cloud.begin(
        "UnassignPrivateIpAddresses", NetworkInterfaceId=cloud.eni_a, PrivateIpAddresses=specifications(VIP)
    )
    assert cloud.addresses(cloud.eni_a)[VIP] == "DELETING"
    assert cloud.instance_of(VIP) == cloud.a
    cloud.commit(task)
    assert cloud.region.holder_of(cloud.vpc, VIP) is None
    assert cloud.describe_eip(eip)["AddressStatus"] == "UNBIND"
    cloud.assign(cloud.eni_b, VIP)


def test_all_addresses_but_three_of_a_subnet_can_be_used(cloud: Cloud) -> None:
    def available() -> int:
        (view,) = cloud.do("DescribeSubnets", SubnetIds=[cloud.tiny])["SubnetSet"]
        assert view["TotalIpAddressCount"] == 13
        return int(view["AvailableIpAddressCount"])

    assert available() == 13
    first = cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=9)
    second = cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=2)
    assert available() == 0
    used = {**cloud.addresses(first), **cloud.addresses(second)}
    assert used.keys() == {f"10.0.9.{number}" for number in range(2, 15)}


def test_specification_limits_the_addresses_of_an_eni(cloud: Cloud) -> None:
    assign = {"NetworkInterfaceId": cloud.eni_a, "SecondaryPrivateIpAddressCount": 9}
    cloud.do("AssignPrivateIpAddresses", **assign)
    assert len(cloud.addresses(cloud.eni_a)) == 10
    assert (
        cloud.refused("AssignPrivateIpAddresses", **assign | {"SecondaryPrivateIpAddressCount": 1}) == "LimitExceeded"
    )


def test_the_same_address_may_be_used_in_two_vpcs(cloud: Cloud) -> None:
    twin = cloud.do("CreateVpc", VpcName="twin", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    eni = cloud.make_eni("10.0.1.10", subnet=cloud.make_subnet("10.0.1.0/24", vpc=twin))
    holder = cloud.region.holder_of(twin, "10.0.1.10")
    assert holder is not None
    assert (holder.network_interface_id, holder.instance_id) == (eni, None)
    assert cloud.instance_of("10.0.1.10") == cloud.a


def test_description_and_quality_of_an_address_can_be_changed(cloud: Cloud) -> None:
    changed = [{"PrivateIpAddress": "10.0.1.10", "Description": "front", "QosLevel": "AU"}]
    cloud.do("ModifyPrivateIpAddressesAttribute", NetworkInterfaceId=cloud.eni_a, PrivateIpAddresses=changed)
    (view,) = cloud.describe_eni(cloud.eni_a)["PrivateIpAddressSet"]
    assert (view["Description"], view["QosLevel"]) == ("front", "AU")


def test_who_uses_an_address_is_told(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip("10.0.1.200")
    reply = cloud.do("DescribeUsedIpAddress", VpcId=cloud.vpc, SubnetId=cloud.subnet)
    assert [(item["IpAddress"], item["ResourceType"], item["ResourceId"]) for item in reply["IpAddressStates"]] == [
        ("10.0.1.10", "ENI", cloud.eni_a),
        ("10.0.1.11", "ENI", cloud.eni_b),
        ("10.0.1.200", "HAVIP", vip),
    ]
    one = cloud.do("DescribeUsedIpAddress", VpcId=cloud.vpc, IpAddresses=["10.0.1.11", "10.0.1.12"])
    assert [item["ResourceId"] for item in one["IpAddressStates"]] == [cloud.eni_b]
    filtered = cloud.do(
        "DescribeUsedIpAddress", VpcId=cloud.vpc, Filters=[{"Name": "resource-id", "Values": [cloud.eni_c]}]
    )
    assert [item["IpAddress"] for item in filtered["IpAddressStates"]] == ["10.0.3.10"]


def test_details_of_used_addresses_are_told_and_free_ones_left_out(cloud: Cloud) -> None:
    cloud.make_ha_vip("10.0.1.200")
    reply = cloud.do(
        "DescribeVpcPrivateIpAddresses", VpcId=cloud.vpc, PrivateIpAddresses=["10.0.3.10", "10.0.1.200", "10.0.1.9"]
    )
    found = [
        (item["PrivateIpAddress"], item["CidrBlock"], item["PrivateIpAddressType"])
        for item in reply["VpcPrivateIpAddressSet"]
    ]
    assert found == [("10.0.3.10", "10.0.3.0/24", "ENI"), ("10.0.1.200", "10.0.1.0/24", "HAVIP")]


def test_an_address_that_is_kept_for_another_subnet_is_reported_there(cloud: Cloud) -> None:
    cloud.now_ns = 5 * 10**9
    network = {"VpcId": cloud.vpc, "SubnetId": cloud.second, "PrivateIpAddresses": ["10.0.2.50"]}
    task = cloud.begin("ModifyInstancesVpcAttribute", InstanceIds=[cloud.a], VirtualPrivateCloud=network)
    for at_s in (6, 7):
        cloud.now_ns = at_s * 10**9
        used = cloud.do("DescribeUsedIpAddress", VpcId=cloud.vpc, SubnetId=cloud.second)["IpAddressStates"]
        assert [(item["IpAddress"], item["ResourceId"]) for item in used] == [("10.0.2.50", cloud.eni_a)]
        assert details(cloud, "10.0.2.50") == ("10.0.2.0/24", "1970-01-01 00:00:05")
        if at_s == 6:
            cloud.commit(task)


def test_an_address_is_as_old_as_its_own_application(cloud: Cloud) -> None:
    cloud.now_ns = 5 * 10**9
    cloud.assign(cloud.eni_a, "10.0.1.100")
    cloud.now_ns = 6 * 10**9
    cloud.do("MigratePrivateIpAddress", **migrate(cloud, cloud.eni_a, cloud.eni_b))
    assert details(cloud, "10.0.1.10") == ("10.0.1.0/24", "1970-01-01 00:00:00")
    assert details(cloud, "10.0.1.100") == ("10.0.1.0/24", "1970-01-01 00:00:05")


def details(cloud: Cloud, address: str) -> tuple[str, str]:
    """The subnet of a used address and when it was applied for."""
    reply = cloud.do("DescribeVpcPrivateIpAddresses", VpcId=cloud.vpc, PrivateIpAddresses=[address])
    (found,) = reply["VpcPrivateIpAddressSet"]
    return found["CidrBlock"], found["CreatedTime"]
