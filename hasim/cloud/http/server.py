"""Running the endpoint on a socket until a signal, or a failure, ends it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from hasim.errors import UserError

__all__ = ["Server", "listen"]

_BACKLOG = 512
_MOST_CONNECTIONS = 2_000
_LONGEST_HEADERS = 64 * 1024
_KEEP_ALIVE_S = 75
_GRACE_S = 3


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any that is free.

    Raises:
        UserError: the address cannot be used.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UserError(f"cannot listen on {host} port {port}: {error.strerror or error}") from None
    # An answer goes out in two pieces. Connections inherit that the second does not wait 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class Server(uvicorn.Server):
    """uvicorn, told to stop by :meth:`stop` or, with ``signals``, by SIGINT and SIGTERM (in the main thread only).

    ``starting`` is called on its loop before it serves, ``stopping`` when it begins to stop.
    """

    def __init__(
        self, app: ASGIApp, *, starting: Callable[[], None], stopping: Callable[[], None], signals: bool = True
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=_MOST_CONNECTIONS,
                h11_max_incomplete_event_size=_LONGEST_HEADERS,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._starting = starting
        self._stopping = stopping
        self._signals = (signal.SIGINT, signal.SIGTERM) if signals else ()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn raises the signal again when it is done; here a signal is the ordinary way to end."""
        loop = asyncio.get_running_loop()
        for number in self._signals:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in self._signals:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """End: what is being answered is answered, what waits is let go."""
        self.should_exit = True
        self._stopping()

    def run_on(self, listener: socket.socket) -> None:
        """Serve until :meth:`stop`."""
        asyncio.run(self._serve_on(listener))

    async def _serve_on(self, listener: socket.socket) -> None:
        self._starting()
        await self.serve(sockets=[listener])
