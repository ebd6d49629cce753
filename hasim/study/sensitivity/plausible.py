"""What could be otherwise in a scenario, and how far: the default parameters of a sensitivity analysis.

* **Assumed**: the weak defaults that the scenario relies on (``Scenario.weak_defaults``) and the durations of its
  mechanism's tasks, each over the range of :data:`RANGES`.
* **Timers** of keepalived and of the notify script, at half and at double of what they are.
* **Faults**: how often each random one strikes and how long it lasts, at half and at double.

A value is scaled where the file says it, for all instances and for single ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

from hasim.scenario import defaults
from hasim.scenario.mechanism import actions_of
from hasim.scenario.model import Scenario
from hasim.study.sweep.parameters import duration_written
from hasim.units import parse_duration

__all__ = ["RANGES", "Kind", "Uncertain", "checks_of", "plausible", "scaled_value"]

Kind: TypeAlias = Literal["assumed", "timer", "fault", "asked for"]

HALF, DOUBLE = 0.5, 2.0


@dataclass(frozen=True)
class Uncertain:
    """Something that could be otherwise.

    Attributes:
        name: as people read it: the path, or what it is of a fault.
        kind: why it is looked at.
        low, high: the changes of the scenario at either end.
        low_text, high_text: the two ends as people read them.
    """

    name: str
    kind: Kind
    low: Mapping[str, Any]
    high: Mapping[str, Any]
    low_text: str
    high_text: str


@dataclass(frozen=True, slots=True)
class _Ends:
    """A default as a scenario file would say it, and what it is multiplied by; or the two ends themselves."""

    default: Any = None
    factors: tuple[float, float] = (HALF, DOUBLE)
    ends: tuple[Any, Any] | None = None


RANGES: Mapping[str, _Ends] = {
    # A small image boots in 20 s, a large one with much to configure takes minutes.
    "guest.boot": _Ends(defaults.BOOT),
    "guest.configure": _Ends(defaults.CONFIGURE, (0.3, 3.0)),
    # From a small proxy to an application server.
    "service.start_up": _Ends(defaults.SERVICE_START_UP, (0.3, 10.0)),
    # From a shell with a compiled client to an interpreter and its SDK on a busy machine.
    "notify.start_up": _Ends(defaults.SCRIPT_START_UP, (0.4, 4.0)),
    # Units often say RestartSec=5.
    "daemon.restart_delay": _Ends(defaults.RESTART_DELAY, (0.5, 50.0)),
    "vrrp.track_scripts.*.run_time": _Ends(defaults.SCRIPT_RUN_TIME, (0.1, 10.0)),
    "network.within_zone.latency": _Ends(defaults.LATENCY_WITHIN_ZONE, (0.5, 5.0)),
    "network.within_zone.jitter": _Ends(defaults.JITTER_WITHIN_ZONE, (0.5, 5.0)),
    "network.between_zones.latency": _Ends(defaults.LATENCY_BETWEEN_ZONES, (0.5, 3.0)),
    "network.between_zones.jitter": _Ends(defaults.JITTER_BETWEEN_ZONES, (0.5, 5.0)),
    "control_plane.accept": _Ends(defaults.ACCEPT, (0.3, 3.0)),
    "control_plane.propagation": _Ends(defaults.PROPAGATION, (0.5, 5.0)),
    "control_plane.detach_cuts_traffic_at_once": _Ends(ends=(False, True)),
    # The vendor says about 4 s in one place and about 10 s in another.
    "control_plane.havip_remap": _Ends(ends=(defaults.HAVIP_REMAP, {"uniform": {"low": "5s", "high": "10s"}})),
    "control_plane.garp_rate_limit": _Ends(ends=(2, 20)),
}
"""The ranges of what is assumed; the task of an API action goes from 0.4 to 4 times its default."""

_ACTIONS = "control_plane.actions."
_CHECKS = "vrrp.track_scripts."
_TASK_FACTORS = (0.4, 4.0)
_VRRP_TIMERS = ("advert_int", "preempt_delay", "startup_delay", "garp_master_delay", "garp_master_refresh")
_NOTIFY_TIMERS = ("sleep_before", "retry_delay", "call_timeout", "poll_interval", "reclaim_interval")


def plausible(data: Mapping[str, Any], scenario: Scenario) -> list[Uncertain]:
    """What could be otherwise in the scenario whose file holds ``data``."""
    return [*_assumed(data, scenario), *_timers(data), *_faults(data, scenario)]


def scaled_value(value: Any, factor: float) -> Any:
    """A duration or a distribution, as a scenario file says it, with every duration in it multiplied.

    Weights, shapes and percentages stay what they are.
    """
    if isinstance(value, Mapping):
        return {key: scaled_value(inner, factor) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [scaled_value(inner, factor) for inner in value]
    if isinstance(value, str) and not value.endswith("%"):
        try:
            return duration_written(math.ceil(parse_duration(value) * factor))
        except ValueError:
            return value
    return value


def _assumed(data: Mapping[str, Any], scenario: Scenario) -> Iterator[Uncertain]:
    for path in dict.fromkeys((*scenario.weak_defaults, *_uncertain_control_plane(data, scenario))):
        ends = _ends_of(path)
        if ends is None:
            continue
        if ends.ends is not None:
            low, high = ends.ends
            texts = _short(low, "as it is"), _short(high, "slow")
        else:
            low, high = (scaled_value(ends.default, factor) for factor in ends.factors)
            texts = _short(low, _times(ends.factors[0])), _short(high, _times(ends.factors[1]))
        places = [path]
        if path.startswith(_CHECKS):
            _, _, wanted, key = path.split(".")
            places = [f"{place}.{key}" for place, name, check in checks_of(data) if name == wanted and key not in check]
        yield Uncertain(_name_of(path), "assumed", dict.fromkeys(places, low), dict.fromkeys(places, high), *texts)


def _ends_of(path: str) -> _Ends | None:
    if path.startswith(_ACTIONS):
        return _Ends(defaults.TASK[path.removeprefix(_ACTIONS).removesuffix(".task")], _TASK_FACTORS)
    return next((ends for pattern, ends in RANGES.items() if fnmatchcase(path, pattern)), None)


def _uncertain_control_plane(data: Mapping[str, Any], scenario: Scenario) -> Iterator[str]:
    """The tasks of the mechanism, and the propagation, as far as the file leaves them to their defaults."""
    control_plane = data.get("control_plane") or {}
    written = control_plane.get("actions") or {}
    releases = any(instance.notify.release_on_backup for instance in scenario.instances)
    for name in actions_of(scenario.floating.mechanism, eip=scenario.floating.eip, releases=releases):
        if name in defaults.TASK and "task" not in (written.get(name) or {}):
            yield f"{_ACTIONS}{name}.task"
    if "propagation" not in control_plane:
        yield "control_plane.propagation"


def _timers(data: Mapping[str, Any]) -> Iterator[Uncertain]:
    from hasim.scenario.schema.tracking import TrackScriptSection
    from hasim.scenario.schema.vrrp import NotifySection, VrrpSection

    for section, keys, fields in (
        ("vrrp", _VRRP_TIMERS, VrrpSection.model_fields),
        ("notify", _NOTIFY_TIMERS, NotifySection.model_fields),
    ):
        for key in keys:
            written = {place: said[key] for place, said in _sections(data, section) if said.get(key) is not None}
            if section not in written and fields[key].default is not None:
                written[section] = fields[key].default
            if written:
                yield _half_and_double(
                    f"{section}.{key}", "timer", {f"{place}.{key}": value for place, value in written.items()}
                )
    interval = TrackScriptSection.model_fields["interval"].default
    for wanted in dict.fromkeys(name for _, name, _ in checks_of(data)):
        found = {
            f"{place}.interval": check.get("interval", interval)
            for place, name, check in checks_of(data)
            if name == wanted
        }
        yield _half_and_double(_name_of(f"{_CHECKS}{wanted}.interval"), "timer", found)


def _faults(data: Mapping[str, Any], scenario: Scenario) -> Iterator[Uncertain]:
    """How often each random fault strikes, and how long each lasts."""
    pairs = zip(data.get("faults") or (), scenario.faults, strict=True)
    for index, (written, fault) in enumerate(pairs):
        for key in ("time_to_failure", "time_to_repair", "duration"):
            if written.get(key) is not None:
                name = f"{fault.name}: {key.replace('_', ' ')}"
                yield _half_and_double(name, "fault", {f"faults.{index}.{key}": written[key]})


def _sections(data: Mapping[str, Any], section: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where that section stands, for all instances and for single ones, with what it says."""
    if isinstance(data.get(section), Mapping):
        yield section, data[section]
    for name, instance in (data.get("instances") or {}).items():
        if isinstance(instance, Mapping) and isinstance(instance.get(section), Mapping):
            yield f"instances.{name}.{section}", instance[section]


def checks_of(data: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Path, name and content of every check, wherever it is defined."""
    for place, said in _sections(data, "vrrp"):
        for name, check in (said.get("track_scripts") or {}).items():
            yield f"{place}.track_scripts.{name}", name, check or {}


def _half_and_double(name: str, kind: Kind, written: Mapping[str, Any]) -> Uncertain:
    low, high = ({path: scaled_value(value, factor) for path, value in written.items()} for factor in (HALF, DOUBLE))
    texts = []
    for factor, changes in ((HALF, low), (DOUBLE, high)):
        values = list(changes.values())
        same = all(value == values[0] for value in values)
        texts.append(_short(values[0], _times(factor)) if same else _times(factor))
    return Uncertain(name, kind, low, high, *texts)


def _name_of(path: str) -> str:
    """The path without the sections that everybody knows."""
    return path.removeprefix(_ACTIONS).removeprefix("vrrp.") if path.startswith((_ACTIONS, _CHECKS)) else path


def _short(value: Any, otherwise: str) -> str:
    """A value that fits a column; of a distribution only how it differs from what it is."""
    if isinstance(value, bool | int):
        return str(value).lower()
    return value if isinstance(value, str) else otherwise


def _times(factor: float) -> str:
    return f"x {factor:g}"
