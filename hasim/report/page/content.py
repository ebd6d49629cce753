"""What a report page holds, as data: the template only lays it out.

A page answers a question: the answer in one sentence, the verdict on the SLO, then sections of figures, tables, stories
and lists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hasim.report.charts.style import Chart
from hasim.report.story import Episode
from hasim.report.tables import Table

if TYPE_CHECKING:
    from hasim.keepalived.lint import Finding

__all__ = ["Code", "Figure", "Findings", "Page", "Paragraph", "Part", "Section", "Story", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``word`` is ``met``, ``not met``, ``undecided`` or ``nothing asked``; ``text`` says of what and why."""

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart. What its title and its caption say is its text alternative, together with ``also``."""

    chart: Chart
    also: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """One outage told: ``title``, the chart of it, and what happened, step by step."""

    title: str
    chart: Chart
    episode: Episode
    horizon_ns: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What ``hasim lint`` says of the scenario."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Something to copy. One with a ``title`` is long: a screen shows it in a window of its own, paper all of it."""

    text: str
    title: str = ""


Part: TypeAlias = Paragraph | Figure | Table | Story | Findings | Code


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; ``anchor`` is its address within the page."""

    anchor: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. ``answer`` is one sentence, ``further`` what else belongs to it; ``facts`` are short pairs, such
    as (seed, 1)."""

    title: str
    question: str
    answer: str
    further: str
    verdicts: tuple[Verdict, ...]
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str], ...] = field(default=())
