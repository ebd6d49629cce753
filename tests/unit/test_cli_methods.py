"""``hasim run --method`` and ``--exact`` on the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hasim.cli.main import app
from hasim.study import Crew
from tests.exact.pairs import crashing_group

pytestmark = pytest.mark.usefixtures("short_pilot")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(crashing_group("{exponential: {mean: 1000h}}", "{exponential: {mean: 1h}}"), encoding="utf-8")
    return path


def hasim(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["run", *map(str, arguments)], prog_name="hasim")


def test_episodes_are_shown_with_what_begins_them_and_with_the_exact_answer(pair: Path) -> None:
    result = hasim(pair, "--method", "episodes", "--precision", "20%", "--exact", "-j", 1)
    assert result.exit_code == 0
    for text in ("the long run from", "What begins it", "crash of a", "exact model (closed)", "agrees"):
        assert text in result.stdout


def test_rare_prints_json_and_nothing_else(pair: Path) -> None:
    result = hasim(pair, "--method", "rare", "--precision", "40%", "--json", "-j", 1)
    document = json.loads(result.stdout)
    assert document["method"] == "rare"
    assert document["summary"]["overlapping_unavailability"]["value"] == pytest.approx(1e-6, rel=0.4)


def test_years_and_the_exact_answer_go_together(pair: Path) -> None:
    document = json.loads(hasim(pair, "-n", 2, "--exact", "--json", "-j", 1).stdout)
    assert document["format"] == "hasim.study/1"
    assert document["exact"]["kind"] == "closed"


@pytest.mark.parametrize("method", [(), ("--method", "episodes"), ("--out", "out")])
def test_an_exact_answer_that_there_is_not_is_refused_before_any_work(
    pair: Path, method: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Crew, "run", lambda *_: pytest.fail("something ran"))
    more = "  - {kind: service_failure, target: a, time_to_failure: {exponential: {mean: 30d}}, duration: 1min}"
    pair.write_text(f"{pair.read_text().rstrip()}\n{more}\n", encoding="utf-8")
    result = hasim(pair, "--exact", *method)
    assert result.exit_code == 2
    assert "no exact model: service_failure a is a service_failure" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [["-n", "3"], ["--intervals"], ["--heartbeats", "explicit"]])
def test_options_of_replications_mean_nothing_to_episodes(pair: Path, option: list[str]) -> None:
    result = hasim(pair, "--method", "episodes", *option)
    assert result.exit_code == 2
    assert "belongs to --method years" in result.stderr


def test_what_is_kept_adds_up_to_what_is_printed(pair: Path, tmp_path: Path) -> None:
    home = tmp_path / "kept"
    result = hasim(
        pair, "--method", "rare", "--precision", "60%", "--out", home, "-j", 1, "--report", tmp_path / "r.html"
    )
    assert result.exit_code == 0
    assert f"report in {tmp_path / 'r.html'}" in result.stderr
    assert "Downtime of one run of" in (tmp_path / "r.html").read_text(encoding="utf-8")
    document = json.loads((home / "result.json").read_text())
    with (home / "episodes.csv").open() as stream:
        lost_ns = sum(float(row["per_year"]) * int(row["downtime_ns"]) for row in csv.DictReader(stream))
    assert lost_ns == pytest.approx(document["summary"]["downtime_per_year_ns"]["value"], rel=1e-3)
    with (home / "outages.csv").open() as stream:
        outages = sum(float(row["per_year"]) for row in csv.DictReader(stream))
    assert outages == pytest.approx(document["summary"]["outages_per_year"]["value"], rel=1e-3)
    assert len(list((home / "charts").glob("*.svg"))) == 4
    assert json.loads((home / "meta.json").read_text())["command"].startswith("hasim")


def test_its_tables_are_parquet_if_that_is_asked_for(pair: Path, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    home = tmp_path / "kept"
    hasim(pair, "--method", "episodes", "--precision", "60%", "--out", home, "--parquet", "--no-charts", "-j", 1)
    assert not (home / "charts").exists()
    strata = pandas.read_parquet(home / "strata.parquet")
    assert list(strata["target"]) == [*"aaa", *"bbb"]
    assert list(strata["together"]) == [0, 0, 1] * 2
    assert (strata["per_year"] * strata["probability"]).sum() == pytest.approx(2 * 8.76, rel=0.01)


def test_intervals_of_other_methods_stand_beside_the_usual_ones(pair: Path) -> None:
    arguments = (pair, "-n", 50, "--intervals", "-j", 1)
    assert "regenerative" in hasim(*arguments).stdout
    document = json.loads(hasim(*arguments, "--json").stdout)
    for name, methods in document["intervals"].items():
        assert methods["replications"]["value"] == document["summary"][name]["value"]
        for method in ("bootstrap", "regenerative"):
            assert methods[method]["value"] == pytest.approx(methods["replications"]["value"], rel=1e-9)


def test_a_scripted_scenario_has_no_cycles_and_no_outages_per_year() -> None:
    arguments = ("scenarios/freeze-that-heals.yaml", "-n", 12, "--intervals", "-j", 1)
    shown = hasim(*arguments).stdout
    assert "95% intervals by other methods" in shown
    assert "regenerative" not in shown
    assert "outages per year" not in shown
    assert list(json.loads(hasim(*arguments, "--json").stdout)["intervals"]) == ["unavailability"]


def test_a_scenario_that_does_not_fit_is_refused_with_the_assumption_that_fails() -> None:
    result = hasim("scenarios/freeze-that-heals.yaml", "--method", "episodes")
    assert result.exit_code == 2
    assert "only by replications (the method years)" in result.stderr
    assert "at a fixed time" in result.stderr
