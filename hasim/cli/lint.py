"""``hasim lint``: designs that cannot do what their author thinks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.guard import USER_INPUT, guarded
from hasim.cli.nodes import ConfigIdOption, NodeOption, name_nodes
from hasim.cli.options import JsonOption
from hasim.errors import UserError
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.keepalived import Config
    from hasim.keepalived.lint import Finding

__all__ = ["lint"]

_SCENARIO_SUFFIXES = (".yaml", ".yml")


@guarded
def lint(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            help="Scenarios (.yaml, .yml), and the keepalived.conf files (all others) of one cluster.",
            show_default=False,
        ),
    ] = None,
    nodes: NodeOption = None,
    config_ids: ConfigIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find designs that cannot do what their author thinks: the line, the reason, what will happen, and the repair.

    Files that end in .yaml or .yml are scenarios, each looked at by itself. All others are keepalived.conf files;
    several of them together are the nodes of one cluster and are held against each other as well.

    \b
    Examples:
      hasim lint scenarios/partition.yaml
      hasim lint node-a/keepalived.conf node-b/keepalived.conf
      hasim lint --node a=master.conf --node b=backup.conf --json

    \b
    Severities: error, the design fails at its job; warning, it will surprise its author; note,
    worth knowing.

    Exit status 0: no finding, or only warnings and notes. 2: at least one error, or a file that cannot be used.

    Read on: docs/lint.md has every rule and where the knowledge comes from.
    """
    if not files and not nodes:
        raise UserError("nothing to lint: expected scenarios, or the keepalived.conf files of a cluster")
    if config_ids and not nodes and all(map(_is_scenario, files or [])):
        raise UserError("--config-id is for keepalived.conf files, and there are none")
    scenarios = [path for path in files or [] if _is_scenario(path)]
    plain = [path for path in files or [] if not _is_scenario(path)]
    found = [finding for path in scenarios for finding in _lint_scenario(path)]
    found += _lint_nodes(plain, nodes or [], config_ids or [])
    if as_json:
        print(json.dumps(_document(found), indent=1, ensure_ascii=False))
    else:
        print("\n".join(_lines(found)))
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(USER_INPUT)


def _is_scenario(path: Path) -> bool:
    return path.suffix.lower() in _SCENARIO_SUFFIXES


def _lint_scenario(path: Path) -> Sequence[Finding]:
    from hasim.scenario.errors import ScenarioError
    from hasim.scenario.linting import lint_scenario, refusals
    from hasim.scenario.loading import parse, read_text

    text = read_text(path)
    try:
        document = parse(text, str(path))
    except ScenarioError as error:
        return refusals(error)
    return lint_scenario(document, path.parent)


def _lint_nodes(files: Sequence[Path], named: Sequence[str], ids: Sequence[str]) -> Sequence[Finding]:
    """The findings on the nodes of a cluster, held against each other."""
    from hasim.keepalived import inspect_config
    from hasim.keepalived.lint import lint_configs

    configs: dict[str, Config] = {
        name: inspect_config(path, config_id) for name, (path, config_id) in name_nodes(files, named, ids).items()
    }
    return lint_configs(configs)


def _document(found: Sequence[Finding]) -> dict[str, object]:
    counted = Counter(finding.level.value for finding in found)
    return {
        "format": "hasim.lint/1",
        "errors": counted["error"],
        "warnings": counted["warning"],
        "notes": counted["note"],
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.level.value,
                "file": finding.location.file,
                "line": finding.location.line or None,
                "reason": finding.reason,
                "what_will_happen": finding.consequence,
                "repair": finding.repair,
            }
            for finding in found
        ],
    }


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    """Findings for people: compilers' ``file:line: severity:`` first, so that editors find the place."""
    for finding in found:
        yield f"{finding.location}: {finding.level}: {finding.reason} [{finding.rule}]"
        yield f"    what will happen: {finding.consequence}"
        yield f"    repair: {finding.repair}"
    counts = Counter(finding.level.value for finding in found)
    levels = (level for level in ("error", "warning", "note") if counts[level])
    yield ", ".join(counted(counts[level], level) for level in levels) or "no findings"
