"""Secondary private addresses: assign, unassign, migrate.

One exclusive task per ENI: while an address of an ENI comes, goes or moves, no other task touches the ENI's addresses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hasim.cloud.actions.common import (
    CLIENT_TOKEN,
    IDEMPOTENCE,
    MOST_ADDRESSES_PER_CALL,
    QOS_LEVELS,
    private_addresses,
    require_distinct,
    require_few_addresses,
)
from hasim.cloud.actions.eni_queries import address_view
from hasim.cloud.entities import AddressState, InterfaceState, NetworkInterface, PrivateAddress, Subnet, Task, TaskKind
from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Address, Choice, Identifier, Integer, Parameter, at_least_one
from hasim.cloud.registry import Reply, Request, action, on_commit, on_fail

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_MUTEX = "UnsupportedOperation.MutexOperationTaskRunning"
_DUPLICATE = "InvalidParameterValue.DuplicatePara"
_ADDRESSES = private_addresses(too_long="InvalidParameterValue")


def _require_settled(region: Region, interface: NetworkInterface) -> None:
    """Check that nothing happens to the ENI or to its addresses."""
    if interface.state is not InterfaceState.AVAILABLE:
        raise refusal("UnsupportedOperation.InvalidState", f"{interface.network_interface_id} is {interface.state}.")
    region.require_idle(_MUTEX, holds=(interface.network_interface_id,))


def _require_address_room(region: Region, interface: NetworkInterface, count: int) -> None:
    most = region.interface_limits(interface.instance_id).addresses
    if len(interface.addresses) + count > most:
        raise refusal(
            "LimitExceeded",
            f"{interface.network_interface_id} has {len(interface.addresses)} addresses, at most {most} are possible "
            f"{'on ' + interface.instance_id if interface.instance_id else 'while it is unattached'}.",
        )


def _begin(
    region: Region,
    name: str,
    interface: NetworkInterface,
    addresses: Iterable[str],
    now_ns: int,
    destination: NetworkInterface | None = None,
) -> Task:
    """Begin a task on addresses of an ENI, which holds it, and the one to which they go if they do."""
    identifier, other = interface.network_interface_id, destination.network_interface_id if destination else ""
    return region.begin(
        name,
        TaskKind.VPC,
        now_ns,
        (identifier, other) if other else (identifier,),
        network_interface_id=identifier,
        destination_network_interface_id=other,
        private_addresses=tuple(addresses),
    )


@action(
    "AssignPrivateIpAddresses",
    group="private_ip",
    kind=TaskKind.VPC,
    rate_limit_per_s=100,
    parameters=(
        Parameter("NetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("PrivateIpAddresses", _ADDRESSES),
        Parameter("SecondaryPrivateIpAddressCount", Integer(1, MOST_ADDRESSES_PER_CALL)),
        Parameter("QosLevel", Choice(QOS_LEVELS), default=""),
        CLIENT_TOKEN,
    ),
    rules=(at_least_one("PrivateIpAddresses", "SecondaryPrivateIpAddressCount"),),
    refusals=(
        _DUPLICATE,
        "InvalidParameterValue.Range",
        "InvalidParameterValue.Reserved",
        "LimitExceeded",
        "ResourceInUse",
        "ResourceInsufficient.Subnet",
        "ResourceNotFound",
        "UnsupportedOperation",
        "UnsupportedOperation.InvalidState",
        _MUTEX,
        *IDEMPOTENCE,
    ),
)
def assign_private_ip_addresses(region: Region, request: Request, now_ns: int) -> Reply:
    """Give an ENI further addresses, chosen by the caller or by the cloud: PENDING until the task commits."""
    require_few_addresses(request, "InvalidParameterValue.LimitExceeded")
    interface = region.interface(request["NetworkInterfaceId"])
    _require_settled(region, interface)
    subnet = region.subnets[interface.subnet_id]
    planned = _plan_assigned(region, request, subnet, now_ns)
    _require_address_room(region, interface, len(planned))
    for item in planned:
        interface.addresses[item.address] = item
        region.addresses.take(subnet, item.address, interface.network_interface_id)
    task = _begin(region, "AssignPrivateIpAddresses", interface, (item.address for item in planned), now_ns)
    return Reply({"PrivateIpAddressSet": [address_view(region, interface, item) for item in planned]}, task)


def _plan_assigned(region: Region, request: Request, subnet: Subnet, now_ns: int) -> list[PrivateAddress]:
    asked = request["PrivateIpAddresses"] or []
    chosen = [item["PrivateIpAddress"] for item in asked]
    require_distinct(chosen, _DUPLICATE)
    for item in asked:
        if item["Primary"]:
            raise refusal("UnsupportedOperation", f"{item['PrivateIpAddress']} cannot become a second primary address.")
        region.addresses.require_free(subnet, item["PrivateIpAddress"])
    picked = region.addresses.pick(subnet, request["SecondaryPrivateIpAddressCount"] or 0, frozenset(chosen))
    quality = request["QosLevel"]
    pending = AddressState.PENDING
    return [
        PrivateAddress(
            item["PrivateIpAddress"], False, pending, now_ns, item["Description"], item["QosLevel"] or quality
        )
        for item in asked
    ] + [PrivateAddress(address, False, pending, now_ns, "", quality) for address in picked]


@on_commit("AssignPrivateIpAddresses")
def addresses_assigned(region: Region, task: Task, now_ns: int) -> None:
    """The addresses become AVAILABLE."""
    interface = region.network_interfaces[task.network_interface_id]
    for address in task.private_addresses:
        interface.addresses[address].state = AddressState.AVAILABLE


@on_commit("UnassignPrivateIpAddresses")
@on_fail("AssignPrivateIpAddresses")
def addresses_removed(region: Region, task: Task, now_ns: int) -> None:
    """The addresses are free again; an EIP that was bound to one is unbound."""
    interface = region.network_interfaces[task.network_interface_id]
    subnet = region.subnets[interface.subnet_id]
    for address in task.private_addresses:
        region.unbind_eip(interface.addresses.pop(address))
        region.addresses.free(subnet, address)


@action(
    "UnassignPrivateIpAddresses",
    group="private_ip",
    kind=TaskKind.VPC,
    rate_limit_per_s=100,
    parameters=(
        Parameter("NetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("PrivateIpAddresses", _ADDRESSES, required=True),
        Parameter("InstanceId", None, harmless=False),
    ),
    refusals=(
        _DUPLICATE,
        "ResourceNotFound",
        "UnsupportedOperation",
        "UnsupportedOperation.AttachmentNotFound",
        "UnsupportedOperation.InvalidState",
        _MUTEX,
    ),
)
def unassign_private_ip_addresses(region: Region, request: Request, now_ns: int) -> Reply:
    """Take secondary addresses from an ENI: DELETING until the task commits, their EIPs unbound with them."""
    interface = region.interface(request["NetworkInterfaceId"])
    addresses = [item["PrivateIpAddress"] for item in request["PrivateIpAddresses"]]
    require_distinct(addresses, _DUPLICATE)
    for address in addresses:
        item = interface.addresses.get(address)
        if item is None:
            raise refusal(
                "UnsupportedOperation.AttachmentNotFound", f"{address} is not on {interface.network_interface_id}."
            )
        if item.primary:
            raise refusal(
                "UnsupportedOperation", f"{address} is the primary address of {interface.network_interface_id}."
            )
    _require_settled(region, interface)
    for address in addresses:
        interface.addresses[address].state = AddressState.DELETING
    return Reply({}, _begin(region, "UnassignPrivateIpAddresses", interface, addresses, now_ns))


@on_fail("UnassignPrivateIpAddresses", "MigratePrivateIpAddress")
def addresses_stay(region: Region, task: Task, now_ns: int) -> None:
    """The addresses stay on their ENI."""
    interface = region.network_interfaces[task.network_interface_id]
    for address in task.private_addresses:
        interface.addresses[address].state = AddressState.AVAILABLE


@action(
    "MigratePrivateIpAddress",
    group="private_ip",
    kind=TaskKind.VPC,
    rate_limit_per_s=100,
    parameters=(
        Parameter("SourceNetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("DestinationNetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("PrivateIpAddress", Address(), required=True),
    ),
    refusals=(
        "LimitExceeded",
        "ResourceNotFound",
        "UnauthorizedOperation.AttachmentNotFound",
        "UnauthorizedOperation.PrimaryIp",
        "UnsupportedOperation",
        _MUTEX,
    ),
)
def migrate_private_ip_address(region: Region, request: Request, now_ns: int) -> Reply:
    """Move a secondary address with its EIP to another ENI of its subnet: MIGRATING on the source until the commit."""
    source = region.interface(request["SourceNetworkInterfaceId"])
    destination = region.interface(request["DestinationNetworkInterfaceId"])
    address = request["PrivateIpAddress"]
    _check_migrate(region, source, destination, address)
    source.addresses[address].state = AddressState.MIGRATING
    return Reply({}, _begin(region, "MigratePrivateIpAddress", source, (address,), now_ns, destination))


def _check_migrate(region: Region, source: NetworkInterface, destination: NetworkInterface, address: str) -> None:
    item = source.addresses.get(address)
    if item is None:
        raise refusal("UnauthorizedOperation.AttachmentNotFound", f"{address} is not on {source.network_interface_id}.")
    if item.primary:
        raise refusal(
            "UnauthorizedOperation.PrimaryIp", f"{address} is the primary address of {source.network_interface_id}."
        )
    if source is destination:
        raise refusal("UnsupportedOperation", f"{address} is on {source.network_interface_id} already.")
    if source.subnet_id != destination.subnet_id:
        raise refusal(
            "UnsupportedOperation",
            f"{destination.network_interface_id} is in another subnet ({destination.subnet_id}).",
        )
    for interface in (source, destination):
        if interface.state is not InterfaceState.AVAILABLE:
            raise refusal(_MUTEX, f"{interface.network_interface_id} is {interface.state}.")
    region.require_idle(_MUTEX, holds=(source.network_interface_id, destination.network_interface_id))
    _require_address_room(region, destination, 1)


@on_commit("MigratePrivateIpAddress")
def address_migrated(region: Region, task: Task, now_ns: int) -> None:
    """The address, and the EIP that is bound to it, are on the destination."""
    source = region.network_interfaces[task.network_interface_id]
    destination = region.network_interfaces[task.destination_network_interface_id]
    for address in task.private_addresses:
        item = source.addresses.pop(address)
        item.state = AddressState.AVAILABLE
        destination.addresses[address] = item
        region.addresses.move(region.subnets[source.subnet_id], address, destination.network_interface_id)
        if item.address_id:
            region.eips[item.address_id].network_interface_id = destination.network_interface_id
    region.refresh_eips(destination)
