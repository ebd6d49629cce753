"""A study as tables: plain data first (:class:`Table`), dressed for the terminal here and for notebooks in ``html``.

Every estimate is shown with its interval. A bound that the observations do not give is said so and not invented.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hasim.measure.model import FAILOVER, FIRST_SERVICE, PHASES, RECOVERED_IN_PLACE, UNRESOLVED
from hasim.report.numbers import duration_text, nines_text, per_year, percentage, share_text
from hasim.report.overlaps import in_doubt_note, overlaps_note
from hasim.study.slo import LONGEST_OUTAGE
from hasim.units import counted, format_duration

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table as RichTable

    from hasim.scenario.model import Scenario
    from hasim.study import Estimate, LatencySummary, StudyResult, Verdict

__all__ = ["Table", "dual_master_note", "estimate_row", "rich_table", "slo_table", "stopping_note", "study_tables"]

_PASSING_SHARE = 0.1
"""Two MASTERs for longer than this part of the time are more than an election after a fault."""

MET, MISSED, UNDECIDED = "met", "NOT MET", "undecided"


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of text. ``numbers`` are the positions of the columns that are aligned to the right.

    ``note`` stands below it, empty where there is nothing to add.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    note: str = ""


def study_tables(result: StudyResult) -> list[Table]:
    """The tables of a study in reading order; those that would be empty are left out."""
    candidates = (
        _headline(result),
        slo_table(result.verdicts, _slo_remark(result)),
        _by_cause(result),
        _by_phase(result),
        _api(result),
        _disagreements(result),
        _weak_defaults(result),
    )
    return [table for table in candidates if table.rows]


def design_table(scenario: Scenario) -> Table:
    """What a scenario is about: its instances, and how the address moves between them."""
    rows = tuple(
        (
            instance.name,
            instance.zone,
            str(instance.vrrp.priority),
            format_duration(instance.vrrp.advert_int_ns),
            f"VRRPv{instance.vrrp.version}" + (", nopreempt" if instance.vrrp.nopreempt else ""),
        )
        for instance in scenario.instances
    )
    title = f"{scenario.name}: {scenario.floating.label} moves by {scenario.floating.mechanism}"
    return Table(title, ("instance", "zone", "priority", "advert_int", "protocol"), rows, numbers=(2, 3))


def rich_table(table: Table) -> Any:
    """The table for the terminal: title, rows and note as one renderable of :mod:`rich`."""
    from rich.console import Group
    from rich.text import Text

    from hasim.report.rich_text import HeldText

    note = (HeldText(table.note, style="dim"),) if table.note else ()
    return Group(HeldText(table.title, style="bold"), _Body(table), *note, Text())


@dataclass(frozen=True, slots=True)
class _Body:
    """The rows of a table, which :mod:`rich` asks for as soon as it knows how wide they may be."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RichTable]:
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        from hasim.report.columns import column_widths
        from hasim.report.rich_text import HeldText

        table = self.table
        widths = column_widths(table.columns, table.rows, table.numbers, options.max_width)
        body = RichTable(
            box=box.SIMPLE_HEAD, show_header=any(table.columns), show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
        )
        for position, width in enumerate(widths):
            justify: Literal["right", "left"] = "right" if position in table.numbers else "left"
            body.add_column(Text(table.columns[position]), justify=justify, overflow="fold", width=width)
        for row in table.rows:
            body.add_row(*(HeldText(text, style=_STYLES.get(text, "")) for text in row))
        yield body


_STYLES = {MET: "green", MISSED: "bold red", UNDECIDED: "yellow"}


