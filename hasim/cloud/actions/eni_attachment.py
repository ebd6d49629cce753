"""ENIs on instances: attach, detach, migrate, and create with attach.

Private addresses, EIPs and security groups stay with the ENI wherever it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hasim.cloud.actions.common import CLIENT_TOKEN, IDEMPOTENCE, require_few_addresses
from hasim.cloud.actions.eni import (
    CREATION_REFUSALS,
    creation_parameters,
    make_secondary,
    plan_interface,
    settle_new_interface,
)
from hasim.cloud.actions.eni_queries import interface_view
from hasim.cloud.entities import Instance, InstanceState, InterfaceState, NetworkInterface, Task, TaskKind
from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Identifier, Integer, Parameter
from hasim.cloud.registry import Reply, Request, action, on_commit, on_fail

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__ = ["release_interface"]

_ATTACH_TYPE = Parameter("AttachType", Integer(0, 1, out_of_range="InvalidParameterValue"), default=0)
_INVALID = "UnsupportedOperation.InvalidState"


def _arriving(region: Region, instance_id: str) -> list[Task]:
    return [task for task in region.running_tasks() if task.destination_instance_id == instance_id]


def _free_device_index(region: Region, instance_id: str) -> int:
    taken = {item.device_index for item in region.interfaces_of(instance_id)}
    taken |= {task.device_index for task in _arriving(region, instance_id)}
    return next(index for index in range(1, len(taken) + 2) if index not in taken)


def _require_room(region: Region, instance: Instance, address_count: int) -> None:
    """Check that one more ENI with that many addresses fits on the instance, arriving ones included."""
    limits = region.interface_limits(instance.instance_id)
    count = len(region.interfaces_of(instance.instance_id)) + len(_arriving(region, instance.instance_id))
    shape = f"{instance.cpu} CPU, {instance.memory_gb:g} GB"
    if count >= limits.interfaces:
        raise refusal("LimitExceeded", f"{instance.instance_id} ({shape}) has {limits.interfaces} ENIs at most.")
    if address_count > limits.addresses:
        raise refusal(
            "LimitExceeded", f"{instance.instance_id} ({shape}) allows {limits.addresses} addresses per ENI at most."
        )


def _require_secondary(interface: NetworkInterface) -> None:
    if interface.primary:
        raise refusal(
            "UnsupportedOperation", f"{interface.network_interface_id} is a primary ENI: it cannot leave its instance."
        )


def _require_groups(security_group_ids: Sequence[str]) -> None:
    if not security_group_ids:
        raise refusal("UnsupportedOperation", "An ENI needs a security group to be attached.")


def _require_same_vpc(vpc_id: str, instance: Instance) -> None:
    if vpc_id != instance.vpc_id:
        raise refusal(
            "UnsupportedOperation.VpcMismatch",
            f"The ENI's is {vpc_id}, that of {instance.instance_id} {instance.vpc_id}.",
        )


def _require_same_zone(zone: str, instance: Instance, code: str) -> None:
    if zone != instance.zone:
        raise refusal(code, f"The ENI's is {zone}, that of {instance.instance_id} {instance.zone}.")


def _require_instance_up(instance: Instance, code: str) -> None:
    if instance.state not in (InstanceState.RUNNING, InstanceState.STOPPED):
        raise refusal(code, f"{instance.instance_id} is {instance.state}; it must be RUNNING or STOPPED.")


def _require_not_associated(region: Region, interface: NetworkInterface, code: str) -> None:
    """Check that neither the ENI nor its instance is in the drift range of a HAVIP of the ENI's subnet."""
    members = {interface.network_interface_id, interface.instance_id}
    for ha_vip in region.ha_vips.values():
        if ha_vip.subnet_id == interface.subnet_id and not members.isdisjoint(ha_vip.associations):
            raise refusal(code, f"{interface.network_interface_id} is in the range of {ha_vip.ha_vip_id}.")


def _begin(
    region: Region,
    name: str,
    interface: NetworkInterface,
    now_ns: int,
    *,
    leaves: Instance | None = None,
    joins: Instance | None = None,
    attach_type: int = 0,
) -> Task:
    """Begin a task that holds the ENI and uses the instances that it leaves and joins."""
    instance_ids = tuple(item.instance_id for item in (leaves, joins) if item is not None)
    return region.begin(
        name,
        TaskKind.VPC,
        now_ns,
        (interface.network_interface_id, *instance_ids),
        holds=(interface.network_interface_id,),
        uses=instance_ids,
        network_interface_id=interface.network_interface_id,
        instance_id=leaves.instance_id if leaves else "",
        destination_instance_id=joins.instance_id if joins else "",
        device_index=_free_device_index(region, joins.instance_id) if joins else 0,
        attach_type=attach_type,
    )


