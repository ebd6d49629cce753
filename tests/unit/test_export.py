"""``hasim export``: what it writes, what it refuses, and that importing an export gives its scenario back."""

from __future__ import annotations

import ast
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from typer.testing import CliRunner, Result

from hasim.api import load as load_study
from hasim.cli.main import app
from hasim.errors import UserError
from hasim.export import ExportOptions, export, identifiers_of
from hasim.export.configuration import configuration_of
from hasim.export.discovery import find_identifiers
from hasim.export.node.script import Answer
from hasim.export.reading import read_export
from hasim.keepalived import inspect_text, write_config
from hasim.scenario import load, loads
from hasim.scenario.model import Scenario
from hasim.scenario.topology import build_region
from tests.random_scenarios import scenarios

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path for path in (ROOT / "scenarios").rglob("*.yaml"))
BEST_PRACTICE = ROOT / "scenarios" / "secondary-ip-best-practice.yaml"
PAIR = """\
# A pair, with a comment that nobody may lose.
name: pair
horizon: 10min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}, heartbeat: {cidr: 10.0.2.0/24}}
instances:
  a:
    cpu: 4
    memory: 8GB
    interfaces:
      service: {subnet: service, address: 10.0.1.11}
      heartbeat: {subnet: heartbeat, address: 10.0.2.11}
  b:
    cpu: 4
    memory: 8GB
    interfaces:
      service: {subnet: service, address: 10.0.1.12}
      heartbeat: {subnet: heartbeat, address: 10.0.2.12}
vrrp:
  interface: heartbeat
  track_interface: service
  track_scripts: {web: {interval: 2s, fall: 2}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
notify: {reclaim_interval: 5s, notify_master_rx_lower_pri: true}
"""


def hasim(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), prog_name="hasim")


def configuration(scenario: Scenario, name: str, options: ExportOptions | None = None) -> str:
    config, _ = configuration_of(scenario, scenario.instance(name), options or ExportOptions())
    return write_config(config)


