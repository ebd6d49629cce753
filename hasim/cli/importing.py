"""``hasim import``: the keepalived.conf files of some nodes become a scenario."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.guard import USER_INPUT, guarded, say
from hasim.cli.nodes import ConfigIdOption, NodeOption, name_nodes
from hasim.cli.options import JsonOption
from hasim.errors import UserError
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.keepalived import Config
    from hasim.scenario.importing import Imported

__all__ = ["import_"]

_MOST_REFUSALS = 20


@guarded
def import_(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...|DIRECTORY",
            help="One keepalived.conf for each node, or what 'hasim export' has written.",
            show_default=False,
        ),
    ] = None,
    nodes: NodeOption = None,
    config_ids: ConfigIdOption = None,
    vrrp_instance: Annotated[
        str | None,
        typer.Option(help="Which vrrp_instance to simulate. [default: the one that most files share]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the scenario there; never over a file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Turn keepalived.conf files, one for each node, into a scenario on standard output.

    What was used, what was accepted without effect, what was assumed (keepalived.conf says nothing about the cloud)
    and what keepalived does not take as written is told on standard error. Every value in the scenario names the line
    that it comes from. What moves is a secondary IP, unless somebody writes otherwise into the scenario
    (floating.mechanism): a HAVIP fits files that run no notify script.

    What "hasim export" has written (a directory, or its keepalived.conf files) gives its scenario back, with what has
    been changed in a keepalived.conf or in the policy of a settings.json since.

    \b
    Examples:
      hasim import node-a/keepalived.conf node-b/keepalived.conf --out pair.yaml
      hasim import --node a=master.conf --node b=backup.conf > pair.yaml
      hasim import common.conf common.conf --config-id a --config-id b
      hasim import deploy --out pair.yaml

    Exit status 2: keepalived refuses a file, or a statement in it (each is named with file and line); or a file has
    no vrrp_instance.

    Read on: "hasim lint" says what the files cannot do; docs/scenario-reference.md has what the scenario may say.
    """
    from hasim.report.wording import lint_sentence
    from hasim.scenario.importing import import_configs

    if not files and not nodes:
        raise UserError("nothing to import: expected the keepalived.conf of at least one node")
    imported = _from_export(files or [], alone=not (nodes or config_ids or vrrp_instance))
    if imported is None:
        configs = _read(name_nodes(files or [], nodes or [], config_ids or []))
        name = out.stem if out is not None else "imported"
        imported = import_configs(configs, name=name, vrrp_instance=vrrp_instance)
    if out is not None:
        _write_new(out, imported.text)
    errors = _lint_errors(imported.text, files or [], out)
    if as_json:
        document = {"format": "hasim.import/1", "scenario": imported.text} | asdict(imported.summary)
        print(json.dumps(document | {"lint_errors": errors}, indent=1))
        return
    if out is None:
        print(imported.text, end="")
    print(imported.summary, file=sys.stderr)
    if out is not None:
        say(f"written to {out}")
    note = lint_sentence(errors, "this scenario", "FILE" if out is None else str(out))
    if note:
        print(note, file=sys.stderr)


def _lint_errors(text: str, files: Sequence[Path], out: Path | None) -> dict[str, int]:
    """How many errors ``hasim lint`` finds in the scenario, by their rules."""
    from hasim.scenario.linting import count_errors, lint_scenario
    from hasim.scenario.loading import parse

    beside = files[0] if files and files[0].is_dir() else Path() if out is None else out.parent
    return count_errors(lint_scenario(parse(text, str(out or "the scenario")), beside))


def _from_export(files: Sequence[Path], *, alone: bool) -> Imported | None:
    """The scenario of an export, if that is what the files are; ``alone``: nothing else was asked for."""
    from hasim.export.reading import export_of, is_export, read_export

    directories = [path for path in files if path.is_dir()]
    if not directories:
        exported = export_of(files) if alone and files else None
        names = [os.path.basename(os.path.dirname(os.path.realpath(path))) for path in files]
        return None if exported is None else read_export(exported, names)
    for directory in directories:
        if not is_export(directory):
            raise UserError(f"hasim export has not written {directory}: name the keepalived.conf files themselves")
    if len(files) > 1 or not alone:
        raise UserError("a directory that hasim export has written is imported alone")
    return read_export(directories[0])


def _read(nodes: Mapping[str, tuple[Path, str]]) -> dict[str, Config]:
    """The configurations; ends the command where keepalived refuses something."""
    from hasim.keepalived import inspect_config

    configs = {name: inspect_config(path, config_id) for name, (path, config_id) in nodes.items()}
    refused = [problem for config in configs.values() for problem in config.problems if problem.severity.refuses]
    texts = list(dict.fromkeys(f"{problem.location}: {problem.message} ({problem.effect})" for problem in refused))
    for text in texts[:_MOST_REFUSALS]:
        say(f"error: {text}")
    if len(texts) > _MOST_REFUSALS:
        say(f"and {counted(len(texts) - _MOST_REFUSALS, 'more mistake')}")
    if texts:
        raise typer.Exit(USER_INPUT)
    return configs


def _write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} exists already: choose another name, or remove it") from None
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from None
