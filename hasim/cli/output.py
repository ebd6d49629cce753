"""The directory that ``--out`` names: whose it is, what may be overwritten, and what is put into it.

A directory is hasim's when it holds a ``meta.json`` or ``result.json`` in one of hasim's formats, or the journal of a
study that was killed. Such a directory is written again; an empty or missing one is taken; anything else is refused
before the simulation starts, so that nobody's files are lost and nobody waits for a result that cannot be kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hasim.errors import UserError

if TYPE_CHECKING:
    from hasim.study import StudyResult

__all__ = ["CHARTS_DIRECTORY", "HTML_BEGINS", "JOURNAL_NAME", "blaming_user", "check_file", "claim", "write_result"]

CHARTS_DIRECTORY = "charts"
"""Where in the output directory the charts are."""

JOURNAL_NAME = "journal.sqlite"
"""Where in it the finished replications are, if no other place is named."""

HTML_BEGINS = b"<!DOCTYPE html>"
"""How a report begins."""

_MARKERS = ("meta.json", "result.json", "drill.json")
_FORMAT = re.compile(r'\s*\{\s*"format"\s*:\s*"hasim\.')
_HEAD_CHARACTERS = 200


def claim(directory: Path) -> None:
    """Make sure that results can be written there, and create the directory.

    Raises:
        UserError: it is a file, holds somebody else's files, or cannot be written to.
    """
    if directory.exists() and not directory.is_dir():
        raise UserError(f"--out {directory}: this is a file, expected a directory")
    with blaming_user(directory):
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()) and not _is_ours(directory):
            raise UserError(
                f"--out {directory}: the directory holds files that hasim did not write (no meta.json of hasim among "
                "them); name a new or an empty one"
            )
        probe = directory / ".hasim-probe"
        probe.touch()
        probe.unlink()


def write_result(directory: Path, result: StudyResult, command: str, *, charts: bool, parquet: bool = False) -> None:
    """Keep the study (see :mod:`hasim.study.storage`) and draw its charts.

    Raises:
        UserError: a file cannot be written; Parquet is asked for and not installed.
    """
    from hasim.study.storage import save

    with blaming_user(directory):
        save(result, directory, command, parquet=parquet)
        if charts:
            result.charts(directory / CHARTS_DIRECTORY)


def _is_ours(directory: Path) -> bool:
    from hasim.study.journal import looks_like_a_journal

    marked = any(_FORMAT.match(_head(directory / name)) for name in _MARKERS)
    return marked or looks_like_a_journal(directory / JOURNAL_NAME)


def _head(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_HEAD_CHARACTERS)
    except (OSError, UnicodeDecodeError):
        return ""


def check_file(option: str, path: Path | None, begins: bytes) -> None:
    """Find out before any work whether a file that ``option`` names can be written. One that is there already is
    replaced only if it is empty or ``begins`` as what will be written there: nobody's scenario is lost by a slip.

    Raises:
        UserError: it is a directory, a device or a pipe (which would be replaced), holds something else, or its
            directory is not there.
    """
    if path is None:
        return
    if path.is_dir():
        raise UserError(f"{option} {path}: this is a directory, expected the name of a file")
    if path.exists() and not path.is_file():
        raise UserError(f"{option} {path}: this is no ordinary file, and would be replaced by one; name another")
    if not path.parent.is_dir():
        raise UserError(f"{option} {path}: there is no directory {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UserError(f"{option} {path}: cannot be written: Permission denied")
    if path.exists() and not begins.startswith(_first_bytes(option, path, len(begins))):
        raise UserError(f"{option} {path}: this file holds something else, which would be lost; name another")


def _first_bytes(option: str, path: Path, count: int) -> bytes:
    with blaming_user(path, option), path.open("rb") as file:
        return file.read(count)


@contextmanager
def blaming_user(path: Path, option: str = "--out") -> Iterator[None]:
    """Turn an error of writing there into a message about the option that named it."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{option} {path}: cannot be written: {error.strerror or error}") from error
