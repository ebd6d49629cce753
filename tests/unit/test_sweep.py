"""Sweeps: what is varied, where it looks, and what comes out."""

from __future__ import annotations

import csv
import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import hasim
from hasim.cli.main import app
from hasim.errors import UserError
from hasim.study.compare import METRICS
from hasim.study.sweep import parse_vary
from hasim.study.sweep.parameters import duration_written
from hasim.units import DAY, SECOND, parse_duration
from tests.unit.scenario_texts import BASE

CRASH = (
    BASE
    + """
initial_master: a
vrrp: {version: 3}
faults: [{kind: crash, target: a, at: 100s}]
replications: 3
"""
)


@pytest.fixture(scope="module")
def study() -> hasim.Study:
    return hasim.loads(CRASH, "crash.yaml")


def hasim_command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="hasim")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("p=1s,2s,5s", ("1s", "2s", "5s")),
        ("p=1s..5s:5", ("1s", "2s", "3s", "4s", "5s")),
        ("p=100ms..10s:3", ("100ms", "1s", "10s")),
        ("p=1s..100s:3:linear", ("1s", "50.5s", "100s")),
        ("p=0s..2s:3", ("0ns", "1s", "2s")),
        ("p=1..4:4", (1, 2, 3, 4)),
        ("p=1..3:9", (1, 2, 3)),
        ("p=1..1000:4", (1, 10, 100, 1000)),
        ("p=0.5..1.5:3", (0.5, 1.0, 1.5)),
        ("p=0%..2%:3", ("0%", "1%", "2%")),
        ("p=eni,secondary_ip", ("eni", "secondary_ip")),
        ("p=yes,no", (True, False)),
        (
            "p={uniform: {low: 1s, high: 2s}},3s",
            ({"uniform": {"low": "1s", "high": "2s"}}, "3s"),
        ),
    ],
)
def test_what_is_varied_is_a_range_or_a_list(text: str, values: tuple[Any, ...]) -> None:
    assert parse_vary(text).values == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vrrp.advert_int", "expected PATH=LOW..HIGH"),
        ("p=1s..5", "the same unit"),
        ("p=a..b", "durations, percentages or numbers"),
        ("p=5s..1s", "from the lower value to the higher one"),
        ("p=0s..1s:5:log", "begins above 0"),
        ("p=1s..2s:1", "2 to 200 points"),
        ("p=1s..2s:-3", "2 to 200 points, got -3"),
        ("p=1s..2s:1000000", "2 to 200 points, got 1000000"),
        ("p=1s..2s:", "2 to 200 points, got nothing"),
        ("p=1s..2s:logs", "2 to 200 points, or log or linear, got logs"),
        ("p=1s..2s:5:lin", "log or linear after the number of points, got 'lin'"),
        ("p=1s,1s", "stands twice"),
        ("p=true,false,true", "p: true stands twice"),
    ],
)
def test_what_is_no_range_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_vary(text)


