"""What callers of the Python interface pass, as what hasim computes with: numbers and values as notebooks have them.

A row of a pandas frame gives 3.0 for 3, and NumPy has numbers of its own. Everything random is drawn by the text of
seed and replication, so that "3.0" would silently be another world than "3".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from numbers import Integral, Real
from typing import Any, Literal, TypeAlias, get_args

from hasim.errors import UserError

__all__ = ["HeartbeatMode", "check_heartbeats", "plain_value", "whole_number"]

HeartbeatMode: TypeAlias = Literal["quiet", "explicit"]
"""Adverts and checks are simulated only while they can change something, or every one."""

_PLAIN = (str, int, float, bool, date, datetime, type(None))
_NUMPY_KINDS = "biufUO"
"""Of arrays and scalars that a scenario file has a word for: numbers, truth values, text, and objects of Python."""


def whole_number(name: str, value: Any, least: int = 0) -> int:
    """``value`` as an int: a whole number of any type (3, ``numpy.int64(3)``, 3.0) from ``least`` on.

    Raises:
        UserError: it is none; ``name`` says of what.
    """
    if isinstance(value, Integral | Real) and not isinstance(value, bool):
        number = float(value) if not isinstance(value, Integral) else int(value)
        if math.isfinite(number) and int(number) == number >= least:
            return int(number)
    raise UserError(f"{name} is a whole number from {least}, not {value if isinstance(value, int) else repr(value)}")


def check_heartbeats(heartbeats: str) -> None:
    """Refuse what is no :data:`HeartbeatMode`.

    Raises:
        UserError: it is none.
    """
    if heartbeats not in get_args(HeartbeatMode):
        raise UserError(f"heartbeats is {' or '.join(get_args(HeartbeatMode))}, not {heartbeats!r}")


def plain_value(value: Any, place: str) -> Any:
    """``value`` as a scenario file would have given it: NumPy's numbers and arrays as Python's, durations as text.

    Raises:
        UserError: no scenario file can say it; ``place`` is where it was to stand.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, timedelta):
        return _duration_text(value)
    if isinstance(value, Mapping):
        return {key: plain_value(inner, f"{place}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain_value(inner, f"{place}.{position}") for position, inner in enumerate(value)]
    if (kind := _kind(value)) and kind in _NUMPY_KINDS:
        return plain_value(value.tolist(), place)
    for plain in (str, int, float):  # an enumeration, say
        if isinstance(value, plain):
            return plain.__str__(value) if plain is str else plain(value)
    raise UserError(
        f"{place}: expected what a scenario file can say (text, a number, true or false, a list, a mapping), "
        f"got {type(value).__name__} {value!r:.80}"
    )


def _kind(value: Any) -> str:
    """The one letter by which NumPy (and pandas) call the type of a number or an array of theirs; else empty."""
    return str(getattr(getattr(value, "dtype", None), "kind", ""))


def _duration_text(value: timedelta) -> str:
    """Exactly; pandas' durations have nanoseconds besides."""
    duration_ns = 1_000 * (value // timedelta(microseconds=1)) + int(getattr(value, "nanoseconds", 0))
    fitting = ((10**9, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns"))
    return next(f"{duration_ns // unit_ns}{unit}" for unit_ns, unit in fitting if duration_ns % unit_ns == 0)
