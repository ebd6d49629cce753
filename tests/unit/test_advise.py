"""Advice: the cheapest settings that meet the SLO, with no more replications than that takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

import hasim
from hasim.cli.guard import SLO_NOT_MET
from hasim.cli.main import app
from hasim.errors import UserError
from hasim.study.advise import Advice, Standing
from hasim.study.advise.candidates import candidates_of, usual_factors
from hasim.study.advise.elimination import looks_up_to
from tests.unit.scenario_texts import BASE

CRASH = (
    BASE
    + """
initial_master: a
vrrp: {nopreempt: true, advert_int: 5s}
notify: {sleep_before: 3s}
control_plane: {actions: {MigratePrivateIpAddress: {task: 2s, task_dead_host: 2s}}}
faults: [{kind: crash, target: a, at: 100s}]
"""
)
CONSIDER = ["notify.sleep_before=3s,0s", "vrrp.advert_int=5s,2s,1s"]


def study(slo: str) -> hasim.Study:
    return hasim.loads(CRASH + f"slo: {slo}\n", "crash.yaml")


def hasim_command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="hasim")


def test_candidates_stand_in_the_order_of_preference() -> None:
    """The later factor is the dearer one: everything is tried with the first before the second is touched."""
    advice = study("{failover: {p50: 1h}}").advise(CONSIDER, replications=25, jobs=1)
    assert [one.candidate.ranks for one in advice.judged] == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]


def test_the_cheapest_that_meets_the_slo_is_the_answer() -> None:
    """An advert_int of 2 s makes about 11 s, of 1 s about 9 s; without the pause 3 s less."""
    advice = study("{failover: {p50: 10s}}").advise(CONSIDER, replications=100, jobs=1)
    assert advice.answer is not None
    assert dict(advice.answer.candidate.changes) == {"notify.sleep_before": "0s", "vrrp.advert_int": "2s"}
    assert advice.doubtful == ()
    standings = [one.standing for one in advice.judged]
    assert standings[:4] == [Standing.MISSES, Standing.MISSES, Standing.MISSES, Standing.MEETS]


def test_what_is_decided_is_run_no_further() -> None:
    advice = study("{failover: {p50: 10s}}").advise(CONSIDER, replications=100, jobs=1)
    counts = [len(one.result.outcomes) for one in advice.judged]
    assert counts[0] == looks_up_to(100)[0]
    assert counts[-1] == looks_up_to(100)[0]


def test_a_scenario_that_meets_its_slo_is_left_as_it_is() -> None:
    advice = study("{failover: {p50: 1h}}").advise(replications=25, jobs=1)
    assert advice.answer is advice.judged[0]
    assert "The SLO is met as it is" in advice._repr_html_()


def test_it_says_if_nothing_meets_the_slo() -> None:
    advice = study("{failover: {p50: 1s}}").advise(CONSIDER, replications=25, jobs=1)
    assert advice.is_hopeless
    assert advice.answer is None


def test_it_says_if_the_replications_do_not_decide() -> None:
    advice = study("{failover: {p50: 10s}}").advise(CONSIDER, replications=3, jobs=1)
    assert advice.answer is None
    assert not advice.is_hopeless
    assert len(advice.doubtful) == len(advice.judged)


def test_the_longest_outage_is_met_only_after_all_replications() -> None:
    advice = study("{longest_outage: 1h}").advise(CONSIDER[1:], replications=60, jobs=1)
    first = advice.judged[0]
    assert [len(one.result.outcomes) for one in advice.judged] == [60, 60, 60]
    assert first.standing is Standing.MEETS
    html = advice._repr_html_()
    assert "none longer in 60 runs" in html
    assert "That no outage is longer is said of these 60 runs only" in html


def test_the_longest_outage_is_missed_at_once() -> None:
    advice = study("{longest_outage: 1s}").advise(CONSIDER[1:], replications=60, jobs=1)
    assert {len(one.result.outcomes) for one in advice.judged} == {looks_up_to(60)[0]}
    assert advice.is_hopeless


RARE = (
    BASE.replace("10min", "5d")
    + """
