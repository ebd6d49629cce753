"""VRRPv2 passwords: who hears whom, what an import takes from a keepalived.conf, and what an export writes into one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hasim.export import ExportOptions, export
from hasim.export.configuration import configuration_of
from hasim.export.reading import read_export
from hasim.keepalived import inspect_text, write_config
from hasim.keepalived.lint import RULES
from hasim.scenario import ScenarioError, loads
from hasim.scenario.importing import import_configs
from hasim.scenario.linting import lint_scenario
from hasim.scenario.loading import parse
from hasim.scenario.model import Scenario
from tests.unit.bare_pair import bare_pair, instance, run, states

CONF = """
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
    unicast_src_ip 10.0.1.{host}
    unicast_peer {{
        10.0.1.{other}
    }}
    {authentication}
    virtual_ipaddress {{
        10.0.1.100/24
    }}
}}
"""
PASSWORD = """authentication {
        auth_type PASS
        auth_pass "%s"
    }"""


def pair(a: Any, b: Any, **vrrp: Any) -> Scenario:
    """The bare pair, each with its own authentication (None: none)."""
    instances = {
        name: instance(priority, host, vrrp={"priority": priority, "authentication": written})
        for name, priority, host, written in (("a", 150, 11, a), ("b", 100, 12, b))
    }
    return bare_pair(instances=instances, vrrp=vrrp)


def word(text: str) -> dict[str, str]:
    return {"auth_type": "PASS", "auth_pass": text}


@pytest.mark.parametrize(
    ("a", "b", "hears"),
    [
        (word("secret"), word("secret"), True),
        (word("secret"), word("Secret"), False),
        (word("secret"), None, False),
        (None, word("secret"), False),
        (word("secret12"), word("secret12 and more"), True),
    ],
)
def test_adverts_of_another_password_are_not_heard(a: Any, b: Any, hears: bool) -> None:
    found = run(pair(a, b))
    assert (states(found, "b") == []) == hears


def test_version_3_has_no_password() -> None:
    scenario = pair(word("secret"), word("other"), version=3)
    assert {one.vrrp.password for one in scenario.instances} == {None}
    assert states(run(scenario), "b") == []


def test_a_member_of_the_sync_group_has_the_password_around_it_or_its_own() -> None:
    group = {"inside": {"interface": "eth1"}, "own": {"virtual_router_id": 9, "authentication": word("other")}}
    scenario = bare_pair(vrrp={"authentication": word("secret"), "sync_group": group})
    assert [member.vrrp.password for member in scenario.instances[0].sync_group] == ["secret", "other"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"auth_pass": 1111}, "auth_pass: expected text, got the number 1111: put it in quotes"),
        ({"auth_pass": ""}, "printable ones, and no double quote"),
        ({"auth_pass": 'a"b'}, "printable ones, and no double quote"),
        ({"auth_pass": "x", "auth_type": "AH"}, "auth_type"),
        ({"auth_type": "PASS"}, "auth_pass"),
    ],
)
def test_what_is_no_password_is_refused(written: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        pair(written, written)


def imported(a: str, b: str) -> Scenario:
    configs = {
        name: inspect_text(CONF.format(priority=priority, host=host, other=other, authentication=said), f"{name}.conf")
        for name, priority, host, other, said in (("a", 150, 11, 12, a), ("b", 100, 12, 11, b))
    }
    return loads(import_configs(configs).text)


def test_an_import_takes_the_password_over() -> None:
    scenario = imported(PASSWORD % "a # b: \\ c", PASSWORD % "a # b: \\ c")
    assert [one.vrrp.password for one in scenario.instances] == ["a # b: \\"] * 2
    scenario = imported(PASSWORD % "1111", "")
    assert [one.vrrp.password for one in scenario.instances] == ["1111", None]


def test_an_export_writes_it_and_the_way_back_notices_another(tmp_path: Path) -> None:
    text = imported(PASSWORD % "1111", PASSWORD % "1111").source_text
    scenario = loads(text)
    config, _ = configuration_of(scenario, scenario.instance("a"), ExportOptions())
    read = inspect_text(write_config(config), "a.conf").instances[0].authentication
    assert read is not None
    assert (read.type, read.password) == ("PASS", "1111")
    export(scenario, tmp_path)
    conf = tmp_path / "b" / "keepalived.conf"
    conf.write_text(conf.read_text().replace("1111", "2222"))
    again = loads(read_export(tmp_path).text)
    assert [one.vrrp.password for one in again.instances] == ["1111", "2222"]


def test_lint_says_so_beforehand() -> None:
    scenario = pair(word("secret"), word("other"))
    found = lint_scenario(parse(scenario.source_text, "pair.yaml"), Path())
    (finding,) = [one for one in found if one.rule == "authentication-differs"]
    assert "do not have the same authentication" in finding.reason
    assert finding.rule in {rule.name for rule in RULES}
