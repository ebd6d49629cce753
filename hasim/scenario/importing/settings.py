"""What the configurations of some nodes say in the terms of a scenario.

A scenario has one floating address, so one virtual router is taken from the files: the one that most nodes share, or
the one that is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from hasim.errors import UserError
from hasim.keepalived import Config, SyncGroup, VrrpInstance
from hasim.keepalived.config import IPAddress
from hasim.keepalived.lint import VirtualRouter, design_of
from hasim.scenario.importing.adverts import (
    differing_addresses,
    has_ipv6_adverts,
    other_multicast_group,
    receive_buffer,
)
from hasim.scenario.importing.tracking import TrackedThings
from hasim.scenario.importing.values import (
    ByName,
    Setting,
    Settings,
    duration_text,
    node_names,
    yaml_name,
)

__all__ = [
    "BLOCKS",
    "Node",
    "choose_router",
    "group_of",
    "members_of",
    "no_instance",
    "read_nodes",
]

_MOST_GARPS = 100


BLOCKS = ("track_scripts", "track_processes", "track_files", "track_interface", "sync_group")
"""What stands by name in a scenario's ``vrrp``."""


@dataclass(frozen=True)
class Node:
    """One instance of the scenario, with its ``vrrp_instance``; ``members`` are the further ones of its sync group, by
    the name that they have in the scenario.

    ``vrrp``, what is in it by name (``track_scripts``, ...), and ``notify`` are the settings of a scenario's sections.
    """

    name: str
    instance: VrrpInstance
    source: IPAddress | None
    vrrp: Settings = field(default_factory=dict)
    track_scripts: ByName = field(default_factory=dict)
    track_processes: ByName = field(default_factory=dict)
    track_files: ByName = field(default_factory=dict)
    track_interface: ByName = field(default_factory=dict)
    sync_group: ByName = field(default_factory=dict)
    notify: Settings = field(default_factory=dict)
    members: Mapping[str, VrrpInstance] = field(default_factory=dict)

    @property
    def rx_lower_pri(self) -> Setting | None:
        """The setting that runs the script when a lower advert comes in, where there is one."""
        return self.notify.get("notify_master_rx_lower_pri")

    @property
    def blocks(self) -> dict[str, ByName]:
        """What stands by name in ``vrrp``, by its key there."""
        return {key: getattr(self, key) for key in BLOCKS}


def choose_router(configs: Mapping[str, Config], wanted: str | None) -> VirtualRouter:
    """The virtual router to simulate: the one with an instance of that name, which need not be on every node, else the
    one that most nodes share.

    Raises:
        UserError: no instance has the wanted name; or a file has no instance, or none of the shared virtual router.
    """
    for config in configs.values():
        if not config.instances:
            raise UserError(f"{config.location}: {no_instance(config)}")
    routers = design_of(configs).virtual_routers
    if wanted is not None:
        named = [router for router in routers if any(member.name == wanted for member in router.routers)]
        if not named:
            known = sorted({member.name for router in routers for member in router.routers})
            raise UserError(f"no file has a vrrp_instance {wanted}: expected one of {', '.join(known) or 'none'}")
        return named[0]
    router = max(routers, key=lambda router: len(router.routers))
    members = [member.node for member in router.routers]
    for node, config in configs.items():
        if node not in members:
            first = configs[members[0]].location
            raise UserError(
                f"{config.location} has no vrrp_instance with the addresses, the name or the virtual_router_id of "
                f"{router.routers[0].name} in {first}: leave the file out, or say which vrrp_instance to simulate"
            )
    return router


def no_instance(config: Config) -> str:
    """What to say of a file without VRRP, of which an ``@id`` that does not hold may be the reason."""
    message = "it has no vrrp_instance that keepalived runs"
    if not config.conditions:
        return message
    return f"{message} (its lines are for the ids {', '.join(sorted(config.conditions))}: give one of them)"


def read_nodes(configs: Mapping[str, Config], router: VirtualRouter) -> list[Node]:
    """Every node of the virtual router with its settings for it."""
    configs = {member.node: configs[member.node] for member in router.routers}
    names = node_names(configs)
    instances = {member.node: configs[member.node].instance(member.name) for member in router.routers}
    sources = _sources(instances)
    by_address = {address: names[node] for node, address in sources.items() if address is not None}
    member_names = _member_names(configs)
    nodes = []
    for node, config in configs.items():
        instance = instances[node]
        members = {
            member_names[node, other.name]: other for other in members_of(config, instance) if other is not instance
        }
        read = _node(names[node], config, instance, sources[node], members)
        peers = _peers(instance, by_address, names[node], set(names.values()))
        nodes.append(replace(read, vrrp={**read.vrrp, **peers}))
    return _with_addresses(nodes)


