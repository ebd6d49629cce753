"""What a study by episodes came to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.measure.model import PHASES, Outage
from hasim.scenario.model import Scenario
from hasim.study.episodes.clocks import Clock
from hasim.study.episodes.estimation import Cycles, Overlap, Reward, Stratum
from hasim.study.episodes.horizons import MOST_EPISODES, Horizons, put_together
from hasim.study.episodes.losses import Silence
from hasim.study.episodes.quantiles import weighted_quantile
from hasim.study.episodes.rewards import (
    downtime_caused_by,
    downtime_ns,
    downtime_with,
    failover_count,
    failovers_of,
    length_ns,
    once,
    overlapping_downtime_ns,
    phase_ns,
)
from hasim.study.episodes.weights import Evidence, evidence
from hasim.study.estimators import CONFIDENCE, Estimate, scaled
from hasim.study.slo import Verdict, decide
from hasim.study.summary import LatencySummary, nines_of
from hasim.units import YEAR

if TYPE_CHECKING:
    import pandas as pd

    from hasim.report.tables import Table

__all__ = ["EpisodesResult", "Initiator", "Unseen"]


@dataclass(frozen=True, slots=True)
class Initiator:
    """One clock, and the episodes that it begins.

    Attributes:
        clock: which.
        per_year: how many episodes it begins in a year.
        downtime_ns: the mean downtime of one of them.
        length_ns: the mean time until the world is as before.
        share: of all downtime.
        episodes: how many were simulated.
    """

    clock: Clock | Silence
    per_year: float
    downtime_ns: Estimate
    length_ns: float
    share: float
    episodes: int


@dataclass(frozen=True, slots=True)
class Unseen:
    """No single fault of so many ``episodes`` left the service out until the next one; if ``one_in`` so many did, that
    would add a tenth to the unavailability."""

    episodes: int
    one_in: int


@dataclass(frozen=True, eq=False)
class EpisodesResult:
    """The long run of a scenario, from its episodes.

    Attributes:
        scenario: what was run.
        seed: the source of all randomness.
        method: ``episodes`` or ``rare``: which number was to become precise.
        precision: that was asked for, relative to that number.
        clocks: of the scenario: its faults, and lost adverts.
        cycles: all episodes with their weights.
        runs: how many times the world was run.
        version: of hasim.
    """

    scenario: Scenario
    seed: int
    method: str
    precision: float
    clocks: tuple[Clock | Silence, ...]
    cycles: Cycles
    runs: int
    version: str

    @property
    def episodes(self) -> int:
        """How many episodes were simulated."""
        return sum(map(len, self.cycles.episodes.values()))

    @cached_property
    def unavailability(self) -> Estimate:
        """The long-run fraction of time without service."""
        found = self.cycles.ratio(downtime_ns)
        return found.estimate(1.0) if found.value else self._bound(found.n)

    @property
    def availability(self) -> Estimate:
        """The long-run fraction of time with service."""
        lost = self.unavailability
        return Estimate(1.0 - lost.value, 1.0 - lost.high, 1.0 - lost.low, lost.confidence, lost.method, lost.n)

    @property
    def nines(self) -> Estimate:
        """The availability as a number of nines."""
        return nines_of(self.unavailability)

    @property
    def downtime_per_year_ns(self) -> Estimate:
        """The expected time without service in 365 days (ns)."""
        return scaled(self.unavailability, YEAR)

    @cached_property
    def outages_per_year(self) -> Estimate:
        """The expected number of outages in 365 days."""
        return self._per_year(lambda episode: len(episode.outages))

    @cached_property
    def episodes_per_year(self) -> Estimate:
        """How many episodes there are in 365 days."""
        return self._per_year(once)

    @cached_property
    def dual_master_per_year_ns(self) -> Estimate:
        """The expected time in 365 days (ns) with at least two live MASTERs."""
        return self._per_year(lambda episode: episode.dual_master_ns)

    @cached_property
    def wrong_instance_per_year_ns(self) -> Estimate:
        """The expected time in 365 days (ns) with the address on an instance that is not MASTER while another is."""
        return self._per_year(lambda episode: episode.wrong_instance_ns)

    @cached_property
    def black_hole_per_year_ns(self) -> Estimate:
        """The expected time in 365 days (ns) with MASTER and address together and no service all the same."""
        return self._per_year(lambda episode: episode.black_hole_ns)

    @cached_property
    def horizons(self) -> Horizons | None:
        """Runs of the scenario's horizon, put together from the episodes; None where a clock has a memory (how failures
        spread over a run depends on ages then, which episodes do not keep) or a run has too many of them."""
        has_memory = not all(clock.memoryless for clock in self.clocks if isinstance(clock, Clock))
        if has_memory or self.scenario.horizon_ns > MOST_EPISODES * self.cycles.mean_cycle_ns:
            return None
        return put_together(self.cycles, self.scenario.horizon_ns, self.seed)

    @cached_property
    def chance_of_missing_availability(self) -> Estimate | None:
        """The probability that one horizon has less than the SLO's availability; None if it asks for none, or where
        there are no :attr:`horizons`."""
        wanted = self.scenario.slo.availability
        if wanted is None or self.horizons is None:
            return None
        return self.horizons.chance_above((1.0 - wanted) * self.scenario.horizon_ns)

    @cached_property
    def unavailability_by_faults(self) -> dict[int, Estimate]:
        """The fraction of time without service while so many faults are in force; they add up to the whole."""
        most = max(len(episode.downtime_ns) for rows in self.cycles.episodes.values() for episode in rows)
        table = {}
        for count in range(most):
            found = self.cycles.ratio(downtime_with(count))
            if found.value:
                table[count] = found.estimate(1.0)
        return table

    @cached_property
    def overlapping_unavailability(self) -> Estimate:
        """The fraction of time without service while at least two faults are in force."""
        found = self.cycles.ratio(overlapping_downtime_ns)
        return found.estimate(1.0) if found.value else self._bound(found.n)

    @cached_property
    def failover_latency(self) -> LatencySummary | None:
        """How long failovers take, each with the weight of its stratum; None if there was none."""
        if not self._failovers:
            return None
        p50, p95, p99 = (self.failover_percentile(share) for share in (0.50, 0.95, 0.99))
        assert p50 is not None
        assert p95 is not None
        assert p99 is not None
        longest_ns = max(outage.duration_ns for outage in self._failovers)
        return LatencySummary(len(self._failovers), p50, p95, p99, longest_ns)

    def failover_percentile(self, share: float) -> Estimate | None:
        """A quantile of the failover latency (ns), 0.99 for p99; None if there was no failover."""
        return weighted_quantile(self.cycles, failovers_of, share) if self._failovers else None

    @cached_property
    def phases_ns(self) -> dict[str, Estimate]:
        """The mean of each phase over all failovers, in the order of the phases; empty if there was none."""
        if not self._failovers:
            return {}
        return {
            phase: self.cycles.ratio(phase_ns(index), failover_count).estimate() for index, phase in enumerate(PHASES)
        }

    @cached_property
    def downtime_by_cause(self) -> dict[str, Estimate]:
        """The fraction of time without service by the cause of the outage, the largest first."""
        causes = {o.cause for rows in self.cycles.episodes.values() for e in rows if e.weight for o in e.outages}
        table = {cause: self.cycles.ratio(downtime_caused_by(cause)).estimate(1.0) for cause in sorted(causes)}
        return dict(sorted(table.items(), key=lambda item: -item[1].value))

    @cached_property
    def initiators(self) -> tuple[Initiator, ...]:
        """What begins episodes, what costs most first."""
        begin = [index for index in range(len(self.clocks)) if self.cycles.share_of_clock(index)]
        found = [self.cycles.ratio(downtime_ns, once, clock=index) for index in begin]
        total = math.fsum(lost.value * lost.measure for lost in found)
        rows = []
        for index, lost in zip(begin, found, strict=True):
            per_year = self.episodes_per_year.value * self.cycles.share_of_clock(index)
            share = lost.value * lost.measure / total if total else 0.0
            mean_ns = self.cycles.ratio(length_ns, once, clock=index).value
            episodes = sum(len(rows) for stratum, rows in self.cycles.episodes.items() if stratum.clock == index)
            rows.append(Initiator(self.clocks[index], per_year, lost.estimate(), mean_ns, share, episodes))
        return tuple(sorted(rows, key=lambda row: -row.share))

    @property
    def aim(self) -> Estimate:
        """The number that was to become precise."""
        return self.overlapping_unavailability if self.method == "rare" else self.unavailability

    @property
    def overlaps(self) -> list[Overlap]:
        """What is made to overlap with the first fault, in the strata."""
        return sorted({stratum.overlap for stratum in self.cycles.episodes})

    def evidence(self, overlap: Overlap | None = None) -> Evidence:
        """What the weights are worth for the number that was to become precise, of one kind of overlap or of all."""
        return evidence(self.cycles, overlapping_downtime_ns if self.method == "rare" else downtime_ns, overlap)

    @cached_property
    def gain(self) -> float:
        """How many times the work crude simulation would need for the same error of the same number.

        Crude: episodes as they come, without strata and without biased clocks, one run of the world each. Their
        variance is known from the weighted episodes. Infinite where there is no error.
        """
        reward = overlapping_downtime_ns if self.method == "rare" else downtime_ns
        found = self.cycles.ratio(reward)
        squares = self.cycles.ratio(lambda episode: (reward(episode) - found.value * episode.length_ns) ** 2, once)
        ours = self.runs * (found.error * found.measure) ** 2
        return squares.value / ours if ours else math.inf

    @property
    def unseen(self) -> Unseen | None:
        """What single faults might do and have not done in any episode; None if one has.

        An episode that waits for the next fault is as long as the healthy time between two: where a share p of them do,
        the unavailability is larger by p. What is as rare as that is not in the answer, nor in its interval.
        """
        alone = [episode for stratum, rows in self.cycles.episodes.items() if not stratum.depth for episode in rows]
        if any(episode.stuck for episode in alone) or not self.unavailability.value:
            return None
        return Unseen(len(alone), round(10.0 / self.unavailability.value))

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Whether the scenario's SLO is met, as far as episodes can tell: its longest outage is a matter of one run."""
        slo = self.scenario.slo
        found = []
        if slo.availability is not None:
            measured = self.availability
            met = decide(measured.low >= slo.availability, measured.high < slo.availability)
            found.append(Verdict("availability", "fraction", slo.availability, measured, met))
        for share, limit_ns in sorted(slo.failover_percentiles.items()):
            latency = self.failover_percentile(share)
            met = None if latency is None else decide(latency.high <= limit_ns, latency.low > limit_ns)
            found.append(Verdict(f"failover p{100 * share:.10g}", "ns", limit_ns, latency, met))
        return tuple(found)

    def begun_by(self, stratum: Stratum) -> tuple[str, str]:
        """The fault that begins the episodes of a stratum, and its target."""
        return self.clocks[stratum.clock].key

    def save(self, directory: str | PathLike[str], command: str = "", *, parquet: bool = False) -> list[Path]:
        """Keep it in a directory, made if need be, to be read by :func:`hasim.study.episodes.load_episodes`; returns
        the files (:mod:`hasim.study.episodes.storage`).

        Raises:
            UserError: the directory or a file cannot be written; Parquet is asked for and not installed.
        """
        from hasim.study.episodes.storage import save

        return save(self, Path(directory), command, parquet=parquet)

    def charts(self, directory: str | PathLike[str], formats: Sequence[str] = ("png", "svg")) -> list[Path]:
        """Draw its charts into a directory, made if need be; returns the files.

        Raises:
            OSError: the directory or a file cannot be written.
        """
        from hasim.report.charts import save_charts
        from hasim.report.charts.episodes import episodes_charts

        Path(directory).mkdir(parents=True, exist_ok=True)
        return save_charts(episodes_charts(self), Path(directory), formats)

    def write_report(self, path: str | PathLike[str], command: str = "") -> None:
        """Write the study as one HTML file; ``command`` is told as the way to make it again.

        Raises:
            OSError: the file cannot be written.
        """
        from hasim.report.page import episodes_page, write_page

        write_page(episodes_page(self, command), Path(path))

    def frame(self, table: str = "episodes") -> pd.DataFrame:
        """A row per episode, with how many times a year it counts; ``outages`` or ``strata`` for those tables.

        Raises:
            UserError: there is no such table.
        """
        from hasim.study.episodes.storage import frame

        return frame(self, table)

    def tables(self) -> list[Table]:
        """What people look at."""
        from hasim.report.episodes import episodes_tables

        return episodes_tables(self)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data, in the format that :mod:`hasim.study.episodes.document` describes."""
        from hasim.study.episodes.document import document_of

        return document_of(self)

    def __repr__(self) -> str:
        return f"<EpisodesResult of {self.scenario.name!r}: {self.episodes} episodes, {self.nines.value:.2f} nines>"

    def _repr_html_(self) -> str:
        from hasim.report.html import tables_html

        return tables_html(self.tables())

    @cached_property
    def _failovers(self) -> list[Outage]:
        episodes = (episode for rows in self.cycles.episodes.values() for episode in rows if episode.weight)
        return [outage for episode in episodes for outage in failovers_of(episode)]

    def _per_year(self, reward: Reward) -> Estimate:
        return scaled(self.cycles.ratio(reward).estimate(), YEAR)

    def _bound(self, n: int) -> Estimate:
        """Of an unavailability of which nothing was seen: what may hide in strata that had so many episodes without.

        In each, no more than the exact binomial bound of them have any, and none has more than the longest episode.
        """
        tail = (1.0 - CONFIDENCE) / 2.0
        longest_ns = max(episode.length_ns for rows in self.cycles.episodes.values() for episode in rows)
        hidden = math.fsum(
            self.cycles.share(stratum) * -math.expm1(math.log(tail) / len(rows))
            for stratum, rows in self.cycles.episodes.items()
            if stratum.depth == 0
        )
        high = min(1.0, hidden * longest_ns / self.cycles.ratio(once).measure)
        return Estimate(0.0, 0.0, high, CONFIDENCE, "none seen: exact binomial bound in every stratum", n)
