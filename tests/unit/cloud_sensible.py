"""Calls that somebody in his right mind would make next, for random walks that get far.

Each entry of :data:`SENSIBLE` makes the parameters of one action from what exists. Nothing promises that the call is
accepted: something may be full, on its way or in the wrong place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from hasim.cloud import Region
from hasim.cloud.entities import EipStatus, HaVip, Instance, InstanceState, NetworkInterface, Subnet
from tests.unit.cloud_topology import ABSENT

__all__ = ["SENSIBLE", "Chooser"]

ItemT = TypeVar("ItemT")
Parameters = Callable[["Region", "Chooser"], dict[str, Any]]


class Chooser(Protocol):
    """Whoever decides."""

    def pick(self, items: Sequence[ItemT]) -> ItemT:
        """One of the items."""

    def chance(self, percent: int) -> bool:
        """Yes in about so many of a hundred cases."""


def interface(
    region: Region, chooser: Chooser, fits: Callable[[NetworkInterface], bool] = lambda item: True
) -> NetworkInterface | None:
    found = [item for item in region.network_interfaces.values() if fits(item)]
    return chooser.pick(found) if found else None


def identifier(item: NetworkInterface | None) -> str:
    return item.network_interface_id if item else ABSENT["eni"]


def instance(region: Region, chooser: Chooser, near: NetworkInterface | None = None) -> str:
    found = [item for item in region.instances.values() if near is None or item.zone == near.zone]
    return chooser.pick(found).instance_id if found else ABSENT["ins"]


def group(region: Region, chooser: Chooser) -> str:
    return chooser.pick(list(region.security_groups) or [ABSENT["sg"]])


def some_subnet(region: Region, chooser: Chooser) -> dict[str, str]:
    found = list(region.subnets.values())
    return place(chooser.pick(found) if found else None)


def place(target: Subnet | Instance | None) -> dict[str, str]:
    """The VPC and subnet of something."""
    if target is None:
        return {"VpcId": ABSENT["vpc"], "SubnetId": ABSENT["subnet"]}
    return {"VpcId": target.vpc_id, "SubnetId": target.subnet_id}


def create(region: Region, chooser: Chooser) -> dict[str, Any]:
    return {
        **some_subnet(region, chooser),
        "NetworkInterfaceName": "floating",
        "SecurityGroupIds": [group(region, chooser)],
        "SecondaryPrivateIpAddressCount": chooser.pick((0, 0, 1, 2)),
    }


def create_and_attach(region: Region, chooser: Chooser) -> dict[str, Any]:
    target = chooser.pick(list(region.instances.values())) if region.instances else None
    return create(region, chooser) | {"InstanceId": target.instance_id if target else ABSENT["ins"]} | place(target)


def attach(region: Region, chooser: Chooser) -> dict[str, Any]:
    item = interface(region, chooser, lambda item: item.instance_id is None)
    return {"NetworkInterfaceId": identifier(item), "InstanceId": instance(region, chooser, item)}


def secondary(item: NetworkInterface) -> bool:
    return not item.primary and item.instance_id is not None


def detach(region: Region, chooser: Chooser) -> dict[str, Any]:
    item = interface(region, chooser, secondary)
    return {"NetworkInterfaceId": identifier(item), "InstanceId": (item and item.instance_id) or ABSENT["ins"]}


def migrate(region: Region, chooser: Chooser) -> dict[str, Any]:
    item = interface(region, chooser, secondary)
    return {
        "NetworkInterfaceId": identifier(item),
        "SourceInstanceId": (item and item.instance_id) or ABSENT["ins"],
        "DestinationInstanceId": instance(region, chooser, item),
    }


def assign(region: Region, chooser: Chooser) -> dict[str, Any]:
    return {"NetworkInterfaceId": identifier(interface(region, chooser)), "SecondaryPrivateIpAddressCount": 1}


def spare(item: NetworkInterface | None) -> str:
    """A secondary address of the ENI, if it has one."""
    found = [] if item is None else [address.address for address in item.addresses.values() if not address.primary]
    return found[0] if found else "10.0.1.100"


def several(item: NetworkInterface) -> bool:
    return len(item.addresses) > 1


def unassign(region: Region, chooser: Chooser) -> dict[str, Any]:
    item = interface(region, chooser, several)
    return {"NetworkInterfaceId": identifier(item), "PrivateIpAddresses": [{"PrivateIpAddress": spare(item)}]}


def move(region: Region, chooser: Chooser) -> dict[str, Any]:
    source = interface(region, chooser, several)
    target = interface(region, chooser, lambda item: source is None or item.subnet_id == source.subnet_id)
    return {
        "SourceNetworkInterfaceId": identifier(source),
        "DestinationNetworkInterfaceId": identifier(target),
        "PrivateIpAddress": spare(source),
    }


def eip(region: Region, chooser: Chooser, *states: EipStatus) -> str:
    found = [item.address_id for item in region.eips.values() if item.status in states]
    return chooser.pick(found) if found else ABSENT["eip"]


def associate(region: Region, chooser: Chooser) -> dict[str, Any]:
    wish = chooser.pick(("any", "secondary", "unattached"))
    item = interface(
        region,
        chooser,
        lambda item: wish == "any" or (not item.primary and (wish == "secondary" or item.instance_id is None)),
    )
    address = chooser.pick(list(item.addresses)) if item else "10.0.1.100"
    free = eip(region, chooser, EipStatus.UNBIND)
    return {"AddressId": free, "NetworkInterfaceId": identifier(item), "PrivateIpAddress": address}


def disassociate(region: Region, chooser: Chooser) -> dict[str, Any]:
    return {"AddressId": eip(region, chooser, chooser.pick((EipStatus.BIND, EipStatus.BIND_ENI)))}


def release(region: Region, chooser: Chooser) -> dict[str, Any]:
    return {"AddressIds": [eip(region, chooser, EipStatus.UNBIND)]}


def transform(region: Region, chooser: Chooser) -> dict[str, Any]:
    found = [item.instance_id for item in region.instances.values() if item.ordinary_address]
    return {"InstanceId": chooser.pick(found) if found else ABSENT["ins"]}


def ha_vip(region: Region, chooser: Chooser, fits: Callable[[HaVip], bool] = lambda item: True) -> str:
    found = [item.ha_vip_id for item in region.ha_vips.values() if fits(item)]
    return chooser.pick(found) if found else ABSENT["havip"]


def create_ha_vip(region: Region, chooser: Chooser) -> dict[str, Any]:
    return {**some_subnet(region, chooser), "HaVipName": "vip"}


def bind_ha_vip(region: Region, chooser: Chooser) -> dict[str, Any]:
    free = region.eips.get(eip(region, chooser, EipStatus.UNBIND))
    return {"HaVipId": ha_vip(region, chooser), "AddressIp": free.address if free else "198.18.0.1"}


def unbind_ha_vip(region: Region, chooser: Chooser) -> dict[str, Any]:
    return {"HaVipId": ha_vip(region, chooser, lambda item: bool(item.address_id))}


def join_range(region: Region, chooser: Chooser) -> dict[str, Any]:
    item = interface(region, chooser, secondary) if chooser.chance(50) else None
    member = item.network_interface_id if item else instance(region, chooser)
    return {"HaVipAssociationSet": [{"HaVipId": ha_vip(region, chooser), "InstanceId": member}]}


def leave_range(region: Region, chooser: Chooser) -> dict[str, Any]:
    vip = ha_vip(region, chooser, lambda item: bool(item.associations))
    record = region.ha_vips.get(vip)
    member = record.associations[0] if record else ABSENT["ins"]
    return {"HaVipAssociationSet": [{"HaVipId": vip, "InstanceId": member}]}


def run(region: Region, chooser: Chooser) -> dict[str, Any]:
    network = some_subnet(region, chooser)
    record = region.subnets.get(network["SubnetId"])
    return {
        "Placement": {"Zone": record.zone if record else "ap-guangzhou-1"},
        "ImageId": "img-test0001",
        "InstanceType": chooser.pick(("S5.SMALL1", "S5.LARGE8")),
        "VirtualPrivateCloud": network,
        "InternetAccessible": {"PublicIpAssigned": chooser.chance(50)},
    }


def leave_group(region: Region, chooser: Chooser) -> dict[str, Any]:
    starting = [item.instance_id for item in region.instances.values() if item.state is InstanceState.PENDING]
    return {
        "InstanceIds": [chooser.pick(starting) if starting else instance(region, chooser)],
        "SecurityGroupIds": [group(region, chooser)],
    }


def with_state(state: str) -> Parameters:
    def parameters(region: Region, chooser: Chooser) -> dict[str, Any]:
        found = [item.instance_id for item in region.instances.values() if item.state == state]
        return {"InstanceIds": [chooser.pick(found) if found else ABSENT["ins"]]}

    return parameters


def change_network(region: Region, chooser: Chooser) -> dict[str, Any]:
    target = chooser.pick(list(region.instances.values())) if region.instances else None
    identifier = target.instance_id if target else ABSENT["ins"]
    return {"InstanceIds": [identifier], "VirtualPrivateCloud": place(target)}


def rules(region: Region, chooser: Chooser) -> dict[str, Any]:
    rule = {"Protocol": "TCP", "Port": "80", "CidrBlock": "10.0.0.0/16", "Action": "ACCEPT"}
    identifier = next(iter(region.security_groups), ABSENT["sg"])
    return {"SecurityGroupId": identifier, "SecurityGroupPolicySet": {chooser.pick(("Ingress", "Egress")): [rule]}}


SENSIBLE: dict[str, Parameters] = {
    "CreateNetworkInterface": create,
    "CreateAndAttachNetworkInterface": create_and_attach,
    "DeleteNetworkInterface": lambda region, chooser: {
        "NetworkInterfaceId": identifier(interface(region, chooser, lambda item: item.instance_id is None))
    },
    "AttachNetworkInterface": attach,
    "DetachNetworkInterface": detach,
    "MigrateNetworkInterface": migrate,
    "AssignPrivateIpAddresses": assign,
    "UnassignPrivateIpAddresses": unassign,
    "MigratePrivateIpAddress": move,
    "AllocateAddresses": lambda region, chooser: {},
    "ReleaseAddresses": release,
    "AssociateAddress": associate,
    "DisassociateAddress": disassociate,
    "TransformAddress": transform,
    "CreateHaVip": create_ha_vip,
    "DeleteHaVip": lambda region, chooser: {"HaVipId": ha_vip(region, chooser, lambda item: not item.address_id)},
    "HaVipAssociateAddressIp": bind_ha_vip,
    "HaVipDisassociateAddressIp": unbind_ha_vip,
    "AssociateHaVipInstance": join_range,
    "DisassociateHaVipInstance": leave_range,
    "RunInstances": run,
    "StartInstances": with_state("STOPPED"),
    "StopInstances": with_state("RUNNING"),
    "RebootInstances": with_state("RUNNING"),
    "TerminateInstances": with_state("STOPPED"),
    "ModifyInstancesVpcAttribute": change_network,
    "DisassociateSecurityGroups": leave_group,
    "CreateSecurityGroupPolicies": rules,
    "DeleteSecurityGroupPolicies": rules,
    "DescribeVpcTaskResult": lambda region, chooser: {"TaskId": chooser.pick(["none", *region.tasks])},
    "DescribeVpcLimits": lambda region, chooser: {"LimitTypes": ["vpc-max-enis"]},
}
