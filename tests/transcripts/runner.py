"""Readable transcripts: commands, and below each what is expected of it.

A transcript is a text file of blocks that are separated by blank lines::

    # Lines that begin with a number sign explain; they belong to the block below them.
    command its arguments
      a continued line is indented
    ----
    the expected output, line by line

Whoever tests something gives a *driver*: a function from a command to its output lines, usually a bound method of an
object that remembers what earlier commands did. :func:`run` gives it every command of a file in order and compares, or,
with ``pytest --rewrite``, writes the file anew with what came out.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "Driver", "parse", "render", "run"]

Driver = Callable[[str], Iterable[str]]

_SEPARATOR = "----"


@dataclass(frozen=True, slots=True)
class Block:
    """A command with the comments above it and the expected output below it. A block may be comments only."""

    comments: tuple[str, ...]
    command: tuple[str, ...]
    output: tuple[str, ...]

    @property
    def text(self) -> str:
        """The command in one line."""
        return " ".join(line.strip() for line in self.command)


def parse(text: str) -> list[Block]:
    """The blocks of a transcript.

    Raises:
        ValueError: a block has a command without the separator below it.
    """
    return [_parse_block(chunk.splitlines()) for chunk in text.strip("\n").split("\n\n") if chunk.strip()]


def _parse_block(lines: list[str]) -> Block:
    count = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
    comments, rest = tuple(lines[:count]), lines[count:]
    if not rest:
        return Block(comments, (), ())
    if _SEPARATOR not in rest:
        raise ValueError(f"no {_SEPARATOR} below the command {rest[0]!r}")
    place = rest.index(_SEPARATOR)
    return Block(comments, tuple(rest[:place]), tuple(rest[place + 1 :]))


def render(blocks: Iterable[Block]) -> str:
    """The text of a transcript."""
    chunks = []
    for block in blocks:
        lines = [*block.comments, *block.command]
        if block.command:
            lines += [_SEPARATOR, *block.output]
        chunks.append("\n".join(lines))
    return "\n\n".join(chunks) + "\n"


def run(path: Path, driver: Driver, *, rewrite: bool) -> None:
    """Give the driver every command of the file, and compare or (``rewrite``) write what comes out.

    Raises:
        AssertionError: something else came out than the file says, or an output line is blank or ends in a blank.
    """
    expected = path.read_text(encoding="utf-8")
    blocks = [_answered(block, driver) for block in parse(expected)]
    actual = render(blocks)
    if rewrite:
        path.write_text(actual, encoding="utf-8")
        return
    if actual != expected:
        difference = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm="")
        raise AssertionError(f"{path.name}:\n" + "\n".join(difference))


def _answered(block: Block, driver: Driver) -> Block:
    if not block.command:
        return block
    output = tuple(driver(block.text))
    for line in output:
        assert line == line.rstrip() != "", f"a transcript cannot show the line {line!r}"
    return Block(block.comments, block.command, output)
