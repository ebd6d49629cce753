"""How often an action may be called: so many calls of each action in any second.

The region itself does not count calls; whoever stands in front of it (the simulated world or the HTTP endpoint) asks
:meth:`RateLimiter.admit` first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from hasim.cloud.errors import refusal
from hasim.cloud.registry import ACTIONS

__all__ = ["RateLimiter", "documented_rate_limits"]

_SECOND_NS = 1_000_000_000


def documented_rate_limits() -> dict[str, int]:
    """Calls per second of the actions whose rate limit the API's documents state."""
    return {name: spec.rate_limit_per_s for name, spec in ACTIONS.items() if spec.rate_limit_per_s is not None}


class RateLimiter:
    """Counts the calls of each action over the last second of the clock; time must not run backwards.

    ``limits_per_s`` maps action names to calls per second; an action without an entry has ``otherwise_per_s``, or no
    limit where that is None.
    """

    __slots__ = ("_admitted_ns", "_limits_per_s", "_otherwise_per_s")

    def __init__(self, limits_per_s: Mapping[str, int], *, otherwise_per_s: int | None = None) -> None:
        self._limits_per_s = dict(limits_per_s)
        self._otherwise_per_s = otherwise_per_s
        self._admitted_ns: dict[str, deque[int]] = {}

    def admit(self, action: str, now_ns: int) -> None:
        """Count a call.

        Raises:
            CloudError: RequestLimitExceeded, the action has had its calls of the last second; this one is not counted.
        """
        limit = self._limits_per_s.get(action, self._otherwise_per_s)
        if limit is None:
            return
        recent = self._admitted_ns.setdefault(action, deque())
        while recent and recent[0] <= now_ns - _SECOND_NS:
            recent.popleft()
        if len(recent) >= limit:
            raise refusal("RequestLimitExceeded", f"{action} may be called {limit} times a second.")
        recent.append(now_ns)
