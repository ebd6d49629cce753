"""The life of CVM instances after their creation: start, stop, reboot, terminate.

An instance that is stopped keeps everything; one that is terminated takes its primary ENI with it, unbinds the EIPs
there, and leaves its secondary ENIs (with their addresses and EIPs) unattached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hasim.cloud.actions.cvm_common import (
    INSTANCE_IDS,
    MUTEX,
    NO_SUCH_INSTANCE,
    begin_operation,
    end_operation,
    instance_keys,
    instances_of,
    named_instances,
    power_key,
    require_states,
    state_codes,
)
from hasim.cloud.actions.eni import remove_interface
from hasim.cloud.actions.eni_attachment import release_interface
from hasim.cloud.entities import Instance, InstanceState, Task, TaskKind
from hasim.cloud.parameters import Boolean, Choice, Parameter, exclusive
from hasim.cloud.registry import Reply, Request, action, on_commit, on_fail

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_STOP_TYPES = ("SOFT", "HARD", "SOFT_FIRST")
_STOP_KINDS_EXCLUDE = exclusive("ForceStop", "StopType", code="InvalidParameterCombination")
_REBOOT_KINDS_EXCLUDE = exclusive("ForceReboot", "StopType", code="InvalidParameterCombination")
_MOVING = (
    InstanceState.PENDING,
    InstanceState.STARTING,
    InstanceState.STOPPING,
    InstanceState.REBOOTING,
    InstanceState.TERMINATING,
)


def _change_power(
    region: Region, name: str, instances: list[Instance], state: InstanceState, now_ns: int, **details: str
) -> Reply:
    keys = tuple(power_key(instance.instance_id) for instance in instances)
    region.require_idle(MUTEX, holds=keys)
    task = region.begin(
        name,
        TaskKind.CVM,
        now_ns,
        (instance.instance_id for instance in instances),
        holds=keys,
        previous_states=tuple(instance.state.value for instance in instances),
        **details,
    )
    begin_operation(instances, task, state)
    return Reply({}, task)


@action(
    "StartInstances",
    service="cvm",
    group="cvm_support",
    kind=TaskKind.CVM,
    parameters=(INSTANCE_IDS,),
    refusals=(NO_SUCH_INSTANCE, MUTEX, *state_codes(InstanceState.RUNNING, *_MOVING)),
)
def start_instances(region: Region, request: Request, now_ns: int) -> Reply:
    """Start stopped instances: STARTING until the task commits."""
    instances = named_instances(region, request["InstanceIds"])
    require_states(instances, InstanceState.STOPPED)
    return _change_power(region, "StartInstances", instances, InstanceState.STARTING, now_ns)


@action(
    "StopInstances",
    service="cvm",
    group="cvm_support",
    kind=TaskKind.CVM,
    parameters=(
        INSTANCE_IDS,
        Parameter("ForceStop", Boolean()),
        Parameter("StopType", Choice(_STOP_TYPES)),
        Parameter("StoppedMode", Choice(("KEEP_CHARGING", "STOP_CHARGING")), default="KEEP_CHARGING"),
    ),
    rules=(_STOP_KINDS_EXCLUDE,),
    refusals=(NO_SUCH_INSTANCE, MUTEX, *state_codes(InstanceState.STOPPED, *_MOVING)),
)
def stop_instances(region: Region, request: Request, now_ns: int) -> Reply:
    """Stop running instances: STOPPING until the task commits."""
    instances = named_instances(region, request["InstanceIds"])
    require_states(instances, InstanceState.RUNNING)
    return _change_power(
        region,
        "StopInstances",
        instances,
        InstanceState.STOPPING,
        now_ns,
        stopped_mode=request["StoppedMode"],
        stop_type=_stop_type(request["StopType"], request["ForceStop"]),
    )


def _stop_type(asked: str | None, force: bool | None) -> str:
    return asked or ("SOFT_FIRST" if force else "SOFT")


@action(
    "RebootInstances",
    service="cvm",
    group="cvm_support",
    kind=TaskKind.CVM,
    parameters=(INSTANCE_IDS, Parameter("ForceReboot", Boolean()), Parameter("StopType", Choice(_STOP_TYPES))),
    rules=(_REBOOT_KINDS_EXCLUDE,),
    refusals=(NO_SUCH_INSTANCE, MUTEX, *state_codes(InstanceState.STOPPED, *_MOVING)),
)
def reboot_instances(region: Region, request: Request, now_ns: int) -> Reply:
    """Restart running instances: REBOOTING until the task commits."""
    instances = named_instances(region, request["InstanceIds"])
    require_states(instances, InstanceState.RUNNING)
    stop_type = _stop_type(request["StopType"], request["ForceReboot"])
    return _change_power(region, "RebootInstances", instances, InstanceState.REBOOTING, now_ns, stop_type=stop_type)


@on_commit("StartInstances", "RebootInstances")
def instances_up(region: Region, task: Task, now_ns: int) -> None:
    """The instances are RUNNING."""
    instances = instances_of(region, task)
    for instance in instances:
        instance.state = InstanceState.RUNNING
        instance.stopped_mode = "NOT_APPLICABLE"
        instance.is_crashed = False
    end_operation(instances, task)


@on_commit("StopInstances")
def instances_down(region: Region, task: Task, now_ns: int) -> None:
    """The instances are STOPPED."""
    instances = instances_of(region, task)
    for instance in instances:
        instance.state = InstanceState.STOPPED
        instance.stopped_mode = task.stopped_mode
    end_operation(instances, task)


@on_fail("StartInstances", "StopInstances", "RebootInstances", "TerminateInstances")
def instances_as_before(region: Region, task: Task, now_ns: int) -> None:
    """The instances are in the state in which they were."""
    end_operation(instances_of(region, task), task)


@action(
    "TerminateInstances",
    service="cvm",
    group="cvm_support",
    kind=TaskKind.CVM,
    parameters=(
        INSTANCE_IDS,
        Parameter("ReleaseAddress", None, harmless=False),
        Parameter("ReleasePrepaidDataDisks", None),
    ),
    refusals=(NO_SUCH_INSTANCE, MUTEX, *state_codes(*_MOVING)),
)
def terminate_instances(region: Region, request: Request, now_ns: int) -> Reply:
    """Destroy instances: TERMINATING until the task commits. EIPs and secondary ENIs live on."""
    instances = named_instances(region, request["InstanceIds"])
    require_states(instances, InstanceState.RUNNING, InstanceState.STOPPED)
    keys = instance_keys(region, instances)
    region.require_idle(MUTEX, holds=keys)
    task = region.begin(
        "TerminateInstances",
        TaskKind.CVM,
        now_ns,
        (instance.instance_id for instance in instances),
        holds=keys,
        previous_states=tuple(instance.state.value for instance in instances),
    )
    begin_operation(instances, task, InstanceState.TERMINATING)
    return Reply({}, task)


@on_commit("TerminateInstances")
@on_fail("RunInstances")
def instances_gone(region: Region, task: Task, now_ns: int) -> None:
    """The instances are gone with their primary ENIs; their secondary ENIs are unattached."""
    for instance in instances_of(region, task):
        for interface in region.interfaces_of(instance.instance_id):
            release_interface(region, interface, now_ns)
            if interface.primary:
                remove_interface(region, interface)
        region.forget_association(instance.instance_id)
        del region.instances[instance.instance_id]
