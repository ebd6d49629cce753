"""The exact answer for a scenario that fits, and what it rests on: :func:`exact_answer`.

Two parts are told apart, because they are known in different ways:

* **all instances down.** Faults are independent alternating renewal processes, so that the probability of all being
  down at once is the product of ``mean down / (mean up + mean down)``: for any distributions. (In the chain it comes
  out of GTH elimination, and a test holds one against the other.)
* **the address on its way**: how often, times how long on the average. How often comes from a Markov chain. How long
  has a closed form while nothing branches (:mod:`hasim.study.exact.outages`).

Where the second part has no closed form (refused calls, retries, checks), it is taken from simulated episodes, and the
answer is called *mixed*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from hasim.errors import UserError
from hasim.scenario.model import Fault, FaultKind, Instance, Scenario
from hasim.scenario.steady import steady_priority
from hasim.study.episodes import DEPTHS, PILOT, PRECISION
from hasim.study.episodes.campaign import MOST_RUNS, Campaign, Progress
from hasim.study.episodes.episode import Episode
from hasim.study.episodes.fitness import check_scenario
from hasim.study.episodes.rewards import downtime_with
from hasim.study.estimators import CONFIDENCE, Estimate
from hasim.study.exact.chain import Member, Solution, Term, solve
from hasim.study.exact.outages import mean_outages, objections_to_closed_form
from hasim.study.exact.phases import Phases, phases_of
from hasim.study.journal import Journal, opened
from hasim.study.workers import Crew
from hasim.vrrp.timers import OWNER_PRIORITY

__all__ = ["FORMAT", "ExactAnswer", "check_exact", "exact_answer"]

FORMAT = "hasim.exact/1"

CLOSED, MIXED = "closed", "mixed"


@dataclass(frozen=True, eq=False)
class ExactAnswer:
    """The unavailability of a scenario without simulating it, or with simulating only its failovers.

    Attributes:
        scenario: which.
        kind: ``closed`` or ``mixed``.
        terms: the parts of the unavailability.
        unavailability: their sum. Of a closed answer the interval has no width: chance has no part in it.
        states: of the Markov chain; 0 where none was needed.
        assumptions: what it takes for granted, in words.
    """

    scenario: Scenario
    kind: str
    terms: tuple[Term, ...]
    unavailability: Estimate
    states: int
    assumptions: tuple[str, ...]

    def agrees_with(self, simulated: Estimate) -> bool:
        """Whether a simulated unavailability is compatible: the intervals have something in common."""
        ours = self.unavailability
        return simulated.low <= ours.high and ours.low <= simulated.high

    def to_json(self) -> dict[str, Any]:
        """As plain data, ``"format": "hasim.exact/1"``; ``rate_per_ns`` is null for the time with all down."""
        from hasim.study.compare.document import estimate_json

        return {
            "format": FORMAT,
            "scenario": {"name": self.scenario.name, "digest": self.scenario.digest},
            "kind": self.kind,
            "unavailability": estimate_json(self.unavailability, ""),
            "terms": [
                {
                    "name": term.name,
                    "rate_per_ns": term.rate,
                    "mean_ns": None if math.isnan(term.mean_ns) else term.mean_ns,
                    "unavailability": term.unavailability,
                }
                for term in self.terms
            ],
            "states": self.states,
            "assumptions": list(self.assumptions),
        }

    def __repr__(self) -> str:
        return f"<ExactAnswer of {self.scenario.name!r}: unavailability {self.unavailability.value:.6g} ({self.kind})>"

    def _repr_html_(self) -> str:
        from hasim.report.episodes import exact_tables
        from hasim.report.html import tables_html

        return tables_html(exact_tables(self, None))


def exact_answer(
    scenario: Scenario,
    *,
    seed: int | None = None,
    precision: float | None = None,
    jobs: int | None = None,
    journal: Journal | str | PathLike[str] | None = None,
    progress: Progress | None = None,
) -> ExactAnswer:
    """The answer of the Markov model; all but the scenario is for the episodes of a mixed one, which go on until the
    downtime that has no closed form is known to ``precision`` (None: 1%).

    Raises:
        UserError: the scenario does not fit, and which assumption fails.
    """
    faults, reasons = _fit(scenario)
    if reasons:
        campaign = Campaign(scenario, seed=seed, pilot=PILOT, depths=DEPTHS, progress=progress)
        wanted = PRECISION if precision is None else precision
        with Crew(jobs) as crew, opened(journal) as kept:
            return _mixed(campaign, faults, reasons, wanted, crew, kept)
    solution = _solution(scenario, faults)
    total = math.fsum(term.unavailability for term in solution.terms)
    value = Estimate(total, total, total, CONFIDENCE, "Markov chain by GTH elimination", solution.states)
    return ExactAnswer(scenario, CLOSED, solution.terms, value, solution.states, tuple(_assumptions(scenario)))


def check_exact(scenario: Scenario) -> None:
    """Find out before any work whether there is such an answer.

    Raises:
        UserError: the scenario does not fit, and which assumption fails.
    """
    faults, reasons = _fit(scenario)
    if reasons:
        check_scenario(scenario)
    else:
        _solution(scenario, faults)


def _fit(scenario: Scenario) -> tuple[dict[str, Fault], list[str]]:
    """The fault of each instance, and why there is no closed form of what happens: nothing where there is one."""
    faults = _crashes(scenario)
    return faults, [*objections_to_closed_form(scenario), *_unfit(faults)]


def _solution(scenario: Scenario, faults: Mapping[str, Fault]) -> Solution:
    return solve([_member(scenario, instance, faults[instance.name]) for instance in scenario.instances])


def _crashes(scenario: Scenario) -> dict[str, Fault]:
    """The one crash fault of each instance.

    Raises:
        UserError: there are other faults, or they are scripted, or somebody has none.
    """
    found: dict[str, Fault] = {}
    for fault in scenario.faults:
        if fault.kind is not FaultKind.CRASH:
            raise UserError(f"no exact model: {fault.name} is a {fault.kind}, and the model knows crashes only")
        if fault.time_to_failure is None or fault.duration is None:
            raise UserError(f"no exact model: {fault.name} does not fail and get repaired at random, again and again")
        for target in fault.targets:
            if target in found:
                raise UserError(f"no exact model: {target} has more than one fault")
            found[target] = fault
    missing = [instance.name for instance in scenario.instances if instance.name not in found]
    if missing:
        raise UserError(f"no exact model: {', '.join(missing)} never fails")
    if scenario.cold_start is not None:
        raise UserError("no exact model: the scenario begins with a cold start")
    return found


def _unfit(faults: Mapping[str, Fault]) -> Iterator[str]:
    """Distributions that are no rows of memoryless phases."""
    for fault in {id(fault): fault for fault in faults.values()}.values():
        for what, distribution in (("time to failure", fault.time_to_failure), ("repair", fault.duration)):
            assert distribution is not None
            if phases_of(distribution) is None:
                yield f"the {what} of {fault.name} ({distribution.describe()}) is not of memoryless phases"


def _member(scenario: Scenario, instance: Instance, fault: Fault) -> Member:
    assert fault.time_to_failure is not None
    assert fault.duration is not None
    up, repair = phases_of(fault.time_to_failure), phases_of(fault.duration)
    assert up is not None
    assert repair is not None
    heartbeat = next(i for i in instance.interfaces if i.name == instance.vrrp.interface)
    return Member(
        name=instance.name,
        rank=(steady_priority(instance), int(heartbeat.address)),
        preempts=not instance.vrrp.nopreempt or instance.vrrp.priority == OWNER_PRIORITY,
        up=up,
        down=_with_boot(repair, _boot_ns(instance)),
        outages=mean_outages(scenario, instance),
    )


def _boot_ns(instance: Instance) -> float:
    return instance.guest.boot.mean_ns() + instance.daemon.start_up.mean_ns()


def _with_boot(repair: Phases, boot_ns: float) -> Phases:
    """After the repair the instance boots and starts its daemon: one more phase."""
    if not boot_ns:
        return repair
    return tuple((chance, (*rates, 1.0 / boot_ns)) for chance, rates in repair)


def _assumptions(scenario: Scenario) -> Iterator[str]:
    yield "nothing fails while the address is on its way"
    if any(_boot_ns(instance) for instance in scenario.instances):
        yield "boot and start of the daemon together are taken as exponential, with their mean"


def _mixed(
    campaign: Campaign,
    faults: Mapping[str, Fault],
    reasons: list[str],
    precision: float,
    crew: Crew,
    journal: Journal | None,
) -> ExactAnswer:
    """All down at once by the product, the rest from episodes."""
    scenario = campaign.study.scenario
    all_down = math.prod(_share_down(faults[instance.name]) for instance in scenario.instances)
    somebody_up = range(len(scenario.instances))

    def rest(episode: Episode) -> float:
        return math.fsum(downtime_with(number)(episode) for number in somebody_up)

    cycles = campaign.run(crew, lambda found: [found.ratio(rest)], precision, MOST_RUNS, journal)
    part = cycles.ratio(rest).estimate(1.0)
    value = Estimate(
        all_down + part.value,
        all_down + part.low,
        all_down + part.high,
        CONFIDENCE,
        f"exact, and {part.method}",
        part.n,
    )
    terms = (
        Term("all instances down", None, math.nan, all_down),
        Term("anything else (simulated episodes)", None, math.nan, part.value),
    )
    return ExactAnswer(scenario, MIXED, terms, value, 0, tuple(f"no closed form: {reason}" for reason in reasons))


def _share_down(fault: Fault) -> float:
    assert fault.time_to_failure is not None
    assert fault.duration is not None
    up_ns, down_ns = fault.time_to_failure.mean_ns(), fault.duration.mean_ns()
    return down_ns / (up_ns + down_ns)
