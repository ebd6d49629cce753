"""Refusals about HAVIPs."""

from __future__ import annotations

from typing import Any

from hasim.cloud import Limits
from tests.unit.cloud_refusals.attachments import on_a
from tests.unit.cloud_refusals.table import (
    MISMATCH,
    MUTEX,
    NOT_FOUND,
    RANGE,
    RESERVED,
    SAME_TAGS,
    UNSUPPORTED,
    VALUE,
    Scene,
    case,
    simple,
)
from tests.unit.cloud_topology import ABSENT, Cloud

CREATE_HA_VIP = "CreateHaVip"
BIND_HA_VIP, UNBIND_HA_VIP = "HaVipAssociateAddressIp", "HaVipDisassociateAddressIp"
JOIN, LEAVE = "AssociateHaVipInstance", "DisassociateHaVipInstance"
NO_SUBNET = "UnsupportedOperation.SubnetNotExists"


def ha_vip(**more: Any) -> Scene:
    return lambda cloud: {"VpcId": cloud.vpc, "HaVipName": "vip", "SubnetId": cloud.subnet} | more


case(CREATE_HA_VIP, NOT_FOUND)(ha_vip(VpcId=ABSENT["vpc"]))
case(CREATE_HA_VIP, NOT_FOUND)(ha_vip(NetworkInterfaceId=ABSENT["eni"]))
case(CREATE_HA_VIP, NO_SUBNET)(ha_vip(SubnetId=ABSENT["subnet"]))
case(CREATE_HA_VIP, NO_SUBNET)(lambda cloud: ha_vip(SubnetId=cloud.elsewhere)(cloud))
case(CREATE_HA_VIP, NO_SUBNET)(ha_vip(SubnetId=None, Vip="10.0.200.1"))
case(CREATE_HA_VIP, RANGE)(ha_vip(Vip="10.0.2.100"))
case(CREATE_HA_VIP, RESERVED)(ha_vip(Vip="10.0.1.255"))
case(CREATE_HA_VIP, "ResourceInUse")(ha_vip(Vip="10.0.1.10"))
case(CREATE_HA_VIP, VALUE)(ha_vip(Tags=SAME_TAGS))
case(CREATE_HA_VIP, "LimitExceeded", Limits(ha_vips_per_vpc=0))(ha_vip())
case(CREATE_HA_VIP, "LimitExceeded", Limits(ha_vip_associations=1))(
    lambda cloud: ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}, {"InstanceId": cloud.b}])(cloud)
)
case(CREATE_HA_VIP, "InvalidParameterValue.Duplicate")(
    lambda cloud: ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}] * 2)(cloud)
)
case(CREATE_HA_VIP, VALUE)(
    lambda cloud: ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a, "InstanceType": "ENI"}])(cloud)
)
case(CREATE_HA_VIP, UNSUPPORTED)(lambda cloud: ha_vip(NetworkInterfaceId=cloud.make_eni())(cloud))
case(CREATE_HA_VIP, UNSUPPORTED)(lambda cloud: ha_vip(NetworkInterfaceId=cloud.eni_c)(cloud))
case(CREATE_HA_VIP, UNSUPPORTED)(lambda cloud: ha_vip(NetworkInterfaceId=cloud.eni_a, CheckAssociate=True)(cloud))
case(CREATE_HA_VIP, UNSUPPORTED)(
    lambda cloud: ha_vip(
        NetworkInterfaceId=cloud.eni_a, CheckAssociate=True, HaVipAssociationSet=[{"InstanceId": cloud.b}]
    )(cloud)
)


@case(CREATE_HA_VIP, "ResourceInsufficient")
def create_a_ha_vip_in_a_full_subnet(cloud: Cloud) -> dict[str, Any]:
    cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=9)
    cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=2)
    return ha_vip(SubnetId=cloud.tiny)(cloud)


@case(CREATE_HA_VIP, VALUE)
def create_a_ha_vip_with_a_used_token(cloud: Cloud) -> dict[str, Any]:
    cloud.do(CREATE_HA_VIP, **ha_vip(ClientToken="once")(cloud))
    return ha_vip(ClientToken="once", HaVipName="another")(cloud)


def bound_ha_vip(cloud: Cloud) -> str:
    vip = cloud.make_ha_vip()
    cloud.do(BIND_HA_VIP, HaVipId=vip, AddressIp=cloud.describe_eip(cloud.make_eip())["AddressIp"])
    return vip


