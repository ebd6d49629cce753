"""How the served API behaves: a scenario's control plane, or the defaults, and analogies for what neither speaks of.

A scenario knows the actions that move an address; a served region answers all of them. The rest take their times from
the nearest action that is known. Nothing is published about any of those: they are there so that a client has to wait.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hasim.cloud import ACTIONS, documented_rate_limits
from hasim.scenario import defaults
from hasim.scenario.building import Builder
from hasim.scenario.control import resolve_control_plane
from hasim.scenario.loading import Document, parse
from hasim.scenario.model import ActionBehaviour, ControlPlane, Scenario
from hasim.scenario.schema.cloud import ActionSection, ControlPlaneSection

__all__ = ["served_control_plane"]

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


def served_control_plane(scenario: Scenario | None) -> ControlPlane:
    """The scenario's control plane, or the default one, with the behaviour and rate limit of every modelled action."""
    control_plane = _default() if scenario is None else scenario.control_plane
    return replace(
        control_plane,
        actions={name: _behaviour(name, control_plane) for name in ACTIONS},
        rate_limits=documented_rate_limits() | dict(control_plane.rate_limits),
    )


def _default() -> ControlPlane:
    """The control plane of a scenario that says nothing about it."""
    document = _empty_document()
    return resolve_control_plane(document, ControlPlaneSection(), Builder(document, Path()))


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
    return replace(plain, task=boot, task_dead_host=boot)


def _empty_document() -> Document:
    return parse("{}", "<defaults>")
