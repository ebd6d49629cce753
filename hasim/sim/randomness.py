"""Counter-based random numbers: every draw is a hash of what it is for, not of what was drawn before.

A stream is keyed by (seed, replication, names...), for example ``("notify", "a", "start_up")``, and its k-th number
is a hash of key and k. So two variants of a scenario see the same faults (common random numbers), the order in which
components draw changes nothing, any number of workers gives the same bytes, and a heartbeat that is not simulated can
still be looked up: the fate of advert k on a link is ``uniform_at(key, k)``, one by one or a million at a time.

Runs that only their mean is wanted of may share the range of every number among them: :class:`LatinRandomness`.

The hash is the finaliser of SplitMix64 (Steele, Lea, Flood 2014) over a Weyl sequence, as in
``java.util.SplittableRandom``; keys are BLAKE2b digests.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ROWS", "LatinRandomness", "Randomness", "Stream", "uniform_at", "uniforms_at"]

ROWS = 17
"""So many runs share the range of a number; a prime."""

_MASK = (1 << 64) - 1
_WEYL = 0x9E3779B97F4A7C15
_MULTIPLIER_1 = 0xBF58476D1CE4E5B9
_MULTIPLIER_2 = 0x94D049BB133111EB
_BITS = 52
_SCALE = 2.0**-_BITS
_ONE_BY_ONE = 16
_LARGEST_BLOCK = 512
_ALMOST_ONE = 1.0 - 2.0**-53


def uniform_at(key: int, index: int) -> float:
    """The ``index``-th uniform number of the stream ``key``, in the open interval (0, 1)."""
    z = (key + (index + 1) * _WEYL) & _MASK
    z = ((z ^ (z >> 30)) * _MULTIPLIER_1) & _MASK
    z = ((z ^ (z >> 27)) * _MULTIPLIER_2) & _MASK
    return (((z ^ (z >> 31)) >> (64 - _BITS)) + 0.5) * _SCALE


def uniforms_at(key: int, first: int, count: int) -> NDArray[np.float64]:
    """``uniform_at(key, first), ...`` as an array of shape (count,), to the last bit."""
    import numpy as np

    # In place: a scan of a year of adverts makes these arrays by the hundred.
    z = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    z *= np.uint64(_WEYL)
    z += np.uint64(key)
    z ^= z >> np.uint64(30)
    z *= np.uint64(_MULTIPLIER_1)
    z ^= z >> np.uint64(27)
    z *= np.uint64(_MULTIPLIER_2)
    z ^= z >> np.uint64(31)
    z >>= np.uint64(64 - _BITS)
    numbers = z.astype(np.float64)
    numbers += 0.5
    numbers *= _SCALE
    return numbers


class Stream:
    """A stream that is read in order: its first numbers one by one, and what is read on and on in growing blocks, at a
    tenth of the cost."""

    __slots__ = ("_ahead", "_index", "_key", "_names", "_randomness")

    def __init__(self, randomness: Randomness, names: tuple[str, ...]) -> None:
        self._randomness = randomness
        self._names = names
        self._key = 0  # made with the first number: most streams of a short run are never read
        self._index = 0
        self._ahead: list[float] = []

    def uniform(self) -> float:
        """The next uniform number in (0, 1)."""
        if self._ahead:
            return self._ahead.pop()
        index = self._index
        if index == 0:
            self._key = self._randomness.key(*self._names)
        if index < _ONE_BY_ONE:
            self._index = index + 1
            return uniform_at(self._key, index)
        count = min(index, _LARGEST_BLOCK)
        self._index = index + count
        self._ahead = uniforms_at(self._key, index, count)[::-1].tolist()
        return self._ahead.pop()


class Randomness:
    """All random numbers of one run."""

    __slots__ = ("_prefix", "replication", "seed")

    def __init__(self, seed: int, replication: int) -> None:
        self.seed = seed
        self.replication = replication
        self._prefix = f"{seed}/{replication}"

    def key(self, *names: str) -> int:
        """The 64-bit key of the stream that ``names`` describe."""
        text = "\x1f".join((self._prefix, *names)).encode()
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")

    def stream(self, *names: str) -> Stream:
        """A new stream, at its beginning."""
        return Stream(self, names)


class LatinRandomness(Randomness):
    """The random numbers of one of :data:`ROWS` runs that are a Latin hypercube sample (McKay, Beckman and Conover,
    Technometrics 21, 1979).

    Each run by itself sees independent uniform numbers, as any other does. But of the k-th numbers of a stream one lies
    in each of as many equal parts of (0, 1): which run has which is drawn for every k and stream by itself. So their
    mean does not vary with what one number alone does to a run (such as how long a call takes), only with what numbers
    do together (Stein, Technometrics 29, 1987).
    """

    __slots__ = ("_block", "_row")

    def __init__(self, seed: int, replication: int, *, first: int, row: int) -> None:
        """``first`` is the replication whose ``row`` is 0."""
        super().__init__(seed, replication)
        self._block = Randomness(seed, first)
        self._row = row

    def stream(self, *names: str) -> Stream:
        """A new stream, at its beginning."""
        return _LatinStream(self, names, self._block, self._row)


class _LatinStream(Stream):
    """A stream whose first numbers are those of a row."""

    __slots__ = ("_block", "_block_key", "_row")

    def __init__(self, randomness: Randomness, names: tuple[str, ...], block: Randomness, row: int) -> None:
        super().__init__(randomness, names)
        self._block = block
        self._block_key = 0
        self._row = row

    def uniform(self) -> float:
        """The next uniform number in (0, 1).

        Which part it lies in is ``(slope * row + shift) mod ROWS``, with a random slope (not 0) and shift: for any two
        runs that is as random as with a random permutation, and so the mean varies as little.
        """
        index = self._index
        within = super().uniform()
        if index >= _ONE_BY_ONE:
            return within
        if index == 0:
            self._block_key = self._block.key("latin", *self._names)
        shift, slope = divmod(int(uniform_at(self._block_key, index) * ROWS * (ROWS - 1)), ROWS - 1)
        part = ((slope + 1) * self._row + shift) % ROWS
        return min((part + within) / ROWS, _ALMOST_ONE)
