"""What may follow a keyword, and what keepalived does when something else follows.

An :class:`Arguments` reads the words after its keyword into a value, or reports what is wrong through a
:class:`Report`. The ranges and the reactions are those of keepalived 2.2.7, found with ``keepalived --config-test``.
Durations become integer nanoseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from hasim.keepalived.problems import Location, Problems
from hasim.keepalived.tokens import QuoteError, TokenError, split_script

__all__ = [
    "Address",
    "Anything",
    "Arguments",
    "Boolean",
    "Choice",
    "Decimal",
    "Integer",
    "Nothing",
    "Report",
    "Script",
    "ScriptCommand",
    "Weight",
    "WeightValue",
    "Word",
    "parse_address",
    "read_integer",
]

TRUE_WORDS = ("true", "on", "yes")
FALSE_WORDS = ("false", "off", "no")
MICROSECONDS_TO_NS = 1_000
_INTEGER = re.compile(r"[ \t\n\v\f\r]*[+-]?\d+", re.ASCII)
_DECIMAL = re.compile(r"\+?(\d*)(?:\.(\d*))?", re.ASCII)
_LINK_LOCAL_SCOPE = 2


@dataclass(frozen=True, slots=True)
class Report:
    """Where complaints about one statement go. ``subject`` is the keyword, as messages name it."""

    problems: Problems
    location: Location
    subject: str

    def missing(self, expected: str) -> None:
        """A parameter that keepalived cannot do without: it exits at once."""
        self.problems.fatal(self.location, f"{self.subject} needs {expected}", "keepalived exits at this line")

    def refuse(self, message: str, effect: str = "keepalived ignores it") -> None:
        """A value that keepalived does not take."""
        self.problems.error(self.location, f"{self.subject} {message}", effect)

    def change(self, message: str, effect: str) -> None:
        """A value that keepalived replaces by another, and says so."""
        self.problems.warning(self.location, f"{self.subject} {message}", effect)

    def surplus(self, words: tuple[str, ...]) -> None:
        """Words that keepalived never looks at."""
        if words:
            text = " ".join(words)
            self.problems.note(self.location, f"{text!r} after {self.subject} has no effect", "keepalived says nothing")


class Arguments(Protocol):
    """What may follow a keyword. ``words`` are those after the keyword, ``text`` is the whole line."""

    def read(self, words: tuple[str, ...], text: str, report: Report) -> object:
        """The value, or None where the statement has no effect (which has then been reported)."""
        ...


@dataclass(frozen=True, slots=True)
class Nothing:
    """A keyword that stands alone; its value is True. ``told``: keepalived says so where words follow it."""

    told: bool = False

    def read(self, words: tuple[str, ...], text: str, report: Report) -> bool:
        if self.told and words:
            report.change(f"takes no words, and has {' '.join(words)!r}", "keepalived passes over them")
        else:
            report.surplus(words)
        return True


@dataclass(frozen=True, slots=True)
class Anything:
    """Words that need no check here; the value is the tuple of them.

    ``at_least`` of them must be there; ``missing_is_fatal`` says whether keepalived exits where they are not.
    """

    at_least: int = 0
    missing_is_fatal: bool = True

    def read(self, words: tuple[str, ...], text: str, report: Report) -> tuple[str, ...] | None:
        if len(words) >= self.at_least:
            return words
        expected = "a parameter" if self.at_least == 1 else f"{self.at_least} parameters"
        if self.missing_is_fatal:
            report.missing(expected)
        else:
            report.refuse(f"needs {expected}")
        return None


@dataclass(frozen=True, slots=True)
class Word:
    """One word. ``missing`` says what keepalived does without one: ``fatal``, ``error``, or ``default`` (then None).

    A word longer than ``limit`` is refused, and so are further words where it is to stand ``alone``.
    """

    expected: str = "a name"
    missing: str = "fatal"
    limit: int | None = None
    alone: bool = False

    def read(self, words: tuple[str, ...], text: str, report: Report) -> str | None:
        if self.alone and len(words) > 1:
            report.refuse(f"takes {self.expected} and no further words")
            return None
        if not words:
            if self.missing == "fatal":
                report.missing(self.expected)
            elif self.missing == "error":
                report.refuse(f"needs {self.expected}")
            return None
        report.surplus(words[1:])
        if self.limit is not None and len(words[0].encode()) > self.limit:
            report.refuse(f"{words[0]!r} is too long: expected at most {self.limit} characters")
            return None
        return words[0]


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of a few. ``fallback`` is what keepalived takes where it is another, or (``optional``) none."""

    values: tuple[str, ...]
    fallback: str | None = None
    ignore_case: bool = False
    optional: bool = False

    def read(self, words: tuple[str, ...], text: str, report: Report) -> str | None:
        if not words:
            if not self.optional:
                report.missing(f"one of {', '.join(self.values)}")
            return self.fallback
        report.surplus(words[1:])
        word = words[0].upper() if self.ignore_case else words[0]
        if word in self.values:
            return word
        effect = f"keepalived takes {self.fallback}" if self.fallback else "keepalived ignores it"
        report.refuse(f"{words[0]!r} is unknown: expected one of {', '.join(self.values)}", effect)
        return self.fallback


