"""ENIs themselves: create, delete, modify."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from hasim.cloud.actions.common import (
    CLIENT_TOKEN,
    DUPLICATE_TAG,
    IDEMPOTENCE,
    MOST_ADDRESSES_PER_CALL,
    QOS_LEVELS,
    TAGS,
    private_addresses,
    require_distinct,
    require_few_addresses,
    tag_dictionary,
)
from hasim.cloud.actions.eni_queries import interface_view
from hasim.cloud.actions.security_group import check_security_groups
from hasim.cloud.entities import (
    AddressState,
    InterfaceState,
    NetworkInterface,
    PrivateAddress,
    Subnet,
    Task,
    TaskKind,
)
from hasim.cloud.errors import refusal
from hasim.cloud.identifiers import mac_address
from hasim.cloud.parameters import Boolean, Choice, Identifier, Integer, ListOf, Parameter, Text
from hasim.cloud.registry import Reply, Request, action, on_commit, on_fail

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__ = [
    "CREATION_REFUSALS",
    "NewInterface",
    "creation_parameters",
    "make_interface",
    "make_secondary",
    "plan_interface",
    "remove_interface",
    "settle_new_interface",
]

_TOO_MANY = "InvalidParameterValue.LimitExceeded"
_UNMODELLED = ("Ipv6Addresses", "Ipv6AddressCount", "IsRdma", "TrafficProtection")


def creation_parameters(too_many: str) -> tuple[Parameter, ...]:
    """The parameters of an action that creates an ENI; ``too_many`` is its code for a list that is too long."""
    return (
        Parameter("VpcId", Identifier("vpc"), required=True),
        Parameter("NetworkInterfaceName", Text(), required=True),
        Parameter("SubnetId", Identifier("subnet"), required=True),
        Parameter("NetworkInterfaceDescription", Text(), default=""),
        Parameter("QosLevel", Choice(QOS_LEVELS), default="DEFAULT"),
        Parameter("SecurityGroupIds", ListOf(Identifier("sg"), too_many="LimitExceeded"), default=()),
        Parameter("PrivateIpAddresses", private_addresses(too_many)),
        Parameter("SecondaryPrivateIpAddressCount", Integer(0, MOST_ADDRESSES_PER_CALL), default=0),
        Parameter("TerminationProtection", Boolean(), default=False),
        TAGS,
        CLIENT_TOKEN,
        *(Parameter(name, None, harmless=False) for name in _UNMODELLED),
    )


CREATION_REFUSALS = (
    "InvalidParameterValue",
    "InvalidParameterValue.Range",
    "InvalidParameterValue.Reserved",
    DUPLICATE_TAG,
    "LimitExceeded",
    "ResourceInUse",
    "ResourceInsufficient.Subnet",
    "ResourceNotFound",
    *IDEMPOTENCE,
)


class NewInterface(NamedTuple):
    """An ENI that has been checked and not yet made: its subnet and its addresses, the primary first."""

    subnet: Subnet
    addresses: list[PrivateAddress]
    tags: dict[str, str]


def plan_interface(region: Region, request: Request, now_ns: int, *, most_addresses: int, quota: str) -> NewInterface:
    """Check everything about a new secondary ENI.

    Raises:
        CloudError: something is missing, taken, reserved or too many; too many ENIs in the VPC: ``quota``.
    """
    vpc = region.vpc(request["VpcId"])
    subnet = region.subnet(request["SubnetId"])
    if subnet.vpc_id != vpc.vpc_id:
        raise refusal("ResourceNotFound", f"{subnet.subnet_id} is not in {vpc.vpc_id}.")
    check_security_groups(region, request["SecurityGroupIds"])
    secondary = sum(not item.primary and item.vpc_id == vpc.vpc_id for item in region.network_interfaces.values())
    if secondary >= region.limits.interfaces_per_vpc:
        raise refusal(quota, f"{vpc.vpc_id} has {secondary} ENIs.")
    addresses = _plan_addresses(region, request, subnet, now_ns)
    if len(addresses) > most_addresses:
        raise refusal("LimitExceeded", f"{len(addresses)} addresses on one ENI, at most {most_addresses} are possible.")
    return NewInterface(subnet, addresses, tag_dictionary(request["Tags"]))


def _plan_addresses(region: Region, request: Request, subnet: Subnet, now_ns: int) -> list[PrivateAddress]:
    asked = request["PrivateIpAddresses"] or []
    if sum(item["Primary"] for item in asked) > 1:
        raise refusal("InvalidParameterValue", "An ENI has one primary address.")
    chosen = [item["PrivateIpAddress"] for item in asked]
    require_distinct(chosen, "InvalidParameterValue")
    for address in chosen:
        region.addresses.require_free(subnet, address)
    has_primary = any(item["Primary"] for item in asked)
    picked = region.addresses.pick(
        subnet, request["SecondaryPrivateIpAddressCount"] + (not has_primary), frozenset(chosen)
    )
    pending = AddressState.PENDING
    planned = [
        PrivateAddress(
            item["PrivateIpAddress"], item["Primary"], pending, now_ns, item["Description"], item["QosLevel"]
        )
        for item in asked
    ]
    planned += [
        PrivateAddress(address, index == 0 and not has_primary, pending, now_ns) for index, address in enumerate(picked)
    ]
    return sorted(planned, key=lambda item: not item.primary)


def make_secondary(region: Region, request: Request, plan: NewInterface, now_ns: int) -> NetworkInterface:
    """Bring a planned secondary ENI into being, PENDING until its task commits."""
    interface = make_interface(
        region,
        plan.subnet,
        plan.addresses,
        now_ns,
        name=request["NetworkInterfaceName"],
        security_group_ids=request["SecurityGroupIds"],
        tags=plan.tags,
    )
    interface.description = request["NetworkInterfaceDescription"]
    interface.qos_level = request["QosLevel"]
    interface.termination_protection = request["TerminationProtection"]
    return interface


def make_interface(
    region: Region,
    subnet: Subnet,
    addresses: list[PrivateAddress],
    now_ns: int,
    *,
    name: str,
    security_group_ids: Iterable[str],
    tags: dict[str, str],
    primary: bool = False,
) -> NetworkInterface:
    """An ENI in PENDING with addresses that have been checked; takes the addresses."""
    interface = NetworkInterface(
        network_interface_id=region.new_id("eni"),
        name=name,
        description="",
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.subnet_id,
        zone=subnet.zone,
        primary=primary,
        mac_address=mac_address(region.count("mac")),
        state=InterfaceState.PENDING,
        addresses={item.address: item for item in addresses},
        security_group_ids=list(dict.fromkeys(security_group_ids)),
        qos_level="DEFAULT",
        tags=tags,
        created_ns=now_ns,
    )
    region.network_interfaces[interface.network_interface_id] = interface
    for item in addresses:
        region.addresses.take(subnet, item.address, interface.network_interface_id)
    return interface


def remove_interface(region: Region, interface: NetworkInterface) -> None:
    """An ENI is gone: its addresses are free again and its EIPs unbound (the EIPs themselves live on)."""
    subnet = region.subnets[interface.subnet_id]
    for item in interface.addresses.values():
        region.unbind_eip(item)
        region.addresses.free(subnet, item.address)
    del region.network_interfaces[interface.network_interface_id]


@action(
    "CreateNetworkInterface",
    group="eni",
    kind=TaskKind.VPC,
    parameters=(
        *creation_parameters(_TOO_MANY),
        Parameter("TrunkingFlag", Choice(("Enable", "Disable")), default="Disable"),
    ),
    refusals=(*CREATION_REFUSALS, "LimitExceeded.NetworkInterfaceLimitExceeded"),
)
def create_network_interface(region: Region, request: Request, now_ns: int) -> Reply:
    """A new secondary ENI, unattached. It and its addresses are PENDING until the task commits."""
    require_few_addresses(request, _TOO_MANY)
    most = region.limits.unattached_interface_addresses
    quota = "LimitExceeded.NetworkInterfaceLimitExceeded"
    plan = plan_interface(region, request, now_ns, most_addresses=most, quota=quota)
    interface = make_secondary(region, request, plan, now_ns)
    interface.trunking = request["TrunkingFlag"] == "Enable"
    identifier = interface.network_interface_id
    task = region.begin("CreateNetworkInterface", TaskKind.VPC, now_ns, (identifier,), network_interface_id=identifier)
    return Reply({"NetworkInterface": interface_view(region, interface)}, task)


@on_commit("CreateNetworkInterface")
def interface_created(region: Region, task: Task, now_ns: int) -> None:
    """The ENI and its addresses become AVAILABLE."""
    settle_new_interface(region.network_interfaces[task.network_interface_id])


def settle_new_interface(interface: NetworkInterface) -> None:
    """A new ENI and its addresses become AVAILABLE."""
    interface.state = InterfaceState.AVAILABLE
    for item in interface.addresses.values():
        item.state = AddressState.AVAILABLE


@on_fail("CreateNetworkInterface", "CreateAndAttachNetworkInterface")
def interface_not_created(region: Region, task: Task, now_ns: int) -> None:
    """The ENI never was."""
    remove_interface(region, region.network_interfaces[task.network_interface_id])


@action(
    "DeleteNetworkInterface",
    group="eni",
    kind=TaskKind.VPC,
    rate_limit_per_s=100,
    parameters=(Parameter("NetworkInterfaceId", Identifier("eni"), required=True),),
    refusals=("ResourceInUse", "ResourceNotFound", "UnsupportedOperation", "UnsupportedOperation.InvalidState"),
)
def delete_network_interface(region: Region, request: Request, now_ns: int) -> Reply:
    """An unattached secondary ENI goes away, with its private addresses; bound EIPs are unbound."""
    interface = region.interface(request["NetworkInterfaceId"])
    identifier = interface.network_interface_id
    if interface.primary:
        raise refusal("UnsupportedOperation", f"{identifier} is a primary ENI: it goes with its instance.")
    if interface.state is not InterfaceState.AVAILABLE:
        raise refusal("UnsupportedOperation.InvalidState", f"{identifier} is {interface.state}.")
    if interface.instance_id is not None:
        raise refusal("ResourceInUse", f"{identifier} is attached to {interface.instance_id}.")
    if interface.termination_protection:
        raise refusal("UnsupportedOperation", f"{identifier} is protected against deletion.")
    region.require_idle("UnsupportedOperation.InvalidState", holds=(identifier,))
    interface.state = InterfaceState.DELETING
    task = region.begin("DeleteNetworkInterface", TaskKind.VPC, now_ns, (identifier,), network_interface_id=identifier)
    return Reply({}, task)


@on_commit("DeleteNetworkInterface")
def interface_deleted(region: Region, task: Task, now_ns: int) -> None:
    """The ENI is gone."""
    remove_interface(region, region.network_interfaces[task.network_interface_id])


@on_fail("DeleteNetworkInterface")
def interface_not_deleted(region: Region, task: Task, now_ns: int) -> None:
    """The ENI stays."""
    region.network_interfaces[task.network_interface_id].state = InterfaceState.AVAILABLE


@action(
    "ModifyNetworkInterfaceAttribute",
    group="eni",
    parameters=(
        Parameter("NetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("NetworkInterfaceName", Text()),
        Parameter("NetworkInterfaceDescription", Text()),
        Parameter("SecurityGroupIds", ListOf(Identifier("sg"), too_many="LimitExceeded")),
        Parameter("TrunkingFlag", Choice(("Enable", "Disable"))),
    ),
    refusals=("LimitExceeded", "ResourceNotFound", "UnsupportedOperation"),
)
def modify_network_interface_attribute(region: Region, request: Request, now_ns: int) -> Reply:
    """Name, description, security groups (all of them anew, in order; one at least for a primary ENI), trunking."""
    interface = region.interface(request["NetworkInterfaceId"])
    groups = request["SecurityGroupIds"]
    if groups is not None:
        if interface.primary and not groups:
            raise refusal(
                "UnsupportedOperation", f"{interface.network_interface_id} is a primary ENI: it keeps a group."
            )
        check_security_groups(region, groups, interface.security_group_ids)
        interface.security_group_ids = list(dict.fromkeys(groups))
    if request["NetworkInterfaceName"] is not None:
        interface.name = request["NetworkInterfaceName"]
    if request["NetworkInterfaceDescription"] is not None:
        interface.description = request["NetworkInterfaceDescription"]
    if request["TrunkingFlag"] is not None:
        interface.trunking = request["TrunkingFlag"] == "Enable"
    return Reply({})


@action(
    "ModifyNetworkInterfaceQos",
    group="eni",
    parameters=(
        Parameter(
            "NetworkInterfaceIds", ListOf(Identifier("eni", malformed="InvalidParameterValue"), least=1), required=True
        ),
        Parameter("QosLevel", Choice(QOS_LEVELS)),
        Parameter("DirectSendMaxPort", None, harmless=False),
    ),
    refusals=("ResourceNotFound",),
)
def modify_network_interface_qos(region: Region, request: Request, now_ns: int) -> Reply:
    """The service quality class of some ENIs."""
    interfaces = [region.interface(identifier) for identifier in request["NetworkInterfaceIds"]]
    for interface in interfaces:
        interface.qos_level = request["QosLevel"] or interface.qos_level
    return Reply({})
