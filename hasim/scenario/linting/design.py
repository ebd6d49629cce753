"""A scenario in the terms of the lint rules: the virtual router as each instance sees it, with lines of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address, IPv6Address

from hasim.keepalived import Location
from hasim.keepalived.lint import Check, Design, Router, VirtualRouter
from hasim.scenario.advertised import advert_group, advertised_addresses, drops_clients
from hasim.scenario.errors import KeyPath
from hasim.scenario.loading import Document
from hasim.scenario.machines import Merged
from hasim.scenario.mechanism import release_steps
from hasim.scenario.model import FaultKind, Instance, Interface, Scenario, Transport, VrrpSettings
from hasim.scenario.schema import ScenarioFile
from hasim.scenario.steady import steady_gain
from hasim.scenario.topology import build_region
from hasim.vrrp.track import file_contribution

__all__ = ["ScenarioDesign", "design_of_scenario", "heartbeat_of"]

_KEYS: dict[str, KeyPath] = {
    "unicast_peers": ("vrrp", "peers"),
    "mcast_dst_ip": ("vrrp", "multicast_group"),
    "virtual_addresses": ("vrrp", "virtual_ipaddress"),
    "notify_master": ("notify",),
    "notify_master_rx_lower_pri": ("notify", "notify_master_rx_lower_pri"),
    "notify_backup": ("notify", "release_on_backup"),
    "notify_stop": ("notify", "release_on_backup"),
}
"""Where a scenario has what keepalived.conf calls by another name; all else is in ``vrrp`` under its own."""

_GROUP = "sync_group"
"""A scenario has one sync group at most."""

_LIMITS: tuple[KeyPath, ...] = (("slo", "failover", "p95"), ("slo", "failover", "p99"), ("slo", "longest_outage"))
"""Objectives that nearly every failover has to meet. (A median says nothing about the longest detection.)"""


@dataclass(frozen=True, kw_only=True)
class ScenarioDesign(Design):
    """A design of which more is known: the cloud around it, and what its notify scripts do."""

    scenario: Scenario
    document: Document

    def place(self, instance: str, *keys: str | int) -> Location:
        """The line of a setting: at the instance, else at the top, else that of the instance itself."""
        own: KeyPath = ("instances", instance, *keys)
        is_own = self.document.has(own) or own in self.document.origins
        path = keys if self.document.has(keys) and not is_own else own
        return Location(*self.document.where(path))


def design_of_scenario(document: Document, file: ScenarioFile, scenario: Scenario) -> ScenarioDesign:
    """The design that a scenario describes; ``document`` and ``file`` are what it was resolved from."""
    known = ScenarioDesign(virtual_routers=(), scenario=scenario, document=document)
    routers = tuple(
        _router(known, instance, Merged.of(file, file.instances[instance.name])) for instance in scenario.instances
    )
    members = tuple(
        VirtualRouter(tuple(_member(known, instance, number) for instance in scenario.instances))
        for number in range(len(scenario.instances[0].sync_group))
    )
    limit = _tightest(scenario)
    return ScenarioDesign(
        virtual_routers=(VirtualRouter(routers), *members),
        detection_slo_ns=limit[0] if limit is not None else None,
        detection_slo_location=Location(*document.where(limit[1])) if limit is not None else None,
        stop_script_ns=max(
            (_release_time(scenario, i) for i in scenario.instances if _releases(scenario, i)), default=None
        ),
        scenario=scenario,
        document=document,
    )


def heartbeat_of(instance: Instance) -> Interface:
    """The interface that carries an instance's adverts."""
    return next(interface for interface in instance.interfaces if interface.name == instance.vrrp.interface)


def _source(instance: Instance) -> IPv4Address | IPv6Address:
    """Where an instance's adverts come from."""
    interface = heartbeat_of(instance)
    return (interface.ipv6_address or interface.address) if instance.vrrp.native_ipv6 else interface.address


def _router(design: ScenarioDesign, instance: Instance, merged: Merged) -> Router:
    scenario, vrrp, notify = design.scenario, instance.vrrp, instance.notify
    calls = not scenario.floating.mechanism.is_announced
    releases = _releases(scenario, instance)
    return Router(
        node=instance.name,
        name=instance.name,
        where=partial(_where, design, instance.name),
        virtual_router_id=vrrp.virtual_router_id,
        version=vrrp.version,
        state=vrrp.initial_state,
        priority=vrrp.priority,
        advert_int_ns=vrrp.advert_int_ns,
        advert_int_written_ns=merged.vrrp.advert_int,
        nopreempt=vrrp.nopreempt,
        nopreempt_written=merged.vrrp.nopreempt,
        preempt_delay_ns=0 if vrrp.nopreempt else vrrp.preempt_delay_ns,
        preempt_delay_written_ns=merged.vrrp.preempt_delay,
        startup_delay_ns=vrrp.startup_delay_ns,
        down_timer_adverts=vrrp.down_timer_adverts,
        higher_prio_send_advert=vrrp.higher_prio_send_advert,
        unicast=vrrp.transport is Transport.UNICAST,
        multicast_group=advert_group(vrrp),
        source_address=_source(instance),
        peers=tuple(_source(scenario.instance(peer)) for peer in vrrp.peers),
        authentication=_authentication(vrrp),
        addresses=advertised_addresses(scenario, vrrp, ""),
        checks=tuple(_checks(design, instance)),
        from_files=sum(steady_gain(file) or 0 for file in vrrp.track_files),
        has_master_script=calls,
        has_backup_script=releases,
        has_stop_script=releases,
        has_rx_lower_pri_script=calls and notify.on_rx_lower_priority,
        has_fifo=notify.fifo,
        moves_address=calls,
        reclaims=notify.reclaim_interval_ns is not None,
        sync_group=_GROUP if instance.sync_group else None,
        accept=not drops_clients(scenario, vrrp, vrrp.priority),
    )


