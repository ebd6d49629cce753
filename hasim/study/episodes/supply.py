"""Where episodes come from: :class:`Supply`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from hasim.study.episodes.episode import Episode
from hasim.study.episodes.estimation import Stratum
from hasim.study.episodes.strata import EpisodeStudy
from hasim.study.journal import Journal
from hasim.study.workers import Crew

__all__ = ["Keep", "Supply"]

Keep: TypeAlias = Callable[[Mapping[Stratum, list[Episode]]], None]
"""Takes episodes as they come."""


class Supply:
    """The episodes of a study: a journal has those that are finished, and a crew runs the others."""

    def __init__(self, study: EpisodeStudy, crew: Crew, journal: Journal | None) -> None:
        """What the crew runs is put into the journal at once, if there is one."""
        self._study = study
        self._crew = crew
        self._journal = journal
        self._returned: dict[Stratum, list[Episode]] = {}

    def gather(self, wanted: Mapping[Stratum, range], keep: Keep) -> None:
        """Have the episodes with these numbers (without gaps) of some strata: first, at once, what there is."""
        found = {stratum: self._look_up(stratum, numbers) for stratum, numbers in wanted.items()}
        if any(found.values()):
            keep(found)
        strata = list(wanted)
        work = []
        for stratum in strata:
            there = {episode.number for episode in found[stratum]}
            missing = [number for number in wanted[stratum] if number not in there]
            work.append((self._study.job(stratum), missing))

        def commit(index: int, episodes: list[Episode]) -> None:
            if self._journal is not None:
                self._journal.add_episodes(self._study, strata[index], episodes)
            keep({strata[index]: episodes})

        self._crew.run(work, commit)

    def take_back(self, episodes: Mapping[Stratum, list[Episode]]) -> None:
        """Episodes that were tried, and that are to come again when somebody asks for them."""
        self._returned |= episodes

    def _look_up(self, stratum: Stratum, numbers: range) -> list[Episode]:
        if self._journal is not None:  # which has those that were taken back too
            return self._journal.episodes(self._study, stratum, numbers)
        return [episode for episode in self._returned.get(stratum, ()) if episode.number in numbers]
