"""What a run adds up to: overlaps, transitions, scripts and calls."""

from __future__ import annotations

import pickle

from hasim.trace import AdvertSent, LinkChanged, PowerChanged
from tests.unit.measure_stories import becomes, call, crash, guest, lost, notified, ns, outcome, pair, routed, served

MIGRATE = "MigratePrivateIpAddress"


def test_two_masters_at_once_are_dual_master_time() -> None:
    run = outcome(100, pair(), becomes(10, "b", "MASTER"), becomes(14, "b", "BACKUP", "MASTER"))
    assert run.dual_master_ns == ns(4)


def test_a_frozen_master_is_no_second_master_until_it_wakes() -> None:
    frozen = [PowerChanged(ns(10), "a", "frozen"), PowerChanged(ns(30), "a", "running")]
    run = outcome(100, pair(), *frozen, becomes(13, "b", "MASTER"), becomes(31, "b", "BACKUP", "MASTER"))
    assert run.dual_master_ns == ns(1)
    assert run.wrong_instance_ns == ns(17)


def test_an_address_routed_to_a_backup_is_on_the_wrong_instance() -> None:
    run = outcome(100, pair(), routed(10, "b"), lost(10, "guest"), routed(25, "a"), served(25, "a"))
    assert run.wrong_instance_ns == ns(15)
    assert run.black_hole_ns == 0


def test_an_address_routed_nowhere_is_not_on_the_wrong_instance() -> None:
    assert outcome(100, pair(), routed(10, None), lost(10, "route")).wrong_instance_ns == 0


def test_without_any_master_no_instance_is_the_wrong_one() -> None:
    assert outcome(100, pair(), crash(10)).wrong_instance_ns == 0


def test_the_time_when_master_and_route_agree_and_nobody_is_served_is_a_black_hole() -> None:
    run = outcome(100, pair(), guest(10, "a", False), lost(10, "guest"), guest(16, "a"), served(16, "a"))
    assert run.black_hole_ns == ns(6)
    assert run.downtime_ns == ns(6)
    assert run.availability == 0.94


def test_transitions_leave_the_initial_state_out() -> None:
    assert outcome(100, pair()).transitions == 0
    assert outcome(100, pair(), becomes(0, "b", "MASTER"), becomes(5, "a", "BACKUP", "MASTER")).transitions == 1


def test_calls_are_counted_by_action_and_code_and_what_was_never_answered_too() -> None:
    run = outcome(
        100, pair(), notified(10), call(1, MIGRATE, 10, 11, "InternalError"), call(2, MIGRATE, 12, 13),
        call(3, MIGRATE, 20, None), call(4, "DescribeNetworkInterfaces", 30, 31), notified(40),
    )  # fmt: skip
    assert run.api_calls == {
        "DescribeNetworkInterfaces": {"OK": 1},
        MIGRATE: {"InternalError": 1, "OK": 1, "unanswered": 1},
    }
    assert list(run.api_calls) == sorted(run.api_calls)
    assert run.notify_runs == 2


def test_records_that_say_nothing_to_be_measured_change_nothing() -> None:
    details = [AdvertSent(ns(1), "a", 100, ()), LinkChanged(ns(2), "b", "eth1", False)]
    assert outcome(100, pair(), details) == outcome(100, pair())


def test_an_outcome_travels_between_processes() -> None:
    run = outcome(100, pair(), crash(10))
    assert pickle.loads(pickle.dumps(run)) == run


def test_downtime_is_the_sum_of_the_outages() -> None:
    run = outcome(100, pair(), lost(10, "service"), served(13, "a"), lost(95, "service"))
    assert [outage.duration_ns for outage in run.outages] == [ns(3), ns(5)]
    assert run.downtime_ns == ns(8)
