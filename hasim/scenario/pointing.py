"""Scenarios that point at keepalived.conf files: what the files say becomes the settings of their instances.

The result is a document as if the settings were written in it, each of which still knows the file and line that it
comes from. What the scenario says beside the files must not contradict them; what was *changed* afterwards (``--set``)
wins over them, because that is what whoever changes it wants to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from hasim.files import dead_link
from hasim.keepalived import Config, KeepalivedConfigError, Location, VrrpInstance, inspect_config
from hasim.keepalived.config import IPAddress
from hasim.keepalived.lint import VirtualRouter, design_of
from hasim.scenario.errors import KeyPath, ScenarioError, shown, suggestion
from hasim.scenario.importing.settings import BLOCKS, Node, group_of, members_of, no_instance, read_nodes
from hasim.scenario.importing.values import Setting
from hasim.scenario.loading import Document, parse
from hasim.scenario.machines import PRIMARY, Merged, interface_names
from hasim.scenario.prepared import Prepared
from hasim.scenario.routers import place_of
from hasim.scenario.schema import ScenarioFile
from hasim.scenario.schema.fields import Section
from hasim.scenario.schema.machines import KeepalivedSection
from hasim.scenario.schema.tracking import (
    TrackFileSection,
    TrackInterfaceSection,
    TrackProcessSection,
    TrackScriptSection,
)
from hasim.scenario.schema.vrrp import NotifySection, SyncedInstanceSection, VrrpSection

__all__ = ["follow_pointers"]

_SCENARIO_S_OWN = frozenset({"interface", "peers", *BLOCKS})
"""Keys of ``vrrp`` that are not simply what the file says."""
_NOTIFY_KEYS = ("notify_master_rx_lower_pri", "fifo")
_BLOCKS: dict[str, tuple[type[Section], frozenset[str]]] = {
    "track_scripts": (TrackScriptSection, frozenset({"check", "run_time"})),
    "track_processes": (TrackProcessSection, frozenset({"count"})),
    "track_files": (TrackFileSection, frozenset({"value"})),
    "track_interface": (TrackInterfaceSection, frozenset()),
    "sync_group": (SyncedInstanceSection, frozenset({"interface", "peers"})),
}
"""What stands by name, and which of its keys say something about the world around keepalived."""


def follow_pointers(document: Document, file: ScenarioFile, directory: Path) -> Prepared:
    """The document with what its keepalived.conf files say; ``directory`` is what they are relative to.

    Raises:
        ScenarioError: a file cannot be read, keepalived refuses it, or the scenario contradicts it.
    """
    return _Follower(document, file, directory).prepared()


class _Follower:
    """Reads the files, chooses their instances, and writes their settings into a copy of the document."""

    def __init__(self, document: Document, file: ScenarioFile, directory: Path) -> None:
        self._document = document
        self._file = file
        self._directory = directory
        self._data = deepcopy(document.data)
        self._origins = dict(document.origins)
        self._pointers: dict[str, KeepalivedSection] = {
            name: section.keepalived for name, section in file.instances.items() if section.keepalived is not None
        }
        self._configs = {name: self._read(name, pointer) for name, pointer in self._pointers.items()}

    def prepared(self) -> Prepared:
        router = VirtualRouter(tuple(self._chosen()))
        nodes = read_nodes(self._configs, router)
        chosen = {member.node: self._configs[member.node].instance(member.name) for member in router.routers}
        for name, instance in chosen.items():
            self._check_instance(name, instance)
        interfaces = {node.name: self._interface_of(node) for node in nodes}
        for node in nodes:
            self._apply(node, interfaces[node.name])
        addresses = {node.name: self._place_address(node, interfaces[node.name]) for node in nodes}
        for node in nodes:
            self._apply_peers(node, addresses)
        self._apply_floating(chosen)
        for name in self._pointers:
            del self._data["instances"][name]["keepalived"]
        members = {
            name: (one, *(other for other in members_of(self._configs[name], one) if other is not one))
            for name, one in chosen.items()
        }
        return Prepared(self._written(), self._configs, members)

    def _written(self) -> Document:
        """The new document; its text stands for itself, without the files."""
        import yaml

        text = yaml.safe_dump(self._data, sort_keys=False, allow_unicode=True)
        head = f"# {self._document.path}, with what its keepalived.conf files say.\n"
        return replace(self._document, data=self._data, origins=self._origins, text=head + text)

    # --- the files --------------------------------------------------------------------------------------------------

    def _read(self, name: str, pointer: KeepalivedSection) -> Config:
        place: KeyPath = ("instances", name, "keepalived")
        path = self._directory / pointer.file
        if link := dead_link(path):
            raise self._document.error(place, f"{pointer.file}: {link}")
        if not path.exists():
            raise self._document.error(place, f"there is no file {pointer.file!r} in {self._directory.resolve()}")
        try:
            config = inspect_config(path, pointer.id)
            config.refuse_problems()
        except KeepalivedConfigError as error:
            raise self._error_at(error.location, name, error.message) from None
        if not config.instances:
            raise self._error_at(config.location, name, no_instance(config))
        return config

    def _error_at(self, location: Location, name: str, message: str) -> ScenarioError:
        """An error in a file that the instance points at."""
        line = location.line or None
        return ScenarioError(location.file, line, f"instances.{name}.keepalived", message)

    def _chosen(self) -> Iterator[Any]:
        """Each file's instance of the virtual router that has the floating address."""
        routers = design_of(self._configs).virtual_routers
        by_instance = {(member.node, member.name): member for router in routers for member in router.routers}
        router = self._router(routers)
        for name, pointer in self._pointers.items():
            known = [instance.name for instance in self._configs[name].instances]
            wanted = pointer.vrrp_instance
            if wanted is None:
                wanted = next((member.name for member in router.routers if member.node == name), None)
            place: KeyPath = ("instances", name, "keepalived")
            if wanted is None:
                message = f"no vrrp_instance of {pointer.file} belongs to the floating address: say which one does"
                raise self._document.error(place, message, hint=f"with `vrrp_instance`, one of {', '.join(known)}")
            if wanted not in known:
                message = f"{pointer.file} has no vrrp_instance {wanted!r}"
                raise self._document.error((*place, "vrrp_instance"), message, hint=suggestion(wanted, known))
            yield by_instance[name, wanted]

    def _router(self, routers: tuple[VirtualRouter, ...]) -> VirtualRouter:
        """The virtual router of the floating address: the one that has it, else the one that most files share."""
        address = self._file.floating.address
        having = [router for router in routers if any(address in member.addresses for member in router.routers)]
        return max(having or routers, key=lambda router: len(router.routers))

    def _check_instance(self, name: str, instance: VrrpInstance) -> None:
        """What would make the simulation of the file a lie."""
        if instance.fault_reason:
            message = f"{instance.name} can never leave FAULT ({instance.fault_reason})"
            raise self._error_at(instance.location, name, message)
        config = self._configs[name]
        group = group_of(config, instance)
        notifies = [instance.notify, *([group.notify] if group is not None else [])]
        has_fifo = config.global_defs.notify_fifo is not None or config.global_defs.vrrp_notify_fifo is not None
        calls = self._file.floating.mechanism != "havip"
        if calls and not has_fifo and not any(notify.master or notify.any for notify in notifies):
            message = (
                f"{instance.name} runs no script when it becomes MASTER (notify_master, notify, or a fifo): "
                "the cloud would never move the address"
            )
            raise self._error_at(instance.location, name, message)
        first = next(iter(self._pointers))
        other = self._first_authentication(first)
        types = {one.type for one in (instance.authentication, other) if one is not None}
        if instance.authentication != other and types - {"PASS"}:
            message = f"its authentication is not that of {first}: they would throw away each other's adverts"
            raise self._error_at(instance.where("authentication"), name, message)

    def _first_authentication(self, first: str) -> Any:
        pointer = self._pointers[first]
        for instance in self._configs[first].instances:
            if pointer.vrrp_instance in (None, instance.name):
                return instance.authentication
        return None

    # --- settings ---------------------------------------------------------------------------------------------------

    def _apply(self, node: Node, interface: str) -> None:
        """What the file says about one instance."""
        written = Merged.of(self._file, self._file.instances[node.name])
        own = [key for key in VrrpSection.model_fields if key not in _SCENARIO_S_OWN]
        self._apply_section(node, ("vrrp",), VrrpSection, written.vrrp, node.vrrp, own)
        self._apply_section(node, ("notify",), NotifySection, written.notify, node.notify, list(_NOTIFY_KEYS))
        if written.vrrp.interface is None:
            self._put(("instances", node.name, "vrrp", "interface"), interface, self._interface_place(node))
        for key, (kind, free) in _BLOCKS.items():
            self._apply_block(node, key, kind, free, getattr(written.vrrp, key) or {})

    def _apply_block(
        self, node: Node, key: str, kind: type[Section], free: frozenset[str], written: Mapping[str, Section]
    ) -> None:
        said = node.blocks[key]
        for name in written:
            place = place_of(self._document, node.name, "vrrp", key, name)
            if name not in said and not self._document.is_changed(place):
                file = self._pointers[node.name].file
                known = list(said)
                message = f"the keepalived.conf of {node.name} ({file}) has no {name!r} there"
                raise self._document.error(place, message, hint=suggestion(name, known))
        for name, settings in said.items():
            own = [field for field in kind.model_fields if field not in free]
            section = written.get(name) or kind()
            if key == "track_interface":
                self._device(node.name, name, next(iter(settings.values())).location)
            path = ("vrrp", key, name)
            self._put_entry(("instances", node.name, *path), next(iter(settings.values())).location)
            self._apply_section(node, path, kind, section, settings, own)
            if key == "sync_group" and "interface" not in section.model_fields_set:
                device = settings["interface"]
                interface = self._device(node.name, parse(f"v: {device.value}", "").data["v"], device.location)
                self._put(("instances", node.name, *path, "interface"), interface, device.location)

    def _apply_section(
        self,
        node: Node,
        path: tuple[str, ...],
        kind: type[Section],
        written: Section,
        said: Mapping[str, Setting],
        keys: list[str],
    ) -> None:
        """Take over what the file says in one section, and refuse what the scenario says otherwise."""
        values = {key: parse(f"v: {said[key].value}", "").data["v"] for key in keys if key in said}
        in_file = kind.model_validate(values)
        for key in keys:
            place = place_of(self._document, node.name, *path, key)
            setting = said.get(key)
            if self._document.has(place):
                if self._document.is_changed(place):
                    continue
                if getattr(written, key) != getattr(in_file, key):
                    raise self._contradiction(node, place, setting, getattr(in_file, key))
            if setting is not None:
                location = setting.location or self._block_of(node)
                self._put(("instances", node.name, *path, key), values[key], location)

    def _contradiction(self, node: Node, place: KeyPath, setting: Setting | None, value: object) -> ScenarioError:
        location = (setting.location if setting is not None else None) or self._block_of(node)
        in_file = setting.value if setting is not None else shown(value)
        said = self._written_value(place)
        if setting is None or setting.location is None:
            return self._document.error(
                place, f"{said} here, and {location} leaves it at {in_file}: write it there, or leave it out here"
            )
        return self._document.error(
            place, f"{said} here, and {in_file} in {location}: change it there, or leave it out here"
        )

    def _written_value(self, place: KeyPath) -> str:
        value: Any = self._document.data
        for key in place:
            value = value[key]
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _block_of(self, node: Node) -> Location:
        return node.instance.location

    # --- interfaces and addresses -----------------------------------------------------------------------------------

    def _interface_place(self, node: Node) -> Location:
        return node.instance.where("interface")

    def _interface_of(self, node: Node) -> str:
        """The scenario's name for the interface of the adverts."""
        named = Merged.of(self._file, self._file.instances[node.name]).vrrp.interface
        return named or self._device(node.name, node.instance.interface, self._interface_place(node))

    def _device(self, name: str, device: str, location: Location | None) -> str:
        """The scenario's name for a device of the file: its own, or that of the only interface there is."""
        known = interface_names(self._file.instances[name])
        if device in known:
            return device
        if len(known) == 1:
            return known[0]
        message = f"{location} says {device}, and {name} has the interfaces {', '.join(known)}"
        hint = f"call one of them {device}, or name the one of the adverts with `vrrp.interface`"
        raise self._document.error(("instances", name, "keepalived"), message, hint=hint)

    def _place_address(self, node: Node, interface: str) -> IPAddress | None:
        """Where a node's adverts come from: what the scenario says, which the file must not contradict, else the
        file's own word."""
        section = self._file.instances[node.name]
        is_ipv6 = "native_ipv6" in node.vrrp
        key = "ipv6_address" if is_ipv6 else "address"
        is_short = interface == PRIMARY and interface not in section.interfaces
        place: KeyPath = ("instances", node.name, *(() if is_short else ("interfaces", interface)), key)
        holder: Section | None = section if is_short else section.interfaces.get(interface)
        written: IPAddress | None = getattr(holder, key, None)
        if written is None or node.source is None:
            if node.source is not None:
                self._put(place, str(node.source), self._block_of(node))
            return written or node.source
        if written != node.source and not self._document.is_changed(place):
            location = node.instance.where("source_address")
            raise self._document.error(place, f"{written} here, and {node.source} by {location}: they must be the same")
        return written

    def _apply_peers(self, node: Node, addresses: Mapping[str, IPAddress | None]) -> None:
        place = place_of(self._document, node.name, "vrrp", "peers")
        if not node.instance.unicast_peers or self._document.has(place):
            return
        known = {**self._written_addresses(), **{address: name for name, address in addresses.items() if address}}
        peers = []
        for peer in node.instance.unicast_peers:
            if peer.address not in known:
                listed = ", ".join(f"{name} {address}" for address, name in known.items())
                message = f"the peer {peer.address} is no instance of {self._document.path}, which has {listed}"
                raise self._error_at(peer.location, node.name, message)
            if known[peer.address] != node.name:
                peers.append(known[peer.address])
        if peers:
            self._put(("instances", node.name, "vrrp", "peers"), peers, node.instance.where("unicast_peers"))

    def _written_addresses(self) -> dict[IPAddress, str]:
        """All addresses that the scenario itself names, with whose they are."""
        found: dict[IPAddress, str] = {}
        for name, section in self._file.instances.items():
            further = [address for one in section.interfaces.values() for address in (one.address, one.ipv6_address)]
            for address in (section.address, section.ipv6_address, *further):
                if address is not None:
                    found[address] = name
        return found

    def _apply_floating(self, chosen: Mapping[str, VrrpInstance]) -> None:
        """The floating address must be one that the files have; a scenario that does not say gets the first."""
        section = self._file.floating
        if section.mechanism == "eip":
            return
        for name, instance in chosen.items():
            vips = [*instance.virtual_addresses, *instance.excluded_addresses]
            own = [vip for vip in vips if isinstance(vip.address, IPv4Address)]
            if section.address is None:
                if own:
                    self._put(("floating", "address"), str(own[0].address), own[0].location)
                    section = section.model_copy(update={"address": own[0].address})
            elif own and section.mechanism != "eni" and section.address not in [vip.address for vip in own]:
                place: KeyPath = ("floating", "address")
                listed = ", ".join(str(vip.address) for vip in own)
                message = f"{section.address} is not among the virtual_ipaddress of {name}"
                where = instance.where("virtual_addresses")
                raise self._document.error(place, message, hint=f"{where} has {listed}")

    # --- the document -----------------------------------------------------------------------------------------------

    def _put(self, path: KeyPath, value: Any, location: Location | None) -> None:
        """Write a value into the document, with where it comes from."""
        holder = self._holder(path)
        holder[path[-1]] = value
        if location is not None:
            self._origins[path] = (location.file, location.line)

    def _put_entry(self, path: KeyPath, location: Location | None) -> None:
        """Make room for something that stands by name."""
        self._holder((*path, ""))
        if location is not None:
            self._origins[path] = (location.file, location.line)

    def _holder(self, path: KeyPath) -> Any:
        """The mapping around a path, made where it is missing; a list of names becomes entries by name."""
        holder: Any = self._data
        for key in path[:-1]:
            inner = holder.get(key)
            if not isinstance(inner, dict):
                names = [inner] if isinstance(inner, str) else inner or []
                inner = holder[key] = {name: {} for name in names}
            holder = inner
        return holder
