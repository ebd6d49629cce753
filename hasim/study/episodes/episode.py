"""One episode: from the fault that begins it until the world is in its steady state again, and with what weight.

Episodes are drawn from strata: who is MASTER before, which clock strikes first, and how many more faults strike before
it is over (``depth``). Faults that overlap are rare, and are not waited for. An episode of depth 2, say, is made so:

1. Run the first fault alone, to the end. That shows the *window* of every other clock: from the first strike, or from
   its own repair, to the end of the episode.
2. Pick one of the clocks as if all had the same rate, that is by the length of its window (**balanced failure
   biasing**), and a time in the window from its own distribution, given that it fails there (**forcing**). The draw is
   made good by the likelihood ratio: the probability of failing in the window, over that of being picked, times the
   probability that no other clock fails before. Most of them strike while all that is in force still is, and some in an
   outage of the run before: what fails during a failover is rarer still, and may leave the address stranded. (A mixture
   of densities, so that no weight gets large by it.)
3. Run the world again with both strikes. Random numbers are looked up, not drawn, so that it is the same world up to
   the second strike. Go on from there as in 1.

At a stratum's depth no further fault is allowed, and the weight is multiplied by the probability that there is none; at
the largest depth, the clocks run on as they are, which leaves nothing out. Faults that others are to overlap with last
longer than usual, or end together (:mod:`hasim.study.episodes.durations`). Protocol timers, scripts and the cloud are
never touched: the weight is a matter of the faults alone.

In a network that loses packets an episode may also begin with so many lost adverts that a BACKUP becomes MASTER
(:mod:`hasim.study.episodes.losses`): that row is put into a world that was well before, and all else happens by itself.

Where nothing but another fault can end an episode (the world is stuck), faults strike as they do, and nothing is
biased: such an episode belongs to the stratum in which it got stuck, and to none that is deeper.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from hasim.measure import Outage, RunOutcome, measure
from hasim.scenario.distributions import LONGEST_NS
from hasim.scenario.model import Scenario
from hasim.sim.collector import collector_paused
from hasim.sim.incident import Incident, RestlessError, Strike
from hasim.sim.randomness import ROWS, LatinRandomness, Randomness
from hasim.study.episodes.clocks import Clock
from hasim.study.episodes.durations import Durations
from hasim.study.episodes.losses import Silence
from hasim.trace import FaultBegan, FaultEnded, Trace
from hasim.units import MINUTE

__all__ = ["STRIKE_NS", "Episode", "EpisodeJob"]

STRIKE_NS = MINUTE
"""When the first fault strikes. The phases of heartbeats and checks are random, so that any time would do."""

_FIRST_NUMBER = 1 << 40
"""Episodes have numbers that no replication of a study has, so that both methods draw different random numbers."""

_MOST_STRIKES = 1_000

_MOST_ATTEMPTS = 1_000

_DEEP = 0.6
"""So many of the further faults strike while all are in force that are since the last one: a group is down only when
every instance is."""

_URGENT = 0.15
"""So many of the further faults strike while the service is out: what fails during a failover may do most harm."""


@dataclass(frozen=True, slots=True)
class Episode:
    """What one episode came to.

    Attributes:
        number: in its stratum.
        weight: its likelihood ratio; 0 for one that cannot happen like this, of which nothing else is known.
        master: who is MASTER afterwards.
        length_ns: from the first strike until the world is in its steady state.
        downtime_ns: of it without service, by the number of faults in force: ``downtime_ns[2]`` while two were.
        outages: as of a run.
        dual_master_ns: likewise.
        wrong_instance_ns: likewise.
        black_hole_ns: likewise.
        stuck: whether nothing but another fault could end it.
    """

    number: int
    weight: float
    master: str
    length_ns: int
    downtime_ns: tuple[int, ...]
    outages: tuple[Outage, ...]
    dual_master_ns: int
    wrong_instance_ns: int
    black_hole_ns: int
    stuck: bool = False


class _Stretch(NamedTuple):
    """A time in which a clock may strike; ``to_ns`` may be infinite.

    ``age_ns`` is the age of the clock at its beginning, ``known_ns`` that up to which it is known not to have struck.
    """

    clock: Clock
    from_ns: int
    to_ns: float
    age_ns: int
    known_ns: int

    @property
    def length_ns(self) -> float:
        return self.to_ns - self.from_ns

    def chance(self) -> float:
        """The probability that the clock strikes in it, if nothing else does."""
        before = self.clock.survives(self.known_ns, self.age_ns)
        return before * self.clock.fails(self.age_ns, self.age_ns + self.length_ns)

    def survives(self, until_ns: float) -> float:
        """The probability that it has not struck by a time."""
        return self.clock.survives(self.known_ns, self.age_ns + min(until_ns, self.to_ns) - self.from_ns)

    def within(self, times_ns: Sequence[tuple[int, int]]) -> list[_Stretch]:
        """The parts of it that lie between some times."""
        parts = []
        for start_ns, end_ns in times_ns:
            from_ns, to_ns = max(self.from_ns, start_ns), min(self.to_ns, end_ns)
            if from_ns < to_ns:
                age_ns = self.age_ns + from_ns - self.from_ns
                parts.append(_Stretch(self.clock, from_ns, to_ns, age_ns, self.known_ns))
        return parts

    def strike(self, u: float) -> Strike:
        """When it strikes in it, from its own distribution."""
        age_ns = self.clock.age_at_failure(self.age_ns, self.age_ns + self.length_ns, u)
        return Strike(self.from_ns + age_ns - self.age_ns, self.clock.fault, self.clock.target)


class _Choice:
    """One stretch of several, picked by length: as if all clocks had the same rate."""

    def __init__(self, stretches: Iterable[_Stretch]) -> None:
        self._chances = [(stretch, chance) for stretch in stretches if (chance := stretch.chance()) > 0]
        self._sums = list(accumulate(stretch.length_ns for stretch, _ in self._chances))

    def __bool__(self) -> bool:
        return bool(self._chances)

    def pick(self, u: float) -> _Stretch:
        index = bisect_right(self._sums, u * self._sums[-1])
        return self._chances[min(index, len(self._chances) - 1)][0]

    def density(self, clock: Clock, at_ns: int) -> float:
        """How likely the strike of a clock at a time is, relative to how likely it is by itself."""
        return math.fsum(
            stretch.length_ns / self._sums[-1] / chance
            for stretch, chance in self._chances
            if stretch.clock is clock and stretch.from_ns <= at_ns <= stretch.to_ns
        )


class _Mixture:
    """Several ways to choose, each with its share; those that have nothing to choose from leave theirs to the first."""

    def __init__(self, first: tuple[float, _Choice], *others: tuple[float, _Choice]) -> None:
        possible = [(share, choice) for share, choice in others if choice]
        rest = 1.0 - math.fsum(share for share, _ in possible)
        self._parts = [(rest, first[1]), *possible]

    def __bool__(self) -> bool:
        return bool(self._parts[0][1])

    def pick(self, way: float, u: float) -> _Stretch:
        sums = list(accumulate(share for share, _ in self._parts))
        return self._parts[min(bisect_right(sums, way), len(sums) - 1)][1].pick(u)

    def density(self, clock: Clock, at_ns: int) -> float:
        return math.fsum(share * choice.density(clock, at_ns) for share, choice in self._parts)


@dataclass(frozen=True, eq=False)
class EpisodeJob:
    """The episodes of one stratum.

    Attributes:
        scenario: without an end (:func:`hasim.sim.incident.endless`), with the MASTER of the stratum.
        seed: source of all randomness.
        clocks: the faults of the scenario.
        first: what begins the episode: one of them, or a row of lost adverts.
        loses_adverts: whether there may be such a row.
        depth: how many more faults strike before it is over.
        together: whether the last of those ends together with another, or apart from the others.
        goes_on: whether ever more faults may strike after that (at the largest depth).
        stratum: number of the stratum, and ``strata`` how many there are, so that all draw different numbers.
    """

    scenario: Scenario
    seed: int
    clocks: tuple[Clock, ...]
    first: Clock | Silence
    loses_adverts: bool
    depth: int
    together: bool
    goes_on: bool
    stratum: int
    strata: int

    def run(self, number: int, /) -> Episode:
        """The episode with this number.

        Raises:
            RestlessError: it does not end.
        """
        with collector_paused():
            return _Run(self, number).episode()


class _Run:
    """The making of one episode."""

    def __init__(self, job: EpisodeJob, number: int) -> None:
        self._job = job
        self._number = number
        self._weight = 1.0
        self._stuck = False
        self._strikes: list[Strike] = []
        self._lost = job.first.from_about(STRIKE_NS) if isinstance(job.first, Silence) else None
        self._randomness, self._begin_ns = self._beginning()
        self._uniform = self._randomness.stream("episode", "strikes").uniform
        self._durations = Durations(self._randomness)
        self._running_since = {clock.key: self._since(clock) for clock in job.clocks}
        if isinstance(job.first, Clock):
            strike = Strike(STRIKE_NS, job.first.fault, job.first.target)
            first = self._lasting(strike, job.depth) if job.depth else strike
            assert first is not None, "nothing else is in force"
            self._strikes.append(first)

    def _beginning(self) -> tuple[Randomness, int]:
        """Random numbers with which nothing happens before the episode begins, and when that is.

        Where adverts may be lost, worlds that lose too many before then are thrown away: the others have as many losses
        behind them as a world in which all is well.
        """
        job = self._job
        if not job.loses_adverts:
            return self._attempt(0), STRIKE_NS
        for attempt in range(_MOST_ATTEMPTS):
            randomness = self._attempt(attempt)
            incident = Incident(job.scenario, randomness=randomness, strikes=(), lost=self._lost)
            if isinstance(job.first, Clock):
                if incident.first_change_ns(STRIKE_NS) is None:
                    return randomness, STRIKE_NS
            else:
                change_ns = incident.first_change_ns(LONGEST_NS - 1)
                if change_ns is not None and change_ns >= STRIKE_NS + (job.first.row - 1) * job.first.step_ns:
                    return randomness, change_ns
        raise RestlessError(f"in {_MOST_ATTEMPTS} attempts the world did not stay in its steady state for a minute")

    def _attempt(self, number: int) -> Randomness:
        """Random numbers of its own, or a row of a Latin hypercube (each attempt at it is one of another)."""
        job = self._job
        replication = _FIRST_NUMBER * (1 + number) + self._number * job.strata + job.stratum
        if job.depth:
            return Randomness(job.seed, replication)
        row = self._number % ROWS
        return LatinRandomness(job.seed, replication, first=replication - row * job.strata, row=row)

    def episode(self) -> Episode:
        for further in reversed(range(self._job.depth)):
            if not self._add_strike(further):
                return self._impossible()
        if self._job.goes_on:
            return self._go_on()
        incident, end_ns, master = self._calm()
        if master is None:
            return self._go_on()
        for window in self._windows(incident, end_ns):
            self._weight *= window.survives(end_ns)
        return self._outcome(master, incident.trace(end_ns))

    def _outcome(self, master: str, trace: Trace) -> Episode:
        outcome = measure(trace)
        return Episode(
            number=self._number,
            weight=self._weight,
            master=master,
            length_ns=trace.horizon_ns - self._begin_ns,
            downtime_ns=_by_faults(trace, outcome),
            outages=tuple(outcome.outages),
            dual_master_ns=outcome.dual_master_ns,
            wrong_instance_ns=outcome.wrong_instance_ns,
            black_hole_ns=outcome.black_hole_ns,
            stuck=self._stuck,
        )

    def _impossible(self) -> Episode:
        return Episode(self._number, 0.0, "", 0, (0,), (), 0, 0, 0)

    def _since(self, clock: Clock) -> int:
        """Since when the clock has been running when the first fault strikes."""
        if clock.memoryless:
            return self._begin_ns
        stream = self._randomness.stream("episode", "age", *clock.key)
        return self._begin_ns - clock.steady_age_ns(stream.uniform())

    @property
    def _last_ns(self) -> int:
        """When the last strike was, or what else began the episode."""
        return self._strikes[-1].at_ns if self._strikes else self._begin_ns

    def _calm(self) -> tuple[Incident, int, str | None]:
        """The world with the strikes so far and no others: when it is at rest, and its MASTER if it is steady then."""
        job = self._job
        incident = Incident(job.scenario, randomness=self._randomness, strikes=self._strikes, lost=self._lost)
        if self._lost is not None:
            incident.first_change_ns(self._begin_ns)
        end_ns = incident.come_to_rest()
        return incident, end_ns, incident.steady_master()

    def _windows(self, incident: Incident, to_ns: float) -> list[_Stretch]:
        """Of each clock that may strike after the last strike and before ``to_ns``; at rest, that is all of them."""
        last_ns = self._last_ns
        struck = {(strike.fault.name, strike.target) for strike in self._strikes}
        ends_ns = incident.ends_ns()
        windows = []
        for clock in self._job.clocks:
            since_ns = ends_ns[clock.key] if clock.key in struck else self._running_since[clock.key]
            from_ns = max(last_ns, since_ns)
            if from_ns < to_ns:
                age_ns = from_ns - since_ns
                windows.append(_Stretch(clock, from_ns, to_ns, age_ns, age_ns))
        return windows

    def _add_strike(self, further: int) -> bool:
        """One more fault, before the episode would have been over; False if there can be none."""
        incident, end_ns, master = self._calm()
        if master is None:
            return False
        windows = self._windows(incident, end_ns)
        choice = _Mixture(
            (1.0 - _URGENT - _DEEP, _Choice(windows)),
            (_URGENT, _Choice(part for window in windows for part in window.within(incident.outages_ns()))),
            (_DEEP, _Choice(part for window in windows for part in window.within([self._together_ns()]))),
        )
        if not choice:
            return False
        chosen = choice.pick(self._uniform(), self._uniform())
        strike = self._lasting(chosen.strike(self._uniform()), further)
        if strike is None:
            return False
        self._weight /= choice.density(chosen.clock, strike.at_ns)
        for window in windows:
            if window.clock is not chosen.clock and window.from_ns < strike.at_ns:
                self._weight *= window.survives(strike.at_ns)
        self._strikes.append(strike)
        return True

    def _together_ns(self) -> tuple[int, int]:
        """From the last strike on, as long as everything is in force that is then."""
        now_ns = self._last_ns
        return now_ns, min((end_ns for end_ns in self._ends_ns() if end_ns > now_ns), default=now_ns)

    def _lasting(self, strike: Strike, further: int) -> Strike | None:
        """The strike with how long it lasts, where so many ``further`` faults are to overlap with it, or it is the last
        of those that do. None: it cannot end together with the others."""
        duration = strike.fault.duration
        assert duration is not None, "faults without an end are refused"
        if further:
            found: tuple[int, float] | None = self._durations.long(duration, further)
        else:
            others_end_ns = [end_ns - strike.at_ns for end_ns in self._ends_ns() if end_ns > strike.at_ns]
            pick = self._durations.together if self._job.together else self._durations.apart
            found = pick(duration, others_end_ns)
        if found is None:
            return None
        lasts_ns, ratio = found
        self._weight *= ratio
        return strike._replace(lasts_ns=lasts_ns)

    def _ends_ns(self) -> list[int]:
        """When the faults end that have struck so far."""
        return [strike.at_ns + strike.lasts_ns for strike in self._strikes if strike.lasts_ns is not None]

    def _go_on(self) -> Episode:
        """Let the clocks run as they are until the world is in its steady state."""
        incident, end_ns, master = self._calm()
        for _ in range(_MOST_STRIKES):
            windows = self._windows(incident, math.inf)
            strike = min((window.strike(self._uniform()) for window in windows), key=_time)
            self._stuck |= master is None
            if master is not None and strike.at_ns >= end_ns:
                return self._outcome(master, incident.trace(end_ns))
            self._strikes.append(strike)
            if strike.at_ns >= end_ns:
                incident.strike(strike)
                end_ns, master = incident.come_to_rest(), incident.steady_master()
            else:
                incident, end_ns, master = self._calm()
        raise RestlessError(f"after {_MOST_STRIKES:,} faults in a row the world has not been in its steady state again")


def _time(strike: Strike) -> int:
    return strike.at_ns


def _by_faults(trace: Trace, outcome: RunOutcome) -> tuple[int, ...]:
    """The downtime with no fault in force, with one, with two and so on."""
    edges = [(0, 0)]
    for record in trace.records:
        if isinstance(record, FaultBegan):
            edges.append((record.at, edges[-1][1] + 1))
        elif isinstance(record, FaultEnded):
            edges.append((record.at, edges[-1][1] - 1))
    edges.append((trace.horizon_ns, 0))
    downtime_ns = [0] * (1 + max(count for _, count in edges))
    for (from_ns, count), (to_ns, _) in pairwise(edges):
        for outage in outcome.outages:
            downtime_ns[count] += max(0, min(to_ns, outage.end_ns) - max(from_ns, outage.start_ns))
    return tuple(downtime_ns)