def _headline(result: StudyResult) -> Table:
    count, horizon = len(result.outcomes), format_duration(result.scenario.horizon_ns)
    title = f"{result.scenario.name}: {counted(count, 'replication')} of {horizon}, seed {result.seed}"
    if result.interrupted:
        title += " (interrupted)"
    availability = result.availability
    rows = [estimate_row("availability", availability, percentage)]
    if not result.scenario.is_scripted:
        rows += [
            estimate_row("nines", result.nines, nines_text),
            estimate_row("downtime per year", result.downtime_per_year_ns, duration_text),
            estimate_row("outages per year", result.outages_per_year, per_year),
        ]
    rows += [
        ("outages seen", f"{len(result.outages):,}", _endings(result)),
    ]
    latency = result.failover_latency
    if latency is not None:
        for name, estimate in (("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99)):
            rows.append(estimate_row(f"failover latency {name}", estimate, duration_text))
        rows.append(("longest failover", duration_text(latency.longest_ns), "observed"))
    if len(result.outages) > len(result.failovers):
        rows.append(("longest outage", duration_text(result.longest_outage_ns), "observed"))
    columns = ("", "", f"{availability.confidence:.0%} interval")
    return Table(title, columns, tuple(rows), numbers=(1,), note=_headline_note(result))


def estimate_row(name: str, estimate: Estimate, show: Callable[[float], str]) -> tuple[str, str, str]:
    """A row of name, value and interval."""
    return name, show(estimate.value), _range(estimate, show)


def stopping_note(result: StudyResult) -> str:
    """Whether the precision that was asked for was reached; empty if none was."""
    stopping, count = result.stopping, len(result.outcomes)
    if stopping is None:
        return ""
    asked = f"±{100 * stopping.precision:.3g}%"
    if stopping.met:
        reached = f"±{100 * stopping.reached:.2g}%"
        return (
            f"stopped after {counted(count, 'replication')}: the unavailability is known to {reached} ({asked} asked)"
        )
    where = "interrupted" if result.interrupted else f"stopped at the bound of {counted(count, 'replication')}"
    if math.isinf(stopping.reached):
        return f"{where} without any downtime: {asked} of it was asked, and it has an upper bound only"
    needed = stopping.replications_needed(count)
    if stopping.reached <= stopping.precision and stopping.overlaps is not None:
        return (
            f"{where}: the interval reaches no further than {asked}, as was asked, but not enough failures of all "
            f"instances at once are to be expected in so many; in about {needed:,} there are"
        )
    if stopping.reached <= stopping.precision:
        return f"{where}: too few replications had any downtime to say whether {asked} is reached"
    return (
        f"{where}: the unavailability is known to ±{100 * stopping.reached:.2g}% only, {asked} was asked; "
        f"about {needed:,} replications would do"
    )


def _headline_note(result: StudyResult) -> str:
    notes = (dual_master_note(result), stopping_note(result), overlaps_note(result), _scripted_note(result))
    return "; ".join(note for note in notes if note)


def dual_master_note(result: StudyResult) -> str:
    """How much of the time there are two MASTERs, where that is no passing state; else empty."""
    share = result.total("dual_master_ns") / (len(result.outcomes) * result.scenario.horizon_ns)
    if share <= _PASSING_SHARE:
        return ""
    return (
        f"two MASTERs at once for {share_text(share)} of the time: adverts do not arrive, or are not accepted "
        '("hasim lint" may say why, "hasim explain" says when)'
    )


def _scripted_note(result: StudyResult) -> str:
    if not result.scenario.is_scripted:
        return ""
    horizon = format_duration(result.scenario.horizon_ns)
    return f"every fault of this scenario is scripted: the availability is that of these {horizon}, not of a year"


def _weak_defaults(result: StudyResult) -> Table:
    """What the result stands on that nobody has published or measured."""
    weak = result.scenario.weak_defaults
    rows = ((", ".join(weak),),) if weak else ()
    return Table("Weak defaults that matter here: set them if you know better", ("",), rows)


def _endings(result: StudyResult) -> str:
    words = {
        FAILOVER: "ended by failover",
        RECOVERED_IN_PLACE: "recovered in place",
        FIRST_SERVICE: "until the first service",
        UNRESOLVED: "not over at the end",
    }
    counts = {name: len(result.outages.only(resolution=name)) for name in words}
    return ", ".join(f"{count:,} {words[name]}" for name, count in counts.items() if count)


def slo_table(verdicts: Sequence[Verdict], remark: str = "") -> Table:
    """What the SLO asks for beside what was measured, and a remark; without rows where it asks for nothing."""
    rows = tuple(_verdict_row(verdict) for verdict in verdicts)
    undecided = any(
        verdict.met is None and verdict.measured is not None and verdict.overlaps is None for verdict in verdicts
    )
    explained = "undecided: the interval holds the wanted value; more replications would tell" if undecided else ""
    note = "\n".join(filter(None, (explained, remark)))
    return Table("SLO", ("", "wanted", "measured", "interval", ""), rows, numbers=(1, 2), note=note)


def _slo_remark(result: StudyResult) -> str:
    in_doubt = in_doubt_note(result.verdicts, result.scenario, len(result.outcomes))
    return "\n".join(filter(None, (in_doubt, _counted_too(result), _chance_of_missing(result))))


def _counted_too(result: StudyResult) -> str:
    """Why a percentile here is not that of the failovers above; empty where it is."""
    latency = result.failover_latency
    seen = latency.count if latency else 0
    counted_here = [
        verdict.measured.n
        for verdict in result.verdicts
        if verdict.name.startswith("failover") and verdict.measured is not None
    ]
    if not any(count > seen for count in counted_here):
        return ""
    return (
        "failover: an outage that was not over when its run ended, and had lasted longer than is wanted, counts here "
        "as a failover too; the failover latency above is of those that ended"
    )


def _chance_of_missing(result: StudyResult) -> str:
    chance = result.chance_of_missing_availability
    if chance is None:
        return ""
    value, low, high = map(share_text, (chance.value, chance.low, chance.high))
    horizon = format_duration(result.scenario.horizon_ns)
    return f"{value} of the runs of {horizon} miss the availability that is wanted ({low} to {high})"


def _verdict_row(verdict: Verdict) -> tuple[str, ...]:
    is_fraction = verdict.unit == "fraction"
    show: Callable[[float], str] = percentage if is_fraction else duration_text
    wanted = f"≥ {percentage(verdict.wanted, 1)}" if is_fraction else f"≤ {format_duration(round(verdict.wanted))}"
    word = {True: MET, False: MISSED, None: UNDECIDED}[verdict.met]
    if verdict.measured is None:
        return verdict.name, wanted, "nothing seen", "", word
    interval = "" if verdict.name == LONGEST_OUTAGE else _range(verdict.measured, show)
    return verdict.name, wanted, show(verdict.measured.value), interval, word


def _by_cause(result: StudyResult) -> Table:
    total_ns, totals = sum(result.downtime_by_cause_ns.values()), result.outages.totals()
    rows = []
    for cause, lost_ns in result.downtime_by_cause_ns.items():
        found = [lost for lost in totals if lost.cause == cause]
        latency = result.latency_by_cause.get(cause)
        counts = (f"{sum(lost.count for lost in found):,}", f"{latency.count:,}" if latency else "0")
        quantiles = _quantiles(latency) if latency else ("-", "-", "-")
        share = f"{lost_ns / total_ns:.1%}" if total_ns else "-"
        rows.append(
            (
                cause.replace("_", " "),
                *counts,
                *quantiles,
                duration_text(max(lost.longest_ns for lost in found)),
                duration_text(lost_ns),
                share,
            )
        )
    columns = ("cause", "outages", "failovers", "p50", "p95", "p99", "longest", "downtime", "share")
    return Table("By cause", columns, tuple(rows), numbers=tuple(range(1, 9)), note="p50 to p99 are of failovers")


def _by_phase(result: StudyResult) -> Table:
    totals, count = result.failovers.totals(), len(result.failovers)
    total_ns = sum(lost.total_ns for lost in totals)
    rows = []
    for index, phase in enumerate(PHASES):
        latency = result.latency_by_phase.get(phase)
        if latency is None or not latency.longest_ns:
            continue
        lost_ns = sum(lost.phases_ns[index] for lost in totals)
        mean, share = duration_text(lost_ns / count), f"{lost_ns / total_ns:.1%}"
        rows.append((phase, mean, *_quantiles(latency), duration_text(latency.longest_ns), share))
    columns = ("phase", "mean", "p50", "p95", "p99", "longest", "share")
    return Table("Where a failover's time goes", columns, tuple(rows), numbers=tuple(range(1, 7)))


def _api(result: StudyResult) -> Table:
    rows = []
    for action, codes in result.api_calls.items():
        refused = {code: count for code, count in codes.items() if code != "OK"}
        why = ", ".join(f"{count:,} {code}" for code, count in sorted(refused.items(), key=lambda item: -item[1]))
        rows.append((action, f"{sum(codes.values()):,}", f"{codes.get('OK', 0):,}", f"{sum(refused.values()):,}", why))
    columns = ("API action", "calls", "OK", "failed", "with")
    return Table("API calls", columns, tuple(rows), numbers=(1, 2, 3))


def _disagreements(result: StudyResult) -> Table:
    rows = tuple(_disagreement_rows(result))
    return Table("When the truths disagree", ("", "per year", "95% interval", "in all"), rows, numbers=(1, 3))


def _disagreement_rows(result: StudyResult) -> Iterator[tuple[str, ...]]:
    sums_ns = {
        "dual MASTER": (result.total("dual_master_ns"), result.dual_master_per_year_ns),
        "address on an instance that is not MASTER": (
            result.total("wrong_instance_ns"),
            result.wrong_instance_per_year_ns,
        ),
        "black hole (MASTER has the address, no service)": (
            result.total("black_hole_ns"),
            result.black_hole_per_year_ns,
        ),
    }
    for name, (total_ns, estimate) in sums_ns.items():
        if total_ns:
            yield name, duration_text(estimate.value), _range(estimate, duration_text), duration_text(total_ns)


def _quantiles(latency: LatencySummary) -> tuple[str, str, str]:
    return duration_text(latency.p50.value), duration_text(latency.p95.value), duration_text(latency.p99.value)


def _range(estimate: Estimate, show: Callable[[float], str]) -> str:
    if math.isinf(estimate.high):
        return f"{show(estimate.low)} or more"
    return f"{show(estimate.low)} to {show(estimate.high)}"
