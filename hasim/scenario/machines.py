"""The instances of a scenario: interfaces with addresses, and the settings of all merged with those of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv6Network

from hasim.scenario.addressing import AddressPlan
from hasim.scenario.building import Builder
from hasim.scenario.errors import KeyPath, suggestion
from hasim.scenario.loading import Document
from hasim.scenario.model import (
    Daemon,
    Guest,
    Instance,
    Interface,
    NotifyPolicy,
    SecurityGroup,
    Service,
    VrrpSettings,
)
from hasim.scenario.routers import RouterResolver, place_of
from hasim.scenario.schema import ScenarioFile
from hasim.scenario.schema.fields import Section, SectionType, overlaid
from hasim.scenario.schema.machines import (
    DaemonSection,
    GuestSection,
    InstanceSection,
    InterfaceSection,
    ServiceSection,
)
from hasim.scenario.schema.vrrp import NotifySection, VrrpSection
from hasim.units import format_duration

__all__ = ["DEFAULT_GROUP", "PRIMARY", "MachineResolver", "Merged", "interface_names"]

DEFAULT_GROUP = "default"
PRIMARY = "eth0"
"""What the primary interface is called where the instance itself describes it."""
_PRIMARY_KEYS = frozenset({"subnet", "address", "secondary_addresses", "security_groups", "ipv6_address"})
_LINK_LOCAL = IPv6Network("fe80::/64")


def interface_names(section: InstanceSection) -> tuple[str, ...]:
    """What the interfaces of a written instance are called, the primary one first."""
    return (*([PRIMARY] if _has_short_primary(section) else []), *section.interfaces)


def _has_short_primary(section: InstanceSection) -> bool:
    """Whether the primary interface is described by the instance's own keys."""
    return bool(_PRIMARY_KEYS & section.model_fields_set) or not section.interfaces


_BY_NAME = ("track_scripts", "track_processes", "track_files", "sync_group")


def _by_name(common: dict[str, SectionType], own: dict[str, SectionType]) -> dict[str, SectionType]:
    return common | {
        name: overlaid(common[name], section) if name in common else section for name, section in own.items()
    }


@dataclass(frozen=True, slots=True)
class Merged:
    """The settings of one instance: what the file says for all, overridden by what it says for this one."""

    vrrp: VrrpSection
    notify: NotifySection
    daemon: DaemonSection
    guest: GuestSection
    service: ServiceSection

    @classmethod
    def of(cls, file: ScenarioFile, section: InstanceSection) -> Merged:
        """Merge; what stands by name (track scripts, ...) is merged by name, key by key."""
        vrrp = overlaid(file.vrrp, section.vrrp)
        by_name = {key: _by_name(getattr(file.vrrp, key), getattr(section.vrrp, key)) for key in _BY_NAME}
        return cls(
            vrrp=vrrp.model_copy(update=by_name),
            notify=overlaid(file.notify, section.notify),
            daemon=overlaid(file.daemon, section.daemon),
            guest=overlaid(file.guest, section.guest),
            service=overlaid(file.service, section.service),
        )


