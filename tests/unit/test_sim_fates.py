"""Which adverts are lost: independent of one another, with the stated probability, whatever was asked before."""

from __future__ import annotations

import numpy as np
import pytest

from hasim.sim.fates import Fates
from hasim.sim.randomness import Randomness

KEY = Randomness(1, 0).key("loss", "a", "b")


def rows_one_by_one(fates: Fates, first: int, last: int, length: int) -> list[int]:
    lost = [fates.lost(index) for index in range(first, last + length)]
    return [first + i for i in range(last - first + 1) if all(lost[i : i + length])]


@pytest.mark.parametrize("loss", [0.01, 0.2, 0.6, 0.95])
def test_the_share_of_lost_adverts_is_the_loss(loss: float) -> None:
    fates = Fates(KEY, loss)
    lost = np.fromiter((fates.lost(index) for index in range(100_000)), bool)
    assert abs(lost.mean() - loss) < 5 * np.sqrt(loss * (1 - loss) / lost.size)


@pytest.mark.parametrize("loss", [0.2, 0.6])
def test_neighbours_are_independent(loss: float) -> None:
    fates = Fates(KEY, loss)
    lost = np.fromiter((fates.lost(index) for index in range(100_000)), float)
    assert abs(np.corrcoef(lost[:-1], lost[1:])[0, 1]) < 5 / np.sqrt(lost.size)


@pytest.mark.parametrize(("loss", "length"), [(0.2, 3), (0.5, 3), (0.5, 9), (0.9, 1), (1.0, 4)])
def test_rows_are_those_that_one_finds_one_by_one_also_across_blocks(loss: float, length: int) -> None:
    fates = Fates(KEY, loss)
    first, last = fates.block - 300, 3 * fates.block + 300
    assert list(fates.rows(first, last, length)) == rows_one_by_one(Fates(KEY, loss), first, last, length)


def test_a_fate_does_not_depend_on_what_was_asked_before() -> None:
    forward, backward = Fates(KEY, 0.3), Fates(KEY, 0.3)
    indices = range(0, 40 * forward.block, forward.block // 3)
    assert [forward.lost(index) for index in indices] == [backward.lost(index) for index in reversed(indices)][::-1]


def test_rare_losses_lie_in_large_blocks() -> None:
    """Otherwise a quiet year would cost its adverts and not its losses."""
    assert Fates(KEY, 1e-6).block >= 1_000_000_000
    assert Fates(KEY, 1e-15).block <= 1 << 48


def test_everything_is_lost_where_nothing_arrives() -> None:
    fates = Fates(KEY, 1.0)
    assert all(fates.lost(index) for index in range(3 * fates.block))


def test_a_row_that_is_lost_by_order_changes_nothing_else() -> None:
    """Across the border of two blocks, and after one that arrives."""
    chance, ordered = Fates(7, 0.2), Fates(7, 0.2)
    row = range(chance.block - 2, chance.block + 3)
    ordered.lose(row)
    around = range(row.start - 300, row.stop + 300)
    expected = [index in row or (chance.lost(index) and index != row.start - 1) for index in around]
    assert [ordered.lost(index) for index in around] == expected
    assert row.start in ordered.rows(row.start - 10, row.stop, len(row))
