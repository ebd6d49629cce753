"""Writes the numbers of ``mechanisms.md``: every scenario of ``scenarios/mechanisms``, run as it stands.

``python docs/mechanisms.py`` rewrites the table between the two marks; a test fails when it is not current.
"""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, median

from hasim.measure import PHASES, Outage
from hasim.scenario import load
from hasim.study import replicate
from hasim.study.estimators import quantile
from hasim.units import SECOND

PAGE = Path(__file__).with_name("mechanisms.md")
SCENARIOS = Path(__file__).parents[1] / "scenarios" / "mechanisms"
BEGIN, END = "<!-- begin of the table by docs/mechanisms.py -->\n", "<!-- end of the table -->\n"


def table() -> str:
    """A row for each scenario, the quickest first."""
    rows = {path.stem: crash_outages(path) for path in sorted(SCENARIOS.glob("*.yaml"))}
    ordered = sorted(rows.items(), key=lambda item: median(outage.duration_ns for outage in item[1]))
    head = ("mechanism", "half of them", "95% of them", *(f"*{phase}*" for phase in PHASES))
    lines = [f"| {' | '.join(head)} |", "|---" + "|---:" * (len(head) - 1) + "|"]
    lines += [f"| {' | '.join(row(name, outages))} |" for name, outages in ordered]
    return "\n".join(lines) + "\n"


def crash_outages(path: Path) -> list[Outage]:
    """The one outage of every replication; all of them have ended, or their phases could not be averaged."""
    found = []
    for outcome in replicate(load(path), jobs=1).outcomes:
        (outage,) = outcome.outages
        if outage.ended_on is None:
            raise ValueError(f"{path.name}: the outage of replication {outcome.replication} has not ended")
        found.append(outage)
    return found


def row(name: str, outages: list[Outage]) -> list[str]:
    """Its cells: two percentiles with their intervals, and the mean phases."""
    durations = sorted(outage.duration_ns / SECOND for outage in outages)
    phases = [fmean(outage.phases_ns[index] for outage in outages) / SECOND for index in range(len(PHASES))]
    cells = []
    for share in (0.5, 0.95):
        estimate = quantile(durations, share)
        cells.append(f"{estimate.value:.1f} s ({estimate.low:.1f} to {estimate.high:.1f})")
    name = f"[{name}](../scenarios/mechanisms/{name}.yaml)"
    return [name, *cells, *(f"{length:.2f}" if length >= 0.005 else "" for length in phases)]


def page(text: str) -> str:
    """The page with its table written anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
