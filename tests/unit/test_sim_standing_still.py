"""What a frozen guest does not do, what an instance without power does not do, and what comes when it goes on.

In all of these a, with the higher priority, is MASTER, and its last advert before a freeze at 10 s left at 9 s: b takes
over 3 + 156/256 s later.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.trace import (
    ApiCalled,
    DaemonChanged,
    GuestAddressChanged,
    NetworkChanged,
    NotifyStarted,
    PowerChanged,
    ReachabilityChanged,
    Record,
    ServiceChanged,
    StateChanged,
)
from hasim.units import SECOND
from tests.random_scenarios import scenarios, with_faults
from tests.unit.bare_pair import bare_pair, of_type, run, states

B_TAKES_OVER = (9 + 3 + 156 / 256, "MASTER", "down_timer")


def _returned_s(back_s: float) -> float:
    """When a is MASTER again, as a BACKUP since then: 3 + 106/256 s later, in whole microseconds."""
    return round(back_s + 3.414062, 6)


def _faults(*faults: tuple[str, float, float], **replaced: Any) -> Scenario:
    """The pair with faults at a: kind (and the process), from when, for how long (seconds)."""
    listed = []
    for kind, at_s, lasts_s in faults:
        name, _, process = kind.partition(" ")
        fault = {"kind": name, "target": "a", "at": f"{at_s}s", "duration": f"{lasts_s}s"}
        listed.append(fault | ({"process": process} if process else {}))
    return bare_pair(**{"horizon": "10min", "faults": listed} | replaced)


def _daemon(records: tuple[Record, ...]) -> list[tuple[float, bool, str]]:
    return [(r.at / SECOND, r.running, r.reason) for r in of_type(records, DaemonChanged) if r.instance == "a"]


def _power(records: tuple[Record, ...]) -> list[tuple[float, str]]:
    return [(r.at / SECOND, r.state) for r in of_type(records, PowerChanged) if r.instance == "a"]


def _service(records: tuple[Record, ...]) -> list[tuple[float, bool]]:
    return [(r.at / SECOND, r.healthy) for r in of_type(records, ServiceChanged) if r.instance == "a"]


def test_a_daemon_that_was_to_start_in_a_freeze_does_not_start_on_a_host_that_lost_its_power_in_it() -> None:
    records = run(_faults(("freeze", 10, 200), ("keepalived_kill", 20, 5), ("crash", 60, 400)))
    assert _daemon(records) == [(60, False, "crash"), (490, True, "started")]
    assert states(records, "b") == [B_TAKES_OVER, (_returned_s(490), "BACKUP", "higher_priority_advert")]


def test_nor_where_another_fault_keeps_it_away_when_the_freeze_is_over_and_it_is_not_started_twice() -> None:
    records = run(_faults(("freeze", 10, 90), ("keepalived_kill", 20, 5), ("keepalived_stop", 30, 400)))
    assert _daemon(records) == [(100, False, "killed"), (430, True, "started")]
    assert states(records, "a") == [
        (100, "INIT", "died"),
        (430, "BACKUP", "start_up"),
        (_returned_s(430), "MASTER", "down_timer"),
    ]


@pytest.mark.parametrize("fault", ["crash", "keepalived_kill"])
def test_an_instance_whose_cold_start_is_due_while_a_fault_keeps_it_down_starts_after_the_fault(fault: str) -> None:
    records = run(_faults((fault, 5, 20), cold_start={"a": "10s", "b": "1s"}))
    back_s = 55 if fault == "crash" else 25
    assert _daemon(records) == [(back_s, True, "started")]


def test_a_cold_start_is_no_second_start_of_a_daemon_that_a_boot_has_started() -> None:
    records = run(_faults(("crash", 5, 1), cold_start={"a": "50s", "b": "1s"}))
    assert _daemon(records) == [(36, True, "started")]


@pytest.mark.parametrize("kind", ["keepalived_stop", "keepalived_kill parent"])
def test_a_frozen_daemon_takes_notice_of_a_polite_signal_when_it_goes_on(kind: str) -> None:
    records = run(_faults(("freeze", 10, 60), (kind, 11, 20)))
    assert states(records, "b")[0] == B_TAKES_OVER
    assert _daemon(records) == [(70, False, "stopped"), (71.03, True, "started")]
    assert states(records, "a") == [
        (70, "INIT", "shutdown"),
        (71.03, "BACKUP", "start_up"),
        (_returned_s(71.03), "MASTER", "down_timer"),
    ]
    freed = [r.at for r in of_type(records, GuestAddressChanged) if r.instance == "a" and not r.present]
    assert freed == [70 * SECOND]


def test_the_vrrp_process_alone_is_killed_and_replaced_after_the_freeze() -> None:
    records = run(_faults(("freeze", 10, 60), ("keepalived_kill child", 11, 20)))
    assert states(records, "b")[0] == B_TAKES_OVER
    assert _daemon(records) == [(70, False, "killed"), (70, True, "started")]


def test_its_parent_waits_by_the_clock_before_it_starts_another_and_does_so_after_the_freeze() -> None:
    """The third in a minute comes two seconds after the end of the second."""
    kills = [("keepalived_kill child", at_s, 1) for at_s in (100, 110, 120)]
    assert _daemon(run(_faults(*kills)))[-1] == (122, True, "started")
    assert _daemon(run(_faults(*kills, ("freeze", 121, 0.5))))[-1] == (122, True, "started")
    assert _daemon(run(_faults(*kills, ("freeze", 121, 5))))[-1] == (126, True, "started")


def test_a_process_that_was_killed_in_a_freeze_does_nothing_more() -> None:
    """Without the kill its overdue advert would leave at 70 s, and b would yield."""
    records = run(_faults(("freeze", 10, 60), ("keepalived_kill", 11, 100)))
    assert states(records, "a")[0] == (70, "INIT", "died")
    assert states(records, "b") == [B_TAKES_OVER, (_returned_s(111), "BACKUP", "higher_priority_advert")]


def test_no_script_starts_in_a_freeze() -> None:
    notify = {"start_up": "100ms", "release_on_backup": True}
    records = run(_faults(("freeze", 10, 60), ("keepalived_stop", 11, 100), notify=notify))
    scripts = [(r.at / SECOND, r.event) for r in of_type(records, NotifyStarted) if r.instance == "a"]
    assert scripts[0] == (70, "STOP")


def test_a_frozen_instance_is_shut_down_when_it_goes_on_and_boots_if_it_may() -> None:
    records = run(_faults(("freeze", 10, 60), ("stop", 11, 20)))
    assert states(records, "b")[0] == B_TAKES_OVER
    assert _power(records) == [
        (10, "frozen"),
        (70, "running"),
        (71.03, "off"),
        (71.03, "booting"),
        (101.03, "running"),
    ]


def test_a_frozen_instance_loses_its_power_at_once_and_with_it_what_it_was_to_do() -> None:
    records = run(_faults(("freeze", 10, 60), ("stop", 11, 100), ("crash", 20, 5)))
    assert _power(records) == [(10, "frozen"), (20, "off"), (111, "booting"), (141, "running")]


def test_a_boot_stands_still_in_a_freeze() -> None:
    records = run(_faults(("crash", 10, 10), ("freeze", 21, 29)))
    assert _power(records) == [(10, "off"), (20, "booting"), (79, "running")]
    assert _daemon(records)[-1] == (79, True, "started")


def test_a_boot_that_is_to_begin_in_a_freeze_begins_after_it() -> None:
    records = run(_faults(("freeze", 5, 45), ("crash", 10, 10)))
    assert _power(records) == [(5, "frozen"), (10, "off"), (20, "booting"), (80, "running")]


def test_a_service_that_starts_stands_still_in_a_freeze_and_so_it_does_in_the_next() -> None:
    faults = (("crash", 10, 10), ("freeze", 55, 100), ("freeze", 160, 20))
    records = run(_faults(*faults, service={"start_up": "60s"}))
    assert _service(records) == [(10, False), (50 + 60 + 100 + 20, True)]


def test_a_start_of_keepalived_stands_still_in_a_freeze() -> None:
    exact = {"timer_latency": "0", "take_over": "0", "busy": "0", "advert_drift": "0"}
    records = run(_faults(("keepalived_kill", 10, 5), ("freeze", 17, 40), daemon={"start_up": "4s", **exact}))
    assert _daemon(records) == [(10, False, "killed"), (15 + 4 + 40, True, "started")]


def test_an_address_is_not_configured_in_a_freeze() -> None:
    """a comes back at 20 s, is MASTER at 23.41 s, and would have the address 10 s later."""
    guest = {"configure": "10s", "boot": "30s"}
    records = run(_faults(("keepalived_kill", 10, 10), ("freeze", 25, 50), guest=guest))
    configured = [r.at / SECOND for r in of_type(records, GuestAddressChanged) if r.instance == "a" and r.present]
    assert configured == [_returned_s(20 + 10 + 50)]


def test_a_network_that_gets_ready_outside_does_so_in_a_freeze_too() -> None:
    guest = {"boot": "30s", "network_ready": "20s"}
    records = run(_faults(("crash", 10, 10), ("freeze", 55, 60), guest=guest))
    ready = [(r.at / SECOND, r.ready) for r in of_type(records, NetworkChanged)]
    assert ready == [(50, False), (70, True)]


def test_the_grace_of_a_stop_goes_by_a_clock_that_runs_on_in_a_freeze() -> None:
    assert _power(run(_faults(("stop", 10, 100), ("freeze", 10.5, 0.2)))) == [
        (10.5, "frozen"),
        (10.7, "running"),
        (11.03, "off"),
        (110, "booting"),
        (140, "running"),
    ]
    assert _power(run(_faults(("stop", 10, 100), ("freeze", 10.5, 5))))[1:3] == [(15.5, "running"), (15.5, "off")]


@pytest.mark.parametrize("kind", ["keepalived_kill", "keepalived_kill child"])
def test_a_service_of_the_master_alone_stops_when_keepalived_comes_back_as_backup(kind: str) -> None:
    """kill -9 leaves it running; the notify script of the BACKUP that keepalived is at first stops it."""
    service = {"on_master_only": True, "start_up": "20s"}
    records = run(_faults((kind, 10, 10), service=service, horizon="1min"))
    back_s = 20 if kind == "keepalived_kill" else 10
    assert _service(records) == [(back_s, False), (_returned_s(back_s + 20), True)]


def test_and_when_it_comes_back_in_fault() -> None:
    faults = [
        {"kind": "keepalived_kill", "target": "a", "at": "10s", "duration": "10s"},
        {"kind": "link_down", "target": "a", "at": "15s"},
    ]
    service = {"on_master_only": True, "start_up": "20s"}
    records = run(bare_pair(horizon="1min", faults=faults, service=service))
    assert states(records, "a")[-1] == (20, "FAULT", "start_up")
    assert _service(records) == [(20, False)]


@pytest.mark.parametrize("mechanism", ["eni", "secondary_ip"])
def test_a_stop_is_not_called_back_in_its_grace(mechanism: str) -> None:
    """What the guest had is gone with the power, and so are its scripts, which would have released the address."""
    floating = {"address": "10.0.1.100", "mechanism": mechanism}
    notify = {"start_up": "5s", "release_on_backup": True}
    records = run(_faults(("stop", 10, 0.5), floating=floating, notify=notify))
    assert _power(records) == [(11.03, "off"), (11.03, "booting"), (41.03, "running")]
    freed = next(r for r in of_type(records, GuestAddressChanged) if r.instance == "a")
    assert (freed.at / SECOND, freed.present) == (11.03 if mechanism == "eni" else 10, False)
    assert not [r for r in of_type(records, ApiCalled) if r.instance == "a" and r.at < 41 * SECOND]


def test_a_crash_in_the_grace_of_a_stop_cuts_the_power_at_once() -> None:
    records = run(_faults(("stop", 10, 100), ("crash", 10.5, 5)))
    assert _power(records) == [(10.5, "off"), (110, "booting"), (140, "running")]


def test_keepalived_is_not_started_in_the_grace_of_a_stop() -> None:
    records = run(_faults(("stop", 10, 100), ("keepalived_kill", 5, 5.5)))
    assert _daemon(records) == [(5, False, "killed"), (140, True, "started")]
    records = run(_faults(("stop", 10, 100), ("keepalived_stop", 10.2, 0.3)))
    assert _daemon(records) == [(10, False, "stopped"), (140, True, "started")]


def test_clients_are_served_again_only_by_an_instance_that_runs() -> None:
    records = run(_faults(("freeze", 10, 200), ("keepalived_kill", 20, 5), ("crash", 60, 400)))
    served = [(r.at / SECOND, r.server) for r in of_type(records, ReachabilityChanged)]
    assert served[0] == (10, None)
    assert {server for at_s, server in served if 10 < at_s < 490} == {"b"}


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=scenarios())
def test_nothing_begins_inside_an_instance_that_does_not_run(text: str) -> None:
    for kind in ("freeze", "stop", "keepalived_kill", "keepalived_stop"):
        text = with_faults(text, kind)
    power: dict[str, str] = {}
    daemons: dict[str, bool] = {}
    for record in simulate(loads(text), seed=1, replication=0).records:
        match record:
            case PowerChanged(_, instance, state):
                power[instance] = state
            case DaemonChanged(_, instance, running, reason):
                assert daemons.get(instance) != running, "it begins and ends by turns"
                assert power[instance] == "running" or reason == "crash", record
                daemons[instance] = running
            case StateChanged(_, instance, _, _, reason):
                assert power[instance] == "running" or reason == "died", record
            case NotifyStarted(_, instance):
                assert power[instance] == "running", record
            case GuestAddressChanged(_, instance, True) | ServiceChanged(_, instance, True):
                assert power[instance] == "running", record
