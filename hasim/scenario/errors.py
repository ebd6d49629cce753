"""The error of a scenario file: where the mistake is, what was expected, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TypeAlias

from hasim.errors import UserError
from hasim.units import counted

__all__ = ["KeyPath", "ScenarioError", "format_path", "nearest", "shown", "suggestion"]

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where something stands in a scenario: keys and list positions from the top (``("faults", 0, "at")``)."""

_MOST_SHOWN = 60
_MOST_MISTAKES = 8
"""How many of a file's mistakes are told at once."""


class ScenarioError(UserError):
    """The user's scenario cannot be used.

    ``file`` and ``line`` (1-based; None where there is no file), ``path`` (``instances.a.vrrp.priority``, empty at the
    top), ``message`` (what was expected and what was found), ``hint`` (what to do), ``others`` (the other mistakes that
    were found with it, by line). ``code`` is the cloud's error code where the cloud would refuse the scenario.

    As text it is a line for each of the first eight mistakes, and how many more there are.
    """

    def __init__(
        self,
        file: str,
        line: int | None,
        path: str,
        message: str,
        *,
        hint: str = "",
        others: Sequence[ScenarioError] = (),
        code: str = "",
    ) -> None:
        super().__init__(file, line, path, message)
        self.file = file
        self.line = line
        self.path = path
        self.message = message
        self.hint = hint
        self.others = tuple(others)
        self.code = code

    def __str__(self) -> str:
        mistakes = self.mistakes
        lines = [mistake._line() for mistake in mistakes[:_MOST_MISTAKES]]
        if len(mistakes) > _MOST_MISTAKES:
            lines.append(f"{self.file}: and {counted(len(mistakes) - _MOST_MISTAKES, 'more mistake')}")
        return "\n".join(lines)

    @property
    def mistakes(self) -> tuple[ScenarioError, ...]:
        """This one and the others."""
        return (self, *self.others)

    def moved(self, place: str) -> ScenarioError:
        """The same about something that has no lines, ``place`` in place of the file."""
        others = [other.moved(place) for other in self.others]
        return ScenarioError(place, None, self.path, self.message, hint=self.hint, others=others, code=self.code)

    def _line(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        text = ": ".join(part for part in (place, self.path, self.message) if part)
        return f"{text}; {self.hint}" if self.hint else text


def format_path(path: KeyPath) -> str:
    """A key path as people read it: ``faults[0].time_to_repair``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def nearest(name: str, known: list[str]) -> str | None:
    """The known name that looks most like ``name``, if any does."""
    folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def suggestion(name: str, known: list[str], most: int = 20) -> str:
    """``did you mean X?`` if some known name is near, else the list of what there is, cut off after ``most`` names."""
    close = nearest(name, known)
    if close is not None:
        return f"did you mean {close}?"
    if not known:
        return "there are none"
    shown = ", ".join(known[:most])
    return f"expected one of {shown}" + (", ..." if len(known) > most else "")


def shown(value: object) -> str:
    """A value as its author would recognise it in the file."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true (an unquoted yes, on or true)" if value else "false (an unquoted no, off or false)"
    if isinstance(value, str):
        return repr(value if len(value) <= _MOST_SHOWN else value[: _MOST_SHOWN - 3] + "...")
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the number {value}"
