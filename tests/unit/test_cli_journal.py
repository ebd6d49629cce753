"""``hasim journal``, and what ``hasim run`` does with journals, precision, clusters and tables."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from hasim.cli.main import app
from tests.unit.study_samples import SCENARIOS

SCENARIO = str(SCENARIOS / "freeze-that-heals.yaml")


def hasim(*arguments: str | Path, status: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == status, result.stderr
    return result


def run(*arguments: str | Path, status: int = 0) -> Result:
    return hasim("run", SCENARIO, "--jobs", "1", "--no-charts", *arguments, status=status)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A journal with two studies."""
    path = tmp_path / "two.sqlite"
    run("-n", "4", "--journal", path)
    run("-n", "2", "--journal", path, "--set", "vrrp.advert_int=2s", "--seed", "5")
    return path


def test_a_directory_keeps_a_journal_and_goes_on_from_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("-n", "3", "--out", out, "--report", tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert json.loads(hasim("journal", out / "journal.sqlite", "--json").stdout)["studies"][0]["replications"] == 3
    more = run("-n", "5", "--out", out, "--json").stdout
    assert more == run("-n", "5", "--json").stdout
    run("-n", "5", "--out", out, "--set", "vrrp.advert_int=2s")
    listed = json.loads(hasim("journal", out / "journal.sqlite", "--json").stdout)["studies"]
    assert [entry["replications"] for entry in listed] == [5, 5]
    assert listed[0]["digest"] != listed[1]["digest"]


def test_a_directory_with_nothing_but_a_journal_is_ours(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("-n", "2", "--out", out)
    for path in out.iterdir():
        if path.name != "journal.sqlite":
            path.unlink()
    run("-n", "2", "--out", out)
    assert (out / "result.json").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "journal.sqlite").write_text("somebody else's")
    assert "holds files that hasim did not write" in run("-n", "2", "--out", other, status=2).stderr


def test_a_journal_of_ones_own_leaves_none_in_the_directory(tmp_path: Path) -> None:
    run("-n", "2", "--out", tmp_path / "out", "--journal", tmp_path / "mine.sqlite")
    assert (tmp_path / "mine.sqlite").exists()
    assert not (tmp_path / "out" / "journal.sqlite").exists()


def test_a_damaged_journal_is_the_users_to_move_away(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:5000])
    for command in (("journal", kept), ("run", SCENARIO, "-n", "4", "--journal", kept)):
        told = hasim(*command, status=2).stderr
        assert "damaged" in told
        assert "Move it away and run the same command again" in told


def test_the_journal_lists_its_studies(kept: Path) -> None:
    told = hasim("journal", kept).stdout
    assert "2 studies, every run as it was written" in " ".join(told.split())
    rows = [line.split()[:2] for line in told.splitlines() if "freeze-that-heals" in line]
    assert rows == [[number, "freeze-that-heals"] for number in "12"]
    document = json.loads(hasim("journal", kept, "--json").stdout)
    assert document["format"] == "hasim.journal/1"
    assert [(entry["study"], entry["seed"], entry["replications"]) for entry in document["studies"]][1] == (2, 5, 2)
    assert all(entry["is_current"] for entry in document["studies"])
    assert len(json.loads(hasim("journal", kept, "--study", "2", "--json").stdout)["studies"]) == 1


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_journal_is_exported_as_tables(kept: Path, tmp_path: Path, kind: str) -> None:
    for name in ("outages", "replications", "api"):
        hasim("journal", kept, "--export", tmp_path / f"{name}.{kind}", "--table", name)
    counted = duckdb.sql(
        f"SELECT study, seed, count(*) FROM '{tmp_path}/replications.{kind}' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert [(study, count) for study, _, count in counted] == [(1, 4), (2, 2)]
    assert counted[1][1] == 5
    outages = duckdb.sql(f"SELECT sum(duration_ns) FROM '{tmp_path}/outages.{kind}'").fetchall()
    assert outages == duckdb.sql(f"SELECT sum(downtime_ns) FROM '{tmp_path}/replications.{kind}'").fetchall()


def test_what_the_journal_command_cannot_do_is_told(kept: Path, tmp_path: Path) -> None:
    assert "there is no such journal" in hasim("journal", tmp_path / "none.sqlite", status=2).stderr
    assert "there is no study 7; it holds 2" in hasim("journal", kept, "--study", "7", status=2).stderr
    assert "ends in .csv or .parquet" in hasim("journal", kept, "--export", tmp_path / "x.txt", status=2).stderr
    assert "cannot be written" in hasim("journal", kept, "--export", tmp_path / "no" / "x.csv", status=2).stderr


def test_a_precision_decides_how_many_runs_and_says_so() -> None:
    told = run("--precision", "50%").stdout
    assert "replications: the unavailability is known to ±" in told
    assert "(±50% asked)" in told
    document = json.loads(run("--precision", "0.5", "--json").stdout)
    assert document["stopping"]["met"] is True
    assert document["summary"]["replications"] >= 30


def test_a_bound_that_is_reached_is_said_beside_json_too() -> None:
    result = run("--precision", "0.1%", "--max-replications", "30", "--json")
    assert "stopped at the bound of 30 replications" in result.stderr
    assert json.loads(result.stdout)["stopping"]["met"] is False


def test_options_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    assert "give -n or --precision, not both" in run("--precision", "5%", "-n", "9", status=2).stderr
    assert "--max-replications goes with --precision" in run("--max-replications", "90", status=2).stderr
    assert "expected a percentage" in run("--precision", "narrow", status=2).stderr
    assert "--parquet says how tables are written into --out" in run("--parquet", status=2).stderr
    assert "give jobs or a cluster, not both" in run("--cluster", "tcp://127.0.0.1:1", status=2).stderr


def test_parquet_stands_beside_csv(tmp_path: Path) -> None:
    run("-n", "2", "--out", tmp_path / "out", "--parquet")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {f"{name}.{kind}" for name in ("outages", "replications", "api") for kind in ("csv", "parquet")} < names


def test_a_table_is_of_an_export(kept: Path) -> None:
    said = hasim("journal", kept, "--table", "api", status=2).stderr
    assert "--table api says what --export FILE writes, and there is no --export" in said