@action(
    "AttachNetworkInterface",
    group="eni",
    kind=TaskKind.VPC,
    rate_limit_per_s=100,
    parameters=(
        Parameter("NetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("InstanceId", Identifier("ins"), required=True),
        _ATTACH_TYPE,
        CLIENT_TOKEN,
    ),
    refusals=(
        "LimitExceeded",
        "ResourceNotFound",
        "UnsupportedOperation",
        "UnsupportedOperation.AttachmentAlreadyExists",
        _INVALID,
        "UnsupportedOperation.ResourceIsInvalidState",
        "UnsupportedOperation.VpcMismatch",
        "UnsupportedOperation.ZoneMismatch",
        *IDEMPOTENCE,
    ),
)
def attach_network_interface(region: Region, request: Request, now_ns: int) -> Reply:
    """Put an unattached ENI on an instance of its VPC and zone: ATTACHING until the task commits."""
    interface = region.interface(request["NetworkInterfaceId"])
    instance = region.instance(request["InstanceId"])
    _check_attach(region, interface, instance)
    interface.state = InterfaceState.ATTACHING
    attach_type = request["AttachType"]
    return Reply(
        {}, _begin(region, "AttachNetworkInterface", interface, now_ns, joins=instance, attach_type=attach_type)
    )


def _check_attach(region: Region, interface: NetworkInterface, instance: Instance) -> None:
    identifier = interface.network_interface_id
    if interface.instance_id is not None and interface.state is InterfaceState.AVAILABLE:
        raise refusal("UnsupportedOperation.AttachmentAlreadyExists", f"{identifier} is on {interface.instance_id}.")
    if interface.state is not InterfaceState.AVAILABLE:
        raise refusal(_INVALID, f"{identifier} is {interface.state}.")
    _require_instance_up(instance, "UnsupportedOperation.ResourceIsInvalidState")
    region.require_idle(_INVALID, holds=(identifier,), uses=(instance.instance_id,))
    _require_groups(interface.security_group_ids)
    _require_same_vpc(interface.vpc_id, instance)
    _require_same_zone(interface.zone, instance, "UnsupportedOperation.ZoneMismatch")
    _require_room(region, instance, len(interface.addresses))


@on_commit("AttachNetworkInterface", "MigrateNetworkInterface")
def interface_attached(region: Region, task: Task, now_ns: int) -> None:
    """The ENI is on its new instance."""
    interface = region.network_interfaces[task.network_interface_id]
    _place(region, interface, task, now_ns)
    interface.state = InterfaceState.AVAILABLE


def _place(region: Region, interface: NetworkInterface, task: Task, now_ns: int) -> None:
    interface.instance_id = task.destination_instance_id
    interface.device_index = task.device_index
    interface.attach_type = task.attach_type
    interface.attached_ns = now_ns
    region.refresh_eips(interface)


@on_fail("AttachNetworkInterface", "DetachNetworkInterface", "MigrateNetworkInterface")
def interface_stays(region: Region, task: Task, now_ns: int) -> None:
    """The ENI stays where it was."""
    region.network_interfaces[task.network_interface_id].state = InterfaceState.AVAILABLE


@action(
    "DetachNetworkInterface",
    group="eni",
    kind=TaskKind.VPC,
    rate_limit_per_s=100,
    parameters=(
        Parameter("NetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("InstanceId", Identifier("ins"), required=True),
        CLIENT_TOKEN,
    ),
    refusals=(
        "ResourceNotFound",
        "UnsupportedOperation",
        "UnsupportedOperation.InstanceAssociateHavip",
        _INVALID,
        *IDEMPOTENCE,
    ),
)
def detach_network_interface(region: Region, request: Request, now_ns: int) -> Reply:
    """Take a secondary ENI off its instance: DETACHING until the task commits. Its EIPs become BIND_ENI then."""
    interface = region.interface(request["NetworkInterfaceId"])
    instance = region.instance(request["InstanceId"])
    identifier = interface.network_interface_id
    _require_secondary(interface)
    if interface.state is not InterfaceState.AVAILABLE or interface.instance_id is None:
        raise refusal(_INVALID, f"{identifier} is {interface.state}, on {interface.instance_id or 'no instance'}.")
    if interface.instance_id != instance.instance_id:
        raise refusal("UnsupportedOperation", f"{identifier} is on {interface.instance_id}.")
    _require_not_associated(region, interface, "UnsupportedOperation.InstanceAssociateHavip")
    region.require_idle(_INVALID, holds=(identifier,), uses=(instance.instance_id,))
    interface.state = InterfaceState.DETACHING
    return Reply({}, _begin(region, "DetachNetworkInterface", interface, now_ns, leaves=instance))


@on_commit("DetachNetworkInterface")
def interface_detached(region: Region, task: Task, now_ns: int) -> None:
    """The ENI is on no instance; what it has stays with it."""
    release_interface(region, region.network_interfaces[task.network_interface_id], now_ns)


def release_interface(region: Region, interface: NetworkInterface, now_ns: int) -> None:
    """An ENI is off its instance: AVAILABLE, its EIPs BIND_ENI, HAVIPs that it had claimed UNBIND."""
    interface.state = InterfaceState.AVAILABLE
    interface.instance_id = None
    interface.device_index = None
    region.refresh_eips(interface)
    region.release_ha_vips(interface, now_ns)
    region.forget_association(interface.network_interface_id)


@action(
    "MigrateNetworkInterface",
    group="eni",
    kind=TaskKind.VPC,
    rate_limit_per_s=100,
    parameters=(
        Parameter("NetworkInterfaceId", Identifier("eni"), required=True),
        Parameter("SourceInstanceId", Identifier("ins"), required=True),
        Parameter("DestinationInstanceId", Identifier("ins"), required=True),
        _ATTACH_TYPE,
    ),
    refusals=(
        "LimitExceeded",
        "ResourceNotFound",
        "UnsupportedOperation",
        "UnsupportedOperation.AttachmentNotFound",
        "UnsupportedOperation.VpcMismatch",
    ),
)
def migrate_network_interface(region: Region, request: Request, now_ns: int) -> Reply:
    """Move a whole secondary ENI from one instance to another: one task, DETACHING until it commits."""
    interface = region.interface(request["NetworkInterfaceId"])
    source = region.instance(request["SourceInstanceId"])
    destination = region.instance(request["DestinationInstanceId"])
    _check_migrate(region, interface, source, destination)
    interface.state = InterfaceState.DETACHING
    return Reply(
        {},
        _begin(
            region,
            "MigrateNetworkInterface",
            interface,
            now_ns,
            leaves=source,
            joins=destination,
            attach_type=request["AttachType"],
        ),
    )


def _check_migrate(region: Region, interface: NetworkInterface, source: Instance, destination: Instance) -> None:
    identifier = interface.network_interface_id
    _require_secondary(interface)
    if interface.instance_id != source.instance_id:
        raise refusal(
            "UnsupportedOperation.AttachmentNotFound", f"{identifier} is on {interface.instance_id or 'no instance'}."
        )
    if interface.state is not InterfaceState.AVAILABLE:
        raise refusal("UnsupportedOperation", f"{identifier} is {interface.state}.")
    if source is destination:
        raise refusal("UnsupportedOperation", f"{identifier} is on {source.instance_id} already.")
    _require_not_associated(region, interface, "UnsupportedOperation")
    region.require_idle("UnsupportedOperation", holds=(identifier,), uses=(source.instance_id, destination.instance_id))
    _require_groups(interface.security_group_ids)
    _require_instance_up(destination, "UnsupportedOperation")
    _require_same_vpc(interface.vpc_id, destination)
    _require_same_zone(interface.zone, destination, "UnsupportedOperation")
    _require_room(region, destination, len(interface.addresses))


@action(
    "CreateAndAttachNetworkInterface",
    group="eni",
    kind=TaskKind.VPC,
    parameters=(
        Parameter("InstanceId", Identifier("ins"), required=True),
        *creation_parameters("LimitExceeded"),
        _ATTACH_TYPE,
    ),
    refusals=(*CREATION_REFUSALS, "UnsupportedOperation", _INVALID, "UnsupportedOperation.VpcMismatch"),
)
def create_and_attach_network_interface(region: Region, request: Request, now_ns: int) -> Reply:
    """A new secondary ENI that is attached when its one task commits."""
    require_few_addresses(request, "LimitExceeded")
    instance = region.instance(request["InstanceId"])
    _require_same_vpc(region.vpc(request["VpcId"]).vpc_id, instance)
    _require_instance_up(instance, _INVALID)
    limits = region.interface_limits(instance.instance_id)
    plan = plan_interface(region, request, now_ns, most_addresses=limits.addresses, quota="LimitExceeded")
    _require_same_zone(plan.subnet.zone, instance, "UnsupportedOperation")
    _require_groups(request["SecurityGroupIds"])
    _require_room(region, instance, len(plan.addresses))
    interface = make_secondary(region, request, plan, now_ns)
    name, attach_type = "CreateAndAttachNetworkInterface", request["AttachType"]
    task = _begin(region, name, interface, now_ns, joins=instance, attach_type=attach_type)
    return Reply({"NetworkInterface": interface_view(region, interface)}, task)


@on_commit("CreateAndAttachNetworkInterface")
def interface_created_and_attached(region: Region, task: Task, now_ns: int) -> None:
    """The ENI is there, and on its instance."""
    interface = region.network_interfaces[task.network_interface_id]
    settle_new_interface(interface)
    _place(region, interface, task, now_ns)
