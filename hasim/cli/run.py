"""``hasim run``: many replications of a scenario, and what they come to."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.guard import INTERRUPTED, SLO_NOT_MET, guarded, say
from hasim.cli.options import JobsOption, JsonOption, ScenarioArgument, SeedOption, SetOption, load_study

if TYPE_CHECKING:
    from hasim.study import StudyResult

__all__ = ["Heartbeats", "run"]


class Heartbeats(StrEnum):
    """How adverts and health checks are simulated."""

    QUIET = "quiet"
    EXPLICIT = "explicit"


@guarded
def run(
    scenario: ScenarioArgument,
    replications: Annotated[
        int | None,
        typer.Option("--replications", "-n", min=1, help="How many runs. [default: what the scenario says]"),
    ] = None,
    seed: SeedOption = None,
    jobs: JobsOption = None,
    changes: SetOption = None,
    as_json: JsonOption = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIRECTORY", help="Keep result, outages, scenario and charts there."),
    ] = None,
    charts: Annotated[bool, typer.Option("--charts/--no-charts", help="Draw charts into --out.")] = True,
    heartbeats: Annotated[
        Heartbeats,
        typer.Option(help="quiet: adverts only where they matter; explicit: every one (same result, far slower)."),
    ] = Heartbeats.QUIET,
) -> None:
    """Run a scenario many times: availability, failover latency, where the time goes, and whether the SLO is met.

    Every number comes with its 95% interval. The same seed gives the same result on any number of cores.

    \b
    Examples:
      hasim run scenarios/secondary-ip-best-practice.yaml
      hasim run scenarios/year-of-ordinary-failures.yaml -n 1000 --out results/year
      hasim run scenarios/eni-reattach.yaml --set vrrp.advert_int=2s --json | jq .summary

    --out leaves charts (PNG and SVG), result.json, outages.csv and the scenario behind.

    Exit status 99 says that an SLO of the scenario is not met. Read on: docs/results.md defines every number;
    "hasim explain" tells a single run.
    """
    study = load_study(scenario, changes)
    if out is not None:
        from hasim.cli.output import claim

        claim(out)
    from hasim.cli.terminal import progress_bar

    with progress_bar(study.scenario.name) as progress:
        result = study.run(replications=replications, seed=seed, jobs=jobs, heartbeats=heartbeats, progress=progress)
    if out is not None:  # before anything is printed: whoever reads it may stop reading
        from hasim.cli.output import write_result

        write_result(out, result, " ".join(["hasim", *sys.argv[1:]]), charts=charts)
    if as_json:
        print(json.dumps(result.to_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _print_tables(result)
    if out is not None:
        say(f"kept in {out}")
    _leave(result)


def _print_tables(result: StudyResult) -> None:
    from hasim.cli.terminal import print_tables
    from hasim.report.tables import study_tables

    print_tables(study_tables(result))


def _leave(result: StudyResult) -> None:
    if result.interrupted:
        say(f"interrupted: the result is that of the {len(result.outcomes):,} replications that were finished")
        raise typer.Exit(INTERRUPTED)
    missed = [verdict.name for verdict in result.verdicts if verdict.met is False]
    if missed:
        say(f"SLO not met: {', '.join(missed)}")
        raise typer.Exit(SLO_NOT_MET)
