"""Finished replications: the table ``replication``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hasim.measure.model import RunOutcome
from hasim.study.journal.file import JournalFile
from hasim.study.journal.rows import checksum, unpack_outcome
from hasim.study.journal.studies import KeptStudy

__all__ = ["REPLICATION_TABLE", "Replications"]

REPLICATION_TABLE = """
CREATE TABLE replication (
    study INTEGER NOT NULL REFERENCES study (id), number INTEGER NOT NULL,
    outcome BLOB NOT NULL, checksum BLOB NOT NULL,
    PRIMARY KEY (study, number)
);
"""


class Replications:
    """The table; its methods belong within :meth:`.JournalFile.reported`."""

    def __init__(self, file: JournalFile) -> None:
        """The table in this file."""
        self._file = file

    def read(self, study: KeptStudy, numbers: range | None = None) -> Iterator[RunOutcome]:
        """Those of a study in order (``numbers`` without gaps; None: all), each when it is asked for."""
        for number, packed in self._rows(study, numbers):
            try:
                yield unpack_outcome(packed, number, study.horizon_ns)
            except ValueError as error:
                raise self._file.damaged(f"replication {number} of study {study.id} cannot be read: {error}") from None

    def check(self, study: KeptStudy) -> None:
        """Make sure that all of a study are as they were written."""
        for _ in self._rows(study, None):
            pass

    def _rows(self, study: KeptStudy, numbers: range | None) -> Iterator[tuple[int, bytes]]:
        """Number and row of those, which match their checksums."""
        query = "SELECT number, CAST(outcome AS BLOB), CAST(checksum AS BLOB) FROM replication WHERE study = ?"
        place: tuple[int, ...] = (study.id,)
        if numbers is not None:
            query, place = f"{query} AND number >= ? AND number < ?", (study.id, numbers.start, numbers.stop)
        for number, packed, kept in self._file.connection.execute(f"{query} ORDER BY number", place):
            if checksum(study.key, number, packed) != kept:
                raise self._file.damaged(f"replication {number} of study {study.id} does not match its checksum")
            yield number, packed

    def write(self, study: KeptStudy, packed: Sequence[tuple[int, bytes]]) -> None:
        """Put rows in, by their numbers, but where there are some already; within a transaction."""
        rows = [(study.id, number, row, checksum(study.key, number, row)) for number, row in packed]
        self._file.connection.executemany("INSERT OR IGNORE INTO replication VALUES (?, ?, ?, ?)", rows)

    def count(self, study: KeptStudy) -> int:
        """How many of it are finished."""
        query = "SELECT count(*) FROM replication WHERE study = ?"
        return int(self._file.connection.execute(query, (study.id,)).fetchone()[0])
