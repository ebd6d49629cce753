"""Rules about what is written in a scenario and does nothing there, or does it once only."""

from __future__ import annotations

from collections.abc import Iterator

from hasim.keepalived import Location
from hasim.keepalived.lint.findings import Level, Remark, Rules
from hasim.scenario.errors import KeyPath, format_path
from hasim.scenario.linting.design import ScenarioDesign
from hasim.scenario.model import Fault, Scenario, ends_by_itself
from hasim.scenario.schema.vrrp import NotifySection

__all__ = ["EFFECT_RULES"]

EFFECT_RULES: Rules[ScenarioDesign] = Rules()


@EFFECT_RULES.rule(
    "setting-without-effect",
    Level.WARNING,
    "a setting is written that nothing reads: the mechanism of the floating address, or the fault, has no use for it",
    "a HAVIP is claimed by gratuitous ARP, without any script or API call; the other mechanisms need no such claim",
)
def _unread(design: ScenarioDesign) -> Iterator[Remark]:
    scenario = design.scenario
    label = scenario.floating.mechanism.value
    for around in ((), *(("instances", instance.name) for instance in scenario.instances)):
        for section, keys, reason in _useless(scenario):
            written = [key for key in keys if design.document.has((*around, section, key))]
            if written:
                paths = ", ".join(format_path((*around, section, key)) for key in written)
                yield (
                    _location(design, (*around, section, written[0])),
                    f"{paths}: the mechanism is {label}, and {reason}",
                    "results are the same whatever is written there",
                    "leave it out, or choose the mechanism that it is meant for",
                )
    for index, fault in enumerate(scenario.faults):
        for key in ("duration", "time_to_repair"):
            if fault.is_over_at_once and design.document.has(("faults", index, key)):
                yield (
                    _location(design, ("faults", index, key)),
                    f"{fault.name} has a {key}, and is over at once",
                    "nothing is put right after it",
                    f"leave out {key}",
                )


@EFFECT_RULES.rule(
    "strikes-once",
    Level.WARNING,
    "a random fault without a duration happens once, and lasts until the end of the run",
    "the [scenario reference](scenario-reference.md): a time to failure is drawn again after each repair",
)
def _never_repaired(design: ScenarioDesign) -> Iterator[Remark]:
    for index, fault in enumerate(design.scenario.faults):
        if fault.time_to_failure is not None and fault.duration is None and not _ends(fault, design.scenario):
            yield (
                _location(design, ("faults", index, "time_to_failure")),
                f"{fault.name} is random, and has no duration",
                "it happens to each target once at most, and is never repaired: whatever fails later finds it in force",
                "add a duration; one that is longer than the horizon, if that is what is meant",
            )


def _useless(scenario: Scenario) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Sections, keys of them that the mechanism has no use for, and why."""
    mechanism = scenario.floating.mechanism
    if mechanism.is_announced:
        yield "notify", tuple(NotifySection.model_fields), "its address is claimed without the script"
    else:
        yield "control_plane", ("havip_remap", "garp_rate_limit"), "nothing is claimed by gratuitous ARP"
    if not mechanism.moves_interface:
        yield "guest", ("interface_appears",), "no interface moves"
    if mechanism.is_public:
        yield "guest", ("configure",), "an EIP is not configured in the guest"


def _ends(fault: Fault, scenario: Scenario) -> bool:
    """Whether it ends by itself."""
    return any(ends_by_itself(fault, instance) for instance in scenario.instances if instance.name in fault.targets)


def _location(design: ScenarioDesign, path: KeyPath) -> Location:
    return Location(*design.document.where(path))
