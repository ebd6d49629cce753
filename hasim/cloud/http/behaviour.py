"""How long the API takes, as plain parameters: where they come from is for whoever starts the endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from hasim.cloud.registry import ACTIONS

__all__ = ["ActionTiming", "Behaviour", "Draw", "Duration"]

Duration: TypeAlias = Callable[[float], int]
"""Nanoseconds for a number that is uniform in the open interval (0, 1): the quantile function of a distribution."""

Draw: TypeAlias = Callable[[], float]
"""The next such number."""


@dataclass(frozen=True, slots=True)
class ActionTiming:
    """How one action behaves: ``accept`` until the answer, ``task`` from the answer until its task ends.

    ``task_dead_host`` replaces ``task`` when the instance that the resource leaves is dead. ``error_rate`` of the calls
    are refused with ``error_code``, ``task_failure_rate`` of the tasks fail and are rolled back.
    """

    accept: Duration
    task: Duration
    task_dead_host: Duration
    error_rate: float = 0.0
    error_code: str = "InternalError"
    task_failure_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """``actions`` has every modelled action; an action that is not in ``rate_limits_per_s`` is not limited."""

    actions: Mapping[str, ActionTiming]
    rate_limits_per_s: Mapping[str, int]

    def __post_init__(self) -> None:
        missing = ACTIONS.keys() - self.actions.keys()
        if missing:
            raise ValueError(f"no timing for {', '.join(sorted(missing))}")
