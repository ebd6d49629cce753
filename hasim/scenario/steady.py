"""What an instance is in the steady state, in which all that it tracks has been as the scenario says for long."""

from __future__ import annotations

from collections.abc import Iterator

from hasim.scenario.model import Instance, Scenario, TrackFile, TrackProcess
from hasim.vrrp.track import effective_priority, file_contribution, weight_contribution

__all__ = [
    "file_key",
    "interface_key",
    "process_key",
    "steady_contributions",
    "steady_faults",
    "steady_gain",
    "steady_masters",
    "steady_priority",
]


def process_key(name: str) -> str:
    """By which name the state machine knows a tracked process."""
    return f"track_process {name}"


def file_key(name: str) -> str:
    """By which name the state machine knows a tracked file."""
    return f"track_file {name}"


def interface_key(name: str) -> str:
    """By which name the state machine knows an interface whose link has a weight."""
    return f"track_interface {name}"


def steady_contributions(instance: Instance) -> dict[str, int]:
    """What everything with a weight adds to the priority, by the state machine's name for it."""
    vrrp = instance.vrrp
    found = {
        script.name: weight_contribution(script.weight, True, reverse=script.reverse)
        for script in vrrp.track_scripts
        if script.weight
    }
    for process in vrrp.track_processes:
        if process.weight:
            up = _enough(process)
            found[process_key(process.name)] = weight_contribution(process.weight, up, reverse=process.reverse)
    for file in vrrp.track_files:
        found[file_key(file.name)] = steady_gain(file) or 0
    for interface in vrrp.weighted_interfaces:
        found[interface_key(interface.name)] = weight_contribution(interface.weight, True, reverse=interface.reverse)
    return found


def steady_gain(file: TrackFile) -> int | None:
    """What a tracked file adds to the priority; None: it means FAULT."""
    return file_contribution(file.value or 0, file.weight, reverse=file.reverse)


def steady_faults(instance: Instance) -> tuple[str, ...]:
    """What keeps the instance in FAULT, by the state machine's names."""
    return tuple(_faults(instance))


def steady_priority(instance: Instance) -> int:
    """The priority in its adverts."""
    return effective_priority(instance.vrrp.priority, steady_contributions(instance).values())


def steady_masters(scenario: Scenario) -> list[Instance]:
    """Who may be MASTER when a run begins: the one that the scenario names, or those of the highest priority.

    In a cold start nobody is MASTER yet, not even in FAULT: then it is only who holds the address.
    """
    if scenario.initial_master is not None:
        return [instance for instance in scenario.instances if instance.name == scenario.initial_master]
    fit = [i for i in scenario.instances if not steady_faults(i)] or list(scenario.instances)
    highest = max(steady_priority(instance) for instance in fit)
    return [instance for instance in fit if steady_priority(instance) == highest]


def _faults(instance: Instance) -> Iterator[str]:
    vrrp = instance.vrrp
    yield from (script.name for script in vrrp.track_scripts if script.reverse and not script.weight)
    for process in vrrp.track_processes:
        if not process.weight and _enough(process) == process.reverse:
            yield process_key(process.name)
    yield from (file_key(file.name) for file in vrrp.track_files if steady_gain(file) is None)


def _enough(process: TrackProcess) -> bool:
    return process.count >= process.quorum
