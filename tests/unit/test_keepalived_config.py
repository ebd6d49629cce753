"""What keepalived makes of what is written: defaults, roundings, and settings that clear one another."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from hasim.keepalived import Config, KeepalivedConfigError, VrrpInstance, inspect_text, read_text
from hasim.keepalived.arguments import ScriptCommand
from hasim.keepalived.config import Fifo, Tracked
from hasim.units import MILLISECOND, SECOND

ADDRESS = "virtual_ipaddress {\n 192.0.2.200/24\n}\n"


def _instance(body: str = "", before: str = "", address: str = ADDRESS) -> VrrpInstance:
    return _config(body, before, address).instances[0]


def _config(body: str = "", before: str = "", address: str = ADDRESS) -> Config:
    text = f"{before}\nvrrp_instance VI_1 {{\n interface eth0\n virtual_router_id 51\n {body}\n {address}\n}}\n"
    return inspect_text(text)


def test_the_defaults_of_an_instance() -> None:
    instance = _instance()
    assert (instance.state, instance.priority, instance.version, instance.family) == ("BACKUP", 100, 2, 4)
    assert instance.advert_int_ns == SECOND
    assert (instance.garp_master_repeat, instance.garp_master_delay_ns) == (5, 5 * SECOND)
    assert (instance.garp_lower_prio_repeat, instance.garp_lower_prio_delay_ns) == (5, 5 * SECOND)
    assert instance.down_timer_adverts == 3
    assert not instance.unicast


def test_priority_and_state_are_derived_from_each_other() -> None:
    assert _instance("state MASTER").priority == 255
    assert _instance("state BACKUP").priority == 100
    assert _instance("priority 255").state == "MASTER"
    assert _instance("priority 254").state == "BACKUP"


@pytest.mark.parametrize(
    ("version", "written", "used_ns"),
    [
        (2, "1.5", 2 * SECOND),
        (2, "0.1", SECOND),
        (2, "2.4", 2 * SECOND),
        (3, "0.015", 20 * MILLISECOND),
        (3, "0.014", 10 * MILLISECOND),
        (3, "0.1", 100 * MILLISECOND),
        (3, "41", 40_950 * MILLISECOND),
    ],
)
def test_advert_int_is_rounded_to_what_the_version_can_carry(version: int, written: str, used_ns: int) -> None:
    instance = _instance(f"version {version}\nadvert_int {written}")
    assert instance.advert_int_ns == used_ns
    assert instance.written.advert_int_ns == round(float(written) * SECOND)


def test_the_version_of_an_instance() -> None:
    assert _instance(before="global_defs {\n vrrp_version 3\n}").version == 3
    assert _instance("version 2", before="global_defs {\n vrrp_version 3\n}").version == 2
    assert _instance(address="virtual_ipaddress {\n fe80::1\n}").version == 3
    assert _instance("native_ipv6", address="virtual_ipaddress {\n fe80::1\n}").family == 6


def test_state_master_clears_nopreempt_and_preempt_delay() -> None:
    instance = _instance("state MASTER\npriority 150\nnopreempt\npreempt_delay 5")
    assert (instance.nopreempt, instance.preempt_delay_ns) == (False, 0)
    assert (instance.written.nopreempt, instance.written.preempt_delay_ns) == (True, 5 * SECOND)


def test_nopreempt_clears_preempt_delay_and_preempt_clears_nopreempt() -> None:
    instance = _instance("nopreempt\npreempt_delay 5")
    assert (instance.nopreempt, instance.preempt_delay_ns) == (True, 0)
    assert not _instance("nopreempt\npreempt").nopreempt


def test_global_defs_count_wherever_they_stand() -> None:
    text = f"vrrp_instance VI_1 {{\n interface eth0\n virtual_router_id 1\n {ADDRESS}\n}}\n"
    config = read_text(text + "global_defs {\n vrrp_garp_master_repeat 2\n vrrp_down_timer_adverts 7\n}\n")
    assert config.instances[0].garp_master_repeat == 2
    assert config.instances[0].garp_lower_prio_repeat == 2
    assert config.instances[0].down_timer_adverts == 7


def test_min_garp_changes_only_what_still_has_its_default() -> None:
    defaults = _config(before="global_defs {\n vrrp_garp_master_delay 7\n vrrp_min_garp\n}").global_defs
    assert defaults.vrrp_garp_master_repeat == 1
    assert defaults.vrrp_garp_master_refresh_repeat == 0
    assert defaults.vrrp_garp_master_delay_ns == 7 * SECOND


def test_strict_mode_has_settings_of_its_own() -> None:
    instance = _instance("priority 150", before="global_defs {\n vrrp_strict\n}")
    assert instance.strict_mode
    assert instance.lower_prio_no_advert
    assert not instance.accept
    assert (instance.garp_lower_prio_repeat, instance.garp_lower_prio_delay_ns) == (0, 0)


def test_a_script_without_timeout_has_its_interval() -> None:
    script = _config(before="vrrp_script chk {\n script /bin/true\n interval 7\n}").script("chk")
    assert (script.interval_ns, script.timeout_ns, script.rise, script.fall, script.weight) == (
        7 * SECOND,
        7 * SECOND,
        1,
        1,
        0,
    )


def test_a_script_has_a_command_of_words_and_a_notify_script_a_user() -> None:
    config = _config(
        "notify_master \"/bin/move 'to me'\" root wheel", "vrrp_script chk {\n script \"/bin/check 'a b' c\"\n}"
    )
    assert config.script("chk").command == ("/bin/check", "a b", "c")
    assert config.instances[0].notify.master == ScriptCommand(("/bin/move", "to me"), "root", "wheel")


def test_tracked_scripts_take_the_weight_of_their_definition_unless_they_have_one() -> None:
    script = "vrrp_script chk {\n script /bin/true\n weight -60 reverse\n}"
    assert _instance("track_script {\n chk\n}", script).track_scripts == (Tracked("chk", -60, True),)
    assert _instance("track_script {\n chk weight 5 noreverse\n}", script).track_scripts == (Tracked("chk", 5, False),)


def test_weights_do_not_work_in_a_sync_group_unless_it_allows_them() -> None:
    script = "vrrp_script chk {\n script /bin/true\n}"
    tracks = "track_script {\n chk weight 5\n}\ntrack_interface {\n eth1 weight 5\n}"
    for allowed, expected in (("", 0), ("sync_group_tracking_weight", 1)):
        group = f"vrrp_sync_group G {{\n group {{\n VI_1\n}}\n {allowed}\n}}"
        instance = _instance(tracks, script + "\n" + group)
        assert len(instance.track_scripts) == expected
        assert instance.track_interfaces == (Tracked("eth1", 5 * expected),)


def test_members_of_a_sync_group_start_as_backup_unless_all_own_their_addresses() -> None:
    group = "vrrp_sync_group G {\n group {\n VI_1\n}\n}"
    assert _instance("state MASTER\npriority 150", group).state == "BACKUP"
    assert _instance("state MASTER\npriority 255", group).state == "MASTER"


def test_unicast_addresses_and_peers() -> None:
    instance = _instance("unicast_src_ip 192.0.2.10\nunicast_peer {\n 192.0.2.11\n 192.0.2.12 min_ttl 254\n}")
    assert instance.unicast
    assert instance.source_address == IPv4Address("192.0.2.10")
    assert [(str(peer.address), peer.min_ttl) for peer in instance.unicast_peers] == [
        ("192.0.2.11", 0),
        ("192.0.2.12", 254),
    ]
    assert instance.check_unicast_src


def test_virtual_addresses_have_a_device_and_options() -> None:
    body = "virtual_ipaddress_excluded {\n 2001:db8::1/64 dev eth1 -nodad\n}"
    instance = _instance(body, address="virtual_ipaddress {\n 192.0.2.200 brd 192.0.2.255 label eth0:1\n}")
    vip, excluded = instance.virtual_addresses[0], instance.excluded_addresses[0]
    assert (str(vip.address), vip.prefix_length, vip.interface) == ("192.0.2.200", 32, None)
    assert vip.options == ("brd", "192.0.2.255", "label", "eth0:1")
    assert (excluded.address, excluded.interface) == (IPv6Address("2001:db8::1"), "eth1")


def test_more_addresses_than_an_advert_holds_are_excluded() -> None:
    lines = "\n".join(f"198.51.{i // 250}.{i % 250 + 1}" for i in range(300))
    instance = _instance(address=f"virtual_ipaddress {{\n{lines}\n}}")
    assert (len(instance.virtual_addresses), len(instance.excluded_addresses)) == (255, 45)


def test_unicast_fault_no_peer_keeps_the_instance_in_fault() -> None:
    assert _instance("unicast_fault_no_peer").fault_reason == "unicast without any peer"


def test_a_garp_group_replaces_the_interval_of_the_daemon_on_its_interfaces() -> None:
    whole = "global_defs {\n vrrp_garp_interval 0.02\n}\n"
    for group, interval_ns in (
        ("", 20 * MILLISECOND),
        ("garp_group {\n garp_interval 0.5\n interface eth0\n}", 500 * MILLISECOND),
        ("garp_group {\n garp_interval 0.5\n interfaces {\n eth1 eth0\n }\n}", 500 * MILLISECOND),
        ("garp_group {\n gna_interval 0.5\n interface eth0\n}", 0),
        ("garp_group {\n garp_interval 0.5\n interface eth1\n}", 20 * MILLISECOND),
        ("garp_group {\n interface eth0\n}", 20 * MILLISECOND),
    ):
        config = _config(before=whole + group)
        assert config.garp_interval_of(config.instances[0])[0] == interval_ns, group


def test_an_interface_belongs_to_the_first_garp_group_that_names_it() -> None:
    groups = (
        "garp_group {\n garp_interval 0.1\n interface eth0\n}\ngarp_group {\n garp_interval 0.2\n interface eth0\n}"
    )
    config = _config(before=groups)
    assert [group.interfaces for group in config.garp_groups] == [("eth0",), ()]
    interval_ns, location = config.garp_interval_of(config.instances[0])
    assert (interval_ns, location.line) == (100 * MILLISECOND, 2)
    assert "in a garp_group already" in config.problems[0].message


def test_a_fifo_with_its_script() -> None:
    before = 'global_defs {\n vrrp_notify_fifo /run/fifo root\n vrrp_notify_fifo_script "/bin/read -v"\n}'
    fifo = Fifo("/run/fifo", "root", None, ScriptCommand(("/bin/read", "-v")))
    assert _config(before=before).global_defs.vrrp_notify_fifo == fifo


def test_every_value_knows_its_line() -> None:
    instance = _instance("state MASTER\npriority 150\ntrack_interface {\n eth7\n}")
    assert instance.where("priority").line == 6
    assert instance.where("advert_int").line == instance.location.line == 2
    assert instance.track_interfaces[0].location.line == 8
    assert instance.virtual_addresses[0].location.line == 11


def test_what_the_simulator_does_not_use_is_named() -> None:
    config = _config(
        "debug 2\nsmtp_alert", "global_defs {\n router_id x\n enable_dbus\n}\nvirtual_server 192.0.2.1 80 {\n}"
    )
    assert [statement.words[0] for statement in config.unused] == [
        "router_id",
        "enable_dbus",
        "virtual_server",
        "debug",
        "smtp_alert",
    ]


def test_words_that_keepalived_never_looks_at_are_noted() -> None:
    problems = _config("priority 100 advert_int 3").problems
    assert [str(problem) for problem in problems] == [
        "keepalived.conf:5: note: 'advert_int 3' after priority has no effect (keepalived says nothing)"
    ]


def test_the_nearest_keyword_is_suggested() -> None:
    with pytest.raises(KeepalivedConfigError, match=r"^x\.conf:1: unknown keyword 'vrrp_instanse': did you mean"):
        read_text("vrrp_instanse VI_1 {\n}\n", "x.conf")


def test_a_refusal_says_how_many_more_there_are() -> None:
    with pytest.raises(KeepalivedConfigError, match="3 more to follow"):
        read_text("one\ntwo\nthree\nfour\n")


def test_no_vrrp_at_all_is_fine() -> None:
    assert read_text("# nothing\n").instances == ()


def test_without_a_configuration_id_the_instance_is_named_after_a_host() -> None:
    """keepalived takes the name of its host then, which nobody knows here."""
    text = "global_defs {\n router_id ${_INSTANCE}\n}\n"
    config = inspect_text(text)
    assert config.global_defs.router_id == "localhost"
    (problem,) = config.problems
    assert "no configuration id" in str(problem)
    assert not problem.severity.refuses
    assert inspect_text(text, config_id="node-a").problems == ()


@pytest.mark.parametrize(("written", "severities"), [("notify_master", ["fatal"]), ('notify ""', ["note"])])
def test_a_notify_script_without_a_command_ends_the_daemon_and_an_empty_one_is_none(
    written: str, severities: list[str]
) -> None:
    assert [problem.severity for problem in _config(written).problems] == severities
