"""A recorded trial against its replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hasim.study.replay.observation import Event, Observation

__all__ = ["TrialComparison", "compare", "outcome"]

_APART_S = 0.1
"""Recorded events of different nodes that lie closer together than this have no order: scripts start 20 to 80 ms
late."""


@dataclass(frozen=True, slots=True)
class TrialComparison:
    """How one replay did.

    ``same_sequence``: every node went through the same states and notify scripts. ``same_order``: and across nodes
    the order is the same wherever the recorded events lie more than 100 ms apart. ``differences_s``: how much later
    than recorded each state transition was simulated (empty unless the sequences agree); zero between the advert that
    caused it and its first sign. ``why`` says what was different.
    ``nominal``: the order was the same at the trial's nominal times already, not only within their noise.
    """

    trial: int
    same_sequence: bool
    same_order: bool
    differences_s: tuple[float, ...]
    why: str
    nominal: bool

    @property
    def in_time(self) -> bool:
        """Whether the order is the same, and no transition is so far off that it would count in an order."""
        return self.same_order and all(abs(difference) <= _APART_S for difference in self.differences_s)


def compare(number: int, recorded: Observation, simulated: Observation, nodes: int) -> TrialComparison:
    """Hold the replay of trial ``number`` against its record."""
    for node in range(1, nodes + 1):
        ours, theirs = simulated.sequence(node), recorded.sequence(node)
        if ours != theirs:
            return TrialComparison(number, False, False, (), f"node {node}: recorded {theirs}, simulated {ours}", False)
    pairs = _paired(recorded.states, simulated.states, nodes)
    differences = tuple(theirs.distance_s(ours.at_s) for theirs, ours in pairs)
    crossed = _crossed(recorded, simulated, nodes)
    why = "" if crossed is None else " and ".join(f"{e.what} of node {e.node} at {e.at_s:.3f} s" for e in crossed)
    return TrialComparison(number, True, crossed is None, differences, why, crossed is None)


def outcome(observation: Observation) -> tuple[tuple[int, ...], int]:
    """What a race decides: which nodes became MASTER, and which was the last to."""
    masters = [event.node for event in observation.states if event.what == "MASTER"]
    return tuple(sorted(set(masters))), masters[-1] if masters else 0


def _paired(theirs: Sequence[Event], ours: Sequence[Event], nodes: int) -> list[tuple[Event, Event]]:
    """Events of equal sequences, node by node."""
    pairs: list[tuple[Event, Event]] = []
    for node in range(1, nodes + 1):
        of_node = [[event for event in events if event.node == node] for events in (theirs, ours)]
        pairs.extend(zip(*of_node, strict=True))
    return pairs


def _crossed(recorded: Observation, simulated: Observation, nodes: int) -> tuple[Event, Event] | None:
    """Two events whose order differs although the recorded ones lie clearly apart."""
    pairs = [
        *_paired(recorded.states, simulated.states, nodes),
        *_paired(recorded.notifies, simulated.notifies, nodes),
    ]
    pairs.sort(key=lambda pair: pair[0].at_s)
    for index, (theirs, ours) in enumerate(pairs):
        for later_theirs, later_ours in pairs[index + 1 :]:
            if later_theirs.at_s - theirs.at_s > _APART_S and later_ours.at_s < ours.at_s:
                return theirs, later_theirs
    return None