@pytest.mark.parametrize("duration_ns", [0, 1, 999, 1_500_000, SECOND, 7 * DAY // 3, 90 * DAY, 123_456_789_012_345])
def test_a_written_duration_is_read_back_exactly(duration_ns: int) -> None:
    assert parse_duration(duration_written(duration_ns)) == duration_ns


def test_a_grid_is_every_combination(study: hasim.Study) -> None:
    sweep = study.sweep({"vrrp.advert_int": ["1s", "2s"], "notify.tries": "2..4:3"}, jobs=1)
    assert [point.values for point in sweep.points] == [
        ("1s", 2), ("1s", 3), ("1s", 4), ("2s", 2), ("2s", 3), ("2s", 4),
    ]  # fmt: skip
    assert sweep.points[3].scenario.instance("a").vrrp.advert_int_ns == 2 * SECOND
    assert sweep.replications == 3


def test_a_hypercube_has_one_point_in_every_part_of_every_range(study: hasim.Study) -> None:
    varied = {"notify.start_up": "0s..8s", "notify.tries": "1..8"}
    sweep = study.sweep(varied, hypercube=8, replications=1, jobs=1)
    lengths_s = sorted(sweep.parameters[0].number_of(point.values[0]) / SECOND for point in sweep.points)
    assert all(part - 0.01 <= length <= part + 1.01 for part, length in enumerate(lengths_s))
    assert not sweep.is_grid
    again = study.sweep(varied, hypercube=8, replications=1, jobs=1)
    assert [point.values for point in again.points] == [point.values for point in sweep.points]


def test_a_value_that_is_not_valid_stops_the_sweep_before_it_runs(study: hasim.Study) -> None:
    seen: list[tuple[int, int]] = []
    with pytest.raises(UserError, match=r"vrrp.priority=300.*from 1 to 255"):
        study.sweep(["vrrp.priority=100,300"], progress=lambda done, wanted: seen.append((done, wanted)))
    assert seen == []


@pytest.mark.parametrize(
    ("varied", "message"),
    [([], "nothing is varied"), (["a=1,2", "a=3,4"], "varied twice"), ({"a": 3}, "expected a range")],
)
def test_a_sweep_of_nothing_or_twice_the_same_is_refused(study: hasim.Study, varied: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        study.sweep(varied)


def test_points_that_keepalived_rounds_to_the_same_are_run_once_and_named() -> None:
    study = hasim.loads(CRASH.replace("version: 3", "version: 2"))
    done: list[int] = []
    sweep = study.sweep(["vrrp.advert_int=0.5s,1s,2s"], jobs=1, progress=lambda count, wanted: done.append(wanted))
    assert sweep.same_scenarios == ((0, 1),)
    assert done[-1] == 2 * 3
    said = "The same scenario (keepalived rounds, or nothing hangs on the value): advert_int 500 ms | advert_int 1 s"
    assert said in re.sub("<[^>]*>", "", sweep._repr_html_())


def test_the_least_is_certain_where_a_difference_is(study: hasim.Study) -> None:
    sweep = study.sweep(
        ["vrrp.advert_int=1s,9s"], replications=12, metrics=["failover_mean", "outages_per_run"], jobs=1
    )
    best = sweep.best(METRICS["failover_mean"])
    assert (best.leader, best.others) == (0, ())
    assert sweep.best(METRICS["outages_per_run"]).others == (1,)


def test_nothing_is_certainly_less_than_what_has_no_value() -> None:
    """Without any adverts both are MASTER, and nobody fails over."""
    sweep = hasim.loads(CRASH).sweep(["network.within_zone.loss=0,1"], replications=3, metrics="failover_p50", jobs=1)
    best = sweep.best(METRICS["failover_p50"])
    assert sweep.estimates["failover_p50"][1] is None
    assert (best.leader, best.others) == (0, (1,))
    html = sweep._repr_html_()
    assert "or loss 1: undecided" in html
    assert "a point that has none of it" in html


def test_a_sweep_is_a_table_and_a_document(study: hasim.Study, tmp_path: Path) -> None:
    sweep = study.sweep(["vrrp.advert_int=1s,2s"], jobs=1, metrics=["failover_p50"])
    frame = sweep.frame()
    assert list(frame.columns) == [
        "vrrp.advert_int",
        "vrrp.advert_int (ns)",
        "failover_p50_ns",
        "failover_p50_low_ns",
        "failover_p50_high_ns",
    ]
    assert list(frame["vrrp.advert_int (ns)"]) == [1e9, 2e9]
    sweep.save(tmp_path)
    document = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert document == sweep.to_json()
    assert document["format"] == "hasim.sweep/1"
    assert document["points"][1]["numbers"] == {"vrrp.advert_int": 2e9}
    with (tmp_path / "sweep.csv").open(encoding="utf-8", newline="") as file:
        assert [row["vrrp.advert_int"] for row in csv.DictReader(file)] == ["1s", "2s"]


def test_the_command_sweeps(tmp_path: Path) -> None:
    scenario = tmp_path / "crash.yaml"
    scenario.write_text(CRASH, encoding="utf-8")
    result = hasim_command("sweep", scenario, "--vary", "vrrp.advert_int=1s..3s:3", "-j", 1)
    assert result.exit_code == 0
    assert "crash: 3 points, 3 replications of 10 min each, seed 1" in result.stdout
    assert "Least at" in result.stdout


@pytest.mark.parametrize("arguments", [("--design", "lhs"), ("--points", "5")])
def test_a_hypercube_needs_its_points(tmp_path: Path, arguments: tuple[str, str]) -> None:
    scenario = tmp_path / "crash.yaml"
    scenario.write_text(CRASH, encoding="utf-8")
    result = hasim_command("sweep", scenario, "--vary", "vrrp.advert_int=1s..3s", *arguments)
    assert result.exit_code == 2
    assert "--design lhs goes with --points" in result.stderr


def test_values_come_as_a_text_a_list_or_an_array(study: hasim.Study) -> None:
    expected = study.sweep({"vrrp.down_timer_adverts": [2, 3]}, replications=1, jobs=1)
    for varied in (
        {"vrrp.down_timer_adverts": np.arange(2, 4)},
        {"vrrp.down_timer_adverts": list(np.arange(2, 4))},
        "vrrp.down_timer_adverts=2,3",
    ):
        assert study.sweep(varied, replications=1, jobs=1) == expected


def test_a_sweep_can_be_pickled(study: hasim.Study) -> None:
    sweep = study.sweep("vrrp.advert_int=1s,2s", metrics="failover_p50", replications=1, jobs=1)
    assert pickle.loads(pickle.dumps(sweep)) == sweep
