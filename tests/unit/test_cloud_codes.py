"""What docs/cloud-api.md says about error codes, held against what calls are really refused with.

Every scene of ``cloud_refusals``, every bad value and every broken rule of ``test_cloud_parameters`` is called here,
and only the codes that come back count: nothing is taken from a declaration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hasim.cloud import ACTIONS, CloudError, Region
from hasim.cloud.reference import documented_codes
from hasim.cloud.unmodelled import REASONS
from tests.unit.cloud_refusals import CASES
from tests.unit.cloud_topology import Cloud
from tests.unit.test_cloud_parameters import RULES, cases_of, good_request, request_against

PAGE = (Path(__file__).parents[2] / "docs" / "cloud-api.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n", 1)[0]: part for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]}


def code_of(region: Region, action: str, parameters: dict[str, Any]) -> str:
    with pytest.raises(CloudError) as caught:
        region.call(action, parameters, now_ns=0)
    return caught.value.code


def calls() -> Iterator[tuple[str, str]]:
    """Action and the code with which a call of it was refused."""
    for (action, _), scenes in CASES.items():
        for scene, limits in scenes:
            cloud = Cloud(limits)
            yield action, code_of(cloud.region, action, scene(cloud))
    empty = Region("ap-guangzhou", ("ap-guangzhou-1",))
    for spec in ACTIONS.values():
        for parameter in spec.parameters:
            for _, value in cases_of(parameter):
                yield spec.name, code_of(empty, spec.name, good_request(spec) | {parameter.name: value})
    for spec, rule in RULES:
        yield spec.name, code_of(empty, spec.name, request_against(spec, rule))


@pytest.fixture(scope="module")
def produced() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in ACTIONS}
    for action, code in calls():
        found[action].add(code)
    return found


def listed(action: str, heading: str) -> set[str]:
    """The codes in one of the lists of an action's section."""
    line = re.search(rf"^{heading}: (.*)\.$", SECTIONS[action], re.MULTILINE)
    return set(re.findall(r"`([^`]+)`", line[1])) if line else set()


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_the_codes_that_the_page_says_are_answered_are_those_that_calls_get(
    produced: dict[str, set[str]], action: str
) -> None:
    assert listed(action, "Answers") - {"UnknownParameter"} == produced[action] - {"UnknownParameter"}


@pytest.mark.parametrize("action", sorted(documented_codes()))
def test_every_documented_code_is_answered_or_on_the_page_with_a_reason(
    produced: dict[str, set[str]], action: str
) -> None:
    unmodelled = listed(action, "Documented and not modelled")
    assert unmodelled | produced[action] >= set(documented_codes()[action])
    assert unmodelled.isdisjoint(produced[action])
    keys = set(re.findall(r"` \((\S+)\)", SECTIONS[action]))
    assert keys <= {reason.key for reason in REASONS}
    assert all(f"\n| {key} | " in PAGE for key in keys)
