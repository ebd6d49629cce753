"""A sweep as tables: each metric at each point, and where it is least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hasim.report.comparison import interval_text, luck_remark
from hasim.report.numbers import amount_text, replications_text
from hasim.report.overlaps import overlaps_remark
from hasim.report.tables import Table
from hasim.study.compare.variants import foreign_faults
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.study.compare import Metric
    from hasim.study.sweep import Sweep

__all__ = ["points_foreign_faults", "sweep_sentence", "sweep_tables"]

_MOST_ROWS = 60
_MOST_NAMED = 4
_ABREAST = 2
"""Metrics in one table."""


def sweep_tables(sweep: Sweep) -> list[Table]:
    """The tables of a sweep in reading order."""
    groups = [sweep.metrics[start : start + _ABREAST] for start in range(0, len(sweep.metrics), _ABREAST)]
    return [*(_points(sweep, metrics, is_first=metrics is groups[0]) for metrics in groups), _least(sweep)]


def sweep_sentence(sweep: Sweep) -> str:
    """Where the first metric is least, and what it is there with what interval."""
    from hasim.report.charts.sweep import finding

    metric = sweep.metrics[0]
    leader = sweep.best(metric).leader
    if leader is None:
        return f"{finding(sweep, metric)}."
    estimate = sweep.estimates[metric.name][leader]
    assert estimate is not None
    found = amount_text(estimate.value, metric.unit)
    return f"{finding(sweep, metric)}: {found} (95% interval {interval_text(estimate, metric.unit)})."


def points_foreign_faults(sweep: Sweep) -> tuple[str, ...]:
    """The faults that are not the same at all points: they are part of what is seen."""
    return foreign_faults(*(point.scenario for point in sweep.points))


def _points(sweep: Sweep, metrics: Sequence[Metric], *, is_first: bool) -> Table:
    first = sweep.results[0]
    count = f"{replications_text(sweep.replications, first.scenario.horizon_ns)}, seed {first.seed}"
    title = f"{sweep.name}: {counted(len(sweep.points), 'point')}, {count}"
    if sweep.interrupted:
        title += " (interrupted)"
    rows = tuple(tuple(_row(sweep, metrics, index)) for index in range(min(len(sweep.points), _MOST_ROWS)))
    columns = [one.label for one in sweep.parameters]
    for metric in metrics:
        columns += [metric.label, "95% interval"]
    lead = len(sweep.parameters)
    numbers = (*range(lead), *(lead + 2 * index for index in range(len(metrics))))
    if not is_first:
        return Table(", ".join(metric.label for metric in metrics), tuple(columns), rows, numbers=numbers)
    return Table(title, tuple(columns), rows, numbers=numbers, note=" ".join(filter(None, _remarks(sweep))))


def _row(sweep: Sweep, metrics: Sequence[Metric], index: int) -> Iterator[str]:
    for one, value in zip(sweep.parameters, sweep.points[index].values, strict=True):
        yield one.text_of(value)
    for metric in metrics:
        estimate = sweep.estimates[metric.name][index]
        yield "none" if estimate is None else amount_text(estimate.value, metric.unit)
        yield "" if estimate is None else interval_text(estimate, metric.unit)


def _remarks(sweep: Sweep) -> Iterator[str]:
    yield luck_remark("points", points_foreign_faults(sweep))
    yield overlaps_remark(sweep.results, sweep.metrics)
    if len(sweep.points) > _MOST_ROWS:
        yield f"{counted(len(sweep.points) - _MOST_ROWS, 'more point')}: --json, or --out and its sweep.csv."
    for group in sweep.same_scenarios[:_MOST_NAMED]:
        texts = " | ".join(sweep.text_of(index) for index in group[:_MOST_NAMED])
        more = f" and {len(group) - _MOST_NAMED} more" if len(group) > _MOST_NAMED else ""
        yield f"The same scenario (keepalived rounds, or nothing hangs on the value): {texts}{more}."


def _least(sweep: Sweep) -> Table:
    rows = tuple((metric.label, *_least_text(sweep, metric)) for metric in sweep.metrics)
    note = "by paired differences of all points from that one, which hold together with 95% (Bonferroni)"
    if any(estimate is None for metric in sweep.metrics for estimate in sweep.estimates[metric.name]):
        note += "; a point that has none of it (no failover, say) is no better and no worse for that"
    return Table("Least at", ("", "", ""), rows, note=note)


def _least_text(sweep: Sweep, metric: Metric) -> tuple[str, str]:
    """Where a metric is least, and where it may be as little."""
    best = sweep.best(metric)
    if best.leader is None:
        return "nothing of the kind", ""
    if not best.others:
        return sweep.text_of(best.leader), "" if len(sweep.points) == 1 else "certainly"
    if len(best.others) > _MOST_NAMED:
        return sweep.text_of(best.leader), f"or one of {len(best.others)} other points: undecided"
    return sweep.text_of(best.leader), f"or {' | '.join(map(sweep.text_of, best.others))}: undecided"
