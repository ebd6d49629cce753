"""The same pair as a straightforward author writes it in SimPy: a process per node, one timeout per advert.

No control plane, no network model, no trace: what it costs to simulate heartbeats one by one and nothing else. The
backup's deadline is moved lazily, which is what a careful author does; most interrupt a timer instead.
"""

from __future__ import annotations

import random

import simpy

__all__ = ["naive_pair"]

_ADVERT_S = 1.0
_CHECK_S = 2.0
_MTBF_S = 30 * 86_400.0
_MTTR_S = 300.0


class _Node:
    def __init__(self, env: simpy.Environment, name: str, priority: int, rng: random.Random) -> None:
        self.env, self.name, self.priority, self.rng = env, name, priority, rng
        self.peer: _Node = self
        self.alive, self.master = True, False
        self.deadline = 0.0
        self.restart = env.event()

    def life(self):  # type: ignore[no-untyped-def]
        while True:
            yield self.env.timeout(self.rng.expovariate(1 / _MTBF_S))
            self.alive = self.master = False
            yield self.env.timeout(self.rng.expovariate(1 / _MTTR_S))
            self.alive = True
            self.deadline = self.env.now + 3 * _ADVERT_S + (256 - self.priority) / 256

    def vrrp(self):  # type: ignore[no-untyped-def]
        while True:
            if self.master:
                if self.peer.alive:
                    self.peer.hear(self.priority)
                yield self.env.timeout(_ADVERT_S)
            elif self.alive and self.env.now >= self.deadline:
                self.master = True
                yield self.env.timeout(self.rng.lognormvariate(0.18, 0.7))
            else:
                yield self.env.timeout(max(self.deadline - self.env.now, 0.05))

    def check(self):  # type: ignore[no-untyped-def]
        while True:
            yield self.env.timeout(_CHECK_S)

    def hear(self, priority: int) -> None:
        if self.master and priority > self.priority:
            self.master = False
        if priority >= self.priority:
            self.deadline = self.env.now + 3 * _ADVERT_S + (256 - self.priority) / 256


def naive_pair(horizon_s: float, seed: int = 1) -> None:
    """Simulate the pair for ``horizon_s`` seconds."""
    env = simpy.Environment()
    rng = random.Random(seed)
    nodes = [_Node(env, "a", 200, rng), _Node(env, "b", 100, rng)]
    nodes[0].peer, nodes[1].peer = nodes[1], nodes[0]
    nodes[0].master = True
    nodes[1].deadline = 3.609
    for node in nodes:
        for process in (node.life(), node.vrrp(), node.check()):
            env.process(process)
    env.run(until=horizon_s)
