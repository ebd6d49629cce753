"""``hasim run``: many replications of a scenario, and what they come to."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.answers import ChartsOption, ReportOption, write_report
from hasim.cli.guard import INTERRUPTED, SLO_NOT_MET, guarded, say
from hasim.cli.methods import Method, check_method, exact_json, intervals_json, print_exact, print_intervals, run_method
from hasim.cli.options import (
    ClusterOption,
    JobsOption,
    JournalOption,
    JsonOption,
    MaxReplicationsOption,
    OutOption,
    PrecisionOption,
    ReplicationsOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
    load_study,
)
from hasim.cli.output import HTML_BEGINS, check_file
from hasim.cli.recordings import PcapOption, TimelineOption, WindowOption, record_first
from hasim.errors import UserError
from hasim.units import counted

if TYPE_CHECKING:
    from pathlib import Path

    from hasim.study import StudyResult

__all__ = ["Heartbeats", "run"]


class Heartbeats(StrEnum):
    """How adverts and health checks are simulated."""

    QUIET = "quiet"
    EXPLICIT = "explicit"


@guarded
def run(
    scenario: ScenarioArgument,
    replications: ReplicationsOption = None,
    precision: PrecisionOption = None,
    max_replications: MaxReplicationsOption = None,
    seed: SeedOption = None,
    jobs: JobsOption = None,
    cluster: ClusterOption = None,
    changes: SetOption = None,
    as_json: JsonOption = False,
    out: OutOption = None,
    charts: ChartsOption = True,
    report: ReportOption = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the tables in --out as Parquet too.")] = False,
    journal: JournalOption = None,
    heartbeats: Annotated[
        Heartbeats,
        typer.Option(help="quiet: adverts only where they matter; explicit: every one (same result, far slower)."),
    ] = Heartbeats.QUIET,
    method: Annotated[
        Method,
        typer.Option(
            help="years: replications; episodes: incidents weighted with their rates; rare: likewise, for overlapping "
            "failures."
        ),
    ] = Method.YEARS,
    exact: Annotated[
        bool, typer.Option("--exact", help="Show the answer of the exact model too, where the scenario fits one.")
    ] = False,
    intervals: Annotated[
        bool, typer.Option("--intervals", help="Show bootstrap and regenerative intervals beside the usual ones.")
    ] = False,
    pcap: PcapOption = None,
    timeline: TimelineOption = None,
    window: WindowOption = None,
) -> None:
    """Run a scenario many times: availability, failover latency, where the time goes, and whether the SLO is met.

    Every number comes with its 95% interval. The same seed gives the same result on any number of cores.

    \b
    Examples:
      hasim run scenarios/secondary-ip-best-practice.yaml
      hasim run scenarios/year-of-ordinary-failures.yaml -n 1000 --out results/year
      hasim run scenarios/eni-reattach.yaml --set vrrp.advert_int=2s --json | jq .summary
      hasim run scenarios/year-of-ordinary-failures.yaml --precision 5% --out results/year
      hasim run scenarios/year-of-ordinary-failures.yaml --method episodes --report year.html

    --out leaves charts (PNG and SVG), result.json, tables (CSV), the scenario and a journal of finished runs behind:
    the same command goes on where it was stopped or killed, and more replications build on those that are there. So
    does --method episodes or rare, from its finished episodes. --pcap and --timeline hold the first replication;
    "hasim explain" writes any other.

    Exit status 99 says that an SLO of the scenario is not met. Read on: docs/results.md defines every number,
    docs/methods.md says when --method and --exact apply; "hasim explain" tells a single run.
    """
    study = load_study(scenario, changes)
    if parquet:
        _check_parquet(out)
    check_file("--report", report, HTML_BEGINS, out)
    if method is not Method.YEARS:
        misplaced = {
            "--replications": replications is not None,
            "--max-replications": max_replications is not None,
            "--heartbeats": heartbeats is not Heartbeats.QUIET,
            "--intervals": intervals,
        }
        check_method(study, method, misplaced)
    else:
        _check_precision(replications, precision, max_replications)
    if exact:
        from hasim.study.exact import check_exact

        check_exact(study.scenario)
    record_first(study, seed, pcap, timeline, window)
    if method is not Method.YEARS:
        run_method(
            study,
            method,
            exact=exact,
            as_json=as_json,
            seed=seed,
            jobs=jobs,
            cluster=cluster,
            precision=precision,
            out=out,
            journal=journal,
            charts=charts,
            parquet=parquet,
            report=report,
        )
        return
    if out is not None:
        from hasim.cli.output import JOURNAL_NAME, claim

        claim(out)
        journal = journal or out / JOURNAL_NAME
    from hasim.cli.terminal import progress_bar

    with progress_bar(study.scenario.name) as progress:
        result = study.run(
            replications=replications,
            seed=seed,
            jobs=jobs,
            heartbeats="explicit" if heartbeats is Heartbeats.EXPLICIT else "quiet",
            progress=progress,
            cluster=cluster,
            journal=journal,
            precision=precision,
            max_replications=max_replications,
        )
    answer = study.exact(precision=precision, seed=seed, jobs=jobs, journal=journal) if exact else None
    drawn = True
    if out is not None:  # before anything is printed: whoever reads it may stop reading
        from hasim.cli.output import keep

        command = shlex.join(["hasim", *sys.argv[1:]])
        drawn = keep(out, result, lambda: result.save(out, command, parquet=parquet), charts=charts)
    write_report(result, report)
    if as_json:
        from hasim.study.document import text_of

        sys.stdout.writelines(text_of(result, exact_json(answer) | (intervals_json(result) if intervals else {})))
    else:
        _print_tables(result)
        if intervals:
            print_intervals(result)
        print_exact(answer, result.unavailability)
    if out is not None:
        say(f"kept in {out}")
    if report is not None:
        say(f"report in {report}")
    _leave(result, None if drawn else out)


def _check_precision(replications: int | None, precision: float | None, max_replications: int | None) -> None:
    """Refuse options that do not go together, by their names."""
    if precision is None and max_replications is not None:
        raise UserError("--max-replications goes with --precision; without it, -n says how many replications")
    if precision is not None and replications is not None:
        raise UserError("give -n or --precision, not both: with --precision, --max-replications is the most")


def _check_parquet(out: Path | None) -> None:
    from hasim.study.keeping.tables import check_parquet

    if out is None:
        raise UserError("--parquet says how tables are written into --out DIRECTORY, which is missing")
    check_parquet()


def _print_tables(result: StudyResult) -> None:
    from hasim.cli.terminal import print_tables
    from hasim.report.tables import study_tables

    print_tables(study_tables(result))


def _leave(result: StudyResult, undrawn: Path | None) -> None:
    if result.interrupted:
        say(f"interrupted: the result is that of {counted(len(result.outcomes), 'finished replication')}")
        raise typer.Exit(INTERRUPTED)
    if undrawn is not None:
        from hasim.cli.output import leave_undrawn

        leave_undrawn(undrawn)
    if result.stopping is not None and not result.stopping.met:
        from hasim.report.tables import stopping_note

        say(stopping_note(result))
    missed = [verdict.name for verdict in result.verdicts if verdict.met is False]
    if missed:
        say(f"SLO not met: {', '.join(missed)}")
        raise typer.Exit(SLO_NOT_MET)