@dataclass(frozen=True, slots=True)
class MachineResolver:
    """Turns written instances into :class:`~hasim.scenario.model.Instance`."""

    document: Document
    file: ScenarioFile
    builder: Builder
    plan: AddressPlan
    groups: tuple[SecurityGroup, ...]

    def resolve(self) -> tuple[Instance, ...]:
        """All instances, in the order of the file.

        Raises:
            ScenarioError: unknown names, addresses that cannot be, settings that contradict each other.
        """
        interfaces = self._interfaces()
        return tuple(self._instance(name, section, interfaces[name]) for name, section in self.file.instances.items())

    # --- interfaces -------------------------------------------------------------------------------------------------

    def _interfaces(self) -> dict[str, tuple[Interface, ...]]:
        """The interfaces of all instances: first every address that the file names, then free ones for the others."""
        sections = {name: self._interface_sections(name, section) for name, section in self.file.instances.items()}
        for written in sections.values():
            for path, interface in written.values():
                self._claim(path, interface)
        return {
            name: tuple(self._interface(key, path, interface) for key, (path, interface) in written.items())
            for name, written in sections.items()
        }

    def _interface_sections(self, name: str, section: InstanceSection) -> dict[str, tuple[KeyPath, InterfaceSection]]:
        path: KeyPath = ("instances", name)
        written: dict[str, tuple[KeyPath, InterfaceSection]] = {}
        shorthand = _PRIMARY_KEYS & section.model_fields_set
        if _has_short_primary(section):
            subnet = section.subnet or self.plan.only_subnet(path).name
            primary = InterfaceSection(subnet="subnet").model_copy(
                update={key: getattr(section, key) for key in _PRIMARY_KEYS} | {"subnet": subnet}
            )
            written[PRIMARY] = (path, primary)
        for key, interface in section.interfaces.items():
            if key in written:
                message = f"{PRIMARY} is the primary interface already, described by `{min(shorthand)}` of {name}"
                raise self.document.error((*path, "interfaces", key), message)
            written[key] = ((*path, "interfaces", key), interface)
        return written

    def _claim(self, path: KeyPath, section: InterfaceSection) -> None:
        subnet = self.plan.subnet(section.subnet, (*path, "subnet"))
        if section.address is not None:
            self.plan.claim(section.address, subnet, (*path, "address"))
        for index, address in enumerate(section.secondary_addresses):
            self.plan.claim(address, subnet, (*path, "secondary_addresses", index))

    def _interface(self, name: str, path: KeyPath, section: InterfaceSection) -> Interface:
        subnet = self.plan.subnet(section.subnet, (*path, "subnet"))
        return Interface(
            name=name,
            subnet=subnet.name,
            address=section.address or self.plan.next_free(subnet, path),
            security_groups=self.known_groups(section.security_groups, (*path, "security_groups")),
            secondary_addresses=tuple(section.secondary_addresses),
            ipv6_address=section.ipv6_address,
        )

    def known_groups(self, names: list[str] | None, path: KeyPath) -> tuple[str, ...]:
        """The security groups of those names; the default one if there are none.

        Raises:
            ScenarioError: an unknown name, or one that stands twice.
        """
        known = [group.name for group in self.groups]
        for index, name in enumerate(names or ()):
            if name not in known:
                raise self.document.error(path, f"unknown security group {name!r}", hint=suggestion(name, known))
            if name in (names or [])[:index]:
                raise self.document.error(path, f"{name} stands twice in this list")
        return tuple(names) if names is not None else (DEFAULT_GROUP,)

    # --- settings ---------------------------------------------------------------------------------------------------

    def _instance(self, name: str, section: InstanceSection, interfaces: tuple[Interface, ...]) -> Instance:
        merged = Merged.of(self.file, section)
        routers = RouterResolver(self.document, self.builder, name, interfaces, tuple(self.file.instances))
        vrrp = routers.resolve(merged.vrrp)
        group = routers.resolve_group(merged.vrrp)
        return Instance(
            name=name,
            zone=self.plan.subnet(interfaces[0].subnet, ()).zone,
            cpu=section.cpu,
            memory_gb=section.memory,
            interfaces=_with_ipv6(interfaces, vrrp, *(member.vrrp for member in group)),
            vrrp=vrrp,
            notify=self._notify(name, merged.notify),
            daemon=self._daemon(name, merged.daemon),
            guest=self._guest(name, merged.guest),
            service=self._service(name, merged.service, merged.vrrp),
            sync_group=group,
        )

    def _place(self, instance: str, *keys: str) -> KeyPath:
        return place_of(self.document, instance, *keys)

    def _service(self, name: str, section: ServiceSection, vrrp: VrrpSection) -> Service:
        if section.process is not None:
            place, known = self._place(name, "service", "process"), list(vrrp.track_processes)
            if section.process not in known:
                message = f"vrrp.track_processes has no {section.process!r}"
                raise self.document.error(place, message, hint=suggestion(section.process, known))
            if section.on_master_only:
                message = (
                    "a service that is started by MASTER cannot be tracked by its process: it is not there on a "
                    "BACKUP, which could then never become MASTER"
                )
                raise self.document.error(place, message)
        return Service(
            start_up=self.builder.build(section.start_up, self._place(name, "service", "start_up")),
            on_master_only=section.on_master_only,
            process=section.process,
        )

    def _notify(self, name: str, section: NotifySection) -> NotifyPolicy:
        if section.retry_max < section.retry_delay:
            message = (
                f"retry_max ({format_duration(section.retry_max)}) is below retry_delay "
                f"({format_duration(section.retry_delay)})"
            )
            raise self.document.error(self._place(name, "notify", _said_last(section)), message)
        return NotifyPolicy(
            start_up=self.builder.build(section.start_up, self._place(name, "notify", "start_up")),
            sleep_before_ns=section.sleep_before,
            tries=section.tries,
            retry_delay_ns=section.retry_delay,
            retry_backoff=section.retry_backoff,
            retry_max_ns=section.retry_max,
            call_timeout_ns=section.call_timeout,
            check_first=section.check_first,
            unanswered_means_held=section.unanswered_means_held,
            reread_state=section.reread_state,
            wait_for_task=section.wait_for_task,
            poll_interval_ns=section.poll_interval,
            task_timeout_ns=section.task_timeout,
            reclaim_interval_ns=section.reclaim_interval,
            on_rx_lower_priority=section.notify_master_rx_lower_pri,
            release_on_backup=section.release_on_backup,
            retry_jitter=section.retry_jitter,
            reread_after=section.reread_after,
            sleep_before_release_ns=section.sleep_before_release,
            fifo=section.fifo,
        )

    def _daemon(self, name: str, section: DaemonSection) -> Daemon:
        return Daemon(
            start_up=self.builder.build(section.start_up, self._place(name, "daemon", "start_up")),
            timer_latency=self.builder.build(section.timer_latency, self._place(name, "daemon", "timer_latency")),
            take_over=self.builder.build(section.take_over, self._place(name, "daemon", "take_over")),
            busy=self.builder.build(section.busy, self._place(name, "daemon", "busy")),
            advert_drift_ns=section.advert_drift,
            preempt_lag_ns=section.preempt_lag,
            receive_buffer=section.receive_buffer,
            advert_in_buffer=section.advert_in_buffer,
            stop_grace_ns=section.stop_grace,
            restart_delay=self.builder.build(section.restart_delay, self._place(name, "daemon", "restart_delay")),
        )

    def _guest(self, name: str, section: GuestSection) -> Guest:
        return Guest(
            boot=self.builder.build(section.boot, self._place(name, "guest", "boot")),
            interface_appears=self.builder.build(
                section.interface_appears, self._place(name, "guest", "interface_appears")
            ),
            configure=self.builder.build(section.configure, self._place(name, "guest", "configure")),
            network_ready=self.builder.build(section.network_ready, self._place(name, "guest", "network_ready")),
        )


def _with_ipv6(interfaces: tuple[Interface, ...], *routers: VrrpSettings) -> tuple[Interface, ...]:
    """The interfaces, those that send adverts over IPv6 with an address for it: a link-local one unless one is
    written."""
    senders = {router.interface for router in routers if router.native_ipv6}
    return tuple(
        replace(interface, ipv6_address=_LINK_LOCAL[int(interface.address)])
        if interface.name in senders and interface.ipv6_address is None
        else interface
        for interface in interfaces
    )


def _said_last(section: Section) -> str:
    """Which of the two keys of a retry contradiction the file names (the other is then a default)."""
    return "retry_max" if "retry_max" in section.model_fields_set else "retry_delay"
