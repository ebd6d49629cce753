"""Counter-based numbers: the same one by one and in bulk, uniform, and independent of everything but their name."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hasim.sim.randomness import Randomness, uniform_at, uniforms_at


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40))
def test_one_by_one_and_in_bulk_agree_to_the_last_bit(key: int, first: int) -> None:
    assert [uniform_at(key, first + i) for i in range(5)] == list(uniforms_at(key, first, 5))


def test_numbers_lie_strictly_inside_the_unit_interval() -> None:
    numbers = uniforms_at(Randomness(1, 0).key("x"), 0, 100_000)
    assert numbers.min() > 0
    assert numbers.max() < 1


def test_numbers_are_uniform_and_neighbours_uncorrelated() -> None:
    numbers = uniforms_at(Randomness(1, 0).key("x"), 0, 100_000)
    assert stats.kstest(numbers, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.02


def test_streams_of_other_names_seeds_and_replications_are_other_streams() -> None:
    keys = {
        Randomness(seed, replication).key(*names)
        for seed in (1, 2)
        for replication in (0, 1)
        for names in (("a", "b"), ("ab",), ("a", "c"))
    }
    assert len(keys) == 12


def test_a_stream_reads_the_numbers_of_its_key_in_order() -> None:
    randomness = Randomness(3, 4)
    stream = randomness.stream("fault", "crash")
    assert [stream.uniform() for _ in range(3)] == [uniform_at(randomness.key("fault", "crash"), i) for i in range(3)]
