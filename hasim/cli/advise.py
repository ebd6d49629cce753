"""``hasim advise``: the cheapest settings that meet the SLO."""

from __future__ import annotations

from typing import Annotated

import typer

from hasim.cli.answers import ChartsOption, ReportOption, answered, running_with
from hasim.cli.guard import SLO_NOT_MET, guarded, say
from hasim.cli.options import (
    ClusterOption,
    JobsOption,
    JournalOption,
    JsonOption,
    OutOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
    load_study,
)

__all__ = ["advise"]


@guarded
def advise(
    scenario: ScenarioArgument,
    consider: Annotated[
        list[str] | None,
        typer.Option(
            "--consider",
            metavar="PATH=VALUE,VALUE,...",
            help="What may be set, with its values from the cheapest on; may be given again, the dearest last. "
            "[default: see below]",
            show_default=False,
        ),
    ] = None,
    replications: Annotated[
        int | None,
        typer.Option(
            "--replications",
            "-n",
            min=1,
            help="The most runs that one candidate may have. [default: what the scenario says, at least 200]",
        ),
    ] = None,
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
    """Find the cheapest settings that meet the scenario's SLO, and what faster failovers cost in false ones.

    Of two combinations the cheaper one leaves what was named later as it is: everything is tried with what stands first
    before anything behind it is touched. Unless --consider says what may be set, that is in this order: no weight of
    checks where it never moves the address, no preempting, faster health checks, a patient notify script, a periodic
    re-check, more patience (where packets are lost), faster adverts, another mechanism.

    \b
    Examples:
      hasim advise scenarios/secondary-ip-best-practice.yaml
      hasim advise scenarios/year-of-ordinary-failures.yaml --set slo.failover.p95=12s --out results/advice
      hasim advise pair.yaml --consider vrrp.down_timer_adverts=3,2 --consider floating.mechanism=eni,secondary_ip

    Candidates that certainly miss the SLO, or are dearer than one that meets it, are run no further. Exit status 99
    says that certainly nothing meets the SLO. Read on: docs/comparing.md.
    """
    study = load_study(scenario, changes)
    with running_with(
        "advise",
        replications=replications,
        seed=seed,
        jobs=jobs,
        cluster=cluster,
        journal=journal,
        out=out,
        report=report,
    ) as how:
        advice = study.advise(consider, **how)
    answered(advice, as_json=as_json, out=out, charts=charts, report=report)
    if advice.lint_note and not as_json:
        print(advice.lint_note)
    if advice.is_hopeless:
        say("nothing that was considered meets the SLO")
        raise typer.Exit(SLO_NOT_MET)
