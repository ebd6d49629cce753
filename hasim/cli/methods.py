"""``hasim run --method episodes`` and ``rare``, and what ``--exact`` adds: other ways to the same numbers."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from hasim.cli.answers import write_report
from hasim.cli.guard import SLO_NOT_MET, say
from hasim.cli.output import JOURNAL_NAME, claim, keep, leave_undrawn, telling_what_is_kept
from hasim.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from hasim.api import Study
    from hasim.study import StudyResult
    from hasim.study.estimators import Estimate
    from hasim.study.exact import ExactAnswer

__all__ = ["Method", "check_method", "exact_json", "intervals_json", "print_exact", "print_intervals", "run_method"]


class Method(StrEnum):
    """How a scenario is answered."""

    YEARS = "years"
    EPISODES = "episodes"
    RARE = "rare"


def check_method(study: Study, method: Method, misplaced: Mapping[str, bool]) -> None:
    """Find out before any work whether episodes can answer; ``misplaced`` says which options that mean nothing to them
    were given.

    Raises:
        UserError: one was, or the scenario does not fit.
    """
    given = [name for name, is_given in misplaced.items() if is_given]
    if given:
        raise UserError(
            f"{given[0]} belongs to --method years: --method {method} has no replications, and decides by --precision "
            "how many episodes to simulate"
        )
    from hasim.study.episodes.fitness import check_scenario

    check_scenario(study.scenario)


def run_method(
    study: Study,
    method: Method,
    *,
    exact: bool,
    as_json: bool,
    seed: int | None,
    jobs: int | None,
    cluster: str | None,
    precision: float | None,
    out: Path | None,
    journal: Path | None,
    charts: bool,
    parquet: bool,
    report: Path | None,
) -> None:
    """Answer by episodes, keep it in ``out`` and print it. Finished episodes are kept in the ``journal``, which is in
    ``out`` unless it is elsewhere.

    Raises:
        UserError: the scenario turns out not to fit, or ``out``, the report or the journal cannot be written.
    """
    if out is not None:
        claim(out)
        journal = journal or out / JOURNAL_NAME
    from hasim.cli.terminal import print_tables, progress_bar
    from hasim.report.episodes import episodes_tables

    run = study.episodes if method is Method.EPISODES else study.rare
    with telling_what_is_kept(journal), progress_bar(study.scenario.name) as progress:
        result = run(precision=precision, seed=seed, jobs=jobs, cluster=cluster, journal=journal, progress=progress)
        answer = study.exact(precision=precision, seed=seed, jobs=jobs, journal=journal) if exact else None
    drawn = True
    if out is not None:  # before anything is printed: whoever reads it may stop reading
        command = shlex.join(["hasim", *sys.argv[1:]])
        drawn = keep(out, result, lambda: result.save(out, command, parquet=parquet), charts=charts)
    write_report(result, report)
    if as_json:
        print(json.dumps({**result.to_json(), **exact_json(answer)}, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print_tables(episodes_tables(result))
        print_exact(answer, result.unavailability)
    if out is not None:
        say(f"kept in {out}")
    if report is not None:
        say(f"report in {report}")
    if out is not None and not drawn:
        leave_undrawn(out)
    missed = [verdict.name for verdict in result.verdicts if verdict.met is False]
    if missed:
        say(f"SLO not met: {', '.join(missed)}")
        raise typer.Exit(SLO_NOT_MET)


def print_exact(answer: ExactAnswer | None, simulated: Estimate) -> None:
    """The exact answer as a table, if there is one."""
    if answer is None:
        return
    from hasim.cli.terminal import print_tables
    from hasim.report.episodes import exact_tables

    print_tables(exact_tables(answer, simulated))


def exact_json(answer: ExactAnswer | None) -> dict[str, Any]:
    """The exact answer, if there is one, as a part of the JSON form of a study."""
    return {} if answer is None else {"exact": answer.to_json()}


def print_intervals(result: StudyResult) -> None:
    """The intervals of several methods as a table."""
    from hasim.cli.terminal import print_tables
    from hasim.report.intervals import intervals_table
    from hasim.study.intervals import intervals_of

    is_scripted = result.scenario.is_scripted
    rows = intervals_of(result.outcomes, is_scripted=is_scripted)
    print_tables([intervals_table(rows, is_scripted=is_scripted)])


def intervals_json(result: StudyResult) -> dict[str, Any]:
    """The intervals of several methods as a part of the JSON form of a study."""
    from hasim.study.compare.document import estimate_json
    from hasim.study.intervals import intervals_of

    methods = ("replications", "bootstrap", "regenerative")
    rows = {
        row.name: {
            method: None if (one := getattr(row, method)) is None else estimate_json(one, "") for method in methods
        }
        for row in intervals_of(result.outcomes, is_scripted=result.scenario.is_scripted)
    }
    return {"intervals": rows}
