"""The same pair as a straightforward author writes it in SimPy: every advert and every check is an event.

A process per node sends adverts, which arrive after the network's latency; the standby's deadline is moved lazily
(most authors interrupt a timer for each advert, which costs half as much again); a health check runs every two
seconds; whoever takes over moves the address, with errors and growing delays. No control plane beyond that, no faults
but crashes, no trace. A year is about 94.6 million events of heartbeats and checks.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy

__all__ = ["naive_pair"]

_ADVERT_S = 1.0
_LATENCY_S = 0.0002
_CHECK_S = 2.0
_MTBF_S = 30 * 86_400.0
_MTTR_S = 300.0
_MOVE = (0.18, 0.7)
_ERROR_RATE = 0.02

_Life = Generator[simpy.Event, Any, None]


class _Node:
    def __init__(self, env: simpy.Environment, priority: int, rng: random.Random) -> None:
        self.env, self.priority, self.rng = env, priority, rng
        self.peer: _Node = self
        self.alive, self.master, self.healthy = True, False, True
        self.deadline = self.down_interval

    @property
    def down_interval(self) -> float:
        return 3 * _ADVERT_S + (256 - self.priority) / 256

    def life(self) -> _Life:
        while True:
            yield self.env.timeout(self.rng.expovariate(1 / _MTBF_S))
            self.alive = self.master = False
            yield self.env.timeout(self.rng.expovariate(1 / _MTTR_S))
            self.alive = True
            self.deadline = self.env.now + self.down_interval

    def vrrp(self) -> _Life:
        while True:
            if self.master:
                self.env.process(self.send(self.priority))
                yield self.env.timeout(_ADVERT_S)
            elif self.alive and self.env.now >= self.deadline:
                self.master = True
                self.env.process(self.move_address())
            else:
                yield self.env.timeout(max(self.deadline - self.env.now, 0.05))

    def send(self, priority: int) -> _Life:
        yield self.env.timeout(_LATENCY_S)
        if self.peer.alive:
            self.peer.hear(priority)

    def hear(self, priority: int) -> None:
        if self.master and priority > self.priority:
            self.master = False
        if priority >= self.priority:
            self.deadline = self.env.now + self.down_interval

    def check(self) -> _Life:
        while True:
            yield self.env.timeout(_CHECK_S)
            self.healthy = self.alive

    def move_address(self) -> _Life:
        delay = 1.0
        while self.rng.random() < _ERROR_RATE:
            yield self.env.timeout(delay)
            delay *= 2
        yield self.env.timeout(self.rng.lognormvariate(*_MOVE))


def naive_pair(horizon_s: float, seed: int = 1) -> None:
    """Simulate the pair for ``horizon_s`` seconds."""
    env = simpy.Environment()
    rng = random.Random(seed)
    first, second = _Node(env, 200, rng), _Node(env, 100, rng)
    first.peer, second.peer = second, first
    first.master = True
    for node in (first, second):
        for process in (node.life(), node.vrrp(), node.check()):
            env.process(process)
    env.run(until=horizon_s)
