"""Refusals about EIPs."""

from __future__ import annotations

from typing import Any

from hasim.cloud import Limits
from tests.unit.cloud_refusals.attachments import ATTACH, attach
from tests.unit.cloud_refusals.private_ips import MOVE, move, with_floating_address
from tests.unit.cloud_refusals.table import EIP_MUTEX, NO_INSTANCE, SAME_TAGS, VALUE, case, simple
from tests.unit.cloud_topology import ABSENT, Cloud

NO_EIP = "InvalidAddressId.NotFound"
NOT_PERMITTED = "UnsupportedOperation.AddressStatusNotPermit"
NO_ENI = "InvalidNetworkInterfaceId.NotFound"
DAILY = "AddressQuotaLimitExceeded.DailyAllocate"
ASSOCIATE, DISASSOCIATE = "AssociateAddress", "DisassociateAddress"

case("AllocateAddresses", "AddressQuotaLimitExceeded", Limits(eips=1))(lambda cloud: {"AddressCount": 2})
simple("AllocateAddresses", "InvalidParameterValue.InvalidTag", Tags=SAME_TAGS)


@case("AllocateAddresses", DAILY, Limits(eips=1, address_daily_factor=2))
def allocate_a_third_time_in_a_day(cloud: Cloud) -> dict[str, Any]:
    for _ in range(2):
        cloud.do("ReleaseAddresses", AddressIds=[cloud.make_eip()])
    return {}


