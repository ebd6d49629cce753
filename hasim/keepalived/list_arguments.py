"""What may follow a keyword that takes a list of words or a word of a special form.

As in :mod:`hasim.keepalived.arguments`, the reactions are those of keepalived 2.2.7. The values are the words as they
are: none of this means anything to an election.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hasim.keepalived.arguments import Report, parse_address, read_integer

__all__ = ["ExtraInterfaces", "Forwarding", "Ipvlan", "MailServer", "Matching", "NamedNumbers", "Numbers", "Vmac"]

_INT_MAX = 2**31 - 1
_MAX_PORT = 65535
_MAX_EXTRA_INTERVAL_S = 86400
_TUNNEL_TYPES = ("ipip", "gue", "gre")
_TUNNEL_FLAGS = ("nocsum", "csum", "remcsum")
_MAC = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}")
_ROUTERS_OWN_MAC = re.compile(r"0*0:0*0:0*5e:0*0:0*[12]:.*", re.IGNORECASE)
_MAX_INTERFACE_NAME = 15

Words = tuple[str, ...]


def _is_within(word: str, low: int, high: int) -> bool:
    number = read_integer(word)
    return number is not None and low <= number <= high


@dataclass(frozen=True, slots=True)
class Matching:
    """Words that all look like ``pattern``; the complaint says what is ``expected``.

    ``at_least`` of them must be there; ``missing_is_fatal`` says whether keepalived exits where they are not.
    ``at_most`` are looked at.
    """

    pattern: str
    expected: str
    at_least: int = 1
    at_most: int | None = 1
    missing_is_fatal: bool = True

    def read(self, words: Words, text: str, report: Report) -> Words | None:
        if len(words) < self.at_least:
            if self.missing_is_fatal:
                report.missing(self.expected)
            else:
                report.refuse(f"needs {self.expected}")
            return None
        for word in words[: self.at_most]:
            if re.fullmatch(self.pattern, word) is None:
                report.refuse(f"{word!r} is not what it takes: expected {self.expected}")
                return None
        return words


@dataclass(frozen=True, slots=True)
class Numbers:
    """One or more whole numbers from ``low`` on."""

    low: int

    def read(self, words: Words, text: str, report: Report) -> Words | None:
        wrong = next((word for word in words if not _is_within(word, self.low, _INT_MAX)), None)
        if not words or wrong is not None:
            report.refuse(f"needs numbers from {self.low} on" + (f", not {wrong!r}" if wrong is not None else ""))
            return None
        return words


@dataclass(frozen=True, slots=True)
class NamedNumbers:
    """Pairs of a name and a whole number up to ``limits[name]``."""

    limits: Mapping[str, int] = field(hash=False)

    def read(self, words: Words, text: str, report: Report) -> Words | None:
        if len(words) < 2:
            report.refuse(f"needs one of {', '.join(self.limits)}, and a number after it")
            return None
        waiting = list(words)
        while waiting:
            name = waiting.pop(0)
            limit = self.limits.get(name)
            if limit is None:
                report.refuse(f"{name!r} is unknown: expected one of {', '.join(self.limits)}")
                continue
            if not waiting or not _is_within(waiting.pop(0), 0, limit):
                report.refuse(f"needs a whole number from 0 to {limit} after {name}")
        return words


@dataclass(frozen=True, slots=True)
class ExtraInterfaces:
    """``[all] SECONDS``: how often gratuitous ARPs also leave other interfaces."""

    low_s: int

    def read(self, words: Words, text: str, report: Report) -> Words | None:
        numbers = words[1:] if words[:1] == ("all",) else words
        if not numbers or not all(_is_within(word, self.low_s, _MAX_EXTRA_INTERVAL_S) for word in numbers):
            report.refuse(f"needs [all] and a number of seconds from {self.low_s} to {_MAX_EXTRA_INTERVAL_S}")
            return None
        return words


@dataclass(frozen=True, slots=True)
class MailServer:
    """An address and perhaps a port. Names are looked up where the daemon runs, and are not judged here."""

    def read(self, words: Words, text: str, report: Report) -> Words | None:
        if not words:
            report.missing("an address")
            return None
        if len(words) > 1 and not _is_within(words[1], 1, _MAX_PORT):
            report.refuse(f"{words[1]!r} is not a port from 1 to {_MAX_PORT}")
            return None
        report.surplus(words[2:])
        return words


@dataclass(frozen=True, slots=True)
class Forwarding:
    """``NAT``, ``DR`` or ``TUN``, the latter with the options of a tunnel."""

    def read(self, words: Words, text: str, report: Report) -> Words | None:
        if not words:
            report.missing("one of NAT, DR, TUN")
            return None
        if words[0] not in ("NAT", "DR", "TUN"):
            report.refuse(f"{words[0]!r} is unknown: expected one of NAT, DR, TUN")
            return None
        problem = _tunnel_problem(words[0], list(words[1:]))
        if problem:
            report.refuse(problem)
        return words


def _tunnel_problem(method: str, options: list[str]) -> str:
    """What is wrong with the words after a forwarding method; empty where nothing is."""
    kind, has_port = "", False
    while options:
        option = options.pop(0)
        if method == "TUN" and option in _TUNNEL_FLAGS:
            continue
        if method != "TUN" or option not in ("type", "port"):
            return f"option {option!r} is unknown after {method}"
        if not options:
            return f"{option} needs a value"
        value = options.pop(0)
        if option == "type" and value not in _TUNNEL_TYPES:
            return f"tunnel type {value!r} is unknown: expected one of {', '.join(_TUNNEL_TYPES)}"
        if option == "type":
            kind = value
        else:
            has_port = True
    if (kind == "gue") != has_port:
        return "type gue needs a port, and no other type has one"
    return ""


@dataclass(frozen=True, slots=True)
class Vmac:
    """``[NAME] [MAC]`` of a virtual interface, in either order."""

    def read(self, words: Words, text: str, report: Report) -> Words:
        named = False
        for word in words:
            if ":" in word:
                if _MAC.fullmatch(word) is None:
                    report.refuse(f"{word!r} is not a MAC address")
                elif _ROUTERS_OWN_MAC.fullmatch(word):
                    report.refuse(f"{word} is a MAC address that VRRP takes by itself")
            elif named:
                report.refuse(f"has a name already before {word!r}")
            elif len(word) > _MAX_INTERFACE_NAME or "/" in word or any(c.isspace() for c in word):
                report.refuse(f"{word!r} is not a name of an interface with at most {_MAX_INTERFACE_NAME} characters")
            else:
                named = True
        return words


@dataclass(frozen=True, slots=True)
class Ipvlan:
    """``[NAME] [ADDRESS] [bridge|private|vepa]``."""

    def read(self, words: Words, text: str, report: Report) -> Words:
        names = [
            word
            for word in words
            if word not in ("bridge", "private", "vepa") and parse_address(word.partition("/")[0]) is None
        ]
        for name in names[1:]:
            report.refuse(f"has a name already before {name!r}")
        return words
