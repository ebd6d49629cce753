"""What a trial showed and what the simulator shows, in one form: who did what, when, per node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from hasim.study.replay.recording import Trial
from hasim.study.replay.staging import node_name
from hasim.trace import AdvertSent, GarpSent, NotifyForked, StateChanged, Trace
from hasim.units import SECOND

__all__ = ["Event", "Observation", "recorded", "simulated"]

_STATE_NAMES = {"BACKUP(init)": "BACKUP", "FAULT(init)": "FAULT"}
_NOTIFY_NAMES = {"MASTER_RX_LOWER_PRI": "RX_LOWER_PRI"}
_BEFORE_ZERO_S = -0.05
"""Zero is the middle of the command that injected the fault: what happens this much earlier may be its effect."""
_PENDING_GARPS_S = 5.0
_PENDING_TOLERANCE_S = 0.3


class Event(NamedTuple):
    """``what`` is a state name, or the event of a notify script."""

    at_s: float
    node: int
    what: str


@dataclass(frozen=True, slots=True)
class Observation:
    """States entered and notify scripts begun after time zero, in time order; and what was on the wire, counted.

    ``adverts``, ``priority_zero`` and ``garps`` are counts per node. Of the gratuitous ARPs those are left out that
    were pending from before time zero.
    """

    states: tuple[Event, ...]
    notifies: tuple[Event, ...]
    adverts: dict[int, int]
    priority_zero: dict[int, int]
    garps: dict[int, int]

    def sequence(self, node: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What one node went through: its states, and its notify scripts."""
        states = tuple(event.what for event in self.states if event.node == node)
        return states, tuple(event.what for event in self.notifies if event.node == node)


def recorded(trial: Trial, nodes: int) -> Observation:
    """The trial after time zero, in the simulator's names."""
    states = [Event(float(e[0]), int(e[1]), _STATE_NAMES.get(str(e[2]), str(e[2]))) for e in trial.events("states")]
    return Observation(
        states=_after_zero(states),
        notifies=_after_zero(_notifies(trial)),
        adverts=_adverts(trial, nodes),
        priority_zero=_count(trial.events("prio0") or [e for e in trial.events("adverts") if e[2] == 0], nodes),
        garps=_count(_fresh_garps(trial, states), nodes),
    )


def simulated(trace: Trace, nodes: int) -> Observation:
    """The same of a run in detail."""
    numbers = {node_name(node): node for node in range(1, nodes + 1)}
    states, notifies = [], []
    adverts, zeros, garps = (dict.fromkeys(range(1, nodes + 1), 0) for _ in range(3))
    for record in trace.records:
        match record:
            case StateChanged(at, instance, _, new, reason) if reason not in ("steady_state", "died", "shutdown"):
                states.append(Event(at / SECOND, numbers[instance], str(new)))
            case NotifyForked(at, instance, event):
                notifies.append(Event(at / SECOND, numbers[instance], _NOTIFY_NAMES.get(event, str(event))))
            case AdvertSent(_, instance, 0):
                zeros[numbers[instance]] += 1
            case AdvertSent(_, instance, _):
                adverts[numbers[instance]] += 1
            case GarpSent(_, instance, repeat):
                garps[numbers[instance]] += repeat
            case _:
                pass
    return Observation(tuple(states), tuple(notifies), adverts, zeros, garps)


def _notifies(trial: Trial) -> list[Event]:
    """Notify scripts when they began. Where a group logs their end too, or a second script for STOP, that is left
    out."""
    events = []
    for at, node, name, *_ in trial.events("notify"):
        what, _, step = str(name).partition("-")
        if step in ("", "BEGIN") and what != "NSTOP":
            events.append(Event(float(at), int(node), what))
    return events


def _after_zero(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(event for event in events if event.at_s > _BEFORE_ZERO_S))


def _fresh_garps(trial: Trial, states: list[Event]) -> list[Any]:
    """Gratuitous ARPs that something after time zero caused."""
    pending = [e.at_s + _PENDING_GARPS_S for e in states if e.what == "MASTER" and e.at_s <= _BEFORE_ZERO_S]
    return [
        garp
        for garp in trial.events("garps")
        if not any(abs(float(garp[0]) - due) < _PENDING_TOLERANCE_S for due in pending)
    ]


def _adverts(trial: Trial, nodes: int) -> dict[int, int]:
    """Adverts per node; groups that watch for long give only the sums of the master's and the others'."""
    if "n_adverts_master" in trial.data:
        others = {2: int(trial.data.get("n_adverts_other", 0))} if nodes > 1 else {}
        return dict.fromkeys(range(1, nodes + 1), 0) | {1: int(trial.data["n_adverts_master"])} | others
    return _count((e for e in trial.events("adverts") if e[2] != 0), nodes)


def _count(events: Iterable[Any], nodes: int) -> dict[int, int]:
    counts = dict.fromkeys(range(1, nodes + 1), 0)
    for event in events:
        if event[0] > 0:
            counts[int(event[1])] += 1
    return counts
