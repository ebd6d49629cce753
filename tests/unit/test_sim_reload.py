"""What a reload does to track scripts. Tried on keepalived 2.2.7: a script that had its turn every 2 s at even seconds
ran at the SIGHUP, at 9.51 s, and at 11.51 s, 13.51 s, ...; the failures that were counted before it were not forgotten
(``fall`` 3: one before, one at the SIGHUP, FAULT with the next)."""

from __future__ import annotations

from typing import Any

from hasim.scenario.model import Scenario
from tests.unit.bare_pair import bare_pair, run, states


def _fault_at_s(reload: dict[str, Any] | None, **check: Any) -> float:
    """When a goes into FAULT; its service has failed at 10 s."""
    faults: list[dict[str, Any]] = [{"kind": "service_failure", "target": "a", "at": "10s", "duration": "200s"}]
    faults += [{"kind": "keepalived_reload", "target": "a", **reload}] if reload else []
    script = {"check": "service", "interval": "10s", "run_time": "0", **check}
    scenario: Scenario = bare_pair(vrrp={"track_scripts": {"app": script}}, faults=faults)
    return states(run(scenario), "a")[0][0]


def test_a_reload_runs_the_check_at_once() -> None:
    assert 10.5 < _fault_at_s(None) < 20
    assert _fault_at_s({"at": "10.5s"}) == 10.5


def test_failures_that_were_counted_before_a_reload_still_count() -> None:
    second_s = _fault_at_s(None, fall=2)
    first_s = second_s - 10
    reload_s = first_s + 1
    assert _fault_at_s({"at": f"{reload_s}s"}, fall=3) == reload_s + 10


def test_a_reload_of_a_frozen_daemon_leaves_its_checks_to_the_thaw() -> None:
    freeze = {"kind": "freeze", "target": "a", "at": "11s", "duration": "2s"}
    reload = {"kind": "keepalived_reload", "target": "a", "at": "12s"}
    script = {"check": "service", "interval": "10s", "run_time": "0"}
    assert states(run(bare_pair(vrrp={"track_scripts": {"app": script}}, faults=[freeze, reload])), "a") == []
