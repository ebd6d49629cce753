"""What the configurations of some nodes say in the terms of a scenario.

A scenario has one floating address, so one virtual router is taken from the files: the one that most nodes share, or
the one that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hasim.errors import UserError
from hasim.keepalived import Config, Location, Severity, SyncGroup, VrrpInstance
from hasim.keepalived.config import IPAddress, Tracked
from hasim.keepalived.lint import VirtualRouter, design_of
from hasim.units import MICROSECOND, MILLISECOND, SECOND

__all__ = [
    "ImportSummary",
    "Node",
    "Setting",
    "choose_router",
    "node_names",
    "read_nodes",
    "summarize",
    "yaml_name",
]

_YAML_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_MOST_NAME = 60
_MOST_COUNTED = 1000
_MOST_WEIGHT = 253
_PROCESS_CHECK_INTERVAL_NS = 100 * MILLISECOND


@dataclass(frozen=True)
class Setting:
    """A value as a scenario writes it, and the line that it comes from."""

    value: str
    location: Location | None = None
    remark: str = ""

    @property
    def comment(self) -> str:
        """What stands behind it in the file."""
        origin = str(self.location) if self.location is not None and self.location.line else ""
        return ": ".join(part for part in (origin, self.remark) if part)


@dataclass(frozen=True)
class Node:
    """One instance of the scenario. ``instance`` is None where its configuration has no VRRP."""

    name: str
    instance: VrrpInstance | None
    source: IPAddress | None
    vrrp: Mapping[str, Setting] = field(default_factory=dict)
    track_scripts: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    rx_lower_pri: Setting | None = None


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
            ("Accepted, and without effect on the simulation", self.unused),
            ("Assumed, because the files do not say it", self.assumed),
            ("Not as written", self.warnings),
        )
        lines = [line for title, items in sections if items for line in (f"{title}:", *(f"  {item}" for item in items))]
        return "\n".join(lines)


def yaml_name(name: str) -> str:
    """A name as YAML must have it to take it for text."""
    return name if name[0].isalpha() and name.lower() not in _YAML_WORDS else f'"{name}"'


def node_names(names: Iterable[str]) -> dict[str, str]:
    """The nodes' names as a scenario can have them, each once."""
    found: dict[str, str] = {}
    for name in names:
        plain = _NOT_IN_NAMES.sub("-", name).strip("-_")[: _MOST_NAME - 4] or "node"
        number = 2
        unique = plain
        while unique in found.values():
            unique = f"{plain}-{number}"
            number += 1
        found[name] = unique
    return found


def choose_router(configs: Mapping[str, Config], wanted: str | None) -> VirtualRouter | None:
    """The virtual router to simulate: the one with an instance of that name, else the one that most nodes share.

    None where the files have no VRRP at all.

    Raises:
        UserError: no instance has the wanted name.
    """
    routers = design_of(configs).virtual_routers
    if wanted is not None:
        named = [router for router in routers if any(member.name == wanted for member in router.routers)]
        if not named:
            known = sorted({member.name for router in routers for member in router.routers})
            raise UserError(f"no file has a vrrp_instance {wanted}: expected one of {', '.join(known) or 'none'}")
        return named[0]
    return max(routers, key=lambda router: len(router.routers), default=None)


def read_nodes(configs: Mapping[str, Config], router: VirtualRouter | None) -> list[Node]:
    """Every node with its settings for the virtual router."""
    names = node_names(configs)
    instances: dict[str, VrrpInstance] = {}
    for member in router.routers if router is not None else ():
        instances[member.node] = configs[member.node].instance(member.name)
    sources = _sources(instances)
    by_address = {address: names[node] for node, address in sources.items() if address is not None}
    nodes = []
    for node, config in configs.items():
        instance = instances.get(node)
        if instance is None:
            nodes.append(Node(names[node], None, None))
        else:
            others = set(names.values()) - {names[node]}
            nodes.append(_node(names[node], config, instance, sources[node], by_address, others))
    return nodes


def _sources(instances: Mapping[str, VrrpInstance]) -> dict[str, IPAddress | None]:
    """Each node's own address: the configured one, or of two nodes the one that the other calls its peer."""
    sources = {node: instance.source_address for node, instance in instances.items()}
    if len(instances) == 2:
        for node, other in (tuple(instances), tuple(instances)[::-1]):
            peers = instances[other].unicast_peers
            if sources[node] is None and len(peers) == 1:
                sources[node] = peers[0].address
    return sources


