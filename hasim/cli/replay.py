"""``hasim replay``: recorded trials of the real daemon against the simulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hasim.cli.guard import guarded
from hasim.cli.options import JsonOption

__all__ = ["replay"]


@guarded
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Recorded trials (JSON: meta, groups).", show_default=False)
    ],
    group: Annotated[
        list[str] | None,
        typer.Option("--group", "-g", help="Only this group; may be given again. [default: all]", show_default=False),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Replay recorded trials of a real keepalived: same states, same notify scripts, same order, how far apart in time.

    Every trial's configuration, heartbeat phase, fault and repair times are given to the simulator, and what it
    produces is held against what was recorded. Groups whose outcome the daemon decides by a race (equal backups,
    lost packets) are compared as proportions.

    \b
    Examples:
      hasim replay trials.json
      hasim replay trials.json --group v2_a1_silent --json

    Read on: docs/replay.md says what each column means.
    """
    from hasim.cli.terminal import print_tables, progress_bar
    from hasim.report.replay import markdown_table, replay_tables
    from hasim.study.replay.recording import load_recording
    from hasim.study.replay.report import replay as replay_recording

    recording = load_recording(file).only(group)
    with progress_bar("replaying trials") as progress:
        report = replay_recording(recording, progress)
    if as_json:
        print(json.dumps(report.to_json(), indent=1))
    elif markdown:
        print(markdown_table(report))
    else:
        print_tables(replay_tables(report))
