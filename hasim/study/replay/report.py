"""A whole file of trials, replayed."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.study.replay.comparison import TrialComparison, compare, outcome
from hasim.study.replay.configuration import Reader, garp_times, unused_keys
from hasim.study.replay.observation import Lateness, Observation, recorded, script_lateness, simulated
from hasim.study.replay.recording import Group, Recording
from hasim.study.replay.staging import Stage, within_noise

__all__ = ["NEAR_S", "GroupReport", "RaceReport", "ReplayReport", "quantile", "replay"]

FORMAT = "hasim.replay/1"
NEAR_S = 0.03
"""A transition so near to the recorded one is in time."""
_SEED = 1
_RACE_RUNS = 400
_LOSS_RUNS = 24


@dataclass(frozen=True, slots=True)
class RaceReport:
    """Outcomes that the daemon decides by a race, as counts: ``recorded`` trials and ``simulated`` runs by outcome.

    ``p_value`` is that of Fisher's exact test (permutation for more than two outcomes) that both come from the same
    proportions.
    """

    recorded: dict[str, int]
    simulated: dict[str, int]
    p_value: float


@dataclass(frozen=True, slots=True)
class GroupReport:
    """One group of ``recorded`` trials, of which there are none in ``trials`` where it has a ``problem``.
    ``same_order`` counts the trials whose order came out the same within the noise of their times,
    ``same_order_nominal`` those at the nominal times already. ``decided`` is ``trial`` (compared one by one) or
    ``race`` (compared as proportions).

    ``median_s``, ``p99_s`` and ``largest_s`` are of the absolute differences in time of all state transitions.
    """

    name: str
    decided: str
    recorded: int
    trials: tuple[TrialComparison, ...]
    same_order: int
    same_order_nominal: int
    median_s: float | None
    p99_s: float | None
    largest_s: float | None
    adverts: tuple[int, int]
    priority_zero: tuple[int, int]
    garps: tuple[int, int]
    race: RaceReport | None
    unused: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """A file's groups, and the sums over those that are compared trial by trial."""

    path: str
    daemon: str
    groups: tuple[GroupReport, ...]

    @property
    def compared(self) -> int:
        """The number of trials that are compared one by one."""
        return sum(len(group.trials) for group in self.groups if group.decided == "trial")

    @property
    def same_order(self) -> int:
        """How many of them came out in the same order."""
        return sum(group.same_order for group in self.groups if group.decided == "trial")

    @property
    def differences_s(self) -> list[float]:
        """How far from recorded each of their state transitions was simulated, ascending."""
        trials = (trial for group in self.groups if group.decided == "trial" for trial in group.trials)
        return sorted(abs(difference) for trial in trials for difference in trial.differences_s)

    @property
    def in_time(self) -> float | None:
        """The fraction of them within :data:`NEAR_S`; None where there are none."""
        differences = self.differences_s
        return bisect_right(differences, NEAR_S) / len(differences) if differences else None

    def to_json(self) -> dict[str, Any]:
        """The report as plain data; differences in seconds."""
        differences = self.differences_s
        return {
            "format": FORMAT,
            "file": self.path,
            "daemon": self.daemon,
            "trials_compared": self.compared,
            "same_order": self.same_order,
            "same_order_at_nominal_times": sum(g.same_order_nominal for g in self.groups if g.decided == "trial"),
            "transitions": len(differences),
            "median_difference_s": quantile(differences, 0.5),
            "p99_difference_s": quantile(differences, 0.99),
            "within_30_ms": self.in_time,
            "groups": {group.name: _group_json(group) for group in self.groups},
        }


def replay(recording: Recording, progress: Callable[[int, int], None] | None = None) -> ReplayReport:
    """Replay every trial of a file. ``progress`` is called with trials done and in all."""
    total = sum(len(group.trials) for group in recording.groups)
    done = 0
    reports = []
    for group in recording.groups:
        reports.append(_replay_group(group))
        done += len(group.trials)
        if progress is not None:
            progress(done, total)
    return ReplayReport(recording.path, recording.daemon, tuple(reports))


def _replay_group(group: Group) -> GroupReport:
    unused = unused_keys(group)
    try:
        stage = Stage(group)
        theirs = [recorded(trial, group.nodes, garp_times(group), stage.waits_s) for trial in group.trials]
        replays = [_replay_trial(stage, group, index, theirs[index]) for index in range(len(group.trials))]
    except UserError as error:
        return GroupReport(
            group.name,
            "none",
            len(group.trials),
            (),
            0,
            0,
            None,
            None,
            None,
            (0, 0),
            (0, 0),
            (0, 0),
            None,
            unused,
            str(error),
        )
    trials = tuple(comparison for comparison, _ in replays)
    ours = [observation for _, observation in replays]
    is_race = _is_race(group)
    differences = sorted(abs(d) for trial in trials for d in trial.differences_s)
    return GroupReport(
        name=group.name,
        decided="race" if is_race else "trial",
        recorded=len(group.trials),
        trials=trials,
        same_order=sum(trial.same_order for trial in trials),
        same_order_nominal=sum(trial.nominal for trial in trials),
        median_s=quantile(differences, 0.5),
        p99_s=quantile(differences, 0.99),
        largest_s=differences[-1] if differences else None,
        adverts=_sums(theirs, ours, "adverts"),
        priority_zero=_sums(theirs, ours, "priority_zero"),
        garps=_sums(theirs, ours, "garps"),
        race=_race(stage, group, theirs) if is_race else None,
        unused=unused,
        problem="",
    )


