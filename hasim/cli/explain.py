"""``hasim explain``: one replication told as a timeline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.guard import guarded, say
from hasim.cli.options import JobsOption, JsonOption, ScenarioArgument, SeedOption, SetOption, load_study
from hasim.cli.recordings import (
    PcapOption,
    TimelineOption,
    WindowOption,
    check_recordings,
    detail_of,
    write_recordings,
)
from hasim.errors import UserError
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.api import Explanation, Study
    from hasim.report.story import Narration

__all__ = ["explain"]


@guarded
def explain(
    scenario: ScenarioArgument,
    replication: Annotated[
        int | None,
        typer.Option("--replication", "-r", min=0, help="Which one, counted from 0. [default: 0]", show_default=False),
    ] = None,
    worst: Annotated[
        bool,
        typer.Option("--worst", help="Run all replications first, and tell the longest outage of all."),
    ] = False,
    outage: Annotated[
        int | None,
        typer.Option("--outage", min=1, help="Only this outage, counted from 1. [default: all]", show_default=False),
    ] = None,
    seed: SeedOption = None,
    jobs: JobsOption = None,
    changes: SetOption = None,
    as_json: JsonOption = False,
    pcap: PcapOption = None,
    timeline: TimelineOption = None,
    window: WindowOption = None,
) -> None:
    """Tell one replication step by step: who did what, when and why, and what each phase of an outage cost.

    Times are since the start of the run and relative to the fault. Repeated API calls are counted, not listed.

    \b
    Examples:
      hasim explain scenarios/secondary-ip-best-practice.yaml
      hasim explain scenarios/year-of-ordinary-failures.yaml --worst
      hasim explain scenarios/year-of-ordinary-failures.yaml --replication 12 --outage 3
      hasim explain scenarios/partition.yaml --pcap partition.pcapng --timeline partition.json

    Replications and outages have the numbers that outages.csv of "hasim run --out" gives them. Without --window, --pcap
    holds the outage that is told, or the whole run.

    Read on: docs/results.md defines the phases.
    """
    check_recordings(pcap, timeline, window)
    if worst and (replication is not None or outage is not None):
        raise UserError("--worst looks for the replication and the outage itself: leave --replication and --outage out")
    study = load_study(scenario, changes)
    number = replication or 0
    if worst:
        number, outage = _worst(study, seed, jobs)
    explanation = study.explain(replication=number, seed=seed)
    narration = _narrowed(explanation, outage)
    if pcap is not None:
        detail = detail_of(study, window, explanation, outage)
        explanation = study.explain(replication=number, seed=seed, detail=detail)
    write_recordings(explanation, pcap, timeline)
    if as_json:
        print(json.dumps(_document(explanation, narration), indent=1, ensure_ascii=False))
        return
    from hasim.cli.terminal import print_narration

    print_narration(narration)


def _worst(study: Study, seed: int | None, jobs: int | None) -> tuple[int, int | None]:
    """Replication and number of the longest outage of all; of no outage at all, the first replication."""
    from hasim.cli.terminal import progress_bar
    from hasim.report.selection import worst_outage

    with progress_bar(f"looking for the worst of {study.scenario.name}") as progress:
        result = study.run(seed=seed, jobs=jobs, progress=progress)
    found = worst_outage(result)
    if found is None:
        say(f"no outage in {counted(len(result.outcomes), 'replication')}")
        return 0, None
    return found


def _narrowed(explanation: Explanation, outage: int | None) -> Narration:
    if outage is None:
        return explanation.narration
    count = len(explanation.outages)
    if outage > count:
        has = counted(count, "outage") if count else "no outage"
        raise UserError(f"--outage {outage}: replication {explanation.trace.replication} has {has}")
    return explanation.narration.only(outage)


def _document(explanation: Explanation, narration: Narration) -> dict[str, object]:
    trace = explanation.trace
    return {
        "format": "hasim.explanation/1",
        "scenario": {"name": trace.scenario, "digest": trace.digest},
        "seed": trace.seed,
        "replication": trace.replication,
        "horizon_ns": trace.horizon_ns,
        **narration.to_dict(),
    }