def contents(directory: Path) -> dict[str, bytes]:
    """Every file by its path in the directory."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_each_instance_gets_what_it_needs(tmp_path: Path) -> None:
    done = export(loads(PAIR), tmp_path, options=ExportOptions(python="/opt/venv/bin/python"))
    assert list(done.nodes) == ["a", "b"]
    assert done.remarks == ()
    expected = {"keepalived.conf", "settings.json", "identifiers.json", "hasim_notify.py", "hasim_check.py"}
    assert expected | {"hasim-reclaim.service", "hasim_node/script.py"} <= set(done.nodes["a"].files)
    assert {path for path in contents(tmp_path) if "/" not in path} == {"README.md", "scenario.yaml"}
    assert all(path.exists() for path in done.files)
    for name, flags in (("hasim_notify.py", "-S"), ("hasim_check.py", "-ES")):
        assert (tmp_path / "b" / name).stat().st_mode & stat.S_IXUSR
        assert (tmp_path / "b" / name).read_text(encoding="utf-8").startswith(f"#!/opt/venv/bin/python {flags}\n")


def test_keepalived_conf_says_what_the_scenario_says() -> None:
    options = ExportOptions(script_directory="/opt/{instance}", devices={"a": {"heartbeat": "ens6"}})
    text = configuration(loads(PAIR), "a", options)
    for line in (
        "interface ens6",
        "unicast_src_ip 10.0.2.11",
        "        10.0.2.12",
        "        10.0.1.100/24 dev eth0",
        "        eth0",
        'script "/opt/a/hasim_check.py web"',
        "interval 2",
        "fall 2",
        'notify_master "/opt/a/hasim_notify.py MASTER"',
        'notify_master_rx_lower_pri "/opt/a/hasim_notify.py MASTER_RX_LOWER_PRI"',
    ):
        assert line in text


@pytest.mark.parametrize("mechanism", ["eni, method: reattach", "eip"])
def test_what_keepalived_must_not_configure_it_does_not(mechanism: str) -> None:
    scenario = load(next(path for path in SHIPPED if path.stem == mechanism.replace(", method: ", "-")))
    text = configuration(scenario, "b")
    assert "169.254.0.51/32 dev lo scope host" in text
    assert scenario.floating.address is None or str(scenario.floating.address) not in text


def test_packets_that_are_not_accepted_are_so_in_the_file_and_back(tmp_path: Path) -> None:
    scenario = loads(PAIR.replace("vrrp:\n", "vrrp:\n  accept: false\n"))
    assert "    no_accept\n" in configuration(scenario, "b")
    assert "accept" not in configuration(loads(PAIR), "b")
    assert_stable(scenario, tmp_path)


def test_a_fifo_takes_the_place_of_the_scripts() -> None:
    scenario = loads(PAIR.replace("notify: {", "notify: {fifo: true, "))
    text = configuration(scenario, "a")
    assert "vrrp_notify_fifo /run/hasim.fifo" in text
    assert 'vrrp_notify_fifo_script "/etc/keepalived/hasim/hasim_notify.py fifo"' in text
    assert "notify_master" not in text


def test_what_keepalived_cannot_say_is_remarked(tmp_path: Path) -> None:
    text = PAIR.replace("interval: 2s", "interval: 300ms").replace("vrrp:\n", "vrrp:\n  garp_master_refresh: 1500ms\n")
    done = export(loads(text), tmp_path, instances=["a"])
    assert done.remarks == (
        "a: keepalived.conf cannot say web interval 300 ms (it takes whole seconds): it says 1 s",
        "a: keepalived.conf cannot say web timeout 300 ms (it takes whole seconds): it says 1 s",
        "a: keepalived.conf cannot say garp_master_refresh 1.5 s (it takes whole seconds): it says 2 s",
    )
    assert all(f"- {remark}\n" in (tmp_path / "README.md").read_text(encoding="utf-8") for remark in done.remarks)


def test_owner_of_the_address_gets_nothing_that_keepalived_would_drop() -> None:
    text = PAIR.replace("vrrp:\n", "vrrp:\n  priority: 255\n  nopreempt: true\n", 1)
    text = text.replace("track_interface: service", "track_interface: {service: {weight: -50}}")
    scenario = loads(text.replace("fall: 2", "weight: -20"))
    text = configuration(scenario, "a")
    for word in ("nopreempt", "web", "track_interface"):
        assert word not in text
    assert inspect_text(text).problems == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_come_back_as_they_were(path: Path, tmp_path: Path) -> None:
    assert_stable(load(path), tmp_path)


@given(scenarios())
@settings(max_examples=15)
def test_random_scenarios_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    assert_stable(loads(text), tmp_path_factory.mktemp("export"))


def assert_stable(scenario: Scenario, directory: Path) -> None:
    """Export, import, export: the same scenario, the same bytes, and nothing that keepalived would complain about."""
    first, second = directory / "first", directory / "second"
    done = export(scenario, first)
    for node in done.nodes.values():
        read = inspect_text((node.directory / "keepalived.conf").read_text(encoding="utf-8"))
        assert read == node.config
        assert [problem for problem in read.problems if problem.fails_config_test] == []
    imported = read_export(first)
    assert str(imported.summary) == ""
    again = loads(imported.text)
    assert again.digest == scenario.digest
    export(again, second)
    assert contents(first) == contents(second)


def test_the_scenario_keeps_its_text_and_gets_its_name(tmp_path: Path) -> None:
    export(loads(PAIR), tmp_path / "named")
    assert (tmp_path / "named" / "scenario.yaml").read_text(encoding="utf-8") == PAIR
    export(loads(PAIR.replace("name: pair\n", ""), "twins.yaml"), tmp_path / "unnamed")
    text = (tmp_path / "unnamed" / "scenario.yaml").read_text(encoding="utf-8")
    assert text == 'name: "twins"\n' + PAIR.replace("name: pair\n", "")


def test_a_scenario_that_points_at_keepalived_conf_files_is_exported_without_them(tmp_path: Path) -> None:
    devices = {name: {"service": "service", "heartbeat": "heartbeat"} for name in ("a", "b")}
    done = export(loads(PAIR), tmp_path / "pair", options=ExportOptions(devices=devices))
    pointing = PAIR
    for name in ("a", "b"):
        conf = done.nodes[name].directory / "keepalived.conf"
        text = conf.read_text(encoding="utf-8").replace("floating {", "VI_1 {").replace("priority 100", "priority 77")
        (tmp_path / f"{name}.conf").write_text(text, encoding="utf-8")
        pointing = pointing.replace(f"  {name}:\n", f"  {name}:\n    keepalived: {name}.conf\n")
    head, _, tail = pointing.partition("vrrp:\n")
    source = tmp_path / "pointing.yaml"
    source.write_text(head + tail[tail.index("floating:") :], encoding="utf-8")
    scenario = load(source)
    assert scenario.instance("a").vrrp.priority == 77
    assert_stable(scenario, tmp_path / "stable")


def test_files_that_the_scenario_refers_to_go_with_it(tmp_path: Path) -> None:
    (tmp_path / "measured.csv").write_text("boot_s\n38\n41\n", encoding="utf-8")
    source = tmp_path / "pair.yaml"
    source.write_text(PAIR + "guest: {boot: {empirical: {file: measured.csv}}}\n", encoding="utf-8")
    export(load(source), tmp_path / "out")
    assert load(tmp_path / "out" / "scenario.yaml").digest == load(source).digest
    inside = tmp_path / "inside"
    inside.mkdir()
    other = inside / "pair.yaml"
    other.write_text(PAIR + "guest: {boot: {empirical: {file: ../measured.csv}}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"refers to \.\./measured\.csv, which is not in its directory"):
        export(load(other), tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_changes_in_the_files_become_settings_of_their_instance(tmp_path: Path) -> None:
    export(loads(PAIR), tmp_path)
    conf, policy = tmp_path / "b" / "keepalived.conf", tmp_path / "a" / "settings.json"
    text = conf.read_text(encoding="utf-8").replace("priority 100", "priority 90").replace("fall 2", "fall 4")
    conf.write_text(
        text.replace("    notify_master_rx_lower_pri", "    # notify_master_rx_lower_pri"), encoding="utf-8"
    )
    policy.write_text(
        policy.read_text(encoding="utf-8").replace('"reclaim_interval": "5s"', '"reclaim_interval": null')
    )
    imported = read_export(tmp_path)
    place = next(number for number, line in enumerate(text.splitlines(), start=1) if "priority 90" in line)
    assert f"{conf}:{place}: instances.b.vrrp.priority 90" in imported.summary.used
    scenario = loads(imported.text)
    assert scenario.instance("b").vrrp.priority == 90
    assert scenario.instance("b").vrrp.track_scripts[0].fall == 4
    assert not scenario.instance("b").notify.on_rx_lower_priority
    assert scenario.instance("a").notify.reclaim_interval_ns is None
    assert scenario.instance("a").vrrp.priority == 100
    assert imported.summary.warnings == ()
    export(scenario, tmp_path / "again")
    assert "priority 90" in (tmp_path / "again" / "b" / "keepalived.conf").read_text(encoding="utf-8")


def test_a_file_that_no_longer_accepts_makes_a_scenario_that_does_not(tmp_path: Path) -> None:
    export(loads(PAIR), tmp_path)
    conf = tmp_path / "b" / "keepalived.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace("    priority 100", "    priority 100\n    no_accept"))
    scenario = loads(read_export(tmp_path).text)
    assert [instance.vrrp.accept for instance in scenario.instances] == [True, False]


def test_a_change_that_a_scenario_cannot_hold_is_told(tmp_path: Path) -> None:
    export(loads(PAIR), tmp_path)
    conf = tmp_path / "a" / "keepalived.conf"
    text = conf.read_text(encoding="utf-8").replace("10.0.1.100/24", "10.0.1.101/24").replace("10.0.2.12", "10.0.2.99")
    conf.write_text(text, encoding="utf-8")
    warnings = read_export(tmp_path).summary.warnings
    assert any("no instance of the scenario has the address 10.0.2.99" in warning for warning in warnings)
    assert any("virtual_addresses is not what the scenario says" in warning for warning in warnings)


def test_import_command_takes_the_directory_or_the_files(tmp_path: Path) -> None:
    export(loads(PAIR), tmp_path / "pair")
    for arguments in ([tmp_path / "pair"], [tmp_path / "pair" / name / "keepalived.conf" for name in ("a", "b")]):
        result = hasim("import", *arguments)
        assert (result.exit_code, result.stdout) == (0, PAIR)
    refused = hasim("import", tmp_path)
    assert refused.exit_code == 2
    assert "hasim export has not written" in refused.stderr
    assert hasim("import", tmp_path / "pair", "--node", "a=x.conf").exit_code == 2


def test_a_damaged_policy_is_the_users_mistake(tmp_path: Path) -> None:
    export(loads(PAIR), tmp_path)
    settings_file = tmp_path / "a" / "settings.json"
    settings_file.write_text(settings_file.read_text(encoding="utf-8").replace('"tries"', '"attempts"'))
    with pytest.raises(UserError, match="policy: expected the keys sleep_before, tries"):
        read_export(tmp_path)


def test_nothing_is_written_over_without_force(tmp_path: Path) -> None:
    assert hasim("export", BEST_PRACTICE, tmp_path).exit_code == 0
    written = contents(tmp_path)
    refused = hasim("export", BEST_PRACTICE, tmp_path, "--set", "vrrp.priority=60")
    assert refused.exit_code == 2
    assert f"there already: {tmp_path / 'README.md'}, " in refused.stderr
    assert "--force" in refused.stderr
    assert contents(tmp_path) == written
    assert hasim("export", BEST_PRACTICE, tmp_path, "--set", "vrrp.priority=60", "--force").exit_code == 0
    assert b"priority 60" in contents(tmp_path)["a/keepalived.conf"]


def test_a_file_is_no_directory_to_export_into(tmp_path: Path) -> None:
    taken = tmp_path / "deploy"
    taken.write_text("mine", encoding="utf-8")
    refused = hasim("export", BEST_PRACTICE, taken, "--force")
    assert refused.exit_code == 2
    assert f"{taken}: this is a file, expected a directory" in refused.stderr
    assert taken.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("mechanism", ["eni-migrate", "secondary-ip-reassign-with-eip", "eip"])
def test_identifiers_are_found_in_answers_of_many_pages(mechanism: str) -> None:
    scenario = load(ROOT / "scenarios" / "mechanisms" / f"{mechanism}.yaml")
    topology = build_region(scenario, scenario.instances[-1].name)

    def ask(action: str, params: dict[str, Any]) -> Answer:
        return Answer(
            "OK", dict(topology.region.call(action, {**params, "Filters": [], "Limit": 1}, now_ns=0).response)
        )

    found = find_identifiers(scenario, ask)
    assert found == {name: identifiers_of(topology)[name] for name in found}


def test_identifiers_that_were_filled_in_stay(tmp_path: Path) -> None:
    scenario = loads(PAIR)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "identifiers.json").write_text('{"vpc": "vpc-mine", "old": "x"}', encoding="utf-8")
    done = export(scenario, tmp_path, overwrite=True)
    assert json.loads((tmp_path / "a" / "identifiers.json").read_text()) == {
        "instance_a": "",
        "interface_a": "",
        "vpc": "vpc-mine",
    }
    assert done.nodes["a"].missing_identifiers == ("instance_a", "interface_a")
    known = identifiers_of(build_region(scenario, "a"))
    done = export(scenario, tmp_path, overwrite=True, identifiers=known)
    assert done.nodes["a"].identifiers["vpc"] == known["vpc"]
    assert done.nodes["a"].missing_identifiers == ()


def test_a_study_exports_from_a_notebook(tmp_path: Path) -> None:
    done = load_study(BEST_PRACTICE).with_(vrrp__priority=70).export(tmp_path, instances=["a"])
    assert done.nodes["a"].config.instances[0].priority == 70


def test_one_instance_alone_and_machine_readable(tmp_path: Path) -> None:
    result = hasim("export", BEST_PRACTICE, tmp_path, "--instance", "b", "--json")
    document = json.loads(result.stdout)
    assert document["format"] == "hasim.export/1"
    assert list(document["instances"]) == ["b"]
    assert document["instances"]["b"]["missing"] == ["eip", "instance_b", "interface_b", "vpc"]
    assert not (tmp_path / "a").exists()
    assert "no instance c: expected one of a, b" in hasim("export", BEST_PRACTICE, tmp_path, "--instance", "c").stderr


def test_devices_are_named_for_all_or_for_one(tmp_path: Path) -> None:
    source = tmp_path / "pair.yaml"
    source.write_text(PAIR, encoding="utf-8")
    done = hasim("export", source, tmp_path / "out", "--device", "service=ens5", "--device", "b.heartbeat=ens9")
    assert done.exit_code == 0
    written = contents(tmp_path / "out")
    assert b"interface eth1" in written["a/keepalived.conf"]
    assert b"interface ens9" in written["b/keepalived.conf"]
    assert b"dev ens5" in written["b/keepalived.conf"]
    wrong = hasim("export", source, tmp_path / "other", "--device", "eth7=ens5")
    assert wrong.exit_code == 2
    assert "with an interface of the scenario" in wrong.stderr


def test_no_secret_is_ever_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "AKIDsecretive")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "keyofkeys")
    assert hasim("export", BEST_PRACTICE, tmp_path).exit_code == 0
    assert not any(b"AKIDsecretive" in text or b"keyofkeys" in text for text in contents(tmp_path).values())


def test_what_runs_on_an_instance_is_written_for_python_3_8() -> None:
    """The syntax; annotations are never evaluated there. Nothing of hasim is imported."""
    for path in sorted((ROOT / "hasim" / "export" / "node").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
        modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
        assert not any((module or "").startswith("hasim") for module in modules)
        assert "annotations" in [
            alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
        ]


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--service", "nonsense"), ("--service", "host:99999"), ("--python", ""), ("--python", "python3"),
        ("--script-directory", "relative/dir"), ("--endpoint", "foo"), ("--script-user", ""),
        ("--script-user", "a b"),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_right_is_refused(tmp_path: Path, option: str, text: str) -> None:
    result = hasim("export", "scenarios/partition.yaml", tmp_path / "deploy", option, text)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"hasim: error: {option} {text}: expected ")
    assert not (tmp_path / "deploy").exists()
