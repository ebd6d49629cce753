"""How keepalived counts the results of a track script, and what tracked things make of a priority."""

from __future__ import annotations

from collections.abc import Iterable

from hasim.vrrp.timers import OWNER_PRIORITY

__all__ = ["ScriptCounter", "effective_priority", "file_contribution", "weight_contribution"]

_FILE_FAULT, _FILE_MOST = -254, 253


class ScriptCounter:
    """The rise and fall counter of one ``vrrp_script``.

    The counter runs from 0 to ``rise + fall - 1``; the script counts as up from ``rise`` on. A new script stands one
    success short of up, so that *one* success is enough whatever ``rise`` says, and its first failure puts it down
    without waiting for ``fall``.
    """

    __slots__ = ("fall", "result", "rise", "started")

    def __init__(self, rise: int, fall: int) -> None:
        self.rise = rise
        self.fall = fall
        self.result = rise - 1
        self.started = False

    @property
    def up(self) -> bool:
        """Whether the script counts as up."""
        return self.result >= self.rise

    @property
    def settled(self) -> bool:
        """Whether another result like the last one could change nothing."""
        return self.started and self.result in (0, self.rise + self.fall - 1)

    def assume_up(self) -> None:
        """Take the script for one that has succeeded for a long time."""
        self.started = True
        self.result = self.rise + self.fall - 1

    def count(self, success: bool) -> bool:
        """Count one result; True when the verdict changed or is the first."""
        was_up, first = self.up, not self.started
        self.started = True
        if success:
            up = self.result + 1 >= self.rise
            self.result = self.rise + self.fall - 1 if up else self.result + 1
        else:
            down = first or self.result - 1 < self.rise
            self.result = 0 if down else self.result - 1
        return first or self.up != was_up


def weight_contribution(weight: int, up: bool, *, reverse: bool = False) -> int:
    """What a tracked thing adds to the priority: a positive weight while it is up, a negative one while it is down;
    ``reverse`` turns the sign of what it adds."""
    contribution = weight if (weight > 0) == up else 0
    return -contribution if reverse else contribution


def file_contribution(value: int, weight: int, *, reverse: bool = False) -> int | None:
    """What the number in a tracked file adds to the priority; None: FAULT.

    With weight 0 every number but 0 means FAULT (``reverse``: 0 does). Otherwise number times weight (``reverse``: its
    negative), at most 253, and FAULT from -254 downwards.
    """
    if weight == 0:
        return None if (value != 0) != reverse else 0
    product = -value * weight if reverse else value * weight
    return None if product <= _FILE_FAULT else min(product, _FILE_MOST)


def effective_priority(base: int, contributions: Iterable[int]) -> int:
    """The priority in the adverts, clamped to 1..254; the owner of the addresses (255) ignores weights."""
    if base == OWNER_PRIORITY:
        return base
    return min(max(base + sum(contributions), 1), OWNER_PRIORITY - 1)
