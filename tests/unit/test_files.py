"""Files that are something else than the command takes: what they are, and which command takes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hasim.cli.main import app
from hasim.files import FileKind, kept_there, kind_of
from hasim.keepalived import KeepalivedConfigError, inspect_config
from hasim.scenario import ScenarioError, loads
from hasim.scenario.schema import ScenarioFile
from tests.keepalived.cases import accepted, marked
from tests.unit.scenario_texts import BASE

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = "! Configuration File for keepalived\nvrrp_instance VI_1 {\n  state MASTER\n}\n"
PAGE = "<!DOCTYPE html>\n<html><body>x</body></html>\n"
RESULT = '{\n "format": "hasim.study/1",\n "seed": 1\n}\n'
RECORDING = '{"meta": {}, "groups": {}}'
FILES = {
    "pair.yaml": BASE,
    "pair.txt": BASE,
    "web a.conf": CONFIGURATION,
    "x.html": PAGE,
    "year/result.json": RESULT,
    "year/meta.json": RESULT,
    "year/other.json": RESULT,
    "trials.json": RECORDING,
    "deploy/scenario.yaml": BASE,
    "deploy/a/settings.json": "{}",
}
SCENARIO_EXPECTED = ", expected a scenario (YAML)"
CONFIGURATION_EXPECTED = ", expected a keepalived configuration"
IMPORT = "`hasim import 'web a.conf'` makes a scenario of it"
REPORT = "`hasim report year` makes a page of"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["run"],
        ["explain"],
        ["compare", "--variant", "vrrp.version=2"],
        ["sweep", "--vary", "vrrp.advert_int=1s,2s"],
        ["sensitivity", "--vary", "vrrp.advert_int=1s..2s"],
        ["advise"],
        ["drill"],
        ["serve"],
        ["report"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_that_takes_a_scenario_names_the_one_for_a_configuration(here: Path, command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "web a.conf"])
    said = f"hasim: error: web a.conf: this looks like a keepalived configuration{SCENARIO_EXPECTED}: {IMPORT}\n"
    assert (result.exit_code, result.stderr) == (2, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run x.html", f"x.html: this looks like an HTML page{SCENARIO_EXPECTED}"),
        ("run trials.json", f"trials.json: this looks like a recording of trials (JSON){SCENARIO_EXPECTED}: "),
        ("run trials.json", "`hasim replay trials.json` replays it"),
        ("run year/result.json", f"{REPORT} what is kept there"),
        ("run year/meta.json", f"{REPORT} what is kept there"),
        ("run year/other.json", f"year/other.json: this looks like a result of hasim's (JSON){SCENARIO_EXPECTED}\n"),
        ("run year", f"year: this is a directory, expected a scenario file; a result is kept in it: {REPORT} it\n"),
        ("run deploy", "hasim export has written it: `hasim import deploy` gives its scenario back\n"),
        ("report deploy", "hasim export has written it: `hasim import deploy` gives its scenario back\n"),
        ("import pair.yaml", f"pair.yaml: this looks like a scenario (YAML){CONFIGURATION_EXPECTED}: "),
        ("import pair.yaml", "`hasim run pair.yaml` runs it, `hasim lint pair.yaml` looks for mistakes in it\n"),
        ("lint pair.txt", f"pair.txt: this looks like a scenario (YAML){CONFIGURATION_EXPECTED}: "),
        ("lint pair.txt", "`hasim run pair.txt` runs it\n"),  # for lint the suffix decides
        ("lint x.html", f"x.html: this looks like an HTML page{CONFIGURATION_EXPECTED}\n"),
        ("lint year", f"year: cannot be read: Is a directory; a result is kept in it: {REPORT} it\n"),
        ("replay pair.yaml", "pair.yaml: this looks like a scenario (YAML), expected a recording of trials (JSON): "),
        ("replay year", f"a result is kept in it: {REPORT} it\n"),
    ],
)
def test_what_is_something_else_is_named_with_the_command_that_takes_it(here: Path, arguments: str, said: str) -> None:
    result = CliRunner().invoke(app, arguments.split())
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_text_that_is_no_file_has_no_command() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(CONFIGURATION)
    assert str(caught.value) == f"<text>: this looks like a keepalived configuration{SCENARIO_EXPECTED}"


def test_a_configuration_that_includes_one_is_not_asked_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("include part.conf\n", encoding="utf-8")
    (tmp_path / "part.conf").write_text("zones:\nfaults:\n", encoding="utf-8")
    assert [problem.message for problem in inspect_config(tmp_path / "a.conf").problems if problem.severity.refuses]
    with pytest.raises(KeepalivedConfigError, match="this looks like a scenario"):
        inspect_config(tmp_path / "part.conf")


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").rglob("*.yaml")), ids=lambda path: path.stem)
def test_scenarios_are_recognised(path: Path) -> None:
    assert kind_of(path.read_text(encoding="utf-8")) is FileKind.SCENARIO


def test_no_broken_scenario_and_no_configuration_is_taken_for_something_else() -> None:
    broken = (ROOT / "tests" / "scenarios" / "broken").glob("*.yaml")
    assert {kind_of(path.read_text(encoding="utf-8")) for path in broken} <= {FileKind.SCENARIO, None}
    samples = [*accepted(), *(case.path for kind in ("changed", "refused") for case in marked(kind))]
    kinds = [kind_of(path.read_text(encoding="utf-8", errors="replace")) for path in samples]
    assert set(kinds) <= {FileKind.CONFIGURATION, None}
    assert kinds.count(None) < len(kinds) / 2


def test_a_mix_is_nobody_knows_what() -> None:
    assert kind_of(BASE + CONFIGURATION) is None
    assert kind_of("") is None
    assert kind_of("vrrp_instance: 3\n") is None


def test_the_keys_by_which_a_scenario_is_known_are_its_keys() -> None:
    keys = ("instances", "floating", "subnets", "zones", "vpc", "horizon", "faults", "vrrp")
    assert set(keys) <= set(ScenarioFile.model_fields)
    assert all(
        kind_of(f"{one}: x\n{other}: y\n") is FileKind.SCENARIO for one in keys for other in keys if one != other
    )


def test_an_empty_directory_is_nobody_s(tmp_path: Path) -> None:
    assert kept_there(tmp_path) == ""
    (tmp_path / "result.json").write_bytes(b"\xff\xfe")
    assert kept_there(tmp_path) == ""
