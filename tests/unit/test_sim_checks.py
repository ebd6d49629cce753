"""How long a run of a track script takes where nobody answers it, and nobody refuses: to the end of its time."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.scenario.model import Scenario
from hasim.trace import CheckChanged
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, of_type, run

OF_A = {"target": "a", "at": "100s", "duration": "60s"}
FOR_A_MINUTE = {"at": "100s", "duration": "60s"}


def _checked(what: str, fault: dict[str, Any]) -> Scenario:
    script = {"check": what, "interval": "5s", "timeout": "4s", "run_time": "10ms"}
    return bare_pair(vrrp={"track_scripts": {"s": script}}, faults=[fault])


def _down_s(scenario: Scenario) -> float:
    """How long a's first bad run took. The runs of one name are at the same places of a grid, whatever they look at."""
    refused = _checked("service", {"kind": "service_failure", **OF_A})
    first, began = (
        next(r.at for r in of_type(run(one), CheckChanged) if r.instance == "a" and not r.healthy)
        for one in (scenario, refused)
    )
    return (first - began) / SECOND + 0.01


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "partition", "between": "a", "and": "api", **FOR_A_MINUTE},
        {"kind": "api_outage", **FOR_A_MINUTE},
        {"kind": "link_down", "subnet": "front", **OF_A},
    ],
    ids=lambda fault: fault["kind"],
)
def test_where_the_api_does_not_answer_a_check_waits_until_its_time_is_over(fault: dict[str, Any]) -> None:
    assert _down_s(_checked("api", fault)) == 4


def test_and_so_it_does_where_the_service_hangs() -> None:
    assert _down_s(_checked("service", {"kind": "service_failure", "hangs": True, **OF_A})) == 4
