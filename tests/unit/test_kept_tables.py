"""Tables in files: the same values in CSV and Parquet, for pandas and for DuckDB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from hasim.errors import UserError
from hasim.study import StudyResult
from hasim.study.frames import TABLES
from hasim.study.keeping.tables import write_table
from tests.unit.study_samples import outage, result, run


@pytest.fixture
def study() -> StudyResult:
    return result(
        run(0, outage(10, 6), outage(100, 2, "recovered_in_place", "service_failure")),
        run(1),
        run(2, outage(50, 9, "unresolved")),
    )


@pytest.fixture
def kept(study: StudyResult, tmp_path: Path) -> Path:
    study.save(tmp_path, parquet=True)
    return tmp_path


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_pandas_reads_the_frame_of_the_study(study: StudyResult, kept: Path, name: str, kind: str) -> None:
    path = kept / f"{name}.{kind}"
    read = pd.read_csv(path) if kind == "csv" else pd.read_parquet(path)
    frame = {"outages": study.outages_frame, "replications": study.replications_frame, "api": study.api_frame}[name]()
    pd.testing.assert_frame_equal(_plain(read), _plain(frame))
    assert (read.dtypes == "int64").sum() == (frame.dtypes == "int64").sum()


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Versions of pandas differ in how they hold text, and what is missing of it."""
    return frame.astype(object).where(frame.notna(), None)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_duckdb_asks_them(kept: Path, kind: str) -> None:
    question = f"""
        SELECT r.replication, count(o.outage), coalesce(sum(o.duration_ns), 0), max(r.downtime_ns), count(o.ended_on)
        FROM '{kept}/replications.{kind}' r LEFT JOIN '{kept}/outages.{kind}' o USING (replication)
        GROUP BY r.replication ORDER BY r.replication
    """
    second = 1_000_000_000
    assert duckdb.sql(question).fetchall() == [
        (0, 2, 8 * second, 8 * second, 2),
        (1, 0, 0, 0, 0),
        (2, 1, 9 * second, 9 * second, 0),
    ]


def test_a_table_without_rows_keeps_its_types(tmp_path: Path) -> None:
    table = TABLES["outages"]
    for kind in ("csv", "parquet"):
        write_table(tmp_path / f"empty.{kind}", table.columns, table.rows([run(0)]))
    described = dict(duckdb.sql(f"DESCRIBE SELECT * FROM '{tmp_path}/empty.parquet'").project("#1, #2").fetchall())
    assert (described["start_ns"], described["cause"]) == ("BIGINT", "VARCHAR")
    assert (tmp_path / "empty.csv").read_text() == ",".join(table.columns) + "\n"


def test_many_rows_are_written_in_parts(tmp_path: Path) -> None:
    write_table(tmp_path / "many.parquet", ("replication",), ((number,) for number in range(50_000)))
    assert duckdb.sql(f"SELECT sum(replication) FROM '{tmp_path}/many.parquet'").fetchall() == [(49_999 * 25_000,)]


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ends in \.csv or \.parquet"):
        write_table(tmp_path / "table.xlsx", ("replication",), [])


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def rows() -> object:
        yield (1,)
        raise UserError("no more")

    with pytest.raises(UserError, match="no more"):
        write_table(path, ("replication",), rows())  # type: ignore[arg-type]
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("table.csv", "old")]


def test_parquet_without_pyarrow_says_what_to_install() -> None:
    code = """
import sys
sys.modules["pyarrow"] = None
from hasim.study.keeping.tables import check_parquet
check_parquet()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].endswith("not installed: pip install 'hasim[parquet]'")
