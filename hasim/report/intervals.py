"""The table of one number's intervals by several methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hasim.report.numbers import per_year, small_text
from hasim.report.tables import Table

if TYPE_CHECKING:
    from hasim.study.estimators import Estimate
    from hasim.study.intervals import Intervals

__all__ = ["intervals_table"]

_TEXTS: dict[str, tuple[str, Callable[[float], str]]] = {
    "unavailability": ("unavailability", small_text),
    "outages_per_year": ("outages per year", per_year),
}


def intervals_table(rows: Sequence[Intervals], *, is_scripted: bool = False) -> Table:
    """A row for each number, a column for each method; a scripted scenario has no cycles."""
    shown = 2 if is_scripted else 3
    cells = []
    for row in rows:
        name, text = _TEXTS[row.name]
        estimates = (row.replications, row.bootstrap, row.regenerative)[:shown]
        cells.append((name, text(row.replications.value), *(_range(estimate, text) for estimate in estimates)))
    note = "bootstrap: of at least 50 replications that differ"
    if not is_scripted:
        note += "; regenerative: over cycles from one incident to the next, of which there must be six that differ"
    columns = ("", "", *("as above", "bootstrap (BCa)", "regenerative")[:shown])
    return Table("95% intervals by other methods", columns, tuple(cells), numbers=(1,), note=note)


def _range(estimate: Estimate | None, text: Callable[[float], str]) -> str:
    return "-" if estimate is None else f"{text(estimate.low)} to {text(estimate.high)}"
