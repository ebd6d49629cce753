"""Files of a directory in which something is kept: written whole or not at all, and read with clear errors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hasim.errors import UserError

__all__ = [
    "META_FORMAT",
    "format_of",
    "json_text",
    "kept_command",
    "kept_format",
    "lost",
    "made_again",
    "parsed",
    "read_json",
    "whole_file",
    "write_texts",
]

META_FORMAT = "hasim.meta/1"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write to, which becomes ``path`` when all is written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_texts(directory: Path, texts: Mapping[str, str | Iterable[str]]) -> list[Path]:
    """Write files by their names, each a text or its parts, into a directory that is there; returns them.

    Raises:
        OSError: one cannot be written.
    """
    for name, text in texts.items():
        with whole_file(directory / name) as part, part.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines([text] if isinstance(text, str) else text)
    return [directory / name for name in texts]


def json_text(document: dict[str, Any]) -> str:
    """The text of a JSON file."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def parsed(text: str) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: it is no JSON, or nested so deeply that hasim never wrote it.
    """

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number of JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(path: Path) -> Any:
    """What a JSON file of a kept study holds.

    Raises:
        UserError: it is not there, cannot be read, or is no JSON.
    """
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; a kept study has result.json and scenario.json") from None
    except OSError as error:
        raise UserError(f"{path}: the file cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise UserError(f"{path}: this is not JSON: {error}; {made_again(path.parent)}") from None


def kept_format(directory: str | os.PathLike[str]) -> str:
    """What is kept in ``directory``, by the name of its format: ``hasim.study``, ``hasim.comparison``, ...

    Raises:
        UserError: there is no ``result.json``, or it cannot be read.
    """
    return format_of(read_json(Path(directory) / "result.json"))


def kept_command(directory: str | os.PathLike[str]) -> str:
    """The command that made what is kept in ``directory``; empty where nobody knows it."""
    try:
        meta = parsed((Path(directory) / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    command = meta.get("command") if isinstance(meta, dict) else None
    return command if isinstance(command, str) else ""


def made_again(directory: str | os.PathLike[str]) -> str:
    """What to do about a kept answer that cannot be used."""
    command = kept_command(directory)
    return f"run the command that made it again{f': {command}' if command else ''}"


def lost(path: Path) -> str:
    """What to say of a file that is not there, beside numbers that are."""
    return (
        f"{path}: there is no such file. Without it there are numbers, but not what they were made of: an older hasim "
        f"did not keep that, or it was lost; {made_again(path.parent)}"
    )


def format_of(document: Any) -> str:
    """The name of the format of a JSON document; empty where it has none."""
    return str(document.get("format", "")).partition("/")[0] if isinstance(document, dict) else ""
