"""The parameters of a configuration: ``$NAME=value``, and the ``~SEQ`` and ``~LST`` repetitions that set them.

What a parameter stands for is looked up when it is used, not when it is defined, and again in what it was replaced by.
A parameter that nothing defines stays in the text as it is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from hasim.keepalived.tokens import BLANKS

__all__ = [
    "HOST_NAME",
    "LINE_LIMIT",
    "Definition",
    "DefinitionError",
    "Definitions",
    "Repetition",
    "parse_list",
    "parse_sequence",
]

HOST_NAME = "localhost"
"""What stands for the name of the host that a file is written for."""
LINE_LIMIT = 1023
"""keepalived's line buffer without its terminating zero (``MAXBUF``)."""

_DEFINITION = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)=[ \t]*", re.ASCII)
_USE = re.compile(
    r"\$(?:([A-Za-z_][A-Za-z0-9_]*)(?=[ \t,)]|$)|\{([A-Za-z_][A-Za-z0-9_]*)(?: *(\d[ \d]*))?\})", re.ASCII
)
_NUMBER = re.compile(r"[ \t]*([+-]?(?:0[xX][0-9a-fA-F]+|\d+))?[ \t]*", re.ASCII)
_MAX_SUBSTITUTIONS = 10_000
_MAX_REPETITIONS = 1_000_000
_RANDOM_LOWEST, _RANDOM_HIGHEST = 0, 32767
_SEED = 0


class DefinitionError(ValueError):
    """A definition, substitution or repetition that keepalived cannot carry out; the message says why."""


@dataclass(slots=True)
class Definition:
    """What a parameter stands for: ``lines`` has one element unless the definition spans several lines.

    ``includes`` are the include lines that stand between those of a definition of several lines.
    """

    name: str
    lines: list[str]
    multiline: bool = False
    compute: Callable[[str], str] | None = None
    includes: list[str] = field(default_factory=list)

    def first_line(self, parameters: str) -> str:
        """The text that replaces the parameter on the line where it is used."""
        if self.compute is not None:
            return self.compute(parameters)
        return self.lines[0] if self.lines else ""


class Definitions:
    """All parameters defined so far, with keepalived's own (``_PWD``, ``_INSTANCE``, ``_RANDOM``, ``_HASH``,
    ``_BANG``).

    ``directory`` tells the directory of the file being read; ``config_id`` is the value of ``-i``, without which the
    daemon takes the name of its host, and this class ``HOST_NAME``. ``_RANDOM`` is drawn
    from a generator of our own with a fixed seed: the daemon's numbers cannot be foretold.
    """

    def __init__(self, config_id: str, directory: Callable[[], str]) -> None:
        generator = random.Random(_SEED)
        self._by_name: dict[str, Definition] = {}
        self.drew_random = False
        self.lacked_id = False

        def draw(parameters: str) -> str:
            self.drew_random = True
            return _draw(generator, parameters)

        def identify(_parameters: str) -> str:
            self.lacked_id = not config_id
            return config_id or HOST_NAME

        for name, compute in (
            ("_PWD", lambda _: directory()),
            ("_INSTANCE", identify),
            ("_RANDOM", draw),
            ("_HASH", lambda _: "#"),
            ("_BANG", lambda _: "!"),
        ):
            self._by_name[name] = Definition(name, [], compute=compute)

    def set(self, name: str, value: str) -> None:
        """Give a parameter a value of one line."""
        self._by_name[name] = Definition(name, [value])

    def define(self, line: str) -> Definition | None:
        """Carry out a ``$NAME=value`` line; None where the line is something else.

        A value that ends in a backslash begins a definition of several lines, to which the reader appends.
        """
        match = _DEFINITION.match(line)
        if match is None:
            return None
        value = line[match.end() :]
        if value.endswith("\\"):
            text = value[:-1].rstrip(BLANKS)
            definition = Definition(match[1], [text] if text else [], multiline=True)
        else:
            definition = Definition(match[1], [value])
        self._by_name[match[1]] = definition
        return definition

    def substitute(self, text: str) -> tuple[str, list[Definition]] | None:
        """``text`` with its parameters replaced, and those of several lines whose remaining lines follow, outermost
        first.

        None where nothing in it is defined. Replacing stops at a parameter whose value begins with ``~``.

        Raises:
            DefinitionError: a parameter that contains itself, or a line that grows beyond keepalived's buffer.
        """
        position = substitutions = 0
        pending: list[Definition] = []
        while (match := _USE.search(text, position)) is not None:
            definition = self._usable(match, text)
            if definition is None:
                position = match.start() + 1
                continue
            substitutions += 1
            replacement = definition.first_line(match[3] or "")
            if definition.multiline:
                pending.append(definition)
            text = text[: match.start()] + replacement + text[match.end() :]
            position = match.start()
            if len(text) > LINE_LIMIT or substitutions > _MAX_SUBSTITUTIONS:
                raise DefinitionError(
                    f"${definition.name} cannot be replaced: it contains itself, or the line grows beyond the "
                    f"{LINE_LIMIT} characters that keepalived can hold"
                )
            if replacement.lstrip(BLANKS).startswith("~"):
                break
        return (text, pending) if substitutions else None

    def _usable(self, match: re.Match[str], text: str) -> Definition | None:
        """The definition that this use of a parameter refers to, if it may be used here."""
        definition = self._by_name.get(match[1] or match[2])
        if definition is None or (definition.multiline and match.end() != len(text)):
            return None
        if match[3] is not None and (definition.name != "_RANDOM" or match[3].endswith(" ")):
            return None
        return definition


