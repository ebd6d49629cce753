"""The actions as a table: name, parameters, refusals and the functions behind them.

An action is one function, registered with :func:`action`. An asynchronous action returns a running task, and two more
functions say how that task ends: :func:`on_commit` (well) and :func:`on_fail` (badly: everything as it was). All three
are found by the API's action name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from hasim.cloud.entities import Task, TaskKind
from hasim.cloud.parameters import Parameter, Rule, validate

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__ = ["ACTIONS", "ENDINGS", "Action", "Ending", "Reply", "Request", "action", "on_commit", "on_fail"]

Request: TypeAlias = Mapping[str, Any]
"""The checked parameters of a call: every modelled parameter of the action, absent ones with their default."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call: the response's fields (``RequestId`` included) and the task that it began, if any."""

    response: dict[str, Any]
    task: Task | None = None


Perform: TypeAlias = "Callable[[Region, Request, int], Reply]"
End: TypeAlias = "Callable[[Region, Task, int], None]"


@dataclass(frozen=True, slots=True)
class Action:
    """One API action. ``kind`` None: synchronous. ``refusals`` are the codes that the function itself raises."""

    name: str
    service: str
    group: str
    kind: TaskKind | None
    rate_limit_per_s: int | None
    parameters: tuple[Parameter, ...]
    rules: tuple[Rule, ...]
    refusals: frozenset[str]
    perform: Perform

    @property
    def reads_only(self) -> bool:
        """Whether the action leaves the region as it is."""
        return self.name.startswith("Describe")

    @property
    def codes(self) -> frozenset[str]:
        """Every code that a call of this action may be refused with, unknown parameters apart."""
        return self.refusals.union(*(item.codes for item in self.parameters), *(rule.codes for rule in self.rules))

    def read(self, parameters: Mapping[str, Any]) -> Request:
        """The checked parameters.

        Raises:
            CloudError: they are not what the action accepts.
        """
        request = validate(self.parameters, parameters)
        for rule in self.rules:
            rule.check(request)
        return request


@dataclass(slots=True)
class Ending:
    """How a task of an action ends."""

    commit: End | None = None
    fail: End | None = None


ACTIONS: dict[str, Action] = {}
ENDINGS: dict[str, Ending] = {}


def action(
    name: str,
    *,
    group: str,
    parameters: tuple[Parameter, ...] = (),
    rules: tuple[Rule, ...] = (),
    refusals: tuple[str, ...] = (),
    kind: TaskKind | None = None,
    rate_limit_per_s: int | None = None,
    service: str = "vpc",
) -> Callable[[Perform], Perform]:
    """Register the function behind an API action.

    The function gets the region, the checked parameters and the time in nanoseconds. It checks everything first and
    changes the region only when nothing can be refused any more, so that a refusal leaves no trace.
    """

    def register(perform: Perform) -> Perform:
        ACTIONS[name] = Action(
            name, service, group, kind, rate_limit_per_s, parameters, rules, frozenset(refusals), perform
        )
        return perform

    return register


def on_commit(*names: str) -> Callable[[End], End]:
    """Register what happens when a task of these actions ends well."""

    def register(end: End) -> End:
        for name in names:
            ENDINGS.setdefault(name, Ending()).commit = end
        return end

    return register


def on_fail(*names: str) -> Callable[[End], End]:
    """Register how a task of these actions is rolled back."""

    def register(end: End) -> End:
        for name in names:
            ENDINGS.setdefault(name, Ending()).fail = end
        return end

    return register
