"""What an instance's files say otherwise than its scenario: each difference as a setting of that instance."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from hasim.export.configuration import configuration_of, router_name
from hasim.export.options import ExportOptions
from hasim.keepalived import Config, inspect_text, write_config
from hasim.keepalived.config import IPAddress, VrrpInstance
from hasim.scenario.importing.settings import Node, choose_router, read_nodes
from hasim.scenario.importing.values import Setting, Settings
from hasim.scenario.loading import parse
from hasim.scenario.model import Instance, Scenario
from hasim.scenario.schema.fields import Section
from hasim.scenario.schema.tracking import (
    TrackFileSection,
    TrackInterfaceSection,
    TrackProcessSection,
    TrackScriptSection,
)
from hasim.scenario.schema.vrrp import NotifySection, SyncedInstanceSection, VrrpSection

__all__ = ["Change", "Differences"]

_SECTIONS: dict[str, type[Section]] = {
    "track_scripts": TrackScriptSection,
    "track_processes": TrackProcessSection,
    "track_files": TrackFileSection,
    "track_interface": TrackInterfaceSection,
    "sync_group": SyncedInstanceSection,
}
_COMPARED_AS_SETTINGS = frozenset(
    {
        "dont_track_primary",
        "notify",
        "track_bfds",
        "track_files",
        "track_interfaces",
        "track_processes",
        "track_scripts",
        "unicast_peers",
    }
)


@dataclass(frozen=True)
class Change:
    """A setting of the scenario (``path``) that has another ``value`` now, and where that is written."""

    path: str
    value: Any
    place: str

    def __str__(self) -> str:
        return f"{self.place}: {self.path} {json.dumps(self.value)}"


class Differences:
    """One instance's keepalived.conf, held against what the export writes for it."""

    def __init__(self, scenario: Scenario, instance: Instance, options: ExportOptions, config: Config) -> None:
        self._scenario = scenario
        self._instance = instance
        self._options = options
        self._config = config
        self._expected = self._as_exported(instance)
        self._interfaces = {options.device(instance, own.name): own.name for own in instance.interfaces}

    def changes(self) -> Iterator[Change]:
        """What a setting can say."""
        actual, expected = self._node(self._config), self._node(self._expected)
        yield from self._changed("vrrp", actual.vrrp, expected.vrrp, VrrpSection)
        yield from self._changed("notify", actual.notify, expected.notify, NotifySection)
        for block, section in _SECTIONS.items():
            there, before = actual.blocks[block], expected.blocks[block]
            if block == "track_interface":
                yield from self._changed_interfaces(there, before)
                continue
            for name in there:
                yield from self._changed(f"vrrp.{block}.{name}", there[name], before.get(name, {}), section)
        yield from self._changed_peers()

    def left_over(self) -> Iterator[str]:
        """What it cannot."""
        actual, expected = self._node(self._config), self._node(self._expected)
        for block in _SECTIONS:
            for name in expected.blocks[block]:
                if name not in actual.blocks[block]:
                    yield f"{self._config.location.file}: {name} is not in {block} any more; the scenario still has it"
        mine, its = self._router(self._config), self._router(self._expected)
        for item in fields(VrrpInstance):
            if not item.compare or item.name in _COMPARED_AS_SETTINGS:
                continue
            if getattr(mine, item.name) != getattr(its, item.name):
                name = item.name.removesuffix("_ns")
                yield f"{mine.where(name)}: {name} is not what the scenario says, and is not taken over"
        for peer in mine.unicast_peers:
            if peer.address not in self._peers_by_address():
                yield f"{peer.location}: no instance of the scenario has the address {peer.address}"

    def _as_exported(self, instance: Instance) -> Config:
        """The configuration that the export writes, read back like any other."""
        config, _ = configuration_of(self._scenario, instance, self._options)
        return inspect_text(write_config(config))

    def _node(self, config: Config) -> Node:
        configs = {self._instance.name: config}
        (node,) = read_nodes(configs, choose_router(configs, router_name(self._instance)))
        return node

    def _router(self, config: Config) -> VrrpInstance:
        return config.instance(router_name(self._instance))

    def _change(self, path: str, value: Any, place: str) -> Change:
        return Change(f"instances.{self._instance.name}.{path}", value, place)

    def _changed(self, path: str, actual: Settings, expected: Settings, section: type[Section]) -> Iterator[Change]:
        for key in dict.fromkeys((*actual, *expected)):
            there, before = actual.get(key), expected.get(key)
            if (there and there.value) == (before and before.value) or key == "peers":
                continue
            if there is None:
                yield self._change(f"{path}.{key}", section.model_fields[key].default, self._config.location.file)
            else:
                yield self._change(f"{path}.{key}", self._plain(key, there), there.comment)

    def _plain(self, key: str, setting: Setting) -> Any:
        """A value that is written as in a scenario file; a device is called as the scenario calls it."""
        value = parse(f"value: {setting.value}", "").data["value"]
        return self._interfaces.get(value, value) if key == "interface" else value

    def _changed_interfaces(self, actual: Mapping[str, Settings], expected: Mapping[str, Settings]) -> Iterator[Change]:
        """All tracked interfaces at once: a scenario may have them as a list."""
        there, before = (
            {name: {key: self._plain(key, item) for key, item in settings.items()} for name, settings in block.items()}
            for block in (actual, expected)
        )
        if there != before:
            named = {self._interfaces.get(device, device): settings for device, settings in there.items()}
            yield self._change("vrrp.track_interface", named or None, self._config.location.file)

    def _changed_peers(self) -> Iterator[Change]:
        mine, its = self._router(self._config), self._router(self._expected)
        addresses = {peer.address for peer in mine.unicast_peers}
        if not addresses or addresses == {peer.address for peer in its.unicast_peers}:
            return
        names = self._peers_by_address()
        wanted = {names[address] for address in addresses if address in names}
        if wanted:
            known = [other.name for other in self._scenario.instances if other.name in wanted]
            yield self._change("vrrp.peers", known, str(mine.where("unicast_peers")))

    def _peers_by_address(self) -> dict[IPAddress, str]:
        """The other instances by where their adverts come from."""
        found: dict[IPAddress, str] = {}
        for other in self._scenario.instances:
            router = self._as_exported(other).instance(router_name(other))
            if other.name != self._instance.name and router.source_address is not None:
                found[router.source_address] = other.name
        return found
