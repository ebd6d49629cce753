"""The result of a study: its outcomes, and every number derived from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.arguments import HeartbeatMode
from hasim.scenario.model import Scenario
from hasim.study import summary
from hasim.study.estimators import Estimate, quantile, scaled
from hasim.study.outcomes import Outages, Outcomes, amounts_of
from hasim.study.overlaps import Overlaps, too_rare, too_rare_to_neglect
from hasim.study.slo import Verdict, verdicts
from hasim.study.stopping import Stopping
from hasim.study.summary import LatencySummary
from hasim.units import YEAR, counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StudyResult"]


@dataclass(frozen=True)
class StudyResult:
    """What many replications of one scenario came to. At least one outcome, in the order of their numbers.

    Attributes:
        scenario: what was run.
        seed: the source of all randomness.
        heartbeats: ``quiet`` or ``explicit``.
        outcomes: one per replication, in a temporary file.
        version: of hasim.
        interrupted: whether fewer replications were finished than were wanted.
        stopping: the precision that was asked for and what it came to; None if a number of replications was.
    """

    scenario: Scenario
    seed: int
    heartbeats: HeartbeatMode
    outcomes: Outcomes
    version: str
    interrupted: bool
    stopping: Stopping | None = None

    @cached_property
    def unavailability(self) -> Estimate:
        """The expected fraction of time without service."""
        return summary.unavailability(self.outcomes)

    @property
    def availability(self) -> Estimate:
        """The expected fraction of time with service."""
        lost = self.unavailability
        return Estimate(1.0 - lost.value, 1.0 - lost.high, 1.0 - lost.low, lost.confidence, lost.method, lost.n)

    @cached_property
    def overlaps(self) -> Overlaps | None:
        """Failures of all instances at once for which the interval of the unavailability does not allow, because too
        few of them are to be expected in what was simulated; None: there are none, or they do not matter."""
        return too_rare_to_neglect(too_rare(self.scenario, self.outcomes), self.unavailability)

    @property
    def nines(self) -> Estimate:
        """The availability as a number of nines: 3 for 99.9 %; infinite where no downtime was seen."""
        return summary.nines_of(self.unavailability)

    @property
    def downtime_per_year_ns(self) -> Estimate:
        """The expected time without service in 365 days (ns)."""
        return scaled(self.unavailability, YEAR)

    @cached_property
    def outages_per_year(self) -> Estimate:
        """The expected number of outages in 365 days."""
        return summary.outages_per_year(self.outcomes)

    @cached_property
    def dual_master_per_year_ns(self) -> Estimate:
        """The expected time in 365 days (ns) with at least two live MASTERs."""
        return summary.time_per_year_ns(self.outcomes, "dual_master_ns")

    @cached_property
    def wrong_instance_per_year_ns(self) -> Estimate:
        """The expected time in 365 days (ns) with the address on an instance that is not MASTER while another is."""
        return summary.time_per_year_ns(self.outcomes, "wrong_instance_ns")

    @cached_property
    def black_hole_per_year_ns(self) -> Estimate:
        """The expected time in 365 days (ns) with MASTER and address together and no service all the same."""
        return summary.time_per_year_ns(self.outcomes, "black_hole_ns")

    def total(self, name: str) -> int:
        """What all outcomes together have under this name (``downtime_ns``, ``transitions``, ...)."""
        return sum(amounts_of(self.outcomes, name))

    @property
    def outages(self) -> Outages:
        """The outages of all replications, in their order."""
        return self.outcomes.outages

    @property
    def failovers(self) -> Outages:
        """The outages that ended on another instance than they began on."""
        return summary.failovers(self.outcomes)

    @cached_property
    def failover_latency(self) -> LatencySummary | None:
        """How long failovers took; None if there was none."""
        return summary.latency_summary(self.failovers.column("duration_ns"))

    @cached_property
    def latency_by_cause(self) -> dict[str, LatencySummary]:
        """Failover latency of each cause, by name."""
        return summary.latency_by_cause(self.failovers)

    @cached_property
    def latency_by_phase(self) -> dict[str, LatencySummary]:
        """What each phase took of the failovers, in the order of the phases; empty if there was none."""
        return summary.latency_by_phase(self.failovers)

    def failover_percentile(self, share: float) -> Estimate | None:
        """A quantile of the failover latency (ns), 0.99 for p99; None if there was no failover."""
        ordered = summary.ascending(self.failovers.column("duration_ns"))
        return quantile(ordered, share) if ordered else None

    @property
    def longest_outage_ns(self) -> int:
        """The longest outage of all, 0 if there was none."""
        return max((lost.longest_ns for lost in self.outages.totals()), default=0)

    @cached_property
    def downtime_by_cause_ns(self) -> dict[str, int]:
        """The downtime of all replications together, by cause, the largest first."""
        return summary.downtime_by_cause_ns(self.outcomes)

    @cached_property
    def api_calls(self) -> dict[str, dict[str, int]]:
        """Action -> code -> number of calls in all replications together."""
        return summary.api_calls(self.outcomes)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Whether the scenario's SLO is met, one verdict for each thing it asks for."""
        rare = too_rare(self.scenario, self.outcomes)
        return verdicts(self.scenario.slo, self.outcomes, self.availability, overlaps=rare)

    @property
    def chance_of_missing_availability(self) -> Estimate | None:
        """The probability that one horizon has less than the SLO's availability; None if it asks for none."""
        wanted = self.scenario.slo.availability
        return None if wanted is None else summary.chance_below(self.outcomes, wanted)

    def outages_frame(self) -> pd.DataFrame:
        """A row per outage (see :data:`hasim.study.frames.OUTAGE_COLUMNS`)."""
        from hasim.study.frames import outages_frame

        return outages_frame(self.outcomes)

    def replications_frame(self) -> pd.DataFrame:
        """A row per replication."""
        from hasim.study.frames import replications_frame

        return replications_frame(self.outcomes)

    def api_frame(self) -> pd.DataFrame:
        """A row per API action and code: how many calls."""
        from hasim.study.frames import api_frame

        return api_frame(self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data, in the format that :mod:`hasim.study.document` describes."""
        from hasim.study.document import document_of

        return document_of(self)

    def save(self, directory: str | PathLike[str], command: str = "", *, parquet: bool = False) -> list[Path]:
        """Keep the study in a directory, to be read by :func:`hasim.study.load_result`; returns the files.

        ``command`` is what made it, for the record; ``parquet`` writes the tables in that format too.

        Raises:
            UserError: the directory or a file cannot be written; Parquet needs pyarrow, which is not installed.
        """
        from hasim.study.keeping.study import save

        return save(self, Path(directory), command, parquet=parquet)

    def charts(self, directory: str | PathLike[str], formats: Sequence[str] = ("png", "svg")) -> list[Path]:
        """Draw every chart of the study into a directory, made if need be, with the timeline of a typical failover.

        The timeline needs the trace of that replication, so it is run once more. Returns the files.

        Raises:
            OSError: the directory or a file cannot be written.
        """
        from hasim.report.charts import save_all
        from hasim.report.selection import typical_failover
        from hasim.sim import simulate

        target = Path(directory)
        target.mkdir(parents=True, exist_ok=True)
        found = typical_failover(self)
        if found is None:
            return save_all(self, target, formats)
        outcome = self.outcomes.numbered(found.replication)
        trace = simulate(self.scenario, seed=self.seed, replication=found.replication, heartbeats=self.heartbeats)
        return save_all(self, target, formats, of_interest=(trace, outcome.outages[found.number - 1]))

    def write_report(self, path: str | PathLike[str], command: str = "") -> None:
        """Write the study as one HTML file; ``command`` is told as the way to make it again.

        Raises:
            OSError: the file cannot be written.
        """
        from hasim.report.page import study_page, write_page

        write_page(study_page(self, command), Path(path))

    def __hash__(self) -> int:
        return hash((self.scenario.digest, self.seed, self.heartbeats, len(self.outcomes)))

    def __repr__(self) -> str:
        nines = self.nines
        shown = f"{nines.value:.2f}" if nines.value < math.inf else f"more than {nines.low:.2f}"
        return (
            f"<StudyResult of {self.scenario.name!r}: {counted(len(self.outcomes), 'replication')}, "
            f"{counted(len(self.outages), 'outage')}, {shown} nines>"
        )

    def _repr_html_(self) -> str:
        from hasim.report.html import study_html

        return study_html(self)
