"""Sensitivity: what could be otherwise, and what that does."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import hasim
from hasim.cli.main import app
from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.study.compare import METRICS, Running
from hasim.study.sensitivity import Uncertain, plausible, sensitivity
from hasim.study.sensitivity.plausible import scaled_value
from tests.unit.scenario_texts import BASE

CRASHES = (
    BASE.replace("10min", "30d")
    + """
vrrp: {nopreempt: true, advert_int: 2s, track_scripts: {app: {interval: 4s}}}
faults:
  - {kind: crash, target: a, time_to_failure: {exponential: {mean: 3d}}, time_to_repair: 5min}
replications: 15
"""
)


def found(text: str) -> dict[str, Any]:
    study = hasim.loads(text)
    return {one.name: one for one in plausible(yaml.safe_load(text), study.scenario)}


def test_weak_defaults_timers_and_random_faults_could_be_otherwise() -> None:
    names = found(CRASHES)
    assert set(hasim.loads(CRASHES).scenario.weak_defaults) <= {path for one in names.values() for path in one.low}
    assert names["vrrp.advert_int"].low == {"vrrp.advert_int": "1s"}
    assert names["vrrp.advert_int"].high == {"vrrp.advert_int": "4s"}
    assert names["track_scripts.app.interval"].high == {"vrrp.track_scripts.app.interval": "8s"}
    assert names["crash a: time to failure"].low == {"faults.0.time_to_failure": {"exponential": {"mean": "1.5d"}}}
    assert names["MigratePrivateIpAddress.task"].kind == "assumed"


def test_what_single_instances_say_is_scaled_where_they_say_it() -> None:
    text = CRASHES.replace("b: {address: 10.0.1.11}", "b: {address: 10.0.1.11, vrrp: {advert_int: 4s}}")
    assert found(text)["vrrp.advert_int"].high == {"vrrp.advert_int": "4s", "instances.b.vrrp.advert_int": "8s"}


def test_what_the_file_says_is_not_assumed() -> None:
    assert "guest.boot" in found(CRASHES)
    assert "guest.boot" not in found(CRASHES + "guest: {boot: 30s}\n")
    assert "control_plane.propagation" not in found(CRASHES + "control_plane: {propagation: 1s}\n")


@pytest.mark.parametrize(
    ("value", "scaled"),
    [
        ("2s", "4s"),
        (
            {"lognormal": {"median": "1s", "p95": "3s"}, "max": "1min"},
            {"lognormal": {"median": "2s", "p95": "6s"}, "max": "2min"},
        ),
        ({"weibull": {"shape": 1.5, "scale": "10d"}}, {"weibull": {"shape": 1.5, "scale": "20d"}}),
        ({"mixture": [{"weight": "99%", "of": "1s"}]}, {"mixture": [{"weight": "99%", "of": "2s"}]}),
        (7, 7),
    ],
)  # fmt: skip
def test_only_durations_are_scaled(value: Any, scaled: Any) -> None:
    assert scaled_value(value, 2.0) == scaled


@pytest.mark.parametrize("name", ["eni-reattach", "havip-best-practice"])
def test_every_plausible_end_of_a_shipped_scenario_is_valid(name: str) -> None:
    path = Path(__file__).parents[2] / "scenarios" / f"{name}.yaml"
    study = hasim.load(path)
    for one in plausible(yaml.safe_load(path.read_text(encoding="utf-8")), study.scenario):
        study.with_(one.low)
        study.with_(one.high)


def test_what_moves_the_number_most_stands_first() -> None:
    study = hasim.loads(CRASHES)
    analysis = study.sensitivity(["notify.sleep_before=0s..20s", "notify.start_up=0.4s,0.5s"], jobs=1)
    metric = METRICS["downtime_per_year"]
    assert analysis.metrics == (metric,)
    first, second = analysis.moved(metric)
    assert first.swing.uncertain.name == "notify.sleep_before"
    assert first.size > 20 * second.size
    assert analysis.leading(metric) == ("notify.sleep_before",)
    assert analysis.confidence_each == pytest.approx(0.975)
    assert "moves most with notify.sleep_before" in analysis._repr_html_()


def test_what_does_not_change_the_scenario_is_not_run() -> None:
    study = hasim.loads(CRASHES)
    analysis = study.sensitivity(["vrrp.preempt_delay=0s,0ns", "notify.tries=3..5"], replications=2, jobs=1)
    assert analysis.without_effect == ("vrrp.preempt_delay",)
    assert len(analysis.swings) == 1


def test_nothing_to_look_at_is_said() -> None:
    with pytest.raises(UserError, match="nothing to look at"):
        hasim.loads(CRASHES).sensitivity(["vrrp.preempt_delay=0s,0ns"])


def test_a_list_of_three_has_no_low_and_high_end() -> None:
    with pytest.raises(UserError, match="a range or two values"):
        hasim.loads(CRASHES).sensitivity(["notify.tries=3,4,5"])


def test_runs_of_different_length_are_not_compared() -> None:
    with pytest.raises(UserError, match="over the same time"):
        hasim.loads(CRASHES).sensitivity(["horizon=10d..30d"])


def test_an_end_that_is_asked_for_must_be_valid() -> None:
    with pytest.raises(UserError, match="from 1 to 255"):
        hasim.loads(CRASHES).sensitivity(["vrrp.priority=100..300"])


def test_an_assumed_end_that_is_not_valid_is_left_as_it_is_and_named() -> None:
    study = hasim.loads(CRASHES)
    odd = Uncertain("odd", "timer", {"vrrp.priority": 0}, {"notify.sleep_before": "9s"}, "nought", "9s")

    def scenario_of(changes: Mapping[str, Any]) -> Scenario:
        return study.with_(changes).scenario if changes else study.scenario

    found = sensitivity(scenario_of, [odd], Running(replications=2, jobs=1))
    assert "from 1 to 255" in found.refused["odd = nought"]
    assert found.swings[0].low.scenario.digest == found.base.scenario.digest
    assert "not valid, left as it is" in found._repr_html_()


def test_the_command_answers_with_a_table_and_json(tmp_path: Path) -> None:
    scenario, out = tmp_path / "crashes.yaml", tmp_path / "out"
    scenario.write_text(CRASHES, encoding="utf-8")
    arguments = ["sensitivity", str(scenario), "-n", "2", "-j", "1", "--json", "--no-charts", "--out", str(out)]
    result = CliRunner().invoke(app, arguments, prog_name="hasim")
    document = json.loads(result.stdout)
    assert document["format"] == "hasim.sensitivity/1"
    assert document["refused"] == {}
    assert len(document["metrics"][0]["parameters"]) > 15
    header, *rows = (out / "sensitivity.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("metric,unit,parameter,kind,low,high,at_low")
    assert len(rows) == len(document["metrics"][0]["parameters"])


def test_the_command_says_so_when_nothing_moves_anything(tmp_path: Path) -> None:
    path = tmp_path / "quiet.yaml"
    path.write_text(BASE, encoding="utf-8")
    result = CliRunner().invoke(app, ["sensitivity", str(path), "-n", "1", "-j", "1"], prog_name="hasim")
    assert result.exit_code == 0, result.output
    assert "no difference seen in the" in result.output


def test_a_sensitivity_can_be_pickled() -> None:
    found = hasim.loads(CRASHES).sensitivity({"vrrp.advert_int": ["1s", "4s"]}, replications=2, jobs=1)
    assert pickle.loads(pickle.dumps(found)) == found