def _member(design: ScenarioDesign, instance: Instance, number: int) -> Router:
    """A further member of an instance's sync group: it takes part in the election, and moves nothing."""
    member = instance.sync_group[number]
    vrrp, path = member.vrrp, ("vrrp", "sync_group", member.name)
    there = replace(instance, vrrp=vrrp)
    peers = (design.scenario.instance(name) for name in vrrp.peers)
    return Router(
        node=instance.name,
        name=member.name,
        where=lambda field: design.place(instance.name, *path, _KEYS.get(field, (field,))[-1]),
        virtual_router_id=vrrp.virtual_router_id,
        version=vrrp.version,
        state=vrrp.initial_state,
        priority=vrrp.priority,
        advert_int_ns=vrrp.advert_int_ns,
        advert_int_written_ns=vrrp.advert_int_ns,
        nopreempt=vrrp.nopreempt,
        nopreempt_written=vrrp.nopreempt,
        preempt_delay_ns=0 if vrrp.nopreempt else vrrp.preempt_delay_ns,
        startup_delay_ns=vrrp.startup_delay_ns,
        down_timer_adverts=vrrp.down_timer_adverts,
        higher_prio_send_advert=vrrp.higher_prio_send_advert,
        unicast=vrrp.transport is Transport.UNICAST,
        multicast_group=advert_group(vrrp),
        source_address=_source(there),
        peers=tuple(_source(replace(peer, vrrp=peer.sync_group[number].vrrp)) for peer in peers),
        authentication=_authentication(vrrp),
        addresses=advertised_addresses(design.scenario, vrrp, member.name),
        sync_group=_GROUP,
        accept=vrrp.accept or vrrp.virtual_addresses is None,
    )


def _authentication(vrrp: VrrpSettings) -> tuple[str, str] | None:
    return None if vrrp.password is None else ("PASS", vrrp.password)


def _where(design: ScenarioDesign, instance: str, field: str) -> Location:
    return design.place(instance, *_KEYS.get(field, ("vrrp", field)))


def _checks(design: ScenarioDesign, instance: Instance) -> Iterator[Check]:
    for script in instance.vrrp.track_scripts:
        location = design.place(instance.name, "vrrp", "track_scripts", script.name)
        yield Check(
            name=script.name,
            location=location,
            weight=script.weight,
            weight_location=_weight_place(design, instance, "track_scripts", script.name),
            interval_ns=script.interval_ns,
            timeout_ns=script.timeout_ns,
            timeout_location=design.place(instance.name, "vrrp", "track_scripts", script.name, "timeout"),
            rise=script.rise,
            fall=script.fall,
            reverse=script.reverse,
        )
    yield from _watched(design, instance)
    yield from _written(design, instance)


def _watched(design: ScenarioDesign, instance: Instance) -> Iterator[Check]:
    """Processes and interfaces that keepalived tracks: no scripts that run at intervals."""
    for process in instance.vrrp.track_processes:
        location = design.place(instance.name, "vrrp", "track_processes", process.name)
        yield Check(
            name=process.name,
            location=location,
            weight=process.weight,
            weight_location=_weight_place(design, instance, "track_processes", process.name),
            reverse=process.reverse,
        )
    for interface in instance.vrrp.weighted_interfaces:
        yield Check(
            name=interface.name,
            location=design.place(instance.name, "vrrp", "track_interface"),
            weight=interface.weight,
            weight_location=_weight_place(design, instance, "track_interface", interface.name),
            reverse=interface.reverse,
        )


def _weight_place(design: ScenarioDesign, instance: Instance, key: str, name: str) -> Location:
    """Where the weight of something tracked is written; where that thing is, if it is nowhere."""
    return design.place(instance.name, "vrrp", key, name, "weight")


def _written(design: ScenarioDesign, instance: Instance) -> Iterator[Check]:
    """What faults write into tracked files, where it takes something from the priority and does not mean FAULT."""
    for file in instance.vrrp.track_files:
        usual = steady_gain(file)
        for index, fault in enumerate(design.scenario.faults):
            is_written = fault.kind is FaultKind.FILE_WRITE and fault.tracked == file.name
            if not is_written or instance.name not in fault.targets:
                continue
            gain = file_contribution(fault.value, file.weight, reverse=file.reverse)
            if usual is not None and gain is not None and gain < usual:
                location = Location(*design.document.where(("faults", index, "value")))
                yield Check(
                    name=file.name,
                    location=location,
                    weight=gain - usual,
                    weight_location=location,
                    number=fault.value,
                )


def _releases(scenario: Scenario, instance: Instance) -> bool:
    return instance.notify.release_on_backup and not scenario.floating.mechanism.is_announced


def _tightest(scenario: Scenario) -> tuple[int, KeyPath] | None:
    """The shortest time that an objective allows, and where it says so."""
    slo = scenario.slo
    written = (slo.failover_percentiles.get(0.95), slo.failover_percentiles.get(0.99), slo.longest_outage_ns)
    return min(((limit, path) for limit, path in zip(written, _LIMITS, strict=True) if limit is not None), default=None)


def _release_time(scenario: Scenario, instance: Instance) -> int:
    """How long the script that gives the address back usually takes (the sum of the medians)."""
    notify, control_plane = instance.notify, scenario.control_plane
    duration_ns = notify.start_up.quantile(0.5)
    for step in release_steps(scenario.floating.mechanism, build_region(scenario, instance.name), instance.name):
        action = control_plane.actions[step.action]
        duration_ns += action.accept.quantile(0.5)
        if notify.wait_for_task:
            duration_ns += max(action.task.quantile(0.5), notify.poll_interval_ns)
    return duration_ns
