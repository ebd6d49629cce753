"""Tasks of the cloud that do not end, or end badly, because a fault of the scenario says so."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.scenario import ScenarioError
from hasim.scenario.model import Scenario
from hasim.trace import AddressHeld, ApiAnswered, GuestAddressChanged, Record, TaskEnded
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, of_type, run

CRASH = {"kind": "crash", "target": "a", "at": "10s"}


def stuck(at: str, duration: str | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": "api_stuck_tasks", "at": at, **({"duration": duration} if duration else {}), **more}


def eni(*faults: dict[str, Any]) -> Scenario:
    """Every task takes a second; the script detaches and attaches."""
    second = {"task": "1s", "task_dead_host": "1s"}
    tasks = {"DetachNetworkInterface": second, "AttachNetworkInterface": second}
    return bare_pair(
        floating={"address": "10.0.1.100", "mechanism": "eni", "method": "reattach"},
        faults=[CRASH, *faults],
        control_plane={"accept": "100ms", "propagation": "0", "actions": tasks},
        notify={"start_up": "100ms", "call_timeout": "5s", "task_timeout": "2min"},
    )


def ended(records: tuple[Record, ...]) -> list[tuple[float, str, str]]:
    return [(r.at / SECOND, r.action, r.result) for r in of_type(records, TaskEnded)]


def test_without_it_the_interface_has_moved_a_few_seconds_after_the_crash() -> None:
    assert [at for at, _, _ in ended(run(eni()))] == [13.909375, 15.109375]


def test_a_task_that_begins_meanwhile_takes_its_time_when_it_is_over() -> None:
    found = run(eni(stuck("5s", "55s")))
    assert ended(found)[0] == (61.0, "DetachNetworkInterface", "SUCCESS")
    assert ended(found)[1][1:] == ("AttachNetworkInterface", "SUCCESS")
    assert [(record.at // SECOND, record.holder) for record in of_type(found, AddressHeld)] == [(61, None), (62, "b")]


def test_a_task_that_would_end_meanwhile_ends_with_it() -> None:
    """It runs from 12.909 s to 13.909 s."""
    assert ended(run(eni(stuck("13500ms", "20s"))))[0] == (33.5, "DetachNetworkInterface", "SUCCESS")


def test_only_the_tasks_of_the_actions_that_are_named_are_stuck() -> None:
    other = run(eni(stuck("5s", "55s", actions=["AttachNetworkInterface"])))
    assert [(at, action) for at, action, _ in ended(other)] == [
        (13.909375, "DetachNetworkInterface"),
        (61.0, "AttachNetworkInterface"),
    ]


def test_until_the_end_of_the_run_is_for_ever() -> None:
    found = run(eni(stuck("5s")))
    assert ended(found) == []
    assert not [record for record in of_type(found, GuestAddressChanged) if record.at and record.present]
    codes = {r.code for r in of_type(found, ApiAnswered) if r.action == "DetachNetworkInterface"}
    assert codes == {"OK", "UnsupportedOperation.InvalidState"}


def test_two_that_overlap_let_a_task_go_on_when_both_are_over() -> None:
    found = run(eni(stuck("5s", "30s"), stuck("8s", "60s", name="another")))
    assert ended(found)[0][0] == 69.0


def test_a_failed_task_is_rolled_back_when_it_would_have_ended_and_the_script_tries_again() -> None:
    failing = {"kind": "api_failed_tasks", "at": "5s", "duration": "12s", "probability": "100%"}
    found = run(eni(failing))
    results = [(action, result) for _, action, result in ended(found)]
    assert results[0] == ("DetachNetworkInterface", "FAILED")
    assert results[-2:] == [("DetachNetworkInterface", "SUCCESS"), ("AttachNetworkInterface", "SUCCESS")]
    assert of_type(found, AddressHeld)[-1].holder == "b"


@pytest.mark.parametrize("kind", ["api_stuck_tasks", "api_failed_tasks"])
def test_an_action_without_a_task_cannot_be_stuck(kind: str) -> None:
    more = {"probability": "10%"} if kind == "api_failed_tasks" else {}
    fault = {"kind": kind, "at": "1s", "actions": ["DescribeNetworkInterfaces"], **more}
    with pytest.raises(ScenarioError, match="DescribeNetworkInterfaces has no task: it is done with its answer"):
        eni(fault)
