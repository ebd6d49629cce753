"""The endpoint as an ASGI application: the API and the live page at ``/``, what is hasim's own under ``/_hasim/``."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from hasim.cloud.errors import CloudError
from hasim.cloud.http.garps import UnknownNameError, announce
from hasim.cloud.http.live_region import LiveRegion, Unanswered
from hasim.cloud.http.picture import picture
from hasim.cloud.http.refusals import refused
from hasim.cloud.http.request import Door, body_limit, is_api_request
from hasim.cloud.http.signature import HttpMessage
from hasim.cloud.http.targets import OriginForm

__all__ = ["make_app"]

_LOG = logging.getLogger(__name__)
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_CONTROL_LIMIT = 64 * 1024
_PATIENCE_S = 25.0
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def make_app(live: LiveRegion, door: Door) -> Starlette:
    """The application for one live region."""
    endpoint = _Endpoint(live, door)
    control = _Control(live)
    return Starlette(
        routes=[
            Route("/", endpoint.answer, methods=_METHODS),
            Route("/_hasim/state", control.state, methods=["GET"]),
            Route("/_hasim/trouble", control.troubles, methods=["GET"]),
            Route("/_hasim/trouble", control.begin_trouble, methods=["POST"]),
            Route("/_hasim/trouble", control.end_troubles, methods=["DELETE"]),
            Route("/_hasim/trouble/{identifier}", control.end_trouble, methods=["DELETE"]),
            Route("/_hasim/routes", control.routes, methods=["GET"]),
            Route("/_hasim/announce", control.announce, methods=["POST"]),
            Route("/_hasim/instances/{name}/crash", control.crash, methods=["POST"]),
            Route("/_hasim/instances/{name}/start", control.start, methods=["POST"]),
        ],
        middleware=[Middleware(OriginForm)],
    )


class _TooLargeError(Exception):
    pass


async def _body(request: Request, limit: int) -> bytes:
    """The request's body.

    Raises:
        _TooLargeError: it has more than ``limit`` bytes; the rest was not read.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def _json(value: object, status: int = 200) -> Response:
    # The official SDK takes an error for a success unless the type is exactly this, without a charset.
    return Response(json.dumps(value).encode(), status, media_type="application/json")


