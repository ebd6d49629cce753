"""A drill for people: what was measured beside what was simulated, phase by phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hasim.drill.comparison import EpisodeResult, Group, PhaseVerdict
from hasim.drill.episodes import describe
from hasim.drill.holding import DrillResult
from hasim.drill.machine import TOTAL
from hasim.report.numbers import duration_text
from hasim.report.tables import Table
from hasim.units import counted

__all__ = ["drill_tables"]

_INSIDE, _OUTSIDE, _NONE_SIMULATED = "inside", "OUTSIDE", "NOT SIMULATED"
_TOO_RARE, _TOO_OFTEN = "TOO RARE", "TOO OFTEN"


def drill_tables(result: DrillResult) -> list[Table]:
    """The tables in reading order."""
    tables = [table for episode in result.episodes for table in _episode_tables(episode)]
    tables.append(_machine(result))
    if result.repeated:
        rows = tuple((reason,) for reason in result.repeated)
        tables.append(Table("Done again, because of the machine", ("",), rows))
    return [table for table in tables if table.rows]


def _episode_tables(episode: EpisodeResult) -> Iterator[Table]:
    count, simulated = len(episode.repetitions), len(episode.simulated)
    rows = tuple(_group_row(group, count, simulated) for group in episode.groups if _is_worth_a_row(group, simulated))
    columns = ("outage", "measured in", "simulated in", "ended by failover", "simulated", "")
    note = "" if rows else "no outage, neither measured nor simulated"
    title = f"{describe(episode.episode)}; drilled {counted(count, 'time')}, simulated {counted(simulated, 'time')}"
    yield Table(title, columns, rows or (("none", f"0 of {count}", "0%", "", "", _INSIDE),), (1, 2, 3, 4), note)
    for group in episode.groups:
        if group.measured:
            yield _phases(group, episode)


def _is_worth_a_row(group: Group, simulated: int) -> bool:
    """An outage that nobody measured and that hardly ever happens in the simulation is left out."""
    return bool(group.measured) or len(group.simulated) * 20 >= simulated


def _group_row(group: Group, count: int, simulated: int) -> tuple[str, ...]:
    moved = sum(item.outage.resolution == "failover" for item in group.measured)
    like = sum(outage.resolution == "failover" for outage in group.simulated)
    verdict = _INSIDE if group.inside else _OUTSIDE
    if not group.simulated:
        verdict = _NONE_SIMULATED
    elif not group.is_as_frequent:
        verdict = _TOO_RARE if len(group.measured) * len(group.simulated) < count * simulated else _TOO_OFTEN
    return (
        group.title,
        f"{len(group.measured)} of {count}",
        f"{len(group.simulated) / simulated:.1%}",
        f"{moved} of {len(group.measured)}" if group.measured else "-",
        f"{like / len(group.simulated):.1%}" if group.simulated else "-",
        verdict if group.measured or not group.is_as_frequent else "",
    )


def _phases(group: Group, episode: EpisodeResult) -> Table:
    shown = [verdict for verdict in group.verdicts if verdict.matters or verdict.phase == TOTAL]
    rows = tuple(_phase_row(verdict) for verdict in shown)
    overhead = duration_text(group.verdicts[-1].overhead_ns)
    note = f"inside: not further from the simulated range than what measuring cost (in all {overhead} at the most)"
    columns = ("phase", "measured from", "median", "to", "simulated from", "median", "to", "")
    title = f"{episode.episode.name}: {group.title}"
    return Table(title, columns, rows, tuple(range(1, 7)), note)


def _phase_row(verdict: PhaseVerdict) -> tuple[str, ...]:
    word = _INSIDE if not verdict.outside else f"{_OUTSIDE} ({len(verdict.outside)} of {len(verdict.measured_ns)})"
    return (verdict.phase, *_three(verdict.measured_ns), *_three(verdict.simulated_ns), word)


def _three(times_ns: Sequence[int]) -> tuple[str, str, str]:
    if not times_ns:
        return "-", "-", "-"
    chosen = times_ns[0], times_ns[(len(times_ns) - 1) // 2], times_ns[-1]
    return duration_text(chosen[0]), duration_text(chosen[1]), duration_text(chosen[2])


def _machine(result: DrillResult) -> Table:
    times = result.times
    measured = {
        "keepalived: from its start until BACKUP": times.daemon_start_up,
        "script: from MASTER until it can call": times.script_start_up,
        "guest: from MASTER until the address is there": times.configure,
        "check script: one run": times.check,
        "API call: beyond what the API took": times.call_overhead,
        "cloud: carrying out a route": times.routing,
        "fault: letting it happen, or ending it": times.injecting,
    }
    rows = [(name, f"{len(values)}", *_three(sorted(values))) for name, values in measured.items() if values]
    for name, value in (
        ("client: longest pause between two questions", times.probe_gap),
        ("drill: latest that it noticed something", times.loop_lag),
        ("machine: how late a sleeper woke up at the worst", times.lateness),
    ):
        rows.append((name, "", "", "", duration_text(value)))
    return Table("This machine", ("", "n", "from", "median", "to"), tuple(rows), (1, 2, 3, 4))
