"""A document ready to be resolved: with what the keepalived.conf files say that it points at, if it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.scenario.loading import Document
from hasim.scenario.validation import validate

if TYPE_CHECKING:
    from hasim.keepalived import Config, VrrpInstance

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """The document, and the files that it points at, by the instance's name: their configurations, and which of their
    ``vrrp_instance`` blocks are simulated (that of the floating address first)."""

    document: Document
    configs: Mapping[str, Config] = field(default_factory=dict)
    members: Mapping[str, tuple[VrrpInstance, ...]] = field(default_factory=dict)


def prepare(document: Document, directory: Path) -> Prepared:
    """The document with the settings of its files, which are relative to ``directory``.

    Raises:
        ScenarioError: it is not a scenario, a file cannot be used, or the two contradict each other.
    """
    if not _points_at_files(document.data):
        return Prepared(document)
    from hasim.scenario.pointing import follow_pointers

    return follow_pointers(document, validate(document), directory)


def _points_at_files(data: Mapping[str, Any]) -> bool:
    instances = data.get("instances")
    sections = instances.values() if isinstance(instances, dict) else ()
    return any(isinstance(section, dict) and section.get("keepalived") is not None for section in sections)