notify: {reclaim_interval: 30s}
vrrp: {nopreempt: true}
faults: [{kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 100h}}, duration: 1h}]
slo: {availability: 99.99%}
"""
)


def test_an_availability_that_overlapping_failures_may_spoil_is_in_doubt() -> None:
    """Both are down for 0.01% of the time, but not in these runs."""
    advice = hasim.loads(RARE).advise(["vrrp.advert_int=1s"], replications=25, seed=1, jobs=1)
    (candidate,) = advice.judged
    (verdict,) = candidate.verdicts
    assert verdict.measured is not None
    assert verdict.measured.low > 0.9999
    assert verdict.overlaps is not None
    assert candidate.standing is Standing.IN_DOUBT
    assert "availability is undecided although its interval lies above what is wanted" in advice._repr_html_().lower()
    assert advice.to_json()["candidates"][0]["slo"][0]["overlaps"]["unavailability"] == pytest.approx(1 / 101**2)


def test_the_front_is_what_nothing_beats_in_both_numbers() -> None:
    advice = study("{failover: {p50: 10s}}").advise(CONSIDER, replications=25, jobs=1)
    assert [metric.name for metric in advice.trade_off] == ["failover_p50", "downtime_per_run"]
    assert [one.candidate.ranks for one in advice.front] == [(1, 2)]


def test_looks_double_up_to_the_most() -> None:
    assert looks_up_to(10) == [10]
    assert looks_up_to(25) == [25]
    assert looks_up_to(120) == [25, 50, 100, 120]


def test_usual_factors_leave_out_what_the_scenario_has_already() -> None:
    names = [factor.name for factor in usual_factors(yaml.safe_load(CRASH), hasim.loads(CRASH).scenario)]
    assert names == ["notify script", "periodic re-check", "adverts", "mechanism"]
    preempting = BASE.replace(
        "a: {address: 10.0.1.10}", "a: {address: 10.0.1.10, vrrp: {priority: 150, state: MASTER}}"
    )
    lossy = preempting + "network: {within_zone: {loss: 1%}}\nvrrp: {track_scripts: {app: {interval: 5s}}}\n"
    factors = {factor.name: factor for factor in usual_factors(yaml.safe_load(lossy), hasim.loads(lossy).scenario)}
    assert list(factors)[:2] == ["preempting", "health checks"]
    assert "patience" in factors
    without = hasim.loads(lossy).with_(factors["preempting"].options[1].changes)
    assert all(instance.vrrp.nopreempt for instance in without.scenario.instances)


CHECKED = (
    BASE
    + """
