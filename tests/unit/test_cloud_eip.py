"""EIPs: their states, quotas, and that one that moves is unbound first."""

from __future__ import annotations

import pytest

from hasim.cloud import Limits
from hasim.cloud.limits import public_addresses_per_instance
from tests.unit.cloud_topology import Cloud

DAY_NS = 86_400 * 10**9


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def status(cloud: Cloud, eip: str) -> str:
    return str(cloud.describe_eip(eip)["AddressStatus"])


def test_allocated_eip_is_creating_then_unbind(cloud: Cloud) -> None:
    task = cloud.begin("AllocateAddresses", AddressCount=2, AddressName="front")
    assert [status(cloud, eip) for eip in task.address_ids] == ["CREATING", "CREATING"]
    cloud.commit(task)
    assert [status(cloud, eip) for eip in task.address_ids] == ["UNBIND", "UNBIND"]
    addresses = {cloud.describe_eip(eip)["AddressIp"] for eip in task.address_ids}
    assert addresses == {"198.18.0.1", "198.18.0.2"}


def test_associating_goes_through_binding(cloud: Cloud) -> None:
    eip = cloud.make_eip()
    task = cloud.begin("AssociateAddress", AddressId=eip, InstanceId=cloud.a)
    assert status(cloud, eip) == "BINDING"
    assert cloud.region.holder_of_eip(eip) is None
    cloud.commit(task)
    view = cloud.describe_eip(eip)
    assert (view["AddressStatus"], view["InstanceId"], view["PrivateAddressIp"]) == ("BIND", cloud.a, "10.0.1.10")


def test_moving_an_eip_takes_disassociate_wait_and_associate(cloud: Cloud) -> None:
    eip = cloud.make_eip()
    to_a = {"AddressId": eip, "InstanceId": cloud.a}
    to_c = {"AddressId": eip, "InstanceId": cloud.c}
    cloud.do("AssociateAddress", **to_a)
    assert cloud.refused("AssociateAddress", **to_c) == "UnsupportedOperation.AddressStatusNotPermit"
    task = cloud.begin("DisassociateAddress", AddressId=eip)
    assert status(cloud, eip) == "UNBINDING"
    assert cloud.refused("AssociateAddress", **to_c) == "OperationDenied.MutexTaskRunning"
    cloud.commit(task)
    assert status(cloud, eip) == "UNBIND"
    cloud.do("AssociateAddress", **to_c)
    holder = cloud.region.holder_of_eip(eip)
    assert holder is not None
    assert holder.instance_id == cloud.c


def test_eip_that_is_unbinding_still_reaches_its_instance(cloud: Cloud) -> None:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.begin("DisassociateAddress", AddressId=eip)
    holder = cloud.region.holder_of_eip(eip)
    assert holder is not None
    assert holder.instance_id == cloud.a


def test_releasing_goes_through_offlining(cloud: Cloud) -> None:
    eip = cloud.make_eip()
    task = cloud.begin("ReleaseAddresses", AddressIds=[eip])
    assert status(cloud, eip) == "OFFLINING"
    cloud.commit(task)
    assert cloud.do("DescribeAddresses", AddressIds=[eip])["AddressSet"] == []
    assert cloud.region.holder_of_eip(eip) is None


def test_eip_of_an_unattached_eni_is_bind_eni(cloud: Cloud) -> None:
    eip = cloud.bind(cloud.make_eip(), cloud.make_eni("10.0.1.50"), "10.0.1.50")
    assert status(cloud, eip) == "BIND_ENI"
    cloud.do("DisassociateAddress", AddressId=eip)
    assert status(cloud, eip) == "UNBIND"


def test_failed_disassociation_of_an_unattached_eni_is_bind_eni_again(cloud: Cloud) -> None:
    eip = cloud.bind(cloud.make_eip(), cloud.make_eni("10.0.1.50"), "10.0.1.50")
    cloud.fail(cloud.begin("DisassociateAddress", AddressId=eip))
    assert status(cloud, eip) == "BIND_ENI"


def test_ordinary_address_may_be_given_back_in_exchange(cloud: Cloud) -> None:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.do("DisassociateAddress", AddressId=eip, ReallocateNormalPublicIp=True)
    (ordinary,) = cloud.describe_instance(cloud.a)["PublicIpAddresses"]
    assert ordinary == "198.18.0.2"
    assert cloud.describe_eni(cloud.eni_a)["PrivateIpAddressSet"][0]["PublicIpAddress"] == ordinary


def test_transformed_address_is_the_same_and_bound(cloud: Cloud) -> None:
    instance = cloud.make_instance(InternetAccessible={"PublicIpAssigned": True, "InternetMaxBandwidthOut": 7})
    (ordinary,) = cloud.describe_instance(instance)["PublicIpAddresses"]
    eip = cloud.do("TransformAddress", InstanceId=instance)["AddressId"]
    view = cloud.describe_eip(eip)
    assert (view["AddressIp"], view["AddressStatus"], view["InstanceId"]) == (ordinary, "BIND", instance)
    assert view["Bandwidth"] == 7
    assert cloud.describe_instance(instance)["InternetAccessible"]["PublicIpAssigned"] is False


