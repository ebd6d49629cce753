"""Writing a configuration: canonical text that reads the same, for any configuration."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hasim.keepalived import inspect_text, write_config
from hasim.keepalived.arguments import ScriptCommand
from hasim.keepalived.quoting import quote_script, quote_word
from hasim.keepalived.tokens import split_script, split_words, strip_comment
from hasim.units import MILLISECOND, SECOND

NAMES = st.text("abcXYZ019_-. #!{}'@~", min_size=1, max_size=12).filter(lambda name: name.strip() == name)
ARGUMENTS = st.lists(st.text("abc/ .#!{}'\"\\$\t~@é", max_size=10), min_size=1, max_size=4).map(tuple)
USERS = st.sampled_from([None, "root", "a b", "'\"#{"])
SCRIPTS = st.builds(ScriptCommand, ARGUMENTS, USERS)


@given(NAMES)
def test_a_quoted_word_is_one_word(name: str) -> None:
    line = strip_comment(f"router_id {quote_word(name)}")
    assert not line.unterminated
    assert split_words(line.text) == (("router_id", name), False)


@pytest.mark.parametrize("word", ['a"b', "a\nb"])
def test_a_word_that_no_file_can_hold_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        quote_word(word)


@given(SCRIPTS)
def test_a_quoted_script_is_read_back_by_both_readings(script: ScriptCommand) -> None:
    line = strip_comment(f"notify {quote_script(script)}")
    assert not line.unterminated
    assert not split_words(line.text)[1]
    _, command, *user = split_script(line.text)
    assert split_script(command) == script.arguments
    assert user == ([script.user] if script.user else [])


def _optional(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | strategy


def _numbers(low: int, high: int, text: str) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda number: text.format(number))


SECONDS = st.integers(10, 300_000).map(lambda number: f"{number / 1000:g}")
WEIGHTS = st.builds(lambda w, r: f"weight {w}{r}", st.integers(-253, 253), st.sampled_from(["", " reverse"]))
FLAGS = [
    "nopreempt",
    "strict_mode",
    "dont_track_primary",
    "accept",
    "no_accept",
    "use_vmac vrrp.51",
    "vmac_xmit_base",
    "track_src_ip",
    "mcast_src_ip 192.0.2.10",
    "unicast_peer {\n192.0.2.11\n192.0.2.12 max_ttl 3\n}",
    "unicast_ttl 9",
    "check_unicast_src",
    "unicast_fault_no_peer",
    "authentication {\nauth_type AH\nauth_pass s3cret\n}",
    'authentication {\nauth_type PASS\nauth_pass "s # 3"\n}',
    "track_script {\nchk\n}",
    "track_script {\nchk weight 7 reverse\n}",
    "track_interface {\neth1 weight -3\neth0\n}",
    "track_file {\nflag weight 3\n}",
    "track_process {\nproc weight -4\n}",
    "virtual_ipaddress_excluded {\n2001:db8::5/64 dev eth1\n}",
    "virtual_routes {\n198.51.100.0/24 via 192.0.2.1 dev eth0\n}",
    "notify_deleted",
    "notify_priority_changes on",
    "smtp_alert",
    "debug 3",
]
INSTANCE_LINES = st.lists(
    st.sampled_from(FLAGS)
    | st.builds(lambda s: f"notify_master {quote_script(s)}", SCRIPTS)
    | st.builds(lambda s: f"notify_master_rx_lower_pri {quote_script(s)}", SCRIPTS)
    | SECONDS.map(lambda s: f"advert_int {s}")
    | SECONDS.map(lambda s: f"preempt_delay {s}")
    | _numbers(1, 255, "priority {}")
    | _numbers(2, 3, "version {}")
    | _numbers(1, 100, "down_timer_adverts {}")
    | _numbers(0, 99, "garp_master_delay {}")
    | _numbers(0, 99, "garp_lower_prio_repeat {}")
    | _numbers(0, 9, "garp_master_refresh_repeat {}")
    | st.sampled_from(["state MASTER", "state BACKUP", "lower_prio_no_advert off", "higher_prio_send_advert on"]),
    max_size=14,
)
GLOBAL_LINES = st.lists(
    st.sampled_from(
        [
            'router_id "a b"',
            "vrrp_min_garp",
            "vrrp_version 3",
            "vrrp_strict",
            "vrrp_startup_delay 2.25",
            "vrrp_garp_master_repeat 3",
            "vrrp_garp_master_refresh_repeat 4",
            "vrrp_garp_lower_prio_delay 0",
            "vrrp_notify_priority_changes",
            "vrrp_skip_check_adv_addr",
            "vrrp_notify_fifo /run/fifo root",
            "vrrp_notify_fifo_script \"/bin/read 'x y'\"",
            "dynamic_interfaces allow_if_changes",
            "notification_email {\na@example.com\n}",
            "startup_script \"/bin/echo 'a b'\" root",
        ]
    ),
    max_size=6,
)
TRACKED = """
vrrp_script chk {
script "/bin/check 'x'"
interval 3
timeout 2
%s
}
track_file flag {
file "/run/flag file"
init_file 3
}
vrrp_track_process proc {
process proxy -f "a b"
quorum_max 3
delay 0.25
}
"""


@st.composite
def _texts(draw: st.DrawFn) -> str:
    parts = ["global_defs {", *draw(GLOBAL_LINES), "}", TRACKED % draw(_optional(WEIGHTS))]
    # A brace alone is no name, quoted or not: keepalived takes it for the brace.
    names = draw(st.lists(NAMES.filter(lambda name: name not in "{}"), min_size=1, max_size=3, unique=True))
    for number, name in enumerate(names):
        parts += [f"vrrp_instance {quote_word(name)} {{", "interface eth0", f"virtual_router_id {number + 1}"]
        parts += draw(INSTANCE_LINES)
        parts += ["virtual_ipaddress {", f"192.0.2.{number + 100}/24", "}", "}"]
    if draw(st.booleans()):
        parts += ["vrrp_sync_group G {", "group {", *(quote_word(name) for name in names), "}"]
        parts += [draw(st.sampled_from(["", "sync_group_tracking_weight", "notify_priority_changes off"])), "}"]
    return "\n".join(parts) + "\n"


@settings(max_examples=150, deadline=None)
@given(_texts())
def test_any_configuration_reads_the_same_after_writing(text: str) -> None:
    config = inspect_text(text)
    written = write_config(config)
    again = inspect_text(written)
    assert again == config
    assert write_config(again) == written
    assert not [problem for problem in again.problems if problem.severity.refuses]


def test_only_what_differs_from_the_defaults_is_written() -> None:
    text = """vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    version 2
    advert_int 1
    virtual_ipaddress {
        192.0.2.200/24
    }
}
"""
    config = inspect_text(text)
    assert write_config(config) == text
    assert write_config(config, "First line\n\nthird") == f"# First line\n#\n# third\n\n{text}"


@pytest.mark.parametrize(
    ("written", "duration_ns"), [("0.1", 100 * MILLISECOND), ("2", 2 * SECOND), ("0.25", SECOND // 4)]
)
def test_durations_are_written_in_seconds(written: str, duration_ns: int) -> None:
    body = f"interface eth0\nvirtual_router_id 1\nversion 3\nadvert_int {written}\nvirtual_ipaddress {{\n192.0.2.1\n}}"
    text = f"vrrp_instance V {{\n{body}\n}}\n"
    config = inspect_text(text)
    assert config.instances[0].advert_int_ns == duration_ns
    assert f"\n    advert_int {written}\n" in write_config(config)


def test_statements_without_meaning_to_the_simulator_are_kept() -> None:
    parts = (
        "virtual_server 192.0.2.1 80 {\n    real_server 192.0.2.2 80 {\n        weight 1\n    }\n}",
        "net_namespace blue",
        "static_routes {\n    198.51.100.0/24 via 192.0.2.1 dev eth0\n}",
    )
    assert write_config(inspect_text("\n".join(parts) + "\n")) == "\n\n".join(parts) + "\n"
