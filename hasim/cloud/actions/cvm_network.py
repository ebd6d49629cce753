"""What CVM actions change about an instance's network: bandwidth, security groups, primary address and its subnet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hasim.cloud.actions.cvm_common import (
    INSTANCE_IDS,
    MUTEX,
    NO_SUCH_INSTANCE,
    TOO_MANY,
    VIRTUAL_PRIVATE_CLOUD,
    begin_operation,
    end_operation,
    instances_of,
    named_instances,
    power_key,
    require_states,
    require_usable,
    state_codes,
)
from hasim.cloud.actions.eip_binding import address_key, require_public_address_room
from hasim.cloud.actions.security_group import require_group_room
from hasim.cloud.entities import (
    Instance,
    InstanceState,
    NetworkInterface,
    Subnet,
    Task,
    TaskKind,
)
from hasim.cloud.errors import refusal
from hasim.cloud.identifiers import public_address
from hasim.cloud.parameters import Boolean, Identifier, Integer, ListOf, Parameter, Structure
from hasim.cloud.registry import Reply, Request, action, on_commit, on_fail

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_FULL_GROUP = "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded"
_TOO_MANY_GROUPS = "LimitExceeded.AssociateUSGLimitExceeded"
_IN_PROGRESS = "OperationDenied.InstanceOperationInProgress"
_NO_SUCH_GROUP = "InvalidSecurityGroupId.NotFound"
_MOVING = (
    InstanceState.PENDING,
    InstanceState.STARTING,
    InstanceState.STOPPING,
    InstanceState.REBOOTING,
    InstanceState.TERMINATING,
)
_SETTLED = (InstanceState.RUNNING, InstanceState.STOPPED)

_ONE_GROUP = Parameter(
    "SecurityGroupIds", ListOf(Identifier("sg", malformed="InvalidSgId.Malformed"), 1, 1, TOO_MANY), required=True
)


@action(
    "ResetInstancesInternetMaxBandwidth",
    service="cvm",
    group="cvm_support",
    parameters=(
        INSTANCE_IDS,
        Parameter(
            "InternetAccessible",
            Structure(
                "InternetAccessible",
                (
                    Parameter("InternetMaxBandwidthOut", Integer(0, 2000), required=True),
                    Parameter("PublicIpAssigned", Boolean(), default=False),
                    Parameter("InternetChargeType", None),
                    Parameter("BandwidthPackageId", None),
                ),
            ),
            required=True,
        ),
        Parameter("StartTime", None, harmless=False),
        Parameter("EndTime", None, harmless=False),
    ),
    refusals=("FailedOperation.NotFoundEIP", NO_SUCH_INSTANCE, "InvalidParameterValue", MUTEX, *state_codes(*_MOVING)),
)
def reset_instances_internet_max_bandwidth(region: Region, request: Request, now_ns: int) -> Reply:
    """The public bandwidth of instances; with PublicIpAssigned, one that has no public address gets an ordinary one."""
    instances = named_instances(region, request["InstanceIds"])
    require_states(instances, *_SETTLED)
    region.require_idle(MUTEX, holds=[power_key(instance.instance_id) for instance in instances])
    asked = request["InternetAccessible"]
    without = [instance for instance in instances if not _has_public_address(region, instance)]
    if without and not asked["PublicIpAssigned"]:
        raise refusal("FailedOperation.NotFoundEIP", f"{without[0].instance_id} has no public address.")
    _check_may_get_public_address(region, without)
    for instance in without:
        instance.ordinary_address = public_address(region.count("public_address"))
    for instance in instances:
        instance.bandwidth_mbps = asked["InternetMaxBandwidthOut"]
    return Reply({})


def _has_public_address(region: Region, instance: Instance) -> bool:
    primary = region.network_interfaces[instance.network_interface_id]
    return bool(instance.ordinary_address or primary.primary_address.address_id)


def _check_may_get_public_address(region: Region, instances: list[Instance]) -> None:
    primaries = [region.network_interfaces[instance.network_interface_id] for instance in instances]
    keys = [address_key(item.network_interface_id, item.primary_address.address) for item in primaries]
    region.require_idle(MUTEX, holds=keys)  # an EIP may be on its way there, and an address has one or the other
    for instance in instances:
        require_public_address_room(region, instance, "InvalidParameterValue")


@action(
    "AssociateSecurityGroups",
    service="cvm",
    group="cvm_support",
    parameters=(_ONE_GROUP, INSTANCE_IDS),
    refusals=(
        NO_SUCH_INSTANCE,
        _NO_SUCH_GROUP,
        _FULL_GROUP,
        _TOO_MANY_GROUPS,
        *state_codes(InstanceState.PENDING),
    ),
)
def associate_security_groups(region: Region, request: Request, now_ns: int) -> Reply:
    """Add a security group, as the last, to the primary ENIs of instances."""
    (group,) = request["SecurityGroupIds"]
    region.security_group(group, _NO_SUCH_GROUP)
    instances = named_instances(region, request["InstanceIds"])
    interfaces = _primary_interfaces(region, instances, state_codes(InstanceState.PENDING)[0])
    joining = [interface for interface in interfaces if group not in interface.security_group_ids]
    most = region.limits.security_groups_per_interface
    if any(len(interface.security_group_ids) >= most for interface in joining):
        raise refusal(_TOO_MANY_GROUPS, f"An instance has {most} at most.")
    require_group_room(region, [group], len(joining), _FULL_GROUP)
    for interface in joining:
        interface.security_group_ids.append(group)
    return Reply({})


def _primary_interfaces(region: Region, instances: list[Instance], pending: str) -> list[NetworkInterface]:
    for instance in instances:
        if instance.state is InstanceState.PENDING:
            raise refusal(pending, f"{instance.instance_id} is PENDING.")
    return [region.network_interfaces[instance.network_interface_id] for instance in instances]


@action(
    "DisassociateSecurityGroups",
    service="cvm",
    group="cvm_support",
    parameters=(_ONE_GROUP, INSTANCE_IDS),
    refusals=(
        "FailedOperation.SecurityGroupActionFailed",
        NO_SUCH_INSTANCE,
        _NO_SUCH_GROUP,
        _IN_PROGRESS,
        "UnsupportedOperation",
    ),
)
def disassociate_security_groups(region: Region, request: Request, now_ns: int) -> Reply:
    """Take a security group from the primary ENIs of instances; each keeps at least one."""
    (group,) = request["SecurityGroupIds"]
    region.security_group(group, _NO_SUCH_GROUP)
    interfaces = _primary_interfaces(region, named_instances(region, request["InstanceIds"]), _IN_PROGRESS)
    for interface in interfaces:
        if group not in interface.security_group_ids:
            raise refusal(
                "FailedOperation.SecurityGroupActionFailed", f"{interface.instance_id} does not have {group}."
            )
        if len(interface.security_group_ids) == 1:
            raise refusal("UnsupportedOperation", f"{group} is the only security group of {interface.instance_id}.")
    for interface in interfaces:
        interface.security_group_ids.remove(group)
    return Reply({})


@action(
    "ModifyInstancesVpcAttribute",
    service="cvm",
    group="cvm_support",
    kind=TaskKind.CVM,
    parameters=(
        INSTANCE_IDS,
        Parameter("VirtualPrivateCloud", VIRTUAL_PRIVATE_CLOUD, required=True),
        Parameter("ForceStop", Boolean(), default=True),
        Parameter("ReserveHostName", None),
    ),
    refusals=(
        "EniNotAllowedChangeSubnet",
        NO_SUCH_INSTANCE,
        "InvalidParameterValue",
        MUTEX,
        "UnsupportedOperation",
        "VpcAddrNotInSubNet",
        "VpcIpIsUsed",
        *state_codes(InstanceState.RUNNING, *_MOVING),
    ),
)
def modify_instances_vpc_attribute(region: Region, request: Request, now_ns: int) -> Reply:
    """Give one instance's primary ENI another primary address, in its subnet or in another one of its zone.

    The new address is reserved at once and takes the old one's place, with its EIP, when the task commits.
    """
    instances = named_instances(region, request["InstanceIds"])
    if len(instances) != 1:
        raise refusal("UnsupportedOperation", "One instance a call: several at once are not modelled.")
    (instance,) = instances
    require_states(instances, *(_SETTLED if request["ForceStop"] else (InstanceState.STOPPED,)))
    interface = region.network_interfaces[instance.network_interface_id]
    subnet = _new_subnet(region, request["VirtualPrivateCloud"], instance, interface)
    address = _new_address(region, request["VirtualPrivateCloud"], subnet)
    keys = (power_key(instance.instance_id), interface.network_interface_id)
    region.require_idle(MUTEX, holds=keys, uses=(instance.instance_id,))
    region.addresses.take(subnet, address, interface.network_interface_id)
    task = region.begin(
        "ModifyInstancesVpcAttribute",
        TaskKind.CVM,
        now_ns,
        (instance.instance_id,),
        holds=keys,
        uses=(instance.instance_id,),
        network_interface_id=interface.network_interface_id,
        subnet_id=subnet.subnet_id,
        private_addresses=(address,),
        instance_id=instance.instance_id,
    )
    begin_operation(instances, task)
    return Reply({}, task)


def _new_subnet(region: Region, asked: Request, instance: Instance, interface: NetworkInterface) -> Subnet:
    if asked["VpcId"] != instance.vpc_id:
        raise refusal("UnsupportedOperation", "Moving an instance to another VPC is not modelled.")
    subnet = region.subnet(asked["SubnetId"], "InvalidParameterValue")
    if subnet.vpc_id != instance.vpc_id:
        raise refusal("InvalidParameterValue", f"{subnet.subnet_id} is in {subnet.vpc_id}.")
    if subnet.subnet_id != interface.subnet_id:
        if subnet.zone != instance.zone:
            raise refusal("EniNotAllowedChangeSubnet", f"{subnet.subnet_id} is in {subnet.zone}.")
        if len(interface.addresses) > 1:
            raise refusal(
                "EniNotAllowedChangeSubnet", f"{interface.network_interface_id} still has secondary addresses."
            )
    return subnet


def _new_address(region: Region, asked: Request, subnet: Subnet) -> str:
    chosen = asked["PrivateIpAddresses"]
    if chosen is None:
        if not region.addresses.available(subnet):
            raise refusal("VpcIpIsUsed", f"{subnet.subnet_id} has no address left.")
        return region.addresses.pick(subnet, 1)[0]
    if len(chosen) != 1:
        raise refusal("InvalidParameterValue", "PrivateIpAddresses must name one address for each instance.")
    require_usable(region, subnet, chosen[0])
    return str(chosen[0])


@on_commit("ModifyInstancesVpcAttribute")
def primary_address_changed(region: Region, task: Task, now_ns: int) -> None:
    """The new address is the primary one, and has the EIP of the old one."""
    interface = region.network_interfaces[task.network_interface_id]
    old_subnet, subnet = region.subnets[interface.subnet_id], region.subnets[task.subnet_id]
    old = interface.primary_address
    (address,) = task.private_addresses
    region.addresses.free(old_subnet, old.address)
    new = replace(old, address=address, created_ns=task.begun_ns)
    del interface.addresses[old.address]
    interface.addresses = {address: new, **interface.addresses}
    if new.address_id:
        region.eips[new.address_id].private_address = address
    if subnet is not old_subnet:
        interface.subnet_id = subnet.subnet_id
        region.instances[task.instance_id].subnet_id = subnet.subnet_id
        region.release_ha_vips(interface, now_ns)
    end_operation(instances_of(region, task), task)


@on_fail("ModifyInstancesVpcAttribute")
def primary_address_kept(region: Region, task: Task, now_ns: int) -> None:
    """The reserved address is free again."""
    for address in task.private_addresses:
        region.addresses.free(region.subnets[task.subnet_id], address)
    end_operation(instances_of(region, task), task)