def _node(
    name: str,
    config: Config,
    instance: VrrpInstance,
    source: IPAddress | None,
    by_address: Mapping[IPAddress, str],
    others: set[str],
) -> Node:
    group = next((group for group in config.sync_groups if instance.name in group.members), None)
    vrrp = dict(_vrrp_settings(config, instance))
    peers = {by_address[peer.address] for peer in instance.unicast_peers if peer.address in by_address}
    unknown = [peer for peer in instance.unicast_peers if peer.address not in by_address]
    if peers - {name} and not unknown and peers != others:
        vrrp["peers"] = Setting(
            f"[{', '.join(yaml_name(peer) for peer in sorted(peers - {name}))}]", instance.where("unicast_peers")
        )
    script = instance.notify.master_rx_lower_pri
    return Node(
        name,
        instance,
        source,
        vrrp,
        dict(_checks(config, instance, group)),
        Setting("true", instance.where("notify_master_rx_lower_pri")) if script is not None else None,
    )


def duration_text(duration_ns: int) -> str:
    """A duration as a scenario writes it, exactly."""
    for unit_ns, unit in ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "us")):
        if duration_ns % unit_ns == 0:
            return f"{duration_ns // unit_ns}{unit}"
    return f"{duration_ns}ns"


def _vrrp_settings(config: Config, instance: VrrpInstance) -> Iterator[tuple[str, Setting]]:
    """The settings in the order of the reference, those with keepalived's defaults left out."""

    def placed(value: object, name: str, remark: str = "") -> Setting:
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if name in instance.places:
            return Setting(text, instance.where(name), remark)
        if f"vrrp_{name}" in config.global_defs.places:
            return Setting(text, config.global_defs.where(f"vrrp_{name}"), remark)
        return Setting(text, None, remark or "keepalived's default")

    written = instance.written
    yield "version", placed(instance.version, "version")
    yield "virtual_router_id", placed(instance.virtual_router_id, "virtual_router_id")
    rounded = f"written as {duration_text(written.advert_int_ns)}, which version {instance.version} cannot carry"
    advert_int = duration_text(instance.advert_int_ns)
    changed = instance.advert_int_ns != written.advert_int_ns
    yield "advert_int", placed(advert_int, "advert_int", rounded if changed else "")
    yield "priority", placed(instance.priority, "priority")
    yield "state", placed(instance.state, "state")
    if instance.nopreempt or written.nopreempt:
        remark = "" if instance.nopreempt else "nopreempt is written, and keepalived clears it"
        yield "nopreempt", placed(instance.nopreempt, "nopreempt", remark)
    if instance.preempt_delay_ns or written.preempt_delay_ns:
        remark = "" if instance.preempt_delay_ns else "preempt_delay is written, and keepalived clears it"
        yield "preempt_delay", placed(duration_text(instance.preempt_delay_ns), "preempt_delay", remark)
    defaults = config.global_defs
    if defaults.vrrp_startup_delay_ns:
        location = defaults.where("vrrp_startup_delay")
        yield "startup_delay", Setting(duration_text(defaults.vrrp_startup_delay_ns), location)
    if instance.down_timer_adverts != 3:
        yield "down_timer_adverts", placed(instance.down_timer_adverts, "down_timer_adverts")
    for name in ("higher_prio_send_advert", "lower_prio_no_advert", "dont_track_primary"):
        if getattr(instance, name):
            yield name, placed(True, name)
    transport = "unicast" if instance.unicast else "multicast"
    remark = "" if instance.unicast else "no unicast_peer is written"
    yield "transport", placed(transport, "unicast_peers", remark)


