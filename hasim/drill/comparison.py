"""Measured outages against simulated ones: what belongs together, the range of each phase, and the verdict.

The simulated counterpart of an episode is the episode itself, with the times in it that are this machine's doing
(interpreters, daemons, check scripts) replaced by what was measured of them. Outages are matched by their cause and
their order: the second outage by ``failback`` of a drill with the second of a simulated run.

A measured time is *inside* if it lies in the range of the simulated ones, widened by what measuring cost in that
repetition (:meth:`~hasim.drill.machine.MachineTimes.overhead_ns`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from hasim.drill.episodes import LEAD_NS, Episode
from hasim.drill.machine import TOTAL, MachineTimes
from hasim.drill.probes import PROBE_INTERVAL_NS
from hasim.drill.repetition import Repetition
from hasim.measure import PHASES, Outage, RunOutcome, measure
from hasim.scenario.digest import digest_of
from hasim.scenario.distributions import Distribution, Empirical
from hasim.scenario.model import Instance, Scenario
from hasim.sim import simulate

__all__ = ["EpisodeResult", "Group", "Matched", "PhaseVerdict", "compare", "counterpart"]

_SURPRISING = 0.001
_SHORTEST_SEEN_NS = 3 * PROBE_INTERVAL_NS
"""A shorter outage may fall between two questions of the client: it is left out on both sides."""


@dataclass(frozen=True, slots=True)
class Matched:
    """One measured outage: the repetition it is from, and what this machine did there."""

    outage: Outage
    repetition: int
    times: MachineTimes


@dataclass(frozen=True, slots=True)
class PhaseVerdict:
    """A phase (or :data:`TOTAL`) of the outages of one group: measured and simulated durations (ns, sorted).

    ``outside`` are the measured ones that lie outside the simulated range, widened by the overhead.
    """

    phase: str
    measured_ns: tuple[int, ...]
    simulated_ns: tuple[int, ...]
    overhead_ns: int
    outside: tuple[Matched, ...]

    @property
    def outside_ns(self) -> tuple[int, ...]:
        """How long the phase took in those that are outside."""
        return tuple(sorted(_time_ns(item.outage, self.phase) for item in self.outside))

    @property
    def matters(self) -> bool:
        """Whether the phase takes any time worth a row."""
        longest_ns = max(*self.measured_ns, self.simulated_ns[-1] if self.simulated_ns else 0)
        return longest_ns > PROBE_INTERVAL_NS or bool(self.outside)


@dataclass(frozen=True)
class Group:
    """Outages of one cause and order within their runs. ``title`` says which for people.

    ``runs`` and ``simulated_runs`` are how many runs there were of either kind, with such an outage or without.
    """

    cause: str
    order: int
    measured: tuple[Matched, ...]
    simulated: tuple[Outage, ...]
    runs: int
    simulated_runs: int

    @property
    def title(self) -> str:
        """``crash``, or ``failback, the second``."""
        ordinals = ("", ", the second", ", the third")
        order = ordinals[self.order] if self.order < len(ordinals) else f", number {self.order + 1}"
        return self.cause.replace("_", " ") + order

    @cached_property
    def verdicts(self) -> tuple[PhaseVerdict, ...]:
        """One per phase, and one for the whole."""
        return tuple(self._verdict(phase) for phase in (*PHASES, TOTAL)) if self.measured else ()

    @property
    def inside(self) -> bool:
        """Whether every measured time of every phase is inside, and there were neither too many nor too few."""
        return self.is_as_frequent and all(not verdict.outside for verdict in self.verdicts)

    @cached_property
    def is_as_frequent(self) -> bool:
        """Whether so many drilled runs with such an outage are no surprise, given how many simulated ones have it."""
        from scipy.stats import binomtest

        share = (len(self.simulated) + 0.5) / (self.simulated_runs + 1)
        return bool(binomtest(len(self.measured), self.runs, share).pvalue >= _SURPRISING)

    def _verdict(self, phase: str) -> PhaseVerdict:
        simulated = tuple(sorted(_time_ns(outage, phase) for outage in self.simulated))
        outside = tuple(item for item in self.measured if not _is_inside(item, phase, simulated))
        return PhaseVerdict(
            phase=phase,
            measured_ns=tuple(sorted(_time_ns(item.outage, phase) for item in self.measured)),
            simulated_ns=simulated,
            overhead_ns=max(item.times.overhead_ns(phase) for item in self.measured),
            outside=outside,
        )


@dataclass(frozen=True)
class EpisodeResult:
    """An episode, drilled and simulated."""

    episode: Episode
    repetitions: tuple[Repetition, ...]
    outcomes: tuple[RunOutcome, ...]
    simulated: tuple[RunOutcome, ...]
    groups: tuple[Group, ...]

    @property
    def inside(self) -> bool:
        """Whether every measured outage has simulated ones like it, and lies among them, and none is missing."""
        return all(group.inside and (group.simulated or not group.measured) for group in self.groups)


def counterpart(scenario: Scenario, times: MachineTimes) -> Scenario:
    """The scenario with this machine's times in place of its own, as far as they were measured."""
    changed = replace(scenario, instances=tuple(_on_this_machine(item, scenario, times) for item in scenario.instances))
    return replace(changed, digest=digest_of(changed))


