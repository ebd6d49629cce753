"""What the client's questions came to: who answered, and when nobody did."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from hasim.units import MILLISECOND

__all__ = ["PROBE_INTERVAL_NS", "Asked", "Change", "ProbeLog"]

PROBE_INTERVAL_NS = 20 * MILLISECOND
"""How often the client asks."""


class Asked(NamedTuple):
    """One question: when it was sent (CLOCK_MONOTONIC, ns) and who answered (None: nobody)."""

    sent_ns: int
    server: str | None


class Change(NamedTuple):
    """Somebody else answers, or nobody, from a question on that was sent at ``sent_ns``; the one before it was sent at
    ``before_ns``."""

    before_ns: int
    sent_ns: int
    server: str | None


class ProbeLog:
    """Reads what the probe says, line by line."""

    def __init__(self) -> None:
        self._sent: dict[int, int] = {}
        self._answers: dict[int, tuple[int, str]] = {}
        self.latest: tuple[int, str] | None = None

    def read(self, line: str) -> None:
        """Take in a line."""
        number, time_ns, *name = line.split()
        if not name:
            self._sent[int(number)] = int(time_ns)
        else:
            self._answers.setdefault(int(number), (int(time_ns), name[0]))
            self.latest = int(time_ns), name[0]

    def questions(self, begin_ns: int, end_ns: int) -> list[Asked]:
        """The questions sent in an interval, in order."""
        return [
            Asked(sent_ns, self._answers[number][1] if number in self._answers else None)
            for number, sent_ns in sorted(self._sent.items())
            if begin_ns <= sent_ns < end_ns
        ]

    def changes(self, begin_ns: int, end_ns: int) -> Iterator[Change]:
        """The questions from which on somebody else answers, or nobody; the first question of all is one.

        A single question without an answer, between two that the same instance answered, is a lost packet and no
        outage.
        """
        asked = self.questions(begin_ns, end_ns)
        before: tuple[str | None] | None = None
        for index, question in enumerate(asked):
            following = asked[index + 1].server if index + 1 < len(asked) else None
            if question.server is None and before is not None and following is not None and following == before[0]:
                continue
            if before is None or question.server != before[0]:
                before_ns = asked[index - 1].sent_ns if index else begin_ns
                yield Change(before_ns, question.sent_ns, question.server)
                before = (question.server,)

    def lateness_ns(self, begin_ns: int, end_ns: int) -> int:
        """The longest pause between two questions of an interval: what an outage may seem longer or shorter by."""
        times = [question.sent_ns for question in self.questions(begin_ns, end_ns)]
        return max((later - earlier for earlier, later in pairwise(times)), default=0)
