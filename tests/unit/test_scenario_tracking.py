"""What a scenario may say about tracked things, sync groups and IPv6, and which contradictions it is told."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.scenario import ScenarioError
from hasim.scenario.model import FaultKind
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, instance

INSIDE = {"inside": {"interface": "eth1"}}


def _error(**replaced: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        bare_pair(**replaced)
    return str(caught.value)


def test_tracked_things_are_merged_by_name_and_key_by_key() -> None:
    own = {"priority": 150, "track_processes": {"proxy": {"weight": -60}}, "track_files": {"maintenance": {"value": 3}}}
    common = {"track_processes": {"proxy": {"quorum": 2}}, "track_files": {"maintenance": {"weight": 2}}}
    a, b = bare_pair(vrrp=common, instances={"a": instance(150, 11, vrrp=own), "b": instance(100, 12)}).instances
    assert [(p.quorum, p.count, p.weight) for i in (a, b) for p in i.vrrp.track_processes] == [(2, 2, -60), (2, 2, 0)]
    assert [(f.weight, f.value) for i in (a, b) for f in i.vrrp.track_files] == [(2, 3), (2, None)]


def test_delay_stands_for_both_delays() -> None:
    (process,) = (
        bare_pair(vrrp={"track_processes": {"p": {"delay": "2s", "fork_delay": "1s"}}})
        .instances[0]
        .vrrp.track_processes
    )
    assert (process.fork_delay_ns, process.terminate_delay_ns) == (SECOND, 2 * SECOND)


@pytest.mark.parametrize("written", ["eth1", ["eth1"], {"eth1": {}}, {"eth1": {"weight": 0}}])
def test_an_interface_is_tracked_by_name_by_list_or_by_entry(written: object) -> None:
    vrrp = bare_pair(vrrp={"track_interface": written}).instances[0].vrrp
    assert (vrrp.track_interfaces, vrrp.weighted_interfaces) == (("eth0", "eth1"), ())


def test_mistakes_in_what_is_tracked_are_told() -> None:
    assert "has no interface 'eth7'" in _error(vrrp={"track_interface": {"eth7": {"weight": 5}}})
    assert "`reverse` turns a weight round" in _error(vrrp={"track_interface": {"eth1": {"reverse": True}}})
    assert "eth1 stands twice" in _error(vrrp={"track_interface": ["eth1", "eth1"]})
    assert "expected a name, a list of names, or entries by name" in _error(vrrp={"track_interface": 5})
    kill = {"kind": "process_kill", "target": "a", "process": "nginx", "at": "1s"}
    tracked = {"track_processes": {"proxy": {}}}
    assert "a tracks no process 'nginx': `vrrp.track_processes` has proxy" in _error(vrrp=tracked, faults=[kill])
    write = {"kind": "file_write", "target": ["a"], "file": "f", "value": 1, "at": "1s"}
    assert "a tracks no file 'f': `vrrp.track_files` has none" in _error(faults=[write])


def test_the_faults_are_named_after_what_they_hit() -> None:
    tracked = {"track_processes": {"proxy": {}}, "track_files": {"maintenance": {}}}
    faults = [
        {"kind": "process_kill", "target": "a", "process": "proxy", "count": 2, "at": "1s"},
        {"kind": "file_write", "target": "b", "file": "maintenance", "value": -5, "at": "1s"},
    ]
    kill, write = bare_pair(vrrp=tracked, faults=faults).faults
    assert (kill.name, kill.kind, kill.count) == ("process_kill a proxy", FaultKind.PROCESS_KILL, 2)
    assert (write.name, write.kind, write.value) == ("file_write b maintenance", FaultKind.FILE_WRITE, -5)


def test_a_service_is_made_of_a_process_that_is_tracked() -> None:
    tracked = {"track_processes": {"proxy": {}}}
    assert bare_pair(vrrp=tracked, service={"process": "proxy"}).instances[0].service.process == "proxy"
    message = _error(vrrp=tracked, service={"process": "proxi"})
    assert "vrrp.track_processes has no 'proxi'; did you mean proxy?" in message
    message = _error(vrrp=tracked, service={"process": "proxy", "on_master_only": True})
    assert "a service that is started by MASTER cannot be tracked by its process" in message


def test_somebody_must_be_able_to_be_master_when_a_run_begins() -> None:
    everybody = {"track_processes": {"proxy": {"reverse": True}}}
    assert "every instance is in FAULT (a: track_process proxy; b: track_process proxy)" in _error(vrrp=everybody)
    own = {"priority": 150, "track_files": {"maintenance": {"weight": 0, "value": 1}}}
    instances = {"a": instance(150, 11, vrrp=own), "b": instance(100, 12)}
    assert "a is in FAULT (track_file maintenance)" in _error(instances=instances, initial_master="a")
    assert bare_pair(vrrp=everybody, cold_start={"a": "1s"}).cold_start == {"a": SECOND}


def test_a_member_of_a_sync_group_is_like_the_instance_around_it() -> None:
    common = {"advert_int": "2s", "nopreempt": True, "sync_group": {"inside": {"interface": "eth1", "priority": 90}}}
    a, b = bare_pair(vrrp=common).instances
    (member,) = a.sync_group
    assert (member.name, member.vrrp.interface, member.vrrp.advert_int_ns) == ("inside", "eth1", 2 * SECOND)
    assert (member.vrrp.priority, member.vrrp.nopreempt, member.vrrp.virtual_router_id) == (90, True, 51)
    assert (member.vrrp.track_interfaces, a.vrrp.track_interfaces) == (("eth1",), ("eth0",))
    assert b.sync_group[0].vrrp.peers == ("a",)


def test_members_without_a_place_of_their_own_are_refused() -> None:
    message = _error(vrrp={"sync_group": {"inside": {"priority": 90}}})
    assert "it has the interface (eth0) and the virtual_router_id (51) of the floating address" in message
    alike = {"one": {"virtual_router_id": 9}, "other": {"virtual_router_id": 9}}
    assert "and the virtual_router_id (9) of one" in _error(vrrp={"sync_group": alike})


@pytest.mark.parametrize(
    "tracked",
    [
        {"track_scripts": {"check": {"weight": -5}}},
        {"track_files": {"check": {}}},
        {"track_interface": {"eth1": {"weight": 5}}},
    ],
)
def test_nothing_with_a_weight_is_tracked_in_a_sync_group(tracked: dict[str, Any]) -> None:
    assert "keepalived tracks nothing with a weight in a sync group" in _error(vrrp={"sync_group": INSIDE, **tracked})


def test_gratuitous_arps_against_a_lower_master_are_those_of_a_new_one_unless_told() -> None:
    first = bare_pair(vrrp={"garp_master_repeat": 2, "garp_master_delay": "1s"}).instances[0].vrrp
    assert (first.garp_lower_prio_repeat, first.garp_lower_prio_delay_ns) == (2, SECOND)
    other = bare_pair(vrrp={"garp_lower_prio_repeat": 0, "garp_lower_prio_delay": "0"}).instances[0].vrrp
    assert (other.garp_lower_prio_repeat, other.garp_lower_prio_delay_ns) == (0, 0)