def _draw(generator: random.Random, parameters: str) -> str:
    """A random number for ``${_RANDOM [MIN [MAX]]}``.

    Raises:
        DefinitionError: an empty range.
    """
    numbers = [int(word) for word in parameters.split()]
    low = numbers[0] if numbers else _RANDOM_LOWEST
    high = numbers[1] if len(numbers) > 1 else _RANDOM_HIGHEST
    if low > high:
        raise DefinitionError(f"${{_RANDOM {parameters}}} has an empty range: expected MIN not above MAX")
    return str(generator.randint(low, high))


@dataclass(slots=True)
class Repetition:
    """The rest of a ``~SEQ`` or ``~LST`` line, to be read once for each of ``values``."""

    text: str
    values: Iterator[Mapping[str, str]]


def parse_sequence(line: str, definitions: Definitions) -> Repetition:
    """A ``~SEQ(variable, [start, [step,]] end) rest`` line; ``~SEQx`` counts in hexadecimal.

    Raises:
        DefinitionError: what is missing or impossible.
    """
    match = re.match(r"~SEQ(x?)[ \t]*\([ \t]*([^ \t,)]+)[ \t]*,[ \t]*([^)]*)\)[ \t]*", line)
    if match is None:
        raise DefinitionError(f"expected ~SEQ(variable, start, step, end) followed by text, got {line!r}")
    replaced = definitions.substitute(match[3] + ")")
    if replaced is not None and replaced[1]:
        raise DefinitionError(f"a parameter of several lines cannot be used in {line!r}")
    start, step, end = _sequence_numbers((replaced[0] if replaced else match[3] + ")").partition(")")[0], line)
    if step == 0 or (start < end and step < 0) or (start > end and step > 0):
        raise DefinitionError(f"{line!r} never arrives: from {start} by steps of {step} to {end}")
    if match[1] and (start < 0 or end < 0):
        raise DefinitionError(f"~SEQx counts only from and to numbers that are not negative, got {line!r}")
    if abs(end - start) // abs(step) >= _MAX_REPETITIONS:
        raise DefinitionError(f"{line!r} asks for more than {_MAX_REPETITIONS} lines")
    numbers = range(start, end + (1 if step > 0 else -1), step)
    return Repetition(line[match.end() :], ({match[2]: f"{n:x}" if match[1] else str(n)} for n in numbers))


def _sequence_numbers(text: str, line: str) -> tuple[int, int, int]:
    """Start, step and end of a ``~SEQ``; a number left out counts as 0, as with the daemon.

    Raises:
        DefinitionError: something else than one to three numbers.
    """
    matches = [_NUMBER.fullmatch(part) for part in text.split(",")]
    numbers = [_number(match[1]) for match in matches if match is not None]
    if len(numbers) != len(matches) or not 1 <= len(numbers) <= 3:
        raise DefinitionError(f"expected one to three numbers between the commas of {line!r}")
    if len(numbers) == 1:
        end = numbers[0]
        return (-1 if end < 0 else 1), (-1 if end < 1 else 1), end
    if len(numbers) == 2:
        start, end = numbers
        return start, (1 if start <= end else -1), end
    return numbers[0], numbers[1], numbers[2]


def _number(text: str | None) -> int:
    """A number as C reads it: ``0x`` hexadecimal, a leading 0 octal as far as its digits go."""
    if not text:
        return 0
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if digits[:2] in ("0x", "0X"):
        return sign * int(digits, 16)
    if digits.startswith("0") and set(digits) <= set("01234567"):
        return sign * int(digits, 8)
    return sign * int(digits)


def parse_list(line: str) -> Repetition:
    """A ``~LST(variable, value, ...) rest`` line, or ``~LST({a, b}, {1, 2}, {3, 4}) rest``.

    Raises:
        DefinitionError: what is missing, or more values than variables.
    """
    position = line.find("(")
    if line[4 : max(position, 4)].strip(BLANKS) or position < 0:
        raise DefinitionError(f"expected ~LST(variable, value, ...) followed by text, got {line!r}")
    groups: list[list[str]] = []
    position += 1
    while True:
        group, position = _list_group(line, position)
        groups.append(group)
        if line[position] == ")":
            break
        position += 1
    names, sets = groups[0], groups[1:]
    if not sets or any(len(values) > len(names) for values in sets):
        raise DefinitionError(f"expected as many values as variables in every part of {line!r}")
    rest = line[position + 1 :].lstrip(BLANKS)
    padded = (values + [""] * (len(names) - len(values)) for values in sets)
    return Repetition(rest, (dict(zip(names, values, strict=True)) for values in padded))


def _list_group(line: str, position: int) -> tuple[list[str], int]:
    """One ``name`` or ``{name, name}`` of a ``~LST``, and the position of the ``,`` or ``)`` after it."""
    match = re.compile(r"[ \t]*(?:\{([^{}]*)\}|([^ \t,(){}]*))[ \t]*(?=[,)])").match(line, position)
    if match is None:
        raise DefinitionError(f"expected values separated by commas and a closing ')' in {line!r}")
    inner = match[2] if match[1] is None else match[1]
    return [word.strip(BLANKS) for word in inner.split(",")], match.end()
