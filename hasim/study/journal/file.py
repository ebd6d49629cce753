"""A journal as an SQLite file: :class:`JournalFile`."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hasim.errors import UserError

__all__ = ["APPLICATION_ID", "FORMAT", "JournalFile", "looks_like_a_journal"]

FORMAT = 1
APPLICATION_ID = int.from_bytes(b"hasi", "big")

_WAIT_S = 30.0
"""So long a process waits for another one that is writing."""


_MISSING = re.compile("no such (table|column)")
"""How SQLite says that part of a journal is gone."""


class JournalFile:
    """An open file with the tables of a journal, which is whole and ready to be shared.

    Attributes:
        path: of the file; None is a temporary one.
        connection: what it is read and written with, within :meth:`reported`.
    """

    def __init__(self, path: Path | None, tables: str, *, create: bool) -> None:
        """Open it; ``create`` makes it, with these ``tables``, if there is none.

        Raises:
            UserError: the file cannot be opened, is no journal of hasim or of another format, or is damaged.
        """
        self.path = path
        if path is not None and not create and not path.exists():
            raise UserError(f"{path}: there is no such journal")
        if path is not None and path.is_dir():
            raise UserError(f"{path}: this is a directory, expected a file such as {path / 'study.sqlite'}")
        with self.reported():
            self.connection = sqlite3.connect("" if path is None else path, _WAIT_S, isolation_level=None)
            self.connection.text_factory = lambda text: text.decode(errors="replace")  # checksums tell
            try:
                self._prepare(tables)
            except BaseException:
                self.connection.close()
                raise

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def make(self, tables: str) -> None:
        """Make tables, each statement ended by a semicolon; within a transaction."""
        for statement in tables.split(";")[:-1]:
            self.connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, with nobody else writing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Tell SQLite's errors in the user's terms."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if _MISSING.match(str(error)):
                raise self.damaged(str(error)) from None
            raise UserError(f"{self.path}: the journal cannot be used: {error}{self._hint()}") from None
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite quotes what it found in its message
            raise self.damaged(str(error)) from None

    def damaged(self, what: str) -> UserError:
        """The error that says so."""
        detail = " ".join(what.split())
        return UserError(
            f"{self.path}: this is no journal, or a damaged one ({detail}). Nothing in it was used. Move it away and "
            "run the same command again: what it held is run anew"
        )

    def _prepare(self, tables: str) -> None:
        """Make sure that this is a journal, whole, and ready to be shared."""
        if self._is_new():
            with self.transaction():
                if self._is_new():  # still, now that nobody else is at it
                    self.make(tables)
                    self.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    self.connection.execute(f"PRAGMA user_version = {FORMAT}")
        if self._pragma("application_id") != APPLICATION_ID:
            raise UserError(f"{self.path}: this is an SQLite file of something else; name another file")
        if self._pragma("user_version") != FORMAT:
            raise UserError(
                f"{self.path}: this is a journal of format {self._pragma('user_version')}, and this hasim reads format "
                f"{FORMAT}; name another file"
            )
        self._share()
        if (found := self._pragma("quick_check(1)")) != "ok":
            raise self.damaged(str(found))

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
        self.connection.execute("PRAGMA synchronous = normal")

    def _is_new(self) -> bool:
        return bool(self._pragma("application_id") == 0 and self._pragma("schema_version") == 0)

    def _pragma(self, what: str) -> Any:
        return self.connection.execute(f"PRAGMA {what}").fetchone()[0]

    def _hint(self) -> str:
        """What to do where SQLite says only that it cannot open the file."""
        if self.path is None:
            return ""
        if not self.path.parent.is_dir():
            return f". There is no directory {self.path.parent}"
        if os.access(self.path.parent, os.W_OK):
            return ""
        return f". SQLite writes beside it even to read it: copy it out of {self.path.parent}, which cannot be written"


def looks_like_a_journal(path: Path) -> bool:
    """Whether a file is a journal by its first bytes, or one whose process was killed before it could write them."""
    try:
        with path.open("rb") as stream:
            head = stream.read(72)
    except OSError:
        return False
    return not head or (head.startswith(b"SQLite format 3\0") and head[68:] == APPLICATION_ID.to_bytes(4, "big"))
