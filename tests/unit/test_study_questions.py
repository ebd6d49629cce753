"""What is asked of variants of a scenario: slips of the pen are refused before anything is run, and it is said what is
no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import hasim
from hasim.cli.compare import parse_variant
from hasim.cli.main import app
from hasim.errors import UserError
from hasim.study.advise.candidates import candidates_of, usual_factors
from hasim.study.sweep import parse_vary
from tests.unit.scenario_texts import BASE

CRASH = (
    BASE
    + """
initial_master: a
vrrp: {nopreempt: true}
faults: [{name: first, kind: crash, target: a, at: 100s}]
slo: {failover: {p50: 10s}}
replications: 2
"""
)


@pytest.fixture(scope="module")
def study() -> hasim.Study:
    return hasim.loads(CRASH, "crash.yaml")


def refused(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="hasim")
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize("method", ["sweep", "sensitivity", "advise"])
@pytest.mark.parametrize(
    ("varied", "message"),
    [
        (["vrrp.advert_int=1s,2s", "vrrp.advert_int=3s,4s"], "vrrp.advert_int is varied twice"),
        (["faults.0.at=1s,2s", "faults[0].at=3s,4s"], r"faults\[0\].at is the same place as faults.0.at"),
        (["faults.0.at=1s,2s", "faults.first.at=3s,4s"], r"faults.first.at is the same place as faults.0.at"),
        (["seed=1..3"], "seed: it decides nothing in a run"),
        (["replications=1,3"], "replications: it decides nothing in a run"),
        (["instances.A.vrrp.priority=100,200"], "there is no instance 'A'; did you mean a?"),
        (5, "expected what to vary"),
        (["vrrp.advert_int=1s,2s", 3], "expected a text such as .*, got 3"),
        ({5: [1, 2]}, "expected a path such as .*, got 5"),
    ],
)
def test_what_cannot_be_varied_is_refused(study: hasim.Study, method: str, varied: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        getattr(study, method)(varied)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda study: study.sweep(None), "expected what to vary, such as .*, got None"),
        (lambda study: study.sweep({}), "nothing is varied: say what, such as vrrp.advert_int=1s..5s"),
        (lambda study: study.sweep("vrrp.nopreempt=true..false"), "nopreempt=true..false: .*, such as .*=true,false"),
        (lambda study: study.sensitivity("vrrp.advert_int=1s..5s:4"), "the two ends of a range; leave :4 out"),
        (lambda study: study.sensitivity({"vrrp.advert_int": "1s..5s : 9:log"}), "leave :9:log out"),
        (lambda study: study.run(cluster="x"), "^the cluster x: no Dask scheduler answers there"),
        (lambda study: study.episodes(), "only by replications .the method years.: first strikes at a fixed time"),
        (lambda study: study.sweep(["slo.failover.p50=1s,2s"]), "slo.failover.p50: it decides nothing in a run"),
        (lambda study: study.advise(replications="5"), "replications is a whole number from 1, not '5'"),
        (lambda study: study.compare({"x": {"seed": 4}}), "seed: it decides nothing in a run"),
        (lambda study: study.compare({"x": study}, confidence="0.9"), "between 0 and 1, not '0.9'"),
        (lambda study: study.compare({"x": study}, confidence=1.0), "between 0 and 1, not 1.0"),
        (lambda study: study.with_({"instances.zulu.vrrp.priority": 9}), "no instance 'zulu'; expected one of a, b"),
        (lambda study: study.with_({"faults.0.at": "1s", "faults[0].at": "2s"}), "is the same place as faults.0.at"),
        (lambda study: study.with_({5: 1}), "expected a path such as vrrp.advert_int, got 5"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    study: hasim.Study, ask: Callable[[hasim.Study], object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        ask(study)


@pytest.mark.parametrize(
    "ask",
    [
        lambda study: study.compare({}),
        lambda study: study.compare({"x": {"seed": 4}}),
        lambda study: study.sweep({}),
        lambda study: study.sensitivity("vrrp.advert_int=1s..5s:4"),
        lambda study: study.run(cluster="x"),
        lambda study: study.run(max_replications=10),
        lambda study: study.episodes(),
        lambda study: study.with_({"slo": None}).advise(),
        lambda study: study.with_({"faults.7.at": "1s"}),
    ],
)
def test_who_calls_from_python_is_told_of_no_option_of_the_command_line(
    study: hasim.Study, ask: Callable[[hasim.Study], object]
) -> None:
    with pytest.raises(UserError) as refusal:
        ask(study)
    assert "--" not in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--set", "faults.7.at=1s"), "--set: {file}: faults.7: the list has no item '7'"),
        (("run", "--set", "vrrp.advert_imt=1s"), "--set: {file} with vrrp.advert_imt=1s: vrrp.advert_imt: unknown key"),
        (("run", "--set", "@nowhere.yaml"), "--set: nowhere.yaml: there is no such file"),
        (("run", "--set", "x"), "--set: expected PATH=VALUE"),
        (("run", "--max-replications", 10), "--max-replications goes with --precision"),
        (("sweep",), "nothing is varied: say what, such as --vary"),
    ],
)
def test_who_uses_the_command_line_is_told_the_option(
    arguments: tuple[object, ...], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "pair.yaml"
    file.write_text(CRASH, encoding="utf-8")
    assert refused(*arguments, file).startswith(f"hasim: error: {message.format(file=file)}")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("-n", "x"), "expected a whole number, got 'x'"),
        (("--seed", "1.5"), "expected a whole number, got '1.5'"),
        (("-n", "0"), "expected a number from 1, got '0'"),
        (("-n", "99999999"), "expected a number up to 10000000, got '99999999'"),
        (("--method", "days"), "'days' is not one of 'years', 'episodes', 'rare'"),
    ],
)
def test_what_an_option_cannot_be_is_said_with_what_was_given(option: tuple[str, str], message: str) -> None:
    result = CliRunner().invoke(app, ["run", "pair.yaml", *option], prog_name="hasim")
    assert result.exit_code == 2
    assert result.stderr.rstrip(".\n").endswith(f": {message}")


def test_an_instance_is_added_as_a_whole_only(study: hasim.Study) -> None:
    third = study.with_({"instances.c": {"address": "10.0.1.12"}})
    assert [instance.name for instance in third.scenario.instances] == ["a", "b", "c"]
    bare = hasim.loads(CRASH.replace("a: {address: 10.0.1.10}", "a:"))
    assert bare.with_({"instances.a.address": "10.0.1.10"}).scenario.digest == study.scenario.digest


def test_a_variant_sets_no_path_twice() -> None:
    with pytest.raises(UserError, match="sets one path twice"):
        parse_variant("x:notify.tries=1,notify.tries=2")


def test_a_variant_has_not_the_name_of_a_scenario(tmp_path: Path) -> None:
    for name in ("pair", "slow"):
        (tmp_path / f"{name}.yaml").write_text(CRASH, encoding="utf-8")
    message = refused("compare", tmp_path / "pair.yaml", tmp_path / "slow.yaml", "--variant", "slow:notify.tries=9")
    assert "--variant slow: a scenario is called so already" in message


@pytest.mark.parametrize(
    ("varied", "counts"), [("p=2..6", [20, 20, 20, 20, 20]), ("p=1..3:3:log", [50, 29, 21]), ("p=4..5", [50, 50])]
)
def test_a_hypercube_gives_every_whole_number_its_part_of_the_way(varied: str, counts: list[int]) -> None:
    """At equal ratios a number has the more room the smaller it is: log 2 / log 4, log 1.5 / log 4, ..."""
    parameter = parse_vary(varied)
    found = Counter(parameter.at((index + 0.5) / 100) for index in range(100))
    assert [found[value] for value in parameter.values] == counts


def test_the_highest_whole_number_is_not_passed() -> None:
    assert parse_vary("p=1..3:3:log").at(1.0 - 2**-53) == 3


def test_without_any_failover_more_replications_are_no_way_out(study: hasim.Study) -> None:
    advice = study.with_({"faults": []}).advise(["vrrp.advert_int=1s,2s"], replications=3, jobs=1)
    html = advice._repr_html_()
    assert "Nothing was seen for the failover p50" in html
    assert "would tell" not in html


def test_what_only_calls_of_the_api_need_is_not_tried_without_them(study: hasim.Study) -> None:
    factors = usual_factors({}, study.scenario)
    found, _ = candidates_of(factors, lambda changes: study.with_(changes).scenario, strict=False)
    names = {candidate.name for candidate in found}
    assert {"patient notify script", "re-check every 10s", "HAVIP"} <= names
    assert not [name for name in names if "HAVIP" in name and ("script" in name or "re-check" in name)]


def test_points_whose_faults_differ_say_so(study: hasim.Study) -> None:
    sweep = study.sweep({"faults.0.at": ["100s", "200s"]}, replications=1, jobs=1)
    assert "not the same in all, and part of the difference: first" in sweep._repr_html_()
    assert "the same faults and the same luck" in study.sweep({"notify.tries": [2]}, jobs=1)._repr_html_()
