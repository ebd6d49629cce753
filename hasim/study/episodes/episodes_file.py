"""The episodes of a study in one file: ``episodes.jsonl.gz``, format ``hasim.weighted/1``.

::

    {"format": "hasim.weighted/1", "digest": of the scenario, "strata": n, "rows": of a Latin hypercube,
     "lost_adverts": [{"sender": ..., "receiver": ..., "row": n, "step_ns": ..., "rate": per ns}]}
    {"master": ..., "clock": index, "depth": 0, "together": false, "episodes": n}
    [number, ... as a row of a journal (hasim.study.journal.episode_rows)]                          n lines
    ...

A clock is one of a scenario's faults, in the order of :func:`hasim.study.episodes.clocks.clocks_of`, or after those a
row of lost adverts. Weights come back as the same numbers to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.study.episodes.clocks import Clock, clocks_of
from hasim.study.episodes.episode import Episode
from hasim.study.episodes.estimation import Cycles, Stratum
from hasim.study.episodes.losses import Silence
from hasim.study.episodes.strata import EpisodeStudy
from hasim.study.journal.episode_rows import episode_of_row, episode_row
from hasim.study.keeping.lines import Lines, opened_lines, write_lines
from hasim.study.keeping.studies_file import check_outages

if TYPE_CHECKING:
    from hasim.study.episodes.results import EpisodesResult

__all__ = ["EPISODES_NAME", "read_episodes", "write_episodes"]

EPISODES_NAME = "episodes.jsonl.gz"

_FORMAT = "hasim.weighted/1"


def write_episodes(directory: Path, result: EpisodesResult) -> Path:
    """Write all episodes of a study into ``directory``.

    Raises:
        OSError: the file cannot be written.
    """
    path = directory / EPISODES_NAME
    write_lines(path, _values(result))
    return path


def read_episodes(directory: Path, scenario: Scenario, seed: int) -> tuple[tuple[Clock | Silence, ...], Cycles]:
    """The clocks and the episodes of a study of ``scenario`` that are kept in ``directory``.

    Raises:
        UserError: there is no such file, or it is damaged, in another format or of another scenario.
    """
    with opened_lines(directory / EPISODES_NAME, _FORMAT) as (header, lines):
        if header["digest"] != scenario.digest:
            raise UserError("these are the episodes of another scenario than that of scenario.json")
        silences = tuple(Silence(**entry) for entry in header["lost_adverts"])
        study = EpisodeStudy(scenario, seed, 0, clocks_of(scenario), silences)
        names = {instance.name for instance in scenario.instances}
        episodes: dict[Stratum, list[Episode]] = {}
        for _ in range(header["strata"]):
            entry = lines.next()
            count = entry.pop("episodes")
            stratum = Stratum(**entry)
            if stratum.master not in names or not 0 <= stratum.clock < len(study.clocks) or not count:
                raise ValueError(f"there is no stratum {entry}")
            episodes[stratum] = [_episode(lines) for _ in range(count)]
        cycles = Cycles({master: study.rates(master) for master in names}, episodes, rows=header["rows"])
    return study.clocks, cycles


def _values(result: EpisodesResult) -> Iterator[Any]:
    strata = result.cycles.episodes
    yield {
        "format": _FORMAT,
        "digest": result.scenario.digest,
        "strata": len(strata),
        "rows": result.cycles.rows,
        "lost_adverts": [asdict(clock) for clock in result.clocks if isinstance(clock, Silence)],
    }
    for stratum, episodes in strata.items():
        yield {**stratum._asdict(), "episodes": len(episodes)}
        for episode in episodes:
            yield [episode.number, *episode_row(episode)]


def _episode(lines: Lines) -> Episode:
    number, *rest = lines.next()
    episode = episode_of_row(rest, number)
    check_outages(episode.outages, sum(episode.downtime_ns))
    return episode
