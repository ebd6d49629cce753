"""Availability and rates as people read them, with as many decimals as carry information and no more."""

from __future__ import annotations

import math

from hasim.units import MICROSECOND, MILLISECOND, MINUTE, SECOND, format_duration

__all__ = ["duration_text", "nines_text", "per_year", "percentage", "percentage_without"]

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


def nines_text(nines: float) -> str:
    """``4.76``; more than can be counted where no downtime was seen."""
    return "∞" if math.isinf(nines) else f"{nines:.2f}"


def per_year(rate: float) -> str:
    """``12.3`` events a year, with three digits that count."""
    if rate >= 1000:
        return f"{rate:,.0f}"
    return f"{rate:.3g}"
