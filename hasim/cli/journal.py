"""``hasim journal``: what a journal holds, and its outcomes as a table for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hasim.cli.guard import guarded, say
from hasim.cli.options import JsonOption
from hasim.errors import UserError

if TYPE_CHECKING:
    from hasim.report.tables import Table
    from hasim.study.journal import Journal, KeptStudy

__all__ = ["TableName", "journal"]


class TableName(StrEnum):
    """What a row of an exported table is."""

    OUTAGES = "outages"
    REPLICATIONS = "replications"
    API = "api"


@guarded
def journal(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A journal.", show_default=False)],
    study: Annotated[
        list[int] | None,
        typer.Option("--study", min=1, help="Only the study with this number; may be given again.", show_default=False),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Write a table there: .csv or .parquet.", show_default=False),
    ] = None,
    table: Annotated[
        TableName,
        typer.Option(help="What a row of --export is: an outage, a replication, or an API action with its code."),
    ] = TableName.OUTAGES,
    as_json: JsonOption = False,
) -> None:
    """Say which studies a journal holds, after checking that every run in it is as it was written.

    "hasim run --journal FILE" and "hasim run --out DIRECTORY" keep journals (journal.sqlite in the directory).

    \b
    Examples:
      hasim journal results/year/journal.sqlite
      hasim journal study.sqlite --export outages.parquet
      hasim journal study.sqlite --study 2 --export replications.csv --table replications

    Read on: docs/studies-at-scale.md.
    """
    from hasim.study.journal import Journal

    with Journal(file, create=False) as opened:
        chosen = _chosen(opened, study)
        if export is not None:
            _export(opened, chosen, export, table)
        counts = [sum(1 for _ in opened.outcomes_of(entry)) for entry in chosen]
    if as_json:
        _print_json(file, chosen, counts)
    else:
        from hasim.cli.terminal import print_tables

        print_tables([_table_of(file, chosen, counts)])
    if export is not None:
        say(f"wrote {export}")


def _chosen(journal: Journal, wanted: Sequence[int] | None) -> list[KeptStudy]:
    found = journal.studies()
    unknown = sorted(set(wanted or ()) - {entry.id for entry in found})
    if unknown:
        raise UserError(f"{journal.path}: there is no study {unknown[0]}; it holds {len(found)}, numbered from 1")
    return [entry for entry in found if not wanted or entry.id in wanted]


def _export(journal: Journal, studies: Sequence[KeptStudy], path: Path, name: TableName) -> None:
    from hasim.study.frames import TABLES
    from hasim.study.tabular import write_table

    table = TABLES[name]

    def rows() -> Iterator[tuple[Any, ...]]:
        for study in studies:
            for row in table.rows(journal.outcomes_of(study)):
                yield study.id, study.scenario, study.seed, *row

    try:
        write_table(path, ("study", "scenario", "seed", *table.columns), rows())
    except OSError as error:
        raise UserError(f"--export {path}: cannot be written: {error.strerror or error}") from None


def _print_json(file: Path, studies: Sequence[KeptStudy], counts: Sequence[int]) -> None:
    import json

    entries = [
        {
            "study": study.id,
            "scenario": study.scenario,
            "digest": study.digest,
            "seed": study.seed,
            "heartbeats": study.heartbeats,
            "horizon_ns": study.horizon_ns,
            "replications": count,
            "hasim_version": study.version,
            "model": study.model,
            "is_current": study.is_current,
        }
        for study, count in zip(studies, counts, strict=True)
    ]
    document = {"format": "hasim.journal/1", "path": str(file), "studies": entries}
    print(json.dumps(document, indent=1, ensure_ascii=False))


def _table_of(file: Path, studies: Sequence[KeptStudy], counts: Sequence[int]) -> Table:
    from hasim.report.tables import Table
    from hasim.units import format_duration

    rows = tuple(
        (
            str(study.id),
            study.scenario,
            study.digest[:12],
            str(study.seed),
            study.heartbeats,
            format_duration(study.horizon_ns),
            f"{count:,}",
            study.version if study.is_current else f"{study.version}, another model",
        )
        for study, count in zip(studies, counts, strict=True)
    )
    columns = ("study", "scenario", "digest", "seed", "heartbeats", "horizon", "replications", "hasim")
    others = any(not study.is_current for study in studies)
    note = "another model: run by code that may give other results; this hasim would begin these studies anew"
    title = f"{file}: {len(studies)} {'study' if len(studies) == 1 else 'studies'}, every run as it was written"
    return Table(title, columns, rows, (3, 6), note if others else "")
