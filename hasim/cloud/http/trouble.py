"""Trouble that is switched on and off while the endpoint runs: read from JSON, and shown as JSON.

What each kind does is :mod:`hasim.cloud.trouble`'s; here is what only a server has: what a client in an outage gets
(``answer``: ``none`` or ``503``), and who waits for its end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from hasim.cloud.registry import ACTIONS
from hasim.cloud.trouble import Trouble, TroubleKind
from hasim.units import parse_duration

__all__ = ["LiveTrouble", "read_trouble"]

_LARGEST_FACTOR = 1_000_000
_LARGEST_RATE = 1_000_000
_CODE = re.compile(r"[A-Za-z0-9.]{1,100}")
_KEYS = {
    TroubleKind.OUTAGE: ("answer",),
    TroubleKind.SLOWDOWN: ("factor",),
    TroubleKind.THROTTLE: ("rate_per_s",),
    TroubleKind.ERRORS: ("code", "probability"),
    TroubleKind.TASK_FAILURES: ("probability",),
    TroubleKind.STUCK: ("instances",),
}
_NEEDED = ("factor", "rate_per_s", "code")


@dataclass(frozen=True, slots=True)
class LiveTrouble:
    """A trouble in force. ``duration_ns`` None: until it is switched off. ``over`` is set when it ends."""

    trouble: Trouble
    duration_ns: int | None = None
    answer: str = "none"
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def to_json(self) -> dict[str, Any]:
        """As the endpoint shows it: what was posted, and its identifier."""
        trouble = self.trouble
        values = {"answer": self.answer, "instances": sorted(trouble.instance_ids)}
        shown = {key: values[key] if key in values else getattr(trouble, key) for key in _KEYS[trouble.kind]}
        head = {"id": trouble.identifier, "kind": trouble.kind.value, "actions": sorted(trouble.actions)}
        return head | shown


def read_trouble(posted: object, identifier: str, instance_named: Callable[[str], str | None]) -> LiveTrouble:
    """The trouble that was posted. ``instance_named`` finds the identifier of an instance.

    Raises:
        ValueError: ``posted`` is not a description of one.
    """
    if not isinstance(posted, Mapping):
        raise ValueError('expected a JSON object such as {"kind": "outage"}')
    kind = _kind(posted.get("kind"))
    known = {"kind", "actions", "duration", *_KEYS[kind]}
    for key in posted:
        if key not in known:
            raise ValueError(f"{kind.value} has no {key!r:.40}: expected {', '.join(sorted(known - {'kind'}))}")
    for key in _NEEDED:
        if key in _KEYS[kind] and key not in posted:
            raise ValueError(f"{kind.value} needs {key}")
    details = {key: _READERS[key](posted[key]) for key in _KEYS[kind] if key in posted}
    answer = details.pop("answer", "none")
    instances = frozenset(_instance(name, instance_named) for name in details.pop("instances", ()))
    trouble = Trouble(identifier, kind, _actions(posted.get("actions", [])), instance_ids=instances, **details)
    return LiveTrouble(trouble, _duration(posted.get("duration")), answer)


def _kind(value: object) -> TroubleKind:
    try:
        return TroubleKind(value if isinstance(value, str) else "")
    except ValueError:
        kinds = ", ".join(kind.value for kind in TroubleKind)
        raise ValueError(f"kind must be one of {kinds}, got {value!r:.40}") from None


def _texts(value: object, name: str, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} must be a list of {what}")
    return value


def _actions(value: object) -> frozenset[str]:
    actions = _texts(value, "actions", "API actions")
    for item in actions:
        if item not in ACTIONS:
            near = get_close_matches(item, ACTIONS, 1)
            raise ValueError(f"there is no action {item!r:.60}" + (f"; did you mean {near[0]}?" if near else ""))
    return frozenset(actions)


def _instance(name: str, instance_named: Callable[[str], str | None]) -> str:
    identifier = instance_named(name)
    if identifier is None:
        raise ValueError(f"there is no instance {name!r:.60}, or more than one of that name")
    return identifier


def _duration(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError('duration must be text such as "30s"')
    return parse_duration(value)


def _answer(value: object) -> str:
    if value not in ("none", "503"):
        raise ValueError('answer must be "none" or "503"')
    return str(value)


def _number(value: object, name: str, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ValueError(f"{name} must be a number from {least:g} to {most:g}, got {value!r:.40}")
    return float(value)


def _rate(value: object) -> int:
    rate = _number(value, "rate_per_s", 0, _LARGEST_RATE)
    if rate != int(rate):
        raise ValueError("rate_per_s must be a whole number")
    return int(rate)


def _code(value: object) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError("code must be an error code such as InternalError")
    return value


_READERS: Mapping[str, Callable[[object], Any]] = {
    "answer": _answer,
    "factor": lambda value: _number(value, "factor", 1, _LARGEST_FACTOR),
    "rate_per_s": _rate,
    "code": _code,
    "probability": lambda value: _number(value, "probability", 0, 1),
    "instances": lambda value: _texts(value, "instances", "instances, by name or identifier"),
}