def compare(
    episode: Episode, repetitions: Sequence[Repetition], times: MachineTimes, simulations: int, seed: int
) -> EpisodeResult:
    """Lay the repetitions of an episode beside so many simulated runs."""
    scenario = counterpart(episode.scenario, times)
    simulated = [measure(simulate(scenario, seed=seed, replication=number)) for number in range(simulations)]
    outcomes = [measure(repetition.trace) for repetition in repetitions]
    measured: dict[tuple[str, int], list[Matched]] = {}
    for repetition, outcome in zip(repetitions, outcomes, strict=True):
        for key, outage in _keyed(outcome):
            item = Matched(outage, repetition.number, repetition.times)
            measured.setdefault(key, []).append(item)
    like: dict[tuple[str, int], list[Outage]] = {}
    for outcome in simulated:
        for key, outage in _keyed(outcome):
            like.setdefault(key, []).append(outage)
    keys = sorted(measured.keys() | like.keys(), key=lambda key: (-len(like.get(key, ())), key))
    return EpisodeResult(
        episode=episode,
        repetitions=tuple(repetitions),
        outcomes=tuple(outcomes),
        simulated=tuple(simulated),
        groups=tuple(
            Group(*key, tuple(measured.get(key, ())), tuple(like.get(key, ())), len(outcomes), len(simulated))
            for key in keys
        ),
    )


def _keyed(outcome: RunOutcome) -> Iterable[tuple[tuple[str, int], Outage]]:
    """The outages of a run that a client notices, each with its cause and its number among those of that cause."""
    seen: dict[str, int] = {}
    for outage in outcome.outages:
        if outage.duration_ns >= _SHORTEST_SEEN_NS and outage.start_ns >= LEAD_NS:
            order = seen.get(outage.cause, 0)
            seen[outage.cause] = order + 1
            yield (outage.cause, order), outage


def _time_ns(outage: Outage, phase: str) -> int:
    return outage.duration_ns if phase == TOTAL else outage.phases_ns[PHASES.index(phase)]


def _is_inside(item: Matched, phase: str, simulated_ns: Sequence[int]) -> bool:
    if not simulated_ns:
        return False
    time_ns, overhead_ns = _time_ns(item.outage, phase), item.times.overhead_ns(phase)
    return simulated_ns[0] - overhead_ns <= time_ns <= simulated_ns[-1] + overhead_ns


def _on_this_machine(instance: Instance, scenario: Scenario, times: MachineTimes) -> Instance:
    guest = instance.guest
    if scenario.floating.mechanism.is_configured_by_keepalived:
        guest = replace(guest, configure=_measured(times.configure, guest.configure))
    scripts = tuple(
        replace(script, run_time=_measured(times.check, script.run_time)) for script in instance.vrrp.track_scripts
    )
    return replace(
        instance,
        guest=guest,
        vrrp=replace(instance.vrrp, track_scripts=scripts),
        daemon=replace(instance.daemon, start_up=_measured(times.daemon_start_up, instance.daemon.start_up)),
        notify=replace(instance.notify, start_up=_measured(times.script_start_up, instance.notify.start_up)),
    )


def _measured(times_ns: Sequence[int], otherwise: Distribution) -> Distribution:
    return Empirical(tuple(sorted(times_ns)), "a drill") if times_ns else otherwise
