"""The text of a scenario that was imported: every value with the line that it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from hasim.errors import UserError
from hasim.keepalived import Config
from hasim.keepalived.config import IPAddress, Vip
from hasim.keepalived.lint import VirtualRouter
from hasim.scenario.importing.network import HEARTBEAT, SERVICE, NetworkPlan, plan_network, with_interfaces
from hasim.scenario.importing.settings import BLOCKS, Node, choose_router, read_nodes
from hasim.scenario.importing.summary import ImportSummary, summarize
from hasim.scenario.importing.values import ByName, Setting, Settings, node_names, yaml_name

__all__ = ["Imported", "import_configs"]

_ZONE = "ap-guangzhou-3"
_COMMENT_COLUMN = 44
_LOWER = 50
_MOST_SMALL = 4
"""So many interfaces an instance of 4 cores may have."""


@dataclass(frozen=True)
class Imported:
    """A scenario file's text, and what became of the configuration files."""

    text: str
    summary: ImportSummary


def import_configs(
    configs: Mapping[str, Config], *, name: str = "imported", vrrp_instance: str | None = None
) -> Imported:
    """A scenario from the configurations of its nodes, by node name.

    Files say nothing about the cloud, so the scenario has defaults for it: one zone, small instances, a secondary IP
    that is migrated, the API's usual behaviour, and one failure to look at. A single node gets a stand-in for its
    backup. ``vrrp_instance`` chooses the virtual router by the name of one of its instances.

    Raises:
        UserError: no configuration, one without a vrrp_instance of this virtual router, or no instance of that name.
    """
    if not configs:
        raise UserError("nothing to import: expected the keepalived.conf of at least one node")
    router = choose_router(configs, vrrp_instance)
    nodes = read_nodes(configs, router)
    assumed: list[str] = []
    nodes = _with_backup(nodes, assumed)
    plan = plan_network({node.name: node.source for node in nodes}, _floating(configs, router))
    nodes, sources = _with_named_interfaces(nodes)
    plan = with_interfaces(plan, sorted({interface for _, interface in sources}), sources)
    assumed += plan.assumed
    assumed += _assumptions(router, nodes)
    return Imported(_Writer(name, nodes, plan).text(), summarize(configs, router, nodes, assumed))


def _floating(configs: Mapping[str, Config], router: VirtualRouter) -> Vip | None:
    """The address that moves: the first one of the virtual router."""
    for member in router.routers:
        for vip in configs[member.node].instance(member.name).virtual_addresses:
            return vip
    return None


def _with_backup(nodes: list[Node], assumed: list[str]) -> list[Node]:
    """The nodes, with a stand-in for the backup of a single one."""
    if len(nodes) > 1:
        return nodes
    node = nodes[0]
    name = node_names([node.name, f"{node.name}-backup"])[f"{node.name}-backup"]
    priority = node.instance.priority
    lower = str(priority - _LOWER if priority > _LOWER else max(priority - 1, 1))
    assumed.append(f"{name}: a stand-in for the backup, with the settings of {node.name} and priority {lower}")
    remark = "a stand-in: no file was given for the backup"
    vrrp = {**node.vrrp, "priority": Setting(lower, None, remark), "state": Setting("BACKUP", None, remark)}
    vrrp.pop("peers", None)
    peers = node.instance.unicast_peers
    source = peers[0].address if peers else None
    own = replace(node, vrrp={key: value for key, value in node.vrrp.items() if key != "peers"})
    members = {
        member: replace(
            instance,
            source_address=instance.unicast_peers[0].address if instance.unicast_peers else None,
        )
        for member, instance in node.members.items()
    }
    group = {
        member: {**settings, "priority": Setting(lower, None, remark), "state": Setting("BACKUP", None, remark)}
        for member, settings in node.sync_group.items()
    }
    return [own, replace(node, name=name, source=source, vrrp=vrrp, members=members, sync_group=group)]


