"""Counter-based numbers: the same one by one and in bulk, uniform, and independent of everything but their name."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hasim.sim.randomness import ROWS, LatinRandomness, Randomness, uniform_at, uniforms_at


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


def rows(block: int, *names: str, count: int) -> np.ndarray:
    """The first numbers of a stream in each run of a Latin hypercube; shape (ROWS, count)."""
    runs = [LatinRandomness(1, ROWS * block + row, first=ROWS * block, row=row) for row in range(ROWS)]
    return np.array([[stream.uniform() for _ in range(count)] for stream in (run.stream(*names) for run in runs)])


def test_the_runs_of_a_latin_hypercube_share_the_range_of_each_number() -> None:
    numbers = rows(3, "x", count=16)
    assert (np.sort((numbers * ROWS).astype(int), axis=0) == np.arange(ROWS)[:, np.newaxis]).all()


def test_beyond_the_first_numbers_they_are_as_in_any_run() -> None:
    run = Randomness(1, ROWS * 3 + 5).stream("x")
    assert rows(3, "x", count=40)[5, 16:].tolist() == [run.uniform() for _ in range(40)][16:]


def test_each_run_of_them_sees_independent_uniform_numbers() -> None:
    numbers = np.array([rows(block, "x", count=2)[4] for block in range(600)])
    others = np.array([rows(block, "y", count=1)[4, 0] for block in range(600)])
    for column in (numbers[:, 0], numbers[:, 1], others):
        assert stats.kstest(column, "uniform").pvalue > 0.01
    assert abs(np.corrcoef([numbers[:, 0], numbers[:, 1], others]) - np.eye(3)).max() < 0.1


def test_their_mean_varies_hardly_with_what_each_number_does_alone() -> None:
    together = [(rows(block, "x", count=1) ** 2 + np.exp(rows(block, "y", count=1))).mean() for block in range(300)]
    x, y = (uniforms_at(Randomness(2, 0).key(name), 0, 300 * ROWS) for name in "xy")
    apart = (x**2 + np.exp(y)).reshape(-1, ROWS).mean(axis=1)
    assert np.var(together) < np.var(apart) / 50
    assert abs(np.mean(together) - (1 / 3 + np.e - 1)) < 4 * np.std(together) / 300**0.5
