"""The scenario as a file beside its export, so that importing the export finds everything again.

It is the text that the user wrote, comments and all, with its name in it, and the files that it refers to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from hasim.errors import UserError
from hasim.scenario.changes import changed
from hasim.scenario.loading import Document, parse
from hasim.scenario.model import Scenario

__all__ = ["files_beside", "named_text"]


def named_text(scenario: Scenario) -> str:
    """The scenario's text; one that leaves its name to the name of its file says it now."""
    document = parse(scenario.source_text, scenario.source_path)
    if document.data.get("name") is not None:
        return scenario.source_text
    text = f"name: {_quoted(scenario.name)}\n{scenario.source_text}"
    return text if _is_same(text, document, scenario.name) else changed(document, {"name": scenario.name}).text


def _quoted(name: str) -> str:
    return f'"{name}"'


def _is_same(text: str, document: Document, name: str) -> bool:
    """Whether a name in front of the text is that, and nothing else has changed (it may begin with a directive)."""
    try:
        return parse(text, document.path).data == document.data | {"name": name}
    except UserError:
        return False


def files_beside(scenario: Scenario) -> dict[str, bytes]:
    """The files that the scenario's text refers to, by their path relative to it.

    Raises:
        UserError: one of them is not in the directory of the scenario, or cannot be read.
    """
    directory = Path(scenario.source_path).parent
    document = parse(scenario.source_text, scenario.source_path)
    found = {}
    for name in _file_names(document.data):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise UserError(
                f"{scenario.source_path} refers to {name}, which is not in its directory: an export is complete in "
                "itself, so put the file beside the scenario"
            )
        try:
            found[name] = (directory / name).read_bytes()
        except OSError as error:
            raise UserError(f"{directory / name} cannot be read: {error.strerror}") from None
    return found


def _file_names(data: Any) -> Iterator[str]:
    """Every ``file`` of an ``empirical`` distribution. (What keepalived.conf files say is in the text already.)"""
    if isinstance(data, list):
        for item in data:
            yield from _file_names(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key == "empirical" and isinstance(value, dict):
                yield value["file"]
            else:
                yield from _file_names(value)
