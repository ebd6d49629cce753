"""The journal: an SQLite file that keeps every finished replication as soon as it is finished.

``kill -9``, a full disk or a lost machine cost the replications that were being run. The next study with the same
journal runs what is missing. Any number of studies, and of processes, may share one file.

A study is known by what decides its outcomes: the digest of its scenario, its seed, how heartbeats are simulated, and
the fingerprint of the model's code (:mod:`hasim.study.fingerprint`). Change any, and it is another study beside the
first. The name of a scenario, its SLO and the number of replications decide nothing.

Two tables (format 1; ``application_id`` is "hasi", ``user_version`` the format):

``study``        one row each: the key, and for people the name of the scenario and the version of hasim; a checksum
``replication``  study, number, outcome and its checksum (:mod:`hasim.study.journal_rows`)

Nothing in a journal is trusted: SQLite's own structure is checked when it is opened, and each row that is used against
its checksum.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hasim.errors import UserError
from hasim.measure.model import RunOutcome
from hasim.scenario.digest import digest_of
from hasim.study.fingerprint import model_fingerprint
from hasim.study.interrupts import ctrl_c_later
from hasim.study.job import Job
from hasim.study.journal_rows import checksum, pack_outcome, unpack_outcome

__all__ = ["APPLICATION_ID", "FORMAT", "Journal", "KeptStudy", "looks_like_a_journal"]

FORMAT = 1
APPLICATION_ID = int.from_bytes(b"hasi", "big")

_WAIT_S = 30.0
"""So long a process waits for another one that is writing."""

_TABLES = """
CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL, seed TEXT NOT NULL, heartbeats TEXT NOT NULL, model TEXT NOT NULL,
    horizon_ns INTEGER NOT NULL, scenario TEXT NOT NULL, hasim_version TEXT NOT NULL, checksum BLOB NOT NULL,
    UNIQUE (digest, seed, heartbeats, model)
);
CREATE TABLE replication (
    study INTEGER NOT NULL REFERENCES study (id), number INTEGER NOT NULL,
    outcome BLOB NOT NULL, checksum BLOB NOT NULL,
    PRIMARY KEY (study, number)
);
"""
_COLUMNS = "id, digest, seed, heartbeats, model, horizon_ns, scenario, hasim_version, checksum"


@dataclass(frozen=True, slots=True)
class KeptStudy:
    """A study of a journal.

    Attributes:
        id: its number in this journal, from 1.
        digest: of the scenario.
        seed: of the study.
        heartbeats: ``quiet`` or ``explicit``.
        model: fingerprint of the code that ran it.
        horizon_ns: of every replication.
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
    def is_current(self) -> bool:
        """Whether this hasim would give the same outcomes, and so go on with the study."""
        return self.model == model_fingerprint()

    @property
    def key(self) -> str:
        """What its rows are bound to."""
        return "\0".join((self.digest, str(self.seed), self.heartbeats, self.model, str(self.horizon_ns)))


