"""``hasim report``: a study, or what else is kept, as one HTML file."""

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
from hasim.files import kept_there

if TYPE_CHECKING:
    from hasim.study.keeping.anything import Kept

__all__ = ["report"]


@guarded
def report(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SCENARIO|DIRECTORY",
            help="A scenario file, or a directory that --out made: of run, compare, sweep, sensitivity, or advise.",
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
      hasim report results/sweep --out sweep.html

    A directory is read, not run again: the page is that which --report would have written. Exit status 99 says that
    an SLO of the scenario is not met. Read on: docs/reports.md.
    """
    check_file("--out", out, HTML_BEGINS)
    if source.is_dir():
        if not (source / "result.json").exists() and (what := kept_there(source)):
            raise UserError(f"{source}: nothing is kept there that a report could be made of; {what}")
        given = (replications, seed, jobs, changes, cluster, journal, precision, max_replications)
        if any(option is not None and option != [] for option in given):
            raise UserError(f"{source} holds what is finished: options that say how to run one have no place here")
        from hasim.study import load_kept
        from hasim.study.keeping.files import kept_command

        result: Kept = load_kept(source)
        path, command = _place(out, _name_of(result)), kept_command(source)
    else:
        study, command = load_study(source, changes), shlex.join(["hasim", *sys.argv[1:]])
        path = _place(out, study.scenario.name)
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
    with blaming_user(path):
        result.write_report(path, command)
    say(f"report in {path}")
    _leave(result)


def _place(out: Path | None, name: str) -> Path:
    """The file of the report: here and of that name, unless ``out`` says otherwise.

    Raises:
        UserError: there is something else in its place.
    """
    if out is not None:
        return out
    path = Path(f"{name}.html")
    check_file("without --out:", path, HTML_BEGINS)
    return path


def _name_of(result: Kept) -> str:
    """By which the report is called, unless somebody says otherwise: of an answer to a question what it is."""
    from hasim.study.answer import Answer

    return type(result).__name__.lower() if isinstance(result, Answer) else result.scenario.name


def _leave(result: Kept) -> None:
    """As the command leaves that the numbers are of."""
    from hasim.study.advise import Advice
    from hasim.study.answer import Answer
    from hasim.study.episodes import EpisodesResult

    if not isinstance(result, EpisodesResult) and result.interrupted:
        raise typer.Exit(INTERRUPTED)
    if isinstance(result, Answer):
        missed = isinstance(result, Advice) and result.is_hopeless
    else:
        missed = any(verdict.met is False for verdict in result.verdicts)
    if missed:
        raise typer.Exit(SLO_NOT_MET)