@dataclass(frozen=True, slots=True)
class Boolean:
    """``on|off|true|false|yes|no``; alone it means true."""

    def read(self, words: tuple[str, ...], text: str, report: Report) -> bool | None:
        if not words:
            return True
        report.surplus(words[1:])
        if words[0] in TRUE_WORDS:
            return True
        if words[0] in FALSE_WORDS:
            return False
        report.refuse(f"{words[0]!r} is unknown: expected one of {', '.join(TRUE_WORDS + FALSE_WORDS)}")
        return None


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from ``low`` to ``high``.

    ``zero_means`` replaces a 0 that is allowed only for old files (keepalived says so); ``fallback`` is what keepalived
    takes for a number that it refuses; ``clamps`` says that it takes the bound; ``unit_ns`` makes a duration of the
    number; ``optional`` lets it be left out, and ``missing_is_fatal`` says whether leaving it out otherwise stops the
    daemon. ``alone``: more words than this one are refused.
    """

    low: int
    high: int = 2**32 - 1
    zero_means: int | None = None
    fallback: int | None = None
    unit_ns: int = 1
    optional: bool = False
    missing_is_fatal: bool = True
    alone: bool = False
    clamps: bool = False

    def read(self, words: tuple[str, ...], text: str, report: Report) -> int | None:
        if self.alone and len(words) > 1:
            report.refuse("takes one number")
            return None
        if not words:
            if not self.optional and self.missing_is_fatal:
                report.missing(f"a number from {self.low} to {self.high}")
            elif not self.optional:
                report.refuse(f"needs a number from {self.low} to {self.high}")
            return None
        report.surplus(words[1:])
        number = read_integer(words[0])
        if number is not None and self.clamps and not self.low <= number <= self.high:
            bound = min(max(number, self.low), self.high)
            report.change(f"{number} is not from {self.low} to {self.high}", f"keepalived takes {bound}")
            number = bound
        if number is None or not self.low <= number <= self.high:
            effect = "keepalived ignores it" if self.fallback is None else f"keepalived takes {self.fallback}"
            report.refuse(f"{words[0]!r} is not a whole number from {self.low} to {self.high}", effect)
            return None if self.fallback is None else self.fallback * self.unit_ns
        if number == 0 and self.zero_means is not None:
            report.change("0 is too small", f"keepalived takes {self.zero_means}")
            number = self.zero_means
        return number * self.unit_ns


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number with a fraction, as a duration in nanoseconds.

    It is counted in microseconds: ``digits`` after the point are kept (6 for seconds, 3 for milliseconds), the rest is
    rounded away. ``low_us`` and ``high_us`` bound it. ``fallback_ns`` is what keepalived takes for a refused one.
    """

    low_us: int
    high_us: int
    digits: int = 6
    fallback_ns: int | None = None
    words_allowed: int = 1

    def read(self, words: tuple[str, ...], text: str, report: Report) -> int | None:
        if not words:
            report.missing(f"a number from {self._shown(self.low_us)} to {self._shown(self.high_us)}")
            return None
        report.surplus(words[self.words_allowed :])
        match = _DECIMAL.fullmatch(words[0])
        if match is None:
            return self._refused(words[0], report)
        fraction = match[2] or ""
        kept = fraction[: self.digits].ljust(self.digits, "0")
        microseconds = int((match[1] + kept) or "0")
        if len(fraction) > self.digits:
            microseconds += fraction[self.digits] >= "5"
            report.change(f"{words[0]!r} has more than {self.digits} digits after the point", "keepalived rounds it")
        if not self.low_us <= microseconds <= self.high_us:
            return self._refused(words[0], report)
        return microseconds * MICROSECONDS_TO_NS

    def _shown(self, microseconds: int) -> str:
        return f"{microseconds / 10**self.digits:g}"

    def _refused(self, word: str, report: Report) -> int | None:
        effect = "keepalived ignores it" if self.fallback_ns is None else f"keepalived takes {self.fallback_ns}"
        report.refuse(f"{word!r} is not from {self._shown(self.low_us)} to {self._shown(self.high_us)}", effect)
        return self.fallback_ns


