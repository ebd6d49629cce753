"""``hasim lint``: what it says, where, with which status it ends; and the page of its rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hasim.cli.main import app
from hasim.keepalived import inspect_config
from hasim.keepalived.lint import RULES, lint_configs
from hasim.scenario.linting import SCENARIO_RULES
from hasim.scenario.linting.reference import lint_page
from tests.keepalived.cases import ACCEPTED_IDS, SAMPLES, Case, accepted, marked
from tests.unit.scenario_texts import BASE

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "lint.md"
QUIET = BASE.replace("{address: 10.0.1.10}", "{address: 10.0.1.10, vrrp: {priority: 150}}") + (
    "notify: {reclaim_interval: 10s}\n"
)


def hasim_lint(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["lint", *map(str, arguments)], prog_name="hasim")


def written(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_scenario_has_no_findings(tmp_path: Path) -> None:
    result = hasim_lint(written(tmp_path, "sound.yaml", QUIET))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "no findings\n", "")


def test_a_finding_has_line_severity_reason_consequence_repair_and_rule(tmp_path: Path) -> None:
    text = QUIET + "service: {on_master_only: true}\nvrrp:\n  track_scripts:\n    check: {check: service}\n"
    path = written(tmp_path, "pair.yaml", text)
    result = hasim_lint(path)
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert lines[0] == (
        f"{path}:14: error: check looks at the service of a, which is started by MASTER only, and has no weight; "
        "so it is with b [waits-for-what-it-starts]"
    )
    assert lines[1].startswith("    what will happen: as a backup a is in FAULT because ")
    assert lines[2].startswith("    repair: run the service on every instance")
    assert lines[-1] == "1 error"


def test_warnings_and_notes_alone_end_well(tmp_path: Path) -> None:
    path = written(tmp_path, "pair.yaml", QUIET.replace("reclaim_interval: 10s", "notify_master_rx_lower_pri: true"))
    result = hasim_lint(path)
    assert result.exit_code == 0
    said = "note: a hears of a usurper only by its advert, and others may yield without one; so it is with b"
    assert f"{said} [reclaim-by-advert-only]" in result.stdout
    assert result.stdout.count("[reclaim-by-advert-only]") == 1
    assert result.stdout.endswith("1 note\n")


def test_a_setting_of_one_instance_is_found_on_its_own_line(tmp_path: Path) -> None:
    text = QUIET + "vrrp:\n  version: 2\n  advert_int: 1500ms\n"
    shared = json.loads(hasim_lint(written(tmp_path, "shared.yaml", text), "--json").stdout)
    assert {finding["line"] for finding in shared["findings"]} == {13}
    own = QUIET.replace("{address: 10.0.1.11}", "\n    address: 10.0.1.11\n    vrrp:\n      advert_int: 1500ms")
    alone = json.loads(hasim_lint(written(tmp_path, "own.yaml", own), "--json").stdout)
    assert {(f["rule"], f["line"]) for f in alone["findings"]} == {
        ("advert-int-rounded", 11),
        ("advert-int-differs-v2", 11),
    }


def test_a_scenario_that_the_cloud_refuses_is_a_finding_with_the_code(tmp_path: Path) -> None:
    addresses = ", ".join(f"10.0.1.{number}" for number in range(20, 60))
    text = BASE.replace("10.0.1.10}", f"10.0.1.10, secondary_addresses: [{addresses}]}}")
    document = json.loads(hasim_lint(written(tmp_path, "many.yaml", text), "--json").stdout)
    (finding,) = document["findings"]
    assert (finding["rule"], finding["severity"]) == ("scenario-refused", "error")
    assert finding["what_will_happen"].startswith("the cloud answers LimitExceeded")


@pytest.mark.parametrize("text", [BASE.replace("10min", "10 parsecs"), "a: [", "a: 1\na: 2\n"])
def test_a_scenario_that_does_not_load_is_a_finding_with_its_line(tmp_path: Path, text: str) -> None:
    result = hasim_lint(written(tmp_path, "broken.yaml", text))
    assert result.exit_code == 2
    assert "[scenario-refused]" in result.stdout
    assert f"{tmp_path / 'broken.yaml'}:" in result.stdout
    assert result.stderr == ""


def test_configuration_files_are_held_against_each_other(tmp_path: Path) -> None:
    conf = (
        "vrrp_instance VI {{\ninterface eth0\nvirtual_router_id {0}\npriority {1}\nunicast_src_ip 10.0.1.{2}\n"
        "unicast_peer {{\n10.0.1.{3}\n}}\nvirtual_ipaddress {{\n10.0.1.100/24\n}}\n}}\n"
    )
    a = written(tmp_path, "a.conf", conf.format(51, 150, 10, 11))
    b = written(tmp_path, "b.conf", conf.format(52, 100, 11, 10))
    result = hasim_lint(a, b)
    assert result.exit_code == 2
    assert f"{b}:3: error: virtual_router_id is 51 on a and 52 on b [router-id-differs]" in result.stdout
    alone = hasim_lint(a)
    assert (alone.exit_code, alone.stdout) == (0, "no findings\n")


def test_scenarios_and_configuration_files_go_together(tmp_path: Path) -> None:
    scenario = written(tmp_path, "broken.yml", "nonsense: 1\n")
    conf = SAMPLES / "changed" / "advert_int_half_v2.conf"
    document = json.loads(hasim_lint(scenario, "--node", f"left={conf}", "--json").stdout)
    assert {finding["file"] for finding in document["findings"]} == {str(scenario), str(conf)}
    assert any("left sends every 2 s" in finding["what_will_happen"] for finding in document["findings"])


def test_json_counts_and_lists(tmp_path: Path) -> None:
    path = written(tmp_path, "pair.yaml", QUIET + "vrrp: {transport: multicast}\n")
    document = json.loads(hasim_lint(path, "--json").stdout)
    assert (document["format"], document["errors"], document["warnings"], document["notes"]) == (
        "hasim.lint/1",
        1,
        0,
        0,
    )
    assert set(document["findings"][0]) == {
        "rule",
        "severity",
        "file",
        "line",
        "reason",
        "what_will_happen",
        "repair",
    }


@pytest.mark.parametrize("case", marked("refused"), ids=lambda case: case.name)
def test_what_keepalived_refuses_ends_with_2_and_its_line(case: Case) -> None:
    path = case.path
    result = hasim_lint(path)
    assert result.exit_code == 2
    assert f"{path}:{case.line}" in result.stdout + result.stderr


@pytest.mark.parametrize("path", sorted((PROJECT / "scenarios").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_scenario_of_the_project_can_be_linted(path: Path) -> None:
    result = hasim_lint(path)
    assert result.exit_code in (0, 2)
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to lint: expected scenarios, or the keepalived.conf files of a cluster"),
        (["missing.conf"], "missing.conf: cannot be read: No such file or directory"),
        (["missing.yaml"], "missing.yaml: there is no such file"),
        (["a.yaml", "--config-id", "x"], "--config-id is for keepalived.conf files, and there are none"),
    ],
)
def test_mistakes_on_the_command_line_are_explained(arguments: list[str], message: str) -> None:
    result = hasim_lint(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"hasim: error: {message}\n")


def test_all_mistakes_of_a_scenario_are_findings(tmp_path: Path) -> None:
    path = written(tmp_path, "pair.yaml", QUIET + "vrrp: {version: 4}\nsede: 1\n")
    result = hasim_lint(path)
    assert result.exit_code == 2
    heads = [line for line in result.stdout.splitlines() if "[scenario-refused]" in line]
    count = len(QUIET.splitlines())
    assert heads == [
        f"{path}:{count + 1}: error: vrrp.version: expected 2 or 3, got the number 4 [scenario-refused]",
        f"{path}:{count + 2}: error: sede: unknown key [scenario-refused]",
    ]
    assert result.stdout.endswith("2 errors\n")


def test_help_says_how_it_ends() -> None:
    text = hasim_lint("--help").stdout
    assert "Exit status 0: no finding, or only warnings and notes. 2: at least one error" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_page_of_the_rules_is_current(rewrite: bool) -> None:
    if rewrite:
        PAGE.write_text(lint_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == lint_page(), "docs/lint.md is stale: pytest --rewrite"


def test_every_rule_has_a_section_with_its_source() -> None:
    page = lint_page()
    for rule in (*RULES, *SCENARIO_RULES):
        assert f"\n### {rule.name}\n" in page
        assert f"* Source: {rule.source}.\n" in page


def test_everything_that_is_ever_said_has_a_section() -> None:
    page = lint_page()
    paths = [*accepted(), *(case.path for kind in ("changed", "refused") for case in marked(kind))]
    said = {
        finding.rule
        for path in paths
        for finding in lint_configs({"a": inspect_config(path, ACCEPTED_IDS.get(path.stem, ""))})
    }
    assert {"keepalived-refuses", "keepalived-changes", "script-security"} <= said
    assert all(f"\n### {rule}\n" in page for rule in said)