def _with_named_interfaces(
    nodes: list[Node],
) -> tuple[list[Node], dict[tuple[str, str], IPAddress | None]]:
    """The nodes, their further interfaces called alike where one virtual router uses them; and the addresses of those
    by node and interface, as far as they are known."""
    called: dict[str, str] = {}
    for node in nodes:
        for member, instance in node.members.items():
            called.setdefault(member, _interface_name(instance.interface))
    named, sources = [], dict[tuple[str, str], IPAddress | None]()
    for node in nodes:
        renamed: dict[str, str] = {}
        group: dict[str, Settings] = {}
        for member, settings in node.sync_group.items():
            instance = node.members[member]
            is_own = instance.interface == node.instance.interface
            own = {key: setting for key, setting in settings.items() if key != "interface"}
            if not is_own:
                renamed[instance.interface] = called[member]
                sources[node.name, called[member]] = instance.source_address
                own = {"interface": replace(settings["interface"], value=yaml_name(called[member])), **own}
            group[member] = own
        tracked = {renamed.get(name, _interface_name(name)): item for name, item in node.track_interface.items()}
        for name in tracked:
            sources.setdefault((node.name, name), None)
        named.append(replace(node, sync_group=group, track_interface=tracked))
    return named, sources


def _is_multicast(node: Node) -> bool:
    return node.vrrp.get("transport", Setting("unicast")).value == "multicast"


def _interface_name(device: str) -> str:
    """What the scenario calls a device; the names of its own interfaces are not free."""
    name = node_names([device])[device]
    return f"{name}-2" if name in (SERVICE, HEARTBEAT, "eth0") else name


def _assumptions(router: VirtualRouter, nodes: list[Node]) -> Iterator[str]:
    if any(_is_multicast(node) for node in nodes):
        yield (
            "vpc.multicast: true, for the files use multicast adverts: a VPC carries them only where that is switched "
            "on (--set vpc.multicast=false shows it without)"
        )
    silent = [member.node for member in router.routers if not (member.has_master_script or member.has_fifo)]
    for node in silent:
        yield f"a notify script on {node}: its file runs none, and the cloud would never move the address"
    if silent:
        yield (
            "the mechanism secondary_ip, which needs such a script; a HAVIP needs none: write mechanism: havip, or try "
            "--set floating.mechanism=havip, or hasim compare FILE --variant havip:floating.mechanism=havip"
        )
    yield "what the notify scripts do (section notify), what the checks look at, and everything about the cloud"
    yield "a failure to look at: the master loses its power at 100 s"


