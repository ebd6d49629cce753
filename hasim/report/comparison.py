"""A comparison of variants as tables: who wins, by how much each differs, and what the variants are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hasim.report.names import distinct, shorten
from hasim.report.numbers import amount_text, replications_text, signed_text
from hasim.report.overlaps import overlaps_remark
from hasim.report.tables import UNDECIDED, Table
from hasim.study.compare.variants import changes_text

if TYPE_CHECKING:
    from hasim.study.compare import Comparison, Difference, Metric
    from hasim.study.estimators import Estimate

__all__ = [
    "comparison_sentence",
    "comparison_tables",
    "confidence_text",
    "interval_text",
    "luck_note",
    "luck_remark",
]

LESS, MORE = "less", "more"
_NAME_CHARACTERS = 26
_MOST_NAMED = 2


def comparison_tables(comparison: Comparison) -> list[Table]:
    """The tables of a comparison in reading order."""
    return [
        _winners(comparison),
        *(_metric(comparison, metric) for metric in comparison.metrics),
        _variants(comparison),
    ]


def comparison_sentence(comparison: Comparison) -> str:
    """Who wins in the first metric, and by how much with what interval."""
    from hasim.report.charts.differences import finding

    metric, baseline = comparison.metrics[0], comparison.names[0]
    leader = comparison.winner(metric).leader
    named = leader if leader not in (None, baseline) else comparison.names[1]
    assert named is not None
    difference = comparison.difference(metric, named)
    if difference is None:
        return f"{finding(comparison)}."
    much = signed_text(difference.estimate.value, metric.unit)
    interval = interval_text(difference.estimate, metric.unit)
    level = f"{100 * comparison.confidence_each:.4g}% interval"
    return f"{finding(comparison)}: {much} from {baseline} to {named} ({level} {interval})."


def _winners(comparison: Comparison) -> Table:
    first = comparison.results[0]
    count = f"{replications_text(comparison.replications, first.scenario.horizon_ns)}, seed {first.seed}"
    title = f"{', '.join(comparison.names)}: {count}"
    if comparison.interrupted:
        title += " (interrupted)"
    rows = []
    for metric in comparison.metrics:
        winner = comparison.winner(metric)
        if winner.leader is None:
            rows.append((metric.label, "nothing of the kind", "", ""))
        elif winner.decided:
            rows.append((metric.label, winner.leader, "wins", f"with {confidence_text(winner.confidence)} confidence"))
        else:
            leader = f"{winner.leader} leads" if _is_ahead(comparison, metric) else "none leads"
            rows.append((metric.label, leader, UNDECIDED, ""))
    return Table(title, ("least", "", "", ""), tuple(rows), note=" ".join(filter(None, _remarks(comparison))))


def _is_ahead(comparison: Comparison, metric: Metric) -> bool:
    """Whether there is one variant with the smallest estimate."""
    estimates = [comparison.estimate(metric, name) for name in comparison.names]
    values = sorted(estimate.value for estimate in estimates if estimate is not None)
    return len(values) == 1 or values[0] < values[1]


def _remarks(comparison: Comparison) -> Iterator[str]:
    others = len(comparison.variants) - 1
    yield luck_remark("variants", comparison.foreign_faults)
    yield overlaps_remark(comparison.results, comparison.metrics)
    if others > 1:
        yield (
            f"Each interval below is one of {comparison.confidence_each:.2%}, so that all {others} of a table hold "
            f"together with {comparison.confidence:.0%} (Bonferroni)."
        )
    if comparison.same_as_baseline:
        yield f"{', '.join(comparison.same_as_baseline)}: does the same as {comparison.names[0]}."


def _metric(comparison: Comparison, metric: Metric) -> Table:
    baseline, short = comparison.names[0], _short_names(comparison.names)
    rows = [(short[baseline], *_own(comparison.estimate(metric, baseline), metric), "baseline", "", "", "")]
    for name in comparison.names[1:]:
        difference = comparison.difference(metric, name)
        rows.append((short[name], *_own(comparison.estimate(metric, name), metric), *_more(difference, metric)))
    columns = ("", "", f"{comparison.confidence:.0%} interval", "difference", "interval", "", "pairing")
    title = metric.label[:1].upper() + metric.label[1:]
    return Table(title, columns, tuple(rows), numbers=(1, 3, 6))


def _short_names(names: tuple[str, ...]) -> dict[str, str]:
    """Names that leave room for the numbers: without their middle, unless they differ only there."""
    short = {name: shorten(name, _NAME_CHARACTERS) for name in names}
    return short if len(set(short.values())) == len(names) else distinct(names, _NAME_CHARACTERS)


def _own(estimate: Estimate | None, metric: Metric) -> tuple[str, str]:
    if estimate is None:
        return "none", ""
    return amount_text(estimate.value, metric.unit), interval_text(estimate, metric.unit)


def _more(difference: Difference | None, metric: Metric) -> tuple[str, str, str, str]:
    if difference is None:
        return "", "", "", ""
    estimate, unit = difference.estimate, metric.unit
    low, high = signed_text(estimate.low, unit), signed_text(estimate.high, unit)
    unbounded = math.isinf(estimate.low) and math.isinf(estimate.high)
    interval = "too few failovers" if unbounded else f"{low} to {high}"
    word = {-1: LESS, 0: UNDECIDED, 1: MORE}[difference.sign]
    gain = "" if difference.gain is None else f"{difference.gain:,.3g}x"
    return signed_text(estimate.value, unit), interval, word, gain


def _variants(comparison: Comparison) -> Table:
    rows = []
    for variant in comparison.variants:
        what = changes_text(variant.changes) if variant.changes else f"as in {variant.scenario.source_path}"
        rows.append((variant.name, what))
    note = "pairing: how many times more replications it would take without common luck to be as exact"
    return Table("Variants", ("", ""), tuple(rows), note=note)


def luck_remark(what: str, foreign: Sequence[str]) -> str:
    """What ``what`` (variants, points) have in common, but for the ``foreign`` faults."""
    if not foreign:
        return f"All {what} have the same faults and the same luck."
    return f"All {what} have the same luck; not the same in all, and part of the difference: {', '.join(foreign)}."


def luck_note(what: str, foreign: Sequence[str]) -> str:
    """The same in short, below a chart."""
    if not foreign:
        return f"{what} under the same faults"
    named = ", ".join(foreign) if len(foreign) <= _MOST_NAMED else f"{len(foreign)} differ"
    return f"{what} under the same luck, but not the same faults ({named})"


def interval_text(estimate: Estimate, unit: str) -> str:
    """The interval of a number, or of a difference of two."""
    if math.isinf(estimate.low) and math.isinf(estimate.high):  # a difference of quantiles of too few failovers
        return "without bounds"
    if math.isinf(estimate.high):
        return f"{amount_text(estimate.low, unit)} or more"
    return f"{amount_text(estimate.low, unit)} to {amount_text(estimate.high, unit)}"


def confidence_text(confidence: float) -> str:
    """``99.2%``; never more than can be said."""
    return f"{100 * confidence:.4g}%"
