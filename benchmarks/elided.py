"""The bare model of the pair with elided heartbeats, on SimPy timeouts: what leaving adverts out costs by itself.

The pair of :mod:`benchmarks.naive`, but a deadline is computed when something happens instead of being moved by each
advert. No control plane, no scripts, no network but one latency, no records but when an outage began and ended. What
hasim costs beyond this is the price of the full model.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy

__all__ = ["elided_pair"]

_ADVERT_S = 1.0
_LATENCY_S = 0.0002
_MTBF_S = 30 * 86_400.0
_MTTR_S = 300.0
_MOVE = (0.18, 0.7)
_ERROR_RATE = 0.02

_Life = Generator[simpy.Event, Any, None]


class _Pair:
    def __init__(self, seed: int) -> None:
        self.env = simpy.Environment()
        self.rng = random.Random(seed)
        self.nodes = [_Node(self, 200), _Node(self, 100)]
        self.served_by: _Node | None = self.nodes[0]
        self.down_since = 0.0
        self.outages: list[tuple[float, float]] = []

    def serve(self, node: _Node | None) -> None:
        if node is None and self.served_by is not None:
            self.down_since = self.env.now
        elif node is not None and self.served_by is None:
            self.outages.append((self.down_since, self.env.now))
        self.served_by = node


class _Node:
    def __init__(self, pair: _Pair, priority: int) -> None:
        self.pair, self.priority = pair, priority
        self.down_interval = 3 * _ADVERT_S + (256 - priority) / 256
        self.alive, self.master = True, priority == 200
        self.first_advert = 0.0
        self.wait = 0

    @property
    def peer(self) -> _Node:
        first, second = self.pair.nodes
        return second if self is first else first

    def life(self) -> _Life:
        env, rng = self.pair.env, self.pair.rng
        while True:
            yield env.timeout(rng.expovariate(1 / _MTBF_S))
            self.crash()
            yield env.timeout(rng.expovariate(1 / _MTTR_S))
            self.alive = True
            if not (self.peer.master and self.peer.priority > self.priority):
                self.expire_at(env.now + self.down_interval)

    def crash(self) -> None:
        now, peer = self.pair.env.now, self.peer
        self.wait += 1
        self.alive = False
        if self.pair.served_by is self:
            self.pair.serve(None)
        if self.master:
            self.master = False
            if peer.alive and not peer.master:
                heard = self.first_advert + (now - self.first_advert) // _ADVERT_S * _ADVERT_S + _LATENCY_S
                peer.expire_at((heard if heard <= now else heard - _ADVERT_S) + peer.down_interval)

    def expire_at(self, deadline: float) -> None:
        self.wait += 1
        wait, env = self.wait, self.pair.env
        timer = env.timeout(max(deadline - env.now, 0.0))
        timer.callbacks.append(lambda _event: self.expire(wait))

    def expire(self, wait: int) -> None:
        if wait == self.wait and self.alive and not self.master:
            self.master, self.first_advert = True, self.pair.env.now
            self.peer.master = False
            self.pair.env.process(self.move_address())

    def move_address(self) -> _Life:
        pair, delay = self.pair, 1.0
        while pair.rng.random() < _ERROR_RATE:
            yield pair.env.timeout(delay)
            delay *= 2
        pair.serve(None)
        yield pair.env.timeout(pair.rng.lognormvariate(*_MOVE))
        if self.alive and self.master:
            pair.serve(self)


def elided_pair(horizon_s: float, seed: int = 1) -> list[tuple[float, float]]:
    """The outages (from, to) of ``horizon_s`` seconds."""
    pair = _Pair(seed)
    for node in pair.nodes:
        pair.env.process(node.life())
    pair.env.run(until=horizon_s)
    return pair.outages
