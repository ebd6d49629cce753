"""The reference is current, and every documented code is either answered or explained."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from hasim.cloud import ACTIONS
from hasim.cloud.errors import COMMON_CODES, MESSAGES
from hasim.cloud.reference import documented_codes, not_modelled, render
from hasim.cloud.unmodelled import REASONS

PAGE = Path(__file__).parents[2] / "docs" / "cloud-api.md"
BEYOND_THE_CATALOGUE = {
    "CreateSecurityGroupPolicies",
    "DeleteSecurityGroupPolicies",
    "DescribeSecurityGroupPolicies",
    "ModifyInstancesVpcAttribute",
    "RunInstances",
    "TerminateInstances",
}


def test_page_is_current(rewrite: bool) -> None:
    if rewrite:
        PAGE.write_text(render(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == render(), "docs/cloud-api.md is stale: pytest --rewrite"


def test_every_documented_action_is_modelled() -> None:
    assert set(ACTIONS) == set(documented_codes()) | BEYOND_THE_CATALOGUE


@pytest.mark.parametrize("action", sorted(documented_codes()))
def test_every_documented_code_is_answered_or_explained(action: str) -> None:
    explained = {code for code, _ in not_modelled(action)}
    assert explained | ACTIONS[action].codes >= set(documented_codes()[action])


@pytest.mark.parametrize("action", sorted(documented_codes()))
def test_no_code_is_answered_that_is_not_documented(action: str) -> None:
    assert ACTIONS[action].codes - COMMON_CODES <= set(documented_codes()[action])


def test_no_pattern_is_idle() -> None:
    explained = [(f"{action}/{code}", why) for action in documented_codes() for code, why in not_modelled(action)]
    for reason in REASONS:
        for pattern in reason.patterns:
            decided = [name for name, why in explained if why is reason and fnmatchcase(name, pattern)]
            assert decided, (reason.key, pattern)


def test_messages_are_those_of_codes_that_are_answered() -> None:
    answered = COMMON_CODES.union(*(spec.codes for spec in ACTIONS.values()))
    assert MESSAGES.keys() == answered


def test_every_asynchronous_action_says_how_its_tasks_end() -> None:
    from hasim.cloud.registry import ENDINGS

    asynchronous = {name for name, spec in ACTIONS.items() if spec.kind is not None}
    assert ENDINGS.keys() == asynchronous
    assert {name for name, ending in ENDINGS.items() if ending.commit is None} == set()
    assert {name for name, ending in ENDINGS.items() if ending.fail is None} == {"DeleteHaVip"}
