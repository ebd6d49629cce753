"""The fingerprints of the code that decides what a replication gives, and of that which decides what an episode gives.

A version number stays the same while somebody works on the model, and changes with every release, whether the model
did or not. The fingerprint changes exactly when results may: with the source of the rooms below.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["episodes_fingerprint", "model_fingerprint"]

_ROOMS = ("cloud", "measure", "scenario", "sim", "vrrp")
_MODULES = ("trace.py", "units.py")
_ASIDE = frozenset({"http", "importing", "linting", "schema", "__pycache__"})
"""Rooms within those rooms that only read what users write, or serve it: what comes of it is in the scenario."""

_EPISODES = "study/episodes"
_OF_EPISODES = ("clocks.py", "durations.py", "episode.py", "losses.py", "strata.py")
"""What draws episodes, and weighs them; the rest of that room asks for them, and makes numbers of them."""


@cache
def model_fingerprint() -> str:
    """32 hexadecimal digits."""
    home = files("hasim")
    found = hashlib.blake2b(digest_size=16)
    for name in _MODULES:
        _add(home / name, name, found)
    for room in _ROOMS:
        _add_room(home / room, room, found)
    return found.hexdigest()


@cache
def episodes_fingerprint() -> str:
    """32 hexadecimal digits: of the model, and of what draws episodes from it."""
    found = hashlib.blake2b(model_fingerprint().encode(), digest_size=16)
    for name in _OF_EPISODES:
        _add(files("hasim").joinpath(_EPISODES, name), f"{_EPISODES}/{name}", found)
    return found.hexdigest()


def _add_room(room: Traversable, path: str, found: hashlib.blake2b) -> None:
    for entry in sorted(room.iterdir(), key=lambda entry: entry.name):
        place = f"{path}/{entry.name}"
        if entry.is_dir():
            if entry.name not in _ASIDE:
                _add_room(entry, place, found)
        elif entry.name.endswith((".py", ".json")):
            _add(entry, place, found)


def _add(file: Traversable, place: str, found: hashlib.blake2b) -> None:
    text = file.read_text(encoding="utf-8").encode()  # a checkout with other line ends is the same code
    found.update(f"{place}\0{len(text)}\0".encode() + text)
