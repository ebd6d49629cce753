"""The addresses in adverts: who hears whom, and what of it comes from keepalived.conf files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hasim.export import ExportOptions
from hasim.export.configuration import configuration_of
from hasim.keepalived import inspect_text, write_config
from hasim.scenario import ScenarioError, load, loads
from hasim.scenario.importing import import_configs
from hasim.scenario.linting import lint_scenario
from hasim.scenario.loading import parse
from hasim.scenario.model import Scenario
from hasim.study.keeping.scenario_file import scenario_from_json, scenario_to_json
from hasim.trace import MemberStateChanged
from tests.unit.bare_pair import bare_pair, instance, of_type, run, states

SCENARIO = """
horizon: 2min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {address: 10.0.1.11, keepalived: a.conf}
  b: {address: 10.0.1.12, keepalived: b.conf}
floating: {mechanism: secondary_ip, address: 10.0.1.100}
"""
INSTANCE = """
vrrp_instance {name} {{
    interface eth0
    virtual_router_id {router_id}
    priority {priority}
    version {version}
    {more}
    notify_master /bin/move
    unicast_src_ip 10.0.1.{own}
    unicast_peer {{
        10.0.1.{other}
    }}
    virtual_ipaddress {{
        {addresses}
    }}
}}
"""
GROUP = "vrrp_sync_group both {\ngroup {\nweb\ninside\n}\n}\n"


def conf(node: str, *hosts: int, more: str = "", name: str = "web", version: int = 2) -> str:
    """The file of a (priority 150) or b (100) with these addresses."""
    own, other, priority = (11, 12, 150) if node == "a" else (12, 11, 100)
    addresses = "\n".join(f"10.0.1.{host}/24" for host in hosts)
    router_id = 51 if name == "web" else 52
    return INSTANCE.format(**locals())


def pointed(directory: Path, a: str, b: str) -> Scenario:
    """A scenario that points at the two files."""
    (directory / "a.conf").write_text(a)
    (directory / "b.conf").write_text(b)
    (directory / "pair.yaml").write_text(SCENARIO)
    return load(directory / "pair.yaml")


def found_by_lint(directory: Path) -> list[tuple[str, int]]:
    """Where lint says that the files' addresses differ."""
    found = lint_scenario(parse(SCENARIO, "pair.yaml"), directory)
    return [(one.location.file, one.location.line) for one in found if one.rule == "addresses-differ"]


def is_master_too(scenario: Scenario) -> bool:
    """Whether b is MASTER although a is well."""
    return [new for _, new, _ in states(run(scenario), "b")] == ["MASTER"]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("a", "b", "hears"),
    [
        ((100, 101), (100, 101), True),
        ((100, 101), (101, 100), True),
        ((100, 101), (100, 102), False),
        ((100, 101), (100,), False),
        ((100,), (100, 101), False),
    ],
)
@pytest.mark.parametrize("more", ["", "skip_check_adv_addr"])
def test_files_that_name_different_addresses_make_two_masters_as_lint_says(
    tmp_path: Path, a: tuple[int, ...], b: tuple[int, ...], hears: bool, version: int, more: str
) -> None:
    scenario = pointed(tmp_path, conf("a", *a, more=more, version=version), conf("b", *b, more=more, version=version))
    assert is_master_too(scenario) is not hears
    assert len(found_by_lint(tmp_path)) == (not hears)
    assert {one.vrrp.virtual_addresses is None for one in scenario.instances} == {hears}


def test_the_finding_is_at_the_block_of_the_second_file(tmp_path: Path) -> None:
    pointed(tmp_path, conf("a", 100), conf("b", 100, 102))
    ((file, line),) = found_by_lint(tmp_path)
    assert Path(file).name == "b.conf"
    assert (tmp_path / "b.conf").read_text().splitlines()[line - 1].strip().startswith("virtual_ipaddress")