def test_lifted_flags_let_an_eip_be_bound(cloud: Cloud) -> None:
    eip = cloud.make_eip()
    cloud.region.flag_eip(eip, is_arrears=True, is_blocked=True)
    assert cloud.describe_eip(eip)["IsBlocked"] is True
    cloud.region.flag_eip(eip, is_arrears=False)
    assert cloud.describe_eip(eip)["IsArrears"] is False
    cloud.region.flag_eip(eip, is_blocked=False)
    cloud.bind(eip, cloud.eni_a, "10.0.1.10")
    assert status(cloud, eip) == "BIND"


def test_blocked_eip_is_shown_at_the_private_address(cloud: Cloud) -> None:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.region.flag_eip(eip, is_blocked=True)
    assert cloud.describe_eni(cloud.eni_a)["PrivateIpAddressSet"][0]["IsWanIpBlocked"] is True


def test_daily_quota_is_new_every_day() -> None:
    cloud = Cloud(Limits(eips=1, address_daily_factor=1))
    cloud.now_ns = 5 * DAY_NS - 1
    cloud.do("ReleaseAddresses", AddressIds=[cloud.make_eip()])
    assert cloud.refused("AllocateAddresses") == "AddressQuotaLimitExceeded.DailyAllocate"
    cloud.now_ns = 5 * DAY_NS
    cloud.make_eip()


def test_quota_is_described(cloud: Cloud) -> None:
    cloud.do("ReleaseAddresses", AddressIds=[cloud.make_eip()])
    cloud.make_eip()
    quota = {item["QuotaId"]: item for item in cloud.do("DescribeAddressQuota")["QuotaSet"]}
    assert (quota["TOTAL_EIP_QUOTA"]["QuotaCurrent"], quota["TOTAL_EIP_QUOTA"]["QuotaLimit"]) == (1, 20)
    assert (quota["DAILY_EIP_APPLY"]["QuotaCurrent"], quota["DAILY_EIP_APPLY"]["QuotaLimit"]) == (2, 40)
    assert quota["DAILY_PUBLIC_IP_ASSIGN"]["QuotaLimit"] == 10


@pytest.mark.parametrize(
    ("cpu", "most"),
    [
        (1, 2),
        (5, 2),
        (6, 3),
        (11, 3),
        (12, 4),
        (18, 5),
        (24, 6),
        (30, 7),
        (36, 8),
        (42, 9),
        (47, 9),
        (48, 10),
        (96, 10),
    ],
)
def test_public_addresses_per_instance(cpu: int, most: int) -> None:
    assert public_addresses_per_instance(cpu) == most


def test_name_and_direct_connection_can_be_changed(cloud: Cloud) -> None:
    eip = cloud.make_eip()
    cloud.do("ModifyAddressAttribute", AddressId=eip, AddressName="front", EipDirectConnection="TRUE")
    view = cloud.describe_eip(eip)
    assert (view["AddressName"], view["IsEipDirectConnection"]) == ("front", True)


@pytest.mark.parametrize("name", ["front-1_B", "前端", "x" * 128])
def test_a_name_has_up_to_128_letters_digits_hyphens_and_underscores(cloud: Cloud, name: str) -> None:
    eip = cloud.make_eip()
    cloud.do("ModifyAddressAttribute", AddressId=eip, AddressName=name)
    assert cloud.describe_eip(eip)["AddressName"] == name


def test_direct_connection_of_a_binding_comes_with_its_commit(cloud: Cloud) -> None:
    eip = cloud.make_eip()
    task = cloud.begin("AssociateAddress", AddressId=eip, InstanceId=cloud.a, EipDirectConnection=True)
    assert cloud.describe_eip(eip)["IsEipDirectConnection"] is False
    cloud.commit(task)
    assert cloud.describe_eip(eip)["IsEipDirectConnection"] is True


def test_filters_narrow_what_identifiers_choose(cloud: Cloud) -> None:
    bound, free = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10"), cloud.make_eip()
    cloud.make_eip()
    unbound = [{"Name": "address-status", "Values": ["UNBIND"]}]
    reply = cloud.do("DescribeAddresses", AddressIds=[bound, free], Filters=unbound)
    assert [item["AddressId"] for item in reply["AddressSet"]] == [free]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("address-status", "BIND", ["bound", "floating"]),
        ("address-status", "UNBIND", ["free"]),
        ("instance-id", "<a>", ["bound"]),
        ("network-interface-id", "<eni_a>", ["bound"]),
        ("private-ip-address", "10.0.1.10", ["bound"]),
        ("private-ip-address", "10.0.1.100", ["floating"]),
        ("address-ip", "198.18.0.2", ["free"]),
        ("instance-type", "CVM", ["bound"]),
        ("instance-type", "HAVIP", ["floating"]),
        ("is-arrears", "true", ["free"]),
        ("tag:role", "front", ["free"]),
    ],
)
def test_filters(cloud: Cloud, name: str, value: str, found: list[str]) -> None:
    bound = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    (free,) = cloud.do("AllocateAddresses", Tags=[{"Key": "role", "Value": "front"}])["AddressSet"]
    cloud.region.flag_eip(free, is_arrears=True)
    floating = cloud.make_eip()
    vip = cloud.make_ha_vip("10.0.1.100")
    cloud.do("HaVipAssociateAddressIp", HaVipId=vip, AddressIp=cloud.describe_eip(floating)["AddressIp"])
    names = {bound: "bound", free: "free", floating: "floating"}
    value = getattr(cloud, value[1:-1]) if value[0] == "<" else value
    reply = cloud.do("DescribeAddresses", Filters=[{"Name": name, "Values": [value]}])
    assert [names[item["AddressId"]] for item in reply["AddressSet"]] == found
