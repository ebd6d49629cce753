"""Availability and rates as people read them, with as many decimals as carry information and no more."""

from __future__ import annotations

import math

from hasim.units import MICROSECOND, MILLISECOND, MINUTE, SECOND, counted, format_duration

__all__ = [
    "amount_text",
    "duration_text",
    "nines_text",
    "per_year",
    "percentage",
    "percentage_without",
    "replications_text",
    "share_text",
    "signed_text",
    "small_text",
]

_MOST_DECIMALS = 12
_ROUNDING = 1e-9
"""1 - 0.9999 is a little less than 0.0001 in floating point, and means 0.0001."""


def percentage(availability: float, digits: int = 3) -> str:
    """``99.99827%``: so many decimals that ``digits`` digits of the unavailability show."""
    return percentage_without(1.0 - availability, digits)


def percentage_without(unavailability: float, digits: int = 1) -> str:
    """The availability that is left: ``99.9%`` for 0.001."""
    if unavailability <= 0:
        return "100%"
    first_digit = math.floor(math.log10(unavailability) + _ROUNDING)
    decimals = min(max(digits - 3 - first_digit, 0), _MOST_DECIMALS)
    return f"{100 * (1 - unavailability):.{decimals}f}%"


def share_text(share: float) -> str:
    """A probability: ``1.83%``, ``0%``, and ``> 99.9%`` for what is not quite all."""
    if 0.9995 < share < 1.0:
        return "> 99.9%"
    return f"{100 * share:.3g}%"


def duration_text(duration_ns: float) -> str:
    """A measured duration, in columns that line up: ``8.213 s``, ``29.000 s``, ``199.1 ms``, ``2 min 48 s``.

    ``no bound`` where it is infinite.
    """
    if math.isinf(duration_ns):
        return "no bound"
    if SECOND <= duration_ns < 2 * MINUTE:
        return f"{duration_ns / SECOND:.3f} s"
    if MILLISECOND <= duration_ns < SECOND:
        return f"{duration_ns / MILLISECOND:.1f} ms"
    if MICROSECOND <= duration_ns < MILLISECOND:
        return f"{duration_ns / MICROSECOND:.0f} µs"
    return format_duration(round(duration_ns))


def replications_text(count: int, horizon_ns: int) -> str:
    """How much was simulated: ``200 replications of 10 min each``."""
    each = "" if count == 1 else " each"
    return f"{counted(count, 'replication')} of {format_duration(horizon_ns)}{each}"


def nines_text(nines: float) -> str:
    """``4.76``; more than can be counted where no downtime was seen."""
    return "∞" if math.isinf(nines) else f"{nines:.2f}"


def per_year(rate: float) -> str:
    """``12.3`` events a year, with three digits that count."""
    if rate >= 1000:
        return f"{rate:,.0f}"
    return f"{rate:.3g}"


def small_text(probability: float) -> str:
    """``3.37e-06``: an unavailability or a probability that may be very small, with three digits that count."""
    return f"{probability:.3g}"


def amount_text(value: float, unit: str) -> str:
    """A number of a study: a duration where its unit is ``ns``, else so many events."""
    if math.isinf(value):
        return "no bound"
    return duration_text(value) if unit == "ns" else per_year(value)


def signed_text(value: float, unit: str) -> str:
    """A difference of two such numbers: ``+1.234 s``, ``-2 min 5 s``, ``0`` where there is none."""
    if not value:
        return "0"
    text = amount_text(abs(value), unit)
    if math.isinf(value):
        return text
    return f"{'-' if value < 0 else '+'}{text}"
