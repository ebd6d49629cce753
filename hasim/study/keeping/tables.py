"""Rows as a CSV or Parquet file, a few thousand at a time, so that memory does not grow with their number.

Parquet takes :mod:`pyarrow` (extra ``parquet``). Whole numbers are 64-bit integers in both, text that is missing is
null (in CSV: an empty field). Whoever sees a file sees all of it: it is written beside its place and then moved there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from hasim.errors import UserError
from hasim.study.frames import is_fraction, is_text
from hasim.study.keeping.files import whole_file

__all__ = ["SUFFIXES", "check_parquet", "write_table"]

SUFFIXES = (".csv", ".parquet")

_BATCH_ROWS = 20_000


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows in the format that the name of the file ends in.

    Raises:
        UserError: it ends in neither of :data:`SUFFIXES`, or Parquet is not installed.
        OSError: it cannot be written.
    """
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: the name of a table ends in {' or '.join(SUFFIXES)}")
    with whole_file(path) as part:
        if path.suffix == ".csv":
            with part.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(columns)
                writer.writerows(rows)
        else:
            _write_parquet(part, columns, rows)


def check_parquet() -> None:
    """Make sure that Parquet can be written.

    Raises:
        UserError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ModuleNotFoundError:
        raise UserError("Parquet needs pyarrow, which is not installed: pip install 'hasim[parquet]'") from None


def _write_parquet(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    check_parquet()
    import pyarrow as pa
    import pyarrow.parquet as pq

    def kind(column: str) -> Any:
        if is_text(column):
            return pa.string()
        return pa.float64() if is_fraction(column) else pa.int64()

    schema = pa.schema([(column, kind(column)) for column in columns])
    left = iter(rows)
    with pq.ParquetWriter(path, schema) as writer:
        while batch := list(islice(left, _BATCH_ROWS)):
            writer.write_table(pa.table(list(map(list, zip(*batch, strict=True))), schema=schema))
