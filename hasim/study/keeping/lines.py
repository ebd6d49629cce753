"""Rows kept in a compressed file: JSON, a value to a line, of which the first names the format.

A year of a study takes a tenth of what it takes as ``result.json`` and tables. The same rows make the same bytes, and
gzip's checksum tells a file that was cut off or damaged.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from hasim.errors import UserError
from hasim.study.keeping.checks import DAMAGED
from hasim.study.keeping.files import lost, made_again, parsed, whole_file

__all__ = ["Lines", "opened_lines", "write_lines"]

_LEVEL = 6


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """Write the values, which are ready for :func:`json.dumps`, one at a time.

    Raises:
        OSError: the file cannot be written.
    """
    with (
        whole_file(path) as part,
        part.open("wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as compressed,
        io.TextIOWrapper(compressed, encoding="utf-8", newline="\n") as stream,
    ):
        for value in values:
            stream.write(json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False))
            stream.write("\n")


class Lines:
    """The values of a file, in order."""

    def __init__(self, stream: TextIO) -> None:
        """Those that are still to come in a stream."""
        self._stream = stream

    def next(self) -> Any:
        """The next value.

        Raises:
            ValueError: there is none, or the line is no JSON.
        """
        line = self._stream.readline()
        if not line:
            raise ValueError("it ends too early")
        return parsed(line)

    def end(self) -> None:
        """Make sure that there is no more.

        Raises:
            ValueError: there is.
        """
        if self._stream.readline():
            raise ValueError("it goes on where it should end")


@contextmanager
def opened_lines(path: Path, wanted: str) -> Iterator[tuple[dict[str, Any], Lines]]:
    """The first value of a file in the format ``wanted``, and those that follow; all of them are to be read.

    Raises:
        UserError: the file is not there, cannot be read, has another format, or is damaged: also where the caller finds
            that, by a UserError or one of :data:`~hasim.study.keeping.checks.DAMAGED`.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            lines = Lines(stream)
            header = lines.next()
            found = header["format"]
            if found != wanted:
                raise UserError(f"expected the format {wanted}, got {found}; {made_again(path.parent)}")
            yield header, lines
            lines.end()
    except FileNotFoundError:
        raise UserError(lost(path)) from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error, *DAMAGED) as error:
        raise UserError(f"{path}: the file is damaged ({_detail(error)}); {made_again(path.parent)}") from None
    except OSError as error:
        raise UserError(f"{path}: the file cannot be read: {error.strerror or error}") from None


def _detail(error: Exception) -> str:
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)
