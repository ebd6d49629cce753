"""What a kept file says, checked as it is read: each function gives the value back, or refuses it by its name.

Truth values are no numbers here, and NaN and the infinities are none either: no file that hasim wrote has them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from hasim.measure.model import FAILOVER, FIRST_SERVICE, PHASES, RECOVERED_IN_PLACE, UNRESOLVED, Outage

__all__ = ["DAMAGED", "changes", "check_outages", "flag", "is_same", "real", "reasons", "text", "texts", "whole"]

DAMAGED = (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError, RecursionError)
"""What is raised where a value is not what it should be: by a check, or by whatever tripped over it."""

_END = 2**63
"""No whole number of a study reaches it."""

_RESOLUTIONS = (FAILOVER, RECOVERED_IN_PLACE, FIRST_SERVICE, UNRESOLVED)


def whole(value: Any, name: str, least: int = 0) -> int:
    """A whole number of 63 bits.

    Raises:
        ValueError: it is none, or below ``least``.
    """
    if type(value) is not int or not least <= value < _END:
        raise _refused(value, name, f"a whole number from {least}")
    return value


def real(value: Any, name: str) -> float:
    """A finite number.

    Raises:
        ValueError: it is none.
    """
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise _refused(value, name, "a number")
    return float(value)


def text(value: Any, name: str) -> str:
    """A text.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        raise _refused(value, name, "text")
    return value


def flag(value: Any, name: str) -> bool:
    """A truth value.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, bool):
        raise _refused(value, name, "true or false")
    return value


def texts(value: Any, name: str) -> tuple[str, ...]:
    """A list of texts, each of them once.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or len({*value}) < len(value):
        raise _refused(value, name, "a list of different texts")
    return tuple(value)


def reasons(value: Any, name: str) -> dict[str, str]:
    """Texts by texts, such as why something was refused by what it was.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, dict) or not all(isinstance(why, str) for why in value.values()):
        raise _refused(value, name, "an object of texts")
    return dict(value)


def changes(value: Any, name: str) -> dict[str, Any]:
    """Values by the paths in a scenario that have them.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, dict) or not all(value):
        raise _refused(value, name, "values by their paths")
    return dict(value)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same as JSON: there, true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def check_outages(outages: Iterable[Outage], downtime_ns: int) -> None:
    """Make sure that outages are some, one after another, and add up to the downtime, as their phases do to them.

    Raises:
        ValueError: they are not, or do not.
    """
    total_ns = before_ns = 0
    for outage in outages:
        place = f"an outage at {outage.start_ns!r:.80} ns"
        whole(outage.end_ns, f"the end of {place}", whole(outage.start_ns, "the beginning of an outage", before_ns))
        for word in (outage.missing, outage.cause, outage.fault):
            text(word, f"a word of {place}")
        for name in (outage.began_on, outage.ended_on):
            if name is not None:
                text(name, f"an instance of {place}")
        if outage.resolution not in _RESOLUTIONS:
            raise ValueError(f"{place} ended in {outage.resolution!r:.80}")
        if (outage.ended_on is None) != (outage.resolution == UNRESOLVED):
            raise ValueError(f"{place} ended in {outage.resolution} on {outage.ended_on}")
        if outage.began_on is None and outage.resolution not in (FIRST_SERVICE, UNRESOLVED):
            raise ValueError(f"{place} ended in {outage.resolution} and began on nobody")
        phases_ns = [whole(phase_ns, f"a phase of {place}") for phase_ns in outage.phases_ns]
        if len(phases_ns) != len(PHASES) or sum(phases_ns) != outage.duration_ns:
            raise ValueError(f"the phases of {place} do not add up")
        before_ns = outage.end_ns
        total_ns += outage.duration_ns
    if total_ns != downtime_ns:
        raise ValueError(f"outages of {total_ns} ns do not add up to a downtime of {downtime_ns} ns")


def _refused(value: Any, name: str, wanted: str) -> ValueError:
    return ValueError(f"{name} is {value!r:.80}, expected {wanted}")