simple("DeleteHaVip", NOT_FOUND, HaVipId=ABSENT["havip"])
case("DeleteHaVip", UNSUPPORTED)(lambda cloud: {"HaVipId": bound_ha_vip(cloud)})


@case("DeleteHaVip", UNSUPPORTED)
def delete_a_ha_vip_twice(cloud: Cloud) -> dict[str, Any]:
    vip = cloud.make_ha_vip()
    cloud.begin("DeleteHaVip", HaVipId=vip)
    return {"HaVipId": vip}


simple("ModifyHaVipAttribute", NOT_FOUND, HaVipId=ABSENT["havip"])
simple(BIND_HA_VIP, NOT_FOUND, HaVipId=ABSENT["havip"], AddressIp="198.18.0.1")
case(BIND_HA_VIP, NOT_FOUND)(lambda cloud: {"HaVipId": cloud.make_ha_vip(), "AddressIp": "198.18.0.99"})


def with_eip(cloud: Cloud, vip: str, eip: str) -> dict[str, Any]:
    return {"HaVipId": vip, "AddressIp": cloud.describe_eip(eip)["AddressIp"]}


case(BIND_HA_VIP, "UnsupportedOperation.BindEIP")(lambda cloud: with_eip(cloud, bound_ha_vip(cloud), cloud.make_eip()))
case(BIND_HA_VIP, "UnsupportedOperation.BindEIP")(
    lambda cloud: with_eip(cloud, cloud.make_ha_vip(), cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10"))
)


@case(BIND_HA_VIP, UNSUPPORTED)
def bind_a_blocked_eip_to_a_ha_vip(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    cloud.region.flag_eip(eip, is_blocked=True)
    return with_eip(cloud, cloud.make_ha_vip(), eip)


@case(BIND_HA_VIP, MUTEX)
def bind_two_eips_to_a_ha_vip_at_once(cloud: Cloud) -> dict[str, Any]:
    vip = cloud.make_ha_vip()
    cloud.begin(BIND_HA_VIP, **with_eip(cloud, vip, cloud.make_eip()))
    return with_eip(cloud, vip, cloud.make_eip())


simple(UNBIND_HA_VIP, NOT_FOUND, HaVipId=ABSENT["havip"])
case(UNBIND_HA_VIP, "UnsupportedOperation.UnbindEIP")(lambda cloud: {"HaVipId": cloud.make_ha_vip()})


@case(UNBIND_HA_VIP, MUTEX)
def unbind_the_eip_of_a_ha_vip_twice(cloud: Cloud) -> dict[str, Any]:
    vip = bound_ha_vip(cloud)
    cloud.begin(UNBIND_HA_VIP, HaVipId=vip)
    return {"HaVipId": vip}


def members(vip: str, *identifiers: str, kind: str | None = None) -> dict[str, Any]:
    return {"HaVipAssociationSet": [{"HaVipId": vip, "InstanceId": item, "InstanceType": kind} for item in identifiers]}


for action in (JOIN, LEAVE):
    case(action, NOT_FOUND)(lambda cloud: members(ABSENT["havip"], cloud.a))
    case(action, NOT_FOUND)(lambda cloud: members(cloud.make_ha_vip(), ABSENT["ins"]))
    case(action, "InvalidParameterValue.Duplicate")(lambda cloud: members(cloud.make_ha_vip(), cloud.a, cloud.a))
    case(action, MISMATCH)(lambda cloud: members(cloud.make_ha_vip(), cloud.a, kind="ENI"))
case(JOIN, VALUE)(lambda cloud: members(cloud.make_ha_vip(), cloud.eni_a))
case(JOIN, VALUE)(lambda cloud: members(cloud.make_ha_vip(), cloud.make_eni()))
case(JOIN, VALUE)(lambda cloud: members(cloud.make_ha_vip(), cloud.make_instance(subnet=cloud.elsewhere)))
case(JOIN, VALUE)(lambda cloud: members(cloud.make_ha_vip(), cloud.b, on_a(cloud)))
case(JOIN, "InvalidParameterValue.DuplicatedHaVipAssociations")(
    lambda cloud: members(cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}]), cloud.a)
)
case(JOIN, "LimitExceeded", Limits(ha_vip_associations=1))(
    lambda cloud: members(cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}]), cloud.b)
)
