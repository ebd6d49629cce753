"""ENIs: their life, and what attaching, detaching, migrating and deleting does to what they have."""

from __future__ import annotations

import pytest

from tests.unit.cloud_topology import Cloud


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def states(cloud: Cloud, eni: str) -> tuple[str, str, str | None]:
    view = cloud.describe_eni(eni)
    attachment = view["Attachment"]
    return view["State"], view["NetworkInterfaceState"], attachment["InstanceId"] if attachment else None


def test_new_eni_is_pending_then_available(cloud: Cloud) -> None:
    task = cloud.begin("CreateNetworkInterface", **cloud.eni_parameters("10.0.1.50"))
    eni = task.network_interface_id
    assert states(cloud, eni) == ("PENDING", "PENDING", None)
    assert cloud.addresses(eni) == {"10.0.1.50": "PENDING"}
    cloud.commit(task)
    assert states(cloud, eni) == ("AVAILABLE", "AVAILABLE", None)
    assert cloud.addresses(eni) == {"10.0.1.50": "AVAILABLE"}


def test_create_answers_with_the_eni_and_its_addresses_at_once(cloud: Cloud) -> None:
    reply = cloud.region.call("CreateNetworkInterface", cloud.eni_parameters("10.0.1.50"), now_ns=0)
    view = reply.response["NetworkInterface"]
    assert view["State"] == "PENDING"
    assert [item["PrivateIpAddress"] for item in view["PrivateIpAddressSet"]] == ["10.0.1.50"]


def test_primary_address_is_chosen_by_the_cloud_when_the_caller_does_not(cloud: Cloud) -> None:
    eni = cloud.make_eni(
        PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.50", "Primary": "false"}], SecondaryPrivateIpAddressCount=1
    )
    view = cloud.describe_eni(eni)["PrivateIpAddressSet"]
    assert [(item["PrivateIpAddress"], item["Primary"]) for item in view] == [
        ("10.0.1.2", True),
        ("10.0.1.50", False),
        ("10.0.1.3", False),
    ]


