"""Files of recorded trials: ``{"meta": ..., "groups": {name: {"config": {...}, "trials": [...]}}}``.

Times are seconds; zero is the fault (for start-up groups the first exec, for loss groups the beginning of the loss).
Nodes are numbered from 1 and have ascending addresses. Keys that are not known here are kept in ``config`` and named in
the report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hasim.errors import UserError
from hasim.files import FileKind, another_kind, kept_there

__all__ = ["Group", "Recording", "Trial", "load_recording"]

_MAX_BYTES = 200_000_000
_EVENT_LISTS = {"states": 3, "notify": 3, "adverts": 3, "prio0": 2, "garps": 2, "proc": 3}
"""How many entries each event of a list has at least."""
_TIMES = ("phase", "t_heal", "t_end", "duration", "t_unflag", "inject_s")
_COUNTS = ("n_adverts_master", "n_adverts_other")
_LONGEST_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of a group: ``data`` is the record as it stands in the file."""

    number: int
    data: Mapping[str, Any]

    def events(self, key: str) -> Sequence[Sequence[Any]]:
        """The list ``key`` (``states``, ``notify``, ``adverts``, ...), empty where the trial has none."""
        events: Sequence[Sequence[Any]] = self.data.get(key) or ()
        return events

    def seconds(self, key: str) -> float | None:
        """The time ``key``, None where the trial has none."""
        value = self.data.get(key)
        return None if value is None else float(value)

    @property
    def target(self) -> int:
        """The node that the fault hit."""
        return int(self.data.get("target") or 1)

    @property
    def master_before(self) -> int | None:
        """The node that was MASTER before the fault; None where the trial does not say."""
        return self.data.get("master_before")

    @property
    def starts(self) -> list[tuple[int, float]]:
        """(node, time) of every start in a start-up group."""
        return [(int(node), float(at)) for at, node in self.data.get("starts") or ()]


@dataclass(frozen=True, slots=True)
class Group:
    """Trials of one configuration and fault."""

    name: str
    config: Mapping[str, Any]
    trials: tuple[Trial, ...]

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return int(self.config.get("n", 2))

    @property
    def kind(self) -> str:
        """``fault``, ``startup``, ``observe`` or ``notifykill``."""
        return str(self.config.get("kind") or "fault")

    @property
    def fault(self) -> str:
        """What was injected at the target; empty for none."""
        return str(self.config.get("fault") or "")


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole file."""

    path: str
    daemon: str
    groups: tuple[Group, ...]

    def only(self, names: Sequence[str] | None) -> Recording:
        """The groups of these names alone (None: all).

        Raises:
            UserError: there is no group of such a name.
        """
        if not names:
            return self
        known = {group.name: group for group in self.groups}
        for name in names:
            if name not in known:
                nearest = get_close_matches(name, known, n=1)
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                raise UserError(f"{self.path}: there is no group {name!r}{hint}")
        return replace(self, groups=tuple(known[name] for name in dict.fromkeys(names)))


def load_recording(path: str | Path) -> Recording:
    """Read a file of recorded trials.

    Raises:
        UserError: it cannot be read, is not JSON, or not of this form; the message names the place.
    """
    source = Path(path)
    try:
        if source.exists() and not source.is_file() and not source.is_dir():  # such as /dev/zero, which never ends
            raise UserError(f"{path}: this is not a regular file, expected a JSON file of recorded trials")
        if source.stat().st_size > _MAX_BYTES:
            raise UserError(f"{path}: larger than {_MAX_BYTES // 1_000_000} MB")
        text = source.read_text(encoding="utf-8")
        if another := another_kind(text, str(path), FileKind.RECORDING):
            raise UserError(f"{path}: {another}")
        document = json.loads(text)
    except OSError as error:
        kept = kept_there(source)
        raise UserError(f"{path}: cannot be read: {error.strerror}{f'; {kept}' if kept else ''}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: expected a JSON file of recorded trials: {error}") from None
    groups = document.get("groups") if isinstance(document, dict) else None
    if not isinstance(groups, dict) or not groups:
        raise UserError(f'{path}: expected an object with "groups" (name -> config and trials)')
    meta = document.get("meta")
    daemon = meta.get("daemon", "") if isinstance(meta, dict) else ""
    return Recording(str(path), str(daemon), tuple(_group(str(path), name, entry) for name, entry in groups.items()))


def _group(path: str, name: str, entry: Any) -> Group:
    place = f"{path}: groups.{name}"
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        raise UserError(f'{place}: expected an object with "config" and "trials"')
    trials = entry.get("trials")
    if not isinstance(trials, list):
        raise UserError(f"{place}.trials: expected a list")
    config = entry["config"]
    nodes = config.get("n", 2)
    if not _is_node(nodes, 32):
        raise UserError(f"{place}.config.n: expected a number of nodes from 1 to 32, got {nodes!r}")
    return Group(name, config, tuple(_trial(place, i, data, nodes) for i, data in enumerate(trials)))


def _trial(place: str, index: int, data: Any, nodes: int) -> Trial:
    place = f"{place}.trials[{index}]"
    if not isinstance(data, dict):
        raise UserError(f"{place}: expected an object")
    for key, size in _EVENT_LISTS.items():
        for event in _list(data, key, place):
            _check_event(event, size, nodes, f"{place}.{key}")
    for start in _list(data, "starts", place):
        _check_event(start, 2, nodes, f"{place}.starts")
    for key in _TIMES:
        if data.get(key) is not None and not _is_time(data[key]):
            raise UserError(f"{place}.{key}: expected a time in seconds within a day, got {data[key]!r}")
    for key in ("target", "master_before"):
        if data.get(key) is not None and not _is_node(data[key], nodes):
            raise UserError(f"{place}.{key}: expected a node from 1 to {nodes}, got {data[key]!r}")
    for key in _COUNTS:
        if key in data and not (isinstance(data[key], int) and data[key] >= 0):
            raise UserError(f"{place}.{key}: expected a count, got {data[key]!r}")
    number = data.get("trial", index)
    return Trial(number if isinstance(number, int) else index, data)


def _list(data: Mapping[str, Any], key: str, place: str) -> list[Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, list):
        raise UserError(f"{place}.{key}: expected a list, got {value!r}")
    return value or []


def _check_event(event: Any, size: int, nodes: int, place: str) -> None:
    if not (isinstance(event, list) and len(event) >= size and _is_time(event[0])):
        raise UserError(f"{place}: expected [time, node{', ...' if size > 2 else ''}], got {event!r}")
    if not _is_node(event[1], nodes):
        raise UserError(f"{place}: expected a node from 1 to {nodes}, got {event[1]!r}")
    if place.endswith(".adverts") and not (isinstance(event[2], int) and 0 <= event[2] <= 255):
        raise UserError(f"{place}: expected a priority from 0 to 255, got {event[2]!r}")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LONGEST_S


def _is_node(value: Any, nodes: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= nodes
