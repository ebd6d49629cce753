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

__all__ = ["Group", "Recording", "Trial", "load_recording"]

_MAX_BYTES = 200_000_000
_EVENT_LISTS = ("states", "notify", "adverts", "prio0", "garps", "proc")


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of a group: ``data`` is the record as it stands in the file."""

    number: int
    data: Mapping[str, Any]

    def events(self, key: str) -> Sequence[Sequence[Any]]:
        """The list ``key`` (``states``, ``notify``, ``adverts``, ...), empty where the trial has none."""
        events: Sequence[Sequence[Any]] = self.data.get(key, ())
        return events

    def seconds(self, key: str) -> float | None:
        """The time ``key``, None where the trial has none."""
        value = self.data.get(key)
        return None if value is None else float(value)


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
        if source.stat().st_size > _MAX_BYTES:
            raise UserError(f"{path}: larger than {_MAX_BYTES // 1_000_000} MB")
        document = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
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
    if not isinstance(nodes, int) or not 1 <= nodes <= 32:
        raise UserError(f"{place}.config.n: expected a number of nodes from 1 to 32, got {nodes!r}")
    return Group(name, config, tuple(_trial(place, i, data, nodes) for i, data in enumerate(trials)))


def _trial(place: str, index: int, data: Any, nodes: int) -> Trial:
    place = f"{place}.trials[{index}]"
    if not isinstance(data, dict):
        raise UserError(f"{place}: expected an object")
    for key in _EVENT_LISTS:
        for event in data.get(key, ()):
            if not (isinstance(event, list) and len(event) >= 2 and isinstance(event[0], int | float)):
                raise UserError(f"{place}.{key}: expected [time, node, ...], got {event!r}")
            if event[1] not in range(1, nodes + 1):
                raise UserError(f"{place}.{key}: expected a node from 1 to {nodes}, got {event[1]!r}")
    number = data.get("trial", index)
    return Trial(number if isinstance(number, int) else index, data)
