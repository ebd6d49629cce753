"""The statements of a configuration as a tree, built the way keepalived's parser walks through the file.

Whether a line is a statement, a line of values or a brace in the wrong place depends on the keyword before it, so the
tree can only be built with the table of keywords (:mod:`hasim.keepalived.keywords`) at hand. Where the file is
malformed the parser goes on where keepalived would: an unknown keyword's brace is "unexpected", and its closing brace
ends the block around it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hasim.keepalived.arguments import Report, ScriptCommand
from hasim.keepalived.grammar import Block, Keyword
from hasim.keepalived.keywords import KEYWORDS
from hasim.keepalived.problems import Location, Problems
from hasim.keepalived.reader import Line, LineReader
from hasim.keepalived.tokens import CLOSE, OPEN, split_words

__all__ = ["Entry", "Statement", "parse"]

_GLOBAL = "global_defs"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of values in a block such as ``virtual_ipaddress``."""

    words: tuple[str, ...]
    location: Location = field(compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """One keyword with what follows it.

    ``words`` begin with the keyword (those of a script are in its value); ``value`` is what its arguments were read as
    (None: refused). ``statements`` or ``entries`` are what its braces hold; ``end`` is where they close.
    """

    words: tuple[str, ...]
    value: object
    location: Location = field(compare=False)
    keyword: Keyword = field(compare=False)
    statements: tuple[Statement, ...] = ()
    entries: tuple[Entry, ...] = ()
    end: Location = field(compare=False, default=Location("", 0))

    @property
    def name(self) -> str:
        """The first word after the keyword: what a ``vrrp_instance`` or ``vrrp_script`` is called."""
        return self.words[1] if len(self.words) > 1 else ""

    def walk(self) -> Iterator[Statement]:
        """This statement and all those inside it."""
        yield self
        for statement in self.statements:
            yield from statement.walk()


def parse(reader: LineReader) -> tuple[Statement, ...]:
    """All statements that the reader gives; what is wrong goes to ``reader.problems``.

    Raises:
        KeepalivedConfigError: the reader cannot go on.
    """
    return _Parser(reader).top_level()


class _Parser:
    """Walks through the logical lines; ``_open`` holds where each brace that is still open was opened, and
    ``_closes_nothing`` whether the last line was a brace too many."""

    def __init__(self, reader: LineReader) -> None:
        self._reader = reader
        self._problems: Problems = reader.problems
        self._open: list[Location] = []
        self._closes_nothing = False

    def top_level(self) -> tuple[Statement, ...]:
        statements, _ = self._block(KEYWORDS, None, opened=True)
        for location in self._open:
            self._problems.error(location, "the block opened here is never closed: expected a }", "keepalived says so")
        return statements

    def _next(self) -> tuple[Line, tuple[str, ...]] | None:
        """The next line with its words; braces are counted as they pass, and those between quotes are not."""
        while (line := self._reader.next_line()) is not None:
            words, unmatched = split_words(line.text)
            if unmatched:
                self._problems.unclosed_quote(line.location, '"', line.text)
            self._closes_nothing = line.text == CLOSE and not self._open
            if line.text == OPEN:
                self._open.append(line.location)
            elif self._closes_nothing:
                self._problems.error(line.location, "this } closes nothing")
            elif line.text == CLOSE:
                self._open.pop()
            if words:
                return line, words
        return None

    def _block(
        self, keywords: Mapping[str, Keyword], owner: Statement | None, opened: bool
    ) -> tuple[tuple[Statement, ...], Location]:
        """The statements up to the brace that ends this block (or the end of the file), and where it ends.

        ``opened``: its opening brace has been read, as the last word of a line (where it stands between quotes).
        """
        statements: list[Statement] = []
        while (read := self._next()) is not None:
            line, words = read
            if not opened:
                opened = True
                if words[0] == OPEN:
                    continue
                self._problems.error(
                    line.location, f"expected {{ after {_subject(owner)}", "keepalived goes on without it"
                )
            elif words[0] == OPEN:
                self._problems.error(line.location, "this { opens nothing that keepalived knows")
                continue
            if words[0] == CLOSE and owner is not None:
                return tuple(statements), line.location
            keyword = keywords.get(words[0])
            if keyword is None and self._closes_nothing:
                continue  # which has been said
            if keyword is None:
                self._unknown(words[0], keywords, owner, line.location)
            else:
                statement = self._statement(keyword, line, words, owner)
                if self._is_complete(statement):
                    statements.append(statement)
        return tuple(statements), self._reader.last_location

    def _statement(self, keyword: Keyword, line: Line, words: tuple[str, ...], owner: Statement | None) -> Statement:
        """A statement of a known keyword, with its block."""
        report = Report(self._problems, line.location, keyword.name)
        if keyword.deprecated:
            self._problems.warning(
                line.location,
                f"{keyword.name} is deprecated: use {keyword.deprecated}",
                "keepalived still takes it",
                fails_config_test=not keyword.deprecated_quietly,
            )
        opened = keyword.block is not Block.NONE and words[-1] == OPEN
        words = words[:-1] if opened else words
        value = keyword.arguments.read(words[1:], line.text, report)
        words = words[:1] if isinstance(value, ScriptCommand) else words
        statement = Statement(words, value, line.location, keyword)
        if keyword.name == "include_check" and (complaint := self._reader.include_checks.change(words[1:])) is not None:
            self._problems.error(line.location, complaint)
        if keyword.block is Block.NONE:
            return statement
        if keyword.name == _GLOBAL and owner is None:
            self._reader.copied = False
        if keyword.block is Block.VALUES:
            entries, end = self._values(statement, opened)
            statement = Statement(words, value, line.location, keyword, entries=entries, end=end)
        else:
            inner, end = self._block(keyword.keywords, statement, opened)
            statement = Statement(words, value, line.location, keyword, inner, end=end)
        if keyword.name == _GLOBAL and owner is None:
            self._reader.copied = True
        return statement

    def _is_complete(self, statement: Statement) -> bool:
        """Whether a block has what keepalived wants to find in it; what it lacks is noticed at the closing brace."""
        keyword = statement.keyword
        if keyword.needs_entries and not statement.entries:
            self._problems.error(statement.end, f"{_subject(statement)} is empty", keyword.needs_entries)
        if not keyword.needs or any(inner.keyword.name in keyword.needs for inner in statement.statements):
            return True
        self._problems.error(
            statement.end, f"{_subject(statement)} needs {' or '.join(keyword.needs)}", "keepalived passes over it"
        )
        return False

    def _values(self, owner: Statement, opened: bool) -> tuple[tuple[Entry, ...], Location]:
        """The lines of a block of values, and where it ends; ``opened`` as above."""
        entries: list[Entry] = []
        while (read := self._next()) is not None:
            line, words = read
            if not opened:
                opened = True
                if words == (OPEN,):
                    continue
                self._problems.warning(
                    line.location, f"expected {{ after {_subject(owner)}", "keepalived goes on without it", False
                )
            if words[-1] == CLOSE:
                if len(words) > 1:
                    entries.append(Entry(words[:-1], line.location))
                return tuple(entries), line.location
            entries.append(Entry(words, line.location))
        return tuple(entries), self._reader.last_location

    def _unknown(self, word: str, keywords: Mapping[str, Keyword], owner: Statement | None, location: Location) -> None:
        """Report a keyword that does not exist here, and the nearest one that does."""
        near = difflib.get_close_matches(word, keywords, n=1)
        hint = f": did you mean {near[0]}?" if near else ""
        if not near and owner is not None and word in KEYWORDS:
            hint = f": it belongs outside {_subject(owner)}"
        place = f" in {_subject(owner)}" if owner is not None else ""
        self._problems.error(location, f"unknown keyword {word!r}{place}{hint}")


def _subject(statement: Statement | None) -> str:
    """A block as a person names it."""
    return " ".join(statement.words[:2]) if statement is not None else "the file"
