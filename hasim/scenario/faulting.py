"""The faults of a scenario: whom each hits, when, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from hasim.scenario.building import Builder
from hasim.scenario.defaults import TASK
from hasim.scenario.errors import KeyPath, suggestion
from hasim.scenario.loading import Document
from hasim.scenario.model import CLIENTS, CONTROL_PLANE, Fault, FaultKind, Instance, Subnet, ends_by_itself
from hasim.scenario.schema.faults import (
    ApiErrorsFault,
    ApiFailedTasksFault,
    ApiOutageFault,
    ApiSlowdownFault,
    ApiStuckTasksFault,
    ApiThrottleFault,
    FaultText,
    FileWriteFault,
    FreezeFault,
    InstanceFault,
    KeepalivedKillFault,
    KeepalivedReloadFault,
    LatencyFault,
    LinkDownFault,
    LossFault,
    OneWayPartitionFault,
    PartitionFault,
    ProcessKillFault,
    ServiceFailureFault,
    ZoneOutageFault,
)
from hasim.units import format_duration

__all__ = ["FaultResolver"]

_ApiFault: TypeAlias = (
    ApiOutageFault | ApiSlowdownFault | ApiThrottleFault | ApiErrorsFault | ApiStuckTasksFault | ApiFailedTasksFault
)

_INSTEAD = {
    CLIENTS: "write a partition: clients reach an instance or do not",
    CONTROL_PLANE: "write api_slowdown for calls that take longer, api_errors for some that fail, or a partition",
}
"""What to write where a loss or latency fault names one of them."""


@dataclass(frozen=True, slots=True)
class FaultResolver:
    """Turns written faults into :class:`~hasim.scenario.model.Fault`, against what the scenario has."""

    document: Document
    builder: Builder
    horizon_ns: int
    zones: tuple[str, ...]
    subnets: tuple[Subnet, ...]
    instances: tuple[Instance, ...]

    def resolve(self, sections: Iterable[FaultText]) -> tuple[Fault, ...]:
        """All faults, with different names.

        Raises:
            ScenarioError: an unknown target, a time outside the run, two faults of one name.
        """
        faults: list[Fault] = []
        lines: dict[str, KeyPath] = {}
        for index, section in enumerate(sections):
            path: KeyPath = ("faults", index)
            fault = self._ending(self._fault(section, path))
            if section.name is not None and section.name in lines:
                first = self.document.line(lines[section.name])
                message = f"the fault on line {first} has this name already"
                raise self.document.error((*path, "name"), message)
            name = _different(fault.name, lines)
            lines[name] = (*path, "name")
            faults.append(replace(fault, name=name))
        return tuple(faults)

    def _fault(self, section: FaultText, path: KeyPath) -> Fault:
        fault = self._timed(section, path)
        match section:
            case InstanceFault():
                return self._hitting(fault, section.target, path)
            case ServiceFailureFault():
                return replace(self._hitting(fault, section.target, path), hangs=section.hangs)
            case ProcessKillFault():
                hit = self._hitting(fault, section.target, path, section.process)
                self._check_tracked(hit.targets, "process", section.process, path)
                return replace(hit, tracked=section.process, count=section.count)
            case FileWriteFault():
                hit = self._hitting(fault, section.target, path, section.file)
                self._check_tracked(hit.targets, "file", section.file, path)
                return replace(hit, tracked=section.file, value=section.value)
            case KeepalivedKillFault():
                return replace(self._hitting(fault, section.target, path), process=section.process)
            case KeepalivedReloadFault():
                return replace(self._hitting(fault, section.target, path), priority=section.priority)
            case FreezeFault():
                return replace(self._hitting(fault, section.target, path), packets_queued=section.packets_queued)
            case LinkDownFault():
                hit = self._hitting(fault, section.target, path)
                self._check_links(hit.targets, section.subnet, path)
                return replace(hit, subnet=section.subnet)
            case ZoneOutageFault():
                targets = self._known(section.target, list(self.zones), "zone", (*path, "target"))
                return self._named(replace(fault, targets=targets), targets)
            case OneWayPartitionFault():
                return self._between(fault, section.from_, section.to, ("from", "to"), section.subnet, path)
            case PartitionFault():
                return self._between(fault, section.between, section.and_, ("between", "and"), section.subnet, path)
            case LossFault():
                self._check_adverts_only(section, path)
                cut = self._between(fault, section.between, section.and_, ("between", "and"), section.subnet, path)
                return replace(cut, probability=section.probability)
            case LatencyFault():
                self._check_adverts_only(section, path)
                cut = self._between(fault, section.between, section.and_, ("between", "and"), section.subnet, path)
                return replace(cut, extra=self.builder.build(section.extra, (*path, "extra")))
            case _:
                return self._api_fault(section, fault, path)

    def _api_fault(
        self,
        section: _ApiFault,
        fault: Fault,
        path: KeyPath,
    ) -> Fault:
        self._check_once(section.actions, (*path, "actions"))
        fault = self._named(replace(fault, targets=tuple(section.actions)), section.actions)
        match section:
            case ApiOutageFault():
                return fault
            case ApiSlowdownFault():
                return replace(fault, factor=section.factor)
            case ApiThrottleFault():
                return replace(fault, rate_per_s=section.rate_per_second)
            case ApiErrorsFault():
                return replace(fault, probability=section.probability, code=section.code)
            case ApiStuckTasksFault():
                self._check_tasks(section.actions, path)
                return fault
            case ApiFailedTasksFault():
                self._check_tasks(section.actions, path)
                return replace(fault, probability=section.probability)

    def _check_tasks(self, actions: Iterable[str], path: KeyPath) -> None:
        for action in actions:
            if action not in TASK:
                message = f"{action} has no task: it is done with its answer"
                raise self.document.error((*path, "actions"), message, hint=f"expected {', '.join(TASK)}")

    def _timed(self, section: FaultText, path: KeyPath) -> Fault:
        """A fault of that kind with its times, hitting nobody yet."""
        if section.at is not None and section.at >= self.horizon_ns:
            message = f"{format_duration(section.at)} is not before the horizon ({format_duration(self.horizon_ns)})"
            raise self.document.error((*path, "at"), message)
        time_to_failure = section.time_to_failure
        duration_key = "duration" if section.duration is not None else "time_to_repair"
        duration = section.duration if section.duration is not None else section.time_to_repair
        fault = Fault(
            name=section.name or "",
            kind=FaultKind(section.kind),
            at_ns=section.at,
            time_to_failure=None
            if time_to_failure is None
            else self.builder.build(time_to_failure, (*path, "time_to_failure")),
            duration=None if duration is None else self.builder.build(duration, (*path, duration_key)),
        )
        self._check_recurrence(fault, path)
        return fault

    def _ending(self, fault: Fault) -> Fault:
        """A random fault that ends by itself, and on all its targets alike, with how long it lasts."""
        if fault.time_to_failure is None or fault.duration is not None:
            return fault
        lasts = [ends_by_itself(fault, instance) for instance in self.instances if instance.name in fault.targets]
        return replace(fault, duration=lasts[0]) if lasts and lasts.count(lasts[0]) == len(lasts) else fault

    def _check_recurrence(self, fault: Fault, path: KeyPath) -> None:
        """A fault that comes back must leave time between its returns, or a run would never end."""
        if fault.time_to_failure is not None and fault.time_to_failure.mean_ns() < 1_000_000:
            message = "a random fault cannot happen every millisecond: expected a longer time to failure"
            raise self.document.error((*path, "time_to_failure"), message)

    def _hitting(self, fault: Fault, names: list[str], path: KeyPath, *further: str) -> Fault:
        """The fault with its targets; what has no name is called after them and ``further`` words."""
        known = [instance.name for instance in self.instances]
        targets = self._known(names, known, "instance", (*path, "target"))
        return self._named(replace(fault, targets=targets), (*targets, *further))

    def _between(
        self,
        fault: Fault,
        one: list[str],
        other: list[str],
        keys: tuple[str, str],
        subnet: str | None,
        path: KeyPath,
    ) -> Fault:
        known = [*(instance.name for instance in self.instances), *self.zones, CLIENTS, CONTROL_PLANE]
        between = self._known(one, known, "side", (*path, keys[0]))
        and_ = self._known(other, known, "side", (*path, keys[1]))
        for name in and_:
            if name in between and name not in self.zones:
                message = f"{name} is on both sides: nothing can be cut between a machine and itself"
                raise self.document.error((*path, keys[1]), message)
        if not {*between, *and_} - {CLIENTS, CONTROL_PLANE}:
            message = f"nothing goes between {CLIENTS} and {CONTROL_PLANE}: there is nothing to cut"
            raise self.document.error((*path, keys[1]), message, hint="expected an instance or a zone on one side")
        if subnet is not None:
            self._known([subnet], [item.name for item in self.subnets], "subnet", (*path, "subnet"))
        sides = ("+".join(between), "+".join(and_))
        return self._named(replace(fault, between=between, and_=and_, subnet=subnet), sides)

    def _check_adverts_only(self, section: LossFault | LatencyFault, path: KeyPath) -> None:
        """Lost or late packets mean something to adverts alone: clients reach an instance or do not, and an API call
        that is in trouble has faults of its own."""
        for key, side in (("between", section.between), ("and", section.and_)):
            for name in side:
                if name in _INSTEAD:
                    message = f"{name} is no side of a {section.kind} fault, which is about adverts between instances"
                    raise self.document.error((*path, key), message, hint=_INSTEAD[name])

    def _check_links(self, targets: tuple[str, ...], subnet: str | None, path: KeyPath) -> None:
        if subnet is None:
            return
        self._known([subnet], [item.name for item in self.subnets], "subnet", (*path, "subnet"))
        for instance in self.instances:
            in_subnet = any(interface.subnet == subnet for interface in instance.interfaces)
            if instance.name in targets and not in_subnet:
                message = f"{instance.name} has no interface in the subnet {subnet}"
                raise self.document.error((*path, "subnet"), message)

    def _check_tracked(self, targets: tuple[str, ...], key: str, name: str, path: KeyPath) -> None:
        """Every target must track a process or file of that name."""
        for instance in self.instances:
            if instance.name in targets:
                vrrp = instance.vrrp
                items = vrrp.track_processes if key == "process" else vrrp.track_files
                known = [item.name for item in items]
                if name not in known:
                    plural = "track_processes" if key == "process" else "track_files"
                    message = f"{instance.name} tracks no {key} {name!r}: `vrrp.{plural}` has"
                    shown = f"{message} {', '.join(known) or 'none'}"
                    raise self.document.error((*path, key), shown)

    def _known(self, names: list[str], known: list[str], what: str, path: KeyPath) -> tuple[str, ...]:
        for name in names:
            if name not in known:
                raise self.document.error(path, f"unknown {what} {name!r}", hint=suggestion(name, known))
        self._check_once(names, path)
        return tuple(names)

    def _check_once(self, names: list[str], path: KeyPath) -> None:
        for index, name in enumerate(names):
            if name in names[:index]:
                raise self.document.error(path, f"{name} stands twice in this list")

    def _named(self, fault: Fault, words: Iterable[str]) -> Fault:
        return fault if fault.name else replace(fault, name=" ".join((fault.kind.value, *words)))


def _different(name: str, taken: Iterable[str]) -> str:
    """``name``, or ``name #2`` and so on if it is taken."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name} #{number}", number + 1
    return candidate
