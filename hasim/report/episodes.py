"""A study by episodes as tables: the long run, what begins episodes, overlapping faults, and what weights are worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hasim.report.numbers import duration_text, nines_text, per_year, percentage_without, share_text, small_text
from hasim.report.tables import Table, estimate_row, slo_table
from hasim.report.wording import fault_title
from hasim.study.estimators import CONFIDENCE
from hasim.units import YEAR, counted, format_duration

if TYPE_CHECKING:
    from hasim.study.episodes import EpisodesResult
    from hasim.study.episodes.results import Initiator
    from hasim.study.estimators import Estimate
    from hasim.study.exact import ExactAnswer

__all__ = ["begun_by", "episodes_tables", "exact_tables"]


_PERCENTILES = (0.5, 0.9, 0.99)


def episodes_tables(result: EpisodesResult) -> list[Table]:
    """The tables in reading order; those that would be empty are left out."""
    candidates = (
        _headline(result),
        slo_table(result.verdicts),
        _horizons(result),
        _by_faults(result),
        _initiators(result),
        _phases(result),
        _evidence(result),
    )
    return [table for table in candidates if table.rows]


def exact_tables(answer: ExactAnswer, simulated: Estimate | None) -> list[Table]:
    """The exact answer, beside the ``simulated`` unavailability if there is one."""
    exact = answer.unavailability
    rows = [
        (term.name, _rate_text(term.rate), _mean_text(term.mean_ns), small_text(term.unavailability), "", "")
        for term in answer.terms
    ]
    rows.append(("together", "", "", small_text(exact.value), _range(exact) if exact.high > exact.low else "", ""))
    if simulated is not None:
        verdict = "agrees" if answer.agrees_with(simulated) else "DOES NOT AGREE"
        rows.append(("simulated", "", "", small_text(simulated.value), _range(simulated), verdict))
    title = f"{answer.scenario.name}: exact model ({answer.kind})"
    columns = ("", "per year", "mean", "unavailability", f"{exact.confidence:.0%} interval", "")
    return [Table(title, columns, tuple(rows), numbers=(1, 2, 3), note=_said_once(answer.assumptions))]


def _said_once(remarks: Sequence[str]) -> str:
    """The remarks in one line; what several begin with, up to a colon, is said once."""
    parts: dict[str, list[str]] = {}
    for remark in remarks:
        head, colon, rest = remark.partition(": ")
        parts.setdefault(head + colon, []).append(rest)
    return "; ".join(head + "; ".join(rests) for head, rests in parts.items())


def _rate_text(rate: float | None) -> str:
    return "" if rate is None else per_year(rate * YEAR)


def _mean_text(mean_ns: float) -> str:
    return "" if math.isnan(mean_ns) else duration_text(mean_ns)


def _headline(result: EpisodesResult) -> Table:
    lost = result.unavailability
    interval = f"{percentage_without(lost.high, 3)} to {percentage_without(lost.low, 3)}"
    rows = [
        ("availability", percentage_without(lost.value, 3), interval),
        estimate_row("nines", result.nines, nines_text),
        estimate_row("unavailability", lost, small_text),
        estimate_row("downtime per year", result.downtime_per_year_ns, duration_text),
        estimate_row("outages per year", result.outages_per_year, per_year),
    ]
    if result.method == "rare":
        rows.insert(
            0, estimate_row("unavailability by overlapping faults", result.overlapping_unavailability, small_text)
        )
    latency = result.failover_latency
    if latency is not None:
        for name, estimate in (("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99)):
            rows.append(estimate_row(f"failover latency {name}", estimate, duration_text))
    title = f"{result.scenario.name}: the long run from {counted(result.episodes, 'episode')}, seed {result.seed}"
    note = "; ".join(filter(None, (_precision(result), _unseen(result))))
    return Table(title, ("", "", f"{lost.confidence:.0%} interval"), tuple(rows), numbers=(1,), note=note)


def _precision(result: EpisodesResult) -> str:
    aim = result.aim
    if not aim.value:
        return ""
    width = max(aim.high - aim.value, aim.value - aim.low) / aim.value
    reached = "" if width <= 1.2 * result.precision else f" (±{result.precision:.0%} was wanted)"
    gain = "" if math.isinf(result.gain) else f"; crude simulation would need {result.gain:,.0f} times as many"
    return f"±{width:.1%} after {counted(result.runs, 'run')} of the world{reached}{gain}"


def _unseen(result: EpisodesResult) -> str:
    unseen = result.unseen
    if result.method == "rare" or unseen is None:
        return ""
    return (
        f"of {unseen.episodes:,} single faults none left the service out until the next fault; if one in "
        f"{unseen.one_in:,} does, that adds a tenth"
    )


def _horizons(result: EpisodesResult) -> Table:
    """How the downtime of one run is distributed; empty where episodes do not tell."""
    found, wanted = result.horizons, result.scenario.slo.availability
    title = f"Downtime of one run of {format_duration(result.scenario.horizon_ns)}"
    columns = ("", "", f"{CONFIDENCE:.0%} interval")
    if found is None:
        return Table(title, columns, ())
    rows = [estimate_row(f"p{100 * share:.0f}", found.percentile(share), duration_text) for share in _PERCENTILES]
    rows.append(estimate_row("runs with an outage", found.chance_above(0), share_text))
    missing = result.chance_of_missing_availability
    if wanted is not None and missing is not None:
        rows.append(estimate_row(f"runs that miss {percentage_without(1.0 - wanted)}", missing, share_text))
    note = (
        f"{found.runs:,} runs put together from the episodes; the intervals are of what these tell, and allow for "
        "what so few may not have shown"
    )
    return Table(title, columns, tuple(rows), numbers=(1,), note=note)


def _by_faults(result: EpisodesResult) -> Table:
    rows = tuple(
        (_count_text(count), small_text(lost.value), _range(lost), f"{lost.value / result.unavailability.value:.2%}")
        for count, lost in result.unavailability_by_faults.items()
    )
    columns = ("downtime while", "unavailability", "interval", "share")
    return Table("By faults in force", columns, rows, numbers=(1, 3))


def _count_text(count: int) -> str:
    if count == 0:
        return "none is (failback, boots, scripts, lost adverts)"
    return "one fault is in force" if count == 1 else f"{count} faults are in force"


def _initiators(result: EpisodesResult) -> Table:
    rows = tuple(
        (
            begun_by(row),
            per_year(row.per_year),
            duration_text(row.length_ns),
            duration_text(row.downtime_ns.value),
            f"{duration_text(row.downtime_ns.low)} to {duration_text(row.downtime_ns.high)}",
            f"{row.share:.1%}",
            f"{row.episodes:,}",
        )
        for row in result.initiators
    )
    columns = ("begun by", "per year", "length", "downtime", "interval", "share", "episodes")
    note = "length: until everything is as before; downtime: of one such episode, means"
    return Table("What begins it", columns, rows, numbers=(1, 2, 3, 5, 6), note=note)


def begun_by(initiator: Initiator) -> str:
    """What begins an episode: ``crash of a``, or the fault's name where the scenario gives it one of its own."""
    from hasim.study.episodes.clocks import Clock

    clock = initiator.clock
    if not isinstance(clock, Clock):
        return clock.label
    fault = clock.fault
    generated = " ".join((fault.kind.value, *fault.targets, *fault.between, *fault.and_))
    return fault_title(fault.kind.value, clock.target) if fault.name == generated else clock.label


