"""Which studies a journal holds: the table ``study``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from hasim.scenario.digest import digest_of
from hasim.scenario.model import Scenario
from hasim.study.fingerprint import episodes_fingerprint, model_fingerprint
from hasim.study.journal.file import JournalFile

__all__ = ["STUDY_TABLE", "KeptStudy", "Studies", "episodes_to", "study_of"]

STUDY_TABLE = """
CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL, seed TEXT NOT NULL, heartbeats TEXT NOT NULL, model TEXT NOT NULL,
    horizon_ns INTEGER NOT NULL, scenario TEXT NOT NULL, hasim_version TEXT NOT NULL, checksum BLOB NOT NULL,
    UNIQUE (digest, seed, heartbeats, model)
);
"""
_COLUMNS = "id, digest, seed, heartbeats, model, horizon_ns, scenario, hasim_version, checksum"

_EPISODES = "episodes to depth "


def episodes_to(depths: int) -> str:
    """What ``heartbeats`` says of a study by episodes in which so many faults are made to overlap with the first."""
    return f"{_EPISODES}{depths}"


@dataclass(frozen=True, slots=True)
class KeptStudy:
    """A study of a journal.

    Attributes:
        id: its number in this journal, from 1; 0 is not in it yet.
        digest: of the scenario.
        seed: of the study.
        heartbeats: ``quiet`` or ``explicit`` in replications; :func:`episodes_to` for episodes.
        model: fingerprint of the code that ran it.
        horizon_ns: of every replication; of the scenario, where there are episodes.
        scenario: name of the scenario when the study was begun.
        version: of hasim, then.
    """

    id: int
    digest: str
    seed: int
    heartbeats: str
    model: str
    horizon_ns: int
    scenario: str
    version: str

    @property
    def by_episodes(self) -> bool:
        """Whether it has episodes; others have replications."""
        return self.heartbeats.startswith(_EPISODES)

    @property
    def is_current(self) -> bool:
        """Whether this hasim would give the same outcomes, and so go on with the study."""
        return self.model == _fingerprint_of(self.heartbeats)

    @property
    def key(self) -> str:
        """What its rows are bound to."""
        return "\0".join((self.digest, str(self.seed), self.heartbeats, self.model, str(self.horizon_ns)))


def study_of(scenario: Scenario, seed: int, heartbeats: str) -> KeptStudy:
    """The study as it would be begun now."""
    import hasim

    return KeptStudy(
        id=0,
        digest=digest_of(scenario),
        seed=seed,
        heartbeats=heartbeats,
        model=_fingerprint_of(heartbeats),
        horizon_ns=scenario.horizon_ns,
        scenario=scenario.name,
        version=hasim.__version__,
    )


class Studies:
    """The table; its methods belong within :meth:`.JournalFile.reported`."""

    def __init__(self, file: JournalFile) -> None:
        """The table in this file."""
        self._file = file

    def find(self, wanted: KeptStudy) -> KeptStudy | None:
        """The study with that key, if it has been begun."""
        query = f"SELECT {_COLUMNS} FROM study WHERE digest = ? AND seed = ? AND heartbeats = ? AND model = ?"
        key = (wanted.digest, str(wanted.seed), wanted.heartbeats, wanted.model)
        row = self._file.connection.execute(query, key).fetchone()
        return None if row is None else self._read(row)

    def begin(self, study: KeptStudy) -> KeptStudy:
        """Put it in; within a transaction."""
        number = self._file.connection.execute("SELECT coalesce(max(id), 0) + 1 FROM study").fetchone()[0]
        begun = replace(study, id=number)
        key = (begun.id, begun.digest, str(begun.seed), begun.heartbeats, begun.model)
        row = (*key, begun.horizon_ns, begun.scenario, begun.version, _checksum(begun))
        self._file.connection.execute(f"INSERT INTO study ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return begun

    def all(self) -> list[KeptStudy]:
        """In the order in which they were begun."""
        return [self._read(row) for row in self._file.connection.execute(f"SELECT {_COLUMNS} FROM study ORDER BY id")]

    def _read(self, row: tuple[Any, ...]) -> KeptStudy:
        number, digest, seed, heartbeats, model, horizon_ns, scenario, version, kept = row
        try:
            study = KeptStudy(number, digest, int(seed), heartbeats, model, horizon_ns, scenario, version)
        except ValueError:
            raise self._file.damaged(f"study {number} has the seed {seed!r}") from None
        if _checksum(study) != kept:
            raise self._file.damaged(f"study {number} does not match its checksum")
        return study


def _fingerprint_of(heartbeats: str) -> str:
    return episodes_fingerprint() if heartbeats.startswith(_EPISODES) else model_fingerprint()


def _checksum(study: KeptStudy) -> bytes:
    text = "\0".join((study.key, str(study.id), study.scenario, study.version))
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