class _Writer:
    """Puts the text together, section by section."""

    def __init__(self, name: str, nodes: list[Node], plan: NetworkPlan) -> None:
        self._name = node_names([name])[name]
        self._nodes = nodes
        self._plan = plan
        self._common = _common([node.vrrp for node in nodes])
        self._common_notify = nodes[0].notify if len({_written(node.notify) for node in nodes}) == 1 else {}
        self._common_blocks = {
            key: nodes[0].blocks[key] for key in BLOCKS if len({_as_text(node.blocks[key]) for node in nodes}) == 1
        }

    def text(self) -> str:
        sections = (
            self._heading(),
            self._cloud(),
            self._instances(),
            self._floating(),
            self._vrrp(),
            self._notify(),
            self._faults(),
        )
        return "\n".join("\n".join(section) + "\n" for section in sections if section)

    def _heading(self) -> list[str]:
        files = sorted(
            {
                setting.location.file
                for node in self._nodes
                for setting in node.vrrp.values()
                if setting.location is not None and setting.location.file
            }
        )
        origin = f" from {', '.join(files)}" if files else ""
        return [
            *(
                f"# {line}"
                for line in _folded(f"Imported{origin}. Comments name the line that a value comes from; what")
            ),
            "# has none is an assumption: keepalived.conf says nothing about the cloud around it.",
            "",
            f"name: {yaml_name(self._name)}",
            "horizon: 10min",
            "replications: 200",
        ]

    def _cloud(self) -> list[str]:
        lines = [f"zones: [{_ZONE}]"]
        multicast = any(_is_multicast(node) for node in self._nodes)
        remark = "  # the files use multicast adverts; a VPC has it only where it is switched on"
        lines.append(f"vpc: {{cidr: {self._plan.vpc}, multicast: {'true' if multicast else 'false'}}}")
        lines[-1] += remark if multicast else ""
        lines.append("subnets:")
        lines += [f"  {yaml_name(name)}: {{cidr: {cidr}}}" for name, cidr in self._plan.subnets.items()]
        return lines

    def _instances(self) -> list[str]:
        lines = ["instances:"]
        for node in self._nodes:
            lines += [f"  {yaml_name(node.name)}:", *(f"    {line}" for line in self._instance(node))]
        return lines

    def _instance(self, node: Node) -> Iterator[str]:
        address = self._plan.addresses.get(node.name)
        own = [(key, setting) for key, setting in node.vrrp.items() if key not in self._common]
        further = [name for name in self._plan.subnets if name not in (SERVICE, HEARTBEAT)]
        if self._plan.separate_heartbeats or further:
            yield "cpu: 4" if len(self._plan.subnets) <= _MOST_SMALL else "cpu: 16"
            yield "memory: 8GB" if len(self._plan.subnets) <= _MOST_SMALL else "memory: 32GB"
        yield f"subnet: {SERVICE}"
        if address is not None and not self._plan.separate_heartbeats:
            yield f"address: {address}"
        if node.source is not None and node.source.version == 6 and not self._plan.separate_heartbeats:
            yield f"ipv6_address: {node.source}"
        if self._plan.separate_heartbeats or further:
            yield "interfaces:"
        if self._plan.separate_heartbeats:
            yield f"  {HEARTBEAT}: {{subnet: {HEARTBEAT}{_address_text(address)}}}"
        for name in further:
            place = _address_text(self._plan.further.get((node.name, name)))
            yield f"  {yaml_name(name)}: {{subnet: {yaml_name(name)}{place}}}"
        blocks = {key: node.blocks[key] for key in BLOCKS if key not in self._common_blocks}
        if own or any(blocks.values()):
            yield "vrrp:"
            yield from (f"  {line}" for line in _settings(own))
            yield from (f"  {line}" for line in _block_lines(blocks))
        if _written(node.notify) != _written(self._common_notify):
            yield "notify:"
            yield from (f"  {line}" for line in _settings(node.notify.items()))

    def _floating(self) -> list[str]:
        return [
            "floating:",
            f"  address: {self._plan.floating}",
            "  mechanism: secondary_ip",
        ]

    def _vrrp(self) -> list[str]:
        lines = [*_settings(self._common.items())]
        if self._plan.separate_heartbeats:
            lines.append(f"interface: {HEARTBEAT}")
        lines += _block_lines(self._common_blocks)
        return ["vrrp:", *(f"  {line}" for line in lines)] if lines else []

    def _notify(self) -> list[str]:
        if not self._common_notify:
            return []
        return ["notify:", *(f"  {line}" for line in _settings(self._common_notify.items()))]

    def _faults(self) -> list[str]:
        best = max(self._nodes, key=lambda node: int(node.vrrp.get("priority", Setting("100")).value))
        return [
            f"initial_master: {yaml_name(best.name)}",
            "",
            "faults:",
            f"  - {{name: master loses power, kind: crash, target: {yaml_name(best.name)}, at: 100s, duration: 5min}}",
        ]


def _common(vrrp: list[Mapping[str, Setting]]) -> dict[str, Setting]:
    """The settings that all nodes have with the same value."""
    first = vrrp[0]
    return {
        key: setting
        for key, setting in first.items()
        if all(key in other and other[key].value == setting.value for other in vrrp)
    }


def _as_text(things: ByName) -> str:
    """What stands by name, without where it comes from."""
    return repr({name: _written(item) for name, item in things.items()})


def _written(settings: Settings) -> str:
    return repr({key: setting.value for key, setting in settings.items()})


def _address_text(address: IPv4Address | None) -> str:
    return f", address: {address}" if address is not None else ""


def _settings(settings: Iterable[tuple[str, Setting]]) -> Iterator[str]:
    """``key: value  # where it comes from`` lines."""
    for key, setting in settings:
        line = f"{key}: {setting.value}"
        yield f"{line:<{_COMMENT_COLUMN}}  # {setting.comment}" if setting.comment else line


def _block_lines(blocks: Mapping[str, ByName]) -> list[str]:
    """What stands by name; what a script looks at is in no file."""
    lines = []
    looks = {"check": Setting("service", None, "an assumption: what the script looks at is not known")}
    for key, things in blocks.items():
        if things:
            lines.append(f"{key}:")
        for name, settings in things.items():
            lines.append(f"  {yaml_name(name)}:")
            known = {**looks, **settings} if key == "track_scripts" else settings
            lines += [f"    {line}" for line in _settings(known.items())]
    return lines


def _folded(text: str) -> Iterator[str]:
    """A comment's text in lines of a readable width."""
    line = ""
    for word in text.split():
        if line and len(line) + len(word) > 110:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line
