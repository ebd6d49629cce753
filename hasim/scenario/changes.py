"""A scenario file with single values changed, addressed by dotted paths (``vrrp.advert_int``).

The change is made in the parsed document, and everything that a file is checked for is checked again. A path leads
through mappings by key, through lists by position or by the ``name`` of an item: ``instances.a.vrrp.priority``,
``faults.0.at`` or ``faults[0].at``, ``faults.primary-dies.at``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.arguments import plain_value
from hasim.errors import UserError

if TYPE_CHECKING:
    from hasim.scenario.errors import KeyPath
    from hasim.scenario.loading import Document

__all__ = ["changed", "parse_assignment", "read_assignments"]

_BRACKETS = re.compile(r"\[(\d+)\]")


def changed(document: Document, changes: Mapping[str, Any]) -> Document:
    """The document with each path of ``changes`` set to its value (as YAML would give it: text, numbers, lists, ...).

    Sections on the way that the file leaves out are created, but no instances. What is new stands, for later errors, on
    the line of the nearest thing around it.

    Raises:
        UserError: a path leads through something that is not there and cannot be created, two paths lead to the same
            place, or a value is none that a scenario file can have.
    """
    import yaml

    data, lines = deepcopy(document.data), dict(document.lines)
    paths: dict[KeyPath, str] = {}
    for path, value in changes.items():
        plain = deepcopy(plain_value(value, path))
        try:
            place = _set(data, path, plain)
        except UserError as error:
            raise UserError(f"{document.path}: {error}") from None
        other = paths.setdefault(place, path)
        if other != path:
            raise UserError(f"{path} is the same place as {other}: say one of them only")
        for depth in range(1, len(place)):
            lines.setdefault(place[:depth], document.line(place[:depth]))
        _place(lines, place, plain, document.line(place))
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return replace(document, data=data, lines=lines, text=text, changed=document.changed | paths.keys())


def parse_assignment(text: str) -> tuple[str, Any]:
    """Path and value of ``vrrp.advert_int=100ms``; the value is read as in a scenario file.

    Raises:
        UserError: there is no ``=``, no path, or the value is not YAML.
    """
    from hasim.scenario.loading import parse

    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise UserError(f"expected PATH=VALUE such as vrrp.advert_int=100ms, got {text[:80]!r}")
    return path.strip(), parse(f"value: {value}", f"the value of {path.strip()}").data.get("value")


def read_assignments(path: Path) -> dict[str, Any]:
    """The values in a file of changes: a YAML mapping of paths (``notify.start_up``) to values.

    Raises:
        UserError: it cannot be read, or is no such mapping.
    """
    from hasim.scenario.loading import parse, read_text

    return parse(read_text(path), str(path)).data


def _place(lines: dict[KeyPath, int], place: KeyPath, value: Any, line: int) -> None:
    """Note where a new value and everything inside it stand."""
    lines[place] = line
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        _place(lines, (*place, key), item, line)


def _set(data: dict[str, Any], path: str, value: Any) -> KeyPath:
    """Set one value; returns where it is, with positions in place of the names of list items."""
    keys = _BRACKETS.sub(r".\1", path).split(".") if isinstance(path, str) else []
    if not keys or not all(keys):
        raise UserError(f"expected a path such as vrrp.advert_int, got {path!r:.80}")
    node: Any = data
    place: KeyPath = ()
    for depth, name in enumerate(keys):
        key = _key(node, name, ".".join(keys[: depth + 1]))
        place = (*place, key)
        if depth == len(keys) - 1:
            node[key] = value
        else:
            if isinstance(node, dict) and node.get(key) is None:
                _check_instance(node, place)
                node[key] = {}
            node = node[key]
    return place


def _check_instance(instances: Mapping[str, Any], place: KeyPath) -> None:
    """A slip of the pen in the name of an instance must not make another one."""
    if len(place) == 2 and place[0] == "instances" and place[1] not in instances:
        from hasim.scenario.errors import suggestion

        hint = suggestion(str(place[1]), [*map(str, instances)])
        raise UserError(f"instances.{place[1]}: there is no instance {place[1]!r}; {hint}")


def _key(node: Any, name: str, so_far: str) -> str | int:
    if isinstance(node, dict):
        return name
    if isinstance(node, list):
        return _position(node, name, so_far)
    raise UserError(f"{so_far}: what is around it is a single value, nothing can be set inside that")


def _position(items: list[Any], key: str, so_far: str) -> int:
    if key.isdecimal() and int(key) < len(items):
        return int(key)
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if key in names:
        return names.index(key)
    if not items:
        raise UserError(f"{so_far}: the list is empty, there is no item {key!r}")
    known = [str(name) for name in names if name is not None]
    named = f", also called {', '.join(known)}" if known else ""
    raise UserError(f"{so_far}: the list has no item {key!r}; its items are 0 to {len(items) - 1}{named}")
