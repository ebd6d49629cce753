"""``hasim import``: what comes out, what is said about it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hasim.cli.main import app
from hasim.scenario import load, loads
from tests.keepalived.cases import SAMPLES

PAIR = SAMPLES / "accepted" / "pair_unicast.conf"
CONF = """\
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 77
    priority %s
    advert_int 1
    smtp_alert
    unicast_src_ip 10.0.1.%s
    unicast_peer {
        10.0.1.%s
    }
    virtual_ipaddress {
        10.0.1.100/24
    }
    notify_master /bin/move
}
"""


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """The files of two nodes, both called keepalived.conf."""
    paths = []
    for name, values in (("node-a", (150, 10, 11)), ("node-b", (100, 11, 10))):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / "keepalived.conf")
        paths[-1].write_text(CONF % values, encoding="utf-8")
    return paths[0], paths[1]


def hasim_import(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, arguments)], prog_name="hasim")


def test_a_scenario_comes_out_and_the_summary_is_said_beside_it(pair: tuple[Path, Path]) -> None:
    result = hasim_import(*pair)
    assert result.exit_code == 0
    scenario = loads(result.stdout)
    assert [instance.name for instance in scenario.instances] == ["node-a", "node-b"]
    assert [instance.vrrp.priority for instance in scenario.instances] == [150, 100]
    assert f"Used:\n  {pair[0]}:3: virtual_router_id 77\n" in result.stderr
    assert f"Accepted, and without effect on the simulation:\n  {pair[0]}:6: smtp_alert\n" in result.stderr
    assert "Assumed, because the files do not say it:" in result.stderr
    assert "hasim lint" not in result.stderr


def test_what_keepalived_changes_is_a_warning() -> None:
    result = hasim_import(SAMPLES / "changed" / "advert_int_half_v2.conf")
    assert result.exit_code == 0
    assert "Not as written:\n" in result.stderr
    assert "advert_int_half_v2.conf:4: warning: " in result.stderr


def test_errors_that_lint_finds_are_said_last(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    check = "vrrp_script chk {\n    script /bin/true\n    weight -60\n}\n"
    for path in pair:
        text = path.read_text(encoding="utf-8").replace(
            "smtp_alert", "nopreempt\n    track_script {\n        chk\n    }"
        )
        path.write_text(check + text, encoding="utf-8")
    out = tmp_path / "pair.yaml"
    told = f'hasim lint finds 2 errors in this scenario: weight-with-nopreempt; "hasim lint {out}" says what to do'
    assert hasim_import(*pair, "--out", out).stderr.splitlines()[-1] == told
    assert json.loads(hasim_import(*pair, "--json").stdout)["lint_errors"] == {"weight-with-nopreempt": 2}


def test_nodes_can_be_named(pair: tuple[Path, Path]) -> None:
    result = hasim_import("--node", f"left={pair[0]}", "--node", f"right={pair[1]}")
    assert [instance.name for instance in loads(result.stdout).instances] == ["left", "right"]


def test_one_file_for_all_nodes_is_read_once_for_each_id() -> None:
    result = hasim_import(PAIR, PAIR, "--config-id", "node-a", "--config-id", "node-b")
    scenario = loads(result.stdout)
    assert [(i.name, i.vrrp.priority) for i in scenario.instances] == [("node-a", 150), ("node-b", 100)]


def test_one_id_is_that_of_every_file(tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    other.write_text(PAIR.read_text(encoding="utf-8"), encoding="utf-8")
    result = hasim_import(PAIR, other, "--config-id", "node-b")
    assert [instance.vrrp.priority for instance in loads(result.stdout).instances] == [100, 100]


def test_the_vrrp_instance_can_be_chosen(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    second = (CONF % (90, 10, 11)).replace("VI_1", "VI_2").replace("10.0.1.100", "10.0.1.101").replace("77", "78")
    pair[0].write_text(CONF % (150, 10, 11) + second, encoding="utf-8")
    result = hasim_import(*pair, "--vrrp-instance", "VI_2")
    assert str(loads(result.stdout).floating.address) == "10.0.1.101"
    refused = hasim_import(*pair, "--vrrp-instance", "VI_3")
    assert refused.exit_code == 2
    assert refused.stderr == "hasim: error: no file has a vrrp_instance VI_3: expected one of VI_1, VI_2\n"


def test_out_writes_a_file_that_runs_and_never_over_another(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    out = tmp_path / "pair.yaml"
    result = hasim_import(*pair, "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith(f"hasim: written to {out}\n")
    assert load(out).name == "pair"
    written = out.read_text(encoding="utf-8")
    again = hasim_import(*pair[:1], "--out", out)
    assert again.exit_code == 2
    assert again.stderr == f"hasim: error: {out} exists already: choose another name, or remove it\n"
    assert out.read_text(encoding="utf-8") == written


def test_out_that_cannot_be_written_is_said(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    result = hasim_import(*pair, "--out", tmp_path / "nowhere" / "pair.yaml")
    assert result.exit_code == 2
    assert result.stderr.endswith("pair.yaml cannot be written: No such file or directory\n")


def test_json_is_one_document_with_scenario_and_summary(pair: tuple[Path, Path]) -> None:
    result = hasim_import(*pair, "--json")
    document = json.loads(result.stdout)
    assert document["format"] == "hasim.import/1"
    assert len(loads(document["scenario"]).instances) == 2
    assert f"{pair[0]}:4: priority 150" in document["used"]
    assert {"used", "unused", "assumed", "warnings"} <= set(document)
    assert result.stderr == ""


def test_every_refused_statement_is_named_with_its_line(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    bad = tmp_path / "bad.conf"
    bad.write_text((CONF % ("high", 12, 10)).replace("smtp_alert", "nonsense 5"), encoding="utf-8")
    result = hasim_import(pair[0], bad)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sorted(line.split(" ")[2] for line in result.stderr.splitlines()) == [f"{bad}:4:", f"{bad}:6:"]


def test_of_many_statements_of_a_kind_the_first_are_told_and_how_many_more(pair: tuple[Path, Path]) -> None:
    servers = "".join(f"virtual_server 10.1.0.{n} 80 {{\nreal_server 10.2.0.{n} 80 {{\n}}\n}}\n" for n in range(30))
    pair[0].write_text(CONF % (150, 10, 11) + servers, encoding="utf-8")
    result = hasim_import(*pair)
    assert result.stderr.count("virtual_server") == 6
    assert f"virtual_server 10.1.0.4\n  {pair[0]}: and 25 more virtual_server\n" in result.stderr
    assert f"{pair[1]}:6: smtp_alert\n" in result.stderr
    assert sum("virtual_server" in item for item in json.loads(hasim_import(*pair, "--json").stdout)["unused"]) == 30


def test_a_file_without_an_instance_is_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    empty = tmp_path / "empty.conf"
    empty.touch()
    result = hasim_import(empty, pair[1], "--out", tmp_path / "pair.yaml")
    assert result.exit_code == 2
    assert result.stderr == f"hasim: error: {empty}: it has no vrrp_instance that keepalived runs\n"
    assert not (tmp_path / "pair.yaml").exists()


@pytest.mark.parametrize("command", ["import", "lint"])
def test_a_link_in_a_loop_is_one_message(tmp_path: Path, pair: tuple[Path, Path], command: str) -> None:
    for name in ("loop.conf", "keepalived.conf"):
        loop = tmp_path / name
        loop.symlink_to(name)
        result = CliRunner().invoke(app, [command, str(loop), str(pair[1])], prog_name="hasim")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"hasim: error: {loop}: this is a symbolic link that leads back to itself\n"


def test_a_directory_that_is_no_export_is_called_so(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    other = tmp_path / "dir.conf"
    other.mkdir()
    for files in ((other,), (other, pair[1])):
        result = hasim_import(*files)
        assert result.exit_code == 2
        assert f"hasim export has not written {other}: name the keepalived.conf files themselves" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to import: expected the keepalived.conf of at least one node"),
        (["missing.conf"], "missing.conf: cannot be read: No such file or directory"),
        (["--node", "missing.conf"], "--node missing.conf: expected NAME=FILE, such as a=node-a/keepalived.conf"),
        (
            ["x/a.conf", "y/a.conf"],
            "x/a.conf and y/a.conf are both called a: name them, as in --node a=x/a.conf --node b=y/a.conf",
        ),
        (
            ["a.conf", "b.conf", "c.conf", "--config-id", "a", "--config-id", "b"],
            "--config-id stands 2 times for 3 files: expected one, or one for each",
        ),
    ],
)
def test_mistakes_on_the_command_line_are_explained(arguments: list[str], message: str) -> None:
    result = hasim_import(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"hasim: error: {message}\n")


def test_help_teaches_with_an_example() -> None:
    text = hasim_import("--help").stdout
    assert "hasim import node-a/keepalived.conf node-b/keepalived.conf --out pair.yaml" in text
    assert "Exit status 2" in text
    assert max(len(line) for line in text.splitlines()) <= 100
