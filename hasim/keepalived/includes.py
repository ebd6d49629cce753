"""Which files an ``include`` line names, and what keepalived does when it names none."""

from __future__ import annotations

import codecs
import glob
import os
import re
import stat
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from hasim.files import dead_link
from hasim.keepalived.problems import Location, Problems
from hasim.keepalived.tokens import BLANKS

__all__ = ["BYTE_ORDER_MARK", "IncludeChecks", "IncludeLine", "find_files", "parse_include", "read_configuration_text"]

BYTE_ORDER_MARK = "\ufeff"
MAX_FILE_BYTES = 8 * 1024 * 1024
_HEAD_BYTES = 1024
_MAX_BRACE_EXPANSIONS = 1000
_ALL_CHECKS = frozenset({"readable", "match", "wildcard_match", "brace_match"})
_CHECK_NAMES = {
    "read": "readable",
    "match": "match",
    "wildcard_match": "wildcard_match",
    "brace_match": "brace_match",
}
"""keepalived.conf(5) calls the first one ``readable``, which 2.2.7 does not know."""
_CHECKS_BY_LETTER = {
    "": frozenset[str](),
    "r": frozenset({"readable"}),
    "m": frozenset({"readable", "match"}),
    "w": frozenset({"readable", "match", "wildcard_match"}),
    "b": frozenset({"readable", "brace_match"}),
    "a": _ALL_CHECKS,
}
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": "!-/:-@[-`{-~",
    "space": " \t\n\v\f\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
"""The character classes of glob(7), in the C locale."""


@dataclass(frozen=True, slots=True)
class IncludeLine:
    """An ``include`` (or ``includer``, ...): the pattern, and what it asks to be an error."""

    pattern: str
    checks: frozenset[str]


class IncludeChecks:
    """The current ``include_check`` setting: which failures to include a file keep keepalived from running."""

    def __init__(self) -> None:
        self.current: frozenset[str] = frozenset()

    def change(self, words: tuple[str, ...]) -> str | None:
        """Carry out ``include_check [+|-]OPTION...``; the complaint where an option is not one."""
        if not words:
            self.current = _ALL_CHECKS
            return None
        for index, word in enumerate(words):
            known = _CHECK_NAMES.get(word.lstrip("+-"))
            if known is None:
                return f"unknown include_check option {word!r}: expected one of {', '.join(_CHECK_NAMES)}"
            if word.startswith("+"):
                self.current |= {known}
            elif word.startswith("-"):
                self.current -= {known}
            elif index == 0:
                self.current = frozenset({"readable", known})
            else:
                return f"include_check option {word!r} needs a + or - after the first option"
        return None


def parse_include(line: str) -> IncludeLine | None:
    """The include that a line asks for, or None where it is a statement like any other."""
    match = re.fullmatch(r"include([rmwba]?)[ \t\f\v\r](.*)", line, re.DOTALL)
    if match is None:
        return None
    return IncludeLine(match[2].strip(BLANKS), _CHECKS_BY_LETTER[match[1]])


def find_files(
    include: IncludeLine, directory: Path, checks: IncludeChecks, at: Location, problems: Problems
) -> list[Path]:
    """The files to read for an include, in the daemon's order: sorted within each brace alternative.

    A file that is missing or unfit is reported: fatal where the checks in force say so, otherwise a warning.
    """
    required = include.checks | checks.current
    alternatives = _expand_braces(include.pattern)
    found: list[Path] = []
    for alternative in alternatives:
        pattern = _python_pattern(alternative)
        if os.path.isabs(pattern):
            matches = sorted(glob.glob(pattern))
        else:
            matches = sorted(glob.glob(pattern, root_dir=directory))
        if matches:
            found += [directory / match for match in matches]
            continue
        wild = glob.has_magic(pattern)
        check = "brace_match" if len(alternatives) > 1 else "wildcard_match" if wild else "match"
        _report_missing(alternative, check, check in required, at, problems)
    return [path for path in found if _is_usable(path, "readable" in required, at, problems)]


def _report_missing(pattern: str, check: str, required: bool, at: Location, problems: Problems) -> None:
    """Say that a pattern names no file, as loud as keepalived takes it."""
    message = f"no file matches {pattern!r}: expected a path relative to the directory of {at.file}"
    if pattern.startswith(('"', "'")):
        message += " (quotes are part of the name here: write it without them)"
    if required:
        problems.fatal(at, message)
    elif check == "wildcard_match":
        problems.note(at, message, "keepalived says nothing")
    else:
        problems.warning(at, message, "keepalived goes on without it", fails_config_test=False)


def _is_usable(path: Path, required: bool, at: Location, problems: Problems) -> bool:
    """Whether keepalived would read this file: a regular one that is readable and not executable."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        reason = f"{path} cannot be read: {dead_link(path) or error.strerror}"
    else:
        if stat.S_ISREG(mode) and os.access(path, os.R_OK):
            if not mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
                return True
            problems.warning(at, f"{path} is executable", "on such a machine keepalived skips it", False)
            return True
        reason = f"{path} is not a file that can be read"
    if required:
        problems.fatal(at, reason)
    else:
        problems.warning(at, reason, "keepalived skips it", fails_config_test=False)
    return False


def _python_pattern(pattern: str) -> str:
    """A pattern of glob(7) as Python's ``glob`` writes it, which has no ``[^a]``, ``[[:digit:]]`` or backslashes."""
    pattern = re.sub(r"\\(.)", lambda match: f"[{match[1]}]" if match[1] in "*?[" else match[1], pattern)
    pattern = re.sub(r"\[\^", "[!", pattern)
    return re.sub(r"\[:([a-z]+):\]", lambda match: _CLASSES.get(match[1], match[0]), pattern)


def _expand_braces(pattern: str) -> list[str]:
    """``{a,b}`` alternatives, also nested, as a C shell expands them; at most a thousand."""
    results: list[str] = []
    waiting = [pattern]
    while waiting and len(results) + len(waiting) <= _MAX_BRACE_EXPANSIONS:
        text = waiting.pop(0)
        group = _first_brace_group(text)
        if group is None:
            results.append(text)
            continue
        start, end, choices = group
        waiting[:0] = [text[:start] + choice + text[end:] for choice in choices]
    return results + waiting


def _first_brace_group(text: str) -> tuple[int, int, list[str]] | None:
    """Where the first complete brace group begins and ends, and its alternatives."""
    start = text.find("{")
    depth = 0
    cuts = [start]
    for position in range(start, len(text)) if start >= 0 else ():
        character = text[position]
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                cuts.append(position)
                return start, position + 1, [text[a + 1 : b] for a, b in pairwise(cuts)]
        elif character == "," and depth == 1:
            cuts.append(position)
    return None


def read_configuration_text(path: Path) -> str:
    """The text of a configuration file: UTF-8, or else Latin-1, as keepalived takes any bytes.

    Raises:
        OSError: the file cannot be read.
        ValueError: not text that keepalived can read, or too large; the message says which.
    """
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"larger than {MAX_FILE_BYTES // 1024 // 1024} MiB: not a keepalived configuration")
    if _is_utf16(content):
        raise ValueError("the text is in UTF-16: keepalived reads bytes, expected UTF-8 (iconv -f UTF-16 -t UTF-8)")
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise ValueError(f"line {line} holds a zero byte: expected text, not a binary file")
    if b"\n" not in content and b"\r" in content.rstrip(b"\r"):
        raise ValueError(
            "its lines end with a carriage return alone, and keepalived takes all of them for one line: expected line "
            "feeds (tr '\\r' '\\n')"
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        mark = BYTE_ORDER_MARK if content.startswith(codecs.BOM_UTF8) else ""
        return mark + content.removeprefix(mark.encode()).decode("latin-1")


def _is_utf16(content: bytes) -> bool:
    """Whether it begins as UTF-16 does, or has the zero bytes of its ASCII characters."""
    head = content[:_HEAD_BYTES]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    high, low = (2 * half.count(0) > len(half) for half in (head[::2], head[1::2]))
    return high != low
