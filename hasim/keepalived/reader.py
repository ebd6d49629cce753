"""The logical lines of a configuration: what keepalived's parser is given after files, conditions and parameters.

A stack of sources feeds the reader: at the bottom the files, above them whatever it is in the middle of (the remaining
lines of a multi-line parameter, a ``~SEQ`` that is not yet at its end). The topmost is read until it is empty. Every
line goes through the same mill, whichever source it comes from: ``@condition``, definition, repetition, substitution,
include; and is then cut at its braces.
"""

from __future__ import annotations

from pathlib import Path

from hasim.files import FileKind, another_kind, dead_link, kept_there
from hasim.keepalived.definitions import (
    HOST_NAME,
    LINE_LIMIT,
    Definition,
    DefinitionError,
    Definitions,
    parse_list,
    parse_sequence,
)
from hasim.keepalived.includes import (
    BYTE_ORDER_MARK,
    IncludeChecks,
    IncludeLine,
    find_files,
    parse_include,
    read_configuration_text,
)
from hasim.keepalived.problems import KeepalivedConfigError, Location, Problems
from hasim.keepalived.sources import File, Line, MultilineValue, Repeated, Source
from hasim.keepalived.tokens import BLANKS, split_at_brace, strip_comment

__all__ = ["Line", "LineReader"]

_MAX_LINES = 2_000_000


