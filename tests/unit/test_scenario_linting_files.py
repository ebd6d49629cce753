"""What lint says about the keepalived.conf files that a scenario points at, where the scenario itself cannot say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hasim.scenario.linting import lint_scenario
from hasim.scenario.loading import parse

SCENARIO = """
horizon: 10min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {keepalived: a.conf}
  b: {keepalived: b.conf}
floating: {mechanism: secondary_ip, address: 10.0.1.100}
"""
FILE = """vrrp_instance web {{
    interface eth0
    virtual_router_id 7
    priority {priority}
    notify_master /bin/move
    unicast_src_ip 10.0.1.{own}
    unicast_peer {{
        {peers}
    }}
    virtual_ipaddress {{
        {addresses}
    }}
}}
"""


@pytest.mark.parametrize(
    ("peers", "addresses", "rule", "line"),
    [
        ("10.0.1.11", "10.0.1.100/24", "", 0),
        ("10.0.1.11", "10.0.1.100/24\n10.0.1.101/24", "addresses-differ", 10),
        ("10.0.1.11\n10.0.1.10", "10.0.1.100/24", "peers-itself", 7),
    ],
)
def test_files_that_a_scenario_points_at_are_held_against_each_other(
    tmp_path: Path, peers: str, addresses: str, rule: str, line: int
) -> None:
    a = FILE.format(priority=150, own=10, peers=peers, addresses=addresses)
    b = FILE.format(priority=100, own=11, peers="10.0.1.10", addresses="10.0.1.100/24")
    (tmp_path / "a.conf").write_text(a)
    (tmp_path / "b.conf").write_text(b)
    found = {finding.rule: finding for finding in lint_scenario(parse(SCENARIO, "pair.yaml"), tmp_path)}
    assert {"addresses-differ", "peers-itself"} & found.keys() == ({rule} if rule else set())
    if rule:
        assert found[rule].location.line == line