@pytest.mark.parametrize(("a", "b", "hears"), [((100,), (), False), ((), (100,), False), ((), (), True)])
def test_a_file_without_any_address_hears_only_others_without(
    tmp_path: Path, a: tuple[int, ...], b: tuple[int, ...], hears: bool
) -> None:
    scenario = pointed(tmp_path, conf("a", *a), conf("b", *b))
    assert len(found_by_lint(tmp_path)) == (not hears)
    assert is_master_too(scenario) is not hears
    configs = {node: inspect_text(conf(node, *own), f"{node}.conf") for node, own in (("a", a), ("b", b))}
    imported = import_configs(configs)
    assert is_master_too(loads(imported.text)) is not hears
    found = {one.rule for one in lint_scenario(parse(imported.text, "imported.yaml"), tmp_path)}
    assert ("addresses-differ" in found) is not hears


def test_an_exported_node_without_addresses_has_none_either() -> None:
    scenario = bare_pair(vrrp={"virtual_ipaddress": []})
    exported, _ = configuration_of(scenario, scenario.instance("a"), ExportOptions())
    read = inspect_text(write_config(exported)).instances[0]
    assert read.virtual_addresses == ()
    assert [str(vip.address) for vip in read.excluded_addresses] == ["10.0.1.100"]


def test_an_imported_pair_keeps_the_difference_and_an_export_has_it_again() -> None:
    configs = {
        name: inspect_text(conf(name, *hosts), f"{name}.conf") for name, hosts in (("a", (100, 101)), ("b", (100, 102)))
    }
    scenario = loads(import_configs(configs).text)
    (usurped_s, *_), *_ = states(run(scenario), "b")
    assert usurped_s < 5
    for name, config in configs.items():
        exported, _ = configuration_of(scenario, scenario.instance(name), ExportOptions())
        own = [vip.address for vip in exported.instances[0].virtual_addresses]
        assert own == [vip.address for vip in config.instances[0].virtual_addresses]
        assert exported.instances[0].excluded_addresses == ()


def test_an_address_that_is_not_named_is_moved_all_the_same() -> None:
    scenario = bare_pair(vrrp={"virtual_ipaddress": ["10.0.1.200"]})
    exported, _ = configuration_of(scenario, scenario.instance("a"), ExportOptions())
    assert [str(vip.address) for vip in exported.instances[0].virtual_addresses] == ["10.0.1.200"]
    assert [str(vip.address) for vip in exported.instances[0].excluded_addresses] == ["10.0.1.100"]


def test_members_of_a_sync_group_have_addresses_of_their_own(tmp_path: Path) -> None:
    """The members that differ are MASTER on both nodes only when the whole group is."""
    a, b = (GROUP + conf(node, 100) + conf(node, host, name="inside") for node, host in (("a", 110), ("b", 111)))
    scenario = pointed(tmp_path, a, b)
    (member,) = scenario.instance("b").sync_group
    assert [str(address) for address in member.vrrp.virtual_addresses or ()] == ["10.0.1.111"]
    assert scenario.instance("b").vrrp.virtual_addresses is None
    found = run(scenario)
    assert states(found, "b") == []
    assert of_type(found, MemberStateChanged) == []
    assert len(found_by_lint(tmp_path)) == 1


def test_a_scenario_says_it_itself() -> None:
    def pair(a: Any, b: Any, **vrrp: Any) -> Scenario:
        instances = {
            name: instance(priority, host, vrrp={"priority": priority, "virtual_ipaddress": named})
            for name, priority, host, named in (("a", 150, 11, a), ("b", 100, 12, b))
        }
        return bare_pair(instances=instances, vrrp=vrrp)

    floating = "10.0.1.100"
    assert not is_master_too(pair([floating], None))
    assert is_master_too(pair([floating, "10.0.1.101"], None))
    assert not is_master_too(pair(["fd00::1"], ["fd00::1"], native_ipv6=True))
    apart = pair(["fd00::1"], ["fd00::2"], native_ipv6=True)
    assert is_master_too(apart)
    assert scenario_from_json(scenario_to_json(apart)) == apart


@pytest.mark.parametrize(
    ("written", "version", "message"),
    [
        ([], 3, "does not run version 3 without an address"),
        (["fd00::1"], 2, "its adverts go over IPv4 and name IPv4 addresses"),
        (["10.0.1.100", "10.0.1.100"], 2, "10.0.1.100 stands twice"),
        (["web"], 2, "virtual_ipaddress"),
    ],
)
def test_what_no_advert_can_name_is_refused(written: list[str], version: int, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        bare_pair(vrrp={"virtual_ipaddress": written, "version": version})
