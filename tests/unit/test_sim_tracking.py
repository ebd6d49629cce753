"""Tracked processes, files and interfaces in the world: what keepalived hears, when it believes it, what it does."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.scenario.model import Scenario
from hasim.trace import (
    PriorityChanged,
    ServiceChanged,
    StateChanged,
    TrackedFileRead,
    TrackedProcessChanged,
)
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, instance, of_type, run, states


def _process(fault: dict[str, Any] | None = None, **settings: Any) -> Scenario:
    """a's process dies at 10 s for 20 s; b tracks none."""
    kill = {"kind": "process_kill", "target": "a", "process": "proxy", "at": "10s", "duration": "20s"} | (fault or {})
    return bare_pair(vrrp={"track_processes": {"proxy": settings}}, faults=[kill])


def _file(*values: tuple[int, int], **settings: Any) -> Scenario:
    """Numbers are written into a's file, each at a time (s), for good."""
    writes = [
        {"kind": "file_write", "target": "a", "file": "weight", "value": value, "at": f"{at}s"} for at, value in values
    ]
    return bare_pair(vrrp={"track_files": {"weight": settings}}, faults=writes)


def _priorities(scenario: Scenario) -> list[tuple[int, int]]:
    return [(r.at // SECOND, r.new) for r in of_type(run(scenario), PriorityChanged) if r.instance == "a"]


# --- processes -------------------------------------------------------------------------------------------------------


def test_the_end_of_a_process_is_fault_at_once_and_its_start_the_end_of_it() -> None:
    found = run(_process())
    assert states(found, "a")[:2] == [(10.0, "FAULT", "track_process"), (30.0, "BACKUP", "recovered")]
    assert states(found, "b")[0] == (10.609375, "MASTER", "priority_zero")
    assert [(r.at // SECOND, r.quorum) for r in of_type(found, TrackedProcessChanged)] == [(10, False), (30, True)]


def test_keepalived_believes_it_only_after_its_delays() -> None:
    found = run(_process(terminate_delay="1s", fork_delay="3s"))
    assert [at for at, _, _ in states(found, "a")[:2]] == [11.0, 33.0]


def test_a_process_that_is_back_within_the_delay_was_never_gone() -> None:
    found = run(_process({"duration": "900ms"}, delay="1s"))
    assert not of_type(found, TrackedProcessChanged)
    assert states(found, "a") == []


def test_a_weight_moves_the_priority_instead() -> None:
    assert _priorities(_process(weight=-60)) == [(10, 90), (30, 150)]
    assert _priorities(_process(weight=30)) == [(10, 150), (30, 180)]
    assert _priorities(_process(weight=-60, reverse=True)) == [(10, 210), (30, 150)]


def test_enough_is_what_the_quorum_says() -> None:
    assert states(run(_process({"count": 1}, quorum=2, count=3)), "a") == []
    assert states(run(_process({"count": 2}, quorum=2, count=3)), "a")[0][1] == "FAULT"


def test_a_service_that_is_made_of_the_process_goes_and_starts_with_it() -> None:
    kill = {"kind": "process_kill", "target": "a", "process": "proxy", "at": "10s", "duration": "20s"}
    found = run(
        bare_pair(
            vrrp={"track_processes": {"proxy": {}}}, service={"process": "proxy", "start_up": "2s"}, faults=[kill]
        )
    )
    assert [(r.at // SECOND, r.healthy) for r in of_type(found, ServiceChanged)] == [(10, False), (32, True)]


def test_two_faults_of_one_process_nest() -> None:
    kills = [
        {"kind": "process_kill", "target": "a", "process": "proxy", "at": f"{at}s", "duration": "20s"}
        for at in (10, 20)
    ]
    found = run(bare_pair(vrrp={"track_processes": {"proxy": {}}}, faults=kills))
    assert [at for at, state, _ in states(found, "a") if state in ("FAULT", "BACKUP")] == [10.0, 40.0]


def test_a_frozen_daemon_hears_of_it_when_it_goes_on() -> None:
    freeze = {"kind": "freeze", "target": "a", "at": "9s", "duration": "2s"}
    kill = {"kind": "process_kill", "target": "a", "process": "proxy", "at": "10s"}
    found = run(bare_pair(vrrp={"track_processes": {"proxy": {}}}, faults=[freeze, kill]))
    assert states(found, "a")[0] == (11.0, "FAULT", "track_process")


# --- files -----------------------------------------------------------------------------------------------------------


def test_the_number_in_the_file_times_the_weight_moves_the_priority() -> None:
    """As 2.2.7 does: 100 with weight 2 is 80 with -10, at most 254, and FAULT from -254 on."""
    scenario = _file((10, -10), (20, 300), (30, 0), weight=2)
    assert _priorities(scenario) == [(10, 130), (20, 254), (30, 150)]


def test_a_number_that_is_low_enough_is_fault() -> None:
    found = run(_file((10, -127), (20, 5), weight=2))
    assert states(found, "a")[:2] == [(10.0, "FAULT", "track_file"), (20.0, "BACKUP", "recovered")]
    assert [(r.old, r.new) for r in of_type(found, PriorityChanged)] == [(150, 160)]
    assert [r.value for r in of_type(found, TrackedFileRead)] == [-127, 5]


@pytest.mark.parametrize(("reverse", "value", "in_fault"), [(False, 1, True), (False, 0, False), (True, 1, False)])
def test_without_a_weight_any_number_but_0_is_fault(reverse: bool, value: int, in_fault: bool) -> None:
    found = run(_file((10, value), weight=0, reverse=reverse, value=1 if reverse else 0))
    assert bool(states(found, "a")) == in_fault


def test_afterwards_the_file_says_what_it_said() -> None:
    write = {"kind": "file_write", "target": "a", "file": "weight", "value": -60, "at": "10s", "duration": "20s"}
    scenario = bare_pair(vrrp={"track_files": {"weight": {"value": 5}}}, faults=[write])
    assert _priorities(scenario) == [(10, 90), (30, 155)]


def test_keepalived_writes_the_file_when_it_starts() -> None:
    """``init_file``: only where there is none, unless told to overwrite it."""
    for settings, priority in (
        ({"init_file": 7}, 157),
        ({"init_file": 7, "value": 20}, 170),
        ({"init_file": 7, "value": 20, "init_overwrite": True}, 157),
    ):
        scenario = bare_pair(vrrp={"track_files": {"weight": settings}}, cold_start={"a": "10s"})
        assert _priorities(scenario) == [(10, priority)]


# --- interfaces ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "moved"), [({"weight": -60}, [90, 150]), ({"weight": 40}, [150, 190])])
def test_an_interface_with_a_weight_moves_the_priority(settings: dict[str, Any], moved: list[int]) -> None:
    cut = {"kind": "link_down", "target": "a", "subnet": "back", "at": "10s", "duration": "20s"}
    found = _priorities(bare_pair(vrrp={"track_interface": {"eth1": settings}}, faults=[cut]))
    assert found == [(10, moved[0]), (30, moved[1])]


def test_an_interface_without_a_weight_is_fault() -> None:
    cut = {"kind": "link_down", "target": "a", "subnet": "back", "at": "10s", "duration": "20s"}
    found = run(bare_pair(vrrp={"track_interface": "eth1"}, faults=[cut]))
    assert states(found, "a")[0] == (10.0, "FAULT", "link_down")


# --- how a run begins ------------------------------------------------------------------------------------------------


def test_who_is_in_maintenance_begins_in_fault_and_the_other_is_master() -> None:
    maintenance = {"priority": 150, "track_files": {"maintenance": {"value": 1}}}
    instances = {"a": instance(150, 11, vrrp=maintenance), "b": instance(100, 12)}
    scenario = bare_pair(vrrp={"track_files": {"maintenance": {"weight": 0}}}, instances=instances)
    begun = {r.instance: r.new for r in run(scenario) if isinstance(r, StateChanged)}
    assert begun == {"a": "FAULT", "b": "MASTER"}


def test_weights_count_when_a_run_begins() -> None:
    """b has the higher priority only because of what it tracks."""
    bonus = {"priority": 100, "track_files": {"weight": {"value": 60}}}
    found = run(bare_pair(instances={"a": instance(150, 11), "b": instance(100, 12, vrrp=bonus)}))
    assert [r.instance for r in found if isinstance(r, StateChanged) and r.new == "MASTER"] == ["b"]
