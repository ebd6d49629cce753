"""The routing table of a live region: which instance packets to each address reach just now.

It follows what the control plane has committed, as late as its propagation says. Whoever forwards packets for a
rehearsal reads it (``/_hasim/routes``), and can wait for its next change.
"""

from __future__ import annotations

import asyncio
from operator import itemgetter
from typing import Any

from hasim.cloud.http.clock import Clock
from hasim.cloud.region import Holder, Region
from hasim.cloud.trouble import Behaviour, Draw, Forwarding, Place, Plan, Turn, committed_routes, leaving

__all__ = ["Routes"]


class Routes:
    """The table, and how often it has changed (``version``)."""

    def __init__(self, region: Region, clock: Clock, behaviour: Behaviour, draw: Draw) -> None:
        self.version = 1
        self._region = region
        self._clock = clock
        self._forwarding = Forwarding(committed_routes(region), behaviour.propagation, draw)
        self._changed = asyncio.Event()

    def follow(self) -> None:
        """Something has been committed: the table follows in its time."""
        for turn in self._forwarding.follow(committed_routes(self._region)):
            self._later(turn)

    def cut(self, plan: Plan) -> None:
        """A task takes something away: packets to it are lost from now on."""
        if self._forwarding.cut(plan.task.task_id, leaving(self._region, plan.task)):
            self._note_change()

    def mend(self, task_id: str) -> None:
        """The task that cut addresses off has ended: they follow what is committed again."""
        self._forwarding.mend(task_id)

    async def wait(self, after: int, patience_s: float) -> None:
        """Come back when ``version`` is not ``after``, after so many real seconds, or when it is over."""
        if self.version != after:
            return
        try:
            await asyncio.wait_for(self._changed.wait(), patience_s)
        except TimeoutError:
            return

    def release(self) -> None:
        """Let go of everybody who waits."""
        self._changed.set()

    def to_json(self) -> dict[str, Any]:
        """The table as the endpoint shows it; an address that packets do not reach is not in it."""
        return {
            "version": self.version,
            "time_ns": self._clock.now_ns(),
            "routes": [
                {
                    "kind": self._kind(place),
                    "vpc": place.vpc_id,
                    "address": place.address,
                    "instance": holder.instance_id,
                    "name": self._name(holder.instance_id or ""),
                    "interface": holder.network_interface_id,
                }
                for place, holder in sorted(self._forwarding.routes.items(), key=itemgetter(0))
            ],
        }

    def reached(self) -> dict[Holder, set[str]]:
        """For each ENI on its instance, the private addresses whose packets reach it just now."""
        found: dict[Holder, set[str]] = {}
        for place, holder in self._forwarding.routes.items():
            if place.vpc_id:
                found.setdefault(holder, set()).add(place.address)
        return found

    def _kind(self, place: Place) -> str:
        if not place.vpc_id:
            return "eip"
        owner = self._region.addresses.owner(place.vpc_id, place.address)
        return "ha_vip" if owner in self._region.ha_vips else "private"

    def _name(self, instance_id: str) -> str:
        instance = self._region.instances.get(instance_id)  # a route may outlive its instance by the propagation
        return instance.name if instance else ""

    def _later(self, turn: Turn[Place, Holder]) -> None:
        def due() -> None:
            if self._forwarding.turn(turn):
                self._note_change()

        self._clock.at(self._clock.now_ns() + turn.delay_ns, due)

    def _note_change(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()
