"""What might be set otherwise, and in which order it is preferred.

A :class:`Factor` is something that can be set, with its options from the cheapest to the dearest; the first is usually
what the scenario has. Of two combinations the cheaper one is that which leaves the *later* factors at earlier options:
everything is tried with the factors that stand first before one that stands later is touched.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hasim.errors import UserError
from hasim.scenario.errors import ScenarioError
from hasim.scenario.linting import weights_in_vain
from hasim.scenario.model import FaultKind, Mechanism, Scenario
from hasim.study.compare.variants import value_text
from hasim.study.sweep.design import Vary
from hasim.study.sweep.parameters import Parameter, check_different
from hasim.units import MILLISECOND, SECOND

__all__ = ["AS_IT_IS", "Candidate", "Factor", "Option", "candidates_of", "combined", "considered", "usual_factors"]

AS_IT_IS = "as it is"

_MOST_CANDIDATES = 300


@dataclass(frozen=True)
class Option:
    """One way of setting a factor: its name, and the changes that make it (none: as the scenario has it).

    ``is_of_calls`` marks one that does something only where an address is moved by calls of the API.
    """

    name: str
    changes: Mapping[str, Any]
    is_of_calls: bool = False


@dataclass(frozen=True)
class Factor:
    """Something that can be set; ``options`` are ordered, the cheapest first."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Candidate:
    """A combination of options.

    Attributes:
        name: what is set, ``as it is`` where nothing is.
        ranks: the position of each factor's option.
        changes: of the scenario.
        scenario: with these changes.
    """

    name: str
    ranks: tuple[int, ...]
    changes: Mapping[str, Any]
    scenario: Scenario


def candidates_of(factors: Sequence[Factor], vary: Vary, *, strict: bool) -> tuple[list[Candidate], dict[str, str]]:
    """All combinations that make a valid scenario, each another one, the cheapest first; and why others make none.

    An option that does nothing in a combination makes it no other one, and it is left out.

    Raises:
        UserError: there are too many; ``strict`` and one of them is no valid scenario.
    """
    count = math.prod(len(factor.options) for factor in factors)
    if count > _MOST_CANDIDATES:
        raise UserError(f"{count:,} combinations are too many: consider fewer values (at most {_MOST_CANDIDATES})")
    ordered = sorted(
        itertools.product(*(range(len(factor.options)) for factor in factors)), key=lambda ranks: ranks[::-1]
    )
    found: dict[str, Candidate] = {}
    refused: dict[str, str] = {}
    for ranks in ordered:
        candidate = _candidate(factors, ranks, vary, refused, strict=strict)
        if candidate is not None:
            found.setdefault(candidate.scenario.digest, candidate)
    return list(found.values()), refused


def combined(options: Sequence[Option]) -> tuple[str, dict[str, Any]]:
    """What a combination is called, and its changes of the scenario."""
    changes = {path: value for option in options for path, value in option.changes.items()}
    return ", ".join(option.name for option in options if option.changes) or AS_IT_IS, changes


def _candidate(
    factors: Sequence[Factor], ranks: tuple[int, ...], vary: Vary, refused: dict[str, str], *, strict: bool
) -> Candidate | None:
    options = [factor.options[rank] for factor, rank in zip(factors, ranks, strict=True)]
    name, changes = combined(options)
    try:
        scenario = vary(changes)
    except UserError as error:
        if strict:
            raise
        refused[name] = str(error)
        return None
    if scenario.floating.mechanism.is_announced and any(option.is_of_calls for option in options):
        return None
    return Candidate(name, ranks, changes, scenario)


def considered(parameters: Sequence[Parameter]) -> list[Factor]:
    """Factors that somebody asked for: the values of each in the order in which they are given, the cheapest first.

    Raises:
        UserError: one of them is the SLO, which all candidates are to meet, stands twice, or makes no difference.
    """
    for one in parameters:
        if one.path.partition(".")[0] == "slo":
            raise UserError(f"{one.path}: the SLO is what settings are to meet, and cannot be one of them")
    check_different(parameters)
    labels = [one.label for one in parameters]
    return [
        Factor(one.path, tuple(Option(f"{name}={value_text(value)}", {one.path: value}) for value in one.values))
        for one in parameters
        for name in (one.label if labels.count(one.label) == 1 else one.path,)
    ]


