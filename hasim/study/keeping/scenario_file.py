"""A resolved scenario as JSON, so that a kept study can be opened without what its file referred to.

The YAML that a user wrote depends on CSV files beside it and on the defaults of the version that read it; this form
does not. Records become objects by field name, distributions also say their class, everything else is what its type
hint in :mod:`hasim.scenario.model` says.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from hasim.errors import UserError
from hasim.scenario import distributions
from hasim.scenario.digest import digest_of
from hasim.scenario.distributions import Distribution
from hasim.scenario.model import Scenario, Slo
from hasim.study.keeping.checks import DAMAGED, real, text, whole
from hasim.study.keeping.files import json_text, lost, made_again, read_json

__all__ = ["FORMAT", "read_scenario", "scenario_from_json", "scenario_texts", "scenario_to_json"]

FORMAT = "hasim.scenario/1"
_CLASS = "distribution"


def scenario_to_json(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain data, ready for :func:`json.dumps`."""
    return {"format": FORMAT, "scenario": _encode(scenario)}


def scenario_from_json(document: Any) -> Scenario:
    """The scenario in what :func:`scenario_to_json` gave.

    Raises:
        UserError: it is something else, damaged, or of another version.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise UserError(f"expected a resolved scenario in the format {FORMAT}")
    try:
        content = document.get("scenario")
        scenario: Scenario = _decode(Scenario, content, "scenario")
        whole(scenario.horizon_ns, "scenario.horizon_ns", least=1)
        _check_slo(scenario.slo)
        if digest_of(scenario) != scenario.digest and _encode(scenario) == content:  # else it is of an older version
            raise ValueError("its digest is that of another one")
    except DAMAGED as error:
        raise UserError(f"the resolved scenario is damaged or of another version of hasim: {error}") from None
    return scenario


def _check_slo(slo: Slo) -> None:
    """Make sure that somebody can have asked for it: it is no part of what the digest is of."""
    if any(not 0 <= share <= 1 for share in (slo.availability or 0.0, *slo.failover_percentiles)):
        raise ValueError("scenario.slo has a share that is none")
    for limit_ns in (slo.longest_outage_ns or 0, *slo.failover_percentiles.values()):
        whole(limit_ns, "a limit of scenario.slo")


def _encode(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        tag = {_CLASS: type(value).__name__} if isinstance(value, Distribution) else {}
        return {**tag, **{item.name: _encode(getattr(value, item.name)) for item in fields(value) if item.init}}
    if isinstance(value, Mapping):
        return {str(key): _encode(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_encode(inner) for inner in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, IPv4Address | IPv4Network | IPv6Address):
        return str(value)
    return value


def _decode(hint: Any, data: Any, where: str) -> Any:
    """The value of type ``hint`` in ``data``; ``where`` is named in errors."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        if data is None:
            return None
        if inner == [IPv4Address, IPv6Address]:
            return ip_address(text(data, where))
        return _decode(inner[0], data, where)
    if origin is tuple:
        return tuple(_decode(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(_list(data, where)))
    if origin is Mapping:
        key_type, value_type = arguments
        return {key_type(key): _decode(value_type, inner, f"{where}.{key}") for key, inner in data.items()}
    if hint is Distribution:
        hint = _distribution_class(data, where)
    if is_dataclass(hint):
        return _record(hint, data, where)
    if hint is float:
        return real(data, where)
    if hint in (int, str, bool):
        if type(data) is not hint:
            raise TypeError(f"{where} is {data!r:.80}, expected {hint.__name__}")
        return data
    return hint(text(data, where))


def _list(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError(f"{where} is not a list")
    return data


def _distribution_class(data: Any, where: str) -> type[Distribution]:
    name = data.get(_CLASS) if isinstance(data, Mapping) else None
    found = getattr(distributions, str(name), None) if name in distributions.__all__ else None
    if not (isinstance(found, type) and issubclass(found, Distribution) and found is not Distribution):
        raise TypeError(f"{where} names no distribution")
    return found


def _record(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise TypeError(f"{where} is not an object")
    hints = _hints(kind)
    values = {}
    for item in fields(kind):
        if not item.init:
            continue
        if item.name in data:
            values[item.name] = _decode(hints[item.name], data[item.name], f"{where}.{item.name}")
        elif item.default is MISSING and item.default_factory is MISSING:
            raise TypeError(f"{where}.{item.name} is missing")
    unknown = sorted(set(data) - {item.name for item in fields(kind)} - {_CLASS})
    if unknown:
        raise TypeError(f"{where}.{unknown[0]} is unknown")
    return kind(**values)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def scenario_texts(scenario: Scenario) -> dict[str, str]:
    """The files that keep a scenario, by their names."""
    return {"scenario.yaml": scenario.source_text, "scenario.json": json_text(scenario_to_json(scenario))}


def read_scenario(directory: Path) -> Scenario:
    """The scenario that is kept in ``directory`` as it was run.

    Raises:
        UserError: it is not there, damaged, or of another version.
    """
    path = directory / "scenario.json"
    if not path.exists():
        raise UserError(lost(path))
    document = read_json(path)
    try:
        return scenario_from_json(document)
    except UserError as error:
        raise UserError(f"{path}: {error}; {made_again(directory)}") from None
