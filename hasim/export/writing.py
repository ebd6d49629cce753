"""An export on disk: all files are made up first, then written, so that a mistake leaves nothing half done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from hasim.errors import UserError
from hasim.export.configuration import configuration_of
from hasim.export.guide import guide
from hasim.export.options import ExportOptions
from hasim.export.settings import settings_of, wanted_identifiers
from hasim.export.sources import files_beside, named_text
from hasim.export.tracking import track_file_path
from hasim.export.units import reclaim_unit
from hasim.keepalived import Config, write_config
from hasim.scenario.model import Instance, Scenario
from hasim.scenario.topology import Topology, build_region

__all__ = ["IDENTIFIERS", "PACKAGE", "SCENARIO", "SETTINGS", "Export", "ExportedNode", "export"]

CONFIGURATION, SETTINGS, IDENTIFIERS = "keepalived.conf", "settings.json", "identifiers.json"
RECLAIM_UNIT, GUIDE, SCENARIO = "hasim-reclaim.service", "README.md", "scenario.yaml"
PACKAGE = "hasim_node"
_PROGRAMS = {"hasim_notify.py": "notify", "hasim_check.py": "check"}
_PROGRAM = '''#!{python} {flags}
"""{purpose}: see {package}/{module}.py."""

import sys

from {package}.{module} import main

sys.exit(main(sys.argv[1:]))
'''
_FLAGS = {"notify": "-S", "check": "-ES"}
"""They start faster where the interpreter does not look for packages (-S): only calls of the API need any, and look for
themselves. A check heeds no variable of the interpreter either (-E)."""
_PURPOSES = {"notify": "What keepalived runs when its state changes", "check": "What keepalived runs as a check"}


@dataclass(frozen=True)
class ExportedNode:
    """One instance's part: its ``directory``, the ``config`` that is in its keepalived.conf, its ``settings``, and the
    names of all its ``files`` in the directory. ``identifiers`` that are empty are still to be filled in."""

    name: str
    directory: Path
    config: Config
    settings: Mapping[str, Any]
    identifiers: Mapping[str, str]
    files: tuple[str, ...]

    @property
    def has_reclaim_unit(self) -> bool:
        """Whether ``hasim_notify.py watch`` belongs to it."""
        return RECLAIM_UNIT in self.files

    @property
    def missing_identifiers(self) -> tuple[str, ...]:
        """The names of those that are still to be filled in."""
        return tuple(name for name, identifier in self.identifiers.items() if not identifier)


@dataclass(frozen=True)
class Export:
    """What was written: the nodes by name, all ``files``, and remarks on what keepalived or the scripts cannot do as
    the scenario says."""

    directory: Path
    nodes: Mapping[str, ExportedNode]
    files: tuple[Path, ...]
    remarks: tuple[str, ...]


def export(
    scenario: Scenario,
    directory: Path,
    *,
    options: ExportOptions | None = None,
    identifiers: Mapping[str, str] | None = None,
    instances: Iterable[str] | None = None,
    overwrite: bool = False,
) -> Export:
    """Write a deployable directory for each instance (or those of ``instances``), with scenario and README beside them.

    ``identifiers`` are those of the cloud's resources (:func:`~hasim.export.calls.identifiers_of`); where they leave
    one out, ``identifiers.json`` keeps the one that somebody has filled in, or has an empty value to fill in.

    Raises:
        UserError: no such instance; a file is there already and may not be overwritten; something cannot be read or
            written. Nothing has been written then, except in the last case.
    """
    options = options or ExportOptions()
    if directory.exists() and not directory.is_dir():
        raise UserError(f"{directory}: this is a file, expected a directory")
    chosen = _chosen(scenario, instances)
    topology = build_region(scenario, scenario.initial_master or scenario.instances[0].name)
    contents: dict[Path, bytes] = {}
    nodes: dict[str, ExportedNode] = {}
    remarks: list[str] = []
    for instance in chosen:
        config, said = configuration_of(scenario, instance, options)
        remarks += said
        node, its_files = _node(scenario, instance, topology, options, config, directory, identifiers)
        nodes[instance.name] = node
        contents |= {node.directory / name: content for name, content in its_files.items()}
    remarks += _remarks(scenario, chosen)
    contents[directory / GUIDE] = guide(scenario, nodes.values(), options, remarks).encode()
    contents[directory / SCENARIO] = named_text(scenario).encode()
    contents |= {directory / name: content for name, content in files_beside(scenario).items()}
    _refuse_overwriting(contents, overwrite)
    _write(contents)
    return Export(directory, nodes, tuple(sorted(contents)), tuple(remarks))


def _chosen(scenario: Scenario, names: Iterable[str] | None) -> list[Instance]:
    if names is None:
        return list(scenario.instances)
    known = [instance.name for instance in scenario.instances]
    for name in names:
        if name not in known:
            raise UserError(f"the scenario has no instance {name}: expected one of {', '.join(known)}")
    return [instance for instance in scenario.instances if instance.name in names]


def _node(
    scenario: Scenario,
    instance: Instance,
    topology: Topology,
    options: ExportOptions,
    config: Config,
    directory: Path,
    identifiers: Mapping[str, str] | None,
) -> tuple[ExportedNode, dict[str, bytes]]:
    """An instance's part, and its files."""
    settings = settings_of(scenario, instance, topology, options)
    known = _filled_in(directory / instance.name / IDENTIFIERS) | dict(identifiers or {})
    known = {name: known.get(name, "") for name in wanted_identifiers(settings)}
    heading = f"{instance.name}, from the scenario {scenario.name}; written by hasim export."
    contents = {
        CONFIGURATION: write_config(config, heading).encode(),
        SETTINGS: _json(settings),
        **({IDENTIFIERS: _json(known)} if known else {}),
        **_programs(options),
    }
    if instance.notify.reclaim_interval_ns is not None and settings["calls"]["release"]:
        contents[RECLAIM_UNIT] = reclaim_unit(instance, options).encode()
    for file in instance.vrrp.track_files:
        if file.value is not None:
            contents[Path(track_file_path(instance.name, file.name, options)).name] = b"%d\n" % file.value
    node = ExportedNode(instance.name, directory / instance.name, config, settings, known, tuple(sorted(contents)))
    return node, contents


