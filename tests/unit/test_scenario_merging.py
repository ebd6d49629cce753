"""The settings of all merged with those of each instance, completed as keepalived does."""

from __future__ import annotations

import pytest

from hasim.scenario.distributions import (
    Constant,
)
from hasim.units import MILLISECOND, SECOND
from tests.unit.scenario_texts import scenario


def test_instance_overrides_key_by_key() -> None:
    result = scenario(
        "vrrp: {priority: 50, advert_int: 3s, nopreempt: true}\nnotify: {tries: 7, retry_delay: 1s}\n",
        instances={"a": {"vrrp": {"priority": 150}, "notify": {"tries": 2}}, "b": None},
    )
    a, b = result.instance("a"), result.instance("b")
    assert (a.vrrp.priority, a.vrrp.advert_int_ns, a.vrrp.nopreempt) == (150, 3 * SECOND, True)
    assert (b.vrrp.priority, b.vrrp.advert_int_ns, b.vrrp.nopreempt) == (50, 3 * SECOND, True)
    assert (a.notify.tries, a.notify.retry_delay_ns) == (2, SECOND)
    assert (b.notify.tries, b.notify.retry_delay_ns) == (7, SECOND)


def test_instance_can_override_with_the_default_value() -> None:
    result = scenario("vrrp: {nopreempt: true}\n", instances={"a": {"vrrp": {"nopreempt": False}}, "b": {}})
    assert (result.instance("a").vrrp.nopreempt, result.instance("b").vrrp.nopreempt) == (False, True)


def test_guest_daemon_and_service_merge_too() -> None:
    result = scenario(
        "guest: {boot: 20s, configure: 0s}\ndaemon: {busy: 0s}\nservice: {on_master_only: true, start_up: 9s}\n",
        instances={
            "a": {"guest": {"boot": "50s"}, "daemon": {"advert_drift": "0s"}, "service": {"start_up": "1s"}},
            "b": {},
        },
    )
    a, b = result.instance("a"), result.instance("b")
    assert (a.guest.boot, a.guest.configure, b.guest.boot) == (
        Constant(50 * SECOND),
        Constant(0),
        Constant(20 * SECOND),
    )
    assert (a.daemon.busy, a.daemon.advert_drift_ns, b.daemon.advert_drift_ns) == (Constant(0), 0, 200_000)
    assert (a.service.start_up, a.service.on_master_only) == (Constant(SECOND), True)


def test_track_scripts_merge_by_name_and_key() -> None:
    result = scenario(
        "vrrp:\n  track_scripts:\n    web: {interval: 2s, fall: 3, weight: -20}\n",
        instances={
            "a": {"vrrp": {"track_scripts": {"web": {"weight": 101}, "own": {"check": "api", "interval": "5s"}}}},
            "b": {},
        },
    )
    web, own = result.instance("a").vrrp.track_scripts
    assert (web.name, web.interval_ns, web.fall, web.weight) == ("web", 2 * SECOND, 3, 101)
    assert (own.name, own.check, own.interval_ns, own.weight) == ("own", "api", 5 * SECOND, 0)
    (other,) = result.instance("b").vrrp.track_scripts
    assert (other.name, other.weight) == ("web", -20)


def test_track_script_timeout_is_its_interval_unless_said() -> None:
    (script,) = scenario("vrrp: {track_scripts: {web: {interval: 4s}}}\n").instance("a").vrrp.track_scripts
    assert script.timeout_ns == 4 * SECOND


@pytest.mark.parametrize(
    ("version", "written", "completed_ns"),
    [
        (2, "1s", SECOND),
        (2, "100ms", SECOND),
        (2, "1.4s", SECOND),
        (2, "1.5s", 2 * SECOND),
        (3, "100ms", 100 * MILLISECOND),
        (3, "15ms", 20 * MILLISECOND),
        (3, "1ms", 10 * MILLISECOND),
    ],
)
def test_advert_int_is_completed_as_keepalived_does(version: int, written: str, completed_ns: int) -> None:
    result = scenario(f"vrrp: {{version: {version}, advert_int: {written}}}\n")
    assert result.instance("a").vrrp.advert_int_ns == completed_ns


def test_state_master_clears_nopreempt_and_preempt_delay() -> None:
    vrrp = scenario("vrrp: {state: MASTER, nopreempt: true, preempt_delay: 5s}\n").instance("a").vrrp
    assert (vrrp.initial_state, vrrp.nopreempt, vrrp.preempt_delay_ns) == ("MASTER", False, 0)
    vrrp = scenario("vrrp: {state: BACKUP, nopreempt: true, preempt_delay: 5s}\n").instance("a").vrrp
    assert (vrrp.nopreempt, vrrp.preempt_delay_ns) == (True, 5 * SECOND)


def test_peers_written_for_all_leave_the_instance_itself_out() -> None:
    instances = {name: {} for name in ("a", "b", "c")}
    result = scenario("vrrp: {peers: [a, b]}\n", instances=instances)
    assert [result.instance(name).vrrp.peers for name in "abc"] == [("b",), ("a",), ("a", "b")]


def test_a_single_instance_is_a_scenario_without_peers() -> None:
    assert scenario(instances={"a": {}}).instance("a").vrrp.peers == ()
