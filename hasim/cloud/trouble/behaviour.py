"""How an API behaves when nothing is the matter: what this room needs to know, whoever says it.

A scenario's control plane (:class:`hasim.scenario.model.ControlPlane`) has this shape; this room must not know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["ActionTiming", "Behaviour", "Draw", "Duration"]


class Duration(Protocol):
    """A distribution of durations."""

    def quantile(self, u: float, /) -> int:
        """Nanoseconds for a number that is uniform in the open interval (0, 1)."""


class Draw(Protocol):
    """A source of random numbers."""

    def __call__(self, *names: str) -> float:
        """The next number, uniform in (0, 1), of the stream of that name."""


class ActionTiming(Protocol):
    """How one action behaves: ``accept`` until the answer, ``task`` from the answer until its task ends.

    ``task_dead_host`` replaces ``task`` when the instance that the resource leaves is dead. ``error_rate`` of the calls
    are refused with ``error_code``, ``task_failure_rate`` of the tasks fail and are rolled back.
    """

    @property
    def accept(self) -> Duration: ...

    @property
    def task(self) -> Duration: ...

    @property
    def task_dead_host(self) -> Duration: ...

    @property
    def error_rate(self) -> float: ...

    @property
    def error_code(self) -> str: ...

    @property
    def task_failure_rate(self) -> float: ...


class Behaviour(Protocol):
    """``actions`` has every action that is called; one that is not in ``rate_limits`` (per second) is not limited.

    ``propagation`` is from a commit until packets take the new way; with ``detach_cuts_traffic_at_once`` they are lost
    from the beginning of a task that takes an address or interface away, else until its end. ``havip_remap`` is from a
    gratuitous ARP until the HAVIP is there, ``garp_rate_limit`` how many a second are taken from one ENI.
    """

    @property
    def actions(self) -> Mapping[str, ActionTiming]: ...

    @property
    def rate_limits(self) -> Mapping[str, int]: ...

    @property
    def propagation(self) -> Duration: ...

    @property
    def detach_cuts_traffic_at_once(self) -> bool: ...

    @property
    def havip_remap(self) -> Duration: ...

    @property
    def garp_rate_limit(self) -> int: ...
