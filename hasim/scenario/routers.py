"""The ``vrrp_instance`` blocks of an instance: written settings to what keepalived makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from hasim.scenario.building import Builder
from hasim.scenario.errors import KeyPath, suggestion
from hasim.scenario.loading import Document
from hasim.scenario.model import (
    GroupMember,
    Interface,
    TrackedInterface,
    TrackFile,
    TrackProcess,
    TrackScript,
    Transport,
    VrrpSettings,
)
from hasim.scenario.schema.fields import overlaid
from hasim.scenario.schema.tracking import TrackFileSection, TrackProcessSection, TrackScriptSection
from hasim.scenario.schema.vrrp import SyncedInstanceSection, VrrpSection
from hasim.vrrp.timers import OWNER_PRIORITY, complete_advert_int
from hasim.vrrp.wire import AUTHENTICATION_LENGTH, MULTICAST_V4, MULTICAST_V6

__all__ = ["RouterResolver", "place_of"]

_NOT_INHERITED = frozenset({"interface", "kernel_rx_buf_size", "track_interface", "virtual_ipaddress"})
"""What a member of a sync group does not take over from the ``vrrp`` around it."""


def place_of(document: Document, instance: str, *keys: str) -> KeyPath:
    """Where a merged setting is written: at the instance, else at the top."""
    own = ("instances", instance, *keys)
    return own if document.has(own) else keys


@dataclass(frozen=True, slots=True)
class RouterResolver:
    """Turns written VRRP settings of one instance into :class:`~hasim.scenario.model.VrrpSettings`.

    ``instance`` is its name, ``interfaces`` are its own, ``everybody`` names all instances.
    """

    document: Document
    builder: Builder
    instance: str
    interfaces: tuple[Interface, ...]
    everybody: tuple[str, ...]

    def resolve(self, section: VrrpSection) -> VrrpSettings:
        """The ``vrrp_instance`` of the floating address.

        Raises:
            ScenarioError: an unknown name, or settings that contradict each other.
        """
        return replace(
            self._instance(section, section, ("vrrp",)),
            track_scripts=tuple(self._script(key, script) for key, script in section.track_scripts.items()),
            track_processes=tuple(_process(key, process) for key, process in section.track_processes.items()),
            track_files=tuple(_file(key, file) for key, file in section.track_files.items()),
        )

    def resolve_group(self, section: VrrpSection) -> tuple[GroupMember, ...]:
        """The further members of the sync group.

        Raises:
            ScenarioError: the same; something is tracked with a weight; a member that could be taken for another.
        """
        if not section.sync_group:
            return ()
        self._refuse_weights(section)
        members: list[GroupMember] = []
        taken = {(self._interface(section, ("vrrp",)), section.virtual_router_id): "the floating address"}
        for name, written in section.sync_group.items():
            path: KeyPath = ("vrrp", "sync_group", name)
            settings = self._instance(self._member(section, written), section, path)
            key = (settings.interface, settings.virtual_router_id)
            if key in taken:
                message = (
                    f"it has the interface ({key[0]}) and the virtual_router_id ({key[1]}) of {taken[key]}: "
                    f"expected another of one of them"
                )
                raise self.document.error(self._place(*path), message)
            taken[key] = name
            members.append(GroupMember(name, settings))
        return tuple(members)

    def _member(self, section: VrrpSection, written: SyncedInstanceSection) -> SyncedInstanceSection:
        """A member's settings: its own, and else those around it."""
        inherited = section.model_fields_set.intersection(SyncedInstanceSection.model_fields) - _NOT_INHERITED
        around = SyncedInstanceSection.model_construct(
            inherited, **{name: getattr(section, name) for name in SyncedInstanceSection.model_fields}
        )
        around = around.model_copy(update=dict.fromkeys(_NOT_INHERITED))
        return overlaid(around, written)

    def _place(self, *keys: str | int) -> KeyPath:
        return place_of(self.document, self.instance, *(str(key) for key in keys))

    def _instance(self, section: SyncedInstanceSection, around: VrrpSection, path: KeyPath) -> VrrpSettings:
        """The settings of one ``vrrp_instance`` that tracks nothing but interfaces."""
        interface = self._interface(section, path)
        state = section.state or ("MASTER" if section.priority == OWNER_PRIORITY else "BACKUP")
        stays = state == "BACKUP"
        version = self._version(section, path)
        tracked, weighted = self._tracked(section, interface, path)
        repeat, delay_ns = around.garp_lower_prio_repeat, around.garp_lower_prio_delay
        return VrrpSettings(
            virtual_router_id=section.virtual_router_id,
            version=version,
            advert_int_ns=complete_advert_int(version, section.advert_int),
            priority=section.priority,
            initial_state=state,
            nopreempt=section.nopreempt and stays,
            preempt_delay_ns=section.preempt_delay if stays else 0,
            startup_delay_ns=around.startup_delay,
            down_timer_adverts=section.down_timer_adverts,
            higher_prio_send_advert=section.higher_prio_send_advert,
            lower_prio_no_advert=section.lower_prio_no_advert,
            transport=Transport(section.transport),
            interface=interface,
            peers=self._peers(section, path),
            track_scripts=(),
            track_interfaces=tracked,
            garp_master_repeat=around.garp_master_repeat,
            garp_master_delay_ns=around.garp_master_delay,
            garp_master_refresh_ns=around.garp_master_refresh,
            garp_master_refresh_repeat=around.garp_master_refresh_repeat,
            garp_lower_prio_repeat=around.garp_master_repeat if repeat is None else repeat,
            garp_lower_prio_delay_ns=around.garp_master_delay if delay_ns is None else delay_ns,
            garp_interval_ns=around.garp_interval,
            weighted_interfaces=weighted,
            native_ipv6=section.native_ipv6,
            password=_password(section) if version == 2 else None,
            virtual_addresses=self._virtual_addresses(section, version, path),
            kernel_rx_buf_size=section.kernel_rx_buf_size,
            multicast_group=self._multicast_group(section, path),
            accept=section.accept,
        )

    def _version(self, section: SyncedInstanceSection, path: KeyPath) -> int:
        """VRRPv2 is for IPv4; keepalived takes 3 for an IPv6 instance that does not say."""
        if not section.native_ipv6:
            return section.version
        if section.version == 2 and "version" in section.model_fields_set:
            raise self.document.error(
                self._place(*path, "version"), "VRRP version 2 is for IPv4: native_ipv6 needs 3, or leave this out"
            )
        return 3

    def _virtual_addresses(
        self, section: SyncedInstanceSection, version: int, path: KeyPath
    ) -> tuple[IPv4Address | IPv6Address, ...] | None:
        """The addresses of its adverts, which are all of one family: keepalived adds the others without naming them."""
        if section.virtual_ipaddress is None:
            return None
        place = self._place(*path, "virtual_ipaddress")
        family = "IPv6" if section.native_ipv6 else "IPv4"
        if not section.virtual_ipaddress and version == 3:
            raise self.document.error(
                place, "keepalived does not run version 3 without an address: expected one or more"
            )
        for number, address in enumerate(section.virtual_ipaddress):
            if (address.version == 6) != section.native_ipv6:
                raise self.document.error(place, f"{address}: its adverts go over {family} and name {family} addresses")
            if address in section.virtual_ipaddress[:number]:
                raise self.document.error(place, f"{address} stands twice in this list")
        return tuple(section.virtual_ipaddress)

    def _multicast_group(self, section: SyncedInstanceSection, path: KeyPath) -> IPv4Address | IPv6Address | None:
        group = section.multicast_group
        if group is None or group in (MULTICAST_V4, MULTICAST_V6):
            return None
        family = 6 if section.native_ipv6 else 4
        if not group.is_multicast or group.version != family:
            place = self._place(*path, "multicast_group")
            raise self.document.error(place, f"{group} is no multicast group of IPv{family}, over which the adverts go")
        return group

    def _interface(self, section: SyncedInstanceSection, path: KeyPath) -> str:
        if section.interface is None:
            return self.interfaces[0].name
        return self._known_interface(section.interface, self._place(*path, "interface"))

    def _known_interface(self, name: str, place: KeyPath) -> str:
        known = [interface.name for interface in self.interfaces]
        if name not in known:
            message = f"the instance {self.instance} has no interface {name!r}"
            raise self.document.error(place, message, hint=suggestion(name, known))
        return name

    def _tracked(
        self, section: SyncedInstanceSection, interface: str, path: KeyPath
    ) -> tuple[tuple[str, ...], tuple[TrackedInterface, ...]]:
        """keepalived tracks the interface of the adverts unless told not to, and those that it is told to: first those
        whose loss means FAULT, then those with a weight."""
        place = self._place(*path, "track_interface")
        plain: list[str] = [] if section.dont_track_primary else [interface]
        weighted: list[TrackedInterface] = []
        for name, item in (section.track_interface or {}).items():
            self._known_interface(name, place)
            if item.reverse and not item.weight:
                raise self.document.error(place, f"{name}: `reverse` turns a weight round, and it has none")
            if item.weight:
                weighted.append(TrackedInterface(name, item.weight, item.reverse))
            else:
                plain.append(name)
        return tuple(dict.fromkeys(plain)), tuple(weighted)

    def _peers(self, section: SyncedInstanceSection, path: KeyPath) -> tuple[str, ...]:
        if section.peers is None:
            return tuple(other for other in self.everybody if other != self.instance)
        known = list(self.everybody)
        place = self._place(*path, "peers")
        for index, peer in enumerate(section.peers):
            if peer not in known:
                raise self.document.error(place, f"unknown instance {peer!r}", hint=suggestion(peer, known))
            if peer in section.peers[:index]:
                raise self.document.error(place, f"{peer} stands twice in this list")
            if peer == self.instance and place[0] == "instances":
                raise self.document.error(place, f"{self.instance} cannot be its own peer")
        return tuple(peer for peer in section.peers if peer != self.instance)

    def _script(self, key: str, section: TrackScriptSection) -> TrackScript:
        place = self._place("vrrp", "track_scripts", key)
        timeout_ns = section.interval if section.timeout is None else section.timeout
        return TrackScript(
            name=key,
            check=section.check,
            interval_ns=section.interval,
            timeout_ns=timeout_ns,
            rise=section.rise,
            fall=section.fall,
            weight=section.weight,
            run_time=self.builder.build(section.run_time, (*place, "run_time")),
            reverse=section.reverse,
        )

    def _refuse_weights(self, section: VrrpSection) -> None:
        """keepalived does not track what has a weight in a sync group (but 2.2.7 lets processes have one)."""
        for key, name, weight in _weights(section):
            if weight:
                raise self.document.error(
                    self._place("vrrp", key, name),
                    f"{name} has weight {weight}, and keepalived tracks nothing with a weight in a sync group: "
                    "expected weight 0",
                )


def _weights(section: VrrpSection) -> Iterator[tuple[str, str, int]]:
    tracked = (
        ("track_scripts", section.track_scripts),
        ("track_files", section.track_files),
        ("track_interface", section.track_interface or {}),
    )
    for key, items in tracked:
        for name, item in items.items():
            yield key, name, item.weight


def _password(section: SyncedInstanceSection) -> str | None:
    """As much of it as an advert holds."""
    if section.authentication is None:
        return None
    return section.authentication.auth_pass.encode()[:AUTHENTICATION_LENGTH].decode(errors="ignore")


def _process(key: str, section: TrackProcessSection) -> TrackProcess:
    return TrackProcess(
        name=key,
        count=section.quorum if section.count is None else section.count,
        quorum=section.quorum,
        weight=section.weight,
        reverse=section.reverse,
        fork_delay_ns=section.delay if section.fork_delay is None else section.fork_delay,
        terminate_delay_ns=section.delay if section.terminate_delay is None else section.terminate_delay,
    )


def _file(key: str, section: TrackFileSection) -> TrackFile:
    return TrackFile(
        name=key,
        weight=section.weight,
        reverse=section.reverse,
        value=section.value,
        init_value=section.init_file,
        init_overwrite=section.init_overwrite,
    )
