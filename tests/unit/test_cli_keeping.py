"""The directory of ``--out`` holds one result, and a whole one; a journal that is not as it was written is refused."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner, Result

from hasim.cli.main import app
from tests.exact.pairs import crashing_group

pytestmark = pytest.mark.usefixtures("short_pilot")


def write_pair(directory: Path) -> Path:
    path = directory / "pair.yaml"
    path.write_text(crashing_group("{exponential: {mean: 10d}}", "{exponential: {mean: 10min}}"), encoding="utf-8")
    return path


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return write_pair(tmp_path)


def hasim(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def names(directory: Path) -> set[str]:
    """The files there but for the journal."""
    files = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    return {name for name in files if not name.startswith("journal.sqlite")}


YEARS = ("-n", 2, "-j", 1, "--parquet")
EPISODES = ("--method", "episodes", "--precision", "60%", "-j", 1)


@pytest.mark.parametrize(("first", "second"), [(YEARS, EPISODES), (EPISODES, YEARS[:-1])])
def test_nothing_of_another_result_stays_beside_a_new_one(
    pair: Path, tmp_path: Path, first: tuple[object, ...], second: tuple[object, ...]
) -> None:
    used, fresh = tmp_path / "used", tmp_path / "fresh"
    assert hasim("run", pair, *first, "--no-charts", "--out", used).exit_code == 0
    (used / "charts").mkdir()
    (used / "charts" / "of-the-first.svg").touch()
    (used / "notes.csv").write_text("mine", encoding="utf-8")
    for directory in (used, fresh):
        assert hasim("run", pair, *second, "--no-charts", "--out", directory).exit_code == 0
    assert names(used) == names(fresh) | {"notes.csv"}


def test_the_variants_of_a_comparison_go_with_it(pair: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "new" / "out", tmp_path / "new" / "report.html"
    how = ("-n", 1, "-j", 1, "--no-charts", "--out", out)
    assert hasim("compare", pair, "--variant", "x:notify.tries=9", *how, "--report", report).exit_code == 0
    assert report.is_file()
    assert "variants/2-x/result.json" in names(out)
    assert hasim("sweep", pair, "--vary", "notify.tries=3,9", *how).exit_code == 0
    assert names(out) == {"meta.json", "result.json", "studies.jsonl.gz", "sweep.csv"}
    assert not (out / "variants").exists()


def test_a_report_may_lie_in_a_directory_that_out_makes(pair: Path, tmp_path: Path) -> None:
    how = ("run", pair, "-n", 1, "-j", 1, "--no-charts")
    out, report = tmp_path / "new" / "out", tmp_path / "new" / "report.html"
    refused = hasim(*how, "--report", tmp_path / "other" / "report.html", "--out", out)
    assert (refused.exit_code, "there is no directory" in refused.stderr) == (2, True)
    assert not out.exists()
    assert hasim(*how, "--report", report, "--out", out).exit_code == 0
    assert report.is_file()


def test_ctrl_c_while_charts_are_drawn_leaves_the_result_and_prints_it(
    pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Figure, "savefig", stop)
        stopped = hasim("run", pair, "-n", 2, "-j", 1, "--out", out)
    assert stopped.exit_code == 130
    assert "downtime" in stopped.stdout
    assert f"{out} has the whole result, but not all of its charts; the same command draws them" in stopped.stderr
    assert hasim("run", pair, "-n", 2, "-j", 1, "--out", out).exit_code == 0
    assert len(list((out / "charts").iterdir())) > 2


@pytest.fixture(scope="module")
def finished(short_pilot: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A scenario and the journal of a study of it."""
    home = tmp_path_factory.mktemp("finished")
    scenario, journal = write_pair(home), home / "journal.sqlite"
    assert hasim("run", scenario, *EPISODES, "--journal", journal).exit_code == 0
    return scenario, journal


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE stratum SET master = 'b'", "episode 0 of stratum 0 of study 1 does not match its checksum"),
        ("DELETE FROM stratum", "stratum 0 of study 1 is not there"),
        ("DROP TABLE stratum", "no such table: stratum"),
        ("UPDATE study SET scenario = 'other'", "study 1 does not match its checksum"),
    ],
)
def test_a_journal_whose_strata_or_studies_were_edited_is_refused_by_a_run(
    finished: tuple[Path, Path], tmp_path: Path, damage: str, what: str
) -> None:
    scenario, journal = finished[0], tmp_path / "journal.sqlite"
    shutil.copy(finished[1], journal)
    with sqlite3.connect(journal) as connection:
        connection.execute(damage)
    refused = hasim("run", scenario, *EPISODES, "--journal", journal)
    assert refused.exit_code == 2
    assert what in refused.stderr
    assert "Move it away" in refused.stderr


def test_a_journal_in_a_directory_that_is_not_there_says_so(pair: Path, tmp_path: Path) -> None:
    refused = hasim("run", pair, "--journal", tmp_path / "nowhere" / "journal.sqlite")
    assert refused.exit_code == 2
    assert f"There is no directory {tmp_path / 'nowhere'}" in refused.stderr


def test_no_more_replications_than_a_scenario_may_ask_for(pair: Path) -> None:
    assert hasim("run", pair, "-n", 10_000_001).exit_code == 2


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "hasim", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == hasim("--version").stdout