def _replay_trial(stage: Stage, group: Group, index: int, theirs: Observation) -> tuple[TrialComparison, Observation]:
    """The trial at its nominal times; where that comes out otherwise, or a transition more than 100 ms off, the first
    agreement within the noise of its times."""
    trial = group.trials[index]
    lateness = script_lateness(theirs)
    found: tuple[TrialComparison, Observation] | None = None
    is_nominal = False
    for noise in within_noise(group):
        ours = _observe(stage.scenario(trial, measured=True, noise=noise), group, index, _SEED, lateness)
        comparison = compare(trial.number, theirs, ours, group.nodes)
        if found is None:
            is_nominal = comparison.same_order
        if found is None or comparison.in_time or comparison.same_order > found[0].same_order:
            found = replace(comparison, nominal=is_nominal), ours
        if comparison.in_time or _is_race(group):
            break
    assert found is not None
    return found


def _observe(scenario: Scenario, group: Group, index: int, seed: int, lateness: Lateness | None = None) -> Observation:
    trace = simulate(scenario, seed=seed, replication=index, detail=(0, scenario.horizon_ns))
    return simulated(trace, group.nodes, lateness)


def _is_race(group: Group) -> bool:
    """Whether chance decides: packets are lost, or the master goes and two of those that wait are equally near to
    taking over."""
    if group.config.get("loss"):
        return True
    if not group.trials or group.kind != "fault":
        return False
    first = group.trials[0]
    if first.target != (first.master_before or first.target):
        return False
    priorities = Reader(group.config, f"group {group.name}").numbers("prio", 100, group.nodes)
    waiting = [priority for node, priority in enumerate(priorities, start=1) if node != first.target]
    return waiting.count(max(waiting, default=0)) > 1


def _race(stage: Stage, group: Group, theirs: Sequence[Observation]) -> RaceReport:
    runs = max((_LOSS_RUNS if group.config.get("loss") else _RACE_RUNS) // max(len(group.trials), 1), 1)
    label = _elections if group.config.get("loss") else _winner
    recorded_counts = _tally(label(observation) for observation in theirs)
    simulated_counts = _tally(
        label(_observe(stage.scenario(group.trials[index], measured=False), group, index, _SEED + run))
        for run in range(runs)
        for index in range(len(group.trials))
    )
    if group.config.get("loss"):
        return RaceReport(recorded_counts, simulated_counts, _rates_p_value(recorded_counts, simulated_counts))
    return RaceReport(recorded_counts, simulated_counts, _proportions_p_value(recorded_counts, simulated_counts))


def _winner(observation: Observation) -> dict[str, int]:
    masters, _last = outcome(observation)
    return {"one MASTER" if len(masters) == 1 else f"{len(masters)} MASTERs": 1}


def _elections(observation: Observation) -> dict[str, int]:
    """False elections and how long was watched, in seconds (the last advert's time stands for it)."""
    elections = sum(event.what == "MASTER" for event in observation.states)
    return {"elections": elections, "adverts": max(observation.adverts.values())}


def _tally(counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))


def _proportions_p_value(theirs: dict[str, int], ours: dict[str, int]) -> float:
    from scipy import stats

    outcomes = sorted(set(theirs) | set(ours))
    table = [[counts.get(what, 0) for what in outcomes] for counts in (theirs, ours)]
    if len(outcomes) == 1:
        return 1.0
    if len(outcomes) == 2:
        return float(stats.fisher_exact(table).pvalue)
    return float(stats.chi2_contingency(table).pvalue)


def _rates_p_value(theirs: dict[str, int], ours: dict[str, int]) -> float:
    """Conditional binomial test of two Poisson rates: elections per advert."""
    from scipy import stats

    elections, adverts = theirs.get("elections", 0), theirs.get("adverts", 0)
    total = elections + ours.get("elections", 0)
    share = adverts / (adverts + ours.get("adverts", 0)) if adverts else 0.5
    return float(stats.binomtest(elections, total, share).pvalue) if total else 1.0


def _sums(theirs: Sequence[Observation], ours: Sequence[Observation], what: str) -> tuple[int, int]:
    """Recorded and simulated counts over all nodes, and over all trials of which they were recorded."""
    pairs = [(getattr(recorded, what), getattr(run, what)) for recorded, run in zip(theirs, ours, strict=True)]
    known = [(recorded, run) for recorded, run in pairs if recorded]
    return sum(sum(recorded.values()) for recorded, _ in known), sum(sum(run.values()) for _, run in known)


def quantile(values: Sequence[float], q: float) -> float | None:
    """Of ascending values; None where there are none."""
    return values[min(int(q * len(values)), len(values) - 1)] if values else None


def _group_json(group: GroupReport) -> dict[str, Any]:
    return {
        "trials": group.recorded,
        "decided_by": group.decided,
        "same_order": group.same_order,
        "same_order_at_nominal_times": group.same_order_nominal,
        "median_difference_s": group.median_s,
        "p99_difference_s": group.p99_s,
        "largest_difference_s": group.largest_s,
        **{
            name: {"recorded": pair[0], "simulated": pair[1]}
            for name, pair in (
                ("adverts", group.adverts),
                ("priority_zero_adverts", group.priority_zero),
                ("gratuitous_arps", group.garps),
            )
        },
        "race": None
        if group.race is None
        else {
            "recorded": group.race.recorded,
            "simulated": group.race.simulated,
            "p_value": group.race.p_value,
        },
        "unknown_keys": list(group.unused),
        "problem": group.problem,
        "by_trial": [
            {
                "trial": trial.trial,
                "same_sequence": trial.same_sequence,
                "same_order": trial.same_order,
                "same_order_at_nominal_times": trial.nominal,
                "differences_s": list(trial.differences_s),
                "why": trial.why,
            }
            for trial in group.trials
        ],
    }
