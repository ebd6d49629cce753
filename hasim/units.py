"""Durations, percentages and sizes as people write them, and the integers that hasim computes with.

Time is an integer count of nanoseconds everywhere inside hasim; text such as ``250ms`` or ``30d`` exists only where a
person writes or reads it. Conversion from text is exact: it goes through :class:`fractions.Fraction`, so ``0.1s`` is
100,000,000 ns and a value that is not a whole number of nanoseconds is refused instead of rounded.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

__all__ = [
    "DAY",
    "HOUR",
    "MICROSECOND",
    "MILLISECOND",
    "MINUTE",
    "SECOND",
    "YEAR",
    "counted",
    "format_duration",
    "parse_duration",
    "parse_fraction",
    "parse_gigabytes",
    "seconds",
]

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY
"""365 days: what "downtime per year" is computed with."""

_UNIT_NS = {
    "ns": 1,
    "us": MICROSECOND,
    "µs": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "min": MINUTE,
    "m": MINUTE,
    "h": HOUR,
    "d": DAY,
    "w": 7 * DAY,
    "y": YEAR,
}
_UNIT_NAMES = "ns, us, ms, s, min, h, d, w, y"
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zµ]+)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")
_MAX_TEXT = 64
_MAX_NS = 100_000 * YEAR


@lru_cache(maxsize=4_096)
def parse_duration(text: str) -> int:
    """Nanoseconds of a duration such as ``250ms``, ``1.5s``, ``30d`` or ``1h 30min``.

    Raises:
        ValueError: no unit, an unknown unit, a negative value, a fraction of a nanosecond, or beyond 100,000 years.
    """
    stripped = text.strip()
    if not stripped or len(stripped) > _MAX_TEXT:
        raise ValueError(f"expected a duration such as 250ms, 1s or 30d, got {stripped[:_MAX_TEXT]!r}")
    if stripped == "0":
        return 0
    if stripped.startswith("-"):
        raise ValueError(f"a duration cannot be negative: {stripped!r}")
    if _NUMBER.fullmatch(stripped):
        raise ValueError(f"a duration needs a unit ({_UNIT_NAMES}): write {stripped}s if you mean seconds")
    total = Fraction(0)
    position = 0
    while position < len(stripped):
        part = _PART.match(stripped, position)
        if part is None:
            raise ValueError(f"expected a duration such as 250ms, 1s or 30d, got {stripped!r}")
        number, unit = part.groups()
        if unit not in _UNIT_NS:
            raise ValueError(f"unknown unit {unit!r} in the duration {stripped!r}: expected one of {_UNIT_NAMES}")
        total += Fraction(number) * _UNIT_NS[unit]
        position = part.end()
    if total.denominator != 1:
        raise ValueError(f"{stripped!r} is not a whole number of nanoseconds")
    if total > _MAX_NS:
        raise ValueError(f"{stripped!r} is beyond the 100,000 years that hasim can count")
    return int(total)


@lru_cache(maxsize=4_096)
def parse_fraction(text: str) -> float:
    """A fraction in [0, 1] from a percentage such as ``99.95%`` or a plain number such as ``0.02``.

    Raises:
        ValueError: not a number, or outside [0, 1].
    """
    stripped = text.strip()
    number = stripped[:-1].strip() if stripped.endswith("%") else stripped
    if len(stripped) > _MAX_TEXT or not _NUMBER.fullmatch(number):
        raise ValueError(f"expected a percentage such as 99.95% or a fraction such as 0.02, got {stripped[:64]!r}")
    value = Fraction(number) / (100 if stripped.endswith("%") else 1)
    if value > 1:
        hint = f"; write {stripped}% if you mean percent" if not stripped.endswith("%") else ""
        raise ValueError(f"expected a value from 0% to 100%, got {stripped!r}{hint}")
    return float(value)


def parse_gigabytes(text: str) -> float:
    """Gigabytes of a memory size such as ``4GB`` or ``512MB``.

    Raises:
        ValueError: no unit or not a positive number.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(GB|GiB|G|MB|MiB|M)\s*", text[:_MAX_TEXT])
    if match is None or Fraction(match[1]) == 0:
        raise ValueError(f"expected a memory size such as 4GB or 512MB, got {text[:_MAX_TEXT]!r}")
    value = Fraction(match[1]) if match[2].startswith("G") else Fraction(match[1]) / 1024
    return float(value)


def seconds(duration_ns: int) -> float:
    """A duration in seconds, for arithmetic at the edge (charts, statistics, tables)."""
    return duration_ns / SECOND


def counted(count: int, noun: str) -> str:
    """So many of something, for people: ``1 replication``, ``2,000 replications``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_duration(duration_ns: int, digits: int = 3) -> str:
    """A duration for people: the largest fitting unit and ``digits`` decimals at the most (``3.109 s``, ``2 min 5
    s``)."""
    if duration_ns < 0:
        return "-" + format_duration(-duration_ns, digits)
    for unit_ns, unit, smaller_ns, smaller in (
        (YEAR, "y", DAY, "d"),
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (2 * MINUTE, "min", SECOND, "s"),
    ):
        if duration_ns >= unit_ns:
            whole_ns = MINUTE if unit == "min" else unit_ns
            count, rest = divmod(round(duration_ns / smaller_ns) * smaller_ns, whole_ns)
            return f"{count} {unit}" + (f" {rest // smaller_ns} {smaller}" if rest // smaller_ns else "")
    for unit_ns, unit in ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "µs")):
        if duration_ns >= unit_ns:
            text = f"{duration_ns / unit_ns:.{digits}f}"
            return (text.rstrip("0").rstrip(".") if "." in text else text) + f" {unit}"
    return f"{duration_ns} ns" if duration_ns else "0 s"
