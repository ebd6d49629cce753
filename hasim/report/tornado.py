"""A sensitivity analysis as tables: what moves a number, and how far."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hasim.report.comparison import interval_text
from hasim.report.numbers import amount_text, signed_text
from hasim.report.overlaps import overlaps_remark
from hasim.report.tables import Table
from hasim.units import counted, format_duration

if TYPE_CHECKING:
    from hasim.study.compare import Difference, Metric
    from hasim.study.sensitivity import Sensitivity

__all__ = ["AS_IT_IS", "leading_text", "sensitivity_sentence", "sensitivity_tables"]

AS_IT_IS = "as it is"
"""The end of a parameter at which the scenario is no other one."""

_MOST_ROWS = 20
_MOST_LEADING = 2


def sensitivity_tables(sensitivity: Sensitivity) -> list[Table]:
    """The tables of a sensitivity analysis in reading order."""
    tables = [_moved(sensitivity, metric) for metric in sensitivity.metrics]
    rest = tuple(_left_out(sensitivity))
    return [*tables, Table("Not in the table", ("", ""), rest)] if rest else tables


def _moved(sensitivity: Sensitivity, metric: Metric) -> Table:
    base = sensitivity.base
    count = (
        f"{counted(len(base.outcomes), 'replication')} of {format_duration(base.scenario.horizon_ns)}, seed {base.seed}"
    )
    estimate = sensitivity.estimate(metric)
    now = "none" if estimate is None else amount_text(estimate.value, metric.unit)
    title = f"{base.scenario.name}: what moves the {metric.label} ({now}); {count}"
    if sensitivity.interrupted:
        title += " (interrupted)"
    moved = [one for one in sensitivity.moved(metric) if one.is_seen]
    rows = []
    for one in moved[:_MOST_ROWS]:
        uncertain = one.swing.uncertain
        ends = f"{uncertain.low_text} … {uncertain.high_text}"
        same = [text for name, text in sensitivity.same_ends if name == uncertain.name]
        parts = ((one.low, uncertain.low_text), (one.high, uncertain.high_text))
        values = [AS_IT_IS if text in same else _value(part, metric) for part, text in parts]
        rows.append((uncertain.name, uncertain.kind, ends, *values, *_across(one.across, metric)))
    columns = ("", "", "from … to", "low end", "high end", "from low to high", "interval")
    return Table(
        title, columns, tuple(rows), numbers=(3, 4, 5), note=" ".join(filter(None, _remarks(sensitivity, metric)))
    )


def _value(difference: Difference | None, metric: Metric) -> str:
    return "none" if difference is None else signed_text(difference.estimate.value, metric.unit)


def _across(difference: Difference | None, metric: Metric) -> tuple[str, str]:
    if difference is None:
        return "none", ""
    estimate = difference.estimate
    if math.isinf(estimate.low) and math.isinf(estimate.high):
        interval = "too few failovers"
    else:
        interval = f"{signed_text(estimate.low, metric.unit)} to {signed_text(estimate.high, metric.unit)}"
    return signed_text(estimate.value, metric.unit), interval


def _remarks(sensitivity: Sensitivity, metric: Metric) -> Iterator[str]:
    yield f"{leading_text(sensitivity, metric)}."
    yield (
        f"Each interval is one of {100 * sensitivity.confidence_each:.4g}%, so that all hold together with 95% "
        "(Bonferroni); what holds 0 is undecided."
    )
    yield overlaps_remark([sensitivity.base], [metric])
    left = sum(one.is_seen for one in sensitivity.moved(metric)) - _MOST_ROWS
    if left > 0:
        yield f"{counted(left, 'more parameter')} {'moves' if left == 1 else 'move'} it less: --json, or --out."


def leading_text(sensitivity: Sensitivity, metric: Metric) -> str:
    """Which parameter moves the number most, as far as that is certain, among those that moved it at all."""
    seen = {one.swing.uncertain.name for one in sensitivity.moved(metric) if one.is_seen}
    leading = [name for name in sensitivity.leading(metric) if name in seen]
    if not leading:
        return f"No parameter certainly moves the {metric.label}"
    if len(leading) <= _MOST_LEADING:
        return f"The {metric.label} moves most with {' or '.join(leading)}"
    return f"The {metric.label} moves most with {leading[0]}, or with one of {len(leading) - 1} others"


def sensitivity_sentence(sensitivity: Sensitivity) -> str:
    """Which parameter matters most, and how far it moves the number with what interval."""
    metric = sensitivity.metrics[0]
    leading = leading_text(sensitivity, metric)
    moved = sensitivity.moved(metric)
    if not moved or moved[0].across is None:
        return f"{leading}."
    across = moved[0].across.estimate
    level = f"{100 * sensitivity.confidence_each:.4g}% interval"
    return (
        f"{leading}: {moved[0].swing.uncertain.name} from its low end to its high end makes "
        f"{signed_text(across.value, metric.unit)} ({level} {interval_text(across, metric.unit)})."
    )


def _left_out(sensitivity: Sensitivity) -> Iterator[tuple[str, str]]:
    for what, why in sensitivity.refused.items():
        yield what, f"not valid, left as it is: {why}"
    for name, text in sensitivity.same_ends:
        yield f"{name} = {text}", f"{AS_IT_IS}: keepalived rounds, or nothing hangs on the value"
    for metric in sensitivity.metrics:
        still = [one.swing.uncertain.name for one in sensitivity.moved(metric) if not one.is_seen]
        if still:
            yield f"no difference seen in the {metric.label}", ", ".join(still)
    if sensitivity.without_effect:
        yield "no effect on the scenario", ", ".join(sensitivity.without_effect)
