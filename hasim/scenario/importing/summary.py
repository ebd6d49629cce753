"""What became of the statements of configuration files that were imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from hasim.keepalived import Config, Location, Severity, VrrpInstance
from hasim.keepalived.config import Placed, TrackFile, TrackProcess, VrrpScript
from hasim.keepalived.lint import RULES, VirtualRouter, lint_configs
from hasim.scenario.importing.adverts import has_ipv6_adverts
from hasim.scenario.importing.settings import Node, group_of, members_of
from hasim.scenario.importing.tracking import TrackedThings
from hasim.scenario.importing.values import Setting, duration_text

__all__ = ["ImportSummary", "left_out", "summarize"]

_MOST_OF_A_KIND = 5
_GARP = (
    "garp_master_delay",
    "garp_master_repeat",
    "garp_master_refresh",
    "garp_master_refresh_repeat",
    "garp_lower_prio_delay",
    "garp_lower_prio_repeat",
)
_ELECTION = ("version", "down_timer_adverts", "lower_prio_no_advert", "higher_prio_send_advert")
_OF_ALL_INSTANCES = (
    *_ELECTION,
    *_GARP,
    "garp_interval",
    "startup_delay",
    "mcast_group4",
    "mcast_group6",
    "rx_bufs_policy",
    "rx_bufs_multiplier",
)
_OF_AN_INSTANCE = (*_ELECTION, *_GARP, "preempt_delay", "dont_track_primary", "mcast_dst_ip", "kernel_rx_buf_size")
_OF_SOMETHING_TRACKED = ("timeout", "rise", "fall", "quorum", "delay", "fork_delay", "terminate_delay")
"""What a scenario says only where it is not what it would be without: names in keepalived.conf, of all instances with
``vrrp_`` before them."""
_DEAF_BY_ADDRESSES = "addresses-differ"
"""The rule about nodes that drop each other's adverts although nothing in the scenario's settings looks wrong."""


@dataclass(frozen=True)
class ImportSummary:
    """What became of the files: settings that the scenario has from them, statements that it has no use for, what it
    assumes beyond them, and what keepalived makes of doubtful statements."""

    used: tuple[str, ...]
    unused: tuple[str, ...]
    assumed: tuple[str, ...]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        sections = (
            ("Used", self.used),
            ("Accepted, and without effect on the simulation", tuple(_abridged(self.unused))),
            ("Assumed, because the files do not say it", self.assumed),
            ("Not as written", self.warnings),
        )
        lines = [line for title, items in sections if items for line in (f"{title}:", *(f"  {item}" for item in items))]
        return "\n".join(lines)


def _abridged(items: Iterable[str]) -> Iterator[str]:
    """The items, of each file and keyword only the first few and how many more there are."""
    kinds = [(item, _file_and_keyword(item)) for item in items]
    counts = Counter(kind for _, kind in kinds)
    shown = Counter[tuple[str, str]]()
    for item, kind in kinds:
        shown[kind] += 1
        if shown[kind] <= _MOST_OF_A_KIND:
            yield item
        elif shown[kind] == _MOST_OF_A_KIND + 1:
            file, keyword = kind
            yield f"{file}: and {counts[kind] - _MOST_OF_A_KIND:,} more {keyword}"


def _file_and_keyword(item: str) -> tuple[str, str]:
    """Of ``FILE:LINE: KEYWORD ...``."""
    place, _, words = item.partition(": ")
    return place.rpartition(":")[0], words.partition(" ")[0]


def summarize(
    configs: Mapping[str, Config], router: VirtualRouter, nodes: Collection[Node], assumed: Iterable[str]
) -> ImportSummary:
    """What became of the statements of all files."""
    used = [
        f"{setting.location}: {name} {setting.value}"
        for node in nodes
        for name, setting in _all_settings(node)
        if setting.location is not None and setting.location.line
    ]
    chosen = dict(_simulated(configs, router))
    told = {setting.location for node in nodes for _, setting in _all_settings(node)}
    unused: list[str] = []
    for node, config in configs.items():
        plain = [item for item in config.unused if item.location not in told]
        unused += [f"{item.location}: {' '.join(item.words[:2])}" for item in plain]
        unused += [
            f"{instance.location}: vrrp_instance {instance.name} (a scenario has one; ask for another by its name)"
            for instance in config.instances
            if instance not in chosen.get(node, ())
        ]
        if node in chosen:
            unused += (f"{location}: {what}" for location, what in left_out(config, chosen[node]))
            unused += (f"{location}: {what}" for location, what in _without_effect(config, chosen[node], told))
        else:
            unused.append(f"{config.location}: {node} (it has no part in the virtual router of the scenario)")
    warnings = [
        str(problem)
        for config in configs.values()
        for problem in config.problems
        if problem.severity is not Severity.NOTE
    ]
    warnings += (
        f"{finding.location}: {finding.level}: {finding.reason} ({finding.consequence})"
        for finding in lint_configs(configs, (rule for rule in RULES if rule.name == _DEAF_BY_ADDRESSES))
        if finding.rule == _DEAF_BY_ADDRESSES
    )
    return ImportSummary(tuple(_once(used)), tuple(_once(unused)), tuple(assumed), tuple(_once(warnings)))


def _simulated(configs: Mapping[str, Config], router: VirtualRouter) -> Iterator[tuple[str, tuple[VrrpInstance, ...]]]:
    """The instances of each node that are in the scenario, that of the floating address first."""
    for member in router.routers:
        config = configs[member.node]
        instance = config.instance(member.name)
        yield member.node, (instance, *(other for other in members_of(config, instance) if other is not instance))


def _all_settings(node: Node) -> Iterator[tuple[str, Setting]]:
    yield from node.vrrp.items()
    for things in node.blocks.values():
        for name, settings in things.items():
            for key, setting in settings.items():
                yield f"{name} {key}", setting
    yield from node.notify.items()


def left_out(config: Config, members: tuple[VrrpInstance, ...]) -> Iterator[tuple[Location, str]]:
    """What the simulated instances (that of the floating address first) say and a scenario cannot."""
    instance, *others = members
    yield from TrackedThings(config, group_of(config, instance), members).left_out()
    addresses = [*instance.virtual_addresses[1:], *(vip for other in others for vip in other.virtual_addresses)]
    for vip in addresses:
        yield vip.location, f"{vip.address} (a scenario has one floating address)"
    for member in members:
        if member.fault_reason:
            yield member.location, f"{member.name} stays in FAULT ({member.fault_reason})"
        if member.family == 6 and not has_ipv6_adverts(member):
            yield member.location, f"{member.name} sends VRRPv2 over IPv6 (simulated as over IPv4)"
        if member.authentication is not None and member.authentication.type != "PASS":
            kind = member.authentication.type
            yield member.where("authentication"), f"authentication {kind} (all nodes are taken to have the same)"


def _without_effect(
    config: Config, members: tuple[VrrpInstance, ...], told: Collection[Location | None]
) -> Iterator[tuple[Location, str]]:
    """What changes nothing in this scenario: options of the floating address, settings to what they are anyway, and
    what nobody tracks. ``told`` are the lines of which something has been said."""
    for vip in members[0].virtual_addresses[:1]:
        device = () if vip.interface in (None, members[0].interface) else ("dev", vip.interface)
        if device or vip.options:
            yield vip.location, f"{' '.join((*device, *vip.options))} (of {vip.address})"
    tracked = TrackedThings(config, group_of(config, members[0]), members).definitions()
    of_tracked = _OF_SOMETHING_TRACKED if len(members) > 1 else (*_OF_SOMETHING_TRACKED, "weight")
    holders: list[tuple[Placed, tuple[str, ...]]] = [
        (config.global_defs, tuple(f"vrrp_{name}" for name in _OF_ALL_INSTANCES)),
        *((member, _OF_AN_INSTANCE) for member in members),
        *((thing, of_tracked) for thing in tracked),
    ]
    for holder, names in holders:
        for name in names:
            if name in holder.places and holder.where(name) not in told:
                yield holder.where(name), f"{name}{_value(holder, name)} (the same as without it)"
    known = {thing.location for thing in tracked}
    defined: tuple[VrrpScript | TrackProcess | TrackFile, ...] = (*config.scripts, *config.processes, *config.files)
    for definition in defined:
        if definition.location not in known:
            yield definition.location, f"{definition.name} (the vrrp_instance of the scenario does not track it)"


def _value(holder: Placed, name: str) -> str:
    """Of a setting, as it follows its name."""
    duration_ns = getattr(holder, f"{name}_ns", None)
    if duration_ns is not None:
        return f" {duration_text(duration_ns)}"
    value = getattr(holder, name, None)
    words = [str(word) for word in value] if isinstance(value, tuple) else [] if value is None else [str(value)]
    return "".join(f" {word.lower() if isinstance(value, bool) else word}" for word in words)


def _once(items: Iterable[str]) -> Iterator[str]:
    """Each text once, in the order of the first time."""
    return iter(dict.fromkeys(items))
