"""Request targets in absolute form (``GET http://host/path``), which a server has to accept (RFC 9112, 3.2.2)."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["OriginForm"]

_ABSOLUTE = re.compile(r"https?://[^/]*", re.IGNORECASE)


class OriginForm:
    """Lets an application see the path alone: scheme and authority are those of the endpoint, whatever they say."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        prefix = _ABSOLUTE.match(scope["path"]) if scope["type"] == "http" else None
        if prefix is not None:
            path = scope["path"][prefix.end() :] or "/"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)
