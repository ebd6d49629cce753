"""What lint says about settings that nothing reads, and about faults that happen once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hasim.scenario.linting import lint_scenario
from hasim.scenario.loading import parse
from tests.unit.scenario_texts import BASE

FLOATING = "floating: {address: 10.0.1.100, mechanism: secondary_ip}"
OTHERS = {
    "havip": FLOATING.replace("secondary_ip", "havip"),
    "eip": "floating: {mechanism: eip}",
    "eni": FLOATING.replace("secondary_ip", "eni"),
    "secondary_ip": FLOATING,
}
RANDOM = "time_to_failure: {exponential: {mean: 1d}}"


def _said(text: str, mechanism: str = "secondary_ip") -> list[tuple[str, str, str]]:
    """Rule, line and reason of each finding that is about effects."""
    assert FLOATING in BASE
    document = BASE.replace(FLOATING, OTHERS[mechanism]) + text
    found = lint_scenario(parse(document, "case.yaml"), Path())
    assert not [finding for finding in found if finding.rule == "scenario-refused"]
    lines = document.splitlines()
    return [
        (finding.rule, lines[finding.location.line - 1].strip(), finding.reason)
        for finding in found
        if finding.rule in ("setting-without-effect", "strikes-once")
    ]


@pytest.mark.parametrize("mechanism", OTHERS)
def test_nothing_is_said_about_defaults(mechanism: str) -> None:
    assert _said("", mechanism) == []


@pytest.mark.parametrize(
    ("mechanism", "line", "useful_with"),
    [
        ("havip", "notify: {reclaim_interval: 10s, tries: 9}", "secondary_ip"),
        ("secondary_ip", "control_plane: {havip_remap: 1s, garp_rate_limit: 3}", "havip"),
        ("eip", "guest: {configure: 1s}", "secondary_ip"),
        ("secondary_ip", "guest: {interface_appears: 1s}", "eni"),
    ],
)
def test_a_setting_that_the_mechanism_has_no_use_for_is_named(mechanism: str, line: str, useful_with: str) -> None:
    ((rule, where, reason),) = _said(line + "\n", mechanism)
    section, _, keys = line.rstrip("}").partition(": {")
    assert (rule, where) == ("setting-without-effect", line)
    assert {name.strip() for name in reason.split(":")[0].split(",")} == {
        f"{section}.{item.split(':')[0]}" for item in keys.split(", ")
    }
    assert _said(line + "\n", useful_with) == []


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("kind: keepalived_kill, process: child, target: a, at: 1s, duration: 5s", "setting-without-effect"),
        ("kind: keepalived_reload, target: a, at: 1s, time_to_repair: 5s", "setting-without-effect"),
        (f"kind: crash, target: a, {RANDOM}", "strikes-once"),
        (f"kind: partition, between: a, and: b, {RANDOM}", "strikes-once"),
        (f"kind: api_outage, {RANDOM}", "strikes-once"),
        (f"kind: keepalived_reload, target: a, priority: 90, {RANDOM}", "strikes-once"),
    ],
)
def test_a_fault_that_cannot_do_what_is_written_is_named(fault: str, rule: str) -> None:
    ((said, where, _),) = _said(f"faults:\n  - {{{fault}}}\n")
    assert (said, where) == (rule, f"- {{{fault}}}")


@pytest.mark.parametrize(
    "fault",
    [
        f"kind: keepalived_kill, target: [a, b], {RANDOM}",
        f"kind: keepalived_kill, process: child, target: a, {RANDOM}",
        f"kind: keepalived_reload, target: a, {RANDOM}",
        f"kind: crash, target: a, {RANDOM}, duration: 5min",
        "kind: crash, target: a, at: 1s",
        "kind: keepalived_kill, target: a, at: 1s, duration: 5s",
        "kind: keepalived_reload, target: a, priority: 90, at: 1s, duration: 5s",
    ],
)
def test_other_faults_are_left_in_peace(fault: str) -> None:
    assert _said(f"faults:\n  - {{{fault}}}\n") == []
