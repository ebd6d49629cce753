"""Notify scripts side by side and one by one, their pauses, and checks that overlap."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from hasim.scenario.model import Scenario
from hasim.trace import AddressHeld, ApiCalled, CheckChanged, NetworkChanged, NotifyEnded, NotifyStarted, Record
from hasim.units import MILLISECOND, SECOND
from tests.unit.bare_pair import bare_pair, instance, of_type, run, states


def _flap(*, patience: int = 20, **notify: Any) -> Scenario:
    """a's link is gone for half a second: FAULT, BACKUP, and MASTER again 3.4 s later. b waits for ``patience`` adverts
    (with 3 it is MASTER for a moment)."""
    cut = {"kind": "link_down", "target": "a", "subnet": "front", "at": "10500ms", "duration": "500ms"}
    policy = {"start_up": "100ms", "call_timeout": "5s", "release_on_backup": True, "wait_for_task": False}
    patient = instance(100, 12, vrrp={"priority": 100, "down_timer_adverts": patience})
    return bare_pair(notify=policy | notify, faults=[cut], instances={"a": instance(150, 11), "b": patient})


def _of(records: tuple[Record, ...], name: str) -> list[tuple[str, float, float, str]]:
    """The scripts of an instance: event, begin and end (s), outcome."""
    ends = {r.run: r for r in of_type(records, NotifyEnded)}
    return [
        (r.event, r.at / SECOND, ends[r.run].at / SECOND, ends[r.run].outcome)
        for r in of_type(records, NotifyStarted)
        if r.instance == name
    ]


def _holder(records: tuple[Record, ...]) -> str | None:
    return [r.holder for r in records if isinstance(r, AddressHeld)][-1]


def test_without_a_fifo_a_slow_script_works_beside_a_later_one() -> None:
    found = run(_flap(sleep_before_release="10s", reread_state=False))
    (fault, begun, ended, _), *_, (master, later, _, _) = _of(found, "a")
    assert (fault, master) == ("FAULT", "MASTER")
    assert begun < later < ended
    assert _holder(found) is None, "the slow script gave away what the quick one had taken"


def test_with_a_fifo_each_event_waits_for_the_one_before() -> None:
    found = run(_flap(sleep_before_release="10s", reread_state=False, fifo=True))
    scripts = _of(found, "a")
    assert [event for event, *_ in scripts] == ["FAULT", "BACKUP", "MASTER"]
    assert all(one[2] == other[1] for one, other in pairwise(scripts))
    assert _holder(found) == "a"


def test_a_slow_script_that_reads_its_state_again_gives_nothing_away() -> None:
    found = run(_flap(sleep_before_release="10s", reread_state=True))
    assert _of(found, "a")[0][3] == "superseded"
    assert _holder(found) == "a"


def test_the_pause_before_a_release_counts_from_the_start_of_the_script() -> None:
    found = run(_flap(sleep_before_release="2s"))
    first = next(r for r in of_type(found, ApiCalled) if r.instance == "a")
    assert (first.action, first.at) == ("UnassignPrivateIpAddresses", 10_500 * MILLISECOND + 2_100 * MILLISECOND)


def test_what_waits_in_the_fifo_is_lost_with_the_daemon() -> None:
    kill = {"kind": "keepalived_kill", "target": "a", "at": "15s", "duration": "1h"}
    cut = {"kind": "link_down", "target": "a", "subnet": "front", "at": "10500ms", "duration": "500ms"}
    policy = {"release_on_backup": True, "sleep_before_release": "30s", "fifo": True}
    found = run(bare_pair(notify=policy, faults=[cut, kill]))
    assert [(event, end, outcome) for event, _, end, outcome in _of(found, "a")] == [("FAULT", 15.0, "killed")]


def test_a_claim_that_came_too_late_is_given_back() -> None:
    """``reread_after``: b's script was right to begin, and is wrong when it is through."""
    found = run(_flap(patience=3, sleep_before="2s", release_on_backup=False, reread_state=False, reread_after=True))
    (script,) = _of(found, "b")
    assert script[3] == "superseded"
    assert "UnassignPrivateIpAddresses" in [r.action for r in of_type(found, ApiCalled) if r.instance == "b"]


@pytest.mark.parametrize("jitter", ["0%", "40%", "100%"])
def test_jitter_shortens_the_pauses_between_tries(jitter: str) -> None:
    crash = {"kind": "crash", "target": "a", "at": "10s"}
    errors = {"kind": "api_errors", "at": "0", "probability": "100%"}
    policy = {"start_up": "0", "tries": 50, "retry_delay": "1s", "retry_jitter": jitter}
    found = run(bare_pair(notify=policy, faults=[crash, errors], control_plane={"accept": "0"}))
    calls = [r.at for r in of_type(found, ApiCalled)]
    pauses = [(later - earlier) / SECOND for earlier, later in pairwise(calls)]
    shortest = 1 - float(jitter.rstrip("%")) / 100
    assert all(shortest <= pause <= 1 for pause in pauses)
    assert (max(pauses) - min(pauses) > 0.8 * (1 - shortest)) if shortest < 1 else set(pauses) == {1}


def test_runs_of_a_slow_check_overlap_and_each_counts_when_it_ends() -> None:
    """2.2.7 with interval 1 s, runs of 2.5 s and fall 2: the second bad result comes one interval after the first."""
    check = {"check": {"interval": "1s", "timeout": "4s", "fall": 2, "run_time": "2500ms"}}
    fail = {"kind": "service_failure", "target": "a", "at": "10s", "duration": "20s"}
    found = run(bare_pair(vrrp={"track_scripts": check}, faults=[fail]))
    down, up = (r.at for r in of_type(found, CheckChanged) if r.instance == "a")
    assert 13.5 * SECOND <= down < 14.5 * SECOND
    assert 32.5 * SECOND <= up < 33.5 * SECOND


def test_after_a_boot_packets_pass_when_the_network_is_ready() -> None:
    """b hears nothing for 8 s, and takes over for want of adverts."""
    reboot = {"kind": "crash", "target": "b", "at": "10s", "duration": "1s"}
    guest = {"boot": "30s", "configure": "0", "network_ready": "8s"}
    found = run(bare_pair(guest=guest, faults=[reboot]))
    assert [(r.at // SECOND, r.ready) for r in of_type(found, NetworkChanged)] == [(41, False), (49, True)]
    assert states(found, "b")[1:] == [
        (41.0, "BACKUP", "start_up"),
        (44.609375, "MASTER", "down_timer"),
        (49.0, "BACKUP", "higher_priority_advert"),
    ]
    failed = [r.action for r in of_type(found, ApiCalled) if r.at < 49 * SECOND]
    assert failed == ["DescribeNetworkInterfaces"]
