"""What passes between the notify scripts and the control plane, seen from the control plane's side.

An ASGI layer in front of the endpoint: it notes for every API call when the request was there and when the
answer left. Nothing is changed on the way.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ObservedCall", "Observer"]


@dataclass(slots=True)
class ObservedCall:
    """A call as the control plane saw it; times are CLOCK_MONOTONIC in nanoseconds.

    ``answered_ns`` is None as long as there is no answer; ``code`` is ``OK``, the
    cloud's error code, or empty where the answer is none of the API's.
    """

    action: str
    arrived_ns: int
    answered_ns: int | None = None
    code: str = ""
    request_id: str = ""


class Observer:
    """The layer. ``on_answer`` is told of every answered call, before the answer leaves."""

    def __init__(self, app: ASGIApp, on_answer: Callable[[ObservedCall], None]) -> None:
        self.calls: list[ObservedCall] = []
        self._app = app
        self._on_answer = on_answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        action = _action(scope)
        if action is None:
            await self._app(scope, receive, send)
            return
        call = ObservedCall(action, time.monotonic_ns())
        self.calls.append(call)
        body = b""

        async def note(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body"):
                    call.answered_ns = time.monotonic_ns()
                    call.code, call.request_id = _outcome(body)
                    self._on_answer(call)
            await send(message)

        await self._app(scope, receive, note)


def _action(scope: Scope) -> str | None:
    """The API action of a request; None where it is none of the API's."""
    if scope["type"] != "http":
        return None
    headers = dict(scope["headers"])
    name = headers.get(b"x-tc-action")
    return None if name is None else name.decode("latin-1")


def _outcome(body: bytes) -> tuple[str, str]:
    """Code and request id of an answer."""
    try:
        response = json.loads(body)["Response"]
    except (ValueError, KeyError, TypeError):
        return "", ""
    return response.get("Error", {}).get("Code", "OK"), response.get("RequestId", "")
