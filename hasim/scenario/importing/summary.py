"""What became of the statements of configuration files that were imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hasim.keepalived import Config, Location, Severity, VrrpInstance
from hasim.keepalived.lint import RULES, VirtualRouter, lint_configs
from hasim.scenario.importing.adverts import has_ipv6_adverts
from hasim.scenario.importing.settings import Node, group_of, members_of
from hasim.scenario.importing.tracking import TrackedThings
from hasim.scenario.importing.values import Setting

__all__ = ["ImportSummary", "left_out", "summarize"]

_MOST_OF_A_KIND = 5
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
    configs: Mapping[str, Config], router: VirtualRouter, nodes: Iterable[Node], assumed: Iterable[str]
) -> ImportSummary:
    """What became of the statements of all files."""
    used = [
        f"{setting.location}: {name} {setting.value}"
        for node in nodes
        for name, setting in _all_settings(node)
        if setting.location is not None and setting.location.line
    ]
    chosen = dict(_simulated(configs, router))
    unused: list[str] = []
    for node, config in configs.items():
        unused += [f"{item.location}: {' '.join(item.words[:2])}" for item in config.unused]
        unused += [
            f"{instance.location}: vrrp_instance {instance.name} (a scenario has one; ask for another by its name)"
            for instance in config.instances
            if instance not in chosen.get(node, ())
        ]
        if node in chosen:
            unused += (f"{location}: {what}" for location, what in left_out(config, chosen[node]))
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


def _once(items: Iterable[str]) -> Iterator[str]:
    """Each text once, in the order of the first time."""
    return iter(dict.fromkeys(items))
