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
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.report.tables import Table
    from hasim.study.journal import Journal, KeptStudy
    from hasim.study.journal.episodes import KeptStratum

__all__ = ["TableName", "journal"]


class TableName(StrEnum):
    """What a row of an exported table is."""

    OUTAGES = "outages"
    REPLICATIONS = "replications"
    API = "api"
    EPISODES = "episodes"


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
        TableName | None,
        typer.Option(
            help="What a row of --export is: an outage, a replication, or an API action with its code; an episode, of "
            "studies by episodes. [default: outages]",
            show_default=False,
        ),
    ] = None,
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

    if table is not None and export is None:
        raise UserError(f"--table {table} says what --export FILE writes, and there is no --export")
    with Journal(file, create=False) as opened:
        chosen = _chosen(opened, study)
        if export is not None:
            _export(opened, chosen, export, table or TableName.OUTAGES)
        counts = [_count(opened, entry) for entry in chosen]
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


def _count(journal: Journal, study: KeptStudy) -> int:
    """How many runs of a study there are, all of which are looked at."""
    return sum(1 for _ in (journal.episodes_of(study) if study.by_episodes else journal.outcomes_of(study)))


def _export(journal: Journal, studies: Sequence[KeptStudy], path: Path, name: TableName) -> None:
    """Write the table of those studies that have it; the others are named."""
    from hasim.study.keeping.tables import write_table

    of_episodes = name is TableName.EPISODES
    those = [study for study in studies if study.by_episodes is of_episodes]
    others = [str(study.id) for study in studies if study.by_episodes is not of_episodes]
    which = f"{'study' if len(others) == 1 else 'studies'} {', '.join(others)}"
    kind, tables = ("replications", "outages, replications or api") if of_episodes else ("episodes", "episodes")
    if others and not those:
        verb = "holds" if len(others) == 1 else "hold"
        raise UserError(f"{journal.path}: {which} {verb} {kind}, without a table {name}; expected --table {tables}")
    columns, rows = _episode_rows(journal, those) if of_episodes else _replication_rows(journal, those, name)
    try:
        write_table(path, ("study", "scenario", "seed", *columns), rows)
    except OSError as error:
        raise UserError(f"--export {path}: cannot be written: {error.strerror or error}") from None
    if others:
        say(f"without {which}: of {kind} (--table {tables})")


def _replication_rows(
    journal: Journal, studies: Sequence[KeptStudy], name: TableName
) -> tuple[Sequence[str], Iterator[tuple[Any, ...]]]:
    from hasim.study.frames import TABLES

    table = TABLES[name]
    return table.columns, (
        (study.id, study.scenario, study.seed, *row)
        for study in studies
        for row in table.rows(journal.outcomes_of(study))
    )


def _episode_rows(journal: Journal, studies: Sequence[KeptStudy]) -> tuple[Sequence[str], Iterator[tuple[Any, ...]]]:
    from hasim.study.episodes.storage import MEASURED_COLUMNS, STRATUM_COLUMNS, measured

    return (*STRATUM_COLUMNS, "episode", "weight", *MEASURED_COLUMNS), (
        (study.id, study.scenario, study.seed, *_place(stratum), episode.number, episode.weight, *measured(episode))
        for study in studies
        for stratum, episode in journal.episodes_of(study)
    )


def _place(stratum: KeptStratum) -> tuple[Any, ...]:
    return stratum.master, stratum.begun_by, stratum.target, stratum.depth, int(stratum.together)


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
            "episodes" if study.by_episodes else "replications": count,
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
            "" if study.by_episodes else format_duration(study.horizon_ns),
            counted(count, "episode" if study.by_episodes else "replication"),
            study.version if study.is_current else f"{study.version}, another model",
        )
        for study, count in zip(studies, counts, strict=True)
    )
    columns = ("study", "scenario", "digest", "seed", "how", "horizon", "finished", "hasim")
    others = any(not study.is_current for study in studies)
    note = "another model: run by code that may give other results; this hasim would begin these studies anew"
    title = f"{file}: {len(studies)} {'study' if len(studies) == 1 else 'studies'}, every run as it was written"
    return Table(title, columns, rows, (3, 6), note if others else "")