class Journal:
    """An open journal. A context manager; to be used by one thread."""

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
        self._connection.close()

    def outcomes(self, job: Job, numbers: range) -> list[RunOutcome]:
        """Those of these replications that are finished, in order (``numbers`` without gaps).

        Raises:
            UserError: the journal is damaged or cannot be read.
        """
        study = self._find(job)
        return [] if study is None else list(self.outcomes_of(study, numbers))

    def outcomes_of(self, study: KeptStudy, numbers: range | None = None) -> Iterator[RunOutcome]:
        """The finished replications of a study in order, each when it is asked for.

        Raises:
            UserError: the journal is damaged or cannot be read.
        """
        first, end = (0, 2**63 - 1) if numbers is None else (numbers.start, numbers.stop)
        query = (
            "SELECT number, CAST(outcome AS BLOB), CAST(checksum AS BLOB) FROM replication "
            "WHERE study = ? AND number >= ? AND number < ? ORDER BY number"
        )
        with self._reported():
            for number, packed, kept in self._connection.execute(query, (study.id, first, end)):
                if checksum(study.key, number, packed) != kept:
                    raise self._damaged(f"replication {number} of study {study.id} does not match its checksum")
                try:
                    outcome = unpack_outcome(packed, number, study.horizon_ns)
                except ValueError as error:
                    raise self._damaged(f"replication {number} of study {study.id} cannot be read: {error}") from None
                yield outcome

    def add(self, job: Job, outcomes: Sequence[RunOutcome]) -> None:
        """Commit finished replications. Those that are there already stay as they are.

        Raises:
            UserError: the journal cannot be written to.
        """
        packed = [(outcome.replication, pack_outcome(outcome)) for outcome in outcomes]
        with ctrl_c_later(), self._reported(), self._transaction():
            study = self._find(job) or self._begin(job)
            rows = [(study.id, number, row, checksum(study.key, number, row)) for number, row in packed]
            self._connection.executemany("INSERT OR IGNORE INTO replication VALUES (?, ?, ?, ?)", rows)

    def studies(self) -> list[KeptStudy]:
        """What is inside, in the order in which it was begun.

        Raises:
            UserError: the journal is damaged or cannot be read.
        """
        with self._reported():
            return [self._study(row) for row in self._connection.execute(f"SELECT {_COLUMNS} FROM study ORDER BY id")]

    def count(self, study: KeptStudy) -> int:
        """How many replications of it are finished.

        Raises:
            UserError: the journal is damaged or cannot be read.
        """
        with self._reported():
            query = "SELECT count(*) FROM replication WHERE study = ?"
            return int(self._connection.execute(query, (study.id,)).fetchone()[0])

    def _find(self, job: Job) -> KeptStudy | None:
        if job not in self._known:
            query = f"SELECT {_COLUMNS} FROM study WHERE digest = ? AND seed = ? AND heartbeats = ? AND model = ?"
            key = (digest_of(job.scenario), str(job.seed), job.heartbeats, model_fingerprint())
            with self._reported():
                row = self._connection.execute(query, key).fetchone()
            if row is None:
                return None
            self._known[job] = self._study(row)
        return self._known[job]

    def _begin(self, job: Job) -> KeptStudy:
        """A row for a new study; within a transaction."""
        import hasim

        study = KeptStudy(
            id=self._connection.execute("SELECT coalesce(max(id), 0) + 1 FROM study").fetchone()[0],
            digest=digest_of(job.scenario),
            seed=job.seed,
            heartbeats=job.heartbeats,
            model=model_fingerprint(),
            horizon_ns=job.scenario.horizon_ns,
            scenario=job.scenario.name,
            version=hasim.__version__,
        )
        values = (study.id, study.digest, str(study.seed), study.heartbeats, study.model)
        kept = (*values, study.horizon_ns, study.scenario, study.version, _study_checksum(study))
        self._connection.execute(f"INSERT INTO study ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)
        return study

    def _study(self, row: tuple[Any, ...]) -> KeptStudy:
        number, digest, seed, heartbeats, model, horizon_ns, scenario, version, kept = row
        try:
            study = KeptStudy(number, digest, int(seed), heartbeats, model, horizon_ns, scenario, version)
        except ValueError:
            raise self._damaged(f"study {number} has the seed {seed!r}") from None
        if _study_checksum(study) != kept:
            raise self._damaged(f"study {number} does not match its checksum")
        return study

    def _open(self, path: Path | None, create: bool) -> None:
        self.path = path
        self._known: dict[Job, KeptStudy] = {}
        if path is not None and not create and not path.exists():
            raise UserError(f"{path}: there is no such journal")
        with self._reported():
            self._connection = sqlite3.connect(":memory:" if path is None else path, _WAIT_S, isolation_level=None)
            self._connection.text_factory = lambda text: text.decode(errors="replace")  # checksums tell
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        """Make sure that this is a journal, whole, and ready to be shared."""
        if self._is_new():
            with self._transaction():
                if self._is_new():  # still, now that nobody else is at it
                    self._create()
        if self._pragma("application_id") != APPLICATION_ID:
            raise UserError(f"{self.path}: this is an SQLite file of something else; name another file")
        if self._pragma("user_version") != FORMAT:
            raise UserError(
                f"{self.path}: this is a journal of format {self._pragma('user_version')}, and this hasim reads format "
                f"{FORMAT}; name another file"
            )
        self._share()
        if (found := self._pragma("quick_check(1)")) != "ok":
            raise self._damaged(str(found))

    def _share(self) -> None:
        """Let others read while one writes; where the file system cannot do that, they wait."""
        deadline = time.monotonic() + _WAIT_S
        while self._pragma("journal_mode") != "wal":  # SQLite does not wait by itself for this one
            try:
                self._pragma("journal_mode = wal")
                break
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        self._connection.execute("PRAGMA synchronous = normal")

    def _is_new(self) -> bool:
        return bool(self._pragma("application_id") == 0 and self._pragma("schema_version") == 0)

    def _create(self) -> None:
        for statement in _TABLES.split(";")[:-1]:
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._connection.execute(f"PRAGMA user_version = {FORMAT}")

    def _pragma(self, what: str) -> Any:
        return self._connection.execute(f"PRAGMA {what}").fetchone()[0]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, with nobody else writing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Tell SQLite's errors in the user's terms."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise UserError(f"{self.path}: the journal cannot be used: {error}{self._hint()}") from None
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite quotes what it found in its message
            raise self._damaged(str(error)) from None

    def _hint(self) -> str:
        """What to do where SQLite says only that it cannot open the file."""
        if self.path is None or os.access(self.path.parent, os.W_OK):
            return ""
        return f". SQLite writes beside it even to read it: copy it out of {self.path.parent}, which cannot be written"

    def _damaged(self, what: str) -> UserError:
        detail = " ".join(what.split())
        return UserError(
            f"{self.path}: this is no journal, or a damaged one ({detail}). Nothing in it was used. Move it away and "
            "run the same command again: what it held is run anew"
        )


def _study_checksum(study: KeptStudy) -> bytes:
    text = "\0".join((study.key, str(study.id), study.scenario, study.version))
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def looks_like_a_journal(path: Path) -> bool:
    """Whether a file is a journal by its first bytes, or one whose process was killed before it could write them."""
    try:
        with path.open("rb") as stream:
            head = stream.read(72)
    except OSError:
        return False
    return not head or (head.startswith(b"SQLite format 3\0") and head[68:] == APPLICATION_ID.to_bytes(4, "big"))
