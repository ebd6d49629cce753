"""What the CVM actions share: naming instances, keeping tasks apart, and the latest operation that the API shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hasim.cloud.entities import Instance, InstanceState, Task
from hasim.cloud.errors import CloudError, refusal
from hasim.cloud.parameters import Address, Identifier, ListOf, Parameter, Structure

if TYPE_CHECKING:
    from hasim.cloud.entities import Subnet
    from hasim.cloud.region import Region

__all__ = [
    "INSTANCE_IDS",
    "MOST_INSTANCES",
    "MUTEX",
    "NO_SUCH_INSTANCE",
    "TOO_MANY",
    "VIRTUAL_PRIVATE_CLOUD",
    "begin_operation",
    "end_operation",
    "instance_keys",
    "instances_of",
    "named_instances",
    "power_key",
    "require_states",
    "require_usable",
    "state_codes",
]

NO_SUCH_INSTANCE = "InvalidInstanceId.NotFound"
MUTEX = "MutexOperation.TaskRunning"
MOST_INSTANCES = 100
TOO_MANY = "InvalidParameterValue.LimitExceeded"

INSTANCE_IDS = Parameter(
    "InstanceIds",
    ListOf(Identifier("ins", malformed="InvalidInstanceId.Malformed"), MOST_INSTANCES, 1, TOO_MANY),
    required=True,
)

VIRTUAL_PRIVATE_CLOUD = Structure(
    "VirtualPrivateCloud",
    (
        Parameter("VpcId", Identifier("vpc", malformed="InvalidParameterValue.VpcIdMalformed"), required=True),
        Parameter("SubnetId", Identifier("subnet", malformed="InvalidParameterValue.SubnetIdMalformed"), required=True),
        Parameter(
            "PrivateIpAddresses",
            ListOf(Address("InvalidParameterValue.IPAddressMalformed"), MOST_INSTANCES, 1, TOO_MANY),
        ),
        Parameter("AsVpcGateway", None),
        Parameter("Ipv6AddressCount", None, harmless=False),
    ),
)

_STATE_WORDS = {
    InstanceState.PENDING: "Pending",
    InstanceState.RUNNING: "Running",
    InstanceState.STOPPED: "Stopped",
    InstanceState.STARTING: "Starting",
    InstanceState.STOPPING: "Stopping",
    InstanceState.REBOOTING: "Rebooting",
    InstanceState.TERMINATING: "Terminating",
}


def state_codes(*states: InstanceState) -> tuple[str, ...]:
    """The codes with which an action refuses instances in these states: ``UnsupportedOperation.InstanceState...``."""
    return tuple(f"UnsupportedOperation.InstanceState{_STATE_WORDS[state]}" for state in states)


def require_states(instances: Iterable[Instance], *allowed: InstanceState) -> None:
    """Refuse unless every instance is in one of the states.

    Raises:
        CloudError: ``UnsupportedOperation.InstanceState...``.
    """
    for instance in instances:
        if instance.state not in allowed:
            raise refusal(state_codes(instance.state)[0], f"{instance.instance_id} is {instance.state}.")


def named_instances(region: Region, identifiers: list[str]) -> list[Instance]:
    """The instances that a call names, each once.

    Raises:
        CloudError: one does not exist.
    """
    return [region.instance(identifier, NO_SUCH_INSTANCE) for identifier in dict.fromkeys(identifiers)]


def power_key(instance_id: str) -> str:
    """The key of an instance's power: a start or stop excludes another one, and leaves the instance's ENIs alone."""
    return f"{instance_id}/power"


def instance_keys(region: Region, instances: list[Instance]) -> tuple[str, ...]:
    """The keys of instances and all that is on them."""
    keys: list[str] = []
    for instance in instances:
        keys += (instance.instance_id, power_key(instance.instance_id))
        keys += [item.network_interface_id for item in region.interfaces_of(instance.instance_id)]
    return tuple(keys)


def begin_operation(instances: list[Instance], task: Task, state: InstanceState | None = None) -> None:
    """What DescribeInstances shows from now on: the operation, and the intermediate state if it has one."""
    for instance in instances:
        instance.state = state or instance.state
        instance.latest_operation = task.action
        instance.latest_operation_state = "OPERATING"
        instance.latest_operation_request_id = task.task_id


def end_operation(instances: list[Instance], task: Task) -> None:
    """What DescribeInstances shows when the operation is over; a failed one leaves the state as it was."""
    for instance in instances:
        instance.latest_operation_state = task.status.value
    if task.previous_states and task.status == "FAILED":
        for instance, previous in zip(instances, task.previous_states, strict=True):
            instance.state = InstanceState(previous)


def instances_of(region: Region, task: Task) -> list[Instance]:
    """The instances of a CVM task."""
    return [region.instances[identifier] for identifier in task.resource_ids]


def require_usable(region: Region, subnet: Subnet, address: str) -> None:
    """Check a primary address that a caller chose for an instance.

    Raises:
        CloudError: outside the subnet or reserved (VpcAddrNotInSubNet), or taken (VpcIpIsUsed).
    """
    try:
        region.addresses.require_free(subnet, address)
    except CloudError as error:
        code = "VpcIpIsUsed" if error.code == "ResourceInUse" else "VpcAddrNotInSubNet"
        raise refusal(code, f"{address} in {subnet.subnet_id} ({subnet.cidr_block}).") from error
