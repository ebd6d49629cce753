"""From a document to a :class:`~hasim.scenario.model.Scenario`: the schema, defaults, merging, checks, rehearsal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

from hasim.scenario.addressing import AddressPlan, resolve_subnets
from hasim.scenario.building import Builder
from hasim.scenario.control import resolve_control_plane, resolve_network, weak_control_plane
from hasim.scenario.digest import digest_of
from hasim.scenario.errors import suggestion
from hasim.scenario.faulting import FaultResolver
from hasim.scenario.floating import claim_floating_address, resolve_floating
from hasim.scenario.loading import Document
from hasim.scenario.machines import DEFAULT_GROUP, MachineResolver, Merged
from hasim.scenario.mechanism import actions_of
from hasim.scenario.model import (
    CLIENTS,
    CONTROL_PLANE,
    FaultKind,
    Scenario,
    SecurityGroup,
    SecurityRule,
    Slo,
)
from hasim.scenario.prepared import prepare
from hasim.scenario.rehearsal import rehearse
from hasim.scenario.schema import ScenarioFile
from hasim.scenario.schema.cloud import SecurityRuleSection
from hasim.scenario.schema.fields import Section
from hasim.scenario.steady import steady_faults, steady_masters
from hasim.scenario.validation import validate
from hasim.units import YEAR, format_duration

__all__ = ["resolve"]

_LONGEST_HORIZON_NS = 292 * YEAR
"""Journals (SQLite) and tables (Parquet) have 64 bits for a time."""

_MOST_INSTANCES = 32
_RESERVED_NAMES = (CLIENTS, CONTROL_PLANE)
_EVERYTHING = IPv4Network("0.0.0.0/0")
_BOOTING_FAULTS = frozenset({FaultKind.CRASH, FaultKind.STOP, FaultKind.ZONE_OUTAGE})


def resolve(document: Document, *, directory: Path) -> Scenario:
    """The scenario that the document describes; ``directory`` is what files in it are relative to.

    Raises:
        ScenarioError: the first thing in it that cannot be.
    """
    document = prepare(document, directory).document
    file = validate(document)
    _check_horizon(document, file)
    _check_names(document, file)
    builder = Builder(document, directory)
    plan = AddressPlan(document, resolve_subnets(document, file))
    groups = _groups(file)
    floating_subnet = claim_floating_address(document, file, plan)
    machines = MachineResolver(document, file, builder, plan, groups)
    instances = machines.resolve()
    floating = resolve_floating(document, file, floating_subnet, machines)
    faults = FaultResolver(document, builder, file.horizon, tuple(file.zones), plan.subnets, instances)
    scenario = Scenario(
        name=file.name or _name_from(document.path),
        description=file.description,
        digest="",
        horizon_ns=file.horizon,
        seed=file.seed,
        replications=file.replications,
        region=file.region,
        zones=tuple(file.zones),
        vpc_cidr=file.vpc.cidr,
        subnets=plan.subnets,
        security_groups=groups,
        instances=instances,
        floating=floating,
        initial_master=file.initial_master,
        network=resolve_network(file.network, file.vpc.multicast, builder),
        control_plane=resolve_control_plane(document, file.control_plane, builder),
        faults=faults.resolve(file.faults),
        slo=_slo(document, file),
        four_core_16gb_addresses=file.quotas.four_core_16gb_addresses,
        weak_defaults=(),
        source_path=document.path,
        source_text=document.text,
        initial_phase_ns=file.initial_phase,
        cold_start=file.cold_start,
    )
    _check_beginning(document, scenario)
    rehearse(document, scenario)
    weak = tuple(dict.fromkeys(_weak_defaults(file, scenario)))
    return replace(scenario, digest=digest_of(scenario), weak_defaults=weak)


def _name_from(path: str) -> str:
    stem = Path(path).stem
    return stem if stem and not stem.startswith("<") else "scenario"


def _check_horizon(document: Document, file: ScenarioFile) -> None:
    if file.horizon > _LONGEST_HORIZON_NS:
        raise document.error(
            ("horizon",),
            f"{format_duration(file.horizon)} is longer than 292 years, whose nanoseconds are as many as journals and "
            "tables can count",
            hint="simulate more replications instead",
        )


def _check_names(document: Document, file: ScenarioFile) -> None:
    if not file.zones:
        raise document.error(("zones",), "a scenario needs at least one zone")
    for index, zone in enumerate(file.zones):
        if zone in file.zones[:index]:
            raise document.error(("zones", index), f"the zone {zone} stands twice in this list")
        if zone in _RESERVED_NAMES:
            raise document.error(("zones", index), f"{zone!r} has a meaning of its own in faults: choose another name")
    if not 1 <= len(file.instances) <= _MOST_INSTANCES:
        message = f"expected 1 to {_MOST_INSTANCES} instances, got {len(file.instances)}"
        raise document.error(("instances",), message)
    for name in file.instances:
        if name in _RESERVED_NAMES or name in file.zones:
            other = "a zone has this name" if name in file.zones else "it has a meaning of its own in faults"
            raise document.error(("instances", name), f"{name!r} cannot name an instance: {other}")
    known = list(file.instances)
    if file.initial_master is not None and file.initial_master not in known:
        message = f"unknown instance {file.initial_master!r}"
        raise document.error(("initial_master",), message, hint=suggestion(file.initial_master, known))
    for name, start_ns in (file.cold_start or {}).items():
        if name not in known:
            message = f"unknown instance {name!r}"
            raise document.error(("cold_start", name), message, hint=suggestion(name, known))
        if start_ns >= file.horizon:
            raise document.error(("cold_start", name), f"{format_duration(start_ns)} is not before the horizon")


def _check_beginning(document: Document, scenario: Scenario) -> None:
    """A run that begins in the steady state needs somebody who can be MASTER in it."""
    if scenario.cold_start is not None:
        return
    faults = {instance.name: steady_faults(instance) for instance in scenario.instances}
    begins_with = "when a run begins: `cold_start` begins with a start of keepalived instead"
    if scenario.initial_master is not None and faults[scenario.initial_master]:
        reason = ", ".join(faults[scenario.initial_master])
        message = f"{scenario.initial_master} is in FAULT ({reason}) {begins_with}"
        raise document.error(("initial_master",), message)
    if all(faults.values()):
        reasons = "; ".join(f"{name}: {', '.join(reasons)}" for name, reasons in faults.items())
        raise document.error(("instances",), f"every instance is in FAULT ({reasons}) {begins_with}")
    interval_ns = min(instance.vrrp.advert_int_ns for instance in steady_masters(scenario))
    if scenario.initial_phase_ns is not None and scenario.initial_phase_ns > interval_ns:
        phase, interval = format_duration(scenario.initial_phase_ns), format_duration(interval_ns)
        raise document.error(("initial_phase",), f"{phase} is longer than {interval}, the time between two adverts")


def _groups(file: ScenarioFile) -> tuple[SecurityGroup, ...]:
    groups = [
        SecurityGroup(name, _rules(section.ingress), _rules(section.egress))
        for name, section in file.security_groups.items()
    ]
    if DEFAULT_GROUP not in file.security_groups:
        inside = SecurityRule("all", file.vpc.cidr, accept=True)
        groups.append(SecurityGroup(DEFAULT_GROUP, (inside,), (SecurityRule("all", _EVERYTHING, accept=True),)))
    return tuple(groups)


def _rules(sections: Iterable[SecurityRuleSection]) -> tuple[SecurityRule, ...]:
    return tuple(SecurityRule(rule.protocol, rule.peer, rule.action == "accept") for rule in sections)


def _slo(document: Document, file: ScenarioFile) -> Slo:
    section = file.slo
    written = {0.5: section.failover.p50, 0.95: section.failover.p95, 0.99: section.failover.p99}
    percentiles = {quantile: limit_ns for quantile, limit_ns in written.items() if limit_ns is not None}
    limits = list(percentiles.values())
    if limits != sorted(limits):
        raise document.error(("slo", "failover"), "a higher percentile cannot be shorter than a lower one")
    return Slo(section.availability, percentiles, section.longest_outage)


def _weak_defaults(file: ScenarioFile, scenario: Scenario) -> Iterator[str]:
    """The weak defaults that this scenario relies on, as paths."""
    kinds = {fault.kind for fault in scenario.faults}
    irrelevant = set()
    if not kinds & _BOOTING_FAULTS:
        irrelevant |= {"guest.boot"}
        if FaultKind.SERVICE_FAILURE not in kinds and not any(i.service.on_master_only for i in scenario.instances):
            irrelevant |= {"service.start_up"}
    if FaultKind.KEEPALIVED_KILL not in kinds:
        irrelevant |= {"daemon.restart_delay"}
    mechanism = scenario.floating.mechanism
    if mechanism.is_public:
        irrelevant |= {"guest.configure"}
    if mechanism.is_announced:
        irrelevant |= {"notify.start_up"}
    for section in file.instances.values():
        merged = Merged.of(file, section)
        for name in ("guest", "service", "daemon", "notify"):
            yield from (path for path in _weak(getattr(merged, name), name) if path not in irrelevant)
        for script, settings in merged.vrrp.track_scripts.items():
            yield from _weak(settings, f"vrrp.track_scripts.{script}")
    if len(scenario.instances) > 1:
        zones = [instance.zone for instance in scenario.instances]
        if len(zones) > len(set(zones)):
            yield from _weak(file.network.within_zone, "network.within_zone")
        if len(set(zones)) > 1:
            yield from _weak(file.network.between_zones, "network.between_zones")
    releases = any(instance.notify.release_on_backup for instance in scenario.instances)
    mutations = actions_of(mechanism, eip=scenario.floating.eip, releases=releases)
    yield from weak_control_plane(file.control_plane, mechanism, mutations)


def _weak(section: Section, path: str) -> Iterator[str]:
    for name, info in type(section).model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and extra.get("x-weak") and name not in section.model_fields_set:
            yield f"{path}.{name}"
