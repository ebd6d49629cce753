"""Configuration files become a scenario that loads, says what they say, and names what it leaves out."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

import hasim
from hasim.errors import UserError
from hasim.keepalived import inspect_config, inspect_text
from hasim.scenario import loads
from hasim.scenario.importing import Imported, import_configs
from hasim.scenario.model import Mechanism, Scenario, Transport
from hasim.units import MILLISECOND, SECOND
from tests.keepalived.cases import ACCEPTED_IDS, EXAMPLES, accepted, marked

SCRIPT = "vrrp_script chk {\nscript /bin/true\ninterval 2\ntimeout 1\nfall 3\nweight -60\n}\n"
SCRIPTS = "notify_master /bin/move\nnotify_master_rx_lower_pri /bin/move\n"


def _conf(
    source: str = "10.0.1.10",
    peers: str = "10.0.1.11",
    priority: int = 150,
    vip: str = "10.0.1.100/24",
    body: str = "",
    before: str = "",
    name: str = "VI_1",
) -> str:
    unicast = f"unicast_src_ip {source}\n" if source else ""
    unicast += f"unicast_peer {{\n{peers}\n}}" if peers else ""
    return (
        f"{before}\nvrrp_instance {name} {{\ninterface eth0\nvirtual_router_id 77\npriority {priority}\n"
        f"{unicast}\n{body}\nvirtual_ipaddress {{\n{vip}\n}}\n}}\n"
    )


def _import(*texts: str, vrrp_instance: str | None = None) -> Imported:
    configs = {name: inspect_text(text, f"{name}.conf") for name, text in zip("abc", texts, strict=False)}
    return import_configs(configs, vrrp_instance=vrrp_instance)


def _scenario(*texts: str) -> Scenario:
    return loads(_import(*texts).text)


B = _conf("10.0.1.11", "10.0.1.10", 100)


def test_a_pair_keeps_its_addresses_and_settings() -> None:
    body = "nopreempt\nadvert_int 2\ndown_timer_adverts 5\nhigher_prio_send_advert\ntrack_script {\nchk\n}\n" + SCRIPTS
    scenario = _scenario(_conf(body=body, before=SCRIPT), B)
    a, b = scenario.instances
    assert (a.name, b.name, scenario.initial_master) == ("a", "b", "a")
    assert (str(a.interfaces[0].address), str(b.interfaces[0].address)) == ("10.0.1.10", "10.0.1.11")
    assert scenario.floating.address == IPv4Address("10.0.1.100")
    assert (a.vrrp.priority, b.vrrp.priority) == (150, 100)
    assert (a.vrrp.advert_int_ns, b.vrrp.advert_int_ns) == (2 * SECOND, SECOND)
    assert (a.vrrp.nopreempt, b.vrrp.nopreempt) == (True, False)
    assert (a.vrrp.down_timer_adverts, a.vrrp.higher_prio_send_advert) == (5, True)
    assert (a.vrrp.virtual_router_id, a.vrrp.transport) == (77, Transport.UNICAST)
    assert a.vrrp.peers == ("b",)
    script = a.vrrp.track_scripts[0]
    assert (script.name, script.interval_ns, script.timeout_ns) == ("chk", 2 * SECOND, SECOND)
    assert (script.rise, script.fall, script.weight) == (1, 3, -60)
    assert b.vrrp.track_scripts == ()
    assert a.notify.on_rx_lower_priority


def test_values_carry_the_line_that_they_come_from() -> None:
    text = _import(_conf(), B).text
    assert any("priority: 150" in line and line.endswith("# a.conf:5") for line in text.splitlines())
    assert any("virtual_router_id: 77" in line and line.endswith("# a.conf:4") for line in text.splitlines())
    assert any("version: 2" in line and line.endswith("# keepalived's default") for line in text.splitlines())


def test_a_weight_stands_where_it_is_written() -> None:
    """In the definition of what is tracked, unless it is written where that is tracked."""
    for mention, line in (("chk", 6), ("chk weight -70", 18)):
        text = _import(_conf(body=f"track_script {{\n{mention}\n}}", before=SCRIPT), B).text
        assert [row.rpartition("# ")[2] for row in text.splitlines() if "weight:" in row] == [f"a.conf:{line}"]


def test_what_is_used_is_not_called_without_effect() -> None:
    secret = "authentication {\nauth_type PASS\nauth_pass secret\n}"
    summary = _import(_conf(body=secret), B).summary
    assert [item for item in summary.used if "authentication" in item] == [
        'a.conf:10: authentication {auth_type: PASS, auth_pass: "secret"}'
    ]
    assert not any("authentication" in item for item in summary.unused)


def test_settings_to_what_they_are_anyway_are_told() -> None:
    """Otherwise a value that its author has written would be in no list."""
    script = SCRIPT.replace("timeout 1", "timeout 2").replace("fall 3", "fall 1")
    before = f"global_defs {{\nvrrp_garp_master_delay 5\nvrrp_garp_master_repeat 3\n}}\n{script}"
    body = "garp_master_refresh 0\ntrack_script {\nchk\n}"
    summary = _import(_conf(body=body, before=before), B).summary
    assert summary.unused == (
        "a.conf:2: vrrp_garp_master_delay 5s (the same as without it)",
        "a.conf:21: garp_master_refresh 0s (the same as without it)",
        "a.conf:8: timeout 2s (the same as without it)",
        "a.conf:9: fall 1 (the same as without it)",
    )
    assert "a.conf:3: garp_master_repeat 3" in summary.used


def test_a_weight_that_another_one_replaces_is_told() -> None:
    summary = _import(_conf(body="track_script {\nchk weight -70\n}", before=SCRIPT), B).summary
    assert summary.unused == ("a.conf:6: weight -60 (the same as without it)",)
    assert "a.conf:18: chk weight -70" in summary.used


def test_options_of_the_address_and_checks_that_nobody_tracks_are_told() -> None:
    summary = _import(_conf(vip="10.0.1.100/24 dev eth1 label eth1:vip", before=SCRIPT), B).summary
    assert summary.unused == (
        "a.conf:19: dev eth1 label eth1:vip (of 10.0.1.100)",
        "a.conf:1: chk (the vrrp_instance of the scenario does not track it)",
    )


def test_a_pair_without_scripts_is_told_of_the_havip_and_compares_with_it() -> None:
    """It is what such files are for on this cloud, and an import leaves nothing in its way."""
    imported = _import(_conf(source="", peers=""), _conf(source="", peers="", priority=100))
    assumed = "\n".join(imported.summary.assumed)
    assert "vpc.multicast: true" in assumed
    assert "hasim compare FILE --variant havip:floating.mechanism=havip" in assumed
    havip = hasim.loads(imported.text).with_({"floating.mechanism": "havip"}).scenario
    assert havip.floating.mechanism is Mechanism.HAVIP


def test_files_with_scripts_and_unicast_adverts_assume_neither() -> None:
    assumed = "\n".join(_import(_conf(body=SCRIPTS), B.replace("virtual_ip", SCRIPTS + "virtual_ip")).summary.assumed)
    assert "havip" not in assumed
    assert "multicast" not in assumed


def test_what_keepalived_changes_is_imported_as_changed_and_said() -> None:
    imported = _import(
        _conf(body="state MASTER\nnopreempt\nadvert_int 1.5"), B.replace("priority", "advert_int 2\npriority")
    )
    scenario = loads(imported.text)
    assert [instance.vrrp.advert_int_ns for instance in scenario.instances] == [2 * SECOND, 2 * SECOND]
    assert "written as 1500ms, which version 2 cannot carry" in imported.text
    assert "nopreempt is written, and keepalived clears it" in imported.text
    assert len(imported.summary.warnings) == 2


def test_two_nodes_tell_each_others_address() -> None:
    a, b = _conf(source="", peers="10.0.1.11"), _conf(source="", peers="10.0.1.10", priority=100)
    scenario = _scenario(a, b)
    assert [str(instance.interfaces[0].address) for instance in scenario.instances] == ["10.0.1.10", "10.0.1.11"]


def test_a_node_alone_gets_a_stand_in_for_its_backup() -> None:
    imported = _import(_conf())
    scenario = loads(imported.text)
    assert [(i.name, i.vrrp.priority) for i in scenario.instances] == [("a", 150), ("a-backup", 100)]
    assert str(scenario.instances[1].interfaces[0].address) == "10.0.1.11"
    assert any("a stand-in for the backup" in item for item in imported.summary.assumed)


def test_heartbeats_in_another_network_get_a_subnet_of_their_own() -> None:
    a = _conf("10.0.7.10", "10.0.7.11")
    b = _conf("10.0.7.11", "10.0.7.10", 100)
    scenario = _scenario(a, b)
    assert [(subnet.name, str(subnet.cidr)) for subnet in scenario.subnets] == [
        ("service", "10.0.1.0/24"),
        ("heartbeat", "10.0.7.0/24"),
    ]
    first = scenario.instances[0]
    assert first.vrrp.interface == "heartbeat"
    assert {interface.name: interface.subnet for interface in first.interfaces} == {
        "eth0": "service",
        "heartbeat": "heartbeat",
    }
    assert str(first.interfaces[1].address) == "10.0.7.10"


@pytest.mark.parametrize(
    ("vip", "cidr"),
    [
        ("10.0.1.100/24", "10.0.1.0/24"),
        ("10.0.1.100", "10.0.1.0/24"),
        ("10.0.1.100/26", "10.0.1.0/24"),
        ("10.0.1.1/24", "10.0.0.0/23"),
        ("10.0.100.1/20", "10.0.0.0/17"),
    ],
)
def test_a_subnet_is_as_wide_as_the_addresses_need(vip: str, cidr: str) -> None:
    scenario = _scenario(_conf(vip=vip), _conf("10.0.1.11", "10.0.1.10", 100, vip))
    assert str(scenario.floating.address) == vip.split("/")[0]
    assert cidr in [str(subnet.cidr) for subnet in scenario.subnets] or len(scenario.subnets) == 2


@pytest.mark.parametrize("vip", ["203.0.113.9/24", "172.31.255.250/24", "10.0.1.10/24"])
def test_addresses_that_fit_into_no_vpc_have_stand_ins(vip: str) -> None:
    imported = _import(_conf(vip=vip), _conf("10.0.1.11", "10.0.1.10", 100, vip))
    assert str(loads(imported.text).floating.address) == "10.0.1.100"
    assert any("takes their place" in item for item in imported.summary.assumed)


def test_ipv6_addresses_have_stand_ins_and_version_3() -> None:
    a, b = (_conf(source="", peers="", vip="fe80::1/64", priority=p) for p in (150, 100))
    scenario = _scenario(a, b)
    assert [instance.vrrp.version for instance in scenario.instances] == [3, 3]
    assert scenario.network.multicast


def test_the_router_that_most_nodes_share_is_taken_unless_another_is_asked_for() -> None:
    alone = _conf(name="alone", vip="10.0.1.101/24").replace("virtual_router_id 77", "virtual_router_id 8")
    a = alone + _conf()
    imported = _import(a, B)
    assert str(loads(imported.text).floating.address) == "10.0.1.100"
    assert any("vrrp_instance alone (a scenario has one" in item for item in imported.summary.unused)
    other = _import(a, B, vrrp_instance="alone")
    assert str(loads(other.text).floating.address) == "10.0.1.101"
    with pytest.raises(UserError, match="no file has a vrrp_instance nothing: expected one of VI_1, alone"):
        _import(a, B, vrrp_instance="nothing")


def test_a_node_without_the_virtual_router_that_is_asked_for_is_left_out_and_said() -> None:
    alone = _conf(name="alone", vip="10.0.1.101/24").replace("virtual_router_id 77", "virtual_router_id 8")
    imported = _import(alone + _conf(), B, vrrp_instance="alone")
    assert [instance.name for instance in loads(imported.text).instances] == ["a", "a-backup"]
    assert "b.conf: b (it has no part in the virtual router of the scenario)" in imported.summary.unused


@pytest.mark.parametrize("lacking", ["", "# nothing\n", "global_defs {\nrouter_id r\n}\n"])
def test_no_virtual_router_is_invented_for_a_file_without_one(lacking: str) -> None:
    for texts, name in (((lacking, B), "a"), ((B, lacking), "b"), ((lacking, lacking), "a")):
        with pytest.raises(UserError, match=f"^{name}.conf: it has no vrrp_instance that keepalived runs$"):
            _import(*texts)


def test_a_file_whose_lines_are_for_other_ids_says_so() -> None:
    message = r"no vrrp_instance that keepalived runs \(its lines are for the ids left, right: give one of them\)"
    text = "@left vrrp_instance VI_1 {\n@right vrrp_instance VI_1 {\n"
    with pytest.raises(UserError, match=message):
        _import("\n".join(line for line in text.splitlines()), B)


def test_files_of_different_virtual_routers_are_refused() -> None:
    other = _conf(name="other", vip="10.0.1.101/24").replace("virtual_router_id 77", "virtual_router_id 8")
    with pytest.raises(UserError, match=r"b\.conf has no vrrp_instance with the addresses, the name or .* of VI_1"):
        _import(_conf(), other)


def test_what_is_not_simulated_is_named_with_its_line() -> None:
    body = "authentication {\nauth_type AH\nauth_pass x\n}\nsmtp_alert\ntrack_process {\nproxy\n}\n"
    process = "vrrp_track_process proxy {\nprocess haproxy\nquorum_max 3\n}\n"
    before = "global_defs {\nrouter_id r\n}\n" + process
    imported = _import(_conf(body=body, before=before, vip="10.0.1.100/24\n10.0.1.101"), B)
    unused = "\n".join(imported.summary.unused)
    for part in ("router_id r", "authentication AH", "smtp_alert", "quorum_max", "10.0.1.101"):
        assert part in unused
    assert "Accepted, and without effect on the simulation:\n  a.conf:2: router_id r" in str(imported.summary)


def test_nodes_that_are_deaf_to_each_other_because_of_their_addresses_are_warned_of() -> None:
    imported = _import(_conf(), _conf("10.0.1.11", "10.0.1.10", 100, vip="10.0.1.102/24"))
    (warning,) = imported.summary.warnings
    assert warning.startswith("b.conf:")
    assert "each drops the adverts of the other" in warning
    assert _import(_conf(), B).summary.warnings == ()


def test_gratuitous_arps_and_reverse_weights_are_carried_over() -> None:
    body = "garp_master_repeat 2\ngarp_lower_prio_repeat 0\ngarp_master_refresh 60\n"
    body += "track_script {\nchk weight 5 reverse\n}\n"
    a = _scenario(_conf(body=body, before=SCRIPT), B).instances[0]
    assert (a.vrrp.garp_master_repeat, a.vrrp.garp_lower_prio_repeat) == (2, 0)
    assert a.vrrp.garp_master_refresh_ns == 60 * SECOND
    assert (a.vrrp.track_scripts[0].weight, a.vrrp.track_scripts[0].reverse) == (5, True)


def test_the_interval_between_gratuitous_arps_is_that_of_the_whole_daemon() -> None:
    a, b = _scenario(_conf(before="global_defs {\nvrrp_garp_interval 0.02\n}\n"), B).instances
    assert (a.vrrp.garp_interval_ns, b.vrrp.garp_interval_ns) == (20 * MILLISECOND, 0)


def test_the_interval_of_a_garp_group_counts_for_the_interfaces_in_it() -> None:
    whole = "global_defs {\nvrrp_garp_interval 0.02\n}\n"
    group = "garp_group {\ngarp_interval 0.5\ninterfaces {\neth1 %s\n}\n}\n"
    a, b = _scenario(
        _conf(before=whole + group % "eth0"), _conf("10.0.1.11", "10.0.1.10", 100, before=whole + group % "eth2")
    ).instances
    assert (a.vrrp.garp_interval_ns, b.vrrp.garp_interval_ns) == (500 * MILLISECOND, 20 * MILLISECOND)


def test_further_interfaces_that_are_tracked_get_a_subnet_of_their_own() -> None:
    scenario = _scenario(_conf(body="track_interface {\neth1\neth2 weight -40\n}\n"), B)
    a, b = scenario.instances
    assert [interface.subnet for interface in a.interfaces] == ["service", "eth1", "eth2"]
    assert a.vrrp.track_interfaces == ("eth0", "eth1")
    assert [(item.name, item.weight) for item in a.vrrp.weighted_interfaces] == [("eth2", -40)]
    assert b.vrrp.track_interfaces == ("eth0",)


def test_adverts_over_ipv6_stay_adverts_over_ipv6() -> None:
    a = _conf("fe80::a", "fe80::b", vip="fe80::1/64")
    b = _conf("fe80::b", "fe80::a", 100, vip="fe80::1/64")
    scenario = _scenario(a, b)
    assert [(i.vrrp.native_ipv6, str(i.interfaces[0].ipv6_address)) for i in scenario.instances] == [
        (True, "fe80::a"),
        (True, "fe80::b"),
    ]


SECOND_INSTANCE = """
track_file maintenance {{
    file /run/maintenance
}}
vrrp_instance VI_2 {{
    interface eth1
    virtual_router_id 78
    priority {priority}
    unicast_src_ip {source}
    unicast_peer {{
        {peer}
    }}
    track_file {{
        maintenance
    }}
    virtual_ipaddress {{
        10.0.2.100/24
    }}
}}
vrrp_sync_group G {{
    group {{
        VI_1
        VI_2
    }}
}}
"""


def test_a_sync_group_becomes_one() -> None:
    a = _conf() + SECOND_INSTANCE.format(priority=150, source="10.0.2.10", peer="10.0.2.11")
    b = B + SECOND_INSTANCE.format(priority=100, source="10.0.2.11", peer="10.0.2.10")
    imported = _import(a, b)
    scenario = loads(imported.text)
    (member,) = scenario.instances[0].sync_group
    assert (member.name, member.vrrp.interface, member.vrrp.virtual_router_id) == ("VI_2", "eth1", 78)
    assert [instance.sync_group[0].vrrp.priority for instance in scenario.instances] == [150, 100]
    assert str(scenario.instances[0].interfaces[1].address) == "10.0.2.10"
    assert [file.name for file in scenario.instances[0].vrrp.track_files] == ["maintenance"]
    assert not any("vrrp_instance VI_2" in item for item in imported.summary.unused)


def test_only_other_nodes_are_peers() -> None:
    three = [_conf(f"10.0.1.{n}", "10.0.1.10\n10.0.1.11", 150 - n) for n in (10, 11, 12)]
    assert [instance.vrrp.peers for instance in _scenario(*three).instances] == [("b",), ("a",), ("a", "b")]
    itself = _scenario(_conf(peers="10.0.1.10"), B)
    assert itself.instances[0].vrrp.peers == ("b",)


def test_processes_and_files_are_tracked() -> None:
    before = "vrrp_track_process proxy {\nprocess haproxy\ndelay 0.5\nquorum 2\n}\n"
    before += "track_file maintenance {\nfile /run/maintenance\ninit_file 3 overwrite\n}\n"
    body = "track_process {\nproxy weight -60\n}\ntrack_file {\nmaintenance weight -2\n}\n"
    vrrp = _scenario(_conf(body=body, before=before), B).instances[0].vrrp
    (process,), (file,) = vrrp.track_processes, vrrp.track_files
    assert (process.name, process.quorum, process.count, process.weight) == ("proxy", 2, 2, -60)
    assert process.fork_delay_ns == process.terminate_delay_ns == 500 * MILLISECOND
    assert (file.name, file.weight, file.init_value, file.init_overwrite) == ("maintenance", -2, 3, True)


def test_a_fifo_takes_the_place_of_the_scripts() -> None:
    scenario = _scenario(_conf(before="global_defs {\nvrrp_notify_fifo /run/fifo\n}\n"), B)
    assert [instance.notify.fifo for instance in scenario.instances] == [True, False]


def test_scripts_that_a_sync_group_tracks_count_for_its_members() -> None:
    group = "vrrp_sync_group G {\ngroup {\nVI_1\n}\ntrack_script {\nchk weight -60\n}\nsync_group_tracking_weight\n}\n"
    scenario = _scenario(_conf(before=SCRIPT + group), B)
    assert [check.name for check in scenario.instances[0].vrrp.track_scripts] == ["chk"]


def test_names_are_made_fit_for_a_scenario() -> None:
    configs = {name: inspect_text(text) for name, text in (("on", _conf()), ("1st node.conf", B))}
    scenario = loads(import_configs(configs, name="../etc/x y").text)
    assert [instance.name for instance in scenario.instances] == ["on", "1st-node-conf"]
    assert scenario.name == "etc-x-y"


def test_nothing_to_import_is_refused() -> None:
    with pytest.raises(UserError, match="nothing to import"):
        import_configs({})


SAMPLES = [*accepted(), *(case.path for case in marked("changed")), *(case.path for case in marked("refused"))]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_sample_with_an_instance_becomes_a_scenario_that_loads(path: Path) -> None:
    config = inspect_config(path, ACCEPTED_IDS.get(path.stem, ""))
    if not config.instances:
        with pytest.raises(UserError, match="it has no vrrp_instance that keepalived runs"):
            import_configs({path.stem: config}, name=path.stem)
        return
    imported = import_configs({path.stem: config}, name=path.stem)
    assert len(loads(imported.text).instances) == 2
    assert len(loads(import_configs({"a": config, "b": config, "c": config}).text).instances) == 3


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the directory of examples is not beside this repository")
def test_every_example_with_an_instance_becomes_a_scenario_that_loads() -> None:
    configs = {path.name: inspect_config(path) for path in sorted(EXAMPLES.iterdir())}
    with_instances = {name: config for name, config in configs.items() if config.instances}
    assert len(with_instances) > len(configs) // 2
    for name, config in with_instances.items():
        imported = import_configs({name: config})
        assert loads(imported.text).name == "imported"
