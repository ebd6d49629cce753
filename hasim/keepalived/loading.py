"""From a file to a :class:`~hasim.keepalived.config.Config`.

``read_config`` refuses what keepalived refuses; ``inspect_config`` goes on as the daemon does and leaves the complaints
in ``Config.problems``, for those who want to tell about them all.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from hasim.keepalived.arguments import WeightValue
from hasim.keepalived.completion import check_minimum, complete_instance
from hasim.keepalived.config import Config, GarpGroup, TrackFile, TrackProcess, VrrpInstance, VrrpScript
from hasim.keepalived.entries import read_address
from hasim.keepalived.garp_groups import complete_garp_group
from hasim.keepalived.globals import complete_globals
from hasim.keepalived.instances import InstanceDraft
from hasim.keepalived.problems import Location, Problems
from hasim.keepalived.reader import LineReader
from hasim.keepalived.routes import check_routes
from hasim.keepalived.server_groups import check_server_group
from hasim.keepalived.sync_groups import GroupDraft, assign_members, complete_groups, start_together
from hasim.keepalived.syntax import Statement, parse
from hasim.keepalived.tracked import complete_file, complete_process, complete_script
from hasim.keepalived.virtual_servers import check_virtual_server

__all__ = ["inspect_config", "inspect_text", "read_config", "read_text"]


def read_config(path: Path, config_id: str = "") -> Config:
    """The configuration in a file; ``config_id`` is what ``keepalived -i`` is started with.

    Raises:
        KeepalivedConfigError: the file cannot be read, or keepalived refuses it or one of its statements.
    """
    config = inspect_config(path, config_id)
    config.refuse_problems()
    return config


def read_text(text: str, name: str = "keepalived.conf", config_id: str = "", directory: Path = Path()) -> Config:
    """The configuration in a text; ``name`` is what messages call it, ``directory`` where includes start from.

    Raises:
        KeepalivedConfigError: keepalived refuses it or one of its statements.
    """
    config = inspect_text(text, name, config_id, directory)
    config.refuse_problems()
    return config


def inspect_config(path: Path, config_id: str = "") -> Config:
    """The configuration in a file as the daemon would run it, with all complaints in ``problems``.

    Raises:
        KeepalivedConfigError: the file cannot be read, or its parameters cannot be replaced.
    """
    reader = LineReader(Problems(), config_id)
    reader.open_file(path)
    return _load(reader, Location(str(path), 0))


def inspect_text(text: str, name: str = "keepalived.conf", config_id: str = "", directory: Path = Path()) -> Config:
    """The configuration in a text as the daemon would run it, with all complaints in ``problems``.

    Raises:
        KeepalivedConfigError: its parameters cannot be replaced.
    """
    reader = LineReader(Problems(), config_id)
    reader.open_text(name, text, directory)
    return _load(reader, Location(name, 0))


def _load(reader: LineReader, location: Location) -> Config:
    statements = parse(reader)
    builder = _Builder(reader.problems)
    config = builder.build(statements, location)
    return Config(
        location=location,
        global_defs=config.global_defs,
        scripts=config.scripts,
        processes=config.processes,
        files=config.files,
        garp_groups=config.garp_groups,
        sync_groups=config.sync_groups,
        instances=config.instances,
        other=config.other,
        conditions=frozenset(reader.conditions),
        unused=tuple(_unused(statements)),
        sources=tuple(dict.fromkeys(reader.files)),
        problems=tuple(reader.problems.found),
    )


def _unused(statements: Iterable[Statement]) -> Iterable[Statement]:
    """The outermost statements that keepalived accepts and the simulator has no use for."""
    for statement in statements:
        if statement.keyword.simulated or statement.keyword.name == "global_defs":
            yield from _unused(statement.statements)
        else:
            yield statement


class _Builder:
    """Turns the statements into objects, in the order of the file: a script must stand before what tracks it."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._scripts: dict[str, VrrpScript] = {}
        self._processes: dict[str, TrackProcess] = {}
        self._files: dict[str, TrackFile] = {}
        self._instances: dict[str, InstanceDraft] = {}
        self._groups: dict[str, GroupDraft] = {}
        self._garp_groups: list[GarpGroup] = []
        self._other: list[Statement] = []
        self._known: dict[str, dict[str, WeightValue]] = {
            name: {} for name in ("track_scripts", "track_processes", "track_files", "track_bfds")
        }

    def build(self, statements: tuple[Statement, ...], location: Location) -> Config:
        defaults = complete_globals((s for s in statements if s.keyword.name == "global_defs"), self._problems)
        for statement in statements:
            self._take(statement)
        instances: list[VrrpInstance] = []
        runs = [check_minimum(draft) for draft in self._instances.values()]
        if all(runs):
            membership = assign_members(self._groups.values(), self._instances, self._problems)
            for draft in self._instances.values():
                instance = complete_instance(draft, defaults, membership.get(draft.name))
                if instance is not None:
                    instances.append(instance)
            _refuse_equal_router_ids(instances, self._problems)
        return Config(
            location=location,
            global_defs=defaults,
            scripts=tuple(self._scripts.values()),
            processes=tuple(self._processes.values()),
            files=tuple(self._files.values()),
            garp_groups=tuple(self._garp_groups),
            sync_groups=complete_groups(self._groups.values(), instances, self._problems),
            instances=start_together(self._groups.values(), instances),
            other=tuple(self._other),
        )

    def _take(self, statement: Statement) -> None:
        name = statement.keyword.name
        if name == "vrrp_script":
            self._take_script(statement)
        elif name == "vrrp_track_process":
            process = complete_process(statement, self._problems)
            if process is not None and self._is_new(statement, self._processes):
                self._processes[process.name] = process
                self._known["track_processes"][process.name] = WeightValue(process.weight, process.reverse)
        elif name in ("track_file", "vrrp_track_file"):
            file = complete_file(statement, self._problems)
            if file is not None and self._is_new(statement, self._files):
                self._files[file.name] = file
                self._known["track_files"][file.name] = WeightValue(file.weight, file.reverse)
        elif name == "vrrp_instance":
            self._take_instance(statement)
        elif name == "vrrp_sync_group":
            self._take_group(statement)
        elif name == "garp_group":
            garp_group = complete_garp_group(statement, self._garp_groups, self._problems)
            self._garp_groups += [garp_group] if garp_group is not None else []
        elif name != "global_defs":
            self._take_other(statement)

    def _take_script(self, statement: Statement) -> None:
        script = complete_script(statement, self._problems)
        if script is not None and self._is_new(statement, self._scripts):
            self._scripts[script.name] = script
            self._known["track_scripts"][script.name] = WeightValue(script.weight, script.reverse)

    def _take_instance(self, statement: Statement) -> None:
        if len(statement.words) != 2:
            self._problems.error(
                statement.location, "vrrp_instance needs exactly one name", "keepalived skips the block"
            )
        elif statement.name in self._instances:
            self._problems.error(
                statement.location, f"vrrp_instance {statement.name} is defined twice", "keepalived skips the block"
            )
        else:
            self._instances[statement.name] = InstanceDraft(statement, self._known, self._problems)

    def _take_group(self, statement: Statement) -> None:
        if len(statement.words) != 2:
            self._problems.error(
                statement.location, "vrrp_sync_group needs exactly one name", "keepalived skips the block"
            )
        elif statement.name in self._groups:
            self._problems.error(
                statement.location, f"vrrp_sync_group {statement.name} is defined twice", "keepalived skips the block"
            )
        else:
            self._groups[statement.name] = GroupDraft(statement, self._known, self._problems)

    def _take_other(self, statement: Statement) -> None:
        name = statement.keyword.name
        if name == "bfd_instance":
            self._check_bfd_addresses(statement)
            weights = [s.value for s in statement.statements if isinstance(s.value, WeightValue)]
            self._known["track_bfds"][statement.name] = weights[-1] if weights else WeightValue(0)
        elif name == "static_ipaddress":
            for entry in statement.entries:
                read_address(entry, self._problems, static=True)
        elif name in ("static_routes", "static_rules"):
            check_routes(statement, self._problems)
        elif name == "virtual_server_group":
            check_server_group(statement, self._problems)
        elif name == "virtual_server":
            check_virtual_server(statement, self._problems)
        self._other.append(statement)

    def _check_bfd_addresses(self, statement: Statement) -> None:
        """Report a neighbour of another family than the source address."""
        addresses = [
            inner.value for inner in statement.statements if isinstance(inner.value, IPv4Address | IPv6Address)
        ]
        if len({address.version for address in addresses}) > 1:
            self._problems.error(
                statement.end,
                f"{statement.name} has a source_ip and a neighbor_ip of different families",
                "keepalived disables the instance",
            )

    def _is_new(self, statement: Statement, known: Container[str]) -> bool:
        """Whether a name is still free; keepalived says nothing where it is not, and never uses the second."""
        if statement.name not in known:
            return True
        self._problems.note(
            statement.location,
            f"{statement.keyword.name} {statement.name} is defined twice",
            "keepalived says nothing and uses the first",
        )
        return False


def _refuse_equal_router_ids(instances: Iterable[VrrpInstance], problems: Problems) -> None:
    """Two instances of one daemon must not share a virtual_router_id where they could hear each other's adverts."""
    seen: dict[tuple[int, int, bool, str], list[VrrpInstance]] = {}
    for instance in instances:
        key = (instance.virtual_router_id, instance.family, instance.unicast, instance.interface)
        for one in seen.setdefault(key, []):
            if _hear_each_other(one, instance):
                problems.fatal(
                    instance.where("virtual_router_id"),
                    f"{one.name} and {instance.name} have the same virtual_router_id on interface {one.interface}",
                )
        seen[key].append(instance)


def _hear_each_other(one: VrrpInstance, other: VrrpInstance) -> bool:
    """Whether the adverts of two instances with the same router id on one interface cannot be told apart."""
    if not one.unicast:
        return one.mcast_dst_ip == other.mcast_dst_ip
    if one.source_address != other.source_address:
        return False
    return bool({peer.address for peer in one.unicast_peers} & {peer.address for peer in other.unicast_peers})
