"""Elimination without a subtraction keeps the digits of states that are hardly ever visited."""

from __future__ import annotations

import math

import pytest

from hasim.study.gth import stationary


def test_two_states_balance_their_flows() -> None:
    assert stationary([[0.0, 1.0], [3.0, 0.0]]) == pytest.approx([0.75, 0.25], rel=1e-15)


def test_the_probability_of_a_state_of_1e_60_has_all_its_digits() -> None:
    """Ten instances that fail at rate l and are repaired at rate m: all down with the probability (l / (l + m))**10."""
    count, fails, repaired = 10, 1e-6, 1.0
    flows = [[0.0] * (count + 1) for _ in range(count + 1)]
    for down in range(count):
        flows[down][down + 1] = (count - down) * fails
        flows[down + 1][down] = (down + 1) * repaired
    share = fails / (fails + repaired)
    for down, chance in enumerate(stationary(flows)):
        truth = math.comb(count, down) * share**down * (1 - share) ** (count - down)
        assert chance == pytest.approx(truth, rel=1e-13)


def test_the_diagonal_does_not_matter() -> None:
    assert stationary([[5.0, 1.0], [1.0, -7.0]]) == [0.5, 0.5]


def test_states_without_a_way_back_are_refused() -> None:
    with pytest.raises(ValueError, match="not irreducible"):
        stationary([[0.0, 1.0], [0.0, 0.0]])
