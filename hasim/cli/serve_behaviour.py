"""How the served API behaves: a scenario's control plane, or the defaults, and analogies for what neither speaks of.

A scenario knows the actions that move an address; a served region answers all of them. The rest take their times from
the nearest action that is known. Nothing is published about any of those: they are there so that a client has to wait.
"""

from __future__ import annotations

from pathlib import Path

from hasim.cloud import ACTIONS, documented_rate_limits
from hasim.cloud.http import ActionTiming, Behaviour
from hasim.scenario import defaults
from hasim.scenario.building import Builder
from hasim.scenario.control import resolve_control_plane
from hasim.scenario.loading import Document, parse
from hasim.scenario.model import ActionBehaviour, ControlPlane
from hasim.scenario.schema.cloud import ActionSection, ControlPlaneSection

__all__ = ["behaviour_of", "default_control_plane"]

_LIKE = {
    "CreateNetworkInterface": "AssignPrivateIpAddresses",
    "DeleteNetworkInterface": "UnassignPrivateIpAddresses",
    "CreateAndAttachNetworkInterface": "AttachNetworkInterface",
    "AllocateAddresses": "AssociateAddress",
    "ReleaseAddresses": "AssociateAddress",
    "TransformAddress": "AssociateAddress",
    "HaVipAssociateAddressIp": "AssociateAddress",
    "HaVipDisassociateAddressIp": "AssociateAddress",
    "DeleteHaVip": "UnassignPrivateIpAddresses",
}
_LIKE_A_BOOT = (
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "RebootInstances",
    "TerminateInstances",
    "ModifyInstancesVpcAttribute",
)
_PLAIN = "DescribeVpcTaskResult"
"""The action whose latency and error rate are those of every action that is not known."""


def default_control_plane() -> ControlPlane:
    """The control plane of a scenario that says nothing about it."""
    document = _empty_document()
    return resolve_control_plane(document, ControlPlaneSection(), Builder(document, Path()))


def behaviour_of(control_plane: ControlPlane) -> Behaviour:
    """The behaviour of every modelled action."""
    return Behaviour(
        actions={name: _timing(_behaviour(name, control_plane)) for name in ACTIONS},
        rate_limits_per_s=documented_rate_limits() | dict(control_plane.rate_limits),
    )


def _behaviour(name: str, control_plane: ControlPlane) -> ActionBehaviour:
    known = control_plane.actions
    if name in known:
        return known[name]
    if name in _LIKE_A_BOOT:
        return _boot(known[_PLAIN])
    return known[_LIKE.get(name, _PLAIN)]


def _boot(plain: ActionBehaviour) -> ActionBehaviour:
    section = ActionSection.model_validate({"task": defaults.BOOT})
    assert section.task is not None, "it has just been given"
    boot = Builder(_empty_document(), Path()).build(section.task, ("task",))
    return ActionBehaviour(plain.accept, boot, boot, plain.error_rate, plain.error_code, plain.task_failure_rate)


def _timing(behaviour: ActionBehaviour) -> ActionTiming:
    return ActionTiming(
        accept=behaviour.accept.quantile,
        task=behaviour.task.quantile,
        task_dead_host=behaviour.task_dead_host.quantile,
        error_rate=behaviour.error_rate,
        error_code=behaviour.error_code,
        task_failure_rate=behaviour.task_failure_rate,
    )


def _empty_document() -> Document:
    return parse("{}", "<defaults>")
