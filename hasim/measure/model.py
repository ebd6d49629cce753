"""What measuring gives: the outages of one run, each with its phases, and the sums of the run.

Everything here is small, frozen and picklable: thousands of outcomes travel from worker processes to the study.
Durations are integer nanoseconds; the phases of an outage add up to the outage exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "FAILBACK",
    "FAILOVER",
    "FALSE_FAILOVER",
    "FIRST_SERVICE",
    "NOT_ACCEPTED",
    "PHASES",
    "RECOVERED_IN_PLACE",
    "UNKNOWN",
    "UNRESOLVED",
    "Outage",
    "RunOutcome",
]

PHASES = ("detect", "elect", "notify", "api", "move", "propagate", "guest", "service")
"""The phases of an outage in order: the index into :attr:`Outage.phases_ns`."""

FAILOVER = "failover"
RECOVERED_IN_PLACE = "recovered_in_place"
FIRST_SERVICE = "first_service"
UNRESOLVED = "unresolved"

FAILBACK = "failback"
FALSE_FAILOVER = "false_failover"
NOT_ACCEPTED = "not_accepted"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outage:
    """A maximal interval without service.

    Attributes:
        start_ns: when the service was lost.
        end_ns: when it was back; the horizon when the run ended first.
        missing: the condition that failed first: ``route``, ``instance``, ``link``, ``guest``, ``accept`` (it is
            there, and what is sent to it is dropped) or ``service``.
        cause: the kind of the fault that explains it, or ``failback`` (the address moved by protocol after a repair),
            ``not_accepted`` (the MASTER drops what is sent to the address), ``false_failover`` (an election without any
            fault) or ``unknown``.
        fault: the name of that fault in the scenario, empty where there is none.
        began_on: the instance that served before (None: nobody ever did).
        ended_on: the instance that serves afterwards (None: unresolved at the horizon).
        phases_ns: eight durations in the order of :data:`PHASES`, none negative, together ``duration_ns``.
        resolution: ``failover``, ``recovered_in_place``, ``first_service`` (nobody had served before: a cold start is
            no failover) or ``unresolved``.
    """

    start_ns: int
    end_ns: int
    missing: str
    cause: str
    fault: str
    began_on: str | None
    ended_on: str | None
    phases_ns: tuple[int, ...]
    resolution: str

    @property
    def duration_ns(self) -> int:
        """How long the service was gone."""
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """One replication, summed.

    Attributes:
        replication: its number, from 0.
        horizon_ns: how long the run was.
        downtime_ns: the sum of its outages.
        outages: in time order.
        dual_master_ns: time with at least two instances MASTER at once.
        wrong_instance_ns: time in which the cloud routed the address to an instance that was not MASTER while some live
            instance was.
        black_hole_ns: time in which the only MASTER had the cloud's route and the service was missing all the same.
        transitions: VRRP transitions to MASTER (the initial one at 0 not counted).
        notify_runs: notify scripts started.
        api_calls: action -> code (``OK``, an error code, ``ClientTimeout``, ``unanswered``) -> number of calls.
    """

    replication: int
    horizon_ns: int
    downtime_ns: int
    outages: Sequence[Outage]
    dual_master_ns: int
    wrong_instance_ns: int
    black_hole_ns: int
    transitions: int
    notify_runs: int
    api_calls: Mapping[str, Mapping[str, int]]

    @property
    def availability(self) -> float:
        """The fraction of the horizon with service."""
        return 1.0 - self.downtime_ns / self.horizon_ns if self.horizon_ns else 1.0
