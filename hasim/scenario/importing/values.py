"""Values as a scenario writes them, each with the line of the keepalived.conf that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from hasim.keepalived import Location
from hasim.units import MICROSECOND, MILLISECOND, SECOND

__all__ = ["ByName", "Setting", "Settings", "duration_text", "node_names", "yaml_name"]

_YAML_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_MOST_NAME = 60


@dataclass(frozen=True)
class Setting:
    """A value as a scenario writes it, and the line that it comes from."""

    value: str
    location: Location | None = None
    remark: str = ""

    @property
    def comment(self) -> str:
        """What stands behind it in the file."""
        origin = str(self.location) if self.location is not None and self.location.line else ""
        return ": ".join(part for part in (origin, self.remark) if part)


Settings: TypeAlias = Mapping[str, Setting]
ByName: TypeAlias = Mapping[str, Mapping[str, Setting]]


def yaml_name(name: str) -> str:
    """A name as YAML must have it to take it for text."""
    return name if name[0].isalpha() and name.lower() not in _YAML_WORDS else f'"{name}"'


def node_names(names: Iterable[str]) -> dict[str, str]:
    """The nodes' names as a scenario can have them, each once."""
    found: dict[str, str] = {}
    for name in names:
        plain = _NOT_IN_NAMES.sub("-", name).strip("-_")[: _MOST_NAME - 4] or "node"
        number = 2
        unique = plain
        while unique in found.values():
            unique = f"{plain}-{number}"
            number += 1
        found[name] = unique
    return found


def duration_text(duration_ns: int) -> str:
    """A duration as a scenario writes it, exactly."""
    for unit_ns, unit in ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "us")):
        if duration_ns % unit_ns == 0:
            return f"{duration_ns // unit_ns}{unit}"
    return f"{duration_ns}ns"
