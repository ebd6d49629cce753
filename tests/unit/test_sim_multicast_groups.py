"""Multicast groups of adverts: who hears whom, and what of it comes from keepalived.conf files."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from hasim.export import ExportOptions
from hasim.export.configuration import configuration_of
from hasim.keepalived import inspect_text
from hasim.scenario import ScenarioError, loads
from hasim.scenario.importing import import_configs
from hasim.scenario.model import Scenario
from hasim.study.keeping.scenario_file import scenario_from_json, scenario_to_json
from tests.unit.bare_pair import run, states

CONF = """
global_defs {{
    {general}
}}
vrrp_instance web {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    {own}
    virtual_ipaddress {{
        10.0.1.100/24
    }}
}}
"""


def imported(*nodes: tuple[str, str]) -> Scenario:
    """Of files with these lines in ``global_defs`` and in the instance, in a network that carries multicast."""
    configs = {
        name: inspect_text(CONF.format(general=general, own=own, priority=priority), f"{name}.conf")
        for name, priority, (general, own) in zip("ab", (150, 100), nodes, strict=True)
    }
    text = import_configs(configs).text
    return loads(text if "multicast: true" in text else text.replace("vpc:\n", "vpc:\n  multicast: true\n", 1))


@pytest.mark.parametrize(
    ("a", "b", "hears"),
    [
        (("", ""), ("", ""), True),
        (("", "mcast_dst_ip 224.0.0.99"), ("", "mcast_dst_ip 224.0.0.99"), True),
        (("", "mcast_dst_ip 224.0.0.99"), ("", ""), False),
        (("vrrp_mcast_group4 224.0.0.99", ""), ("", "mcast_dst_ip 224.0.0.99"), True),
        (("vrrp_mcast_group4 224.0.0.99", ""), ("vrrp_mcast_group4 224.0.0.98", ""), False),
        (("", "mcast_dst_ip 224.0.0.18"), ("", ""), True),
    ],
)
def test_a_node_hears_its_own_group_alone(a: tuple[str, str], b: tuple[str, str], hears: bool) -> None:
    entered = [new for at, new, _ in states(run(imported(a, b)), "b") if at < 100]
    assert ("MASTER" not in entered) == hears


def test_the_group_is_kept_and_exported() -> None:
    scenario = imported(("", "mcast_dst_ip 224.0.0.99"), ("vrrp_mcast_group4 224.0.0.98", ""))
    again = scenario_from_json(scenario_to_json(scenario))
    assert [i.vrrp.multicast_group for i in again.instances] == [ip_address("224.0.0.99"), ip_address("224.0.0.98")]
    exported = [configuration_of(scenario, i, ExportOptions())[0].instances[0] for i in scenario.instances]
    assert [one.mcast_dst_ip for one in exported] == [ip_address("224.0.0.99"), ip_address("224.0.0.98")]


@pytest.mark.parametrize("group", ["10.0.0.1", "ff02::99"])
def test_what_is_no_group_of_its_family_is_refused(group: str) -> None:
    with pytest.raises(ScenarioError, match=r"vrrp\.multicast_group.*is no multicast group of IPv4"):
        loads(
            "horizon: 1min\nzones: [z]\nvpc: {cidr: 10.0.0.0/16, multicast: true}\n"
            "subnets: {s: {cidr: 10.0.1.0/24}}\ninstances: {a: {}, b: {}}\n"
            "floating: {address: 10.0.1.100, mechanism: secondary_ip}\n"
            f"vrrp: {{transport: multicast, multicast_group: '{group}'}}\n"
        )
