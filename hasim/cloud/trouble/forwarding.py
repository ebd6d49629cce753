"""Which instance packets to an address reach: the region's committed truth, some time later."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from hasim.cloud.trouble.behaviour import Draw, Duration

__all__ = ["Forwarding", "Turn"]

AddressT = TypeVar("AddressT", bound=Hashable)
HolderT = TypeVar("HolderT", bound=Hashable)


class Turn(NamedTuple, Generic[AddressT, HolderT]):
    """A change on its way into the forwarding: packets to ``address`` reach ``holder`` after ``delay_ns``."""

    address: AddressT
    holder: HolderT | None
    delay_ns: int
    order: int


class Forwarding(Generic[AddressT, HolderT]):
    """What the forwarding believes. ``routes`` are the holders by address; what is not in it is lost.

    Addresses and holders are whatever its driver names them by.
    """

    def __init__(self, routes: Mapping[AddressT, HolderT], propagation: Duration, draw: Draw) -> None:
        self.routes = dict(routes)
        self._propagation = propagation
        self._draw = draw
        self._targets: dict[AddressT, HolderT] = dict(routes)
        self._orders: dict[AddressT, int] = {}
        self._cut: dict[AddressT, str] = {}

    def cut(self, task_id: str, addresses: Iterable[AddressT]) -> bool:
        """A task takes the addresses away: packets to them are lost from now on. Whether any route changed."""
        changed = False
        for address in addresses:
            self._aim(address, None)
            self._cut[address] = task_id
            changed = self.routes.pop(address, None) is not None or changed
        return changed

    def mend(self, task_id: str) -> None:
        """The task that cut addresses off has ended: they follow the truth again."""
        self._cut = {address: cutter for address, cutter in self._cut.items() if cutter != task_id}

    def follow(self, truth: Mapping[AddressT, HolderT]) -> list[Turn[AddressT, HolderT]]:
        """The changes that bring the forwarding to ``truth``; what is on its way there already is left out."""
        turns = []
        for address in dict.fromkeys((*truth, *self._targets)):
            holder = truth.get(address)
            if holder == self._targets.get(address) or address in self._cut:
                continue
            # Whatever is on its way into the forwarding is out of date now, even if the address is back where it was.
            order = self._aim(address, holder)
            delay_ns = self._propagation.quantile(self._draw("api", "forwarding", "propagation"))
            turns.append(Turn(address, holder, delay_ns, order))
        return turns

    def turn(self, turn: Turn[AddressT, HolderT]) -> bool:
        """The delay of a change is over. Whether a route changed: not when it has been overtaken."""
        if turn.order != self._orders[turn.address] or turn.holder == self.routes.get(turn.address):
            return False
        if turn.holder is None:
            del self.routes[turn.address]
        else:
            self.routes[turn.address] = turn.holder
        return True

    def _aim(self, address: AddressT, holder: HolderT | None) -> int:
        if holder is None:
            self._targets.pop(address, None)
        else:
            self._targets[address] = holder
        order = self._orders[address] = self._orders.get(address, 0) + 1
        return order