class _Endpoint:
    """The API."""

    def __init__(self, live: LiveRegion, door: Door) -> None:
        self._live = live
        self._door = door
        self._page = files("hasim.cloud.http").joinpath("page.html").read_text(encoding="utf-8")

    async def answer(self, request: Request) -> Response:
        """A page for a browser, an API answer for everybody else."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers.raw}
        query = request.scope["query_string"].decode("latin-1")
        message = HttpMessage(request.method, query, headers, b"")
        if request.method in ("GET", "HEAD") and not is_api_request(message):
            return HTMLResponse(self._page, headers=_PAGE_HEADERS)
        try:
            try:
                body = await _body(request, body_limit(headers))
            except _TooLargeError:
                raise refused("RequestSizeLimitExceeded", f"At most {body_limit(headers)} bytes.") from None
            response = await self._respond(HttpMessage(request.method, query, headers, body))
        except CloudError as error:
            response = _error(error)
        except Unanswered as lost:
            return await _unanswered(request, lost)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:
            _LOG.error("%s: %s", type(error).__name__, error, exc_info=_LOG.isEnabledFor(logging.DEBUG))
            response = _error(refused("InternalError"))
        return _json({"Response": response})

    async def _respond(self, message: HttpMessage) -> dict[str, Any]:
        call = self._door.admit(message, time.time())
        return await self._live.call(call.action, call.parameters)


def _error(error: CloudError) -> dict[str, Any]:
    return {"Error": {"Code": error.code, "Message": error.message}, "RequestId": str(uuid4())}


async def _unanswered(request: Request, lost: Unanswered) -> Response:
    """Nothing, until the client gives up or the outage is over; then, or at once where it says so, HTTP 503."""
    if lost.lost_in.answer == "none":
        waits = (asyncio.ensure_future(lost.lost_in.over.wait()), asyncio.ensure_future(_gone(request)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
    return Response(b"Service Unavailable", 503, headers={"Connection": "close"}, media_type="text/plain")


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _is_json(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _trouble_with(message: str, status: int = 400) -> Response:
    return _json({"error": message}, status)


class _Control:
    """What is hasim's own: the state for the page, trouble, and what happens to instances."""

    def __init__(self, live: LiveRegion) -> None:
        self._live = live

    async def state(self, request: Request) -> Response:
        """``GET /_hasim/state``."""
        return _json(picture(self._live))

    async def troubles(self, request: Request) -> Response:
        """``GET /_hasim/trouble``."""
        return _json({"troubles": [trouble.to_json() for trouble in self._live.troubles]})

    async def begin_trouble(self, request: Request) -> Response:
        """``POST /_hasim/trouble``."""
        return await _posted(request, self._begin)

    def _begin(self, posted: object) -> Response:
        return _json(self._live.begin_trouble(posted).to_json(), 201)

    async def end_troubles(self, request: Request) -> Response:
        """``DELETE /_hasim/trouble``."""
        return _json({"ended": self._live.end_all_trouble()})

    async def end_trouble(self, request: Request) -> Response:
        """``DELETE /_hasim/trouble/ID``."""
        identifier = request.path_params["identifier"]
        if not self._live.end_trouble(identifier):
            return _trouble_with(f"there is no trouble {identifier!r:.60} in force", 404)
        return _json({"ended": 1})

    async def routes(self, request: Request) -> Response:
        """``GET /_hasim/routes``, optionally ``?after=VERSION``: then not before it is another version."""
        after = request.query_params.get("after")
        if after is not None:
            if not (after.isascii() and after.isdigit() and len(after) < 20):
                return _trouble_with("after must be the version of an earlier answer")
            await self._live.routes.wait(int(after), _PATIENCE_S)
        return _json(self._live.routes.to_json())

    async def announce(self, request: Request) -> Response:
        """``POST /_hasim/announce``: a guest's gratuitous ARP."""
        return await _posted(request, lambda posted: _json(announce(self._live, posted)))

    async def crash(self, request: Request) -> Response:
        """``POST /_hasim/instances/NAME/crash``, optionally ``{"stuck": true}``."""
        return await self._on_instance(request, self._crash)

    def _crash(self, instance_id: str, posted: object) -> None:
        stuck = posted.get("stuck", False) if isinstance(posted, dict) and posted.keys() <= {"stuck"} else None
        if not isinstance(stuck, bool):
            raise ValueError('expected nothing, or {"stuck": true} or {"stuck": false}')
        self._live.crash(instance_id, stuck=stuck)

    async def start(self, request: Request) -> Response:
        """``POST /_hasim/instances/NAME/start``."""
        return await self._on_instance(request, self._start)

    def _start(self, instance_id: str, posted: object) -> None:
        if posted != {}:
            raise ValueError("expected nothing")
        self._live.start(instance_id)

    async def _on_instance(self, request: Request, act: Callable[[str, object], None]) -> Response:
        name = request.path_params["name"]
        instance_id = self._live.instance_named(name)
        if instance_id is None:
            return _trouble_with(f"there is no instance {name!r:.60}, or more than one of that name", 404)

        def done(posted: object) -> Response:
            act(instance_id, posted)
            return _json({"id": instance_id, "crashed": self._live.region.instances[instance_id].is_crashed})

        return await _posted(request, done)


async def _posted(request: Request, act: Callable[[object], Response]) -> Response:
    """Do what a JSON body asks for; no body is an empty object.

    The content type is insisted on: a web page of another origin cannot send it without asking first.
    """
    if not _is_json(request.headers):
        return _trouble_with("the Content-Type must be application/json", 415)
    try:
        body = await _body(request, _CONTROL_LIMIT)
        return act(json.loads(body) if body else {})
    except _TooLargeError:
        return _trouble_with(f"at most {_CONTROL_LIMIT} bytes", 413)
    except RecursionError:
        return _trouble_with("the body is nested too deep")
    except UnknownNameError as error:
        return _trouble_with(str(error), 404)
    except ValueError as error:
        return _trouble_with(str(error))
