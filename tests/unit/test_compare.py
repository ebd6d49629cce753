"""Variants under the same luck: who wins, what is undecided, and what cannot be compared."""

from __future__ import annotations

import csv
import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import hasim
from hasim.cli.compare import parse_variant
from hasim.cli.main import app
from hasim.errors import UserError
from hasim.study import load_result
from hasim.study.compare import METRICS, Comparison, load_comparison
from hasim.study.compare.variants import foreign_faults
from tests.unit.scenario_texts import BASE

YEAR_OF_CRASHES = (
    BASE.replace("10min", "60d")
    + """
vrrp: {nopreempt: true}
faults:
  - {kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 10d}}, duration: 5min}
replications: 25
"""
)
SLOW_SCRIPT = {"notify.sleep_before": "4s"}


@pytest.fixture(scope="module")
def study() -> hasim.Study:
    return hasim.loads(YEAR_OF_CRASHES, "pair.yaml")


@pytest.fixture(scope="module")
def comparison(study: hasim.Study) -> Comparison:
    return study.compare({"slow": SLOW_SCRIPT, "same": study}, name="pair", jobs=1)


def hasim_command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="hasim")


def test_a_scenario_compared_with_itself_differs_by_nothing_and_is_undecided(comparison: Comparison) -> None:
    assert comparison.same_as_baseline == ("same",)
    for metric in comparison.metrics:
        difference = comparison.difference(metric, "same")
        assert difference is not None
        assert difference.estimate.value == 0
        assert difference.estimate.low < 0 < difference.estimate.high
        assert difference.sign == 0


def test_a_variant_known_to_be_slower_loses(study: hasim.Study) -> None:
    comparison = study.compare({"slow": SLOW_SCRIPT}, name="pair", jobs=1)
    for metric in (METRICS["downtime_per_year"], METRICS["failover_p50"]):
        difference = comparison.difference(metric, "slow")
        assert difference is not None
        assert difference.sign == 1
        winner = comparison.winner(metric)
        assert (winner.leader, winner.decided) == ("pair", True)
        assert winner.confidence > 0.99


def test_the_pairing_finds_four_seconds_to_the_nanosecond(comparison: Comparison) -> None:
    """A pause of 4 s lengthens every failover by 4 s; what else a failover takes is the same luck in both."""
    difference = comparison.difference(METRICS["failover_mean"], "slow")
    assert difference is not None
    assert difference.estimate.value == pytest.approx(4e9, rel=1e-9)
    assert difference.gain is not None
    assert difference.gain > 100


def test_all_intervals_of_a_metric_hold_together(comparison: Comparison) -> None:
    assert comparison.confidence_each == pytest.approx(0.975)
    difference = comparison.difference(comparison.metrics[0], "slow")
    assert difference is not None
    assert difference.estimate.confidence == pytest.approx(0.975)


def test_who_wins_is_undecided_while_one_variant_does_the_same(comparison: Comparison) -> None:
    assert not comparison.winner(METRICS["downtime_per_year"]).decided


def test_a_metric_of_which_there_is_nothing_has_no_winner() -> None:
    study = hasim.loads(BASE)
    comparison = study.compare({"slow": SLOW_SCRIPT}, replications=2, jobs=1, metrics=["failover_p50"])
    assert comparison.difference(comparison.metrics[0], "slow") is None
    assert comparison.winner(comparison.metrics[0]).leader is None
    assert math.isnan(comparison.frame()["difference"][1])
    assert "nothing of the kind" in comparison._repr_html_()


