"""``hasim run --method`` and ``--exact`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hasim.cli.main import app
from tests.exact.pairs import crashing_group


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
    for text in ("the long run from", "What begins it", "crash a b: a", "exact model (closed)", "agrees"):
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


@pytest.mark.parametrize("option", [["-n", "3"], ["--out", "somewhere"], ["--heartbeats", "explicit"], ["--no-charts"]])
def test_options_of_replications_mean_nothing_to_episodes(pair: Path, option: list[str]) -> None:
    result = hasim(pair, "--method", "episodes", *option)
    assert result.exit_code == 2
    assert "belongs to --method years" in result.stderr


def test_a_scenario_that_does_not_fit_is_refused_with_the_assumption_that_fails() -> None:
    result = hasim("scenarios/freeze-that-heals.yaml", "--method", "episodes")
    assert result.exit_code == 2
    assert "use --method years" in result.stderr
    assert "at a fixed time" in result.stderr
