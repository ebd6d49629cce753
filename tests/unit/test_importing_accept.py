"""What keepalived.conf files say about packets to the virtual addresses stands in the imported scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from hasim.api import load
from hasim.keepalived import inspect_text
from hasim.scenario import loads
from hasim.scenario.importing import import_configs
from hasim.scenario.linting import lint_scenario
from hasim.scenario.loading import parse, read_text


def _conf(
    source: int = 10, peer: int = 11, priority: int = 150, body: str = "", before: str = "", more: str = ""
) -> str:
    return (
        f"{before}\nvrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 77\npriority {priority}\n"
        f"unicast_src_ip 10.0.1.{source}\nunicast_peer {{\n10.0.1.{peer}\n}}\n{body}\n"
        f"virtual_ipaddress {{\n10.0.1.100/24\n}}\nnotify_master /bin/move\n}}\n{more}"
    )


B = _conf(11, 10, 100)


STRICT = "global_defs {\nvrrp_strict\n}"


@pytest.mark.parametrize(
    ("one", "used", "accepted"),
    [
        (_conf(), "", True),
        (_conf(body="no_accept"), "a.conf:10: accept false", False),
        (_conf(body="accept"), "a.conf:10: accept true", True),
        (_conf(before=STRICT), "a.conf:2: accept false", False),
        (_conf(before=STRICT, body="version 3\naccept"), "a.conf:13: accept true", True),
        (_conf(before=STRICT, body="version 2\naccept"), "a.conf:13: accept false", False),
        (_conf(body="strict_mode on"), "a.conf:10: accept false", False),
        (_conf(before=STRICT, body="strict_mode off"), "", True),
    ],
)
def test_packets_that_a_master_drops_are_dropped_in_the_scenario(one: str, used: str, accepted: bool) -> None:
    configs = {"a": inspect_text(one, "a.conf"), "b": inspect_text(B, "b.conf")}
    imported = import_configs(configs)
    assert loads(imported.text).instance("a").vrrp.accept == accepted
    assert [line for line in imported.summary.used if "accept" in line] == ([used] if used else [])
    assert not [line for line in imported.summary.unused if "accept" in line or "strict" in line]


def test_members_of_a_sync_group_accept_each_for_itself() -> None:
    group = "vrrp_sync_group g {\ngroup {\nVI_1\nVI_2\n}\n}\n"

    def both(source: int, peer: int, priority: int, first: str, second: str) -> str:
        other = _conf(source, peer, priority, second)
        for old, new in (("VI_1", "VI_2"), (" 77", " 78"), ("10.0.1.100", "10.0.1.101")):
            other = other.replace(old, new)
        return _conf(source, peer, priority, first, more=other + group)

    for first, second in (("no_accept", ""), ("", "no_accept")):
        texts = {"a": both(10, 11, 150, first, second), "b": both(11, 10, 100, first, second)}
        configs = {name: inspect_text(text, f"{name}.conf") for name, text in texts.items()}
        for instance in loads(import_configs(configs).text).instances:
            accepted = (instance.vrrp.accept, instance.sync_group[0].vrrp.accept)
            assert accepted == (first != "no_accept", second != "no_accept")


SCENARIO = """\
horizon: 10min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {keepalived: a.conf}
  b: {keepalived: b.conf}
floating: {mechanism: secondary_ip}
"""


def _pointing(directory: Path, body: str, mechanism: str = "secondary_ip") -> Path:
    (directory / "a.conf").write_text(_conf(body=body), encoding="utf-8")
    (directory / "b.conf").write_text(B, encoding="utf-8")
    path = directory / "pair.yaml"
    path.write_text(SCENARIO.replace("secondary_ip", mechanism), encoding="utf-8")
    return path


def test_a_file_is_to_blame_whatever_moves(tmp_path: Path) -> None:
    """The keepalived of a scenario adds no address where an ENI moves, and that of the file does."""
    path = _pointing(tmp_path, "no_accept", "eni")
    (finding,) = [f for f in lint_scenario(parse(read_text(path), str(path)), tmp_path) if "accepted" in f.rule]
    assert (Path(finding.location.file).name, finding.location.line) == ("a.conf", 10)


@pytest.mark.parametrize(("body", "available"), [("", 1), ("no_accept", 0)])
def test_a_scenario_that_points_at_files_runs_with_what_they_say(tmp_path: Path, body: str, available: int) -> None:
    path = _pointing(tmp_path, body)
    assert load(path).run(replications=1, jobs=1).availability.value == available
    findings = lint_scenario(parse(read_text(path), str(path)), tmp_path)
    (line,) = [finding.location.line for finding in findings if finding.rule == "address-not-accepted"] or [0]
    assert line == (0 if available else 10)
