"""Hand-made study results: a shipped scenario with outcomes whose every number is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from hasim.measure import Outage, RunOutcome
from hasim.scenario import load
from hasim.scenario.digest import digest_of
from hasim.scenario.model import Scenario, Slo
from hasim.study import StudyResult
from hasim.study.outcomes import Outcomes
from hasim.units import SECOND, YEAR

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@cache
def shipped(name: str = "secondary-ip-best-practice") -> Scenario:
    return load(SCENARIOS / f"{name}.yaml")


def outage(
    start_s: float,
    duration_s: float,
    resolution: str = "failover",
    cause: str = "crash",
    phases_s: Sequence[float] | None = None,
) -> Outage:
    """All of it detection unless ``phases_s`` says otherwise."""
    start_ns, duration_ns = round(start_s * SECOND), round(duration_s * SECOND)
    phases = [duration_ns, *[0] * 7] if phases_s is None else [round(phase * SECOND) for phase in phases_s]
    ended_on = {"failover": "b", "recovered_in_place": "a", "unresolved": None}[resolution]
    return Outage(
        start_ns, start_ns + duration_ns, "instance", cause, f"some {cause}", "a", ended_on, tuple(phases), resolution
    )


def run(replication: int, *outages: Outage, horizon_ns: int = YEAR, dual_master_ns: int = 0) -> RunOutcome:
    return RunOutcome(
        replication=replication,
        horizon_ns=horizon_ns,
        downtime_ns=sum(item.duration_ns for item in outages),
        outages=outages,
        dual_master_ns=dual_master_ns,
        wrong_instance_ns=0,
        black_hole_ns=0,
        transitions=len(outages),
        notify_runs=2 * len(outages),
        api_calls={"MigratePrivateIpAddress": {"OK": len(outages)}} if outages else {},
    )


def result(*outcomes: RunOutcome, slo: Slo | None = None) -> StudyResult:
    scenario = replace(shipped(), slo=slo or Slo(), horizon_ns=outcomes[0].horizon_ns)
    scenario = replace(scenario, digest=digest_of(scenario))
    return StudyResult(scenario, 7, "quiet", Outcomes.of(outcomes), version="0.1.0", interrupted=False)
