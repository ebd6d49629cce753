"""``hasim sensitivity``: which parameter moves a scenario most."""

from __future__ import annotations

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

__all__ = ["sensitivity"]


@guarded
def sensitivity(
    scenario: ScenarioArgument,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="PATH=LOW..HIGH",
            help="What to look at, low and high (or PATH=ONE,OTHER); may be given again. [default: see below]",
            show_default=False,
        ),
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
    """Find which parameter moves the downtime most: each low and high, under the same faults; a tornado chart.

    Unless --vary says what to look at: the weak defaults that the scenario relies on and the cloud's durations, over
    plausible ranges; all timers, and how often and how long each random fault strikes, at half and at double.

    \b
    Examples:
      hasim sensitivity scenarios/year-of-ordinary-failures.yaml
      hasim sensitivity scenarios/secondary-ip-best-practice.yaml --metric failover_p95 --out results/tornado
      hasim sensitivity pair.yaml --vary guest.boot=20s..3min --vary vrrp.down_timer_adverts=2..6

    --out leaves charts, sensitivity.csv and result.json behind, and what "hasim report" needs. Read on:
    docs/comparing.md.
    """
    study = load_study(scenario, changes)
    with running_with(
        "sensitivity",
        replications=replications,
        seed=seed,
        jobs=jobs,
        cluster=cluster,
        journal=journal,
        out=out,
        report=report,
    ) as how:
        result = study.sensitivity(vary, metrics=metrics, **how)
    answered(result, as_json=as_json, out=out, charts=charts, report=report)
