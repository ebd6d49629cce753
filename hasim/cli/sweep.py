"""``hasim sweep``: a scenario at many values of its parameters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from hasim.cli.answers import ChartsOption, MetricOption, ReportOption, answered, running_with
from hasim.cli.guard import guarded
from hasim.cli.options import (
    ClusterOption,
    JobsOption,
    JournalOption,
    JsonOption,
    OutOption,
    ReplicationsOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
    load_study,
)
from hasim.errors import UserError

__all__ = ["Design", "sweep"]


class Design(StrEnum):
    """Where to look."""

    GRID = "grid"
    LHS = "lhs"


@guarded
def sweep(
    scenario: ScenarioArgument,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="PATH=LOW..HIGH[:POINTS]",
            help="What to vary: a range, or values (PATH=1s,2s,5s); may be given again.",
            show_default=False,
        ),
    ] = None,
    design: Annotated[
        Design, typer.Option(help="grid: all combinations; lhs: a Latin hypercube of --points points.")
    ] = Design.GRID,
    points: Annotated[
        int | None, typer.Option("--points", min=1, help="How many points --design lhs has.", show_default=False)
    ] = None,
    metrics: MetricOption = None,
    replications: ReplicationsOption = None,
    seed: SeedOption = None,
    jobs: JobsOption = None,
    cluster: ClusterOption = None,
    changes: SetOption = None,
    as_json: JsonOption = False,
    out: OutOption = None,
    charts: ChartsOption = True,
    report: ReportOption = None,
    journal: JournalOption = None,
) -> None:
    """Run a scenario at many values of its parameters, under the same faults: curves, heat maps, and the best point.

    A range has 7 points unless it says more (:9), at equal ratios where it spans a factor of ten, else at equal
    distances (:9:log, :9:linear). All points are checked before anything is run.

    \b
    Examples:
      hasim sweep scenarios/sub-second-vrrpv3.yaml --vary vrrp.advert_int=0.1s..5s:9
      hasim sweep scenarios/year-of-ordinary-failures.yaml --vary vrrp.advert_int=1s,2s,3s \\
          --vary notify.retry_delay=0.5s..8s:5 --metric downtime_per_year --out results/sweep
      hasim sweep pair.yaml --vary notify.retry_delay=1s..10s --vary vrrp.down_timer_adverts=2..6 \\
          --design lhs --points 30

    --out leaves charts, sweep.csv and result.json behind, and what "hasim report" needs. Read on: docs/comparing.md.
    """
    if (design is Design.LHS) != (points is not None):
        raise UserError("--design lhs goes with --points: how many points it has")
    if not vary:
        raise UserError("nothing is varied: say what, such as --vary vrrp.advert_int=1s..5s")
    study = load_study(scenario, changes)
    with running_with(
        "sweep",
        replications=replications,
        seed=seed,
        jobs=jobs,
        cluster=cluster,
        journal=journal,
        out=out,
        report=report,
    ) as how:
        result = study.sweep(vary, metrics=metrics, hypercube=points, **how)
    answered(result, as_json=as_json, out=out, charts=charts, report=report)