def _checks(
    config: Config, instance: VrrpInstance, group: SyncGroup | None
) -> Iterator[tuple[str, Mapping[str, Setting]]]:
    """Track scripts and track processes as the checks of a scenario, by name."""
    for item in (*instance.track_scripts, *(group.track_scripts if group is not None else ())):
        if item.reverse:
            continue
        script = config.script(item.name)
        settings = {
            "interval": Setting(duration_text(script.interval_ns), script.where("interval")),
            "weight": _weight(item),
        }
        if script.timeout_ns != script.interval_ns:
            settings["timeout"] = Setting(duration_text(script.timeout_ns), script.where("timeout"))
        for name, count in (("rise", script.rise), ("fall", script.fall)):
            if count > 1:
                settings[name] = Setting(str(min(count, _MOST_COUNTED)), script.where(name))
        yield node_names([item.name])[item.name], settings
    for item in (*instance.track_processes, *(group.track_processes if group is not None else ())):
        if not item.reverse:
            yield node_names([item.name])[item.name], _process_check(config, item)


def _weight(item: Tracked) -> Setting:
    """The weight of something tracked; one beyond what a priority can move has the same effect as the largest."""
    return Setting(str(min(max(item.weight, -_MOST_WEIGHT), _MOST_WEIGHT)), item.location)


def _process_check(config: Config, item: Tracked) -> dict[str, Setting]:
    """A tracked process: keepalived hears at once when it ends, which a check every 100 ms comes close to."""
    process = next(process for process in config.processes if process.name == item.name)
    settings = {
        "interval": Setting(duration_text(_PROCESS_CHECK_INTERVAL_NS), process.location, "the process is watched"),
        "weight": _weight(item),
        "run_time": Setting("0s"),
    }
    for name, delay_ns in (("rise", process.fork_delay_ns), ("fall", process.terminate_delay_ns)):
        count = min(1 + delay_ns // _PROCESS_CHECK_INTERVAL_NS, _MOST_COUNTED)
        if count > 1:
            settings[name] = Setting(str(count), process.where("delay"))
    return settings


def summarize(
    configs: Mapping[str, Config], router: VirtualRouter | None, nodes: Iterable[Node], assumed: Iterable[str]
) -> ImportSummary:
    """What became of the statements of all files."""
    used = [
        f"{setting.location}: {name} {setting.value}"
        for node in nodes
        for name, setting in _all_settings(node)
        if setting.location is not None and setting.location.line
    ]
    chosen = {(member.node, member.name) for member in router.routers} if router is not None else set()
    unused: list[str] = []
    for node, config in configs.items():
        unused += [f"{item.location}: {' '.join(item.words[:2])}" for item in config.unused]
        unused += [
            f"{instance.location}: vrrp_instance {instance.name} (a scenario has one; ask for another by its name)"
            for instance in config.instances
            if (node, instance.name) not in chosen
        ]
        for instance in config.instances:
            if (node, instance.name) in chosen:
                unused += _left_out(config, instance)
    warnings = [
        str(problem)
        for config in configs.values()
        for problem in config.problems
        if problem.severity is not Severity.NOTE
    ]
    return ImportSummary(tuple(_once(used)), tuple(_once(unused)), tuple(assumed), tuple(_once(warnings)))


def _all_settings(node: Node) -> Iterator[tuple[str, Setting]]:
    yield from node.vrrp.items()
    for name, settings in node.track_scripts.items():
        for key, setting in settings.items():
            yield f"{name} {key}", setting
    if node.rx_lower_pri is not None:
        yield "notify_master_rx_lower_pri", node.rx_lower_pri


def _left_out(config: Config, instance: VrrpInstance) -> Iterator[str]:
    """What the chosen instance says that a scenario cannot."""
    for item in instance.track_interfaces:
        yield f"{item.location}: track_interface {item.name} (the scenario has no such interface)"
    for item in (*instance.track_scripts, *instance.track_processes):
        if item.reverse:
            yield f"{item.location}: {item.name} (reverse weights are not simulated)"
    for vip in instance.virtual_addresses[1:]:
        yield f"{vip.location}: {vip.address} (a scenario has one floating address)"
    if instance.fault_reason:
        yield f"{instance.location}: {instance.name} stays in FAULT ({instance.fault_reason})"
    if any(instance.name in group.members and len(group.members) > 1 for group in config.sync_groups):
        yield f"{instance.location}: {instance.name} is in a sync group, and is simulated without the others"


def _once(items: Iterable[str]) -> Iterator[str]:
    """Each text once, in the order of the first time."""
    return iter(dict.fromkeys(items))
