"""What a lint rule says, and what is said about each rule in the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic

from typing_extensions import TypeVar

from hasim.keepalived.lint.design import Design
from hasim.keepalived.problems import Location

__all__ = ["Finding", "Level", "Rule", "Rules", "rule_table"]


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
