"""The instances of a scenario: interfaces with addresses, and the settings of all merged with those of each."""

from __future__ import annotations

from dataclasses import dataclass

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
    TrackScript,
    Transport,
    VrrpSettings,
)
from hasim.scenario.schema import ScenarioFile
from hasim.scenario.schema.fields import Section, overlaid
from hasim.scenario.schema.machines import (
    DaemonSection,
    GuestSection,
    InstanceSection,
    InterfaceSection,
    ServiceSection,
)
from hasim.scenario.schema.vrrp import NotifySection, TrackScriptSection, VrrpSection
from hasim.units import format_duration
from hasim.vrrp.timers import complete_advert_int

__all__ = ["DEFAULT_GROUP", "MachineResolver", "Merged"]

DEFAULT_GROUP = "default"
_PRIMARY = "eth0"


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
        """Merge; track scripts are merged by name, key by key."""
        scripts = dict(file.vrrp.track_scripts)
        for name, script in section.vrrp.track_scripts.items():
            scripts[name] = overlaid(scripts[name], script) if name in scripts else script
        vrrp = overlaid(file.vrrp, section.vrrp)
        return cls(
            vrrp=vrrp.model_copy(update={"track_scripts": scripts}),
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
        shorthand = {"subnet", "address", "secondary_addresses", "security_groups"} & section.model_fields_set
        if shorthand or not section.interfaces:
            subnet = section.subnet or self.plan.only_subnet(path).name
            primary = InterfaceSection(subnet="subnet").model_copy(
                update={
                    "subnet": subnet,
                    "address": section.address,
                    "secondary_addresses": section.secondary_addresses,
                    "security_groups": section.security_groups,
                }
            )
            written[_PRIMARY] = (path, primary)
        for key, interface in section.interfaces.items():
            if key in written:
                message = f"{_PRIMARY} is the primary interface already, described by `{min(shorthand)}` of {name}"
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
        return Instance(
            name=name,
            zone=self.plan.subnet(interfaces[0].subnet, ()).zone,
            cpu=section.cpu,
            memory_gb=section.memory,
            interfaces=interfaces,
            vrrp=self._vrrp(name, merged.vrrp, interfaces),
            notify=self._notify(name, merged.notify),
            daemon=self._daemon(name, merged.daemon),
            guest=self._guest(name, merged.guest),
            service=Service(
                start_up=self.builder.build(merged.service.start_up, self._place(name, "service", "start_up")),
                on_master_only=merged.service.on_master_only,
            ),
        )

    def _place(self, instance: str, *keys: str) -> KeyPath:
        """Where a merged setting is written: at the instance, else at the top."""
        own = ("instances", instance, *keys)
        return own if self.document.has(own) else keys

    def _vrrp(self, name: str, section: VrrpSection, interfaces: tuple[Interface, ...]) -> VrrpSettings:
        scripts = tuple(self._script(name, key, script) for key, script in section.track_scripts.items())
        known = [interface.name for interface in interfaces]
        interface = known[0]
        if section.interface is not None:
            interface = self._known_interface(name, section.interface, known, "interface")
        stays = section.state == "BACKUP"
        return VrrpSettings(
            virtual_router_id=section.virtual_router_id,
            version=section.version,
            advert_int_ns=complete_advert_int(section.version, section.advert_int),
            priority=section.priority,
            initial_state=section.state,
            nopreempt=section.nopreempt and stays,
            preempt_delay_ns=section.preempt_delay if stays else 0,
            startup_delay_ns=section.startup_delay,
            down_timer_adverts=section.down_timer_adverts,
            higher_prio_send_advert=section.higher_prio_send_advert,
            lower_prio_no_advert=section.lower_prio_no_advert,
            transport=Transport(section.transport),
            interface=interface,
            peers=self._peers(name, section),
            track_scripts=scripts,
            track_interfaces=self._tracked(name, section, interface, known),
            garp_master_repeat=section.garp_master_repeat,
            garp_master_delay_ns=section.garp_master_delay,
            garp_master_refresh_ns=section.garp_master_refresh,
            garp_master_refresh_repeat=section.garp_master_refresh_repeat,
        )

    def _known_interface(self, instance: str, name: str, known: list[str], key: str) -> str:
        if name not in known:
            message = f"the instance {instance} has no interface {name!r}"
            place = self._place(instance, "vrrp", key)
            raise self.document.error(place, message, hint=suggestion(name, known))
        return name

    def _tracked(self, name: str, section: VrrpSection, interface: str, known: list[str]) -> tuple[str, ...]:
        """keepalived tracks the interface of the adverts unless told not to, and those that it is told to."""
        listed = [self._known_interface(name, item, known, "track_interface") for item in section.track_interface or ()]
        own = () if section.dont_track_primary else (interface,)
        return tuple(dict.fromkeys((*own, *listed)))

    def _peers(self, name: str, section: VrrpSection) -> tuple[str, ...]:
        if section.peers is None:
            return tuple(other for other in self.file.instances if other != name)
        known = list(self.file.instances)
        place = self._place(name, "vrrp", "peers")
        for index, peer in enumerate(section.peers):
            if peer not in known:
                raise self.document.error(place, f"unknown instance {peer!r}", hint=suggestion(peer, known))
            if peer in section.peers[:index]:
                raise self.document.error(place, f"{peer} stands twice in this list")
            if peer == name and place[0] == "instances":
                raise self.document.error(place, f"{name} cannot be its own peer")
        return tuple(peer for peer in section.peers if peer != name)

    def _script(self, name: str, key: str, section: TrackScriptSection) -> TrackScript:
        place = self._place(name, "vrrp", "track_scripts", key)
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
        )

    def _daemon(self, name: str, section: DaemonSection) -> Daemon:
        return Daemon(
            start_up=self.builder.build(section.start_up, self._place(name, "daemon", "start_up")),
            timer_latency=self.builder.build(section.timer_latency, self._place(name, "daemon", "timer_latency")),
            take_over=self.builder.build(section.take_over, self._place(name, "daemon", "take_over")),
            busy=self.builder.build(section.busy, self._place(name, "daemon", "busy")),
            advert_drift_ns=section.advert_drift,
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
        )


def _said_last(section: Section) -> str:
    """Which of the two keys of a retry contradiction the file names (the other is then a default)."""
    return "retry_max" if "retry_max" in section.model_fields_set else "retry_delay"
