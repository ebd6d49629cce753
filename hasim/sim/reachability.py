"""The service as its clients see it: up only while cloud, network, guest and application agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hasim.trace import ReachabilityChanged

if TYPE_CHECKING:
    from hasim.sim.world import World

__all__ = ["Reachability"]


class Reachability:
    """Who answers packets to the floating address, and what is missing when nobody does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._server: str | None = None
        self._missing = ""
        self._began = False

    def begin(self) -> None:
        """State the initial condition."""
        self._began = True
        self._server, self._missing = self._look()
        self._world.record(ReachabilityChanged(0, self._server, self._missing))

    def evaluate(self) -> None:
        """Something that clients depend on may have changed."""
        if not self._began:
            return
        server, missing = self._look()
        if server != self._server:
            self._server, self._missing = server, missing
            self._world.record(ReachabilityChanged(self._world.kernel.now, server, missing))

    def _look(self) -> tuple[str | None, str]:
        world = self._world
        name = world.control_plane.routed
        if name is None:
            return None, "route"
        host = world.hosts[name]
        if not host.running:
            return None, "instance"
        if not world.fabric.clients_reach(name, world.service_interface[name]):
            return None, "link"
        if not host.address_present:
            return None, "accept" if host.address_dropped else "guest"
        if not host.service_answers:
            return None, "service"
        return name, ""