def test_scripted_scenarios_are_compared_per_run() -> None:
    study = hasim.loads(BASE + "faults: [{kind: crash, target: a, at: 100s}]\n")
    assert [metric.name for metric in study.compare({"x": SLOW_SCRIPT}, replications=1, jobs=1).metrics] == [
        "downtime_per_run",
        "outages_per_run",
        "failover_p50",
        "failover_p95",
    ]


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ({}, "only one variant: give at least one other"),
        ({"pair": SLOW_SCRIPT}, "two variants are called 'pair'"),
        ({"longer": {"horizon": "90d"}}, "pair runs for .* and longer for 90 d: .* over the same time"),
        ({"wrong": {"vrrp.priority": 300}}, "whole number from 1 to 255"),
        ({"": SLOW_SCRIPT}, "the name of a variant is text, not ''"),
        ({1: SLOW_SCRIPT}, "the name of a variant is text, not 1"),
        ({"slow": "notify.sleep_before=4s"}, "variant slow: expected a Study or changes"),
        ([SLOW_SCRIPT], "expected variants by their names"),
    ],
)
def test_what_cannot_be_compared_is_refused(study: hasim.Study, variants: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        study.compare(variants, name="pair")


def test_an_unknown_metric_is_refused_before_anything_runs(study: hasim.Study) -> None:
    with pytest.raises(UserError, match="did you mean failover_mean"):
        study.compare({"slow": SLOW_SCRIPT}, metrics=["failovers_mean"])
    with pytest.raises(UserError, match=r"expected one of downtime_per_year, .*, guest_mean, service_mean$"):
        study.compare({"slow": SLOW_SCRIPT}, metrics="weather")
    with pytest.raises(UserError, match="unknown metric 'failovers_mean'"):
        study.compare({"slow": SLOW_SCRIPT}, metrics="failovers_mean")


def test_a_comparison_can_be_pickled(comparison: Comparison) -> None:
    again = pickle.loads(pickle.dumps(comparison))
    assert again == comparison
    assert again.to_json() == comparison.to_json()
    assert pickle.loads(pickle.dumps(METRICS)) == METRICS


def test_a_kept_comparison_opens_as_it_was(comparison: Comparison, tmp_path: Path) -> None:
    comparison.save(tmp_path, "hasim compare pair.yaml")
    again = load_comparison(tmp_path)
    assert again == comparison
    assert again.to_json() == comparison.to_json()
    with pytest.raises(UserError, match=r"no study of replications. It holds a comparison"):
        load_result(tmp_path)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "cannot be read"),
        ("[]", "damaged"),
        ('{"format": "hasim.sweep/1"}', r"no comparison: expected hasim\.comparison/1, got hasim\.sweep/1"),
        ('{"format": "hasim.comparison/1"}', "damaged: 'variants'"),
        ('{"format": "hasim.comparison/1", "variants": [{"name": "a"}]}', "no such file"),
    ],
)
def test_a_damaged_comparison_is_refused(document: str | None, message: str, tmp_path: Path) -> None:
    if document is not None:
        (tmp_path / "result.json").write_text(document, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load_comparison(tmp_path)


def test_a_variant_of_another_comparison_is_refused(comparison: Comparison, tmp_path: Path) -> None:
    comparison.save(tmp_path)
    document = comparison.to_json() | {"replications": 7}
    (tmp_path / "result.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UserError, match="do not belong together"):
        load_comparison(tmp_path)


def test_faults_that_strike_otherwise_are_named(study: hasim.Study) -> None:
    rarer = study.with_({"faults.0.duration": "6min"})
    assert foreign_faults(study.scenario, rarer.scenario) == ("crash a b",)
    assert foreign_faults(study.scenario, study.with_(SLOW_SCRIPT).scenario) == ()


@pytest.mark.parametrize(
    ("text", "name", "changes"),
    [
        ("fast:vrrp.version=3,vrrp.advert_int=100ms", "fast", {"vrrp.version": 3, "vrrp.advert_int": "100ms"}),
        ("vrrp.advert_int=2s", "vrrp.advert_int=2s", {"vrrp.advert_int": "2s"}),
        (
            "x:notify.start_up={lognormal: {median: 1s, p95: 2s}},notify.tries=9",
            "x",
            {"notify.start_up": {"lognormal": {"median": "1s", "p95": "2s"}}, "notify.tries": 9},
        ),
        ("y:faults[0].target=[a, b]", "y", {"faults[0].target": ["a", "b"]}),
    ],
)
def test_a_variant_is_a_name_and_changes(text: str, name: str, changes: dict[str, object]) -> None:
    assert parse_variant(text) == (name, changes)


@pytest.mark.parametrize("text", ["fast", "fast:", ":vrrp.version=3", "fast:vrrp"])
def test_what_is_no_variant_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="expected"):
        parse_variant(text)


def test_the_command_prints_json_and_keeps_everything(tmp_path: Path) -> None:
    scenario, out = tmp_path / "pair.yaml", tmp_path / "out"
    scenario.write_text(YEAR_OF_CRASHES, encoding="utf-8")
    arguments = ("compare", scenario, "--variant", "slow one:notify.sleep_before=4s", "-n", 6, "-j", 1)
    result = hasim_command(*arguments, "--json", "--out", out, "--no-charts")
    document = json.loads(result.stdout)
    assert document["format"] == "hasim.comparison/1"
    assert document == json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert [variant["name"] for variant in document["variants"]] == ["pair", "slow one"]
    assert document["metrics"][0]["differences"]["slow one"]["sign"] == 1
    with (out / "comparison.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 2 * len(document["metrics"])
    assert len(load_result(out / "variants" / "2-slow-one").outcomes) == 6
    report = hasim_command("report", out, "-o", tmp_path / "kept.html")
    assert report.exit_code == 0, report.output
    assert "Which of these is better" in (tmp_path / "kept.html").read_text(encoding="utf-8")


def test_the_command_says_who_wins(tmp_path: Path) -> None:
    scenario = tmp_path / "pair.yaml"
    scenario.write_text(YEAR_OF_CRASHES, encoding="utf-8")
    result = hasim_command("compare", scenario, "--variant", "slow:notify.sleep_before=4s", "-n", 12, "-j", 1)
    assert result.exit_code == 0
    assert "downtime per year     pair        wins" in result.stdout
    assert "notify.sleep_before=4s" in result.stdout


def test_one_scenario_alone_is_the_users_mistake(tmp_path: Path) -> None:
    scenario = tmp_path / "pair.yaml"
    scenario.write_text(YEAR_OF_CRASHES, encoding="utf-8")
    result = hasim_command("compare", scenario)
    assert result.exit_code == 2
    assert "only one variant: name a second scenario, or a --variant" in result.stderr


def test_a_file_is_not_compared_with_itself(tmp_path: Path) -> None:
    scenario = tmp_path / "pair.yaml"
    scenario.write_text(YEAR_OF_CRASHES, encoding="utf-8")
    result = hasim_command("compare", scenario, scenario)
    assert result.exit_code == 2
    assert f"{scenario} is named twice: say what is to be changed in it with --variant" in result.stderr