def _filled_in(path: Path) -> dict[str, str]:
    """The identifiers in a file of an earlier export; none where there is no such file."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    return {name: value for name, value in read.items() if isinstance(value, str)} if isinstance(read, dict) else {}


def _programs(options: ExportOptions) -> dict[str, bytes]:
    """The programs that run on an instance, the same on each."""
    package = files("hasim.export.node")
    sources = (item for item in package.iterdir() if item.name.endswith(".py"))
    found = {f"{PACKAGE}/{item.name}": item.read_bytes() for item in sources}
    for name, module in _PROGRAMS.items():
        text = _PROGRAM.format(
            python=options.python, flags=_FLAGS[module], purpose=_PURPOSES[module], package=PACKAGE, module=module
        )
        found[name] = text.encode()
    return found


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"


def _remarks(scenario: Scenario, instances: Iterable[Instance]) -> list[str]:
    """What the exported instances do not do by themselves, or not exactly as the simulated ones."""
    remarks = []
    for instance in instances:
        if instance.service.on_master_only:
            remarks.append(f"{instance.name}: the service runs on a MASTER only; nothing here starts or stops it")
        remarks += [
            f"{instance.name}: keepalived looks for a process called {process.name}, as the scenario calls it"
            for process in instance.vrrp.track_processes
        ]
    return remarks


def _refuse_overwriting(contents: Mapping[Path, bytes], overwrite: bool) -> None:
    present = [path for path in sorted(contents) if path.exists()]
    if present and not overwrite:
        shown = ", ".join(str(path) for path in present[:5])
        more = f" and {len(present) - 5} more" if len(present) > 5 else ""
        raise UserError(f"there already: {shown}{more}; --force writes over them")


def _write(contents: Mapping[Path, bytes]) -> None:
    for path, content in contents.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if path.name in _PROGRAMS:
                path.chmod(0o755)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}") from None
