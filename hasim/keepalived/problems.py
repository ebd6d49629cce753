"""What is wrong with a configuration file, where, and what keepalived makes of it.

keepalived seldom refuses a file. Most mistakes are reported in its log while the daemon goes on without the statement,
or with another value; only a few keep it from running. The severities say which of these a mistake is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hasim.errors import UserError

__all__ = ["KeepalivedConfigError", "Location", "Problem", "Problems", "Severity"]

_MOST = 1000


class Severity(StrEnum):
    """What keepalived does about a mistake, from worst to mildest.

    ``FATAL``: it does not run with this file. ``ERROR``: it reports the statement and goes on without it. ``WARNING``:
    it uses another value than the one written, or says that the statement is doubtful. ``NOTE``: it says nothing.
    """

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def refuses(self) -> bool:
        """Whether what is written has no effect at all: the statement, or the whole file, is refused."""
        return self in (Severity.FATAL, Severity.ERROR)


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: ``line`` and ``column`` count from 1; ``line`` 0 is the file as a whole."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. ``message`` says what is wrong and what was expected, ``effect`` what keepalived makes of it.

    ``fails_config_test``: ``keepalived --config-test`` exits with a failure because of it.
    """

    severity: Severity
    location: Location
    message: str
    effect: str
    fails_config_test: bool

    def __str__(self) -> str:
        return f"{self.location}: {self.severity}: {self.message} ({self.effect})"


class KeepalivedConfigError(UserError):
    """A configuration file that cannot be used. ``location`` is where, ``message`` what was expected there."""

    def __init__(self, location: Location, message: str) -> None:
        super().__init__(f"{location}: {message}")
        self.location = location
        self.message = message


@dataclass(slots=True)
class Problems:
    """The problems of one configuration, in the order in which they were met.

    Raises:
        KeepalivedConfigError: more than a thousand of them; from any method that adds one.
    """

    found: list[Problem] = field(default_factory=list)
    _unclosed: set[tuple[str, int]] = field(default_factory=set)

    def _add(self, problem: Problem) -> None:
        self.found.append(problem)
        if len(self.found) > _MOST:
            raise KeepalivedConfigError(problem.location, f"more than {_MOST} mistakes: is this a keepalived.conf?")

    def fatal(self, location: Location, message: str, effect: str = "keepalived does not run with this file") -> None:
        """Report what keeps keepalived from running."""
        self._add(Problem(Severity.FATAL, location, message, effect, True))

    def error(self, location: Location, message: str, effect: str = "keepalived ignores it") -> None:
        """Report a statement that keepalived refuses."""
        self._add(Problem(Severity.ERROR, location, message, effect, True))

    def unclosed_quote(self, location: Location, quote: str, text: str) -> None:
        """Report a quote that is never closed; once for a line, which keepalived reads several times."""
        if (location.file, location.line) not in self._unclosed:
            self._unclosed.add((location.file, location.line))
            name = "double quote" if quote == '"' else "single quote"
            self.error(location, f"a {name} is never closed in: {text}")

    def warning(self, location: Location, message: str, effect: str, fails_config_test: bool = True) -> None:
        """Report a statement that keepalived changes or doubts."""
        self._add(Problem(Severity.WARNING, location, message, effect, fails_config_test))

    def note(self, location: Location, message: str, effect: str) -> None:
        """Report what keepalived itself passes over in silence."""
        self._add(Problem(Severity.NOTE, location, message, effect, False))

    def refuse(self) -> None:
        """Raise the first problem that refuses the file or a statement, if there is one.

        Raises:
            KeepalivedConfigError: names the problem and how many more there are.
        """
        refusals = [problem for problem in self.found if problem.severity.refuses]
        if not refusals:
            return
        first = refusals[0]
        fatal = next((problem.effect for problem in refusals if problem.severity is Severity.FATAL), first.effect)
        more = f"; {len(refusals) - 1} more to follow" if len(refusals) > 1 else ""
        raise KeepalivedConfigError(first.location, f"{first.message} ({fatal}{more})")