def usual_factors(data: Mapping[str, Any], scenario: Scenario) -> list[Factor]:
    """What people turn when a pair is too slow, the cheapest first; what the scenario has already is left out.

    Where that makes too many combinations, the steps in between of what has most of them are left out too.
    """
    factors = [factor for factor in _usual(data, scenario) if len(factor.options) > 1]
    while math.prod(len(factor.options) for factor in factors) > _MOST_CANDIDATES:
        longest = max(factors, key=lambda factor: len(factor.options))
        if len(longest.options) == 2:
            break
        first, _, *further = longest.options
        factors[factors.index(longest)] = replace(longest, options=(first, *further))
    return factors


def _usual(data: Mapping[str, Any], scenario: Scenario) -> Iterator[Factor]:
    yield Factor("weights", (_AS_IT_IS, *_no_weights_in_vain(data, scenario)))
    yield Factor("preempting", (_AS_IT_IS, *_no_preemption(data, scenario)))
    yield Factor("health checks", (_AS_IT_IS, *_faster_checks(data)))
    yield Factor("notify script", (_AS_IT_IS, *_patient_script(scenario)))
    yield Factor("periodic re-check", (_AS_IT_IS, *_periodic_check(scenario)))
    yield Factor("patience", (_AS_IT_IS, *_more_patience(scenario)))
    yield Factor("adverts", (_AS_IT_IS, *_faster_adverts(scenario)))
    yield Factor("mechanism", (_AS_IT_IS, *_other_mechanisms(scenario)))


_AS_IT_IS = Option(AS_IT_IS, {})
_FASTER_ADVERTS = ((2, SECOND, "1s"), (3, 500 * MILLISECOND, "500ms"), (3, 100 * MILLISECOND, "100ms"))
_CHECK = {"interval": "1s", "fall": 2}
_PATIENT_SCRIPT: Mapping[str, Any] = {
    "notify.tries": 20,
    "notify.retry_delay": "1s",
    "notify.retry_backoff": 2,
    "notify.retry_max": "30s",
    "notify.call_timeout": "5s",
    "notify.wait_for_task": True,
    "notify.unanswered_means_held": False,
}
_RECHECK = "10s"
_PATIENCE = 5


def _no_weights_in_vain(data: Mapping[str, Any], scenario: Scenario) -> Iterator[Option]:
    """Checks whose weight never moves the address mean FAULT instead, which always does."""
    try:
        in_vain = weights_in_vain(scenario)
    except ScenarioError:  # what it refers to is not here any more
        return
    changes = _without_weight(data, scenario, in_vain)
    if changes:
        yield Option("check without weight" if len(in_vain) == 1 else "checks without weight", changes)


def _without_weight(
    data: Mapping[str, Any], scenario: Scenario, names: Collection[str] | None = None
) -> dict[str, Any]:
    """What takes the weights of the checks with these names (None: of all) away, so that their failure means FAULT.

    A check of a service that only the MASTER runs keeps its weight: it would keep every backup in FAULT. So does a
    reverse one, which would mean FAULT while all is well.
    """
    changes: dict[str, Any] = {}
    for instance in scenario.instances:
        vrrp = instance.vrrp
        needed = {
            ("track_scripts", script.name)
            for script in vrrp.track_scripts
            if script.check == "service" and instance.service.on_master_only
        }
        for key, tracked in (
            ("track_scripts", vrrp.track_scripts),
            ("track_processes", vrrp.track_processes),
            ("track_interface", vrrp.weighted_interfaces),
        ):
            for one in tracked:
                is_meant = names is None or one.name in names
                if is_meant and one.weight and not one.reverse and (key, one.name) not in needed:
                    changes[_place_of_weight(data, instance.name, key, one.name)] = 0
    return changes


def _place_of_weight(data: Mapping[str, Any], instance: str, key: str, name: str) -> str:
    """Where the weight of something tracked is said: of all instances, or of this one."""
    keys = ("vrrp", key, name, "weight")
    own, shared = ("instances", instance, *keys), keys
    return ".".join(shared if _says(data, shared) and not _says(data, own) else own)


