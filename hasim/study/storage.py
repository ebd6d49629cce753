"""A study kept in a directory, and opened again.

===================  ===================================================================================================
file                 holds
===================  ===================================================================================================
``scenario.yaml``    the scenario as its author wrote it
``scenario.json``    the scenario as it was run (:mod:`hasim.study.scenario_file`)
``result.json``      everything that was measured (:mod:`hasim.study.document`)
``outages.csv``      a row per outage (:data:`hasim.study.frames.OUTAGE_COLUMNS`)
``meta.json``        what made it: version, seed, digest of the scenario, command
===================  ===================================================================================================

Every file is written beside its place and then moved there, ``result.json`` last: whoever sees it sees a whole study.
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.errors import UserError
from hasim.study.document import outcomes_of
from hasim.study.frames import OUTAGE_COLUMNS, outage_rows
from hasim.study.scenario_file import scenario_from_json, scenario_to_json

if TYPE_CHECKING:
    from hasim.study.results import StudyResult

__all__ = ["META_FORMAT", "load_result", "save"]

META_FORMAT = "hasim.meta/1"


def save(result: StudyResult, directory: Path, command: str = "") -> list[Path]:
    """Write a study into ``directory``, which is made if need be; returns the files.

    Raises:
        UserError: the directory or a file cannot be written.
    """
    texts = {
        "scenario.yaml": result.scenario.source_text,
        "scenario.json": _json(scenario_to_json(result.scenario)),
        "outages.csv": _outages_csv(result),
        "meta.json": _json(_meta(result, command)),
        "result.json": _json(result.to_json()),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _write(directory / name, text)
    except OSError as error:
        raise UserError(f"the study cannot be kept in {directory}: {error.strerror or error}") from None
    return [directory / name for name in texts]


def load_result(directory: str | os.PathLike[str]) -> StudyResult:
    """The study that :func:`save` kept in ``directory``.

    Raises:
        UserError: there is none, or its files are damaged or do not belong together.
    """
    from hasim.study.results import StudyResult

    home = Path(directory)
    document = _read(home / "result.json")
    if not isinstance(document, dict):
        raise UserError(f"{home / 'result.json'}: expected a study")
    try:
        scenario = scenario_from_json(_read(home / "scenario.json"))
        outcomes = outcomes_of(document)
        digest = document["scenario"]["digest"]
        fields = {name: document[name] for name in ("seed", "heartbeats", "interrupted")}
        version = document["hasim_version"]
    except UserError as error:
        raise UserError(f"{home}: {error}") from None
    except (KeyError, TypeError) as error:
        raise UserError(f"{home}: the study is damaged: {error}") from None
    if digest != scenario.digest:
        raise UserError(f"{home}: result.json and scenario.json belong to different scenarios")
    return StudyResult(scenario=scenario, outcomes=outcomes, version=version, **fields)


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


def _outages_csv(result: StudyResult) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(OUTAGE_COLUMNS)
    writer.writerows(outage_rows(result.outcomes))
    return text.getvalue()


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; a kept study has result.json and scenario.json") from None
    except OSError as error:
        raise UserError(f"{path}: the file cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise UserError(f"{path}: this is not JSON: {error}") from None
