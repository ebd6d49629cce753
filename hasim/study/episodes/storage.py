"""A study by episodes kept in a directory, and opened again.

=====================  =================================================================================================
file                   holds
=====================  =================================================================================================
``strata.csv``         a row for each stratum: how often it occurs, how many of its episodes were simulated
``episodes.csv``       a row for each of those, with how many times a year it counts
``outages.csv``        a row for each outage of them, with its phases
``episodes.jsonl.gz``  all episodes once more, as the study can be made again of them
                       (:mod:`hasim.study.episodes.episodes_file`)
``scenario.yaml``      the scenario as its author wrote it
``scenario.json``      the scenario as it was run (:mod:`hasim.study.keeping.scenario_file`)
``result.json``        everything that was measured (:mod:`hasim.study.episodes.document`)
``meta.json``          what made it
=====================  =================================================================================================

``depth`` is how many faults were made to overlap with the first, ``together`` is 1 where the last of them ends together
with another. Tables are ``.parquet`` too if that is asked for. Every file is written beside its place and then moved
there, ``result.json`` last: whoever sees it sees a whole study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hasim.errors import UserError
from hasim.measure.model import PHASES
from hasim.study.episodes.document import FORMAT
from hasim.study.episodes.episode import Episode
from hasim.study.episodes.episodes_file import read_episodes, write_episodes
from hasim.study.episodes.estimation import Stratum
from hasim.study.keeping.answer import keep_answer, opened_answer
from hasim.study.keeping.checks import real, text, whole
from hasim.study.keeping.scenario_file import read_scenario, scenario_texts
from hasim.study.keeping.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

    from hasim.study.episodes.results import EpisodesResult

__all__ = ["MEASURED_COLUMNS", "STRATUM_COLUMNS", "TABLES", "frame", "load_episodes", "measured", "save"]

STRATUM_COLUMNS = ("master_before", "begun_by", "target", "depth", "together")

MEASURED_COLUMNS = (
    "master_after",
    "length_ns",
    "downtime_ns",
    "outages",
    "dual_master_ns",
    "wrong_instance_ns",
    "black_hole_ns",
)


_METHODS = ("episodes", "rare")


class _Table(NamedTuple):
    columns: Sequence[str]
    rows: Callable[[EpisodesResult], Iterator[tuple[Any, ...]]]


def save(result: EpisodesResult, directory: Path, command: str = "", *, parquet: bool = False) -> list[Path]:
    """Write a study into ``directory``, which is made if need be; returns the files.

    Raises:
        UserError: the directory or a file cannot be written; Parquet is asked for and not installed.
    """
    kinds = ("csv", "parquet") if parquet else ("csv",)
    paths = [directory / f"{name}.{kind}" for name in TABLES for kind in kinds]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path in paths[1:]:
            write_table(path, TABLES[path.stem].columns, TABLES[path.stem].rows(result))
        paths.append(write_episodes(directory, result))
    except OSError as error:
        raise UserError(f"the study cannot be kept in {directory}: {error.strerror or error}") from None
    first = TABLES["strata"]
    table = ("strata", first.columns, first.rows(result))
    kept = keep_answer(directory, result.to_json(), table, command, texts=scenario_texts(result.scenario))
    return [*paths[1:], *kept]


def load_episodes(directory: str | PathLike[str]) -> EpisodesResult:
    """The study by episodes that was kept in ``directory``.

    Raises:
        UserError: there is none, or its files are damaged or do not belong together.
    """
    from hasim.study.episodes.results import EpisodesResult

    with opened_answer(directory, "study by episodes", FORMAT) as (home, document):
        scenario = read_scenario(home)
        if document["scenario"] != {"name": scenario.name, "digest": scenario.digest}:
            raise ValueError("result.json and scenario.json belong to different scenarios")
        precision = real(document["precision"], "precision")
        if not 0 < precision < 1 or document["method"] not in _METHODS:
            raise ValueError(f"nobody asked for the precision {precision} by the method {document['method']!r:.80}")
        seed = whole(document["seed"], "seed")
        clocks, cycles = read_episodes(home, scenario, seed)
        result = EpisodesResult(
            scenario=scenario,
            seed=seed,
            method=document["method"],
            precision=precision,
            clocks=clocks,
            cycles=cycles,
            runs=whole(document["runs"], "runs", least=1),
            version=text(document["hasim_version"], "hasim_version"),
        )
        if result.episodes != document["episodes"]:
            raise ValueError(f"there are {result.episodes:,} episodes in place of {document['episodes']:,}")
        return result


def frame(result: EpisodesResult, name: str) -> pd.DataFrame:
    """One of :data:`TABLES`.

    Raises:
        UserError: there is no table of that name.
    """
    import pandas as pd

    if name not in TABLES:
        raise UserError(f"there is no table {name!r} of a study by episodes; there are {', '.join(TABLES)}")
    table = TABLES[name]
    return pd.DataFrame(list(table.rows(result)), columns=list(table.columns))


def measured(episode: Episode) -> tuple[Any, ...]:
    """What was measured of an episode, in the order of :data:`MEASURED_COLUMNS`."""
    return (
        episode.master or None,
        episode.length_ns,
        sum(episode.downtime_ns),
        len(episode.outages),
        episode.dual_master_ns,
        episode.wrong_instance_ns,
        episode.black_hole_ns,
    )


def _place(result: EpisodesResult, stratum: Stratum) -> tuple[Any, ...]:
    fault, target = result.begun_by(stratum)
    return stratum.master, fault, target, stratum.depth, int(stratum.together)


def _strata(result: EpisodesResult) -> Iterator[tuple[Any, ...]]:
    for stratum, rows in result.cycles.episodes.items():
        probability = sum(episode.weight for episode in rows) / len(rows)
        per_year = result.episodes_per_year.value * result.cycles.share(stratum)
        yield (*_place(result, stratum), len(rows), per_year, probability)


def _episodes(result: EpisodesResult) -> Iterator[tuple[Any, ...]]:
    for stratum, rows in result.cycles.episodes.items():
        per_year = result.episodes_per_year.value * result.cycles.share(stratum) / len(rows)
        for episode in rows:
            yield (
                *_place(result, stratum),
                episode.number,
                episode.weight,
                per_year * episode.weight,
                *measured(episode),
            )


def _outages(result: EpisodesResult) -> Iterator[tuple[Any, ...]]:
    for stratum, rows in result.cycles.episodes.items():
        per_year = result.episodes_per_year.value * result.cycles.share(stratum) / len(rows)
        for episode in rows:
            for number, outage in enumerate(episode.outages, start=1):
                yield (
                    *_place(result, stratum),
                    episode.number,
                    number,
                    per_year * episode.weight,
                    outage.duration_ns,
                    outage.missing,
                    outage.cause,
                    outage.fault,
                    outage.began_on,
                    outage.ended_on,
                    outage.resolution,
                    *outage.phases_ns,
                )


TABLES = {
    "strata": _Table((*STRATUM_COLUMNS, "episodes", "per_year", "probability"), _strata),
    "episodes": _Table(
        (
            *STRATUM_COLUMNS,
            "episode",
            "weight",
            "per_year",
            *MEASURED_COLUMNS,
        ),
        _episodes,
    ),
    "outages": _Table(
        (
            *STRATUM_COLUMNS,
            "episode",
            "outage",
            "per_year",
            "duration_ns",
            "missing",
            "cause",
            "fault",
            "began_on",
            "ended_on",
            "resolution",
            *(f"{phase}_ns" for phase in PHASES),
        ),
        _outages,
    ),
}
"""The tables by name. The sum of ``per_year`` times ``downtime_ns`` over all episodes is the downtime of a year."""
