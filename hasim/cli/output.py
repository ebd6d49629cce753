"""The directory that ``--out`` names: whose it is, what may be overwritten, and what is put into it.

A directory is hasim's when it holds a ``meta.json`` or ``result.json`` in one of hasim's formats, or the journal of a
study that was killed. Such a directory is written again; an empty or missing one is taken; anything else is refused
before the simulation starts, so that nobody's files are lost and nobody waits for a result that cannot be kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Protocol

import typer

from hasim.cli.guard import INTERRUPTED, say
from hasim.errors import UserError
from hasim.units import counted

__all__ = [
    "CHARTS_DIRECTORY",
    "HTML_BEGINS",
    "JOURNAL_NAME",
    "Drawn",
    "blaming_user",
    "check_file",
    "claim",
    "keep",
    "leave_undrawn",
    "telling_what_is_kept",
]

CHARTS_DIRECTORY = "charts"
"""Where in the output directory the charts are."""

_VARIANTS_DIRECTORY = "variants"
"""Where in it the studies of a comparison are."""

JOURNAL_NAME = "journal.sqlite"
"""Where in it the finished replications are, if no other place is named."""

HTML_BEGINS = b"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>"""
"""How a report begins, and hardly a page of anybody else's."""

_TABLES = ("outages", "replications", "api", "strata", "episodes", "comparison", "sweep", "sensitivity", "candidates")
_FILES = (
    *(f"{table}.{kind}" for table in _TABLES for kind in ("csv", "parquet")),
    "scenario.yaml",
    "scenario.json",
    "studies.jsonl.gz",
    "episodes.jsonl.gz",
)
_CHARTS = (".png", ".svg")
"""What a result is made of beside ``meta.json`` and ``result.json``, which every result has."""

_OF_EVERY_RESULT = ("meta.json", "result.json")
_MARKERS = (*_OF_EVERY_RESULT, "drill.json")
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


class Drawn(Protocol):
    """Whatever has charts."""

    def charts(self, directory: Path, /) -> object:
        """Draw them into a directory."""


def keep(directory: Path, result: Drawn, save: Callable[[], object], *, charts: bool) -> bool:
    """Keep a result, as ``save`` does, and draw its charts; False when Ctrl-C ended that before all were drawn.

    What another result has left there goes, so that nothing lies beside this one that does not belong to it.

    Raises:
        UserError: a file cannot be written; Parquet is asked for and not installed.
    """
    before = {path: _version(path) for path in _results_in(directory)}
    with blaming_user(directory):
        save()
        try:
            if charts:
                result.charts(directory / CHARTS_DIRECTORY)
        except KeyboardInterrupt:
            return False
        finally:
            for path, version in before.items():
                if _version(path) == version:
                    path.unlink()
            _drop_empty(directory / _VARIANTS_DIRECTORY)
    return True


def leave_undrawn(directory: Path) -> NoReturn:
    """Leave after Ctrl-C while charts were drawn."""
    say(f"interrupted: {directory} has the whole result, but not all of its charts; the same command draws them")
    raise typer.Exit(INTERRUPTED)


@contextmanager
def telling_what_is_kept(journal: Path | None) -> Iterator[None]:
    """Leave after Ctrl-C with what can be gone on with."""
    from hasim.study.interrupts import Interrupted

    try:
        yield
    except KeyboardInterrupt as stop:
        if journal is None:
            say("interrupted: nothing is kept; with --out DIRECTORY or --journal FILE the same command can go on")
        elif not journal.exists():
            say("interrupted")
        else:
            kept = "what was finished is"
            if isinstance(stop, Interrupted):
                kept = f"{counted(stop.kept, 'episode')} {'is' if stop.kept == 1 else 'are'}"
            say(f"interrupted: {kept} kept in {journal}; the same command goes on from there")
        raise typer.Exit(INTERRUPTED) from None


def _results_in(directory: Path) -> Iterator[Path]:
    """The files there that results are made of; a journal is none."""
    yield from (directory / name for name in _FILES if (directory / name).is_file())
    for home in directory.glob(f"{_VARIANTS_DIRECTORY}/*/"):
        yield from (home / name for name in (*_FILES, *_OF_EVERY_RESULT) if (home / name).is_file())
    yield from (path for path in directory.glob(f"{CHARTS_DIRECTORY}/*") if path.suffix in _CHARTS and path.is_file())


def _drop_empty(directory: Path) -> None:
    """Remove the directories in there that nothing is left in, and at last itself."""
    for home in (*directory.glob("*/"), directory):
        if home.is_dir() and not any(home.iterdir()):
            home.rmdir()


def _version(path: Path) -> tuple[int, int] | None:
    """Another one whenever the file has been written; None when it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


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


def check_file(option: str, path: Path | None, begins: bytes, out: Path | None = None) -> None:
    """Find out before any work whether a file that ``option`` names can be written. One that is there already is
    replaced only if it is empty or ``begins`` as what will be written there: nobody's scenario is lost by a slip.
    ``out`` is a directory that will have been made by then, with all that it lies in.

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
        if out is not None and path.parent.resolve() in (out.resolve(), *out.resolve().parents):
            return
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
