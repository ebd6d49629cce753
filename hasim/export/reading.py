"""An export read back: its scenario, with what somebody has changed in a keepalived.conf or a notify policy since.

Each instance's files are held against those that the export would write now. Without a difference the scenario's text
comes back as it is, byte for byte; a difference becomes a setting of that instance, and is named with file and line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hasim.errors import UserError
from hasim.export.differences import Change, Differences
from hasim.export.options import ExportOptions
from hasim.export.settings import FORMAT, policy_in_words
from hasim.export.writing import CONFIGURATION, SCENARIO, SETTINGS
from hasim.keepalived import Config, Severity, inspect_config
from hasim.scenario.changes import changed
from hasim.scenario.importing import Imported, ImportSummary
from hasim.scenario.loading import Document, parse, read_text
from hasim.scenario.model import Instance, Scenario
from hasim.scenario.resolve import resolve

__all__ = ["export_of", "is_export", "read_export"]


def is_export(directory: Path) -> bool:
    """Whether ``hasim export`` has written there: a scenario, and settings for at least one instance."""
    return (directory / SCENARIO).is_file() and any(_is_settings(path) for path in directory.glob(f"*/{SETTINGS}"))


def export_of(files: Iterable[Path]) -> Path | None:
    """The export that these keepalived.conf files belong to; None where they do not all belong to one."""
    directories = [Path(os.path.realpath(path)).parent for path in files]
    roots = {directory.parent for directory in directories}
    if len(roots) != 1 or not all(_is_settings(directory / SETTINGS) for directory in directories):
        return None
    (root,) = roots
    return root if is_export(root) else None


def read_export(directory: Path, instances: Iterable[str] | None = None) -> Imported:
    """The scenario of an export; ``instances`` are those whose files count (None: all that are there).

    Raises:
        UserError: a file cannot be read, keepalived refuses it, or what it says cannot be a scenario.
    """
    path = directory / SCENARIO
    document = parse(read_text(path), str(path))
    scenario = resolve(document, directory=directory)
    chosen = {instance.name for instance in scenario.instances} if instances is None else set(instances)
    nodes = [
        _Node(directory / instance.name, instance)
        for instance in scenario.instances
        if instance.name in chosen and (directory / instance.name / CONFIGURATION).is_file()
    ]
    changes = [change for node in nodes for change in node.changes(scenario)]
    text, result = document.text, scenario
    if changes:
        new = changed(document, {change.path: change.value for change in changes})
        result = resolve(new, directory=directory)
        text = _headed(document, new, changes)
    warnings = dict.fromkeys(warning for node in nodes for warning in node.warnings(result))
    return Imported(text, ImportSummary(tuple(map(str, changes)), (), (), tuple(warnings)))


def _headed(document: Document, new: Document, changes: Iterable[Change]) -> str:
    """The new text; its head says what has changed since ``document``."""
    lines = [f"# {document.path}, with what has been changed in the files of its export:", *(f"# {c}" for c in changes)]
    return "\n".join(lines) + f"\n{new.text}"


class _Node:
    """The files of one instance."""

    def __init__(self, directory: Path, instance: Instance) -> None:
        self._name = instance.name
        self._settings_path = directory / SETTINGS
        self._settings = _json(self._settings_path)
        self._config: Config = inspect_config(directory / CONFIGURATION)
        self._config.refuse_problems()

    def changes(self, scenario: Scenario) -> Iterator[Change]:
        """What is to be changed in the scenario."""
        yield from self._differences(scenario).changes()
        before = policy_in_words(scenario.instance(self._name).notify)
        written = self._settings.get("policy")
        if not isinstance(written, dict) or set(written) != set(before):
            raise UserError(f"{self._settings_path}: policy: expected the keys {', '.join(before)}")
        for key, value in written.items():
            if value != before[key]:
                yield Change(f"instances.{self._name}.notify.{key}", value, str(self._settings_path))

    def warnings(self, scenario: Scenario) -> Iterator[str]:
        """What of the files is not in a scenario, and what keepalived does not take as written."""
        yield from (str(problem) for problem in self._config.problems if problem.severity is not Severity.NOTE)
        yield from self._differences(scenario).left_over()

    def _differences(self, scenario: Scenario) -> Differences:
        devices = self._settings.get("devices")
        options = ExportOptions(devices={self._name: devices} if isinstance(devices, dict) else {})
        return Differences(scenario, scenario.instance(self._name), options, self._config)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    return read if isinstance(read, dict) else {}


def _is_settings(path: Path) -> bool:
    try:
        return path.is_file() and _json(path).get("format") == FORMAT
    except UserError:
        return False
