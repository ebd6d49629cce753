"""The cloud's API and the network of a scenario: defaults, per-action overrides, and which of them are weak."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import TypeAdapter

from hasim.scenario import defaults
from hasim.scenario.building import Builder
from hasim.scenario.distributions import Constant, Distribution
from hasim.scenario.errors import KeyPath
from hasim.scenario.loading import Document
from hasim.scenario.model import ActionBehaviour, ControlPlane, Link, Mechanism, Network
from hasim.scenario.schema.cloud import (
    ActionSection,
    BetweenZonesSection,
    ControlPlaneSection,
    NetworkSection,
    WithinZoneSection,
)
from hasim.scenario.schema.distributions import DistributionForm, DistributionText

__all__ = ["resolve_control_plane", "resolve_network", "weak_control_plane"]

_PATH = ("control_plane",)
_TAKING_AWAY = frozenset(
    {"DetachNetworkInterface", "MigrateNetworkInterface", "UnassignPrivateIpAddresses", "DisassociateAddress"}
)
_FORM: TypeAdapter[DistributionForm] = TypeAdapter(DistributionText)


def resolve_control_plane(document: Document, section: ControlPlaneSection, builder: Builder) -> ControlPlane:
    """The behaviour of every action that a mechanism or a script calls.

    Raises:
        ScenarioError: a task's time for an action that has no task.
    """
    actions = {
        name: _action(document, section, name, section.actions.get(name, ActionSection()), builder)
        for name in defaults.KNOWN_ACTIONS
    }
    return ControlPlane(
        actions=actions,
        rate_limits=defaults.RATE_LIMITS | section.rate_limits,
        propagation=builder.build(section.propagation, (*_PATH, "propagation")),
        detach_cuts_traffic_at_once=section.detach_cuts_traffic_at_once,
        havip_remap=builder.build(section.havip_remap, (*_PATH, "havip_remap")),
        garp_rate_limit=section.garp_rate_limit,
    )


def _action(
    document: Document, section: ControlPlaneSection, name: str, action: ActionSection, builder: Builder
) -> ActionBehaviour:
    path = (*_PATH, "actions", name)
    task: Distribution
    dead: Distribution
    if action.accept is not None:
        accept = builder.build(action.accept, (*path, "accept"))
    else:
        accept = builder.build(section.accept, (*_PATH, "accept"))
    if name not in defaults.TASK:
        _refuse_task(document, action, path)
        task = dead = Constant(0)
    else:
        task_form = action.task or _FORM.validate_python(defaults.TASK[name])
        task = builder.build(task_form, (*path, "task"))
        dead = builder.build(_dead_host_form(name, action, task_form), (*path, "task_dead_host"))
    return ActionBehaviour(
        accept=accept,
        task=task,
        task_dead_host=dead,
        error_rate=section.error_rate if action.error_rate is None else action.error_rate,
        error_code=section.error_code if action.error_code is None else action.error_code,
        task_failure_rate=section.task_failure_rate if action.task_failure_rate is None else action.task_failure_rate,
    )


def _dead_host_form(name: str, action: ActionSection, task: DistributionForm) -> DistributionForm:
    """What the file says; else the default if ``task`` is left to its default too; else the same as ``task``."""
    if action.task_dead_host is not None:
        return action.task_dead_host
    if action.task is None and name in defaults.TASK_DEAD_HOST:
        return _FORM.validate_python(defaults.TASK_DEAD_HOST[name])
    return task


def _refuse_task(document: Document, action: ActionSection, path: KeyPath) -> None:
    for key in ("task", "task_dead_host", "task_failure_rate"):
        if getattr(action, key) is not None:
            raise document.error((*path, key), f"{path[-1]} answers at once: it has no task")


def weak_control_plane(section: ControlPlaneSection, mechanism: Mechanism, mutations: tuple[str, ...]) -> Iterator[str]:
    """The weak defaults that matter to a scenario whose scripts call ``mutations``."""
    overrides = section.actions
    if "accept" not in section.model_fields_set and any(
        name not in overrides or overrides[name].accept is None for name in mutations
    ):
        yield "control_plane.accept"
    for name in mutations:
        if name in defaults.WEAK_TASKS and (name not in overrides or overrides[name].task is None):
            yield f"control_plane.actions.{name}.task"
    relevant = ["havip_remap", "garp_rate_limit"] if mechanism.is_announced else []
    if not _TAKING_AWAY.isdisjoint(mutations):
        relevant.append("detach_cuts_traffic_at_once")
    for name in relevant:
        if name not in section.model_fields_set:
            yield f"control_plane.{name}"


def resolve_network(section: NetworkSection, multicast: bool, builder: Builder) -> Network:
    """The links within a zone and between zones."""
    return Network(
        within_zone=_link(section.within_zone, ("network", "within_zone"), builder),
        between_zones=_link(section.between_zones, ("network", "between_zones"), builder),
        multicast=multicast,
        resolves_neighbours=section.neighbour_resolution,
    )


def _link(section: WithinZoneSection | BetweenZonesSection, path: KeyPath, builder: Builder) -> Link:
    return Link(section.latency, builder.build(section.jitter, (*path, "jitter")), section.loss)
