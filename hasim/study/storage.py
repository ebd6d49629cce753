"""A study kept in a directory, and opened again.

===================  ===================================================================================================
file                 holds
===================  ===================================================================================================
``scenario.yaml``    the scenario as its author wrote it
``scenario.json``    the scenario as it was run (:mod:`hasim.study.scenario_file`)
``result.json``      everything that was measured (:mod:`hasim.study.document`)
``outages.csv``      a row per outage (:data:`hasim.study.frames.TABLES`); likewise ``replications.csv``, ``api.csv``,
                     and all three as ``.parquet`` if that is asked for
``meta.json``        what made it: version, seed, digest of the scenario, command
===================  ===================================================================================================

Every file is written beside its place and then moved there, ``result.json`` last: whoever sees it sees a whole study.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.errors import UserError
from hasim.study.document import outcomes_of, stopping_of, text_of
from hasim.study.frames import TABLES
from hasim.study.scenario_file import scenario_from_json, scenario_to_json
from hasim.study.tabular import whole_file, write_table

if TYPE_CHECKING:
    from hasim.scenario.model import Scenario
    from hasim.study.results import StudyResult

__all__ = [
    "META_FORMAT",
    "json_text",
    "kept_command",
    "kept_format",
    "load_result",
    "made_again",
    "read_json",
    "read_scenario",
    "save",
    "scenario_texts",
    "write_texts",
]

META_FORMAT = "hasim.meta/1"

_OTHER_KINDS = {
    "hasim.comparison": "a comparison",
    "hasim.episodes": "a study by episodes",
    "hasim.sweep": "a sweep",
    "hasim.sensitivity": "a sensitivity analysis",
    "hasim.advice": "an advice",
}
"""What else is kept with a ``result.json``, by the name of its format."""


def save(result: StudyResult, directory: Path, command: str = "", *, parquet: bool = False) -> list[Path]:
    """Write a study into ``directory``, which is made if need be; returns the files.

    Raises:
        UserError: the directory or a file cannot be written; Parquet is asked for and not installed.
    """
    tables = [f"{name}.{kind}" for name in TABLES for kind in ("csv", *(("parquet",) if parquet else ()))]
    texts = {
        **scenario_texts(result.scenario),
        "meta.json": json_text(_meta(result, command)),
        "result.json": text_of(result),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in tables:
            table = TABLES[name.partition(".")[0]]
            write_table(directory / name, table.columns, table.rows(result.outcomes))
        written = write_texts(directory, texts)
    except OSError as error:
        raise UserError(f"the study cannot be kept in {directory}: {error.strerror or error}") from None
    return [*(directory / name for name in tables), *written]


def write_texts(directory: Path, texts: Mapping[str, str | Iterable[str]]) -> list[Path]:
    """Write files by their names, each a text or its parts, into a directory that is there; returns them.

    Raises:
        OSError: one cannot be written.
    """
    for name, text in texts.items():
        with whole_file(directory / name) as part, part.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines([text] if isinstance(text, str) else text)
    return [directory / name for name in texts]


def scenario_texts(scenario: Scenario) -> dict[str, str]:
    """The files that keep a scenario, by their names."""
    return {"scenario.yaml": scenario.source_text, "scenario.json": json_text(scenario_to_json(scenario))}


def load_result(directory: str | os.PathLike[str]) -> StudyResult:
    """The study that :func:`save` kept in ``directory``.

    Raises:
        UserError: there is none, or its files are damaged or do not belong together.
    """
    from hasim.study.results import StudyResult

    home = Path(directory)
    document = read_json(home / "result.json")
    if not isinstance(document, dict):
        raise UserError(f"{home / 'result.json'}: expected a study")
    kind = _OTHER_KINDS.get(_format_of(document))
    if kind is not None:
        raise UserError(f"{home}: this is no study of replications. It holds {kind}, which hasim.load_kept opens")
    scenario = read_scenario(home)
    try:
        outcomes = outcomes_of(document)
        digest = document["scenario"]["digest"]
        stopping = stopping_of(document)
        fields = {name: document[name] for name in ("seed", "heartbeats", "interrupted")}
        version = document["hasim_version"]
    except UserError as error:
        raise UserError(f"{home}: {error}") from None
    except (KeyError, TypeError) as error:
        raise UserError(f"{home}: the study is damaged: {error}") from None
    if digest != scenario.digest:
        raise UserError(f"{home}: result.json and scenario.json belong to different scenarios")
    return StudyResult(scenario=scenario, outcomes=outcomes, version=version, stopping=stopping, **fields)


def read_scenario(directory: Path) -> Scenario:
    """The scenario that is kept in ``directory`` as it was run.

    Raises:
        UserError: it is not there, damaged, or of another version.
    """
    path = directory / "scenario.json"
    document = read_json(path)
    try:
        return scenario_from_json(document)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def kept_format(directory: str | os.PathLike[str]) -> str:
    """What is kept in ``directory``, by the name of its format: ``hasim.study``, ``hasim.comparison``, ...

    Raises:
        UserError: there is no ``result.json``, or it cannot be read.
    """
    return _format_of(read_json(Path(directory) / "result.json"))


def kept_command(directory: str | os.PathLike[str]) -> str:
    """The command that made what is kept in ``directory``; empty where nobody knows it."""
    try:
        meta = read_json(Path(directory) / "meta.json")
    except UserError:
        return ""
    command = meta.get("command") if isinstance(meta, dict) else None
    return command if isinstance(command, str) else ""


def made_again(directory: str | os.PathLike[str]) -> str:
    """What to do about a kept answer that cannot be used."""
    command = kept_command(directory)
    return f"run the command that made it again{f': {command}' if command else ''}"


def _format_of(document: Any) -> str:
    return str(document.get("format", "")).partition("/")[0] if isinstance(document, dict) else ""


def _meta(result: StudyResult, command: str) -> dict[str, Any]:
    return {
        "format": META_FORMAT,
        "hasim_version": result.version,
        "scenario": result.scenario.name,
        "digest": result.scenario.digest,
        "seed": result.seed,
        "replications": len(result.outcomes),
        "heartbeats": result.heartbeats,
        "interrupted": result.interrupted,
        "command": command,
    }


def json_text(document: dict[str, Any]) -> str:
    """The text of a JSON file."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """What a JSON file of a kept study holds.

    Raises:
        UserError: it is not there, cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; a kept study has result.json and scenario.json") from None
    except OSError as error:
        raise UserError(f"{path}: the file cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise UserError(f"{path}: this is not JSON: {error}") from None
