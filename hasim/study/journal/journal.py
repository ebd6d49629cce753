"""What studies do with a journal: :class:`Journal`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hasim.errors import LostWorkersError
from hasim.measure.model import RunOutcome
from hasim.scenario.model import Scenario
from hasim.study.interrupts import ctrl_c_later
from hasim.study.job import Job
from hasim.study.journal.episode_rows import pack_episode
from hasim.study.journal.episodes import Episodes, KeptStratum
from hasim.study.journal.file import JournalFile
from hasim.study.journal.replications import REPLICATION_TABLE, Replications
from hasim.study.journal.rows import pack_outcome
from hasim.study.journal.studies import STUDY_TABLE, KeptStudy, Studies, episodes_to, study_of

if TYPE_CHECKING:
    from hasim.study.episodes.episode import Episode
    from hasim.study.episodes.estimation import Stratum
    from hasim.study.episodes.strata import EpisodeStudy

__all__ = ["Journal", "opened"]


class Journal:
    """An open journal. A context manager; to be used by one thread.

    Every method may find that the journal is damaged or cannot be used, and raises a :class:`~hasim.UserError` then.
    """

    def __init__(self, path: str | PathLike[str], *, create: bool = True) -> None:
        """Open the journal in a file; ``create`` makes it if there is none.

        Raises:
            UserError: the file cannot be opened, is no journal of hasim or of another format, or is damaged.
        """
        self._open(Path(path), create)

    @classmethod
    def in_memory(cls) -> Journal:
        """A journal without a file, for studies that go on within one program."""
        journal = cls.__new__(cls)
        journal._open(None, create=True)
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def path(self) -> Path | None:
        """Of the file; None is one in memory."""
        return self._file.path

    def outcomes(self, job: Job, numbers: range) -> Iterator[RunOutcome]:
        """Those of these replications that are finished, in order (``numbers`` without gaps), each when it is asked
        for."""
        study = self._find(job, job.heartbeats)
        return iter(()) if study is None else self.outcomes_of(study, numbers)

    def outcomes_of(self, study: KeptStudy, numbers: range | None = None) -> Iterator[RunOutcome]:
        """The finished replications of a study in order, each when it is asked for."""
        with self._file.reported():
            yield from self._replications.read(study, numbers)

    def add(self, job: Job, outcomes: Sequence[RunOutcome]) -> None:
        """Commit finished replications. Those that are there already stay as they are."""
        packed = [(outcome.replication, pack_outcome(outcome)) for outcome in outcomes]
        with self._writing(job, job.heartbeats) as study:
            self._replications.write(study, packed)

    def episodes(self, study: EpisodeStudy, stratum: Stratum, numbers: range) -> list[Episode]:
        """Those of these episodes of a stratum that are finished, in order (``numbers`` without gaps)."""
        found = self._find(study, episodes_to(study.depths))
        if found is None:
            return []
        with self._file.reported():
            return list(self._episodes.read(found, _kept(study, stratum), numbers))

    def episodes_of(self, study: KeptStudy) -> Iterator[tuple[KeptStratum, Episode]]:
        """The finished episodes of a study by stratum and number, each when it is asked for."""
        with self._file.reported():
            yield from self._episodes.read_all(study)

    def add_episodes(self, study: EpisodeStudy, stratum: Stratum, episodes: Sequence[Episode]) -> None:
        """Commit finished episodes. Those that are there already stay as they are."""
        packed = [(episode.number, pack_episode(episode)) for episode in episodes]
        with self._writing(study, episodes_to(study.depths)) as found:
            self._episodes.write(found, _kept(study, stratum), packed)

    def count_episodes(self, study: EpisodeStudy) -> int:
        """How many episodes of it are finished."""
        found = self._find(study, episodes_to(study.depths))
        return 0 if found is None else self.count(found)

    def studies(self) -> list[KeptStudy]:
        """What is inside, in the order in which it was begun."""
        with self._file.reported():
            return self._studies.all()

    def count(self, study: KeptStudy) -> int:
        """How many replications, or episodes, of it are finished."""
        with self._file.reported():
            return self._episodes.count(study) if study.by_episodes else self._replications.count(study)

    def _open(self, path: Path | None, create: bool) -> None:
        self._file = JournalFile(path, STUDY_TABLE + REPLICATION_TABLE, create=create)
        self._studies = Studies(self._file)
        self._replications = Replications(self._file)
        self._episodes = Episodes(self._file)
        self._known: dict[Job | EpisodeStudy, KeptStudy] = {}
        self.studies()  # finds out at once whether they are as they were written

    def _find(self, asked: Job | EpisodeStudy, heartbeats: str) -> KeptStudy | None:
        """The study in the journal, if it has been begun; all of it is looked at before anything of it is used."""
        if asked not in self._known:
            with self._file.reported():
                found = self._studies.find(study_of(asked.scenario, asked.seed, heartbeats))
                if found is None:
                    return None
                (self._episodes if found.by_episodes else self._replications).check(found)
            self._known[asked] = found
        return self._known[asked]

    @contextmanager
    def _writing(self, asked: Job | EpisodeStudy, heartbeats: str) -> Iterator[KeptStudy]:
        """A transaction in which something is put into a study, which is begun if need be."""
        with ctrl_c_later(), self._file.reported(), self._file.transaction():
            yield self._find(asked, heartbeats) or self._begin(asked.scenario, asked.seed, heartbeats)

    def _begin(self, scenario: Scenario, seed: int, heartbeats: str) -> KeptStudy:
        return self._studies.begin(study_of(scenario, seed, heartbeats))


@contextmanager
def opened(journal: Journal | str | PathLike[str] | None) -> Iterator[Journal | None]:
    """The journal that is named, if one is: one that is open stays so, a file is closed at the end.

    A study that loses its workers meanwhile says what is kept.

    Raises:
        UserError: the file cannot be opened, is no journal of hasim or of another format, or is damaged.
    """
    try:
        if journal is None or isinstance(journal, Journal):
            yield journal
            return
        with Journal(journal) as found:
            yield found
    except LostWorkersError as error:
        if not hasattr(error, "__notes__"):  # a study within a study has said so
            error.add_note(_what_is_kept(journal))
        raise


def _what_is_kept(journal: Journal | str | PathLike[str] | None) -> str:
    if journal is None:
        return "nothing is kept; with a journal, the same study goes on from what was finished"
    path = journal.path if isinstance(journal, Journal) else journal
    return f"what was finished is kept in {path or 'the journal'}, and the same study goes on from there"


def _kept(study: EpisodeStudy, stratum: Stratum) -> KeptStratum:
    fault, target = study.clocks[stratum.clock].key
    number = study.number_of(stratum)
    return KeptStratum(number, stratum.master, fault, target, stratum.depth, stratum.together)
