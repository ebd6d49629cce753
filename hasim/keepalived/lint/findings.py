"""What a lint rule says, and what is said about each rule in the documentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic

from typing_extensions import TypeVar

from hasim.keepalived.lint.design import Design
from hasim.keepalived.problems import Location

__all__ = ["Finding", "Level", "Rule", "Rules", "merged", "named", "rule_table"]

_NAMED = re.compile("\x02(.*?)\x03")


class Level(StrEnum):
    """How bad a finding is: the design cannot do its job, it will surprise, or it is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a design: where, why, what will happen, and what repairs it."""

    rule: str
    level: Level
    location: Location
    reason: str
    consequence: str
    repair: str

    def __str__(self) -> str:
        sentences = (text[:1].upper() + text[1:] for text in (self.consequence, self.repair))
        return f"{self.location}: {self.level}: [{self.rule}] {self.reason}. {'. '.join(sentences)}."


def named(node: str) -> str:
    """The name of a node as the texts of a finding hold it until :func:`merged` has seen them: a node may be called
    "a"."""
    return f"\x02{node}\x03"


def merged(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding of those of a rule that say the same of several nodes; the first one's, which names the others.

    Findings about two nodes and more are left as they are.
    """
    alike: dict[object, list[tuple[str, Finding]]] = {}
    for number, finding in enumerate(findings):
        texts = (finding.reason, finding.consequence, finding.repair)
        names = {name for text in texts for name in _NAMED.findall(text)}
        name, blank = (next(iter(names)), "") if len(names) == 1 else (str(number), r"\1")
        key = (finding.rule, finding.level, *(_NAMED.sub(blank, text) for text in texts), blank and number)
        alike.setdefault(key, []).append((name, _plain(finding)))
    for (_, first), *others in alike.values():
        more = dict.fromkeys(
            name if other.location == first.location else f"{name} ({other.location})" for name, other in others
        )
        yield replace(first, reason=f"{first.reason}; so it is with {', '.join(more)}") if more else first


def _plain(finding: Finding) -> Finding:
    reason, consequence, repair = (
        _NAMED.sub(r"\1", text) for text in (finding.reason, finding.consequence, finding.repair)
    )
    return replace(finding, reason=reason, consequence=consequence, repair=repair)


Remark = tuple[Location, str, str, str]
"""What the function of a rule yields: location, reason, consequence, repair."""


D = TypeVar("D", bound=Design, default=Design)


@dataclass(frozen=True)
class Rule(Generic[D]):
    """A rule: its name, what it is about in one sentence, where the knowledge comes from, and its function.

    ``D`` is what it looks at: any design, or one of a kind that shows more.
    """

    name: str
    level: Level
    summary: str
    source: str
    check: Callable[[D], Iterable[Remark]]

    def findings(self, design: D) -> Iterator[Finding]:
        """What the rule says about a design."""
        for location, reason, consequence, repair in self.check(design):
            yield Finding(self.name, self.level, location, reason, consequence, repair)


class Rules(Generic[D]):
    """A table of rules; functions enter themselves with :meth:`rule`."""

    def __init__(self) -> None:
        self.all: list[Rule[D]] = []

    def rule(
        self, name: str, level: Level, summary: str, source: str
    ) -> Callable[[Callable[[D], Iterable[Remark]]], Callable[[D], Iterable[Remark]]]:
        """Enter the decorated function as the rule of that name."""

        def enter(check: Callable[[D], Iterable[Remark]]) -> Callable[[D], Iterable[Remark]]:
            self.all.append(Rule(name, level, summary, source, check))
            return check

        return enter


def rule_table(rules: Iterable[Rule]) -> str:
    """The rules as a Markdown table, for the documentation."""
    rows = ["| rule | level | what it finds | source |", "|---|---|---|---|"]
    rows += [f"| `{rule.name}` | {rule.level} | {rule.summary} | {rule.source} |" for rule in rules]
    return "\n".join(rows) + "\n"
