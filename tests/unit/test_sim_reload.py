"""What a reload does: to track scripts, and to the priority.

Tried on keepalived 2.2.7: a script that had its turn every 2 s at even seconds ran at the SIGHUP, at 9.51 s, and at
11.51 s, 13.51 s, ...; the failures that were counted before it were not forgotten (``fall`` 3: one before, one at the
SIGHUP, FAULT with the next).
"""

from __future__ import annotations

from typing import Any

import pytest

from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.trace import AdvertSent, PriorityChanged
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, of_type, run, states


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


def _reload(priority: int | None, at_s: int, lasts_s: int | None = None) -> dict[str, Any]:
    written = {} if priority is None else {"priority": priority}
    return {"kind": "keepalived_reload", "target": "a", "at": f"{at_s}s", **written, **_lasts(lasts_s)}


def _on_a(kind: str, at_s: int, lasts_s: int | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "target": "a", "at": f"{at_s}s", **more, **_lasts(lasts_s)}


def _lasts(lasts_s: int | None) -> dict[str, str]:
    return {} if lasts_s is None else {"duration": f"{lasts_s}s"}


def _says(scenario: Scenario, from_s: int) -> list[int]:
    """The priorities of a's adverts in 20 s, one after another."""
    detail = (from_s * SECOND, (from_s + 20) * SECOND)
    records = simulate(scenario, seed=1, replication=0, detail=detail).records
    said = [record.priority for record in of_type(records, AdvertSent) if record.instance == "a"]
    return [priority for index, priority in enumerate(said) if said[index - 1 : index] != [priority]]


def _alone(*faults: dict[str, Any]) -> Scenario:
    """Nobody else is there, so that a is MASTER whenever it runs."""
    return bare_pair(horizon="10min", faults=[{"kind": "crash", "target": "b", "at": "1s"}, *faults])


@pytest.mark.parametrize(
    "death",
    [
        _on_a("keepalived_kill", 60),
        _on_a("keepalived_kill", 60, process="child"),
        _on_a("keepalived_stop", 60, 5),
        _on_a("crash", 60, 5),
        _on_a("stop", 60, 5),
    ],
    ids=lambda fault: "-".join((fault["kind"], fault.get("process", "all"))),
)
def test_a_keepalived_that_starts_reads_what_is_written(death: dict[str, Any]) -> None:
    assert _says(_alone(_reload(50, 20, 200), death), 120) == [50]
    assert _says(_alone(_reload(50, 20, 200), death), 215) == [50, 150]


@pytest.mark.parametrize("away", [_on_a("keepalived_kill", 10, 80), _on_a("crash", 10, 50), _on_a("freeze", 10, 80)])
def test_so_it_does_if_that_was_written_while_it_was_not_there(away: dict[str, Any]) -> None:
    assert _says(_alone(away, _reload(50, 20, 200)), 120) == [50]
    assert _says(_alone(away, _reload(50, 20, 40)), 120) == [150]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ((50, 20, 100), (60, 50, 200), {30: 50, 60: 60, 130: 60, 260: 150}),
        ((50, 20, 200), (60, 50, 100), {30: 50, 60: 60, 160: 50, 230: 150}),
        ((50, 20, 200), (None, 50, None), {30: 50, 60: 50, 230: 150}),
        ((50, 20, None), (60, 50, 100), {30: 50, 60: 60, 160: 50}),
    ],
    ids=["ends first", "ends last", "nothing written", "for good"],
)
def test_of_several_that_are_in_force_the_last_one_counts(
    first: tuple[Any, ...], second: tuple[Any, ...], said: dict[int, int]
) -> None:
    scenario = _alone(_reload(*first), _reload(*second))
    assert {at_s: _says(scenario, at_s)[0] for at_s in said} == said


def test_also_where_two_of_them_write_the_same() -> None:
    scenario = _alone(_reload(50, 20, 200), _reload(60, 40, 100), _reload(50, 60, 30))
    assert _says(scenario, 80) == [50, 60]
    weight = {"track_files": {"weight": {"value": 0, "weight": 1}}}
    writes = [((5, 20, 200)), ((-5, 40, 100)), ((5, 60, 30))]
    faults = [_on_a("file_write", at_s, lasts_s, file="weight", value=value) for value, at_s, lasts_s in writes]
    assert _says(bare_pair(vrrp=weight, faults=faults), 80) == [155, 145]


def test_a_reload_in_a_freeze_comes_after_it_and_before_the_adverts_that_waited() -> None:
    freeze = _on_a("freeze", 20, 30, packets_queued=True)
    records = run(bare_pair(faults=[freeze, _reload(50, 30)]))
    assert of_type(records, PriorityChanged)[0].at == 50 * SECOND
    assert states(records, "a") == [(50.0, "BACKUP", "higher_priority_advert")]


def test_a_run_of_a_check_that_ended_in_a_freeze_is_forgotten_in_a_reload() -> None:
    takes_2_s = {"run_time": "2s", "timeout": "3s"}
    script = {"check": "service", "interval": "10s", **takes_2_s}
    began_s = int(_fault_at_s(None, **takes_2_s) - 2)
    faults = [_on_a("service_failure", 10), _on_a("freeze", began_s + 1, 4), _reload(None, began_s + 3)]
    records = run(bare_pair(vrrp={"track_scripts": {"app": script}}, faults=faults))
    assert states(records, "a")[0] == (began_s + 5 + 2, "FAULT", "track_script")