def _with_addresses(nodes: list[Node]) -> list[Node]:
    """The nodes, with the addresses of their adverts where those of one virtual router are not the same."""
    own = differing_addresses({node.name: node.instance for node in nodes})
    nodes = [
        replace(node, vrrp={**node.vrrp, "virtual_ipaddress": own[node.name]}) if node.name in own else node
        for node in nodes
    ]
    for member in dict.fromkeys(name for node in nodes for name in node.members):
        own = differing_addresses({node.name: node.members[member] for node in nodes if member in node.members})
        nodes = [_with_address_of(node, member, own[node.name]) if node.name in own else node for node in nodes]
    return nodes


def _with_address_of(node: Node, member: str, addresses: Setting) -> Node:
    settings = {**node.sync_group[member], "virtual_ipaddress": addresses}
    return replace(node, sync_group={**node.sync_group, member: settings})


def members_of(config: Config, instance: VrrpInstance) -> tuple[VrrpInstance, ...]:
    """All members of the instance's sync group, itself among them; itself alone where it is in none."""
    group = group_of(config, instance)
    return tuple(config.instance(name) for name in group.members) if group is not None else (instance,)


def group_of(config: Config, instance: VrrpInstance) -> SyncGroup | None:
    """The sync group that the instance is in."""
    return next((group for group in config.sync_groups if instance.name in group.members), None)


def _member_names(configs: Mapping[str, Config]) -> dict[tuple[str, str], str]:
    """What the scenario calls each instance of each node: those of one virtual router alike."""
    routers = design_of(configs).virtual_routers
    plain = node_names(dict.fromkeys(virtual.routers[0].name for virtual in routers))
    return {
        (member.node, member.name): plain[virtual.routers[0].name] for virtual in routers for member in virtual.routers
    }


def _sources(instances: Mapping[str, VrrpInstance]) -> dict[str, IPAddress | None]:
    """Each node's own address: the configured one, or of two nodes the one that the other calls its peer."""
    sources = {node: instance.source_address for node, instance in instances.items()}
    if len(instances) == 2:
        for node, other in (tuple(instances), tuple(instances)[::-1]):
            peers = instances[other].unicast_peers
            if sources[node] is None and len(peers) == 1:
                sources[node] = peers[0].address
    return sources


def _peers(instance: VrrpInstance, by_address: Mapping[IPAddress, str], name: str, everybody: set[str]) -> Settings:
    """Whom its adverts go to, where that is not simply everybody."""
    peers = {by_address[peer.address] for peer in instance.unicast_peers if peer.address in by_address} - {name}
    unknown = [peer for peer in instance.unicast_peers if peer.address not in by_address]
    if not peers or unknown or peers == everybody - {name}:
        return {}
    text = f"[{', '.join(yaml_name(peer) for peer in sorted(peers))}]"
    return {"peers": Setting(text, instance.where("unicast_peers"))}


def _node(
    name: str,
    config: Config,
    instance: VrrpInstance,
    source: IPAddress | None,
    members: Mapping[str, VrrpInstance],
) -> Node:
    group = group_of(config, instance)
    tracked = TrackedThings(config, group, (instance, *members.values()))
    return Node(
        name,
        instance,
        source,
        vrrp=dict(_vrrp_settings(config, instance)),
        track_scripts=dict(tracked.scripts()),
        track_processes=dict(tracked.processes()),
        track_files=dict(tracked.files()),
        track_interface=dict(tracked.interfaces(instance)),
        sync_group={member: dict(_member_settings(config, other, instance)) for member, other in members.items()},
        notify=dict(_notify_settings(config, instance, group)),
        members=members,
    )


def _notify_settings(config: Config, instance: VrrpInstance, group: SyncGroup | None) -> Iterator[tuple[str, Setting]]:
    if instance.notify.master_rx_lower_pri is not None:
        yield "notify_master_rx_lower_pri", Setting("true", instance.where("notify_master_rx_lower_pri"))
    fifo = "vrrp_notify_fifo" if config.global_defs.vrrp_notify_fifo is not None else "notify_fifo"
    has_fifo = getattr(config.global_defs, fifo) is not None
    notifies = [instance.notify, *([group.notify] if group is not None else [])]
    if has_fifo and not any(notify.master or notify.any for notify in notifies):
        yield "fifo", Setting("true", config.global_defs.where(fifo))


