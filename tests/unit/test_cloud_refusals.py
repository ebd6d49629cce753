"""Every refusal that an action declares, produced once, with the region held to be as it was.

The scenes are in ``cloud_refusals``, by family. Here they are played, and held against the declarations, so that a
declared code without a case (or a case that no declaration covers) fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hasim.cloud import ACTIONS, Limits
from tests.unit.cloud_refusals import CASES, Scene
from tests.unit.cloud_topology import Cloud


def listed() -> Iterator[Any]:
    for (action, code), scenes in CASES.items():
        for number, (scene, limits) in enumerate(scenes):
            yield pytest.param(action, code, scene, limits, id=f"{action} {code} {number}")


@pytest.mark.parametrize(("action", "code", "scene", "limits"), list(listed()))
def test_refused_and_nothing_changed(action: str, code: str, scene: Scene, limits: Limits | None) -> None:
    cloud = Cloud(limits)
    assert cloud.refused(action, **scene(cloud)) == code


def test_every_declared_refusal_is_produced() -> None:
    declared = {(name, code) for name, spec in ACTIONS.items() for code in spec.refusals}
    assert declared - CASES.keys() == set()


def test_every_case_is_declared() -> None:
    undeclared = {(action, code) for action, code in CASES if code not in ACTIONS[action].codes}
    assert undeclared == set()
