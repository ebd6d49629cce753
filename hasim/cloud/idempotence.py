"""ClientToken: the same call twice is done once.

A token belongs to the first call that used it. The same call again gets the first answer; while the first one's task
runs, actions that document it answer IdempotentProcessing instead. Another call with the token is refused.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hasim.cloud.errors import refusal

if TYPE_CHECKING:
    from hasim.cloud.registry import Action, Reply

__all__ = ["Token", "earlier_response", "remember"]

_MISMATCH = "UnsupportedOperation.IdempotentParameterMismatch"
_PROCESSING = "UnsupportedOperation.IdempotentProcessing"
_KEPT_TOKENS = 10_000


@dataclass(slots=True)
class Token:
    """A ClientToken that has been used: by which call, what was answered (as JSON), and the task that it began."""

    action: str
    parameters: str
    response: str
    task_id: str


def earlier_response(
    tokens: Mapping[str, Token], running: Container[str], action: Action, request: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The answer that a repeated call gets; None when the token is new.

    Raises:
        CloudError: the token was used for another call, or the first call's task is still running.
    """
    token = request["ClientToken"]
    earlier = tokens.get(token)
    if earlier is None:
        return None
    if earlier.action != action.name or earlier.parameters != _canonical(request):
        code = _MISMATCH if _MISMATCH in action.refusals else "InvalidParameterValue"
        raise refusal(code, f"ClientToken {token!r:.64} was used for another call.")
    if earlier.task_id in running and _PROCESSING in action.refusals:
        raise refusal(_PROCESSING, f"ClientToken {token!r:.64} is that of a running task.")
    response: dict[str, Any] = json.loads(earlier.response)
    return response


def remember(tokens: dict[str, Token], action: Action, request: Mapping[str, Any], reply: Reply) -> None:
    """Note what a token was used for; the oldest are forgotten when there are very many."""
    task_id = reply.task.task_id if reply.task else ""
    tokens[request["ClientToken"]] = Token(action.name, _canonical(request), json.dumps(reply.response), task_id)
    while len(tokens) > _KEPT_TOKENS:
        del tokens[next(iter(tokens))]


def _canonical(request: Mapping[str, Any]) -> str:
    return json.dumps(
        {key: value for key, value in request.items() if key != "ClientToken"}, sort_keys=True, default=str
    )