def _vrrp_settings(config: Config, instance: VrrpInstance) -> Iterator[tuple[str, Setting]]:
    """The settings in the order of the reference, those with keepalived's defaults left out."""
    yield from _election_settings(config, instance)
    defaults = config.global_defs
    if defaults.vrrp_startup_delay_ns:
        location = defaults.where("vrrp_startup_delay")
        yield "startup_delay", Setting(duration_text(defaults.vrrp_startup_delay_ns), location)
    yield from _garp_settings(config, instance)


def _member_settings(config: Config, instance: VrrpInstance, first: VrrpInstance) -> Iterator[tuple[str, Setting]]:
    """Those of a further member of the group that ``first``, the instance of the floating address, is in."""
    yield "interface", _placed(config, instance, yaml_name(instance.interface), "interface")
    if first.accept != instance.accept:
        yield "accept", _placed(config, instance, instance.accept, "accept")
    yield from _election_settings(config, instance)


def _placed(config: Config, instance: VrrpInstance, value: object, name: str, remark: str = "") -> Setting:
    """A value with the line that it comes from."""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if name in instance.places:
        return Setting(text, instance.where(name), remark)
    if f"vrrp_{name}" in config.global_defs.places:
        return Setting(text, config.global_defs.where(f"vrrp_{name}"), remark)
    return Setting(text, None, remark or "keepalived's default")


def _election_settings(config: Config, instance: VrrpInstance) -> Iterator[tuple[str, Setting]]:
    """What decides who becomes MASTER, and when."""
    placed, written = partial(_placed, config, instance), instance.written
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
    if instance.down_timer_adverts != 3:
        yield "down_timer_adverts", placed(instance.down_timer_adverts, "down_timer_adverts")
    for name in ("higher_prio_send_advert", "lower_prio_no_advert", "dont_track_primary"):
        if getattr(instance, name):
            yield name, placed(True, name)
    if not instance.accept or "accept" in instance.places:
        yield "accept", placed(instance.accept, "accept", "in strict mode" if instance.strict_mode else "")
    transport = "unicast" if instance.unicast else "multicast"
    remark = "" if instance.unicast else "no unicast_peer is written"
    yield "transport", placed(transport, "unicast_peers", remark)
    if has_ipv6_adverts(instance):
        yield "native_ipv6", placed(True, "native_ipv6", "its addresses are IPv6")
    group = other_multicast_group(config, instance)
    if group is not None:
        yield "multicast_group", group
    if instance.authentication is not None and instance.authentication.type == "PASS":
        password = json.dumps(instance.authentication.password, ensure_ascii=False)
        yield "authentication", placed(f"{{auth_type: PASS, auth_pass: {password}}}", "authentication")
    buffer = receive_buffer(config, instance)
    if buffer is not None:
        yield "kernel_rx_buf_size", buffer


def _garp_settings(config: Config, instance: VrrpInstance) -> Iterator[tuple[str, Setting]]:
    """Gratuitous ARPs, where they are not keepalived's default."""
    placed = partial(_placed, config, instance)
    values = {
        "garp_master_repeat": (min(instance.garp_master_repeat, _MOST_GARPS), 5),
        "garp_master_delay": (duration_text(instance.garp_master_delay_ns), "5s"),
        "garp_master_refresh": (duration_text(instance.garp_master_refresh_ns), "0s"),
        "garp_master_refresh_repeat": (min(instance.garp_master_refresh_repeat, _MOST_GARPS), 1),
        "garp_lower_prio_repeat": (min(instance.garp_lower_prio_repeat, _MOST_GARPS), instance.garp_master_repeat),
        "garp_lower_prio_delay": (
            duration_text(instance.garp_lower_prio_delay_ns),
            duration_text(instance.garp_master_delay_ns),
        ),
    }
    for name, (value, default) in values.items():
        if value != default:
            yield name, placed(value, name)
    interval_ns, location = config.garp_interval_of(instance)
    if interval_ns:
        yield "garp_interval", Setting(duration_text(interval_ns), location)