def _phases(result: EpisodesResult) -> Table:
    total_ns = math.fsum(estimate.value for estimate in result.phases_ns.values())
    rows = tuple(
        (*estimate_row(phase, estimate, duration_text), f"{estimate.value / total_ns:.1%}")
        for phase, estimate in result.phases_ns.items()
        if estimate.value
    )
    return Table("Where a failover's time goes", ("phase", "mean", "95% interval", "share"), rows, numbers=(1, 3))


def _evidence(result: EpisodesResult) -> Table:
    rows = []
    for overlap in result.overlaps:
        found = result.evidence(overlap)
        name = "the first fault alone"
        if overlap.depth:
            name = f"{counted(overlap.depth, 'more fault')}, ending {'together' if overlap.together else 'apart'}"
        part = f"{found.part:.2%}"
        effective = f"{found.effective:,.0f}" if found.part else "-"
        largest = f"{found.largest:.1%}" if found.part else "-"
        rows.append((name, f"{found.episodes:,}", small_text(found.chance), part, effective, largest))
    aim = "downtime with overlapping faults" if result.method == "rare" else "all downtime"
    note = (
        "together: the last of them ends within a minute of another; effective: so many equal "
        f"weights would say as much about {aim}; largest: what one episode adds to that part"
    )
    columns = ("episodes with", "simulated", "probability", "part", "effective", "largest")
    return Table("What the weights are worth", columns, tuple(rows), numbers=(1, 2, 3, 4, 5), note=note)


def _range(estimate: Estimate) -> str:
    return f"{small_text(estimate.low)} to {small_text(estimate.high)}"
