"""``settings.json``: what the exported scripts of an instance do, in the terms of a scenario's ``notify`` section."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hasim.export.calls import calls_of, names_in
from hasim.export.configuration import router_name
from hasim.export.options import ExportOptions
from hasim.scenario.importing.values import duration_text
from hasim.scenario.mechanism import supposed_holder
from hasim.scenario.model import Instance, NotifyPolicy, Scenario
from hasim.scenario.topology import Topology

__all__ = ["FORMAT", "policy_in_words", "settings_of", "wanted_identifiers"]

FORMAT = "hasim.notify/1"
_NOT_A_POLICY = frozenset({"start_up"})
_WRITTEN_AS = {"on_rx_lower_priority": "notify_master_rx_lower_pri"}


def policy_in_words(policy: NotifyPolicy) -> dict[str, Any]:
    """The policy with a scenario's keys and durations as text; how long the script takes to start is not one."""
    return {key: value for key, value in (_written(policy, item.name) for item in fields(policy)) if key}


def _written(policy: NotifyPolicy, name: str) -> tuple[str, Any]:
    value = getattr(policy, name)
    if name in _NOT_A_POLICY:
        return "", None
    if name.endswith("_ns"):
        return name.removesuffix("_ns"), None if value is None else duration_text(value)
    return _WRITTEN_AS.get(name, name), value


def settings_of(scenario: Scenario, instance: Instance, topology: Topology, options: ExportOptions) -> dict[str, Any]:
    """The content of the file."""
    floating = scenario.floating
    return {
        "format": FORMAT,
        "scenario": scenario.name,
        "instance": instance.name,
        "vrrp_instance": router_name(instance),
        "mechanism": floating.mechanism.value,
        "floating_address": None if floating.mechanism.is_public else str(floating.address),
        "region": scenario.region,
        "endpoint": options.endpoint,
        "devices": {own.name: options.device(instance, own.name) for own in instance.interfaces},
        "run_directory": options.filled_in(options.run_directory, instance.name),
        "service": options.filled_in(options.service, instance.name),
        "supposed_holder": supposed_holder(instance),
        "policy": policy_in_words(instance.notify),
        "checks": {script.name: script.check for script in instance.vrrp.track_scripts},
        "calls": calls_of(scenario, topology, instance.name),
    }


def wanted_identifiers(settings: dict[str, Any]) -> tuple[str, ...]:
    """The names of the identifiers that an instance with these settings needs; none where it moves nothing itself."""
    if not settings["calls"]["release"]:
        return ()
    names = {*names_in(settings["calls"]), f"instance_{settings['instance']}"}
    if not settings["policy"]["check_first"]:
        peer = settings["supposed_holder"]
        names |= {f"instance_{peer}", f"interface_{peer}"}
    return tuple(sorted(names))
