"""Scenario files: what a user writes, checked and turned into a frozen :class:`~hasim.scenario.model.Scenario`.

``load`` and ``loads`` give a scenario or raise :class:`ScenarioError` with file, line and path. The way of a file:
``loading`` (YAML with lines), ``schema`` (what may be written), ``validation`` (its errors in the user's terms),
``resolve`` (defaults and merging), ``checks`` (what a schema cannot say), ``rehearsal`` (what the cloud would refuse).
Importing this package is light; the parser and the schema are imported when the first scenario is loaded.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from hasim.scenario.errors import ScenarioError

if TYPE_CHECKING:
    from hasim.scenario.model import Scenario

__all__ = ["ScenarioError", "json_schema", "load", "loads"]


def load(path: str | PathLike[str]) -> Scenario:
    """The scenario in a file.

    Raises:
        ScenarioError: the file cannot be read, is not a scenario, or describes what the cloud would refuse.
    """
    from pathlib import Path

    from hasim.scenario.loading import parse, read_text
    from hasim.scenario.resolve import resolve

    source = Path(path)
    return resolve(parse(read_text(source), str(source)), directory=source.parent)


def loads(text: str, path: str = "<text>") -> Scenario:
    """The scenario in a text; ``path`` is named in errors, and files in it are relative to the working directory.

    Raises:
        ScenarioError: the text is not a scenario, or describes what the cloud would refuse.
    """
    from pathlib import Path

    from hasim.scenario.loading import parse
    from hasim.scenario.resolve import resolve

    return resolve(parse(text, path), directory=Path())


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, for editors."""
    from hasim.scenario.schema import json_schema as schema_of_file

    return schema_of_file()
