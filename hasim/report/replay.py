"""A replay of recorded trials as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hasim.report.tables import Table
from hasim.study.replay.report import NEAR_S, quantile
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.study.replay.report import GroupReport, RaceReport, ReplayReport

__all__ = ["markdown_table", "replay_tables"]

_COLUMNS = ("group", "trials", "same order", "at nominal times", "median", "p99")
_RACE_COLUMNS = ("group", "trials", "recorded", "simulated", "p-value")
_MOST_EXPLAINED = 20


def replay_tables(report: ReplayReport) -> list[Table]:
    """Groups compared trial by trial, groups compared as proportions, and the trials that came out otherwise."""
    single = [group for group in report.groups if group.decided == "trial"]
    races = [group for group in report.groups if group.race is not None]
    different = [
        (group.name, str(trial.trial), trial.why) for group in single for trial in group.trials if not trial.same_order
    ]
    refused = [(group.name, group.problem) for group in report.groups if group.problem]
    unknown = [(group.name, ", ".join(group.unused)) for group in report.groups if group.unused]
    tables = [
        Table(_headline(report), _COLUMNS, tuple(map(_row, single)), (1, 2, 3, 4, 5), _times(report)),
        Table("Decided by a race", _RACE_COLUMNS, tuple(map(_race_row, races)), (1, 4)),
        Table("Otherwise than recorded", ("group", "trial", "what"), tuple(different[:_MOST_EXPLAINED]), (1,)),
        Table(f"Not replayed: {_refused(report)}", ("group", "why"), tuple(refused)),
        Table("Settings that replay does not know", ("group", "keys"), tuple(unknown)),
    ]
    return [table for table in tables if table.rows]


def markdown_table(report: ReplayReport) -> str:
    """The same as Markdown, for documents."""
    parts = []
    for table in replay_tables(report):
        rule = ["---:" if index in table.numbers else "---" for index in range(len(table.columns))]
        rows = [table.columns, rule, *table.rows]
        body = "\n".join("| " + " | ".join(row) + " |" for row in rows)
        note = f"\n\n({table.note})" if table.note else ""
        parts.append(f"**{table.title}**\n\n{body}{note}")
    return "\n\n".join(parts)


def _headline(report: ReplayReport) -> str:
    if not report.compared:
        return "No trial to compare"
    said = f"{report.same_order:,} of {counted(report.compared, 'trial')} in the same order"
    return f"{said}; not replayed: {_refused(report)}" if any(group.problem for group in report.groups) else said


def _refused(report: ReplayReport) -> str:
    """How many groups could not be staged, and of how many trials nothing is known for that reason."""
    refused = [group for group in report.groups if group.problem]
    trials = counted(sum(group.recorded for group in refused), "trial")
    return f"{len(refused)} of {counted(len(report.groups), 'group')}, with {trials}"


def _times(report: ReplayReport) -> str:
    """All state transitions together."""
    differences = report.differences_s
    if report.in_time is None:
        return "times: simulated against recorded"
    transitions, are = counted(len(differences), "transition"), "is" if len(differences) == 1 else "are"
    return (
        f"times: simulated against recorded; of {transitions} {report.in_time:.1%} {are} within "
        f"{NEAR_S * 1000:.0f} ms (median {_milliseconds(quantile(differences, 0.5))}, p99 "
        f"{_milliseconds(quantile(differences, 0.99))})"
    )


def _row(group: GroupReport) -> tuple[str, ...]:
    return (
        group.name,
        str(len(group.trials)),
        str(group.same_order),
        str(group.same_order_nominal),
        _milliseconds(group.median_s),
        _milliseconds(group.p99_s),
    )


def _race_row(group: GroupReport) -> tuple[str, ...]:
    assert group.race is not None
    counts = (_counts(group.race, side) for side in ("recorded", "simulated"))
    return (group.name, str(len(group.trials)), *counts, f"{group.race.p_value:.2f}")


def _counts(race: RaceReport, side: str) -> str:
    counts = race.recorded if side == "recorded" else race.simulated
    if "adverts" in counts:
        return f"{counted(counts['elections'], 'false election')} in {counted(counts['adverts'], 'advert')}"
    return ", ".join(f"{what}: {count:,}" for what, count in counts.items())


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"
