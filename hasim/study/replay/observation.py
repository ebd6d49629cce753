"""What a trial showed and what the simulator shows, in one form: who did what, when, per node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hasim.study.replay.configuration import GarpTimes, node_name
from hasim.study.replay.recording import Trial
from hasim.trace import AdvertSent, GarpSent, NotifyForked, StateChanged, Trace
from hasim.units import SECOND

__all__ = ["LATEST_LOG_S", "Event", "Lateness", "Observation", "recorded", "script_lateness", "simulated"]

Lateness = Mapping[tuple[int, str], Sequence[float]]
"""For each node and state in which order its scripts came: how many seconds after the state each began to run."""

_STATE_NAMES = {"BACKUP(init)": "BACKUP", "FAULT(init)": "FAULT"}
_NOTIFY_NAMES = {"MASTER_RX_LOWER_PRI": "RX_LOWER_PRI"}
_BEFORE_ZERO_S = -0.05
"""Zero is the middle of the command that injected the fault: what happens this much earlier may be its effect."""
_LONGEST_GARP_LIST = 30
"""The laboratory kept the first 30 gratuitous ARPs of a trial."""
LATEST_LOG_S = 0.06
"""So late at most a log was read."""
_LONGEST_LAG_S = 0.3
"""The log came through a pipe and scripts wait for a processor: what belongs together lies at most this far apart."""


class Event(NamedTuple):
    """``what`` is a state name, or the event of a notify script. What was recorded happened at ``at_s`` at the latest,
    and not before ``not_before_s`` where a recording shows its cause (None: it shows none)."""

    at_s: float
    node: int
    what: str
    not_before_s: float | None = None

    def distance_s(self, simulated_s: float) -> float:
        """How much later than recorded (negative: earlier) a simulated event is."""
        earliest_s = self.at_s if self.not_before_s is None else self.not_before_s
        return min(simulated_s - earliest_s, 0.0) + max(simulated_s - self.at_s, 0.0)


@dataclass(frozen=True, slots=True)
class Observation:
    """States entered and notify scripts begun after time zero, in order; and what was on the wire, counted.

    Scripts are in the order of their times in a recording and in that of their forks in a run.

    ``adverts``, ``priority_zero`` and ``garps`` are counts per node. Of the gratuitous ARPs those are left out that
    were pending from before time zero; empty where a recording does not have all of them.
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


def recorded(
    trial: Trial, nodes: int, garp_times: GarpTimes, waits_s: Mapping[int, float] | None = None
) -> Observation:
    """The trial after time zero, in the simulator's names.

    The log was read from a pipe, up to 50 ms late: a state was entered at the latest when its script ran or, for
    MASTER, when its first advert was on the wire. A FAULT that a daemon starts with is not logged by keepalived 2.2.7;
    its script tells. A daemon that started as BACKUP and became MASTER ``waits_s`` (by node) later did not do so before
    its log told, but possibly as long before as its first advert says.
    """
    notifies = _notifies(trial)
    logged = [Event(float(e[0]), int(e[1]), _STATE_NAMES.get(str(e[2]), str(e[2]))) for e in trial.events("states")]
    logged += [event for event in notifies if event.what == "FAULT" and not _is_logged(event, logged)]
    logged.sort()
    entered = [event._replace(at_s=_entered_at(event, logged, notifies, trial)) for event in logged]
    started = {(int(e[1]), float(e[0])) for e in trial.events("states") if e[2] == "BACKUP(init)"}
    states = [
        event._replace(
            not_before_s=_began_waiting_at(event, trial, waits_s or {})
            if (log.node, log.at_s) in started
            else _heard_at(event, entered, trial)
        )
        for event, log in zip(entered, logged, strict=True)
    ]
    return Observation(
        states=_after_zero(states),
        notifies=_after_zero(notifies),
        adverts=_adverts(trial, nodes),
        priority_zero=_count(trial.events("prio0") or [e for e in trial.events("adverts") if e[2] == 0], nodes),
        garps=_garps(trial, states, notifies, nodes, garp_times),
    )


def script_lateness(observation: Observation) -> Lateness:
    """How long after its state each script began to run: what only the load of the trial's machine decided."""
    late: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for state in observation.states:
        begun = [e.at_s for e in observation.notifies if e.node == state.node and e.what == state.what]
        nth = len(late[state.node, state.what])
        late[state.node, state.what].append(max(begun[nth] - state.at_s, 0.0) if nth < len(begun) else 0.0)
    return late


