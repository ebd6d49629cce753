"""What a sweep varies: ``vrrp.advert_int=0.1s..5s:9``, read with hasim's own units.

=========================  =============================================================================================
written                    means
=========================  =============================================================================================
``PATH=1s,2s,5s``          exactly these values
``PATH=0.1s..5s``          :data:`POINTS` values from one to the other
``PATH=0.1s..5s:9``        nine of them
``PATH=0.1s..5s:9:linear`` at equal distances (``log``: at equal ratios). Unless it is said, ratios where the upper end
                           is at least ten times the lower one, else distances
=========================  =============================================================================================

The ends of a range are durations, percentages or numbers; the values between them are rounded to three digits, whole
numbers stay whole.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from hasim.arguments import plain_value
from hasim.errors import UserError
from hasim.units import (
    DAY,
    HOUR,
    MICROSECOND,
    MILLISECOND,
    MINUTE,
    SECOND,
    YEAR,
    format_duration,
    parse_duration,
    parse_fraction,
)

__all__ = [
    "POINTS",
    "Parameter",
    "Range",
    "Unit",
    "check_different",
    "duration_written",
    "in_range",
    "parameter",
    "parse_vary",
    "split_at_commas",
]

POINTS = 7
"""So many values a range has unless it says otherwise."""

MOST_VALUES = 200
_FEWEST_POINTS = 2

Unit: TypeAlias = Literal["ns", "fraction", "number", "word"]

_RANGE = re.compile(r"(?P<low>[^:]+?)\.\.(?P<high>[^:]+)(?P<how>(?::[^:]*)*)")
_COUNT = re.compile("[0-9]{1,6}")
_SCALES = ("log", "linear")
_UNITS = (
    (YEAR, "y"),
    (DAY, "d"),
    (HOUR, "h"),
    (MINUTE, "min"),
    (SECOND, "s"),
    (MILLISECOND, "ms"),
    (MICROSECOND, "us"),
    (1, "ns"),
)
_DIGITS = 3
_LOG_FROM = 10.0


@dataclass(frozen=True, slots=True)
class Range:
    """From one number to another (ns, a fraction, or as it is); ``whole`` numbers stay whole."""

    low: float
    high: float
    unit: Unit
    log: bool
    whole: bool

    def value(self, share: float) -> Any:
        """What a scenario file would say at that share of the way."""
        number = self._between(self.high, share)
        exactly = share in (0.0, 1.0)
        if self.unit == "ns":
            return duration_written(round(number), None if exactly else _DIGITS)
        if self.whole:
            return round(number)
        rounded = number if exactly else float(f"{number:.{_DIGITS}g}")
        return f"{100 * rounded:.10g}%" if self.unit == "fraction" else rounded

    def drawn(self, share: float) -> Any:
        """The value for a share from 0 to below 1 that was drawn: of whole numbers each, the ends too, has its part."""
        if not self.whole:
            return self.value(share)
        return min(math.floor(self._between(self.high + 1, share)), int(self.high))

    def _between(self, high: float, share: float) -> float:
        """What is at that share of the way from the lower end to ``high``."""
        return self.low * (high / self.low) ** share if self.log else self.low + (high - self.low) * share


@dataclass(frozen=True, slots=True)
class Parameter:
    """A place in the scenario and the values that it is given.

    Attributes:
        path: of the place, such as ``vrrp.advert_int``.
        values: as a scenario file would say them; at least one, all different.
        numbers: the same to compute with (ns, fractions, numbers); for words their positions.
        unit: of ``numbers``.
        span: the range that the values are from; None for a list.
        how: what was said of the points of the range and their scale, such as ``9:log``; empty for nothing.
    """

    path: str
    values: tuple[Any, ...]
    numbers: tuple[float, ...]
    unit: Unit
    span: Range | None = None
    how: str = ""

    def at(self, share: float) -> Any:
        """The value at a share (from 0 to below 1) of the way: anywhere in a range, one of the values of a list."""
        if self.span is None:
            return self.values[int(share * len(self.values))]
        return self.span.drawn(share)

    @property
    def is_log(self) -> bool:
        """Whether a logarithmic axis shows the values best."""
        if self.span is not None:
            return self.span.log
        positive = self.unit != "word" and min(self.numbers) > 0
        return positive and max(self.numbers) >= _LOG_FROM * min(self.numbers)

    @property
    def label(self) -> str:
        """The end of the path, as people call it."""
        return self.path.rpartition(".")[2]

    def number_of(self, value: Any) -> float:
        """The number of a value of this parameter."""
        if self.unit == "word":
            return float(self.values.index(value))
        return _read(value)[1]

    def text_of(self, value: Any) -> str:
        """A value as people read it."""
        from hasim.study.compare.variants import value_text

        return format_duration(round(self.number_of(value))) if self.unit == "ns" else value_text(value)


def parse_vary(text: str) -> Parameter:
    """The parameter that ``PATH=RANGE`` or ``PATH=VALUE,VALUE,...`` describes.

    Raises:
        UserError: it is none, or its range cannot be.
    """
    if not isinstance(text, str):
        raise UserError(f"expected a text such as 'vrrp.advert_int=1s..5s', got {text!r:.80}")
    path, equals, written = text.partition("=")
    path, written = path.strip(), written.strip()
    if not equals or not path or not written:
        raise UserError(f"expected PATH=LOW..HIGH or PATH=VALUE,VALUE,... such as vrrp.advert_int=1s..5s, got {text!r}")
    found = _RANGE.fullmatch(written)
    if found is None or "{" in written:
        return parameter(path, [_plain(path, part) for part in split_at_commas(written)])
    return _ranged(path, found["low"].strip(), found["high"].strip(), found["how"])


def parameter(path: str, values: Sequence[Any]) -> Parameter:
    """The parameter with exactly these values.

    Raises:
        UserError: ``path`` is no text; there is no value, there are too many, or one stands twice.
    """
    if not isinstance(path, str):
        raise UserError(f"expected a path such as 'vrrp.advert_int', got {path!r:.80}")
    values = [plain_value(value, path) for value in values]
    if not 1 <= len(values) <= MOST_VALUES:
        raise UserError(f"{path}: expected 1 to {MOST_VALUES} values, got {len(values)}")
    for index, value in enumerate(values):
        if value in values[:index]:
            from hasim.study.compare.variants import value_text

            raise UserError(f"{path}: {value_text(value)} stands twice")
    read = [_read(value) for value in values]
    units = {unit for unit, _ in read}
    if len(units) == 1 and units != {"word"}:
        return Parameter(path, tuple(values), tuple(number for _, number in read), units.pop())
    return Parameter(path, tuple(values), tuple(map(float, range(len(values)))), "word")


def check_different(parameters: Sequence[Parameter]) -> None:
    """Refuse what cannot be varied together, or makes no difference to look at.

    Raises:
        UserError: a path twice, or one that decides nothing in a run.
    """
    from hasim.study.compare.variants import check_makes_difference

    paths = [one.path for one in parameters]
    for index, path in enumerate(paths):
        check_makes_difference(path)
        if path in paths[:index]:
            raise UserError(f"{path} is varied twice: give all its values at once")


def _points(place: str, how: str) -> tuple[int, str | None]:
    """How many points, and on which scale (None: nothing is said): what stands behind the range at ``place``."""
    count, *more = [part.strip() for part in how.split(":")[1:]] or [str(POINTS)]
    if count in _SCALES and not more:
        return POINTS, count
    if more and (len(more) > 1 or more[0] not in _SCALES):
        raise UserError(f"{place}: expected log or linear after the number of points, got {':'.join(more)!r}")
    number = int(count) if _COUNT.fullmatch(count) else 0
    if not _FEWEST_POINTS <= number <= MOST_VALUES:
        scale = "" if more else ", or log or linear" if count[:1].isalpha() else ""
        raise UserError(f"{place}: expected {_FEWEST_POINTS} to {MOST_VALUES} points{scale}, got {count or 'nothing'}")
    return number, more[0] if more else None


def _ranged(path: str, lower: str, upper: str, how: str) -> Parameter:
    """The range between two ends as they were written, with what was written behind them."""
    place = f"{path}={lower}..{upper}"
    low, high = _plain(path, lower), _plain(path, upper)
    (unit, first), (other, last) = _read(low), _read(high)
    if "word" in (unit, other):
        raise UserError(
            f"{place}: the ends of a range are durations, percentages or numbers; write other values one by one, such "
            f"as {path}={lower},{upper}"
        )
    if unit != other:
        raise UserError(f"{place}: the ends of a range have the same unit")
    whole = isinstance(low, int) and isinstance(high, int)
    return in_range(path, first, last, unit, whole=whole, how=how, place=place)


def in_range(path: str, low: float, high: float, unit: Unit, *, whole: bool, how: str, place: str) -> Parameter:
    """The parameter from one number to another, with the points that ``how`` asks for, each part of it behind a colon;
    errors name the ``place``.

    Raises:
        UserError: there is no such range, or it cannot have such points.
    """
    count, scale = _points(place, how)
    if low >= high:
        raise UserError(f"{place}: a range goes from the lower value to the higher one")
    if scale == "log" and low <= 0:
        raise UserError(f"{place}: a logarithmic range begins above 0")
    log = scale == "log" or (scale is None and 0 < low * _LOG_FROM <= high)
    span = Range(low, high, unit, log, whole)
    values = tuple(dict.fromkeys(span.value(index / (count - 1)) for index in range(count)))
    return Parameter(path, values, tuple(_read(value)[1] for value in values), unit, span, how.strip(": "))


def _plain(path: str, written: str) -> Any:
    from hasim.scenario.changes import parse_assignment

    return parse_assignment(f"{path}={written.strip()}")[1]


def _read(value: Any) -> tuple[Unit, float]:
    """The unit and the number of a value as a scenario file says it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "word", 0.0
    if not isinstance(value, str):
        return ("number", float(value)) if math.isfinite(value) else ("word", 0.0)
    try:
        return ("fraction", parse_fraction(value)) if value.endswith("%") else ("ns", float(parse_duration(value)))
    except ValueError:
        return "word", 0.0


def duration_written(duration_ns: int, digits: int | None = None) -> str:
    """A duration as a scenario file says it, rounded to so many digits of its largest unit; None: exactly."""
    fitting = [(unit_ns, name) for unit_ns, name in _UNITS if duration_ns >= unit_ns] or [_UNITS[-1]]
    if digits is not None:
        unit_ns, name = fitting[0]
        return f"{float(f'{duration_ns / unit_ns:.{digits}g}'):.10g}{name}"
    texts = (f"{duration_ns / unit_ns:.6g}{name}" for unit_ns, name in fitting if duration_ns < 1_000_000 * unit_ns)
    return next((text for text in texts if parse_duration(text) == duration_ns), f"{duration_ns}ns")


def split_at_commas(text: str) -> list[str]:
    """The parts of a list, at the commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
