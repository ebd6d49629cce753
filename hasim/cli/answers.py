"""What the commands that answer with several studies have in common: where they run, and what becomes of the answer."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from hasim.cli.guard import INTERRUPTED, say
from hasim.cli.output import (
    HTML_BEGINS,
    JOURNAL_NAME,
    blaming_user,
    check_file,
    claim,
    keep,
    leave_undrawn,
    telling_what_is_kept,
)

if TYPE_CHECKING:
    from hasim.report.tables import Table
    from hasim.study.answer import Answer
    from hasim.study.compare.variants import RunningOptions

__all__ = ["ChartsOption", "MetricOption", "ReportOption", "answered", "running_with", "write_report"]

ChartsOption = Annotated[bool, typer.Option("--charts/--no-charts", help="Draw charts into --out.")]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="Write the answer as one HTML file, charts and all.", show_default=False
    ),
]
MetricOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="What to look at, such as downtime_per_year, failover_p95 or detect_mean; may be given again.",
        show_default=False,
    ),
]


class Reported(Protocol):
    """Whatever has a report."""

    def write_report(self, path: Path, command: str, /) -> None:
        """Write it as one HTML file that says what command made it."""


@contextmanager
def running_with(
    what: str,
    *,
    replications: int | None,
    seed: int | None,
    jobs: int | None,
    cluster: str | None,
    journal: Path | None,
    out: Path | None,
    report: Path | None,
) -> Iterator[RunningOptions]:
    """How the replications are to be run, with a progress bar; ``out`` is claimed, and a journal is kept there.

    Raises:
        UserError: ``out`` or ``report`` cannot be written to.
    """
    from hasim.cli.terminal import progress_bar

    check_file("--report", report, HTML_BEGINS, out)
    if out is not None:
        claim(out)
        journal = journal or out / JOURNAL_NAME
    with telling_what_is_kept(journal), progress_bar(what) as progress:
        yield {
            "seed": seed,
            "replications": replications,
            "jobs": jobs,
            "cluster": cluster,
            "journal": journal,
            "progress": progress,
        }


def answered(answer: Answer, *, as_json: bool, out: Path | None, charts: bool, report: Path | None) -> None:
    """Keep the answer if there is a place for it, print it, and leave with 130 if it was interrupted."""
    drawn = True
    if out is not None:  # before anything is printed: whoever reads it may stop reading
        drawn = keep(out, answer, lambda: answer.save(out, shlex.join(["hasim", *sys.argv[1:]])), charts=charts)
    write_report(answer, report)
    if as_json:
        print(json.dumps(answer.to_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _print(answer.tables())
    if out is not None:
        say(f"kept in {out}")
    if report is not None:
        say(f"report in {report}")
    if answer.interrupted:
        say("interrupted: the answer is that of the replications that were finished")
        raise typer.Exit(INTERRUPTED)
    if out is not None and not drawn:
        leave_undrawn(out)


def write_report(answer: Reported, report: Path | None) -> None:
    """Write the answer as one HTML file, if one is asked for.

    Raises:
        UserError: it cannot be written.
    """
    if report is not None:
        with blaming_user(report, "--report"):
            answer.write_report(report, shlex.join(["hasim", *sys.argv[1:]]))


def _print(tables: Sequence[Table]) -> None:
    from hasim.cli.terminal import print_tables

    print_tables(tables)
