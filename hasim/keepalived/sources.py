"""Where the lines of a configuration come from: a file, a parameter of several lines, a line that is repeated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from hasim.keepalived.definitions import LINE_LIMIT, Definition, Definitions, Repetition
from hasim.keepalived.problems import Location

__all__ = ["File", "Line", "MultilineValue", "Repeated", "Source"]


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: a statement, or a single brace.

    ``literal``: it stands in a file exactly so, or is an include whose pattern alone came from parameters.
    """

    text: str
    location: Location
    literal: bool = False


class Source(Protocol):
    """Something that lines come from; ``next_line`` gives None when it is empty."""

    def next_line(self) -> Line | None: ...


class File:
    """The physical lines of one file, cut where keepalived's buffer is full; ``above`` is the one that includes it."""

    def __init__(
        self, name: str, text: str, directory: Path, checks_before: frozenset[str], above: File | None
    ) -> None:
        self.name = name
        self.above = above
        self.directory = directory
        self.checks_before = checks_before
        self._real_name = os.path.realpath(name)
        self._lines = self._cut(text)

    def is_within(self, path: Path) -> bool:
        """Whether it is that file, or was included by it."""
        file: File | None = self
        real_name = os.path.realpath(path)
        while file is not None and file._real_name != real_name:
            file = file.above
        return file is not None

    def _cut(self, text: str) -> Iterator[Line]:
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        for number, line in enumerate(lines, 1):
            encoded = line.rstrip("\r").encode()
            if len(encoded) <= LINE_LIMIT:
                yield Line(line.rstrip("\r"), Location(self.name, number), literal=True)
                continue
            for start in range(0, len(encoded), LINE_LIMIT):
                part = encoded[start : start + LINE_LIMIT].decode(errors="replace")
                yield Line(part, Location(self.name, number, start + 1), literal=True)

    def next_line(self) -> Line | None:
        return next(self._lines, None)


class MultilineValue:
    """The lines of a multi-line parameter after its first, then its includes, read where the parameter was used."""

    def __init__(self, definition: Definition, location: Location) -> None:
        self.definition = definition
        includes = (Line(text, location, literal=True) for text in definition.includes)
        self._lines = chain((Line(text, location) for text in definition.lines[1:]), includes)

    def next_line(self) -> Line | None:
        return next(self._lines, None)


class Repeated:
    """A line that is read once for each value of its variables."""

    def __init__(self, repetition: Repetition, definitions: Definitions, location: Location) -> None:
        self._repetition = repetition
        self._definitions = definitions
        self._location = location

    def next_line(self) -> Line | None:
        values = next(self._repetition.values, None)
        if values is None:
            return None
        for name, value in values.items():
            self._definitions.set(name, value)
        return Line(self._repetition.text, self._location)
