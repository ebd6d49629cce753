"""Scenes in which each action refuses with each of its codes, by family."""

from tests.unit.cloud_refusals import (
    attachments,
    eips,
    ha_vips,
    instances,
    interfaces,
    networks,
    private_ips,
    security_groups,
)
from tests.unit.cloud_refusals.table import CASES, Scene

__all__ = [
    "CASES",
    "Scene",
    "attachments",
    "eips",
    "ha_vips",
    "instances",
    "interfaces",
    "networks",
    "private_ips",
    "security_groups",
]
