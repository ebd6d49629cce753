"""The digest of a scenario: equal for two files that describe the same runs, however they are written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

from hasim.scenario.model import Scenario

__all__ = ["digest_of"]

_IGNORED = frozenset(
    {
        "description",
        "digest",
        "name",
        "replications",
        "seed",
        "slo",
        "source_path",
        "source_text",
        "weak_defaults",
    }
)
_AS_THEY_ARE = frozenset({bool, float, int, str, type(None)})


def digest_of(scenario: Scenario) -> str:
    """SHA-256 (hex) of everything that decides what a run of the scenario does, apart from its seed."""
    content = {
        item.name: _plain(getattr(scenario, item.name)) for item in fields(scenario) if item.name not in _IGNORED
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """The value as JSON, with the kind of every record in it."""
    if type(value) in _AS_THEY_ARE:
        return value
    names = _names_of(type(value))  # type: ignore[arg-type]  # classes are hashable
    if names is not None:
        return {"": type(value).__name__, **{name: _plain(getattr(value, name)) for name in names}}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, IPv4Address | IPv4Network | IPv6Address):
        return str(value)
    return value


@cache
def _names_of(kind: type) -> tuple[str, ...] | None:
    """The fields of a record that count; None for what is no record."""
    return tuple(item.name for item in fields(kind) if item.init and item.compare) if is_dataclass(kind) else None