def test_attaching_goes_through_attaching(cloud: Cloud) -> None:
    eni = cloud.make_eni()
    task = cloud.begin("AttachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
    assert states(cloud, eni) == ("ATTACHING", "ATTACHING", None)
    cloud.commit(task)
    assert states(cloud, eni) == ("AVAILABLE", "INUSE", cloud.a)
    assert cloud.describe_eni(eni)["Attachment"]["DeviceIndex"] == 1


def test_detaching_keeps_the_instance_until_it_commits(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    task = cloud.begin("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
    assert states(cloud, eni) == ("DETACHING", "DETACHING", cloud.a)
    cloud.commit(task)
    assert states(cloud, eni) == ("AVAILABLE", "AVAILABLE", None)


def test_migrating_keeps_the_source_until_it_commits(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni("10.0.1.50"), cloud.a)
    task = cloud.begin(
        "MigrateNetworkInterface", NetworkInterfaceId=eni, SourceInstanceId=cloud.a, DestinationInstanceId=cloud.b
    )
    assert states(cloud, eni) == ("DETACHING", "DETACHING", cloud.a)
    assert cloud.instance_of("10.0.1.50") == cloud.a
    cloud.commit(task)
    assert states(cloud, eni) == ("AVAILABLE", "INUSE", cloud.b)
    assert cloud.instance_of("10.0.1.50") == cloud.b


def test_addresses_mac_and_security_groups_stay_with_the_eni(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni("10.0.1.50", "10.0.1.51"), cloud.a)
    before = cloud.describe_eni(eni)
    cloud.do("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
    cloud.attach(eni, cloud.b)
    after = cloud.describe_eni(eni)
    for field in ("MacAddress", "PrivateIpAddressSet", "GroupSet", "SubnetId"):
        assert after[field] == before[field]
    assert after["Attachment"]["InstanceId"] == cloud.b


def test_eip_of_a_detached_eni_is_bind_eni_and_works_again_after_attaching(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni("10.0.1.50"), cloud.a)
    eip = cloud.bind(cloud.make_eip(), eni, "10.0.1.50")
    assert cloud.describe_eip(eip)["AddressStatus"] == "BIND"
    cloud.do("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
    view = cloud.describe_eip(eip)
    assert (view["AddressStatus"], view["InstanceId"], view["NetworkInterfaceId"]) == ("BIND_ENI", None, eni)
    cloud.attach(eni, cloud.b)
    view = cloud.describe_eip(eip)
    assert (view["AddressStatus"], view["InstanceId"]) == ("BIND", cloud.b)


def test_deleting_an_eni_frees_its_addresses_and_unbinds_its_eip(cloud: Cloud) -> None:
    eni = cloud.make_eni("10.0.1.50")
    eip = cloud.bind(cloud.make_eip(), eni, "10.0.1.50")
    task = cloud.begin("DeleteNetworkInterface", NetworkInterfaceId=eni)
    assert states(cloud, eni)[0] == "DELETING"
    cloud.commit(task)
    assert eni not in cloud.region.network_interfaces
    assert cloud.describe_eip(eip)["AddressStatus"] == "UNBIND"
    cloud.make_eni("10.0.1.50")


def test_device_indices_are_the_lowest_that_are_free(cloud: Cloud) -> None:
    large = cloud.make_instance(InstanceType="S5.LARGE8")
    first, second, third = (cloud.attach(cloud.make_eni(), large) for _ in range(3))
    cloud.do("DetachNetworkInterface", NetworkInterfaceId=first, InstanceId=large)
    fourth = cloud.attach(cloud.make_eni(), large)
    indices = {eni: cloud.describe_eni(eni)["Attachment"]["DeviceIndex"] for eni in (second, third, fourth)}
    assert indices == {second: 2, third: 3, fourth: 1}


def test_two_enis_that_arrive_together_get_different_indices(cloud: Cloud) -> None:
    large = cloud.make_instance(InstanceType="S5.LARGE8")
    tasks = [
        cloud.begin("AttachNetworkInterface", NetworkInterfaceId=cloud.make_eni(), InstanceId=large) for _ in range(2)
    ]
    assert [task.device_index for task in tasks] == [1, 2]


def test_enis_of_another_subnet_may_be_attached(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(subnet=cloud.second), cloud.a)
    assert states(cloud, eni)[2] == cloud.a


def test_eni_may_be_attached_to_a_stopped_instance(cloud: Cloud) -> None:
    cloud.do("StopInstances", InstanceIds=[cloud.a])
    assert states(cloud, cloud.attach(cloud.make_eni(), cloud.a))[2] == cloud.a


def test_eni_may_leave_a_crashed_instance_that_the_cloud_thinks_running(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    assert cloud.describe_instance(cloud.a)["InstanceState"] == "RUNNING"
    cloud.do("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
    assert states(cloud, eni)[2] is None


def test_create_and_attach_is_one_task(cloud: Cloud) -> None:
    task = cloud.begin("CreateAndAttachNetworkInterface", InstanceId=cloud.a, **cloud.eni_parameters("10.0.1.50"))
    assert states(cloud, task.network_interface_id) == ("PENDING", "PENDING", None)
    cloud.commit(task)
    assert states(cloud, task.network_interface_id) == ("AVAILABLE", "INUSE", cloud.a)
    assert cloud.instance_of("10.0.1.50") == cloud.a


def test_attributes_can_be_changed(cloud: Cloud) -> None:
    other = cloud.make_group()
    eni = cloud.make_eni()
    cloud.do(
        "ModifyNetworkInterfaceAttribute",
        NetworkInterfaceId=eni,
        NetworkInterfaceName="vip",
        NetworkInterfaceDescription="moves",
        SecurityGroupIds=[other, cloud.group],
        TrunkingFlag="Enable",
    )
    cloud.do("ModifyNetworkInterfaceQos", NetworkInterfaceIds=[eni], QosLevel="PT")
    view = cloud.describe_eni(eni)
    assert (view["NetworkInterfaceName"], view["NetworkInterfaceDescription"]) == ("vip", "moves")
    assert (view["GroupSet"], view["EniType"], view["QosLevel"]) == ([other, cloud.group], 2, "PT")


def test_mac_addresses_are_unique(cloud: Cloud) -> None:
    for _ in range(20):
        cloud.make_eni()
    macs = [item.mac_address for item in cloud.region.network_interfaces.values()]
    assert len(set(macs)) == len(macs) == 23


def test_limits_are_those_of_the_instance_or_of_an_unattached_eni(cloud: Cloud) -> None:
    of_instance = cloud.do("DescribeNetworkInterfaceLimit", InstanceId=cloud.a)
    assert (of_instance["EniQuantity"], of_instance["EniPrivateIpAddressQuantity"]) == (2, 10)
    of_eni = cloud.do("DescribeNetworkInterfaceLimit", InstanceId=cloud.make_eni())
    assert of_eni["EniPrivateIpAddressQuantity"] == 10


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"address-ip": ["1.10"]}, ["a"]),
        ({"address-ip": ["10.0.1.10", "10.0.1.1"]}, ["a"]),
        ({"address-ip": ["1.10"], "ip-exact-match": ["false", "true"]}, ["a"]),
        ({"address-ip": ["1.10"], "ip-exact-match": ["true"]}, []),
        ({"address-ip": ["10.0.1.10"], "ip-exact-match": ["True"]}, ["a"]),
        ({"address-ip": [], "ip-exact-match": ["true"]}, []),
        ({"ip-exact-match": ["true"], "subnet-id": ["<subnet>"], "is-primary": ["true"]}, ["a", "b"]),
        ({"is-primary": ["true"], "subnet-id": ["<subnet>"]}, ["a", "b"]),
        ({"attachment.instance-id": ["<a>"]}, ["a", "floating"]),
        ({"groups.security-group-id": ["<group>"], "eni-type": ["0"]}, ["floating"]),
        ({"tag:role": ["vip"]}, ["floating"]),
        ({"tag-key": ["role"]}, ["floating"]),
        ({"network-interface-name": ["floating"], "vpc-id": ["<vpc>"]}, ["floating"]),
        ({"vpc-id": ["<other_vpc>"]}, []),
        ({"public-address-ip": ["198.18.0.1"]}, ["floating"]),
        ({"public-address-ip": ["198.18.0.9"]}, []),
        ({"address-ipv6": ["::1"]}, []),
        ({"termination-protection": ["true"]}, ["floating"]),
    ],
)
def test_filters(cloud: Cloud, filters: dict[str, list[str]], found: list[str]) -> None:
    tags = [{"Key": "role", "Value": "vip"}]
    eni = cloud.attach(cloud.make_eni("10.0.1.101", Tags=tags, TerminationProtection=True), cloud.a)
    cloud.bind(cloud.make_eip(), eni, "10.0.1.101")
    names = {cloud.eni_a: "a", cloud.eni_b: "b", cloud.eni_c: "c", eni: "floating"}
    asked = [
        {"Name": name, "Values": [getattr(cloud, value[1:-1]) if value[0] == "<" else value for value in values]}
        for name, values in filters.items()
    ]
    reply = cloud.do("DescribeNetworkInterfaces", Filters=asked)
    assert [names[item["NetworkInterfaceId"]] for item in reply["NetworkInterfaceSet"]] == found
    assert reply["TotalCount"] == len(found)


def test_two_filters_of_one_name_have_to_match_both(cloud: Cloud) -> None:
    asked = [{"Name": "address-ip", "Values": values} for values in (["10.0.1.10", "10.0.1.11"], ["10.0.1.11"])]
    (found,) = cloud.do("DescribeNetworkInterfaces", Filters=asked)["NetworkInterfaceSet"]
    assert found["NetworkInterfaceId"] == cloud.eni_b
    none = [{"Name": "address-ip", "Values": [address]} for address in ("10.0.1.10", "10.0.1.11")]
    assert cloud.do("DescribeNetworkInterfaces", Filters=none)["TotalCount"] == 0


def test_an_address_is_no_value_of_the_filter_that_makes_addresses_exact(cloud: Cloud) -> None:
    asked = [{"Name": "ip-exact-match", "Values": ["10.0.1.10"]}]
    assert cloud.refused("DescribeNetworkInterfaces", Filters=asked) == "InvalidParameter"


def test_paging(cloud: Cloud) -> None:
    for _ in range(30):
        cloud.make_eni()
    first = cloud.do("DescribeNetworkInterfaces")
    assert (first["TotalCount"], len(first["NetworkInterfaceSet"])) == (33, 20)
    rest = cloud.do("DescribeNetworkInterfaces", Offset=20, Limit="100")
    assert len(rest["NetworkInterfaceSet"]) == 13
