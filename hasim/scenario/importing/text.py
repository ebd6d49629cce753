"""The text of a scenario that was imported: every value with the line that it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hasim.errors import UserError
from hasim.keepalived import Config
from hasim.keepalived.config import Vip
from hasim.keepalived.lint import VirtualRouter
from hasim.scenario.importing.network import HEARTBEAT, SERVICE, NetworkPlan, plan_network
from hasim.scenario.importing.settings import (
    ImportSummary,
    Node,
    Setting,
    choose_router,
    node_names,
    read_nodes,
    summarize,
    yaml_name,
)

__all__ = ["Imported", "import_configs"]

_ZONE = "ap-guangzhou-3"
_COMMENT_COLUMN = 44
_LOWER = 50


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
        UserError: no configuration, or no instance of that name.
    """
    if not configs:
        raise UserError("nothing to import: expected the keepalived.conf of at least one node")
    router = choose_router(configs, vrrp_instance)
    nodes = read_nodes(configs, router)
    assumed: list[str] = []
    nodes = _with_backup(nodes, assumed)
    plan = plan_network({node.name: node.source for node in nodes}, _floating(configs, router))
    assumed += plan.assumed
    assumed += _assumptions(configs, router)
    return Imported(_Writer(name, nodes, plan).text(), summarize(configs, router, nodes, assumed))


def _floating(configs: Mapping[str, Config], router: VirtualRouter | None) -> Vip | None:
    """The address that moves: the first one of the virtual router."""
    for member in router.routers if router is not None else ():
        for vip in configs[member.node].instance(member.name).virtual_addresses:
            return vip
    return None


def _with_backup(nodes: list[Node], assumed: list[str]) -> list[Node]:
    """The nodes, with a stand-in for the backup of a single one."""
    if len(nodes) > 1:
        return nodes
    node = nodes[0]
    name = node_names([node.name, f"{node.name}-backup"])[f"{node.name}-backup"]
    priority = node.instance.priority if node.instance is not None else 100
    lower = str(priority - _LOWER if priority > _LOWER else max(priority - 1, 1))
    assumed.append(f"{name}: a stand-in for the backup, with the settings of {node.name} and priority {lower}")
    remark = "a stand-in: no file was given for the backup"
    vrrp = {**node.vrrp, "priority": Setting(lower, None, remark), "state": Setting("BACKUP", None, remark)}
    vrrp.pop("peers", None)
    peers = node.instance.unicast_peers if node.instance is not None else ()
    source = peers[0].address if peers else None
    own = replace(node, vrrp={key: value for key, value in node.vrrp.items() if key != "peers"})
    return [own, replace(node, name=name, source=source, vrrp=vrrp)]


def _assumptions(configs: Mapping[str, Config], router: VirtualRouter | None) -> Iterator[str]:
    if router is None:
        yield "everything about VRRP: no file has a vrrp_instance that keepalived runs"
        return
    members = {member.node for member in router.routers}
    for node in configs:
        if node not in members:
            yield f"VRRP settings of {node}: its file has no instance for this virtual router"
    for member in router.routers:
        if not (member.has_master_script or member.has_fifo):
            yield f"a notify script on {member.node}: its file runs none, and the cloud would never move the address"
    yield "what the notify scripts do (section notify), what the checks look at, and everything about the cloud"
    yield "a failure to look at: the master loses its power at 100 s"


class _Writer:
    """Puts the text together, section by section."""

    def __init__(self, name: str, nodes: list[Node], plan: NetworkPlan) -> None:
        self._name = node_names([name])[name]
        self._nodes = nodes
        self._plan = plan
        self._common = _common([node.vrrp for node in nodes])
        self._common_checks = nodes[0].track_scripts if _same_checks(nodes) else {}

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
        multicast = any(node.vrrp.get("transport", Setting("unicast")).value == "multicast" for node in self._nodes)
        remark = "  # the files use multicast adverts; a VPC has it only where it is switched on"
        lines.append(f"vpc: {{cidr: {self._plan.vpc}, multicast: {'true' if multicast else 'false'}}}")
        lines[-1] += remark if multicast else ""
        lines.append("subnets:")
        lines += [f"  {name}: {{cidr: {cidr}}}" for name, cidr in self._plan.subnets.items()]
        return lines

    def _instances(self) -> list[str]:
        lines = ["instances:"]
        for node in self._nodes:
            lines += [f"  {yaml_name(node.name)}:", *(f"    {line}" for line in self._instance(node))]
        return lines

    def _instance(self, node: Node) -> Iterator[str]:
        address = self._plan.addresses.get(node.name)
        own = [(key, setting) for key, setting in node.vrrp.items() if key not in self._common]
        if self._plan.separate_heartbeats:
            yield "cpu: 4"
            yield "memory: 8GB"
            yield f"subnet: {SERVICE}"
            yield "interfaces:"
            place = f", address: {address}" if address is not None else ""
            yield f"  {HEARTBEAT}: {{subnet: {HEARTBEAT}{place}}}"
        else:
            yield f"subnet: {SERVICE}"
            if address is not None:
                yield f"address: {address}"
        checks = {} if self._common_checks else node.track_scripts
        if own or checks:
            yield "vrrp:"
            yield from (f"  {line}" for line in _settings(own))
            yield from (f"  {line}" for line in _check_lines(checks))

    def _floating(self) -> list[str]:
        return [
            "floating:",
            f"  address: {self._plan.floating}",
            "  mechanism: secondary_ip",
            "  method: migrate",
        ]

    def _vrrp(self) -> list[str]:
        lines = [*_settings(self._common.items())]
        if self._plan.separate_heartbeats:
            lines.append(f"interface: {HEARTBEAT}")
        lines += _check_lines(self._common_checks)
        return ["vrrp:", *(f"  {line}" for line in lines)] if lines else []

    def _notify(self) -> list[str]:
        listeners = [node for node in self._nodes if node.rx_lower_pri is not None]
        if not listeners:
            return []
        setting = listeners[0].rx_lower_pri
        assert setting is not None
        return ["notify:", *(f"  {line}" for line in _settings([("notify_master_rx_lower_pri", setting)]))]

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


def _same_checks(nodes: list[Node]) -> bool:
    """Whether all nodes have the same checks with the same values."""

    def values(node: Node) -> dict[str, dict[str, str]]:
        return {
            name: {key: setting.value for key, setting in check.items()} for name, check in node.track_scripts.items()
        }

    return all(values(node) == values(nodes[0]) for node in nodes)


def _settings(settings: Iterable[tuple[str, Setting]]) -> Iterator[str]:
    """``key: value  # where it comes from`` lines."""
    for key, setting in settings:
        line = f"{key}: {setting.value}"
        yield f"{line:<{_COMMENT_COLUMN}}  # {setting.comment}" if setting.comment else line


def _check_lines(checks: Mapping[str, Mapping[str, Setting]]) -> list[str]:
    if not checks:
        return []
    lines = ["track_scripts:"]
    for name, settings in checks.items():
        looks = Setting("service", None, "an assumption: what the script looks at is not known")
        lines.append(f"  {yaml_name(name)}:")
        lines += [f"    {line}" for line in _settings([("check", looks), *settings.items()])]
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
