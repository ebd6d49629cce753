"""Counting the results of track scripts, and weights."""

from __future__ import annotations

from hasim.vrrp.track import ScriptCounter, effective_priority, weight_contribution


def test_one_success_is_enough_at_the_start_whatever_rise_is() -> None:
    counter = ScriptCounter(rise=3, fall=2)
    assert counter.count(True)
    assert counter.up


def test_first_failure_at_the_start_puts_it_down_without_waiting_for_fall() -> None:
    counter = ScriptCounter(rise=3, fall=2)
    assert counter.count(False)
    assert not counter.up


def test_fall_consecutive_failures_put_it_down() -> None:
    counter = ScriptCounter(rise=2, fall=3)
    counter.assume_up()
    assert [counter.count(False) for _ in range(3)] == [False, False, True]


def test_a_success_between_failures_starts_the_count_again() -> None:
    counter = ScriptCounter(rise=2, fall=2)
    counter.assume_up()
    assert not any(counter.count(success) for success in (False, True, False, True, False, True))
    assert counter.up


def test_rise_consecutive_successes_bring_it_back() -> None:
    counter = ScriptCounter(rise=3, fall=1)
    counter.count(False)
    assert [counter.count(True) for _ in range(3)] == [False, False, True]


def test_it_is_settled_only_at_either_end() -> None:
    counter = ScriptCounter(rise=2, fall=2)
    assert not counter.settled
    counter.assume_up()
    assert counter.settled
    counter.count(False)
    assert not counter.settled
    counter.count(False)
    assert counter.settled


def test_positive_weight_counts_while_up_and_negative_while_down() -> None:
    assert [weight_contribution(w, up) for w in (20, -20) for up in (True, False)] == [20, 0, 0, -20]


def test_priority_is_clamped_and_the_owner_ignores_weights() -> None:
    assert effective_priority(100, [-200]) == 1
    assert effective_priority(250, [20]) == 254
    assert effective_priority(255, [-60]) == 255