@dataclass(frozen=True, slots=True)
class WeightValue:
    """A tracking weight; ``reverse`` turns its effect round."""

    weight: int
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Weight:
    """``weight N [reverse]`` with N up to ``limit`` either way; ``kept``: a larger one is used all the same."""

    limit: int
    kept: bool = False

    def read(self, words: tuple[str, ...], text: str, report: Report) -> WeightValue | None:
        if not words:
            report.missing(f"a number from -{self.limit} to {self.limit}")
            return None
        number = read_integer(words[0])
        if number is None or (abs(number) > self.limit and not self.kept):
            report.refuse(f"{words[0]!r} is not a whole number from -{self.limit} to {self.limit}")
            return None
        if abs(number) > self.limit:
            report.change(f"{number} is not from -{self.limit} to {self.limit}", "keepalived uses it all the same")
        if len(words) > 1 and words[1] != "reverse":
            report.refuse(f"option {words[1]!r} is unknown: expected reverse")
        report.surplus(words[2:])
        return WeightValue(number, len(words) > 1 and words[1] == "reverse")


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address; what follows a ``/`` or ``-`` in it is dropped, as keepalived does.

    ``version`` 4 or 6 restricts the family, ``multicast`` the kind; ``link_local`` says that a multicast IPv6 address
    which is not link-local is refused, and not merely doubted.
    """

    version: int | None = None
    multicast: bool = False
    link_local: bool = False

    def read(self, words: tuple[str, ...], text: str, report: Report) -> IPv4Address | IPv6Address | None:
        if not words:
            report.missing("an IP address")
            return None
        report.surplus(words[1:])
        address = parse_address(re.split("[-/]", words[0], maxsplit=1)[0])
        if address is None or self.version not in (None, address.version):
            report.refuse(f"{words[0]!r} is not an IPv{self.version or '4 or IPv6'} address")
            return None
        if self.multicast and not address.is_multicast:
            report.refuse(f"{words[0]!r} is not a multicast address")
            return None
        if self.multicast and isinstance(address, IPv6Address) and address.packed[1] & 0x0F != _LINK_LOCAL_SCOPE:
            if self.link_local:
                report.refuse(f"{words[0]!r} is not a link-local multicast address")
                return None
            report.change(f"{words[0]!r} should be a link-local multicast address", "keepalived uses it all the same")
        return address


@dataclass(frozen=True, slots=True)
class ScriptCommand:
    """A script with its arguments, and whom it runs as (None: the default script user)."""

    arguments: tuple[str, ...]
    user: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A command with its arguments in one (usually quoted) word, then perhaps a user and a group.

    ``with_user`` False: words after the command mean nothing. ``missing`` says what keepalived does without a command:
    ``fatal``, ``error`` or ``nothing``; ``empty_is_none`` that it takes an empty one for none without a word.
    """

    with_user: bool = True
    missing: str = "fatal"
    empty_is_none: bool = True

    def read(self, words: tuple[str, ...], text: str, report: Report) -> ScriptCommand | None:
        try:
            outer = split_script(text)[1:]
            command = split_script(outer[0]) if outer else ()
        except QuoteError as error:
            report.problems.unclosed_quote(report.location, error.quote, text)
            return None
        except TokenError as error:
            report.refuse(f"cannot be read: {error}")
            return None
        if not command:
            self._complain(bool(outer), report)
            return None
        if not self.with_user:
            report.surplus(outer[1:])
            return ScriptCommand(command)
        report.surplus(outer[3:])
        return ScriptCommand(command, outer[1] if len(outer) > 1 else None, outer[2] if len(outer) > 2 else None)

    def _complain(self, is_written: bool, report: Report) -> None:
        if self.missing == "nothing" or (is_written and self.empty_is_none):
            report.problems.note(report.location, f"{report.subject} runs no script", "keepalived says nothing")
        elif self.missing == "error":
            report.refuse("needs a command")
        else:
            report.missing("a command")


def read_integer(word: str) -> int | None:
    """A whole number as C's ``strtol`` with base 10 reads it (an empty word is 0), or None where more follows it."""
    return int(word or "0") if not word or _INTEGER.fullmatch(word) else None


def parse_address(word: str) -> IPv4Address | IPv6Address | None:
    """An IP address as ``inet_pton`` reads it (no scope, no leading zeros), or None."""
    try:
        if ":" in word:
            return IPv6Address(word) if "%" not in word else None
        return IPv4Address(word)
    except ValueError:
        return None
