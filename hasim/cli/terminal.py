"""What a person at a terminal gets (colours, columns that wrap, a progress bar), and what a pipe gets (plain text)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import ProgressColumn
    from rich.table import Table as RichTable

    from hasim.report.story import Episode, Narration, OutageStory
    from hasim.report.tables import Table

__all__ = ["PIPE_WIDTH", "print_narration", "print_tables", "progress_bar"]

PIPE_WIDTH = 120
"""Columns of a table that no window bounds."""

_TONES = {"good": "green", "bad": "red", "plain": ""}


def print_tables(tables: Sequence[Table]) -> None:
    """Tables on standard output: as wide as the terminal, or :data:`PIPE_WIDTH` and without colours in a pipe."""
    from rich.console import Console

    from hasim.report.tables import rich_table

    console = _console()
    if console.is_terminal:
        console.print(*map(rich_table, tables), sep="")
        return
    plain = Console(file=io.StringIO(), width=PIPE_WIDTH, highlight=False, markup=False, emoji=False)
    for table in tables:
        plain.print(rich_table(table))
    lines = plain.file.getvalue().splitlines()  # type: ignore[attr-defined]  # it is the StringIO from above
    print("\n".join(line.rstrip() for line in lines))


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A callback (done, wanted) that moves a bar on standard error; None where standard error is no terminal.

    What its first call says is done was so before: it does not count for the rate.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), _rate_column())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        tasks: list[TaskID] = []

        def move(done: int, wanted: int) -> None:
            if tasks:
                bar.update(tasks[0], completed=done, total=wanted)
            else:
                tasks.append(bar.add_task(what, completed=done, total=wanted))

        yield move


def _rate_column() -> ProgressColumn:
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """How many are done in a second, or in a minute where that says more."""

        def render(self, task: Task) -> Text:
            speed = task.speed or 0.0
            if speed >= 1:
                return Text(f"{speed:,.0f}/s", style="progress.data.speed")
            return Text(f"{60 * speed:.1f}/min" if speed else "", style="progress.data.speed")

    return RateColumn()


def print_narration(narration: Narration) -> None:
    """A told replication: in coloured columns on a terminal, as its plain text in a pipe."""
    console = _console()
    if not console.is_terminal:
        print(narration.to_text(), end="")
        return
    for line in narration.heading:
        console.print(line, style="bold")
    for episode in narration.episodes:
        console.print()
        for part in _episode_parts(episode, narration.horizon_ns):
            console.print(part)
    console.print()
    for line in narration.closing:
        console.print(line, style="bold")


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def _episode_parts(episode: Episode, horizon_ns: int) -> Iterator[RenderableType]:
    """Events in tables of equal columns, interrupted by the tables of the outages."""
    from hasim.report.rich_text import HeldText
    from hasim.report.story import Event, clock, since_fault

    events = [item for item in episode.items if isinstance(item, Event)]
    widths = [
        max((len(clock(event.at_ns, horizon_ns)) for event in events), default=0),
        max((len(since_fault(event.relative_ns)) for event in events), default=0),
        max((len(event.who) for event in events), default=0),
    ]
    table = _event_table(widths)
    for item in episode.items:
        if isinstance(item, Event):
            what = HeldText(item.what, style=_TONES[item.tone])
            if item.why:
                what.append(f"  ({item.why})", style="dim")
            times = (clock(item.at_ns, horizon_ns), since_fault(item.relative_ns))
            table.add_row(*times, item.who, what)
        else:
            yield table
            yield _outage_story(item)
            table = _event_table(widths)
    if table.row_count:
        yield table


def _event_table(widths: list[int]) -> RichTable:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", width=widths[0], no_wrap=True, style="dim")
    table.add_column(justify="right", width=widths[1], no_wrap=True)
    table.add_column(width=min(widths[2], 24), style="bold")
    table.add_column()
    return table


def _outage_story(story: OutageStory) -> RenderableType:
    from rich.box import ROUNDED
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table

    from hasim.report.numbers import duration_text
    from hasim.report.rich_text import HeldText

    table = Table(box=ROUNDED, show_header=False, show_footer=True)
    table.add_column(footer="total")
    table.add_column(justify="right", footer=duration_text(story.outage.duration_ns))
    table.add_column()
    for row in story.phases:
        if row.cost_ns:
            table.add_row(row.phase, duration_text(row.cost_ns), row.meaning)
    sentence = HeldText(f"outage {story.number}: {story.sentence}", style="bold")
    return Padding(Group(sentence, table), (0, 0, 0, 4))
