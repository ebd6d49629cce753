"""Finished episodes: the tables ``stratum`` and ``episode``.

The number of an episode is that in its stratum, and the number of a stratum is that by which its random numbers differ
from those of the others. What a stratum means for people (who is MASTER, what strikes first, what overlaps with it)
stands in a row of its own. Every episode is bound to that meaning by its checksum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hasim.study.journal.episode_rows import unpack_episode
from hasim.study.journal.file import JournalFile
from hasim.study.journal.rows import checksum
from hasim.study.journal.studies import KeptStudy

if TYPE_CHECKING:
    from hasim.study.episodes.episode import Episode

__all__ = ["Episodes", "KeptStratum"]

_TABLES = """
CREATE TABLE IF NOT EXISTS stratum (
    study INTEGER NOT NULL REFERENCES study (id), number INTEGER NOT NULL,
    master TEXT NOT NULL, begun_by TEXT NOT NULL, target TEXT NOT NULL,
    depth INTEGER NOT NULL, together INTEGER NOT NULL,
    PRIMARY KEY (study, number)
);
CREATE TABLE IF NOT EXISTS episode (
    study INTEGER NOT NULL REFERENCES study (id), stratum INTEGER NOT NULL, number INTEGER NOT NULL,
    outcome BLOB NOT NULL, checksum BLOB NOT NULL,
    PRIMARY KEY (study, stratum, number)
);
"""


class KeptStratum(NamedTuple):
    """A stratum of a study.

    Attributes:
        number: of the stratum, in its study.
        master: who is MASTER before.
        begun_by: the fault that strikes first.
        target: what it strikes.
        depth: how many faults are made to overlap with it.
        together: whether the last of those ends together with another.
    """

    number: int
    master: str
    begun_by: str
    target: str
    depth: int
    together: bool

    def key(self, study: KeptStudy) -> str:
        """What its episodes are bound to."""
        names = (self.master, self.begun_by, self.target)
        return "\0".join((study.key, str(self.number), *names, str(self.depth), str(int(self.together))))


class Episodes:
    """The tables, which are there once a study by episodes has been begun; methods belong within
    :meth:`.JournalFile.reported`."""

    def __init__(self, file: JournalFile) -> None:
        """The tables in this file."""
        self._file = file

    def read(self, study: KeptStudy, stratum: KeptStratum, numbers: range) -> Iterator[Episode]:
        """The episodes of a stratum that have these numbers (without gaps), in order."""
        query = (
            "SELECT number, CAST(outcome AS BLOB), CAST(checksum AS BLOB) FROM episode "
            "WHERE study = ? AND stratum = ? AND number >= ? AND number < ? ORDER BY number"
        )
        place = (study.id, stratum.number, numbers.start, numbers.stop)
        rows = self._file.connection.execute(query, place).fetchall()
        for number, packed, kept in rows:
            self._compare(study, stratum, number, packed, kept)
            yield self._unpacked(study, stratum, number, packed)

    def read_all(self, study: KeptStudy) -> Iterator[tuple[KeptStratum, Episode]]:
        """All episodes of a study by stratum and number, each when it is asked for."""
        for stratum, number, packed in self._rows(study):
            yield stratum, self._unpacked(study, stratum, number, packed)

    def check(self, study: KeptStudy) -> None:
        """Make sure that all of a study are as they were written."""
        for _ in self._rows(study):
            pass

    def _rows(self, study: KeptStudy) -> Iterator[tuple[KeptStratum, int, bytes]]:
        """Stratum, number and row of all episodes of a study, which match their checksums."""
        query = (
            "SELECT episode.stratum, master, begun_by, target, depth, together, episode.number, "
            "CAST(outcome AS BLOB), CAST(checksum AS BLOB) FROM episode "
            "LEFT JOIN stratum ON stratum.study = episode.study AND stratum.number = episode.stratum "
            "WHERE episode.study = ? ORDER BY episode.stratum, episode.number"
        )
        for place, master, fault, target, depth, together, number, packed, kept in self._file.connection.execute(
            query, (study.id,)
        ):
            if master is None:
                raise self._file.damaged(f"stratum {place} of study {study.id} is not there")
            stratum = KeptStratum(place, master, fault, target, depth, bool(together))
            self._compare(study, stratum, number, packed, kept)
            yield stratum, number, packed

    def write(self, study: KeptStudy, stratum: KeptStratum, packed: Sequence[tuple[int, bytes]]) -> None:
        """Put rows in, by their numbers, but where there are some already; within a transaction."""
        self._file.make(_TABLES)
        connection, key = self._file.connection, stratum.key(study)
        connection.execute("INSERT OR IGNORE INTO stratum VALUES (?, ?, ?, ?, ?, ?, ?)", (study.id, *stratum))
        rows = [(study.id, stratum.number, number, row, checksum(key, number, row)) for number, row in packed]
        connection.executemany("INSERT OR IGNORE INTO episode VALUES (?, ?, ?, ?, ?)", rows)

    def count(self, study: KeptStudy) -> int:
        """How many of it are finished."""
        query = "SELECT count(*) FROM episode WHERE study = ?"
        return int(self._file.connection.execute(query, (study.id,)).fetchone()[0])

    def _compare(self, study: KeptStudy, stratum: KeptStratum, number: int, packed: bytes, kept: bytes) -> None:
        if checksum(stratum.key(study), number, packed) != kept:
            raise self._file.damaged(f"{_name_of(study, stratum, number)} does not match its checksum")

    def _unpacked(self, study: KeptStudy, stratum: KeptStratum, number: int, packed: bytes) -> Episode:
        try:
            return unpack_episode(packed, number)
        except ValueError as error:
            raise self._file.damaged(f"{_name_of(study, stratum, number)} cannot be read: {error}") from None


def _name_of(study: KeptStudy, stratum: KeptStratum, number: int) -> str:
    return f"episode {number} of stratum {stratum.number} of study {study.id}"
