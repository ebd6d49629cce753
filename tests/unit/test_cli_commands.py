"""The commands: what they print, where they write, and with which status they end."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import hasim
from hasim.cli.main import app
from hasim.cli.output import claim
from hasim.errors import UserError
from hasim.scenario import json_schema
from hasim.study import load_result
from tests.unit.scenario_texts import BASE

CRASH = BASE + "initial_master: a\nfaults: [{kind: crash, target: a, at: 100s, duration: 60s}]\nreplications: 3\n"


@pytest.fixture
def crash(tmp_path: Path) -> Path:
    path = tmp_path / "crash.yaml"
    path.write_text(CRASH, encoding="utf-8")
    return path


def hasim_command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="hasim")


def test_run_prints_tables_and_ends_well(crash: Path) -> None:
    result = hasim_command("run", crash, "--jobs", 1)
    assert result.exit_code == 0
    assert "crash: 3 replications of 10 min, seed 1" in result.stdout
    assert "failover latency p99" in result.stdout
    assert result.stderr == ""


def test_run_in_a_pipe_leaves_no_colour_and_no_trailing_blanks(crash: Path) -> None:
    lines = hasim_command("run", crash, "--jobs", 1).stdout.splitlines()
    assert all("\x1b" not in line and line == line.rstrip() for line in lines)


def test_run_json_is_one_document_and_nothing_else(crash: Path, tmp_path: Path) -> None:
    result = hasim_command("run", crash, "--json", "--jobs", 1, "--out", tmp_path / "out", "--no-charts")
    document = json.loads(result.stdout)
    assert document["format"] == "hasim.study/1"
    assert len(document["replications"]) == 3
    assert "kept in" in result.stderr


def test_what_lint_finds_in_a_change_is_said_and_nothing_of_the_file_itself(crash: Path) -> None:
    rounded = hasim_command("run", crash, "-n", 1, "-j", 1, "--set", "vrrp.advert_int=1500ms")
    (said,) = rounded.stderr.splitlines()
    assert said.startswith("hasim: --set: warning: advert_int 1.5 s is not possible with VRRP version 2")
    assert said.endswith("[advert-int-rounded]")
    fine = hasim_command("run", crash, "-n", 1, "-j", 1, "--set", "vrrp.advert_int=2s")
    assert fine.stderr == ""


def test_run_takes_replications_and_seed_from_the_command(crash: Path) -> None:
    document = json.loads(hasim_command("run", crash, "--json", "-n", 2, "--seed", 9, "-j", 1).stdout)
    assert (len(document["replications"]), document["seed"]) == (2, 9)


def test_run_sets_single_values(crash: Path) -> None:
    arguments = ("run", crash, "--json", "-j", 1, "-n", 1, "--set", "horizon=200s", "--set", "vrrp.advert_int=5s")
    document = json.loads(hasim_command(*arguments).stdout)
    assert document["horizon_ns"] == 200_000_000_000
    assert document["replications"][0]["outages"][0]["phases_ns"]["detect"] > 10_000_000_000


def test_run_out_keeps_everything_that_made_the_result(crash: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    assert hasim_command("run", crash, "--out", out, "-j", 1).exit_code == 0
    kept = load_result(out)
    assert len(kept.outcomes) == 3
    assert (out / "scenario.yaml").read_text(encoding="utf-8") == CRASH
    with (out / "outages.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["cause"] for row in rows] == [outage.cause for outage in kept.outages]
    charts = sorted(path.name for path in (out / "charts").iterdir())
    assert "timeline.svg" in charts
    assert len(charts) == 10
    with Image.open(out / "charts" / "failover-latency.png") as picture:
        assert picture.width > 1_000


def test_run_out_may_be_repeated_into_its_own_directory(crash: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        assert hasim_command("run", crash, "--out", tmp_path / "out", "--no-charts", "--seed", seed).exit_code == 0
    assert load_result(tmp_path / "out").seed == 2


def test_run_out_refuses_a_directory_with_foreign_files(crash: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "result.json").write_text('{"mine": 1}', encoding="utf-8")
    result = hasim_command("run", crash, "--out", precious)
    assert result.exit_code == 2
    assert "holds files that hasim did not write" in result.stderr
    assert [path.name for path in precious.iterdir()] == ["result.json"]


def test_run_out_refuses_a_file(crash: Path) -> None:
    result = hasim_command("run", crash, "--out", crash)
    assert result.exit_code == 2
    assert "this is a file, expected a directory" in result.stderr


def test_claim_refuses_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.geteuid() == 0:  # root may write anywhere but into the kernel's own file systems
        locked = Path("/proc/self/locked")
    with pytest.raises(UserError, match="cannot be written"):
        claim(locked)


def test_claim_refuses_what_cannot_be_a_directory(crash: Path) -> None:
    with pytest.raises(UserError, match="cannot be written: Not a directory"):
        claim(crash / "below-a-file")


def test_claim_leaves_nothing_behind_in_an_empty_directory(tmp_path: Path) -> None:
    claim(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("slo", "status"),
    [
        ("longest_outage: 1h", 0),
        ("longest_outage: 1ms", 99),
        ("failover: {p50: 1ms}", 0),
        ("availability: 99.9999%", 99),
    ],
)
def test_run_ends_with_99_if_an_slo_is_not_met(crash: Path, slo: str, status: int) -> None:
    replications = 10 if "availability" in slo else 3
    result = hasim_command("run", crash, "--set", f"slo={{{slo}}}", "-n", replications, "-j", 1)
    assert result.exit_code == status, result.output
    assert ("SLO not met" in result.stderr) == (status == 99)


def test_explain_tells_one_replication(crash: Path) -> None:
    result = hasim_command("explain", crash, "--replication", 2)
    assert result.exit_code == 0
    assert result.stdout.startswith("crash: seed 1, replication 2, 10 min\n")
    assert "until the protocol reacted" in result.stdout


def test_explain_json_is_the_same_story(crash: Path) -> None:
    document = json.loads(hasim_command("explain", crash, "--json", "--outage", 1).stdout)
    assert document["format"] == "hasim.explanation/1"
    assert [item["outage"]["number"] for item in document["episodes"][0]["items"] if "outage" in item] == [1]


def test_explain_worst_finds_the_longest_outage_of_all(crash: Path) -> None:
    worst = json.loads(hasim_command("explain", crash, "--worst", "--json", "-j", 1).stdout)
    result = hasim.load(crash).run(jobs=1)
    longest = max(range(3), key=lambda number: max(o.duration_ns for o in result.outcomes[number].outages))
    assert worst["replication"] == longest


@pytest.mark.parametrize("given", [("--replication", 0), ("--outage", 1)])
def test_explain_worst_and_a_place_exclude_each_other(crash: Path, given: tuple[str, int]) -> None:
    result = hasim_command("explain", crash, "--worst", *given)
    assert result.exit_code == 2
    assert "leave --replication and --outage out" in result.stderr


def test_explain_worst_of_nothing_tells_the_first_replication(tmp_path: Path) -> None:
    calm = tmp_path / "calm.yaml"
    calm.write_text(BASE + "replications: 2\n", encoding="utf-8")
    result = hasim_command("explain", calm, "--worst", "-j", 1)
    assert (result.exit_code, result.stderr) == (0, "hasim: no outage in 2 replications\n")
    assert "No outage in 10 min" in result.stdout


def test_explain_refuses_an_outage_that_is_not_there(crash: Path) -> None:
    result = hasim_command("explain", crash, "--outage", 7)
    assert result.exit_code == 2
    assert "--outage 7: replication 0 has 1 outage" in result.stderr


def test_schema_prints_the_json_schema() -> None:
    result = hasim_command("schema")
    assert json.loads(result.stdout) == json_schema()


def test_version() -> None:
    assert hasim_command("--version").stdout == f"hasim {hasim.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["run"], ["explain"], ["schema"]])
def test_help_teaches_with_an_example_and_where_to_read_on(arguments: list[str]) -> None:
    result = hasim_command(*arguments, "--help")
    assert result.exit_code == 0
    assert "hasim " in result.stdout
    assert "Example" in result.stdout or "First steps" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 100


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["run"],
        ["run", "x.yaml", "-n", "0"],
        ["run", "x.yaml", "-n", "many"],
        ["run", "x.yaml", "--heartbeats", "loud"],
        ["explain", "x.yaml", "--replication", "-1"],
        ["run", "missing.yaml"],
        ["run", "missing.yaml", "--nonsense"],
    ],
)
def test_mistakes_on_the_command_line_end_with_2_and_without_a_traceback(arguments: list[str]) -> None:
    result = hasim_command(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_mistake_in_the_file_is_one_line_with_its_place(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(BASE.replace("10min", "10 parsecs"), encoding="utf-8")
    result = hasim_command("run", broken)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"hasim: error: {broken}:1: horizon: ")
    assert len(result.stderr.splitlines()) == 1
