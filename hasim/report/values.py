"""Values within texts: a number and its units stay on one line, and the spaces stay those that everybody copies."""

from __future__ import annotations

import re
from html import escape
from math import inf

__all__ = ["held", "held_html", "let_go"]

_NUMBER = r"\d[\d,.]*"
_WITH_UNIT = rf"{_NUMBER} (?:ns|us|µs|ms|s|min|h|d|y)\b"
_BOUND = r"\(?(?:[≤≥<>±] )?"
_VALUE = re.compile(rf"{_BOUND}(?<!\w)[+-]?{_WITH_UNIT}(?: {_WITH_UNIT})*|[≤≥<>±] {_NUMBER}%?|\bx {_NUMBER}")
_PART = re.compile(rf"{_BOUND}(?<!\w)[+-]?{_WITH_UNIT}")
_JOINT = "\ue000"
"""Stands for a space at which no line may end; a character that no script uses, and no space to those who wrap."""


def held(text: str, room: float = inf, *, whole: bool = True) -> str:
    """The text for whoever wraps it, as long as before: no line ends within a value that fits into ``room`` characters
    (unless ``whole`` is false), nor within a number and its unit that do. :func:`let_go` gives lines their spaces back.
    """

    def joined(found: re.Match[str]) -> str:
        value = found[0]
        if whole and len(value) <= room:
            return value.replace(" ", _JOINT)
        return _PART.sub(lambda part: part[0].replace(" ", _JOINT) if len(part[0]) <= room else part[0], value)

    return _VALUE.sub(joined, text)


def let_go(line: str) -> str:
    """A line of a text that was :func:`held`, as it is to be read."""
    return line.replace(_JOINT, " ")


def held_html(text: str) -> str:
    """The text as HTML, escaped, each value in a ``span`` of the class ``value``, which is not to be wrapped."""
    parts, position = [], 0
    for found in _VALUE.finditer(text):
        parts += [escape(text[position : found.start()]), f'<span class="value">{escape(found[0])}</span>']
        position = found.end()
    return "".join([*parts, escape(text[position:])])
