"""ENIs as the API shows them: DescribeNetworkInterfaces, and DescribeNetworkInterfaceLimit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hasim.cloud.actions.common import local_time, tag_set
from hasim.cloud.entities import Instance, InterfaceState, NetworkInterface, PrivateAddress
from hasim.cloud.parameters import Boolean, Identifier, Parameter
from hasim.cloud.queries import Matcher, Query, Values
from hasim.cloud.registry import Reply, Request, action

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__ = ["address_view", "interface_view"]


@action(
    "DescribeNetworkInterfaceLimit",
    group="eni",
    rate_limit_per_s=20,
    parameters=(Parameter("InstanceId", Identifier("ins", "eni"), required=True),),
    refusals=("InvalidInstanceId.NotFound", "ResourceNotFound"),
)
def describe_network_interface_limit(region: Region, request: Request, now_ns: int) -> Reply:
    """How many ENIs an instance may have, and how many addresses each (an ENI's identifier is accepted too)."""
    identifier = request["InstanceId"]
    if identifier.startswith("eni-"):
        limits = region.interface_limits(region.interface(identifier).instance_id)
    else:
        limits = region.interface_limits(region.instance(identifier, "InvalidInstanceId.NotFound").instance_id)
    return Reply(
        {
            "EniQuantity": limits.interfaces,
            "EniPrivateIpAddressQuantity": limits.addresses,
            "ExtendEniQuantity": 0,
            "ExtendEniPrivateIpAddressQuantity": 0,
            "SubEniQuantity": 0,
            "SubEniPrivateIpAddressQuantity": 0,
        }
    )


class _Row(NamedTuple):
    """An ENI with what a filter may ask about its addresses."""

    eni: NetworkInterface
    public_addresses: list[str]
    tags: dict[str, str]


def _address_is(row: _Row, asked: list[str]) -> bool:
    return any(address in asked for address in row.eni.addresses)


def _address_matches(row: _Row, asked: list[str]) -> bool:
    if len(asked) == 1:
        return any(address.endswith(asked[0]) for address in row.eni.addresses)
    return _address_is(row, asked)


def _query(address_matcher: Matcher[_Row]) -> Query[_Row]:
    return Query(
        "NetworkInterfaceIds",
        "eni",
        _FILTERS,
        matchers={"address-ip": address_matcher, "ip-exact-match": lambda row, asked: True},
    )


_FILTERS: dict[str, Values[_Row]] = {
    "vpc-id": lambda row: (row.eni.vpc_id,),
    "subnet-id": lambda row: (row.eni.subnet_id,),
    "network-interface-id": lambda row: (row.eni.network_interface_id,),
    "attachment.instance-id": lambda row: (row.eni.instance_id,) if row.eni.instance_id else (),
    "groups.security-group-id": lambda row: row.eni.security_group_ids,
    "network-interface-name": lambda row: (row.eni.name,),
    "network-interface-description": lambda row: (row.eni.description,),
    "is-primary": lambda row: ("true",) if row.eni.primary else ("false",),
    "termination-protection": lambda row: ("true",) if row.eni.termination_protection else ("false",),
    "eni-type": lambda row: (str(_eni_type(row.eni)),),
    "eni-qos": lambda row: (row.eni.qos_level,),
    "public-address-ip": lambda row: row.public_addresses,
    "address-ipv6": lambda row: (),
    "tag-key": lambda row: row.tags,
}
_INTERFACES = _query(_address_matches)
_WITH_WHOLE_ADDRESSES = _query(_address_is)


@action(
    "DescribeNetworkInterfaces",
    group="eni",
    rate_limit_per_s=100,
    parameters=_INTERFACES.parameters,
    rules=_INTERFACES.rules,
    refusals=_INTERFACES.refusals,
)
def describe_network_interfaces(region: Region, request: Request, now_ns: int) -> Reply:
    """ENIs by identifier or filter; one ``address-ip`` matches ends of addresses unless ``ip-exact-match`` is true."""
    rows = {key: _row(region, item) for key, item in region.network_interfaces.items()}
    query = _WITH_WHOLE_ADDRESSES if _wants_whole_addresses(request) else _INTERFACES
    total, page = query.select(rows, request)
    return Reply({"TotalCount": total, "NetworkInterfaceSet": [interface_view(region, row.eni) for row in page]})


def _wants_whole_addresses(request: Request) -> bool:
    """Whether ``ip-exact-match`` is on: of several values the first counts."""
    for name, values in request["Filters"] or ():
        if name == "ip-exact-match" and values:
            return Boolean().read(values[0], "The filter ip-exact-match")
    return False


def _row(region: Region, interface: NetworkInterface) -> _Row:
    public = (_public_address(region, interface, item) for item in interface.addresses.values())
    return _Row(interface, [address for address in public if address], interface.tags)


def _eni_type(interface: NetworkInterface) -> int:
    return 1 if interface.primary else 2 if interface.trunking else 0


def _public_address(region: Region, interface: NetworkInterface, item: PrivateAddress) -> str:
    if item.address_id:
        return region.eips[item.address_id].address
    instance: Instance | None = region.instances.get(interface.instance_id or "")
    return instance.ordinary_address if instance and interface.primary and item.primary else ""


def address_view(region: Region, interface: NetworkInterface, item: PrivateAddress) -> dict[str, Any]:
    """A PrivateIpAddressSpecification."""
    eip = region.eips.get(item.address_id)
    return {
        "PrivateIpAddress": item.address,
        "Primary": item.primary,
        "PublicIpAddress": _public_address(region, interface, item),
        "AddressId": item.address_id,
        "Description": item.description,
        "IsWanIpBlocked": eip.is_blocked if eip else False,
        "State": item.state,
        "QosLevel": item.qos_level or interface.qos_level,
    }


def interface_view(region: Region, interface: NetworkInterface) -> dict[str, Any]:
    """A NetworkInterface, as DescribeNetworkInterfaces shows it."""
    attached = interface.instance_id is not None
    in_use = attached and interface.state is InterfaceState.AVAILABLE
    return {
        "NetworkInterfaceId": interface.network_interface_id,
        "NetworkInterfaceName": interface.name,
        "NetworkInterfaceDescription": interface.description,
        "VpcId": interface.vpc_id,
        "SubnetId": interface.subnet_id,
        "Zone": interface.zone,
        "Primary": interface.primary,
        "EniType": _eni_type(interface),
        "MacAddress": interface.mac_address,
        "State": interface.state,
        "NetworkInterfaceState": "INUSE" if in_use else interface.state,
        "PrivateIpAddressSet": [address_view(region, interface, item) for item in interface.addresses.values()],
        "GroupSet": list(interface.security_group_ids),
        "Attachment": {
            "InstanceId": interface.instance_id,
            "DeviceIndex": interface.device_index,
            "InstanceAccountId": "",
            "AttachTime": local_time(interface.attached_ns),
        }
        if attached
        else None,
        "AttachType": interface.attach_type,
        "QosLevel": interface.qos_level,
        "CreatedTime": local_time(interface.created_ns),
        "TagSet": tag_set(interface.tags),
        "Ipv6AddressSet": [],
    }
