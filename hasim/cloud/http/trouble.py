"""Trouble that is switched on and off while the endpoint runs: the API faults of a scenario, by hand.

``outage``: calls get no answer (``answer: none``) or HTTP 503 (``answer: 503``). ``slowdown``: answers and tasks take
``factor`` times as long. ``throttle``: ``rate_per_s`` calls of each action a second. ``errors``: calls are refused with
``code`` at ``probability``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from hasim.cloud.rate_limit import RateLimiter
from hasim.cloud.registry import ACTIONS
from hasim.units import parse_duration

__all__ = ["Trouble", "TroubleKind", "Troubles"]

_MOST_TROUBLES = 100
_LARGEST_FACTOR = 1_000_000
_LARGEST_RATE = 1_000_000
_CODE = re.compile(r"[A-Za-z0-9.]{1,100}")


class TroubleKind(StrEnum):
    """What can be wrong with the API."""

    OUTAGE = "outage"
    SLOWDOWN = "slowdown"
    THROTTLE = "throttle"
    ERRORS = "errors"


_KEYS = {
    TroubleKind.OUTAGE: ("answer",),
    TroubleKind.SLOWDOWN: ("factor",),
    TroubleKind.THROTTLE: ("rate_per_s",),
    TroubleKind.ERRORS: ("code", "probability"),
}


@dataclass(slots=True)
class Trouble:
    """One trouble in force. ``actions`` empty: all of them. ``duration_ns`` None: until it is switched off."""

    identifier: str
    kind: TroubleKind
    actions: frozenset[str]
    duration_ns: int | None
    answer: str = "none"
    factor: float = 1.0
    rate_per_s: int = 0
    code: str = ""
    probability: float = 1.0
    limiter: RateLimiter = field(init=False)
    over: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        concerned = self.actions or ACTIONS.keys()
        limited = self.kind is TroubleKind.THROTTLE
        self.limiter = RateLimiter(dict.fromkeys(concerned, self.rate_per_s) if limited else {})

    def concerns(self, action: str) -> bool:
        """Whether calls of that action suffer."""
        return not self.actions or action in self.actions

    def to_json(self) -> dict[str, Any]:
        """As the endpoint shows it: what was posted, and its identifier."""
        shown = {key: getattr(self, key) for key in _KEYS[self.kind]}
        return {"id": self.identifier, "kind": self.kind.value, "actions": sorted(self.actions), **shown}


class Troubles:
    """Those in force, in the order in which they began."""

    def __init__(self) -> None:
        self._in_force: dict[str, Trouble] = {}
        self._count = 0

    def __iter__(self) -> Iterator[Trouble]:
        return iter(list(self._in_force.values()))

    def of(self, kind: TroubleKind, action: str) -> Iterator[Trouble]:
        """Those of a kind that concern an action."""
        return (trouble for trouble in self if trouble.kind is kind and trouble.concerns(action))

    def begin(self, posted: object) -> Trouble:
        """Switch a trouble on.

        Raises:
            ValueError: ``posted`` is not a description of one.
        """
        if len(self._in_force) >= _MOST_TROUBLES:
            raise ValueError(f"{_MOST_TROUBLES} troubles are in force already: switch some off")
        trouble = _read(posted, f"trouble-{self._count + 1}")
        self._count += 1
        self._in_force[trouble.identifier] = trouble
        return trouble

    def end(self, identifier: str) -> bool:
        """Switch one off; False when it is not in force."""
        trouble = self._in_force.pop(identifier, None)
        if trouble is None:
            return False
        trouble.over.set()
        return True

    def end_all(self) -> int:
        """Switch all off; how many there were."""
        return sum(self.end(trouble.identifier) for trouble in self)


def _read(posted: object, identifier: str) -> Trouble:
    if not isinstance(posted, Mapping):
        raise ValueError('expected a JSON object such as {"kind": "outage"}')
    kinds = ", ".join(kind.value for kind in TroubleKind)
    try:
        kind = TroubleKind(posted.get("kind", ""))
    except ValueError:
        raise ValueError(f"kind must be one of {kinds}, got {posted.get('kind')!r:.40}") from None
    known = {"kind", "actions", "duration", *_KEYS[kind]}
    for key in posted:
        if key not in known:
            raise ValueError(f"{kind.value} has no {key!r:.40}: expected {', '.join(sorted(known - {'kind'}))}")
    details = {key: _READERS[key](posted[key]) for key in _KEYS[kind] if key in posted}
    for key in ("factor", "rate_per_s", "code"):
        if key in _KEYS[kind] and key not in posted:
            raise ValueError(f"{kind.value} needs {key}")
    return Trouble(identifier, kind, _actions(posted.get("actions", [])), _duration(posted.get("duration")), **details)


def _actions(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("actions must be a list of API actions")
    for item in value:
        if item not in ACTIONS:
            near = get_close_matches(item, ACTIONS, 1)
            raise ValueError(f"there is no action {item!r:.60}" + (f"; did you mean {near[0]}?" if near else ""))
    return frozenset(value)


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


_READERS: Mapping[str, Any] = {
    "answer": _answer,
    "factor": lambda value: _number(value, "factor", 1, _LARGEST_FACTOR),
    "rate_per_s": _rate,
    "code": _code,
    "probability": lambda value: _number(value, "probability", 0, 1),
}
