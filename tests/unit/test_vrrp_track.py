"""Counting the results of track scripts, and weights."""

from __future__ import annotations

from hasim.vrrp.track import ScriptCounter, effective_priority, file_contribution, weight_contribution


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


def test_reverse_turns_the_sign_of_a_contribution_round() -> None:
    assert [weight_contribution(30, up, reverse=True) for up in (True, False)] == [-30, 0]
    assert [weight_contribution(-30, up, reverse=True) for up in (True, False)] == [0, 30]


def test_a_file_adds_its_number_times_the_weight_between_fault_and_253() -> None:
    """As 2.2.7 does with weight 2: -20 is -40, -127 is FAULT, 300 is 253."""
    assert [file_contribution(value, 2) for value in (10, -20, -126, -127, 126, 127, 300)] == [
        20,
        -40,
        -252,
        None,
        252,
        253,
        253,
    ]
    assert [file_contribution(value, 2, reverse=True) for value in (10, 127, -300)] == [-20, None, 253]


def test_a_file_without_a_weight_is_fault_or_nothing() -> None:
    assert [file_contribution(value, 0) for value in (0, 1, -1)] == [0, None, None]
    assert [file_contribution(value, 0, reverse=True) for value in (0, 1)] == [None, 0]