def simulated(trace: Trace, nodes: int, lateness: Lateness | None = None) -> Observation:
    """The same of a run in detail, whose scripts begin as late as ``lateness`` says."""
    numbers = {node_name(node): node for node in range(1, nodes + 1)}
    states: list[Event] = []
    notifies: list[Event] = []
    waiting = {key: iter(delays) for key, delays in (lateness or {}).items()}
    adverts, zeros, garps = (dict.fromkeys(range(1, nodes + 1), 0) for _ in range(3))
    for record in trace.records:
        match record:
            case StateChanged(at, instance, _, new, reason) if reason not in ("steady_state", "died", "shutdown"):
                states.append(Event(at / SECOND, numbers[instance], str(new)))
            case NotifyForked(at, instance, event):
                node, what = numbers[instance], _NOTIFY_NAMES.get(event, str(event))
                notifies.append(Event(at / SECOND + next(waiting.get((node, what), iter(())), 0.0), node, what))
            case AdvertSent(_, instance, 0):
                zeros[numbers[instance]] += 1
            case AdvertSent(_, instance, _):
                adverts[numbers[instance]] += 1
            case GarpSent(_, instance, repeat):
                garps[numbers[instance]] += repeat
            case _:
                pass
    return Observation(tuple(states), tuple(notifies), adverts, zeros, garps)


def _is_logged(script: Event, logged: Sequence[Event]) -> bool:
    """Whether the log has the state for which a script ran."""
    same = (event for event in logged if event.node == script.node and event.what == script.what)
    return any(abs(event.at_s - script.at_s) < _LONGEST_LAG_S for event in same)


def _entered_at(state: Event, logged: Sequence[Event], notifies: Sequence[Event], trial: Trial) -> float:
    """The earliest sign of a transition that was logged."""
    of_node = [event.at_s for event in logged if event.node == state.node and event.at_s < state.at_s]
    since = max([*of_node, state.at_s - _LONGEST_LAG_S])
    signs = [e.at_s for e in notifies if e.node == state.node and e.what == state.what]
    if state.what == "MASTER":
        signs += [float(e[0]) for e in trial.events("adverts") if e[1] == state.node and e[2] != 0]
    return min([state.at_s, *(sign for sign in signs if since < sign)])


def _heard_at(state: Event, states: Sequence[Event], trial: Trial) -> float | None:
    """When the advert was on the wire for which a MASTER became BACKUP: the last one of another node that it can have
    been. How long the daemon was then kept from reading it, and how long its log from being read, nobody knows."""
    before = [event for event in states if event.node == state.node and event.at_s < state.at_s]
    if state.what != "BACKUP" or not before or before[-1].what != "MASTER":
        return None
    since_s = max(before[-1].at_s, state.at_s - _LONGEST_LAG_S)
    own = [int(e[2]) for e in trial.events("adverts") if e[1] == state.node and before[-1].at_s <= e[0] <= state.at_s]
    rank = (own[-1] if own else 0, state.node)
    heard = [e for e in trial.events("adverts") if e[1] != state.node and (int(e[2]), int(e[1])) > rank]
    return max((float(e[0]) for e in heard if since_s < e[0] <= state.at_s), default=None)


def _began_waiting_at(state: Event, trial: Trial, waits_s: Mapping[int, float]) -> float | None:
    """When a daemon that had started began to wait, told by the first advert of one that nobody kept from taking over,
    where that is a little before its log told."""
    sent = (float(e[0]) for e in trial.events("adverts") if e[1] == state.node and e[2] != 0 and e[0] > state.at_s)
    began = (at_s - waits_s[state.node] for at_s in sent if state.node in waits_s)
    return min((at_s for at_s in began if 0 < state.at_s - at_s < LATEST_LOG_S), default=None)


def _notifies(trial: Trial) -> list[Event]:
    """Notify scripts when they began. Where a group logs their end too, or a second script for STOP, that is left
    out."""
    events = []
    for at, node, name, *_ in trial.events("notify"):
        what, _, step = str(name).partition("-")
        if step in ("", "BEGIN") and what != "NSTOP":
            events.append(Event(float(at), int(node), _NOTIFY_NAMES.get(what, what)))
    return events


def _after_zero(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted((event for event in events if event.at_s > _BEFORE_ZERO_S), key=lambda event: event[:3]))


def _garps(trial: Trial, states: list[Event], notifies: list[Event], nodes: int, times: GarpTimes) -> dict[int, int]:
    """Gratuitous ARPs that something after time zero caused, and repetitions; nothing where the list was cut off."""
    garps = trial.events("garps")
    if len(garps) == _LONGEST_GARP_LIST or "garps" not in trial.data:
        return {}
    causes = [e for e in states if e.what == "MASTER"] + [e for e in notifies if "RX_LOWER_PRI" in e.what]
    fresh = [cause for cause in causes if cause.at_s > _BEFORE_ZERO_S]
    counted = (g for g in garps if times.repeated or any(_is_caused_by(g, cause, times.delays_s) for cause in fresh))
    return _count(counted, nodes)


def _is_caused_by(garp: Sequence[Any], cause: Event, delays_s: Sequence[float]) -> bool:
    """Whether it belongs to one of the bursts that the cause led to."""
    after_s = float(garp[0]) - cause.at_s
    return garp[1] == cause.node and any(abs(after_s - due) < _LONGEST_LAG_S for due in delays_s)


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
