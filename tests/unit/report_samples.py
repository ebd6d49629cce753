"""Hand-made traces and outcomes for the tests of the report and the command line: small, but shaped like real runs."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hasim.measure import PHASES, Outage, RunOutcome, measure
from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.study import StudyResult
from hasim.study.outcomes import Outcomes
from hasim.trace import (
    AddressHeld,
    AddressRouted,
    ApiAnswered,
    ApiCalled,
    DaemonChanged,
    FaultBegan,
    FaultEnded,
    GuestAddressChanged,
    NotifyEnded,
    NotifyStarted,
    PowerChanged,
    ReachabilityChanged,
    Record,
    ServiceChanged,
    StateChanged,
    TaskEnded,
    Trace,
)
from tests.unit.scenario_texts import BASE

MS = 1_000_000
S = 1_000_000_000
YEAR = 365 * 86_400 * S
MOVE = "MigratePrivateIpAddress"
QUESTION = "DescribeVpcTaskResult"


def initial_records(names: tuple[str, ...]) -> list[Record]:
    """The records at 0: everybody runs, the first instance is MASTER and has the address."""
    records: list[Record] = []
    for index, name in enumerate(names):
        records += [
            PowerChanged(0, name, "running"),
            DaemonChanged(0, name, True, "started"),
            StateChanged(0, name, "INIT", "BACKUP" if index else "MASTER", "start_up"),
            ServiceChanged(0, name, True),
        ]
    first = names[0]
    return [
        *records,
        GuestAddressChanged(0, first, True),
        AddressHeld(0, first),
        AddressRouted(0, first),
        ReachabilityChanged(0, first, ""),
    ]


def crash_records(old: str, new: str, at_ns: int, task_ns: int, refused: int = 0) -> list[Record]:
    """``old`` crashes; ``new`` notices, moves the address by API (polling its task), and serves.

    ``refused`` calls are refused before one is accepted; the task then takes ``task_ns``.
    """
    master, call_ns, call = at_ns + 3_109 * MS, at_ns + 3_300 * MS, 1
    records: list[Record] = [
        FaultBegan(at_ns, "primary dies", "crash", old),
        PowerChanged(at_ns, old, "off"),
        DaemonChanged(at_ns, old, False, "crash"),
        StateChanged(at_ns, old, "MASTER", "INIT", "died"),
        GuestAddressChanged(at_ns, old, False),
        ServiceChanged(at_ns, old, False),
        ReachabilityChanged(at_ns, None, "instance"),
        StateChanged(master, new, "BACKUP", "MASTER", "down_timer"),
        NotifyStarted(master + 4 * MS, new, 1, "MASTER"),
    ]
    for call in range(1, refused + 1):
        records.append(ApiCalled(call_ns, new, 1, call, MOVE))
        records.append(ApiAnswered(call_ns + 90 * MS, new, 1, call, MOVE, "RequestLimitExceeded"))
        call_ns += 590 * MS
    move = refused + 1
    accepted = call_ns + 120 * MS
    committed = accepted + task_ns
    guest, service = committed + 700 * MS, committed + 950 * MS
    records += [
        ApiCalled(call_ns, new, 1, move, MOVE),
        ApiAnswered(accepted, new, 1, move, MOVE, "OK"),
        TaskEnded(committed, move, MOVE, "SUCCESS", new),
        AddressHeld(committed, new),
        AddressRouted(committed + 400 * MS, new),
        GuestAddressChanged(guest, new, True),
        ServiceChanged(guest, new, False),
        ServiceChanged(service, new, True),
        ReachabilityChanged(service, new, ""),
    ]
    poll, call = accepted + S, move + 1
    while poll < committed + S:
        records.append(ApiCalled(poll, new, 1, call, QUESTION))
        records.append(ApiAnswered(poll + 50 * MS, new, 1, call, QUESTION, "OK"))
        poll, call = poll + S, call + 1
    records.append(NotifyEnded(max(poll, service), new, 1, "done"))
    return sorted(records, key=lambda record: record.at)


def repair_records(name: str, at_ns: int) -> list[Record]:
    """The crashed instance boots and comes back as BACKUP."""
    return [
        FaultEnded(at_ns, "primary dies", "crash", name),
        PowerChanged(at_ns, name, "booting"),
        PowerChanged(at_ns + 40 * S, name, "running"),
        DaemonChanged(at_ns + 40 * S, name, True, "started"),
        StateChanged(at_ns + 40 * S, name, "INIT", "BACKUP", "start_up"),
        ServiceChanged(at_ns + 45 * S, name, True),
    ]


def crash_trace(
    names: tuple[str, ...] = ("a", "b"),
    task_ns: int = 1_400 * MS,
    refused: int = 0,
    repair_after_ns: int = 300 * S,
) -> tuple[Trace, RunOutcome]:
    """One replication with one crash of the first instance at 100.25 s, and what is measured in it."""
    at_ns = 100_250 * MS
    crash = crash_records(names[0], names[1], at_ns, task_ns, refused)
    records = [*initial_records(names), *crash, *repair_records(names[0], at_ns + repair_after_ns)]
    trace = trace_of(*sorted(records, key=lambda record: record.at))
    return trace, measure(trace)


def trace_of(*records: Record, horizon_ns: int = 600 * S) -> Trace:
    """A trace of these records."""
    return Trace("primary-crash", "0" * 64, 1, 0, horizon_ns, tuple(records))


def scenario() -> Scenario:
    """A scenario with the instances ``a`` and ``b`` and the floating address 10.0.1.100."""
    return loads("name: primary-crash\n" + BASE)


def study(*outcomes: RunOutcome, **changes: Any) -> StudyResult:
    """A result of these outcomes; ``changes`` replace fields of its scenario (``name``, ``slo``, ...)."""
    varied = replace(scenario(), horizon_ns=outcomes[0].horizon_ns, **changes)
    return StudyResult(varied, 1, "quiet", Outcomes.of(outcomes), "0.1.0", False)


def outcome_of(outages: tuple[Outage, ...], horizon_ns: int, replication: int) -> RunOutcome:
    """An outcome around those outages."""
    return RunOutcome(
        replication=replication,
        horizon_ns=horizon_ns,
        downtime_ns=sum(outage.duration_ns for outage in outages),
        outages=outages,
        dual_master_ns=0,
        wrong_instance_ns=0,
        black_hole_ns=0,
        transitions=len(outages),
        notify_runs=len(outages),
        api_calls={
            "MigratePrivateIpAddress": {"OK": len(outages), "RequestLimitExceeded": len(outages) // 3},
            "DescribeVpcTaskResult": {"OK": 4 * len(outages)},
        },
    )


def random_outage(rng: random.Random, start_ns: int) -> Outage:
    """An outage as an ordinary year has them."""
    cause = rng.choices(
        ["crash", "service_failure", "freeze", "zone_outage", "link_down", "failback"], [40, 25, 10, 3, 12, 10]
    )[0]
    detect = int(rng.uniform(2.609, 3.609) * S) if cause != "failback" else 0
    move = int(rng.lognormvariate(0.3, 0.5) * S)
    rest = [int(rng.uniform(0.01, 0.4) * S) for _ in range(5)]
    phases = [detect, rest[0] // 20, rest[0], rest[1], move, rest[2], rest[3], rest[4]]
    resolution = "failover"
    if cause == "service_failure" and rng.random() < 0.3:
        phases, resolution = [int(rng.uniform(0.5, 4) * S)] + [0] * 7, "recovered_in_place"
    if cause == "zone_outage":
        phases[3] += int(rng.expovariate(1 / 120) * S)
    assert len(phases) == len(PHASES)
    ended_on = "b" if resolution == "failover" else "a"
    end_ns = start_ns + sum(phases)
    return Outage(start_ns, end_ns, "instance", cause, cause, "a", ended_on, tuple(phases), resolution)


def random_outcomes(replications: int, mean_outages: float, seed: int = 1) -> tuple[RunOutcome, ...]:
    """Outcomes of years with that many outages (up to 100) on average."""
    rng = random.Random(seed)
    outcomes = []
    for replication in range(replications):
        count = sum(rng.random() < mean_outages / 100 for _ in range(100))
        starts = sorted(rng.sample(range(YEAR // (3_600 * S)), count))
        outages = tuple(random_outage(rng, start * 3_600 * S) for start in starts)
        outcomes.append(outcome_of(outages, YEAR, replication))
    return tuple(outcomes)