def _says(data: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(data, Mapping) or key not in data:
            return False
        data = data[key]
    return True


def _no_preemption(data: Mapping[str, Any], scenario: Scenario) -> Iterator[Option]:
    """No backup takes over from a MASTER that still sends adverts, whatever their priority: so no weights either."""
    if len({instance.vrrp.priority for instance in scenario.instances}) == 1:
        return
    if not all(instance.vrrp.nopreempt for instance in scenario.instances):
        stated = {f"instances.{instance.name}.vrrp.state": "BACKUP" for instance in scenario.instances}
        needed = stated if any(instance.vrrp.initial_state == "MASTER" for instance in scenario.instances) else {}
        nopreempt = {f"instances.{instance.name}.vrrp.nopreempt": True for instance in scenario.instances}
        weights = _without_weight(data, scenario)
        name = "nopreempt, checks without weight" if weights else "nopreempt"
        yield Option(name, {**needed, **nopreempt, **weights})


def _faster_checks(data: Mapping[str, Any]) -> Iterator[Option]:
    """All checks every second, down after two failures."""
    from hasim.study.sensitivity.plausible import checks_of

    changes: dict[str, Any] = {}
    for place, _, check in checks_of(data):
        changes |= {f"{place}.{key}": value for key, value in _CHECK.items() if check.get(key) != value}
    if changes:
        yield Option("checks every 1s, fall 2", changes)


def _patient_script(scenario: Scenario) -> Iterator[Option]:
    policy = scenario.instances[0].notify
    is_patient = policy.tries >= _PATIENT_SCRIPT["notify.tries"] and policy.wait_for_task
    if not scenario.floating.mechanism.is_announced and not (is_patient and not policy.unanswered_means_held):
        yield Option("patient notify script", _PATIENT_SCRIPT, is_of_calls=True)


def _periodic_check(scenario: Scenario) -> Iterator[Option]:
    intervals_ns = [instance.notify.reclaim_interval_ns for instance in scenario.instances]
    if not scenario.floating.mechanism.is_announced and any(one is None or one > 10 * SECOND for one in intervals_ns):
        yield Option(f"re-check every {_RECHECK}", {"notify.reclaim_interval": _RECHECK}, is_of_calls=True)


def _more_patience(scenario: Scenario) -> Iterator[Option]:
    """Only where packets are lost: elsewhere it costs time and gains nothing."""
    links = (scenario.network.within_zone, scenario.network.between_zones)
    is_lossy = any(link.loss for link in links) or any(fault.kind is FaultKind.LOSS for fault in scenario.faults)
    if is_lossy and all(instance.vrrp.down_timer_adverts < _PATIENCE for instance in scenario.instances):
        yield Option(f"down after {_PATIENCE} adverts", {"vrrp.down_timer_adverts": _PATIENCE})


def _faster_adverts(scenario: Scenario) -> Iterator[Option]:
    slowest_ns = max(instance.vrrp.advert_int_ns for instance in scenario.instances)
    for version, interval_ns, written in _FASTER_ADVERTS:
        if interval_ns < slowest_ns:
            is_new = version == 3 and any(instance.vrrp.version == 2 for instance in scenario.instances)
            changes = {"vrrp.version": 3, "vrrp.advert_int": written} if is_new else {"vrrp.advert_int": written}
            yield Option(f"{'VRRPv3, ' if is_new else ''}adverts every {written}", changes)


def _other_mechanisms(scenario: Scenario) -> Iterator[Option]:
    """What is quicker by design, where the cloud allows it."""
    mechanism = scenario.floating.mechanism
    if mechanism.is_public:
        return
    if mechanism is not Mechanism.SECONDARY_IP_MIGRATE and not mechanism.is_announced:
        yield Option("secondary IP", {"floating.mechanism": "secondary_ip", "floating.method": "migrate"})
    if not mechanism.is_announced:
        refresh = {"vrrp.garp_master_refresh": "5s"}  # without it nothing brings the address back to its MASTER
        yield Option("HAVIP", {"floating.mechanism": "havip", "floating.method": None, **refresh})
