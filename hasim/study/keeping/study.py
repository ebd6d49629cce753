"""A study kept in a directory, and opened again.

===================  ===================================================================================================
file                 holds
===================  ===================================================================================================
``scenario.yaml``    the scenario as its author wrote it
``scenario.json``    the scenario as it was run (:mod:`hasim.study.keeping.scenario_file`)
``result.json``      everything that was measured (:mod:`hasim.study.document`)
``outages.csv``      a row per outage (:data:`hasim.study.frames.TABLES`); likewise ``replications.csv``, ``api.csv``,
                     and all three as ``.parquet`` if that is asked for
``meta.json``        what made it: version, seed, digest of the scenario, command
===================  ===================================================================================================

Every file is written beside its place and then moved there, ``result.json`` last: whoever sees it sees a whole study.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.arguments import check_heartbeats
from hasim.errors import UserError
from hasim.study.document import outcomes_of, stopping_of, text_of
from hasim.study.frames import TABLES
from hasim.study.keeping.checks import DAMAGED, flag, text, whole
from hasim.study.keeping.files import META_FORMAT, format_of, json_text, made_again, read_json, write_texts
from hasim.study.keeping.scenario_file import read_scenario, scenario_texts
from hasim.study.keeping.tables import write_table

if TYPE_CHECKING:
    from hasim.study.results import StudyResult

__all__ = ["load_result", "save"]

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
    kind = _OTHER_KINDS.get(format_of(document))
    if kind is not None:
        raise UserError(f"{home}: this is no study of replications. It holds {kind}, which hasim.load_kept opens")
    scenario = read_scenario(home)
    try:
        outcomes = outcomes_of(document)
        check_heartbeats(document["heartbeats"])
        stopping = stopping_of(document)
        seed = whole(document["seed"], "seed")
        interrupted = flag(document["interrupted"], "interrupted")
        version = text(document["hasim_version"], "hasim_version")
        told = document["scenario"]["digest"], document["horizon_ns"]
    except UserError as error:
        raise UserError(f"{home}: {error}; {made_again(home)}") from None
    except DAMAGED as error:
        raise UserError(f"{home}: the study is damaged: {error}; {made_again(home)}") from None
    if told != (scenario.digest, scenario.horizon_ns):
        raise UserError(f"{home}: result.json and scenario.json belong to different scenarios; {made_again(home)}")
    return StudyResult(scenario, seed, document["heartbeats"], outcomes, version, interrupted, stopping)


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
