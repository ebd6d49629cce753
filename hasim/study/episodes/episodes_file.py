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

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.scenario.model import Scenario
from hasim.study.episodes.clocks import Clock, clocks_of
from hasim.study.episodes.episode import Episode
from hasim.study.episodes.estimation import Cycles, Stratum
from hasim.study.episodes.losses import Silence
from hasim.study.episodes.strata import EpisodeStudy
from hasim.study.journal.episode_rows import episode_of_row, episode_row
from hasim.study.keeping.checks import check_outages, flag, real, text, whole
from hasim.study.keeping.lines import Lines, opened_lines, write_lines

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
            raise ValueError("these are the episodes of another scenario than that of scenario.json")
        names = {instance.name for instance in scenario.instances}
        silences = tuple(_silence(entry, names) for entry in header["lost_adverts"])
        study = EpisodeStudy(scenario, seed, 0, clocks_of(scenario), silences)
        episodes: dict[Stratum, list[Episode]] = {}
        for _ in range(whole(header["strata"], "strata", least=1)):
            stratum, count = _stratum(lines.next())
            if stratum.master not in names or stratum.clock >= len(study.clocks) or stratum in episodes:
                raise ValueError(f"there is no {stratum}, or it is there twice")
            episodes[stratum] = [_episode(lines) for _ in range(count)]
            if any(after.number <= before.number for before, after in pairwise(episodes[stratum])):
                raise ValueError(f"the episodes of {stratum} are not in order")
        _check_complete(episodes, study)
        rows = whole(header["rows"], "rows", least=1)
        cycles = Cycles({master: study.rates(master) for master in names}, episodes, rows=rows)
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


def _silence(entry: Mapping[str, Any], names: Collection[str]) -> Silence:
    silence = Silence(
        sender=entry["sender"],
        receiver=entry["receiver"],
        row=whole(entry["row"], "row", least=1),
        step_ns=whole(entry["step_ns"], "step_ns", least=1),
        rate=real(entry["rate"], "rate"),
    )
    share = silence.rate * silence.row * silence.step_ns
    if not {silence.sender, silence.receiver} <= {*names} or not 0 < share < 1:
        raise ValueError(f"there is no {silence}")
    return silence


def _stratum(entry: Mapping[str, Any]) -> tuple[Stratum, int]:
    """A stratum, and how many episodes of it follow."""
    stratum = Stratum(
        master=text(entry["master"], "master"),
        clock=whole(entry["clock"], "clock"),
        depth=whole(entry["depth"], "depth"),
        together=flag(entry["together"], "together"),
    )
    return stratum, whole(entry["episodes"], "episodes", least=1)


def _episode(lines: Lines) -> Episode:
    row_number, *rest = lines.next()
    episode = episode_of_row(rest, whole(row_number, "the number of an episode"))
    place = f"of episode {row_number}"
    text(episode.master, f"the MASTER {place}")
    flag(episode.stuck, f"stuck {place}")
    if real(episode.weight, f"the weight {place}") < 0:
        raise ValueError(f"the weight {place} is {episode.weight}")
    for name in ("length_ns", "dual_master_ns", "wrong_instance_ns", "black_hole_ns"):
        whole(getattr(episode, name), f"{name} {place}")
    check_outages(episode.outages, sum(whole(lost_ns, f"a downtime {place}") for lost_ns in episode.downtime_ns))
    return episode


def _check_complete(episodes: Mapping[Stratum, Sequence[Episode]], study: EpisodeStudy) -> None:
    """Make sure that nothing is left out: of no MASTER that any of them knows, of no clock, of no way to overlap.

    Raises:
        ValueError: something is.
    """
    depths = max(stratum.depth for stratum in episodes)
    if depths >= len(episodes):
        raise ValueError(f"it has a stratum of the depth {depths:,}, but not all before that")
    masters = {stratum.master for stratum in episodes}
    after = {episode.master for rows in episodes.values() for episode in rows if episode.weight}
    full = replace(study, depths=depths)
    wanted = {
        stratum
        for master in masters | after
        for clock, rate in enumerate(study.rates(master))
        if rate
        for stratum in full.strata(master, clock)
    }
    if wanted != {*episodes}:
        raise ValueError("it has not the episodes of all that may happen")