simple("ReleaseAddresses", NO_EIP, AddressIds=[ABSENT["eip"]])
case("ReleaseAddresses", NOT_PERMITTED)(
    lambda cloud: {"AddressIds": [cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")]}
)
case("ReleaseAddresses", EIP_MUTEX)(lambda cloud: {"AddressIds": list(cloud.begin("AllocateAddresses").address_ids)})
simple("ModifyAddressAttribute", NO_EIP, AddressId=ABSENT["eip"])
case("ModifyAddressAttribute", VALUE)(lambda cloud: {"AddressId": cloud.make_eip(), "AddressName": "the front"})
case("DescribeAddresses", "InvalidParameter")(
    lambda cloud: {"AddressIds": [cloud.make_eip()], "Filters": [{"Name": "address-id", "Values": [ABSENT["eip"]]}]}
)
case("ModifyAddressAttribute", EIP_MUTEX)(lambda cloud: {"AddressId": cloud.begin("AllocateAddresses").address_ids[0]})


def to_address(eip: str, eni: str, address: str) -> dict[str, Any]:
    return {"AddressId": eip, "NetworkInterfaceId": eni, "PrivateIpAddress": address}


def to_instance(eip: str, instance: str, **more: Any) -> dict[str, Any]:
    return {"AddressId": eip, "InstanceId": instance} | more


case(ASSOCIATE, NO_EIP)(lambda cloud: to_instance(ABSENT["eip"], cloud.a))
case(ASSOCIATE, NO_INSTANCE)(lambda cloud: to_instance(cloud.make_eip(), ABSENT["ins"]))
case(ASSOCIATE, NO_ENI)(lambda cloud: to_address(cloud.make_eip(), ABSENT["eni"], "10.0.1.10"))
case(ASSOCIATE, NO_ENI)(lambda cloud: to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.11"))
case(ASSOCIATE, "MissingParameter")(lambda cloud: {"AddressId": cloud.make_eip(), "NetworkInterfaceId": cloud.eni_a})
case(ASSOCIATE, "InvalidParameterValue.Combination")(
    lambda cloud: to_instance(cloud.make_eip(), cloud.a, PrivateIpAddress="10.0.1.10")
)


@case(ASSOCIATE, "InvalidAddressId.Blocked")
def associate_a_blocked_eip(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    cloud.region.flag_eip(eip, is_blocked=True)
    return to_instance(eip, cloud.a)


@case(ASSOCIATE, "OperationDenied.AddressInArrears")
def associate_an_isolated_eip(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    cloud.region.flag_eip(eip, is_arrears=True)
    return to_instance(eip, cloud.a)


@case(ASSOCIATE, NOT_PERMITTED)
def associate_an_eip_that_is_bound(cloud: Cloud) -> dict[str, Any]:
    return to_instance(cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10"), cloud.b)


@case(ASSOCIATE, "InvalidPrivateIpAddress.AlreadyBindEip")
def associate_with_an_address_that_has_an_eip(cloud: Cloud) -> dict[str, Any]:
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    return to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.10")


@case(ASSOCIATE, "InvalidInstanceId.AlreadyBindEip")
def associate_with_an_instance_that_has_an_eip(cloud: Cloud) -> dict[str, Any]:
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    return to_instance(cloud.make_eip(), cloud.a)


@case(ASSOCIATE, "InvalidParameterValue.InstanceHasWanIP")
def associate_with_an_instance_that_has_an_ordinary_address(cloud: Cloud) -> dict[str, Any]:
    public = cloud.make_instance(InternetAccessible={"PublicIpAssigned": True})
    return to_instance(cloud.make_eip(), public)


@case(ASSOCIATE, "InvalidParameterValue.InvalidInstanceState")
def associate_with_an_instance_that_is_stopping(cloud: Cloud) -> dict[str, Any]:
    cloud.begin("StopInstances", InstanceIds=[cloud.a])
    return to_instance(cloud.make_eip(), cloud.a)


@case(ASSOCIATE, "UnsupportedOperation.InstanceStatusNotPermit")
def associate_with_an_instance_that_is_stopped_without_charge(cloud: Cloud) -> dict[str, Any]:
    cloud.do("StopInstances", InstanceIds=[cloud.a], StoppedMode="STOP_CHARGING")
    return to_instance(cloud.make_eip(), cloud.a)


@case(ASSOCIATE, "LimitExceeded.InstanceAddressQuota")
def associate_a_third_eip_with_two_cores(cloud: Cloud) -> dict[str, Any]:
    cloud.assign(cloud.eni_a, "10.0.1.100", "10.0.1.101")
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.begin(ASSOCIATE, **to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.100"))
    return to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.101")


@case(ASSOCIATE, EIP_MUTEX)
def associate_an_eip_that_is_binding(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    cloud.begin(ASSOCIATE, **to_instance(eip, cloud.a))
    return to_instance(eip, cloud.b)


@case(ASSOCIATE, EIP_MUTEX)
def associate_with_an_address_that_gets_another_eip(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(ASSOCIATE, **to_instance(cloud.make_eip(), cloud.a))
    return to_instance(cloud.make_eip(), cloud.a)


@case(ASSOCIATE, EIP_MUTEX)
@with_floating_address
def associate_with_an_address_that_is_migrating(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(MOVE, **move(cloud.eni_a, cloud.eni_b))
    return to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.100")


@case(ASSOCIATE, EIP_MUTEX)
def associate_with_an_eni_that_is_attaching(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni("10.0.1.50")
    cloud.begin(ATTACH, **attach(eni, cloud.a))
    return to_address(cloud.make_eip(), eni, "10.0.1.50")


simple(DISASSOCIATE, NO_EIP, AddressId=ABSENT["eip"])
case(DISASSOCIATE, NOT_PERMITTED)(lambda cloud: {"AddressId": cloud.make_eip()})


@case(DISASSOCIATE, "InvalidParameterValue.ResourceNotSupport")
def disassociate_an_eip_of_a_ha_vip(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    address = cloud.describe_eip(eip)["AddressIp"]
    cloud.do("HaVipAssociateAddressIp", HaVipId=cloud.make_ha_vip(), AddressIp=address)
    return {"AddressId": eip}


@case(DISASSOCIATE, "InvalidParameterValue.OnlySupportedForMasterNetworkCard")
@with_floating_address
def disassociate_a_secondary_address_and_ask_for_an_ordinary_one(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.100")
    return {"AddressId": eip, "ReallocateNormalPublicIp": True}


@case(DISASSOCIATE, DAILY, Limits(ordinary_address_reallocations_per_day=0))
def disassociate_and_ask_for_an_ordinary_address_too_often(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    return {"AddressId": eip, "ReallocateNormalPublicIp": True}


@case(DISASSOCIATE, EIP_MUTEX)
def disassociate_an_eip_that_is_unbinding(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.begin(DISASSOCIATE, AddressId=eip)
    return {"AddressId": eip}


@case(DISASSOCIATE, EIP_MUTEX)
@with_floating_address
def disassociate_an_eip_whose_address_is_migrating(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.100")
    cloud.begin(MOVE, **move(cloud.eni_a, cloud.eni_b))
    return {"AddressId": eip}


def public_instance(cloud: Cloud) -> str:
    return cloud.make_instance(InternetAccessible={"InternetMaxBandwidthOut": 5})


simple("TransformAddress", NO_INSTANCE, InstanceId=ABSENT["ins"])
case("TransformAddress", "InvalidParameterValue.InstanceHasNoWanIP")(lambda cloud: {"InstanceId": cloud.a})
case("TransformAddress", "AddressQuotaLimitExceeded", Limits(eips=0))(
    lambda cloud: {"InstanceId": public_instance(cloud)}
)
case("TransformAddress", DAILY, Limits(address_daily_factor=0))(lambda cloud: {"InstanceId": public_instance(cloud)})


@case("TransformAddress", "InvalidInstanceId.AlreadyBindEip")
def transform_where_an_eip_is_bound(cloud: Cloud) -> dict[str, Any]:
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    return {"InstanceId": cloud.a}


@case("TransformAddress", "InvalidParameterValue.InvalidInstanceState")
def transform_while_the_instance_stops(cloud: Cloud) -> dict[str, Any]:
    instance = public_instance(cloud)
    cloud.begin("StopInstances", InstanceIds=[instance])
    return {"InstanceId": instance}


@case("TransformAddress", EIP_MUTEX)
def transform_twice(cloud: Cloud) -> dict[str, Any]:
    instance = public_instance(cloud)
    cloud.begin("TransformAddress", InstanceId=instance)
    return {"InstanceId": instance}
