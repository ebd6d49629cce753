"""What a report says about the scenario itself: the question, the design, lint, assumptions, how to run it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hasim.report.page.content import Code, Findings, Paragraph, Part
from hasim.report.tables import Table, design_table
from hasim.report.wording import fault_title
from hasim.units import format_duration

if TYPE_CHECKING:
    from hasim.scenario.model import Fault, Scenario

__all__ = ["assumptions", "design", "lint", "question", "reproduction"]


def question(scenario: Scenario) -> str:
    """What the scenario says about itself, and what is asked of it."""
    about = " ".join(scenario.description.split())
    faults = "; ".join(dict.fromkeys(_fault_words(fault) for fault in scenario.faults)) or "nothing goes wrong"
    asked = f"How long is {scenario.floating.label} gone, and what availability is that, when this happens: {faults}?"
    return f"{about}\n{asked}" if about else asked


def _fault_words(fault: Fault) -> str:
    target = "|".join(fault.targets) or "|".join((*fault.between, *fault.and_))
    words = fault_title(fault.kind, target)
    if fault.at_ns is not None:
        return f"{words} at {format_duration(fault.at_ns)}"
    assert fault.time_to_failure is not None
    each = "each " if len(fault.targets) > 1 else ""
    return f"{words}, {each}every {format_duration(round(fault.time_to_failure.mean_ns()))} on average"


def design(scenario: Scenario) -> Iterator[Part]:
    """Its instances, and what goes wrong."""
    yield design_table(scenario)
    faults = "; ".join(dict.fromkeys(f"{fault.name}: {_fault_words(fault)}" for fault in scenario.faults))
    yield Paragraph(f"Faults: {faults or 'none'}.")


def lint(scenario: Scenario) -> Iterator[Part]:
    """What hasim lint says about it."""
    from hasim.scenario import ScenarioError
    from hasim.scenario.linting import lint_loaded

    try:
        yield Findings(lint_loaded(scenario))
    except ScenarioError as error:  # what it refers to is not here any more
        yield Paragraph(f"Not looked at: {error}")


def assumptions(scenario: Scenario) -> Iterator[Part]:
    """The weak defaults that the numbers stand on."""
    weak = scenario.weak_defaults
    if not weak:
        yield Paragraph("Every value that matters here is set by the scenario, measured, or published by the vendor.")
        return
    yield Paragraph(
        "Nobody has published or measured these defaults, and the numbers above stand on them. Set them in the "
        "scenario, or by --set, if you know better; docs/scenario-reference.md says where each comes from."
    )
    yield Table("Weak defaults that matter here", ("value",), tuple((path,) for path in weak))


def reproduction(scenario: Scenario, command: str, version: str) -> Iterator[Part]:
    """The command, and the scenario as its author wrote it."""
    at_hand = " The scenario file is below." if command and scenario.source_text else ""
    yield Paragraph(f"With hasim {version} the same scenario and seed give the same numbers on any machine.{at_hand}")
    if command:
        yield Code(command)
    if scenario.source_text:
        yield Code(scenario.source_text, f"The scenario: {scenario.name}")
