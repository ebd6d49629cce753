"""What can be the matter with an API, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Trouble", "TroubleKind"]


class TroubleKind(StrEnum):
    """The kinds, and what each does to the calls and tasks that it concerns."""

    OUTAGE = "outage"
    """Calls are lost: nobody answers, nothing happens."""
    SLOWDOWN = "slowdown"
    """Answers and tasks that begin meanwhile take ``factor`` times as long."""
    THROTTLE = "throttle"
    """``rate_per_s`` calls of each action a second are let through, the others refused: RequestLimitExceeded."""
    ERRORS = "errors"
    """A call is refused with ``code`` at ``probability``."""
    TASK_FAILURES = "task_failures"
    """A task that begins meanwhile fails at ``probability``, and is rolled back when it would have ended."""
    STUCK = "stuck"
    """A task that begins meanwhile stays as it is, and its time begins when the trouble is over; one that would end
    meanwhile ends then. Where there are ``instance_ids``, only a task by which something leaves one of these
    instances."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble. ``actions`` empty: all of them. Of the rest, what its kind uses.

    ``identifier`` is unique among those in force, and names its random numbers.
    """

    identifier: str
    kind: TroubleKind
    actions: frozenset[str] = frozenset()
    factor: float = 1.0
    rate_per_s: int = 0
    code: str = ""
    probability: float = 1.0
    instance_ids: frozenset[str] = frozenset()

    def concerns(self, action: str) -> bool:
        """Whether calls of that action suffer."""
        return not self.actions or action in self.actions
