"""The report of an answer that stands on several studies: a comparison, a sweep, a sensitivity, an advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hasim.report.page.content import Figure, Page, Paragraph, Section
from hasim.report.page.scenario import lint, reproduction
from hasim.report.page.study import facts
from hasim.report.tables import Table, design_table

if TYPE_CHECKING:
    from hasim.study.answer import Answer

__all__ = ["answer_page"]


def answer_page(answer: Answer, command: str = "") -> Page:
    """The report of ``answer``; ``command`` is what made it, empty for what a notebook made."""
    base = answer.studies[0]
    scenario = base.scenario
    weak = list(dict.fromkeys(path for study in answer.studies for path in study.scenario.weak_defaults))
    assumptions = (
        (Table("Weak defaults that matter in at least one of them", ("value",), tuple((path,) for path in weak)),)
        if weak
        else (Paragraph("Every value that matters here is set by the scenario, measured, or published by the vendor."),)
    )
    errors = answer.lint_note
    sections = (
        Section("charts", "What it looks like", tuple(Figure(chart) for _, chart in answer.named_charts())),
        Section("numbers", "The numbers", tuple(answer.tables())),
        Section("design", "The scenario as it is", (design_table(scenario),)),
        Section("lint", "What lint says of the scenario as it is", tuple(lint(scenario)) if errors else ()),
        Section("assumptions", "Assumptions", assumptions),
        Section("reproduce", "How to reproduce it", tuple(reproduction(scenario, command, base.version))),
    )
    cut_short = "The run was interrupted: this is what was finished by then." if answer.interrupted else ""
    return Page(
        title=answer.question,
        question=" ".join(scenario.description.split()),
        answer=answer.sentence,
        further=" ".join(filter(None, (cut_short, f"{errors}." if errors else ""))),
        verdicts=(),
        sections=tuple(section for section in sections if section.parts),
        facts=facts(base),
    )
