"""What a drill does with a scenario's faults: which it injects, together with which others, when and for how long.

A scenario's horizon may be a year; a drill cannot wait. Each fault becomes an *episode*: a short scenario of its own
that begins in the steady state, in which the fault happens soon, is put right when everything that follows from it has
happened, and which ends when everything that follows from that has happened too. How long that takes is what the
simulation says. Drill and simulation then run the same episode.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hasim.errors import UserError
from hasim.scenario.digest import digest_of
from hasim.scenario.distributions import Constant
from hasim.scenario.model import Fault, FaultKind, Instance, Scenario
from hasim.scenario.troubles import API_FAULTS
from hasim.sim import simulate
from hasim.units import SECOND, format_duration

__all__ = ["LEAD_NS", "SLACK_NS", "Episode", "describe", "episodes_of", "phase_range_ns"]

LEAD_NS = SECOND
"""When an episode's fault happens; a drill adds a random phase."""

_TRIALS = 100
_TRIAL_SEED = 20_230_511
_SETTLED_SHARE = 0.98
SLACK_NS = 3 * SECOND
"""What a slow machine may add: interpreters that take seconds to start."""
_ENDS_WITH_THE_EPISODE = (FaultKind.CRASH, FaultKind.STOP, FaultKind.ZONE_OUTAGE)
_ALMOST_ALL = 0.999
_NOT_DRILLED = {FaultKind.LATENCY: "nothing here delays packets (that needs the kernel module sch_netem)"}


@dataclass(frozen=True, slots=True)
class Episode:
    """One fault (with the API trouble around it) as a scenario that takes seconds.

    ``fault`` is what it is about; ``scenario`` has it, and what else happens, at times from :data:`LEAD_NS` on.
    ``phase_ns`` is how much later a drill may inject it: what is periodic repeats itself after that.
    """

    fault: Fault
    scenario: Scenario
    phase_ns: int

    @property
    def name(self) -> str:
        """The fault's name."""
        return self.fault.name


def episodes_of(scenario: Scenario, patience_ns: int, only: Sequence[str] = ()) -> list[Episode]:
    """The episodes of a scenario, in the order of its faults. ``only`` names the faults that are wanted (empty: all).

    Raises:
        UserError: there is none, a fault cannot be drilled, or ``only`` names what is not there.
    """
    _check(scenario)
    steady = _with_master(scenario)
    wanted = [fault for fault in scenario.faults if _stands_alone(fault, scenario) and (not only or fault.name in only)]
    unknown = sorted(set(only) - {fault.name for fault in scenario.faults})
    if unknown:
        names = ", ".join(repr(fault.name) for fault in scenario.faults)
        raise UserError(f"the scenario has no fault {unknown[0]!r}; its faults: {names}")
    if not wanted:
        raise UserError("the scenario has no fault that a drill could inject")
    for fault in wanted:
        _refuse(fault)
    return [_episode(fault, steady, patience_ns) for fault in wanted]


def phase_range_ns(scenario: Scenario) -> int:
    """The longest period of anything periodic before a fault: adverts, checks, the periodic re-claim."""
    periods = [SECOND]
    for instance in scenario.instances:
        periods.append(instance.vrrp.advert_int_ns)
        periods += [script.interval_ns for script in instance.vrrp.track_scripts]
        periods.append(instance.notify.reclaim_interval_ns or 0)
    return max(periods)


def _check(scenario: Scenario) -> None:
    if scenario.cold_start is not None:
        raise UserError("a drill begins from the steady state: this scenario has a cold start")


def _with_master(scenario: Scenario) -> Scenario:
    """The scenario with its initial master named: of several that could be, the one with the highest address."""
    if scenario.initial_master is not None:
        return scenario

    def rank(instance: Instance) -> tuple[int, int]:
        weights = sum(max(script.weight, 0) for script in instance.vrrp.track_scripts)
        heartbeat = next(item for item in instance.interfaces if item.name == instance.vrrp.interface)
        return instance.vrrp.priority + weights, int(heartbeat.address)

    return replace(scenario, initial_master=max(scenario.instances, key=rank).name)


def _refuse(fault: Fault) -> None:
    why = _NOT_DRILLED.get(fault.kind)
    if why is not None:
        named = f"the fault {fault.name!r} ({fault.kind})"
        raise UserError(f"{named} cannot be drilled: {why}; --fault names those that can")


