"""Sync groups in the world: two networks, one fate. Times are those of keepalived 2.2.7 in the same situations."""

from __future__ import annotations

from typing import Any

from hasim.scenario.model import Scenario
from hasim.trace import AdvertSent, MemberStateChanged, Record
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, of_type, run, states

INSIDE = {"inside": {"interface": "eth1", "virtual_router_id": 52}}


def _synced(*faults: dict[str, Any], **vrrp: Any) -> Scenario:
    return bare_pair(vrrp={"sync_group": INSIDE, **vrrp}, faults=list(faults))


def _members(records: tuple[Record, ...], name: str) -> list[tuple[float, str, str]]:
    return [(r.at / SECOND, r.new, r.reason) for r in of_type(records, MemberStateChanged) if r.instance == name]


def _fault(kind: str, at: str = "10500ms", **more: Any) -> dict[str, Any]:
    sides = {"between": "a", "and": "b"} if kind == "partition" else {"target": "a"}
    return {"kind": kind, **sides, "at": at, **more}


def test_carrier_loss_inside_puts_both_into_fault_and_the_slower_one_decides() -> None:
    """The good-bye goes out on the other network only; inside the backup has to wait for its timer."""
    found = run(_synced(_fault("link_down", subnet="back", duration="20s")))
    assert _members(found, "a")[0] == (10.5, "FAULT", "link_down")
    assert states(found, "a")[0] == (10.5, "FAULT", "sync_group")
    assert _members(found, "b")[0] == (13.609375, "MASTER", "down_timer")
    assert states(found, "b")[0] == (13.609375, "MASTER", "sync_group")


def test_they_come_back_together() -> None:
    found = run(_synced(_fault("link_down", subnet="back", duration="20s")))
    assert _members(found, "a")[1:3] == [(30.5, "BACKUP", "recovered"), (33.914062, "MASTER", "down_timer")]
    assert [(at, state) for at, state, _ in states(found, "a")[1:3]] == [(30.5, "BACKUP"), (33.914062, "MASTER")]
    assert [(at, state) for at, state, _ in states(found, "b")[1:]] == [(33.914062, "BACKUP")]


def test_silence_inside_alone_changes_nothing() -> None:
    found = run(_synced(_fault("partition", subnet="back", duration="1min")))
    assert states(found, "b") == _members(found, "b") == []


def test_silence_on_both_networks_does() -> None:
    found = run(_synced(_fault("partition", duration="1min")))
    assert (states(found, "b")[0][0], _members(found, "b")[0][0]) == (13.609375, 13.609375)


def test_a_stop_says_good_bye_on_both() -> None:
    found = run(_synced(_fault("keepalived_stop")))
    assert _members(found, "b")[0] == (11.109375, "MASTER", "priority_zero")
    assert states(found, "b")[0] == (11.109375, "MASTER", "sync_group")


def test_a_member_with_a_longer_interval_is_waited_for() -> None:
    slow = {"inside": INSIDE["inside"] | {"advert_int": "5s"}}
    found = run(_synced(_fault("crash"), sync_group=slow))
    (at, state, reason), *_ = _members(found, "b")
    assert (state, reason) == ("MASTER", "down_timer")
    assert 10.5 + 10 < at <= 10.5 + 15.609375
    assert states(found, "b")[0] == (at, "MASTER", "sync_group")


def test_what_the_machine_tracks_counts_for_the_group() -> None:
    check = {"check": {"interval": "1s", "fall": 2, "run_time": "0"}}
    found = run(_synced(_fault("service_failure", duration="20s"), track_scripts=check))
    assert states(found, "a")[0][1:] == ("FAULT", "track_script")
    assert _members(found, "a")[0][1:] == ("FAULT", "sync_group")


def test_a_restarted_daemon_waits_in_init_for_its_script_with_all_its_members() -> None:
    check = {"check": {"interval": "1s", "run_time": "400ms"}}
    found = run(_synced(_fault("keepalived_kill", duration="10s"), track_scripts=check))
    assert (20.9, "BACKUP", "start_up") in states(found, "a")
    assert (20.9, "BACKUP", "start_up") in _members(found, "a")


def test_the_detail_of_a_window_has_every_member_s_adverts_as_if_all_were_simulated_one_by_one() -> None:
    scenario = _synced(_fault("partition", subnet="back", duration="1min"), _fault("crash", at="100s"))
    window = (95 * SECOND, 120 * SECOND)
    part = of_type(run(scenario, detail=window), AdvertSent)
    whole = of_type(run(scenario, detail=(0, scenario.horizon_ns)), AdvertSent)
    assert part == [record for record in whole if window[0] <= record.at < window[1]]
    assert {(record.instance, record.member) for record in part} == {(n, m) for n in "ab" for m in ("", "inside")}
    silent = [r for r in whole if r.member == "inside" and 11 * SECOND < r.at < 70 * SECOND]
    assert {record.unreached for record in silent} == {("b",)}
