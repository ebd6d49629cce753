"""Lint rules over the configurations of two or three nodes: each says what its mistake is, and nothing without it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pytest

from hasim.keepalived import Config, inspect_config, inspect_text
from hasim.keepalived.lint import Finding, Level, design_of, lint_configs, lint_design, rule_table
from hasim.keepalived.lint.checking import RULES
from hasim.keepalived.lint.repairs import repair_of
from hasim.keepalived.problems import Location
from hasim.units import SECOND
from hasim.vrrp.events import AdvertReceived, Start, State, TimerExpired
from hasim.vrrp.machine import Machine, Settings
from tests.keepalived.cases import Case, marked


@dataclass(frozen=True)
class Node:
    """A node of a sound pair, one line of which the tests change."""

    address: str
    peers: str
    priority: str = "priority 150"
    state: str = "state BACKUP"
    router_id: str = "virtual_router_id 51"
    interval: str = "advert_int 1"
    vip: str = "192.0.2.200/24"
    source: str = ""
    instance: str = "VI_1"
    check: str = ""
    more: str = ""
    defs: str = ""

    def text(self) -> str:
        check = f"vrrp_script chk {{\nscript /bin/true\n{self.check}\n}}" if self.check else ""
        track = "track_script {\nchk\n}" if self.check else ""
        source = self.source or f"unicast_src_ip {self.address}"
        peers = f"unicast_peer {{\n{self.peers}\n}}" if self.peers else ""
        return (
            f"global_defs {{\nenable_script_security\nvrrp_higher_prio_send_advert\n{self.defs}\n}}\n{check}\n"
            f"vrrp_instance {self.instance} {{\n{self.state}\ninterface eth0\n{self.router_id}\n{self.priority}\n"
            f"{self.interval}\n{source}\n{peers}\n{track}\n{self.more}\nvirtual_ipaddress {{\n{self.vip}\n}}\n}}\n"
        )


A = Node("192.0.2.10", "192.0.2.11")
B = Node("192.0.2.11", "192.0.2.10", "priority 100")


def _config(name: str, node: Node) -> Config:
    return inspect_text(node.text(), f"{name}.conf")


def _lint(*nodes: Node) -> tuple[Finding, ...]:
    return lint_configs({name: _config(name, node) for name, node in zip("abc", nodes, strict=False)})


def _rules(*nodes: Node) -> list[str]:
    return [finding.rule for finding in _lint(*nodes)]


def test_a_sound_pair_has_no_findings() -> None:
    assert _lint(A, B) == ()


def test_one_node_alone_has_no_findings() -> None:
    assert _lint(A) == ()


PROCESS = "}}\nvrrp_track_process p {{\nprocess sshd\nweight {weight}"
"""In place of what follows in global_defs."""


def test_a_process_that_makes_equal_priorities_differ_is_counted() -> None:
    assert "equal-priorities" in _rules(A, replace(B, priority="priority 150"))
    weighted = replace(A, defs=PROCESS.format(weight=60), more="track_process {\np\n}")
    assert _rules(weighted, replace(B, priority="priority 150")) == ["never-fails-over"]


FILE = "}}\ntrack_file f {{\nfile /run/f\nweight {weight}\ninit_file {number}"


@pytest.mark.parametrize("rule", ["weight-with-nopreempt", "never-fails-over"])
def test_a_weight_that_does_nothing_is_named_where_it_is_written(rule: str) -> None:
    """In the definition of the check, unless it is written where that is tracked."""
    more = "nopreempt" if rule == "weight-with-nopreempt" else ""
    b = replace(B, more=more)
    defined = next(finding for finding in _lint(replace(A, check="weight -5", more=more), b) if finding.rule == rule)
    lines = replace(A, check="weight -5").text().splitlines()
    assert lines[defined.location.line - 1] == "weight -5"
    own = replace(A, check="interval 1").text().replace("track_script {\nchk\n", "track_script {\nchk weight -5\n")
    own = own.replace("virtual_ipaddress", f"{more}\nvirtual_ipaddress")
    found = lint_configs({"a": inspect_text(own, "a.conf"), "b": _config("b", b)})
    tracked = next(finding for finding in found if finding.rule == rule)
    assert own.splitlines()[tracked.location.line - 1] == "chk weight -5"


def test_the_number_that_a_tracked_file_begins_with_is_counted() -> None:
    other = replace(B, priority="priority 150")
    weighted = replace(A, defs=FILE.format(weight=4, number=5), more="track_file {\nf\n}")
    assert "equal-priorities" not in _rules(weighted, other)
    untouched = replace(weighted, defs=FILE.format(weight=4, number=0))
    assert "equal-priorities" in _rules(untouched, other)
    turned_round = replace(weighted, more="track_file {\nf weight 10 reverse\n}")
    assert "equal-priorities" in _rules(turned_round, B)
    assert _rules(replace(weighted, defs=FILE.format(weight=4, number=30)), B) == ["priority-clamped"]


STRICT = (replace(A, more="strict_mode on\nversion 3\naccept\npreempt_delay 5"), replace(B, more="version 3"))


def test_strict_mode_is_named_where_it_clears_a_preempt_delay() -> None:
    (finding,) = _lint(*STRICT)
    assert "preempt_delay and strict mode" in finding.reason


@pytest.mark.parametrize(
    ("node", "line"),
    [
        (replace(A, more="no_accept"), "no_accept"),
        (replace(A, more="strict_mode on"), "strict_mode on"),
        (replace(A, defs="vrrp_strict"), "vrrp_strict"),
        (replace(A, more="strict_mode on\naccept"), "accept"),
        (replace(A, more="accept\nno_accept"), "no_accept"),
    ],
)
def test_packets_that_are_not_accepted_are_found_in_the_line_that_is_to_blame(node: Node, line: str) -> None:
    (finding,) = _lint(node, B)
    assert (finding.rule, finding.level) == ("address-not-accepted", Level.ERROR)
    assert node.text().splitlines()[finding.location.line - 1] == line
    assert "restart keepalived" in finding.repair


@pytest.mark.parametrize(
    "node",
    [
        replace(A, more="no_accept", priority="priority 255"),
        replace(A, defs="vrrp_strict", priority="priority 255"),
        replace(A, more="no_accept\naccept"),
        replace(A, more="strict_mode on\nversion 3\naccept"),
    ],
)
def test_an_owner_and_whoever_accepts_are_let_alone(node: Node) -> None:
    assert "address-not-accepted" not in _rules(node, B)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (replace(A, more="mcast_dst_ip 224.0.0.50"), B, True),
        (replace(A, defs="vrrp_mcast_group4 224.0.0.50"), B, True),
        (replace(A, defs="vrrp_mcast_group4 224.0.0.50"), replace(B, more="mcast_dst_ip 224.0.0.50"), False),
        (replace(A, defs="vrrp_mcast_group4 224.0.0.50", more="mcast_dst_ip 224.0.0.18"), B, False),
    ],
)
def test_two_multicast_groups_are_two_networks(one: Node, other: Node, found: bool) -> None:
    """Tried on 2.2.7: both are MASTER."""
    nodes = [replace(node, peers="", source="") for node in (one, other)]
    nodes = [replace(node, source=f"mcast_src_ip {node.address}") for node in nodes]
    assert ("multicast-group-differs" in _rules(*nodes)) == found
    assert "multicast-group-differs" not in _rules(one, other)


CASES: list[tuple[str, Node, Node, str]] = [
    ("never-fails-over", replace(A, priority="priority 103", check="weight 2"), B, "a.conf"),
    ("never-fails-over", replace(A, priority="priority 140", check="weight 101"), B, "a.conf"),
    ("never-fails-over", replace(A, check="weight -50"), B, "a.conf"),
    ("weight-with-nopreempt", replace(A, check="weight -60"), replace(B, more="nopreempt"), "a.conf"),
    ("nopreempt-without-effect", replace(A, state="state MASTER", more="nopreempt"), B, "a.conf"),
    ("nopreempt-without-effect", replace(A, state="state MASTER", more="preempt_delay 5"), B, "a.conf"),
    ("nopreempt-without-effect", replace(A, more="nopreempt\npreempt_delay 5"), B, "a.conf"),
    ("nopreempt-without-effect", *STRICT, "a.conf"),
    ("address-not-accepted", A, replace(B, more="no_accept"), "b.conf"),
    ("address-not-accepted", replace(A, more="strict_mode on"), B, "a.conf"),
    ("address-not-accepted", replace(A, defs="vrrp_strict"), B, "a.conf"),
    ("equal-priorities", A, replace(B, priority="priority 150"), "b.conf"),
    ("never-fails-over", replace(A, more="track_interface {\neth1 weight -50\n}"), B, "a.conf"),
    (
        "never-fails-over",
        replace(A, defs=PROCESS.format(weight=2), priority="priority 101", more="track_process {\np\n}"),
        B,
        "a.conf",
    ),
    ("two-owners", replace(A, priority="priority 255"), replace(B, priority="priority 255"), "b.conf"),
    (
        "priority-clamped",
        replace(A, priority="priority 240", check="weight 30"),
        replace(B, priority="priority 245"),
        "a.conf",
    ),
    ("version-differs", A, replace(B, interval="advert_int 1\nversion 3"), "b.conf"),
    ("router-id-differs", A, replace(B, router_id="virtual_router_id 52"), "b.conf"),
    ("advert-int-differs-v2", A, replace(B, interval="advert_int 2"), "b.conf"),
    (
        "advert-int-differs-v3",
        replace(A, interval="advert_int 1\nversion 3"),
        replace(B, interval="advert_int 0.5\nversion 3"),
        "b.conf",
    ),
    ("authentication-differs", A, replace(B, more="authentication {\nauth_type PASS\nauth_pass x\n}"), "b.conf"),
    ("addresses-differ", A, replace(B, vip="192.0.2.200/24\n192.0.2.201"), "b.conf"),
    ("transport-differs", A, replace(B, source="mcast_src_ip 192.0.2.11", peers=""), "b.conf"),
    ("peer-missing", replace(A, peers="192.0.2.12"), B, "a.conf"),
    ("peers-itself", replace(A, peers="192.0.2.11\n192.0.2.10"), B, "a.conf"),
    ("down-timer-differs", A, replace(B, more="down_timer_adverts 5"), "b.conf"),
    ("advert-int-rounded", replace(A, interval="advert_int 0.6"), B, "a.conf"),
    ("timeout-beyond-interval", replace(A, check="interval 2\ntimeout 5"), B, "a.conf"),
    ("stranded-address", replace(A, more="notify_master /bin/move"), B, "a.conf"),
    ("stop-script-hurried", replace(A, more="notify_stop /bin/move"), B, "a.conf"),
    ("keepalived-refuses", replace(A, more="prioritty 3"), B, "a.conf"),
    ("keepalived-changes", replace(A, more="garp_master_repeat 0"), B, "a.conf"),
    ("init-fail-ignored", replace(A, check="init_fail"), B, "a.conf"),
]


@pytest.mark.parametrize(
    ("rule", "a", "b", "file"), CASES, ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)]
)
def test_a_mistake_is_found_and_nothing_else(rule: str, a: Node, b: Node, file: str) -> None:
    findings = _lint(a, b)
    assert {finding.rule for finding in findings} == {rule}
    assert {finding.location.file for finding in findings} == {file}
    for finding in findings:
        assert finding.location.line > 0
        assert finding.reason
        assert finding.consequence
        assert finding.repair
        assert f"[{rule}]" in str(finding)


def test_a_multicast_pair_is_told_what_a_cloud_does_with_it() -> None:
    a, b = (replace(node, source=f"mcast_src_ip {node.address}", peers="") for node in (A, B))
    assert _rules(a, b) == ["multicast"]


def test_a_usurper_that_yields_in_silence_leaves_the_address_stranded() -> None:
    both = "notify_master /bin/move\nnotify_master_rx_lower_pri /bin/move"
    assert _rules(replace(A, more=both), B) == []
    silent = replace(B, more="higher_prio_send_advert off")
    assert _rules(replace(A, more=both), silent) == ["reclaim-by-advert-only"]


def test_scripts_in_both_directions_may_overtake_each_other_unless_a_fifo_orders_them() -> None:
    both = "notify_master /bin/m\nnotify_backup /bin/b\nnotify_master_rx_lower_pri /bin/m"
    assert _rules(replace(A, more=both), B) == ["scripts-out-of-order"]
    assert _rules(replace(A, more=both, defs="vrrp_notify_fifo /run/f"), B) == []


def test_two_backups_of_equal_priority_both_become_master() -> None:
    a, b, c = (
        replace(
            node,
            peers="\n".join(other for other in ("192.0.2.10", "192.0.2.11", "192.0.2.12") if other != node.address),
        )
        for node in (A, B, Node("192.0.2.12", "", "priority 100"))
    )
    findings = [finding for finding in _lint(a, b, c) if finding.rule == "equal-priorities"]
    assert len(findings) == 1
    assert "both become MASTER at the same instant" in findings[0].consequence
    assert _rules(a, b, replace(c, priority="priority 96")) == ["close-priorities"]
    assert _rules(a, b, replace(c, priority="priority 90")) == []


def test_the_members_of_a_sync_group_want_to_be_on_different_nodes() -> None:
    def node(name: str, peer: str, first: int, second: int) -> Config:
        one = Node(f"192.0.2.{name}", f"192.0.2.{peer}", f"priority {first}")
        other = replace(one, priority=f"priority {second}", instance="VI_2", router_id="virtual_router_id 52")
        group = "vrrp_sync_group G {\ngroup {\nVI_1\nVI_2\n}\n}\n"
        second_text = replace(other, vip="192.0.2.201/24").text().split("}\n", 1)[1]
        return inspect_text(group + one.text() + second_text, f"{name}.conf")

    divided = {"a": node("10", "11", 150, 100), "b": node("11", "10", 100, 150)}
    assert [finding.rule for finding in lint_configs(divided)] == ["sync-group-divided"]
    assert lint_configs({"a": node("10", "11", 150, 150), "b": node("11", "10", 100, 100)}) == ()


def test_what_several_nodes_have_alike_is_said_once() -> None:
    (finding,) = _lint(replace(A, more="notify_stop /bin/move"), replace(B, more="notify_stop /bin/move"))
    assert finding.location.file == "a.conf"
    assert finding.reason == "the stop script of a has one second; so it is with b (b.conf:18)"


def test_a_boot_into_a_silent_network_takes_the_address() -> None:
    a, b = (replace(node, priority="priority 100", more="nopreempt") for node in (A, B))
    assert set(_rules(a, b)) == {"equal-priorities", "startup-race"}
    patient = replace(a, defs="vrrp_startup_delay 10"), replace(b, defs="vrrp_startup_delay 10")
    assert set(_rules(*patient)) == {"equal-priorities"}


def test_instances_are_matched_by_address_then_by_name_then_by_router_id() -> None:
    other_name = replace(B, instance="VI_2")
    assert _rules(A, other_name) == []
    other_address = replace(B, vip="192.0.2.201/24")
    assert _rules(A, other_address) == ["addresses-differ"]
    only_the_id = replace(other_address, instance="VI_2")
    assert _rules(A, only_the_id) == ["addresses-differ"]
    unrelated = replace(only_the_id, router_id="virtual_router_id 9")
    assert _rules(A, unrelated) == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "global_defs {\nrouter_id r\n}\n"])
def test_a_file_without_an_instance_has_nothing_to_fail_over(text: str) -> None:
    for configs in ({"c": inspect_text(text, "c.conf")}, {"a": _config("a", A), "c": inspect_text(text, "c.conf")}):
        (finding,) = lint_configs(configs)
        assert (finding.rule, finding.level, str(finding.location)) == ("no-instance", Level.ERROR, "c.conf")
    (finding,) = lint_configs({"c": inspect_text("@left vrrp_instance V {\n@right vrrp_instance V {\n")})
    assert finding.repair.startswith("Read it with one of its ids, left, right")


def test_a_brace_too_many_and_an_open_quote_are_one_finding_each() -> None:
    for text, line in (
        (A.text() + "}\n", len(A.text().splitlines()) + 1),
        (replace(A, more='notify_master "/bin/move').text(), None),
        (replace(A, more="notify_master '/bin/move").text(), None),
    ):
        (finding,) = (f for f in lint_configs({"a": inspect_text(text, "a.conf")}) if f.rule == "keepalived-refuses")
        assert line in (None, finding.location.line)
        assert finding.repair == ("Close the quote" if line is None else "Remove it")


@pytest.mark.parametrize("case", [*marked("refused"), *marked("changed")], ids=lambda case: case.name)
def test_a_repair_calls_for_what_is_expected_only_where_that_is_said(case: Case) -> None:
    for problem in inspect_config(case.path).problems:
        assert (repair_of(problem) == "Write what is expected") <= ("expected" in problem.message)


@pytest.mark.parametrize(
    ("more", "repair"),
    [
        ("version 3\nauthentication {\nauth_type PASS\nauth_pass x\n}", "Remove the authentication, or use version 2"),
        ("include /", "Name a file that can be read, or remove the line"),
        ("mcast_dst_ip 224.0.0.19", "Remove mcast_dst_ip, or unicast"),
        ("prioritty 5", "Write priority, if that is what is meant"),
        ("priority 0", "Write one that is"),
    ],
)
def test_the_repair_is_that_of_the_mistake(more: str, repair: str) -> None:
    config = inspect_text(replace(A, priority="", more=more).text(), "a.conf")
    assert repair in {finding.repair for finding in lint_configs({"a": config})}


def test_script_security_is_asked_for_once_per_file() -> None:
    text = A.text().replace("enable_script_security\n", "").replace("}\n}\n", "}\nnotify_backup /bin/true\n}\n")
    findings = lint_configs({"a": inspect_text(text, "a.conf")})
    assert [finding.rule for finding in findings] == ["script-security"]


def _design_rules(detection_slo_ns: int | None = None, stop_script_ns: int | None = None, **changed: str) -> list[str]:
    configs = {"a": _config("a", replace(A, **changed)), "b": _config("b", B)}
    design = replace(
        design_of(configs),
        detection_slo_ns=detection_slo_ns,
        detection_slo_location=Location("s.yaml", 9),
        stop_script_ns=stop_script_ns,
    )
    return [finding.rule for finding in lint_design(design)]


def test_detection_is_held_against_the_objective() -> None:
    assert _design_rules(4 * SECOND) == []
    assert _design_rules(3 * SECOND) == ["slow-detection", "slow-detection"]
    assert _design_rules(5 * SECOND, check="interval 2\nfall 2\nweight -60") == ["slow-detection"]
    assert _design_rules(9 * SECOND, defs="vrrp_startup_delay 6") == ["startup-delay-beyond-objective"]
    assert _design_rules(10 * SECOND, defs="vrrp_startup_delay 6") == []
    assert _design_rules(6 * SECOND, check="interval 2\nfall 2\nweight -60") == []


def test_a_stop_script_of_known_length_is_held_against_its_second() -> None:
    assert _design_rules(stop_script_ns=SECOND // 2, more="notify_stop /bin/x") == []
    assert _design_rules(stop_script_ns=3 * SECOND, more="notify_stop /bin/x") == ["stop-script-killed"]


def test_findings_come_worst_first() -> None:
    findings = _lint(
        replace(A, more="notify_stop /bin/x\npreempt_delay 3", state="state MASTER"),
        replace(B, interval="advert_int 2"),
    )
    assert [finding.level for finding in findings] == [Level.ERROR, Level.WARNING, Level.NOTE]


def test_every_rule_has_a_name_of_its_own_and_a_row_in_the_table() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    table = rule_table(RULES)
    assert all(f"| `{name}` |" in table for name in names)
    assert all(rule.source and rule.summary for rule in RULES)


def test_every_rule_is_shown_by_a_test() -> None:
    shown = {case[0] for case in CASES} | {
        "multicast-group-differs",
        "close-priorities",
        "multicast",
        "reclaim-by-advert-only",
        "scripts-out-of-order",
        "slow-detection",
        "startup-delay-beyond-objective",
        "startup-race",
        "stop-script-killed",
        "sync-group-divided",
    }
    assert {rule.name for rule in RULES} <= shown


def _backup(priority: int, **settings: bool) -> Machine:
    """A BACKUP whose master-down timer has just been armed by an advert of a master with priority 150."""
    machine = Machine(Settings(address=1, priority=priority, **settings))
    machine.handle(Start(), 0)
    return machine


def _takes_over(machine: Machine, master_priority: int) -> bool:
    """Whether a backup becomes MASTER although a master with that priority goes on sending adverts for a minute."""
    for now in range(SECOND, 60 * SECOND, SECOND):
        while machine.deadline_ns is not None and machine.deadline_ns <= now:
            machine.handle(TimerExpired(), machine.deadline_ns)
        machine.handle(AdvertReceived(source=2, priority=master_priority, advert_int_ns=SECOND), now)
        if machine.state is State.MASTER:
            return True
    return False


@pytest.mark.parametrize(("weight", "nopreempt"), list(itertools.product((2, -50, -51, -60), (False, True))))
def test_what_the_weight_rules_foretell_is_what_the_state_machine_does(weight: int, nopreempt: bool) -> None:
    node_a, node_b = replace(A, check=f"weight {weight}"), replace(B, more="nopreempt" if nopreempt else "")
    router = design_of({"a": _config("a", node_a), "b": _config("b", node_b)}).virtual_routers[0].preferred
    lowered = router.priority_without(router.checks[0])
    stays = bool({"never-fails-over", "weight-with-nopreempt"} & set(_rules(node_a, node_b)))
    assert stays is not _takes_over(_backup(100, nopreempt=nopreempt), lowered)