class LineReader:
    """Reads a configuration line by line.

    ``config_id`` is what ``keepalived -i`` would be given. ``copied``: keepalived's child processes read a *copy* that
    the parent made after it had removed comments, so that they remove them twice and an escaped ``\\#`` protects
    nothing; only ``global_defs``, which the parent reads, sees the original. Whoever parses says which of the two is
    being read.
    """

    def __init__(self, problems: Problems, config_id: str = "") -> None:
        self.problems = problems
        self.copied = True
        self.include_checks = IncludeChecks()
        self.conditions: set[str] = set()
        self.files: list[str] = []
        self.last_location = Location("", 0)
        self._config_id = config_id
        self._definitions = Definitions(config_id, lambda: str(self._directory().absolute()))
        self._sources: list[Source] = []
        self._residue: Line | None = None
        self._defining: Definition | None = None
        self._cut_short: Definition | None = None
        self._count = 0
        self._depth = 0

    def open_text(self, name: str, text: str, directory: Path, above: File | None = None) -> None:
        """Read ``text`` next, as if it were the file ``name`` in ``directory``: after parameters and repetitions.

        ``above`` is the file that includes it.
        """
        self.files.append(name)
        self.last_location = Location(name, 0)
        if text.startswith(BYTE_ORDER_MARK):
            text = text.removeprefix(BYTE_ORDER_MARK)
            self.problems.error(
                Location(name, 1),
                "the file begins with a byte order mark (the bytes EF BB BF), which keepalived takes for a part of the "
                "first word: expected UTF-8 without one",
                "keepalived does not know that word, and ignores it and what depends on it",
            )
        before = next((i for i, s in enumerate(reversed(self._sources)) if isinstance(s, File)), 0)
        file = File(name, text, directory, self.include_checks.current, above)
        self._sources.insert(len(self._sources) - before, file)

    def open_file(self, path: Path, above: File | None = None) -> None:
        """Read a file next; ``above`` is the one that includes it.

        Raises:
            KeepalivedConfigError: it is not there, not text, or clearly something else.
        """
        name = str(path)
        try:
            text = read_configuration_text(path)
        except OSError as error:
            reason = dead_link(path) or f"cannot be read: {error.strerror}"
            if kept := kept_there(path):
                reason += f"; {kept}"
            raise KeepalivedConfigError(Location(name, 0), reason) from None
        except ValueError as error:
            raise KeepalivedConfigError(Location(name, 0), str(error)) from None
        if above is None and (another := another_kind(text, name, FileKind.CONFIGURATION)):
            raise KeepalivedConfigError(Location(name, 0), another)
        self.open_text(name, text, path.parent, above)

    def next_line(self) -> Line | None:
        """The next logical line, or None at the end of the configuration.

        Raises:
            KeepalivedConfigError: parameters or repetitions that cannot be carried out.
        """
        while (line := self._raw_line()) is not None:
            self.last_location = line.location
            self._count += 1
            if self._count > _MAX_LINES:
                raise KeepalivedConfigError(line.location, f"the configuration expands to more than {_MAX_LINES} lines")
            expanded = self._expand(line)
            if expanded is None or not expanded.text or self._include(expanded):
                continue
            text, rest, offset = split_at_brace(expanded.text)
            if rest:
                self._residue = Line(rest, _shifted(expanded.location, offset))
            if text:
                self._depth += (text == "{") - (text == "}")
                return Line(text, expanded.location, expanded.literal)
        if self._definitions.lacked_id:
            self.problems.warning(
                self.last_location,
                f"${{_INSTANCE}} was replaced by {HOST_NAME}: no configuration id is given",
                "keepalived takes the name of its host",
                fails_config_test=False,
            )
        if self._definitions.drew_random:
            self.problems.warning(
                self.last_location,
                "${_RANDOM} was replaced by a number of our own",
                "keepalived draws another one each time it starts",
                fails_config_test=False,
            )
        return None

    def _directory(self) -> Path:
        """The directory of the file being read, which relative includes start from."""
        file = self._file()
        return Path() if file is None else file.directory

    def _file(self) -> File | None:
        return next((source for source in reversed(self._sources) if isinstance(source, File)), None)

    def _raw_line(self) -> Line | None:
        """The next line of the topmost source that has one."""
        if self._residue is not None:
            residue, self._residue = self._residue, None
            return residue
        while self._sources:
            source = self._sources[-1]
            line = source.next_line()
            if line is None:
                self._sources.pop()
                if isinstance(source, File):
                    self.include_checks.current = source.checks_before
                continue
            if not isinstance(source, File):
                return line
            stripped = self._strip(line)
            if stripped.text:
                return stripped
            if self.copied or not line.text:
                self._end_definition()
        self._end_definition()
        return None

    def _strip(self, line: Line) -> Line:
        """A physical line without its comment."""
        stripped = strip_comment(line.text)
        if line.location.column > 1:
            self.problems.error(
                line.location,
                f"the line is longer than {LINE_LIMIT} bytes",
                "keepalived reads the rest as a line of its own",
            )
        if stripped.unterminated:
            self.problems.unclosed_quote(line.location, '"', line.text.strip())
        text = stripped.text
        if stripped.escaped and self.copied:
            text = strip_comment(text).text
            self.problems.warning(
                line.location,
                "a backslash before # or ! does not keep it from starting a comment here: expected double quotes",
                "keepalived drops the rest of the line",
                fails_config_test=False,
            )
        return Line(text, _shifted(line.location, stripped.indent), literal=True)

    def _end_definition(self) -> None:
        """A blank line, or the end, closes a multi-line definition; in the copy a line that was a comment is blank."""
        self._defining = self._cut_short = None

    def _expand(self, line: Line) -> Line | None:
        """A line after condition, definition, repetition and substitution; None where nothing is left to parse."""
        if line.literal and self._include_in_definition(line.text):
            return None
        if self._defining is not None:
            self._continue_definition(line.text)
            return None
        text, location, literal = line.text, line.location, line.literal
        try:
            while True:
                if text.startswith("@"):
                    rest = self._condition(text)
                    location, literal = _shifted(location, len(text) - len(rest or "")), False
                    if not rest:
                        return None
                    text = rest
                if text.startswith("$") and (definition := self._definitions.define(text)) is not None:
                    self._defining = definition if definition.multiline else None
                    return None
                if text.startswith(("~SEQ", "~LST")):
                    self._repeat(text, location)
                    return None
                if "$" not in text or text.startswith("~"):
                    break
                replaced = self._definitions.substitute(text)
                if replaced is None:
                    break
                literal = literal and parse_include(text) is not None
                text, pending = strip_comment(replaced[0]).text, replaced[1]
                for definition in pending:
                    self._continue_with(definition, location)
                if not text.startswith("@") and "$" not in text:
                    break
        except DefinitionError as error:
            raise KeepalivedConfigError(location, str(error)) from None
        return Line(text, location, literal)

    def _continue_with(self, definition: Definition, location: Location) -> None:
        """Read the remaining lines of a parameter next, unless they are being read already."""
        if any(isinstance(source, MultilineValue) and source.definition is definition for source in self._sources):
            raise DefinitionError(f"${definition.name} contains itself")
        self._sources.append(MultilineValue(definition, location))

    def _repeat(self, text: str, location: Location) -> None:
        """Read the rest of a ``~SEQ`` or ``~LST`` line once for each of its values."""
        try:
            repetition = parse_list(text) if text.startswith("~LST") else parse_sequence(text, self._definitions)
        except DefinitionError as error:
            self.problems.error(location, str(error))
        else:
            self._sources.append(Repeated(repetition, self._definitions, location))

    def _continue_definition(self, text: str) -> None:
        """One more line of the multi-line definition that is being read."""
        definition = self._defining
        assert definition is not None
        goes_on = text.endswith("\\")
        line = text[:-1].rstrip(BLANKS) if goes_on else text
        if line:
            definition.lines.append(line)
        if not goes_on:
            self._defining = None

    def _include_in_definition(self, text: str) -> bool:
        """Take an include line out of a multi-line definition; False where the line is not one.

        The parent process keeps it in the definition, and opens the file each time the parameter is used. The copy has
        no include lines: there the definition ends before it, and what follows is read as lines of their own.
        """
        definition = self._defining or self._cut_short
        if definition is None:
            return False
        goes_on = text.endswith("\\")
        is_include = parse_include(text) is not None
        if self._defining is not None and not is_include:
            return False
        if is_include:
            definition.includes.append(text.removesuffix("\\"))
            self._defining = None
        self._cut_short = definition if goes_on else None
        return is_include

    def _condition(self, text: str) -> str | None:
        """What follows ``@id`` (or ``@^id``) where the condition holds; None where it does not."""
        negated = text.startswith("@^")
        word = text[2 if negated else 1 :]
        end = next((i for i, character in enumerate(word) if character in BLANKS), None)
        if end is None:
            return None
        self.conditions.add(word[:end])
        if (word[:end] == self._config_id) == negated:
            return None
        return word[end:].lstrip(BLANKS)

    def _include(self, line: Line) -> bool:
        """Open the files of an include line; False where the line is none."""
        include = parse_include(line.text)
        if include is None:
            return False
        above = self._file()
        self._open_included(include, line.location, above)
        if not line.literal and self.copied:
            self.problems.warning(
                line.location,
                "include stands after something else on its line, or comes out of a parameter",
                "keepalived reads the file twice",
                fails_config_test=False,
            )
            self._open_included(include, line.location, above)
        return True

    def _open_included(self, include: IncludeLine, location: Location, above: File | None) -> None:
        """Read the files of an include in the file ``above`` next."""
        directory = Path() if above is None else above.directory
        files = find_files(include, directory, self.include_checks, location, self.problems)
        for path in reversed(files):
            if above is not None and above.is_within(path):
                self._report_loop(path, include, location)
            else:
                self.open_file(path, above)

    def _report_loop(self, path: Path, include: IncludeLine, location: Location) -> None:
        """Say that a file includes itself. Whatever is read again outside of a block is defined already."""
        message = f"{path} includes itself: expected another file"
        again = "keepalived reads it again until the system lets it open no more files"
        if "readable" in include.checks | self.include_checks.current:
            self.problems.fatal(location, message, f"{again}, and then does not run")
        elif self._depth > 0:
            self.problems.error(location, message, f"{again}, and takes its lines for a part of this block")
        else:
            self.problems.warning(location, message, f"{again}, and then skips the line")


def _shifted(location: Location, columns: int) -> Location:
    return Location(location.file, location.line, location.column + columns) if columns else location
