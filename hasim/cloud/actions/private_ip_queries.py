"""Private addresses as the API tells about them: attributes, details and who uses them."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, NamedTuple

from hasim.cloud.actions.common import local_time, private_addresses
from hasim.cloud.entities import InterfaceState, Subnet
from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Address, Identifier, Integer, ListOf, Parameter, exclusive
from hasim.cloud.queries import FilterCodes, Filters
from hasim.cloud.registry import Reply, Request, action

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_MISMATCH = "InvalidParameterValue.ParameterMismatch"
_FILTERED = {"ip-addresses": "IpAddress", "resource-id": "ResourceId"}


@action(
    "ModifyPrivateIpAddressesAttribute",
    group="private_ip",
    parameters=(
        Parameter("NetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("PrivateIpAddresses", private_addresses(), required=True),
    ),
    refusals=("ResourceNotFound", "UnsupportedOperation.InvalidState"),
)
def modify_private_ip_addresses_attribute(region: Region, request: Request, now_ns: int) -> Reply:
    """Description and quality class of addresses of an ENI."""
    interface = region.interface(request["NetworkInterfaceId"])
    asked = request["PrivateIpAddresses"]
    for item in asked:
        if item["PrivateIpAddress"] not in interface.addresses:
            raise refusal("ResourceNotFound", f"{item['PrivateIpAddress']} is not on {interface.network_interface_id}.")
    if interface.state is not InterfaceState.AVAILABLE:
        raise refusal("UnsupportedOperation.InvalidState", f"{interface.network_interface_id} is {interface.state}.")
    for item in asked:
        address = interface.addresses[item["PrivateIpAddress"]]
        address.description = item["Description"]
        address.qos_level = item["QosLevel"] or address.qos_level
    return Reply({})


def _resource_type(owner: str) -> str:
    return "HAVIP" if owner.startswith("havip-") else "ENI"


class _Use(NamedTuple):
    """An address that is taken: by which ENI or HAVIP, in which subnet, and since when."""

    owner: str
    subnet: Subnet
    since_ns: int


def _used(region: Region, vpc_id: str) -> dict[str, _Use]:
    """The addresses of a VPC that are taken, those included that a task keeps for an ENI, perhaps of another subnet."""
    reserved = {
        address: _Use(task.network_interface_id, region.subnets[task.subnet_id], task.begun_ns)
        for task in region.running_tasks()
        if task.subnet_id and region.subnets[task.subnet_id].vpc_id == vpc_id
        for address in task.private_addresses
    }
    on_interfaces = {
        item.address: _Use(interface.network_interface_id, region.subnets[interface.subnet_id], item.created_ns)
        for interface in region.network_interfaces.values()
        if interface.vpc_id == vpc_id
        for item in interface.addresses.values()
    }
    floating = {
        item.address: _Use(item.ha_vip_id, region.subnets[item.subnet_id], item.created_ns)
        for item in region.ha_vips.values()
        if item.vpc_id == vpc_id
    }
    return {**on_interfaces, **floating, **reserved}


@action(
    "DescribeVpcPrivateIpAddresses",
    group="private_ip",
    parameters=(
        Parameter("VpcId", Identifier("vpc"), required=True),
        Parameter("PrivateIpAddresses", ListOf(Address(), least=1), required=True),
    ),
    refusals=("ResourceNotFound",),
)
def describe_vpc_private_ip_addresses(region: Region, request: Request, now_ns: int) -> Reply:
    """What is known of addresses in use; those that nobody uses are left out."""
    vpc = region.vpc(request["VpcId"])
    used = _used(region, vpc.vpc_id)
    asked = dict.fromkeys(request["PrivateIpAddresses"])
    return Reply({"VpcPrivateIpAddressSet": [_detail(address, used[address]) for address in asked if address in used]})


def _detail(address: str, use: _Use) -> dict[str, Any]:
    return {
        "PrivateIpAddress": address,
        "CidrBlock": use.subnet.cidr_block,
        "PrivateIpAddressType": _resource_type(use.owner),
        "CreatedTime": local_time(use.since_ns),
    }


@action(
    "DescribeUsedIpAddress",
    group="private_ip",
    parameters=(
        Parameter("VpcId", Identifier("vpc"), required=True),
        Parameter("SubnetId", Identifier("subnet")),
        Parameter("IpAddresses", ListOf(Address(), too_many=_MISMATCH)),
        Parameter(
            "Filters",
            Filters(
                frozenset(_FILTERED),
                FilterCodes(_MISMATCH, _MISMATCH, _MISMATCH, _MISMATCH),
            ),
        ),
        Parameter("Offset", Integer(0, out_of_range=_MISMATCH), default=0),
        Parameter("Limit", Integer(1, 100, out_of_range=_MISMATCH), default=20),
    ),
    rules=(exclusive("IpAddresses", "Filters", code=_MISMATCH),),
    refusals=(_MISMATCH,),
)
def describe_used_ip_address(region: Region, request: Request, now_ns: int) -> Reply:
    """Who uses addresses of a VPC or subnet, in address order; those that nobody uses are left out."""
    vpc = region.vpc(request["VpcId"], _MISMATCH)
    if request["SubnetId"] and region.subnet(request["SubnetId"], _MISMATCH).vpc_id != vpc.vpc_id:
        raise refusal(_MISMATCH, f"{request['SubnetId']} is not in {vpc.vpc_id}.")
    states = [
        {
            "VpcId": vpc.vpc_id,
            "SubnetId": use.subnet.subnet_id,
            "IpAddress": address,
            "ResourceType": _resource_type(use.owner),
            "ResourceId": use.owner,
        }
        for address, use in _used(region, vpc.vpc_id).items()
    ]
    states = [state for state in states if _asked_for(state, request)]
    states.sort(key=lambda state: int(IPv4Address(state["IpAddress"])))
    offset = request["Offset"]
    return Reply({"TotalCount": len(states), "IpAddressStates": states[offset : offset + request["Limit"]]})


def _asked_for(state: dict[str, str], request: Request) -> bool:
    return (
        request["SubnetId"] in (None, state["SubnetId"])
        and (request["IpAddresses"] is None or state["IpAddress"] in request["IpAddresses"])
        and all(state[_FILTERED[name]] in asked for name, asked in request["Filters"] or ())
    )
