"""EIPs and what they are bound to: associate and disassociate.

There is no re-association: an EIP that moves is disassociated, waited for until UNBIND, and associated again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hasim.cloud.actions.eip import ADDRESS_ID, NO_SUCH_ADDRESS, check_quota, count_today, make_eip, use_today
from hasim.cloud.entities import (
    Eip,
    EipStatus,
    Instance,
    InstanceState,
    InterfaceState,
    NetworkInterface,
    PrivateAddress,
    Task,
    TaskKind,
)
from hasim.cloud.errors import refusal
from hasim.cloud.identifiers import public_address
from hasim.cloud.limits import public_addresses_per_instance
from hasim.cloud.parameters import Address, Boolean, Identifier, Parameter, at_least_one, exclusive
from hasim.cloud.registry import Reply, Request, action, on_commit, on_fail

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__ = ["address_key", "require_public_address_room"]

_MUTEX = "OperationDenied.MutexTaskRunning"
_INSTANCE_MALFORMED = "InvalidParameterValue.InstanceIdMalformed"
_NO_SUCH_INSTANCE = "InvalidInstanceId.NotFound"
_NO_SUCH_INTERFACE = "InvalidNetworkInterfaceId.NotFound"
_REALLOCATION = "reallocate_ordinary_address"


def address_key(network_interface_id: str, address: str) -> str:
    """The key under which a task holds one private address of an ENI (and leaves the ENI's others alone)."""
    return f"{network_interface_id}/{address}"


@action(
    "AssociateAddress",
    group="eip",
    kind=TaskKind.EIP,
    rate_limit_per_s=10,
    parameters=(
        ADDRESS_ID,
        Parameter("InstanceId", Identifier("ins", malformed=_INSTANCE_MALFORMED)),
        Parameter("NetworkInterfaceId", Identifier("eni", malformed="InvalidParameterValue")),
        Parameter("PrivateIpAddress", Address(malformed="InvalidParameterValue")),
        Parameter("EipDirectConnection", Boolean(), default=False),
        Parameter("InstanceRegion", None, harmless=False),
    ),
    rules=(
        exclusive("InstanceId", "NetworkInterfaceId", code="InvalidParameterConflict"),
        at_least_one("InstanceId", "NetworkInterfaceId"),
    ),
    refusals=(
        "InvalidAddressId.Blocked",
        NO_SUCH_ADDRESS,
        "InvalidInstanceId.AlreadyBindEip",
        _NO_SUCH_INSTANCE,
        _NO_SUCH_INTERFACE,
        "InvalidParameterValue.Combination",
        "InvalidParameterValue.InstanceHasWanIP",
        "InvalidParameterValue.InvalidInstanceState",
        "InvalidPrivateIpAddress.AlreadyBindEip",
        "LimitExceeded.InstanceAddressQuota",
        "MissingParameter",
        "OperationDenied.AddressInArrears",
        _MUTEX,
        "UnsupportedOperation.AddressStatusNotPermit",
        "UnsupportedOperation.InstanceStatusNotPermit",
    ),
)
def associate_address(region: Region, request: Request, now_ns: int) -> Reply:
    """Bind an EIP to an instance (its primary private IP) or to a private IP of an ENI: BINDING until the commit."""
    eip = region.eip(request["AddressId"])
    interface, item = _target(region, request)
    _check_bindable(region, eip)
    if item.address_id:
        code = "InvalidInstanceId.AlreadyBindEip" if request["InstanceId"] else "InvalidPrivateIpAddress.AlreadyBindEip"
        raise refusal(code, f"{item.address} has {item.address_id}.")
    if interface.instance_id is not None:
        _check_instance(region, region.instances[interface.instance_id], interface, item)
    keys = (eip.address_id, address_key(interface.network_interface_id, item.address))
    if interface.state is not InterfaceState.AVAILABLE:
        raise refusal(_MUTEX, f"{interface.network_interface_id} is {interface.state}.")
    region.require_idle(_MUTEX, holds=keys, uses=(interface.network_interface_id,))
    eip.status = EipStatus.BINDING
    task = region.begin(
        "AssociateAddress",
        TaskKind.EIP,
        now_ns,
        (eip.address_id, interface.network_interface_id),
        holds=keys,
        uses=(interface.network_interface_id,),
        network_interface_id=interface.network_interface_id,
        private_addresses=(item.address,),
        address_ids=(eip.address_id,),
        instance_id=interface.instance_id or "",
        direct_connection=request["EipDirectConnection"],
    )
    return Reply({"TaskId": str(task.number)}, task)


def _target(region: Region, request: Request) -> tuple[NetworkInterface, PrivateAddress]:
    if request["InstanceId"]:
        if request["PrivateIpAddress"]:
            raise refusal("InvalidParameterValue.Combination", "PrivateIpAddress goes with NetworkInterfaceId only.")
        instance = region.instance(request["InstanceId"], _NO_SUCH_INSTANCE)
        interface = region.network_interfaces[instance.network_interface_id]
        return interface, interface.primary_address
    if not request["PrivateIpAddress"]:
        raise refusal("MissingParameter", "NetworkInterfaceId needs PrivateIpAddress.")
    interface = region.interface(request["NetworkInterfaceId"], _NO_SUCH_INTERFACE)
    item = interface.addresses.get(request["PrivateIpAddress"])
    if item is None:
        raise refusal(_NO_SUCH_INTERFACE, f"{request['PrivateIpAddress']} is not on {interface.network_interface_id}.")
    return interface, item


def _check_bindable(region: Region, eip: Eip) -> None:
    region.require_idle(_MUTEX, holds=(eip.address_id,))
    if eip.is_blocked:
        raise refusal("InvalidAddressId.Blocked", f"{eip.address_id}.")
    if eip.is_arrears:
        raise refusal("OperationDenied.AddressInArrears", f"{eip.address_id}.")
    if eip.status is not EipStatus.UNBIND:
        raise refusal("UnsupportedOperation.AddressStatusNotPermit", f"{eip.address_id} is {eip.status}, not UNBIND.")


def _check_instance(region: Region, instance: Instance, interface: NetworkInterface, item: PrivateAddress) -> None:
    identifier = instance.instance_id
    if instance.state is InstanceState.STOPPED and instance.stopped_mode == "STOP_CHARGING":
        raise refusal("UnsupportedOperation.InstanceStatusNotPermit", f"{identifier}.")
    if instance.state not in (InstanceState.RUNNING, InstanceState.STOPPED):
        raise refusal("InvalidParameterValue.InvalidInstanceState", f"{identifier} is {instance.state}.")
    if interface.primary and item.primary and instance.ordinary_address:
        raise refusal(
            "InvalidParameterValue.InstanceHasWanIP", f"{identifier} has {instance.ordinary_address}; return it first."
        )
    require_public_address_room(region, instance, "LimitExceeded.InstanceAddressQuota")


def require_public_address_room(region: Region, instance: Instance, code: str) -> None:
    """Check that an instance may have one more public address, ordinary or elastic; those on their way count.

    Raises:
        CloudError: it has all that its cores allow (``code``).
    """
    most = public_addresses_per_instance(instance.cpu)
    if _public_address_count(region, instance) >= most:
        raise refusal(code, f"{instance.instance_id} ({instance.cpu} CPU) has {most} public addresses at most.")


def _public_address_count(region: Region, instance: Instance) -> int:
    bound = sum(
        bool(item.address_id)
        for interface in region.interfaces_of(instance.instance_id)
        for item in interface.addresses.values()
    )
    arriving = sum(
        task.action == "AssociateAddress" and task.instance_id == instance.instance_id
        for task in region.running_tasks()
    )
    return bound + arriving + bool(instance.ordinary_address)


@on_commit("AssociateAddress")
def address_associated(region: Region, task: Task, now_ns: int) -> None:
    """The EIP is bound: BIND when the ENI is on an instance, BIND_ENI otherwise."""
    (identifier,), (address,) = task.address_ids, task.private_addresses
    eip, interface = region.eips[identifier], region.network_interfaces[task.network_interface_id]
    interface.addresses[address].address_id = identifier
    eip.network_interface_id = interface.network_interface_id
    eip.private_address = address
    eip.direct_connection = task.direct_connection
    eip.status = EipStatus.BIND
    region.refresh_eips(interface)


@on_fail("AssociateAddress")
def address_not_associated(region: Region, task: Task, now_ns: int) -> None:
    """The EIP stays unbound."""
    for identifier in task.address_ids:
        region.eips[identifier].status = EipStatus.UNBIND


@action(
    "DisassociateAddress",
    group="eip",
    kind=TaskKind.EIP,
    rate_limit_per_s=10,
    parameters=(ADDRESS_ID, Parameter("ReallocateNormalPublicIp", Boolean(), default=False)),
    refusals=(
        "AddressQuotaLimitExceeded.DailyAllocate",
        NO_SUCH_ADDRESS,
        "InvalidParameterValue.OnlySupportedForMasterNetworkCard",
        "InvalidParameterValue.ResourceNotSupport",
        _MUTEX,
        "UnsupportedOperation.AddressStatusNotPermit",
    ),
)
def disassociate_address(region: Region, request: Request, now_ns: int) -> Reply:
    """Unbind an EIP: UNBINDING until the task commits. On request the instance gets an ordinary public IP instead."""
    eip = region.eip(request["AddressId"])
    region.require_idle(_MUTEX, holds=(eip.address_id,))
    if eip.ha_vip_id:
        raise refusal(
            "InvalidParameterValue.ResourceNotSupport",
            f"{eip.address_id} is on {eip.ha_vip_id}: HaVipDisassociateAddressIp.",
        )
    if eip.status not in (EipStatus.BIND, EipStatus.BIND_ENI):
        raise refusal("UnsupportedOperation.AddressStatusNotPermit", f"{eip.address_id} is {eip.status}, not bound.")
    interface = region.network_interfaces[eip.network_interface_id]
    if request["ReallocateNormalPublicIp"]:
        _check_reallocation(region, eip, interface, now_ns)
    keys = (eip.address_id, address_key(interface.network_interface_id, eip.private_address))
    region.require_idle(_MUTEX, holds=keys, uses=(interface.network_interface_id,))
    previous, eip.status = eip.status, EipStatus.UNBINDING
    task = region.begin(
        "DisassociateAddress",
        TaskKind.EIP,
        now_ns,
        (eip.address_id, interface.network_interface_id),
        holds=keys,
        uses=(interface.network_interface_id,),
        network_interface_id=interface.network_interface_id,
        private_addresses=(eip.private_address,),
        address_ids=(eip.address_id,),
        previous_states=(previous.value,),
        reallocates_ordinary_address=request["ReallocateNormalPublicIp"],
    )
    return Reply({"TaskId": str(task.number)}, task)


def _check_reallocation(region: Region, eip: Eip, interface: NetworkInterface, now_ns: int) -> None:
    if not interface.primary or interface.primary_address.address != eip.private_address:
        raise refusal(
            "InvalidParameterValue.OnlySupportedForMasterNetworkCard", f"{eip.address_id} is on {eip.private_address}."
        )
    most = region.limits.ordinary_address_reallocations_per_day
    if count_today(region, _REALLOCATION, now_ns) >= most:
        raise refusal("AddressQuotaLimitExceeded.DailyAllocate", f"{most} ordinary addresses a day.")


@on_commit("DisassociateAddress")
def address_disassociated(region: Region, task: Task, now_ns: int) -> None:
    """The EIP is unbound; the instance may get an ordinary public IP in its place."""
    interface = region.network_interfaces[task.network_interface_id]
    for address in task.private_addresses:
        region.unbind_eip(interface.addresses[address])
    if task.reallocates_ordinary_address and interface.instance_id:
        use_today(region, _REALLOCATION, now_ns, 1)
        region.instances[interface.instance_id].ordinary_address = public_address(region.count("public_address"))


@on_fail("DisassociateAddress")
def address_still_associated(region: Region, task: Task, now_ns: int) -> None:
    """The EIP stays bound."""
    for identifier, previous in zip(task.address_ids, task.previous_states, strict=True):
        region.eips[identifier].status = EipStatus(previous)


@action(
    "TransformAddress",
    group="eip",
    kind=TaskKind.EIP,
    parameters=(Parameter("InstanceId", Identifier("ins", malformed=_INSTANCE_MALFORMED), required=True),),
    refusals=(
        "AddressQuotaLimitExceeded",
        "AddressQuotaLimitExceeded.DailyAllocate",
        "InvalidInstanceId.AlreadyBindEip",
        _NO_SUCH_INSTANCE,
        "InvalidParameterValue.InstanceHasNoWanIP",
        "InvalidParameterValue.InvalidInstanceState",
        _MUTEX,
    ),
)
def transform_address(region: Region, request: Request, now_ns: int) -> Reply:
    """Make an instance's ordinary public IP an EIP that is bound to it: BINDING until the task commits."""
    instance = region.instance(request["InstanceId"], _NO_SUCH_INSTANCE)
    interface = region.network_interfaces[instance.network_interface_id]
    item = interface.primary_address
    if item.address_id:
        raise refusal("InvalidInstanceId.AlreadyBindEip", f"{instance.instance_id} has {item.address_id}.")
    keys = (address_key(interface.network_interface_id, item.address),)
    region.require_idle(_MUTEX, holds=keys, uses=(interface.network_interface_id,))
    if not instance.ordinary_address:
        raise refusal("InvalidParameterValue.InstanceHasNoWanIP", f"{instance.instance_id}.")
    if instance.state not in (InstanceState.RUNNING, InstanceState.STOPPED):
        raise refusal("InvalidParameterValue.InvalidInstanceState", f"{instance.instance_id} is {instance.state}.")
    check_quota(region, 1, now_ns)
    eip = make_eip(
        region,
        now_ns,
        name="",
        address=instance.ordinary_address,
        status=EipStatus.BINDING,
        service_provider="BGP",
        charge_type="TRAFFIC_POSTPAID_BY_HOUR",
        bandwidth_mbps=instance.bandwidth_mbps,
        tags={},
    )
    task = region.begin(
        "TransformAddress",
        TaskKind.EIP,
        now_ns,
        (eip.address_id, instance.instance_id),
        holds=(eip.address_id, *keys),
        uses=(interface.network_interface_id,),
        network_interface_id=interface.network_interface_id,
        private_addresses=(item.address,),
        address_ids=(eip.address_id,),
        instance_id=instance.instance_id,
    )
    return Reply({"TaskId": task.number, "AddressId": eip.address_id}, task)


@on_commit("TransformAddress")
def address_transformed(region: Region, task: Task, now_ns: int) -> None:
    """The address is an EIP, bound as it was before."""
    region.instances[task.instance_id].ordinary_address = ""
    address_associated(region, task, now_ns)


@on_fail("TransformAddress")
def address_not_transformed(region: Region, task: Task, now_ns: int) -> None:
    """The address stays an ordinary one."""
    for identifier in task.address_ids:
        del region.eips[identifier]