initial_master: a
vrrp: {track_scripts: {app: {interval: 1s, weight: -20}}}
notify: {reclaim_interval: 10s}
faults: [{kind: service_failure, target: a, at: 100s, duration: 5min}]
slo: {longest_outage: 1min}
"""
)
IDLE = {"vrrp.nopreempt": True, "instances.a.vrrp.priority": 150, "instances.b.vrrp.priority": 140}


@pytest.mark.parametrize(
    ("changes", "set_to_0"),
    [
        (IDLE, ["vrrp.track_scripts.app.weight"]),
        ({"instances.a.vrrp.priority": 150, "instances.b.vrrp.priority": 120}, ["vrrp.track_scripts.app.weight"]),
        (IDLE | {"instances.b.vrrp.track_scripts.app.weight": -10}, ["vrrp", "instances.b.vrrp"]),
        (IDLE | {"vrrp.track_scripts.app.reverse": True}, []),
        (IDLE | {"service.on_master_only": True}, []),
        ({"instances.a.vrrp.priority": 150, "instances.b.vrrp.priority": 140}, []),
        (IDLE | {"vrrp.track_scripts.app.weight": 0}, []),
        (IDLE | {"vrrp.track_processes.app.weight": -10}, ["vrrp", "vrrp.track_processes.app.weight"]),
    ],
    ids=["nopreempt", "too light", "own", "reverse", "of the MASTER", "heavy enough", "none", "process"],
)
def test_a_weight_that_moves_nothing_is_taken_away_first(changes: dict[str, object], set_to_0: list[str]) -> None:
    study = hasim.loads(CHECKED).with_(changes)
    first = usual_factors(yaml.safe_load(study.scenario.source_text), study.scenario)[0]
    assert (first.name == "weights") is bool(set_to_0)
    if set_to_0:
        paths = [path if path.endswith("weight") else f"{path}.track_scripts.app.weight" for path in set_to_0]
        assert first.options[1].changes == dict.fromkeys(paths, 0)
        found = {finding.rule for finding in study.with_(first.options[1].changes).lint() if finding.level == "error"}
        assert not found & {"weight-with-nopreempt", "never-fails-over"}


def test_the_repair_that_lint_names_is_found() -> None:
    advice = hasim.loads(CHECKED).with_(IDLE).advise(replications=25, jobs=1)
    assert advice.judged[0].standing is Standing.MISSES
    assert advice.answer is not None
    assert advice.answer.candidate.name == "check without weight"
    assert advice.lint_errors == {"weight-with-nopreempt": 2}


def test_weights_go_where_nobody_preempts_any_more() -> None:
    """Otherwise the advice would be what lint calls an error."""
    study = hasim.loads(CHECKED).with_({"instances.a.vrrp.priority": 150, "instances.b.vrrp.priority": 140})
    factors = usual_factors(yaml.safe_load(study.scenario.source_text), study.scenario)
    option = next(factor for factor in factors if factor.name == "preempting").options[1]
    assert option.name == "nopreempt, checks without weight"
    assert not any(finding.level == "error" for finding in study.with_(option.changes).lint())


def test_usual_factors_are_never_too_many() -> None:
    study = hasim.loads(CHECKED).with_(
        {
            "instances.a.vrrp.priority": 150,
            "instances.b.vrrp.priority": 120,
            "floating.mechanism": "eni",
            "vrrp.advert_int": "5s",
            "vrrp.track_scripts.app.interval": "5s",
            "network.within_zone.loss": "1%",
            "notify.reclaim_interval": None,
        }
    )
    factors = usual_factors(yaml.safe_load(study.scenario.source_text), study.scenario)
    counts = {factor.name: len(factor.options) for factor in factors}
    assert counts == {**dict.fromkeys(counts, 2), "adverts": counts["adverts"]}
    assert len(counts) == 8
    candidates, _ = candidates_of(factors, lambda changes: study.with_(changes).scenario, strict=False)
    assert candidates[0].changes == {}


def test_errors_that_lint_finds_are_said_last_and_in_the_report(tmp_path: Path) -> None:
    scenario, out, report = tmp_path / "checked.yaml", tmp_path / "out", tmp_path / "advice.html"
    scenario.write_text(hasim.loads(CHECKED).with_(IDLE).scenario.source_text, encoding="utf-8")
    arguments = ["advise", scenario, "--consider", "vrrp.advert_int=1s", "-n", 25, "-j", 1]
    result = hasim_command(*arguments, "--out", out, "--no-charts", "--report", report)
    assert result.exit_code == SLO_NOT_MET
    said = "hasim lint finds 2 errors in the scenario as it is: weight-with-nopreempt"
    assert result.stdout.splitlines()[-1] == f'{said}; "hasim lint {scenario}" says what to do'
    page = report.read_text(encoding="utf-8")
    assert (
        page.index(said.partition("2 ")[2])
        < page.index("<nav")
        < page.index("What lint says of the scenario as it is</h2>")
    )
    assert "give the check no weight, so that its failure means FAULT" in page
    kept = hasim.load_kept(out)
    assert isinstance(kept, Advice)
    assert kept.lint_errors == {"weight-with-nopreempt": 2}
    assert kept.to_json()["lint_errors"] == kept.lint_errors
    silent = hasim_command(*arguments, "--consider", "vrrp.track_scripts.app.weight=0", "--json")
    assert json.loads(silent.stdout)["lint_errors"] == {"weight-with-nopreempt": 2}


def test_without_an_slo_there_is_nothing_to_meet() -> None:
    with pytest.raises(UserError, match="no SLO to meet"):
        hasim.loads(CRASH).advise()


def test_what_is_asked_for_must_be_valid() -> None:
    with pytest.raises(UserError, match="from 1 to 255"):
        study("{failover: {p50: 10s}}").advise(["vrrp.priority=100,300"])


def test_an_easier_slo_is_no_advice() -> None:
    with pytest.raises(UserError, match=r"slo\.failover\.p50: the SLO is what settings are to meet"):
        study("{failover: {p50: 1s}}").advise(["slo.failover.p50=1s,1h"])


def test_the_command_leaves_with_99_if_nothing_meets_the_slo(tmp_path: Path) -> None:
    scenario, out = tmp_path / "crash.yaml", tmp_path / "out"
    scenario.write_text(CRASH + "slo: {failover: {p50: 1s}}\n", encoding="utf-8")
    result = hasim_command(
        "advise", scenario, "--consider", CONSIDER[0], "-n", 25, "-j", 1, "--out", out, "--no-charts", "--json"
    )
    assert result.exit_code == SLO_NOT_MET
    document = json.loads(result.stdout)
    assert document["format"] == "hasim.advice/1"
    assert document["is_hopeless"] is True
    assert len((out / "candidates.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_the_command_names_what_is_to_be_set(tmp_path: Path) -> None:
    scenario = tmp_path / "crash.yaml"
    scenario.write_text(CRASH + "slo: {failover: {p50: 15s}}\n", encoding="utf-8")
    result = hasim_command("advise", scenario, "--consider", CONSIDER[1], "-n", 50, "-j", 1)
    assert result.exit_code == 0
    assert "The SLO is met with advert_int=2s." in result.stdout
    assert "To be set\nvrrp.advert_int  2s" in result.stdout
