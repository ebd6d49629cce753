"""A scenario's control plane behind a socket."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import SystemRandom

from starlette.applications import Starlette

from hasim.cloud import Region
from hasim.cloud.http import Clock, Credentials, Journal, LiveRegion
from hasim.cloud.http.app import make_app
from hasim.cloud.http.request import Door
from hasim.cloud.http.server import Server, listen
from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.scenario.topology import build_region
from hasim.serve.behaviour import served_control_plane
from hasim.serve.faults import ScenarioFaults
from hasim.sim.draws import Draws
from hasim.sim.randomness import Randomness

__all__ = ["Endpoint", "new_region", "url_of"]

_REGION = "ap-guangzhou"
_ZONES = ("ap-guangzhou-3", "ap-guangzhou-4", "ap-guangzhou-6")


class Endpoint:
    """The control plane of ``scenario``, or of an empty region, ready to be served.

    ``seed`` and ``replication`` make its random numbers those of that simulation; without a seed, new ones.
    ``with_faults``: the scenario's faults happen to it, from the start of the server. ``credentials`` None: signatures
    are not looked at. ``journal`` holds the region to go on from; otherwise it is a new one.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        speed: float = 1.0,
        seed: int | None = None,
        replication: int = 0,
        with_faults: bool = False,
        credentials: Credentials | None = None,
        journal: Journal | None = None,
    ) -> None:
        if with_faults and scenario is None:
            raise UserError("an empty region has no faults: name a scenario")
        self.failures: list[Exception] = []
        region = journal.region if journal is not None else new_region(scenario)
        randomness = Randomness(SystemRandom().getrandbits(63) if seed is None else seed, replication)
        self.live = LiveRegion(
            region,
            Clock(speed, not_before_ns=journal.last_ns if journal is not None else 0),
            served_control_plane(scenario),
            Draws(randomness),
            journal=journal,
            failed=self._failed,
        )
        self._faults = ScenarioFaults(scenario, self.live, randomness) if scenario is not None and with_faults else None
        self._app = make_app(self.live, Door(region.name, credentials))
        self._server: Server | None = None

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return self._app

    def run_on(self, listener: socket.socket) -> None:
        """Serve until SIGINT or SIGTERM, in the main thread."""
        self._serve(listener, threading.Event(), signals=True)

    @contextmanager
    def running(self, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
        """Serve in a thread of its own until the block ends; gives the URL. Once only.

        Raises:
            UserError: the address cannot be used.
        """
        listener, ready = listen(host, port), threading.Event()
        thread = threading.Thread(target=self._serve, args=(listener, ready), kwargs={"signals": False}, daemon=True)
        thread.start()
        ready.wait()
        try:
            yield url_of(listener)
        finally:
            self._loop.call_soon_threadsafe(self._stop)
            thread.join()
            listener.close()

    def _serve(self, listener: socket.socket, ready: threading.Event, *, signals: bool) -> None:
        def starting() -> None:
            self._loop = asyncio.get_running_loop()
            if self._faults is not None:
                self._faults.begin()
            ready.set()

        self._server = Server(self._app, starting=starting, stopping=self.live.close, signals=signals)
        self._server.run_on(listener)

    def _stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def _failed(self, error: Exception) -> None:
        self.failures.append(error)
        self._stop()


def new_region(scenario: Scenario | None) -> Region:
    """The region of a scenario as it is in the steady state, or an empty one."""
    if scenario is None:
        return Region(_REGION, _ZONES)
    holder = scenario.initial_master or max(scenario.instances, key=lambda item: item.vrrp.priority).name
    return build_region(scenario, holder).region


def url_of(listener: socket.socket) -> str:
    """Where a listening socket is reached by HTTP."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
