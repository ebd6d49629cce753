"""The parts of a drill that need neither root nor keepalived: what is read, put together, planned and written."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hasim.drill.bytecode import precompile
from hasim.drill.calibration import written
from hasim.drill.cloud import Decisions
from hasim.drill.episodes import LEAD_NS, episodes_of
from hasim.drill.keepalived_log import KeepalivedLog
from hasim.drill.lateness import LateLimits, Lateness, late_limits
from hasim.drill.layout import layout_of
from hasim.drill.machine import MachineTimes
from hasim.drill.probes import PROBE_INTERVAL_NS, ProbeLog
from hasim.drill.programs.kernel import changes
from hasim.drill.recording import Sources, trace_of
from hasim.drill.script_log import Scripts
from hasim.errors import UserError
from hasim.measure import PHASES, measure
from hasim.scenario.model import FaultKind
from hasim.trace import (
    AcceptChanged,
    CheckChanged,
    DaemonChanged,
    FaultBegan,
    GuestAddressChanged,
    PowerChanged,
    PriorityChanged,
    Record,
    ServiceChanged,
    StateChanged,
)
from hasim.units import MILLISECOND, SECOND
from tests.unit.scenario_texts import THREE_NETWORKS, scenario

PATIENCE_NS = 20 * SECOND
CRASH = "faults: [{kind: crash, target: a, at: 1min, duration: 5min}]\n"


def _log(*lines: str) -> KeepalivedLog:
    log = KeepalivedLog("a", 150)
    for number, line in enumerate(lines, start=1):
        log.read(number, f"Sun Nov 22 23:32:44 2026: {line}")
    return log


def test_a_log_tells_states_with_the_reason_of_the_line_before() -> None:
    log = _log(
        "(floating) Entering BACKUP STATE (init)",
        "(floating) Receive advertisement timeout",
        "(floating) Entering MASTER STATE",
        "(floating) Master received advert from 10.0.1.11 with higher priority 150, ours 100",
        "(floating) Entering BACKUP STATE",
    )
    assert log.records == [
        DaemonChanged(1, "a", True, "started"),
        StateChanged(1, "a", "INIT", "BACKUP", "start_up"),
        StateChanged(3, "a", "BACKUP", "MASTER", "down_timer"),
        StateChanged(5, "a", "MASTER", "BACKUP", "higher_priority_advert"),
    ]


def test_a_log_tells_checks_priorities_and_what_counts_as_down() -> None:
    log = _log(
        "VRRP_Script(alive) succeeded",
        "VRRP_Script(alive) failed (exited with status 1)",
        "(floating) Changing effective priority from 150 to 90",
        "VRRP_Script(other) timed out",
        "(floating) Received advert from 10.0.1.12 with lower priority 100, ours 150, forcing new election",
    )
    assert log.records == [
        CheckChanged(1, "a", "alive", True),
        CheckChanged(2, "a", "alive", False),
        PriorityChanged(3, "a", 150, 90, 150),
        CheckChanged(4, "a", "other", False),
    ]
    assert (log.failing, log.timed_out, log.lower_adverts) == ({"alive", "other"}, [(4, "other")], [5])


@pytest.mark.parametrize("last", ["Stopping", "(floating) sent 0 priority", "Stopped - used (self/children) 0.0"])
def test_a_daemon_that_ends_in_order_resigns_however_its_log_says_so(last: str) -> None:
    log = _log("(floating) Entering BACKUP STATE (init)", "(floating) Entering MASTER STATE", last)
    assert log.records[-2:] == [
        StateChanged(3, "a", "MASTER", "INIT", "shutdown"),
        DaemonChanged(3, "a", False, "stopped"),
    ]


def test_a_good_bye_in_fault_is_no_end() -> None:
    log = _log("(floating) Entering MASTER STATE", "Netlink reports eth0 down", "(floating) Entering FAULT STATE")
    log.read(4, "(floating) sent 0 priority")
    assert log.state == "FAULT"
    assert log.records[-1] == StateChanged(3, "a", "MASTER", "FAULT", "link_down")


def test_addresses_are_read_from_the_kernels_messages() -> None:
    def message(kind: int, address: str) -> bytes:
        attribute = struct.pack("HH4s", 8, 2, socket.inet_aton(address))
        body = struct.pack("8x") + struct.pack("HH3sx", 7, 3, b"eth") + attribute
        return struct.pack("IHHII", 16 + len(body), kind, 0, 0, 0) + body

    datagram = message(20, "10.0.1.100") + message(24, "10.0.1.1") + message(21, "10.0.1.100")
    assert changes(datagram) == [("new", "10.0.1.100"), ("deleted", "10.0.1.100")]


def test_carriers_are_read_from_the_kernels_messages() -> None:
    def message(device: bytes, flags: int) -> bytes:
        name = device + b"\0"
        attribute = struct.pack("HH", 4 + len(name), 3) + name + bytes(-len(name) % 4)
        body = struct.pack("BxHiII", 0, 1, 2, flags, 0) + struct.pack("HH", 8, 13) + bytes(4) + attribute
        return struct.pack("IHHII", 16 + len(body), 16, 0, 0, 0) + body

    assert changes(message(b"eth0", 0x11043) + message(b"floating", 0x1003)) == [("up", "eth0"), ("down", "floating")]


def _asked(answers: str) -> ProbeLog:
    """A question every 20 ms; the letter is who answered it, a dot nobody."""
    log = ProbeLog()
    for number, server in enumerate(answers):
        log.read(f"{number} {number * PROBE_INTERVAL_NS}")
        if server != ".":
            log.read(f"{number} {number * PROBE_INTERVAL_NS + MILLISECOND} {server}")
    return log


def test_one_lost_packet_is_no_outage_and_two_are() -> None:
    found = [(change.sent_ns // PROBE_INTERVAL_NS, change.server) for change in _asked("aaa.aa..ab").changes(0, SECOND)]
    assert found == [(0, "a"), (6, None), (8, "a"), (9, "b")]


def _sources(records: list[Record], faults: list[Record], probes: ProbeLog, routed: list[tuple[int, str]]) -> Sources:
    decisions = Decisions(held=list(routed), routed=list(routed))
    steady = [
        record
        for name in ("a", "b")
        for record in (ServiceChanged(-3, name, True), StateChanged(-2, name, "INIT", "BACKUP", "start_up"))
    ]
    steady += [StateChanged(-1, "a", "BACKUP", "MASTER", "down_timer"), GuestAddressChanged(-1, "a", True)]
    return Sources({"all": [*steady, *records]}, faults, decisions, [], Scripts(), probes, "a", names=("a", "b"))


def test_what_was_seen_becomes_a_trace_whose_outage_begins_with_its_cause() -> None:
    """The question at 100 ms was on its way when the crash at 105 ms swallowed its answer."""
    crash_ns, elected_ns, routed_ns = (number * MILLISECOND for number in (105, 155, 181))
    sources = _sources(
        [
            PowerChanged(crash_ns + 1, "a", "off"),
            StateChanged(elected_ns, "b", "BACKUP", "MASTER", "down_timer"),
            GuestAddressChanged(elected_ns, "b", True),
        ],
        [FaultBegan(crash_ns, "crash a", "crash", "a")],
        _asked("aaaaa.....bbbbb"),
        [(routed_ns, "b")],
    )
    trace = trace_of(scenario(), 0, sources, 0, 300 * MILLISECOND)
    (outage,) = measure(trace).outages
    assert (outage.cause, outage.missing, outage.began_on, outage.ended_on) == ("crash", "instance", "a", "b")
    assert (outage.start_ns, outage.end_ns) == (crash_ns, 200 * MILLISECOND)
    phases = dict(zip(PHASES, outage.phases_ns, strict=True))
    assert phases["detect"] == elected_ns - crash_ns
    assert sum(outage.phases_ns) == outage.duration_ns


def test_a_link_that_leads_nowhere_is_what_is_missing_when_nothing_else_is() -> None:
    sources = _sources([], [FaultBegan(90 * MILLISECOND, "cut", "partition", "a|clients")], _asked("aaaaa....."), [])
    (outage,) = measure(trace_of(scenario(), 0, sources, 0, 200 * MILLISECOND)).outages
    assert (outage.cause, outage.missing, outage.resolution) == ("partition", "link", "unresolved")


def test_an_address_whose_packets_are_dropped_is_not_in_the_guest() -> None:
    crash_ns, elected_ns, routed_ns = (number * MILLISECOND for number in (105, 155, 181))
    elected: list[Record] = [
        StateChanged(elected_ns, "b", "BACKUP", "MASTER", "down_timer"),
        GuestAddressChanged(elected_ns, "b", True),
    ]
    sources = _sources(
        elected, [FaultBegan(crash_ns, "crash a", "crash", "a")], _asked("aaaaa....."), [(routed_ns, "b")]
    )
    trace = trace_of(scenario(vrrp={"accept": False}), 0, sources, 0, 300 * MILLISECOND)
    dropped = [(record.at, record.instance) for record in trace.records if isinstance(record, AcceptChanged)]
    assert dropped == [(0, "a"), (elected_ns, "b")]
    (outage,) = measure(trace).outages
    assert (outage.missing, outage.resolution) == ("accept", "unresolved")
    assert outage.phases_ns[PHASES.index("guest")] == 300 * MILLISECOND - routed_ns


def test_an_outage_may_begin_while_its_fault_is_still_taking_hold() -> None:
    """The question at 80 ms was answered although nftables had begun at 75 ms to cut the client off."""
    sources = _sources([], [FaultBegan(75 * MILLISECOND, "cut", "partition", "a|clients")], _asked("aaaaa....."), [])
    sources = replace(sources, beginnings=[(75 * MILLISECOND, 90 * MILLISECOND)])
    (outage,) = measure(trace_of(scenario(), 0, sources, 0, 200 * MILLISECOND)).outages
    assert (outage.cause, outage.start_ns) == ("partition", 80 * MILLISECOND)


def test_a_machine_is_as_late_as_its_worst_delay_in_the_interval() -> None:
    lateness = Lateness()
    for due, late in ((5, 2), (20, 9), (40, 3)):
        lateness.read(f"{due} {late}")
    assert [lateness.worst_ns(*interval) for interval in ((0, 10), (8, 19), (28, 30), (0, 100))] == [2, 0, 9, 9]


def test_a_repetition_is_good_if_the_machine_was_less_late_than_half_an_advert_interval() -> None:
    quick = late_limits(scenario(vrrp={"version": 3, "advert_int": "80ms"}))
    assert quick == LateLimits(good_ns=40 * MILLISECOND, bearable_ns=80 * MILLISECOND)
    assert late_limits(scenario(vrrp={"advert_int": "5s"})) == LateLimits(100 * MILLISECOND, 200 * MILLISECOND)
    assert quick.complaint(40 * MILLISECOND) == ""
    assert quick.complaint(41 * MILLISECOND) == "the machine was 41 ms late (40 ms are good)"


def test_what_measuring_cost_widens_the_phases_that_it_touches() -> None:
    times = MachineTimes(probe_gap=20, lateness=3, injecting=(5, 4), check=(100, 200), calls_in_all=1_000, loop_lag=9)
    assert times.overhead_ns("elect") == 20 + 2 * 3 + 5
    assert times.overhead_ns("detect") == times.overhead_ns("elect") + 200
    assert times.overhead_ns("api") == times.overhead_ns("elect") + 1_000 + 9


def test_exported_modules_run_from_their_bytecode(tmp_path: Path) -> None:
    module = tmp_path / "greeting.py"
    module.write_text("WORD = 'compiled'\n", encoding="utf-8")
    precompile(tmp_path)
    module.write_text("WORD = 'source'\n", encoding="utf-8")
    command = [sys.executable, "-c", "import greeting; print(greeting.WORD)"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "compiled\n"


def test_an_episode_takes_seconds_and_a_crash_lasts_until_its_end() -> None:
    (episode,) = episodes_of(scenario(CRASH), PATIENCE_NS)
    (fault,) = episode.scenario.faults
    assert (fault.kind, fault.at_ns, fault.duration) == (FaultKind.CRASH, LEAD_NS, None)
    assert LEAD_NS < episode.scenario.horizon_ns <= LEAD_NS + PATIENCE_NS + 3 * SECOND


def test_a_long_fault_is_put_right_when_nothing_follows_from_it_any_more() -> None:
    partition = "faults: [{kind: partition, between: a, and: b, at: 1min, duration: 5min}]\n"
    (episode,) = episodes_of(scenario(partition), PATIENCE_NS)
    (fault,) = episode.scenario.faults
    assert fault.duration is not None
    assert 3 * SECOND < fault.duration.quantile(0.5) <= PATIENCE_NS


def test_a_random_fault_hits_the_master_once() -> None:
    ageing = "initial_master: b\nfaults: [{kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 1d}}}]\n"
    (episode,) = episodes_of(scenario(ageing), PATIENCE_NS)
    (fault,) = episode.scenario.faults
    assert (fault.targets, fault.at_ns, fault.time_to_failure) == (("b",), LEAD_NS, None)


def test_api_trouble_goes_with_the_fault_that_it_overlaps() -> None:
    both = "faults: [{kind: crash, target: a, at: 60s}, {kind: api_outage, at: 59s, duration: 3s}]\n"
    (episode,) = episodes_of(scenario(both), PATIENCE_NS)
    trouble, crash = episode.scenario.faults
    assert (trouble.kind, crash.kind) == (FaultKind.API_OUTAGE, FaultKind.CRASH)
    assert (trouble.at_ns, crash.at_ns) == (LEAD_NS, LEAD_NS + SECOND)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "no fault"),
        ("faults: [{kind: latency, between: a, and: b, at: 1s, extra: 1s}]\n", "sch_netem"),
    ],
)
def test_what_cannot_be_drilled_is_refused_by_name(more: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        episodes_of(scenario(more), PATIENCE_NS)


def test_an_unknown_fault_is_answered_with_the_names_that_there_are() -> None:
    with pytest.raises(UserError, match="its faults: 'crash a'"):
        episodes_of(scenario(CRASH), PATIENCE_NS, ["crash b"])


def test_gateways_and_the_world_outside_take_no_address_of_the_scenario() -> None:
    layout = layout_of(scenario())
    taken = {"10.0.1.10", "10.0.1.11", "10.0.1.100"}
    assert not taken & {str(bridge.gateway) for bridge in layout.bridges.values()}
    assert [port.device for port in layout.ports_of("a")] == ["eth0"]
    assert layout.ends(("z1", "clients")) == ["a", "b", "clients"]


def test_every_interface_has_its_device_in_the_order_of_the_scenario() -> None:
    from hasim.scenario import loads

    layout = layout_of(loads(THREE_NETWORKS))
    assert layout.devices()["a"] == {"front": "eth0", "beat": "eth1", "admin": "eth2"}
    assert layout.addresses("a")[:3] == ["10.0.1.10", "10.0.1.20", "10.0.1.21"]
    assert [port.device for port in layout.ports_of("a", "heartbeat")] == ["eth1"]


def test_measured_times_are_written_as_tenths_of_what_was_measured() -> None:
    assert written([5 * MILLISECOND]) == "5000us"
    assert written([5 * MILLISECOND, 7 * MILLISECOND]) == {"uniform": {"low": "5000us", "high": "7000us"}}
    many = written([number * MILLISECOND for number in range(101)])
    assert [part["of"]["uniform"]["high"] for part in many["mixture"]] == [f"{10_000 * n}us" for n in range(1, 11)]
    assert {part["weight"] for part in many["mixture"]} == {"10%"}


def test_what_is_written_is_a_distribution_of_a_scenario() -> None:
    text = written([n * n * MILLISECOND for n in range(1, 8)])
    (instance, _) = scenario(notify={"start_up": text}).instances
    start_up = instance.notify.start_up
    assert MILLISECOND <= start_up.quantile(0.001) <= start_up.quantile(0.999) <= 49 * MILLISECOND
