"""Random numbers by the name of what they are for: the streams of a run, made when they are first asked for."""

from __future__ import annotations

from hasim.sim.randomness import Randomness, Stream

__all__ = ["Draws"]


class Draws:
    """``draws("api", "AttachNetworkInterface", "task")`` is the next number of the stream of that name."""

    __slots__ = ("_randomness", "_streams")

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._streams: dict[tuple[str, ...], Stream] = {}

    def __call__(self, *names: str) -> float:
        """The next number, uniform in (0, 1)."""
        stream = self._streams.get(names)
        if stream is None:
            stream = self._streams[names] = self._randomness.stream(*names)
        return stream.uniform()
