"""All rules over a scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from hasim.keepalived import Location
from hasim.keepalived.lint import RULES, Finding, Level, lint_configs, lint_design, merged, powerless_checks
from hasim.scenario.errors import ScenarioError
from hasim.scenario.linting.design import ScenarioDesign, design_of_scenario
from hasim.scenario.linting.effects import EFFECT_RULES
from hasim.scenario.linting.rules import CLOUD_RULES
from hasim.scenario.loading import Document, parse
from hasim.scenario.model import Scenario
from hasim.scenario.prepared import Prepared, prepare
from hasim.scenario.resolve import resolve
from hasim.scenario.validation import validate

__all__ = [
    "NOT_SIMULATED",
    "ONLY_IN_FILES",
    "SCENARIO_REFUSED",
    "SCENARIO_RULES",
    "count_errors",
    "lint_loaded",
    "lint_scenario",
    "refusals",
    "weights_in_vain",
]

SCENARIO_RULES = (*CLOUD_RULES.all, *EFFECT_RULES.all)
SCENARIO_REFUSED = "scenario-refused"
NOT_SIMULATED = "not-simulated"
_KNOWN_BETTER = "multicast"
"""A rule of doubt about the network, which a scenario describes."""
ONLY_IN_FILES = frozenset({"peers-itself"})
"""What the files that a scenario points at can have wrong, and a scenario cannot say."""
_SAID_IN_PART = frozenset({"addresses-differ", "address-not-accepted"})
"""What a scenario cannot always say (a file without any address; the addresses of a file where an ENI moves)."""


def lint_scenario(document: Document, directory: Path) -> tuple[Finding, ...]:
    """What is wrong with a scenario, worst first; ``directory`` is what files in it are relative to.

    A scenario that does not load (unknown keys, or something that the cloud would refuse) is nothing but that. The
    keepalived.conf files that it points at are looked at with it.
    """
    try:
        return _findings(*_design_of(document, directory))
    except ScenarioError as error:
        return refusals(error)


def lint_loaded(scenario: Scenario) -> tuple[Finding, ...]:
    """What is wrong with a scenario that has been loaded, worst first.

    Raises:
        ScenarioError: what it refers to is not there any more.
    """
    return _findings(*_design_of(*_source_of(scenario)))


def count_errors(findings: Iterable[Finding]) -> dict[str, int]:
    """How many errors there are, by their rules."""
    return dict(Counter(finding.rule for finding in findings if finding.level is Level.ERROR))


def weights_in_vain(scenario: Scenario) -> frozenset[str]:
    """The names of the checks whose weight never moves the address.

    Raises:
        ScenarioError: what the scenario refers to is not there any more.
    """
    _, design = _design_of(*_source_of(scenario))
    return frozenset(check.name for _, check in powerless_checks(design))


def _source_of(scenario: Scenario) -> tuple[Document, Path]:
    return parse(scenario.source_text, scenario.source_path), Path(scenario.source_path).parent


def _design_of(document: Document, directory: Path) -> tuple[Prepared, ScenarioDesign]:
    prepared = prepare(document, directory)
    scenario = resolve(prepared.document, directory=directory)
    return prepared, design_of_scenario(prepared.document, validate(prepared.document), scenario)


def _findings(prepared: Prepared, design: ScenarioDesign) -> tuple[Finding, ...]:
    found = list(lint_design(design, (rule for rule in RULES if rule.name != _KNOWN_BETTER)))
    found += merged(finding for rule in SCENARIO_RULES for finding in rule.findings(design))
    of_files = lint_configs(prepared.configs, (rule for rule in RULES if rule.name in ONLY_IN_FILES | _SAID_IN_PART))
    known = {(finding.rule, str(finding.location)) for finding in found}
    found += (finding for finding in of_files if (finding.rule, str(finding.location)) not in known)
    found += _not_simulated(prepared)
    order = list(Level)
    return tuple(sorted(found, key=lambda finding: (order.index(finding.level), finding.location, finding.rule)))


def _not_simulated(prepared: Prepared) -> Iterator[Finding]:
    """What the files say, and a scenario cannot."""
    if not prepared.configs:
        return
    from hasim.scenario.importing.summary import left_out

    for name, members in prepared.members.items():
        for location, what in left_out(prepared.configs[name], members):
            yield Finding(
                NOT_SIMULATED,
                Level.NOTE,
                location,
                f"{name} runs with {what}",
                "the simulation does without it",
                "do not read the results as if it were there",
            )


def refusals(error: ScenarioError) -> tuple[Finding, ...]:
    """The mistakes of a scenario that cannot be loaded, in the form of findings."""
    return tuple(map(_refusal, error.mistakes))


def _refusal(error: ScenarioError) -> Finding:
    return Finding(
        SCENARIO_REFUSED,
        Level.ERROR,
        Location(error.file, error.line or 0),
        ": ".join(part for part in (error.path, error.message) if part),
        f"the cloud answers {error.code}" if error.code else "the scenario cannot be used",
        error.hint or "write what is expected; docs/scenario-reference.md has every key",
    )
