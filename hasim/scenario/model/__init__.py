"""The frozen scenario: everything that a run depends on, resolved, checked and free of text.

The user's file (:mod:`hasim.scenario.schema`) leaves defaults out and writes ``250ms``; this package is what is left
after defaults, merging and checks: plain frozen data with integer nanoseconds. A run is a pure function of
``(Scenario, seed, replication)``, so nothing here may be mutable, and equal scenarios have equal ``digest``.
"""

from __future__ import annotations

from hasim.scenario.model.cloud import ActionBehaviour, ControlPlane, Link, Network, SecurityGroup, SecurityRule, Subnet
from hasim.scenario.model.faults import CLIENTS, CONTROL_PLANE, Fault, FaultKind, ends_by_itself
from hasim.scenario.model.floating import Floating, Mechanism
from hasim.scenario.model.instance import Daemon, Guest, Instance, Interface, NotifyPolicy, Service
from hasim.scenario.model.scenario import Scenario, Slo
from hasim.scenario.model.vrrp import (
    GroupMember,
    TrackedInterface,
    TrackFile,
    TrackProcess,
    TrackScript,
    Transport,
    VrrpSettings,
)

__all__ = [
    "CLIENTS",
    "CONTROL_PLANE",
    "ActionBehaviour",
    "ControlPlane",
    "Daemon",
    "Fault",
    "FaultKind",
    "Floating",
    "GroupMember",
    "Guest",
    "Instance",
    "Interface",
    "Link",
    "Mechanism",
    "Network",
    "NotifyPolicy",
    "Scenario",
    "SecurityGroup",
    "SecurityRule",
    "Service",
    "Slo",
    "Subnet",
    "TrackFile",
    "TrackProcess",
    "TrackScript",
    "TrackedInterface",
    "Transport",
    "VrrpSettings",
    "ends_by_itself",
]
