"""``hasim report``: a study as one HTML file."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.guard import INTERRUPTED, SLO_NOT_MET, guarded, say
from hasim.cli.options import (
    ClusterOption,
    FileJournalOption,
    JobsOption,
    MaxReplicationsOption,
    PrecisionOption,
    ReplicationsOption,
    SeedOption,
    SetOption,
    load_study,
)
from hasim.cli.output import HTML_BEGINS, blaming_user, check_file
from hasim.errors import UserError

if TYPE_CHECKING:
    from hasim.study import StudyResult
    from hasim.study.compare import Comparison

__all__ = ["report"]


@guarded
def report(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SCENARIO|DIRECTORY",
            help='A scenario file, or the directory that "hasim run --out" or "hasim compare --out" made.',
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The HTML file. [default: the scenario's name, here]"),
    ] = None,
    replications: ReplicationsOption = None,
    seed: SeedOption = None,
    jobs: JobsOption = None,
    changes: SetOption = None,
    cluster: ClusterOption = None,
    journal: FileJournalOption = None,
    precision: PrecisionOption = None,
    max_replications: MaxReplicationsOption = None,
) -> None:
    """Write a report: one HTML file that needs nothing else, to be read on a screen, on a phone, or on paper.

    It has the question, the answer in one sentence with its interval, the verdict on the SLO, charts, the worst outages
    told step by step, the API calls, what lint says, the assumptions, and how to reproduce all that.

    \b
    Examples:
      hasim report scenarios/secondary-ip-best-practice.yaml
      hasim report scenarios/year-of-ordinary-failures.yaml -n 500 --out year.html
      hasim report results/year

    A directory is read, not run again. Exit status 99 says that an SLO of the scenario is not met. Read on:
    docs/reports.md.
    """
    check_file("--out", out, HTML_BEGINS)
    if source.is_dir():
        given = (replications, seed, jobs, changes, cluster, journal, precision, max_replications)
        if any(option is not None and option != [] for option in given):
            raise UserError(f"{source} holds a finished study: options that say how to run one have no place here")
        from hasim.study.storage import kept_command

        result, name = _kept(source)
        command = kept_command(source)
    else:
        study, command = load_study(source, changes), shlex.join(["hasim", *sys.argv[1:]])
        name = study.scenario.name
        from hasim.cli.terminal import progress_bar

        with progress_bar(study.scenario.name) as progress:
            result = study.run(
                replications=replications,
                seed=seed,
                jobs=jobs,
                progress=progress,
                cluster=cluster,
                journal=journal,
                precision=precision,
                max_replications=max_replications,
            )
    path = out or Path(f"{name}.html")
    with blaming_user(path):
        result.write_report(path, command)
    say(f"report in {path}")
    _leave(result)


def _kept(directory: Path) -> tuple[StudyResult | Comparison, str]:
    """What was kept there, and the name of its report."""
    from hasim.study.storage import kept_format, load_result

    if kept_format(directory) == "hasim.comparison":
        from hasim.study.compare import load_comparison

        return load_comparison(directory), "comparison"
    result = load_result(directory)
    return result, result.scenario.name


def _leave(result: StudyResult | Comparison) -> None:
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)
    from hasim.study import StudyResult

    if isinstance(result, StudyResult) and any(verdict.met is False for verdict in result.verdicts):
        raise typer.Exit(SLO_NOT_MET)
