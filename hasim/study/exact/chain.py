"""The Markov chain of a group whose instances crash and are repaired, with what each transition costs.

A state is, for every instance, the phase that it is in (of its time to failure, of its repair, or booting), and who is
MASTER; while all are down, who was it last, since that one has the address. Between transitions the service is up if
anybody is; a transition that makes the address go elsewhere costs a mean outage, which is small against the times
between transitions and is charged at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hasim.errors import UserError
from hasim.study.exact.outages import MeanOutages
from hasim.study.exact.phases import Phases
from hasim.study.gth import stationary

__all__ = ["Member", "Solution", "Term", "solve"]

_MOST_STATES = 400


@dataclass(frozen=True, slots=True)
class Member:
    """An instance as the chain sees it: ``rank`` says whom the others prefer as MASTER, ``preempts`` whether it takes
    over from one of lower priority when it comes back."""

    name: str
    rank: tuple[int, int]
    preempts: bool
    up: Phases
    down: Phases
    outages: MeanOutages


class Term(NamedTuple):
    """One part of the unavailability: how often (per ns; None for the time with all down), and how long (ns)."""

    name: str
    rate: float | None
    mean_ns: float
    unavailability: float


class Solution(NamedTuple):
    """The stationary chain: its parts, and how many states it has."""

    terms: tuple[Term, ...]
    states: int


class _Place(NamedTuple):
    """Where an instance is: up or down, on which branch, in which of its phases."""

    up: bool
    branch: int
    stage: int


class _State(NamedTuple):
    places: tuple[_Place, ...]
    holder: int


class _Move(NamedTuple):
    rate: float
    target: _State
    kind: str
    cost_ns: float


def solve(members: Sequence[Member]) -> Solution:
    """The stationary solution, by GTH elimination.

    Raises:
        UserError: there are too many states.
    """
    states, moves = _explore(members)
    index = {state: number for number, state in enumerate(states)}
    flows = [[0.0] * len(states) for _ in states]
    for state, out in moves.items():
        for move in out:
            flows[index[state]][index[move.target]] += move.rate
    chances = stationary(flows)
    all_down = math.fsum(
        chance for state, chance in zip(states, chances, strict=True) if not any(p.up for p in state.places)
    )
    terms = [Term("all instances down", None, math.nan, all_down)]
    for kind in ("failover", "return", "failback"):
        found = [
            (chances[index[state]] * move.rate, move.cost_ns)
            for state in states
            for move in moves[state]
            if move.kind == kind
        ]
        rate = math.fsum(rate for rate, _ in found)
        lost = math.fsum(rate * cost_ns for rate, cost_ns in found)
        if rate:
            terms.append(Term(kind, rate, lost / rate, lost))
    return Solution(tuple(terms), len(states))


def _explore(members: Sequence[Member]) -> tuple[list[_State], dict[_State, list[_Move]]]:
    first = max(range(len(members)), key=lambda i: members[i].rank)
    start = _State(tuple(_Place(True, 0, 0) for _ in members), first)
    moves: dict[_State, list[_Move]] = {}
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state in moves:
            continue
        moves[state] = list(_moves(members, state))
        waiting += [move.target for move in moves[state] if move.target not in moves]
        if len(moves) > _MOST_STATES:
            raise UserError(f"the Markov chain has more than {_MOST_STATES} states: fewer instances or phases")
    return list(moves), moves


def _moves(members: Sequence[Member], state: _State) -> Iterator[_Move]:
    for number, place in enumerate(state.places):
        member = members[number]
        rates = (member.up if place.up else member.down)[place.branch][1]
        rate = rates[place.stage]
        if place.stage + 1 < len(rates):
            yield _Move(rate, _with(state, number, place._replace(stage=place.stage + 1)), "", 0.0)
            continue
        after = member.down if place.up else member.up
        for branch, (chance, _) in enumerate(after):
            target = _with(state, number, _Place(not place.up, branch, 0))
            yield _elect(members, number, rate * chance, target)


def _with(state: _State, number: int, place: _Place) -> _State:
    places = list(state.places)
    places[number] = place
    return state._replace(places=tuple(places))


def _elect(members: Sequence[Member], changed: int, rate: float, state: _State) -> _Move:
    """Who is MASTER after an instance failed or came back, and what it costs to get there."""
    holder = state.holder
    alive = [number for number, place in enumerate(state.places) if place.up]
    if not state.places[changed].up:
        if changed != holder or not alive:
            return _Move(rate, state, "", 0.0)
        heir = max(alive, key=lambda number: members[number].rank)
        return _Move(rate, state._replace(holder=heir), "failover", members[heir].outages.failover_ns)
    outages = members[changed].outages
    if alive == [changed]:
        cost_ns = outages.resumption_ns if changed == holder else outages.return_ns
        return _Move(rate, state._replace(holder=changed), "return", cost_ns)
    if members[changed].preempts and members[changed].rank[0] > members[holder].rank[0]:
        return _Move(rate, state._replace(holder=changed), "failback", outages.failback_ns)
    return _Move(rate, state, "", 0.0)