def _stands_alone(fault: Fault, scenario: Scenario) -> bool:
    """Whether a fault has an episode of its own: API trouble hurts nobody unless something else happens too."""
    return fault.kind not in API_FAULTS or all(other.kind in API_FAULTS for other in scenario.faults)


def _episode(fault: Fault, scenario: Scenario, patience_ns: int) -> Episode:
    struck = _aimed(fault, scenario)
    around = list(_around(fault, scenario, patience_ns))
    begin_ns = LEAD_NS + max((-shift for _, shift in around if shift < 0), default=0)
    others = [
        replace(other, at_ns=begin_ns + shift, time_to_failure=None, duration=_kept(other, patience_ns))
        for other, shift in around
    ]
    first = replace(struck, at_ns=begin_ns, time_to_failure=None, duration=None)
    shaped = replace(scenario, faults=(*others, first), horizon_ns=begin_ns + patience_ns)
    duration_ns = _duration_ns(struck, shaped, begin_ns, patience_ns)
    if duration_ns is not None:
        first = replace(first, duration=Constant(duration_ns))
        shaped = replace(shaped, faults=(*others, first), horizon_ns=begin_ns + duration_ns + patience_ns)
    shaped = replace(shaped, horizon_ns=_settled_ns(shaped, begin_ns) + SLACK_NS)
    return Episode(fault, replace(shaped, digest=digest_of(shaped)), phase_range_ns(scenario))


def _aimed(fault: Fault, scenario: Scenario) -> Fault:
    """A random fault, which befalls its targets each by itself, befalls one of them: the MASTER if it is among them."""
    if fault.at_ns is not None or not fault.targets or fault.kind in API_FAULTS:
        return fault
    master = scenario.initial_master
    return replace(fault, targets=(master if master in fault.targets else fault.targets[0],))


def _around(fault: Fault, scenario: Scenario, patience_ns: int) -> Iterator[tuple[Fault, int]]:
    """The API trouble of a script that overlaps a scripted fault, and when it begins relative to it."""
    if fault.at_ns is None or fault.kind in API_FAULTS:
        return
    for other in scenario.faults:
        if other.kind not in API_FAULTS or other.at_ns is None:
            continue
        longest_ns = math.inf if other.duration is None else other.duration.quantile(_ALMOST_ALL)
        if other.at_ns + longest_ns > fault.at_ns > other.at_ns - patience_ns:
            yield other, max(other.at_ns - fault.at_ns, -LEAD_NS)


def _kept(fault: Fault, patience_ns: int) -> Constant | None:
    """How long API trouble around a fault lasts: as long as in the scenario, but not for ever."""
    if fault.duration is None:
        return None
    return Constant(min(fault.duration.quantile(0.5), patience_ns))


def _duration_ns(fault: Fault, without_repair: Scenario, begin_ns: int, patience_ns: int) -> int | None:
    """How long the fault lasts in its episode; None: until the end."""
    if fault.kind in _ENDS_WITH_THE_EPISODE or (fault.duration is None and fault.kind is not FaultKind.KEEPALIVED_KILL):
        return None
    if fault.kind is FaultKind.KEEPALIVED_KILL and fault.duration is None:
        daemon = without_repair.instance(fault.targets[0]).daemon
        return daemon.restart_delay.quantile(0.5)
    assert fault.duration is not None
    usual_ns = fault.duration.quantile(0.5)
    hold_ns = _settled_ns(without_repair, begin_ns) + SLACK_NS - begin_ns
    return min(usual_ns, hold_ns, patience_ns)


def _settled_ns(scenario: Scenario, begin_ns: int) -> int:
    """When nothing happens any more, in nearly all simulated runs; whole seconds after ``begin_ns``."""
    ends = sorted(
        max(record.at for record in simulate(scenario, seed=_TRIAL_SEED, replication=number).records)
        for number in range(_TRIALS)
    )
    latest_ns = max(ends[min(math.ceil(_SETTLED_SHARE * _TRIALS), _TRIALS - 1)], begin_ns)
    seconds = math.ceil((latest_ns - begin_ns) / SECOND)
    return min(begin_ns + seconds * SECOND, scenario.horizon_ns)


def describe(episode: Episode) -> str:
    """The episode in a few words."""
    faults = [fault for fault in episode.scenario.faults if fault.name == episode.name]
    duration = faults[-1].duration
    lasts = "until the end" if duration is None else f"for {duration.describe()}"
    return f"{episode.name}: {lasts}, {format_duration(episode.scenario.horizon_ns)} in all"
