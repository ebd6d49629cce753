"""When a keepalived that is gone is replaced.

Tried on keepalived 2.2.7: one that was executed 0.1 s after the SIGTERM of another said "daemon is already running" and
exited; the other was gone after 1.02 s. The parent of a killed VRRP process waited 0, 1, 2, 4, 8 s before it started
the next one, and after a SIGHUP no longer.
"""

from __future__ import annotations

from typing import Any

import pytest

from hasim.trace import DaemonChanged, NotifyEnded
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, of_type, run

RELEASING = {"release_on_backup": True, "sleep_before_release": "700ms"}


def _kill_child(*at_s: float) -> list[dict[str, Any]]:
    return [{"kind": "keepalived_kill", "process": "child", "target": "b", "at": f"{at}s"} for at in at_s]


def _faults(*faults: tuple[str, str, str | None]) -> list[dict[str, Any]]:
    """Faults at b: kind (and the process), from when, for how long."""
    listed = []
    for kind, at, duration in faults:
        name, _, process = kind.partition(" ")
        more = ({"process": process} if process else {}) | ({"duration": duration} if duration else {})
        listed.append({"kind": name, "target": "b", "at": at, **more})
    return listed


def _started_s(faults: list[dict[str, Any]], **replaced: Any) -> list[float]:
    records = run(bare_pair(faults=faults, **replaced))
    return [r.at / SECOND for r in of_type(records, DaemonChanged) if r.instance == "b" and r.running]


@pytest.mark.parametrize(
    ("lasts", "back_s"), [("100ms", 11.03), ("1s", 11.03), ("1.03s", 11.03), ("2s", 12.0)], ids=str
)
@pytest.mark.parametrize("fault", ["keepalived_stop", "keepalived_kill parent"])
def test_no_other_starts_before_one_that_was_asked_to_stop_is_gone(fault: str, lasts: str, back_s: float) -> None:
    assert _started_s(_faults((fault, "10s", lasts))) == [back_s]


def test_its_grace_is_a_setting() -> None:
    no_noise = dict.fromkeys(("timer_latency", "take_over", "busy", "advert_drift"), "0")
    stop = _faults(("keepalived_stop", "10s", "100ms"))
    assert _started_s(stop, daemon={**no_noise, "start_up": "200ms", "stop_grace": "3s"}) == [13.2]


def test_it_is_stopped_again_while_it_waits_and_starts_when_both_stops_are_over() -> None:
    stops = _faults(("keepalived_stop", "10s", "100ms"), ("keepalived_stop", "10.5s", "5s"))
    assert _started_s(stops) == [15.5]


def test_one_that_is_killed_in_its_grace_waits_for_nothing_and_takes_its_scripts_with_it() -> None:
    faults = _faults(("keepalived_stop", "10s", "100ms"), ("keepalived_kill", "10.4s", "100ms"))
    records = run(bare_pair(faults=faults, notify=RELEASING))
    assert [r.at / SECOND for r in of_type(records, DaemonChanged) if r.running] == [10.5]
    (ended,) = [(r.at / SECOND, r.outcome) for r in of_type(records, NotifyEnded) if r.instance == "b"][:1]
    assert ended == (10.4, "killed")


def test_the_parent_of_a_vrrp_process_waits_longer_each_time() -> None:
    assert _started_s(_kill_child(10, 20, 30, 40, 50)) == [10, 21, 32, 44, 58]


@pytest.mark.parametrize(
    "restart",
    [_faults(("crash", "60s", "10s")), _faults(("keepalived_kill", "60s", "40s"))],
    ids=["a boot", "a supervisor"],
)
def test_a_parent_that_is_new_knows_nothing_of_that(restart: list[dict[str, Any]]) -> None:
    assert _started_s([*_kill_child(10, 20, 30, 40, 50), *restart, *_kill_child(120)])[-2:] == [100, 120]


def test_a_reload_ends_the_wait_of_a_parent() -> None:
    reload = {"kind": "keepalived_reload", "target": "b", "at": "51s"}
    assert _started_s([*_kill_child(10, 20, 30, 40, 50), reload]) == [10, 21, 32, 44, 51]


def test_but_starts_nothing_where_there_is_no_parent() -> None:
    reload = {"kind": "keepalived_reload", "target": "b", "at": "11s"}
    assert _started_s([*_faults(("keepalived_kill", "10s", "5s")), reload]) == [15]
