"""Which adverts of a path are lost, looked up by their number, at the cost of the losses and not of the adverts.

The numbers are divided into blocks in which about a thousand adverts are lost. The losses of a block are found by
skipping: between two of them lies a geometric number of adverts that arrive, ``floor(log(u) / log(1 - loss))``, and
since that has no memory, every block can begin afresh. So each advert is lost independently of the others with exactly
the probability ``loss``; the fate of number k depends on k alone, not on what was asked before; and a million adverts
of which a thousand are lost cost a thousand random numbers.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hasim.sim.randomness import uniforms_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Fates"]

_LOSSES_PER_BLOCK = 1_024
_LARGEST_BLOCK = 1 << 48
_KEPT_BLOCKS = 4


class Fates:
    """The fates of the adverts 0, 1, 2, ... on a path that loses each with probability ``loss`` (above 0)."""

    __slots__ = ("_blocks", "_key", "_log_survival", "_row", "block", "loss")

    def __init__(self, key: int, loss: float) -> None:
        self._key = key
        self.loss = loss
        self._row: range | None = None
        self._log_survival = math.log1p(-loss) if loss < 1 else -math.inf
        self.block = min(1 << math.ceil(math.log2(_LOSSES_PER_BLOCK / loss)), _LARGEST_BLOCK)
        self._blocks: dict[int, NDArray[np.int64]] = {}

    def lose(self, row: range) -> None:
        """Let these adverts be lost, the one before them arrive, and all others meet what they would have met."""
        self._row = row
        self._blocks.clear()

    def lost(self, index: int) -> bool:
        """Whether advert number ``index`` is lost."""
        losses = self._losses(index // self.block)
        place = bisect_left(losses, index)
        return place < len(losses) and bool(losses[place] == index)

    def rows(self, first: int, last: int, length: int) -> Iterator[int]:
        """The numbers from ``first`` to ``last`` that begin a row of ``length`` lost adverts (at least 1), ascending.

        In a longer row every number that has so many after it counts.
        """
        for number in range(first // self.block, last // self.block + 1):
            losses = self._with_neighbours(number, length)
            begins = losses[: max(len(losses) - length + 1, 0)]
            within = slice(*begins.searchsorted((first, last + 1)))
            ends = losses[length - 1 :]
            yield from begins[within][ends[within] - begins[within] == length - 1].tolist()

    def _with_neighbours(self, number: int, length: int) -> NDArray[np.int64]:
        """The losses of a block, and where its last row may go on those of the next blocks that could belong to it."""
        import numpy as np

        losses = self._losses(number)
        end, wanted = (number + 1) * self.block, length - 1
        while wanted > 0 and losses.size and losses[-1] >= end - length:
            number += 1
            following = self._losses(number)[:wanted]
            losses = np.concatenate((losses, following))
            if following.size < wanted:
                break
            wanted = 0
        return losses

    def _losses(self, number: int) -> NDArray[np.int64]:
        """The numbers of the lost adverts of a block, ascending."""
        losses = self._blocks.get(number)
        if losses is None:
            if len(self._blocks) >= _KEPT_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            losses = self._blocks[number] = self._decided(number, self._skip(number * self.block))
        return losses

    def _decided(self, number: int, losses: NDArray[np.int64]) -> NDArray[np.int64]:
        """The losses of a block with those that :meth:`lose` has decided."""
        import numpy as np

        begin, end = number * self.block, (number + 1) * self.block
        if self._row is None or self._row.stop <= begin or self._row.start > end:
            return losses
        before, after = np.searchsorted(losses, (self._row.start - 1, self._row.stop))
        inside = np.arange(max(self._row.start, begin), min(self._row.stop, end), dtype=np.int64)
        return np.concatenate((losses[:before], inside, losses[after:]))

    def _skip(self, begin: int) -> NDArray[np.int64]:
        import numpy as np

        expected = self.block * min(1.0, -math.expm1(self._log_survival))
        count = min(int(expected + 6 * math.sqrt(expected)) + 16, self.block)
        while True:
            uniforms = uniforms_at(self._key, begin, count)
            gaps = np.floor(np.log(uniforms) / self._log_survival).astype(np.int64)
            losses = np.cumsum(gaps + 1) - 1
            if count == self.block or losses[-1] >= self.block:
                return begin + losses[: int(np.searchsorted(losses, self.block))]
            count = min(2 * count, self.block)
