"""tshark reads the captures: every packet decoded, every checksum right, every value that of the trace."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from ipaddress import IPv4Address
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import hasim
from hasim.report.capture import write_capture
from hasim.scenario.model import Instance, Scenario, Transport, VrrpSettings
from hasim.sim import simulate
from hasim.trace import AdvertSent, GarpSent, Trace
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
    pytest.mark.skipif(shutil.which("mergecap") is None, reason="mergecap is not installed"),
    pytest.mark.xdist_group("captures"),
]

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(path.relative_to(SCENARIOS).as_posix() for path in SCENARIOS.rglob("*.yaml"))
MADE: dict[str, dict[str, Any]] = {
    "password": {"authentication": {"auth_pass": "secret12"}},
    "ipv6 multicast": {"native_ipv6": True, "transport": "multicast"},
    "ipv6 unicast": {"native_ipv6": True, "advert_int": "250ms"},
}
"""Bare pairs in sync groups of two, by what their ``vrrp`` says."""
_STRETCH_NS = 150 * SECOND
_FIELDS = (
    "frame.time_epoch",
    "frame.interface_name",
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "ip.dsfield.dscp",
    "ip.checksum.status",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hlim",
    "ipv6.tclass.dscp",
    "vrrp.version",
    "vrrp.virt_rtr_id",
    "vrrp.prio",
    "vrrp.checksum.status",
    "vrrp.ip_addr",
    "vrrp.ipv6_addr",
    "vrrp.auth_string",
    "vrrp.adver_int",
    "vrrp.short_adver_int",
    "arp.isgratuitous",
    "arp.src.proto_ipv4",
    "_ws.malformed",
    "_ws.expert.severity",
)
_GOOD = "1"
_CLASS_SELECTOR_6 = "48"
_REMARK = str(0x100000)
"""What tshark itself says of a packet is no more than that it has a comment."""


def decoded(paths: Sequence[Path], together: Path) -> list[dict[str, str]]:
    """Every packet of the captures as tshark's fields: one behind the other in one file, so that it starts but once."""
    merge = ["mergecap", "-a", "-I", "none", "-F", "pcapng", "-w", str(together), *map(str, paths)]
    subprocess.run(merge, check=True, timeout=120)
    fields = [word for field in _FIELDS for word in ("-e", field)]
    preferences = ["-o", "ip.check_checksum:TRUE", "-o", "arp.detect_duplicate_ips:FALSE"]  # a failover looks like one
    command = ["tshark", "-n", "-r", str(together), *preferences, "-T", "fields", *fields]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    return [dict(zip(_FIELDS, line.split("\t"), strict=True)) for line in shown.splitlines()]


def scenario_of(name: str) -> Scenario:
    """One of the shipped, or one of those below."""
    if name in MADE:
        group = {"inside": {"interface": "eth1", "virtual_router_id": 52, "transport": "unicast"}}
        vpc = {"cidr": "10.0.0.0/16", "multicast": True}
        faults = [{"kind": "crash", "target": "a", "at": "20s", "duration": "30s"}]
        return bare_pair(vpc=vpc, faults=faults, vrrp={"sync_group": group, **MADE[name]})
    return hasim.load(SCENARIOS / name).scenario


class Captured(NamedTuple):
    """A run, and what tshark has found in its capture."""

    scenario: Scenario
    trace: Trace
    found: list[dict[str, str]]


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Captured]:
    directory = tmp_path_factory.mktemp("captures")
    runs, counts, paths = {}, [], []
    for number, name in enumerate([*SHIPPED, *MADE]):
        scenario = scenario_of(name)
        trace = simulate(scenario, seed=1, replication=0, detail=(0, min(_STRETCH_NS, scenario.horizon_ns)))
        paths.append(directory / f"{number}.pcapng")
        counts.append(write_capture(paths[-1], scenario, trace))
        runs[name] = scenario, trace
    found = iter(decoded(paths, directory / "together.pcapng"))
    packets = [list(islice(found, count)) for count in counts]
    assert [len(some) for some in packets] == counts
    assert next(found, None) is None
    return {name: Captured(*run, some) for (name, run), some in zip(runs.items(), packets, strict=True)}


@pytest.mark.parametrize("name", [*SHIPPED, *MADE])
def test_tshark_reads_back_what_the_trace_holds(name: str, captured: dict[str, Captured]) -> None:
    scenario, trace, found = captured[name]
    address = scenario.floating.address if scenario.floating.mechanism.is_configured_by_keepalived else None
    adverts = iter([packet for packet in found if packet["vrrp.version"]])
    arps = iter([packet for packet in found if not packet["vrrp.version"]])
    for record in trace.records:
        if isinstance(record, AdvertSent):
            instance = scenario.instance(record.instance)
            vrrp = next((member.vrrp for member in instance.sync_group if member.name == record.member), instance.vrrp)
            for _ in range(1 if vrrp.transport is Transport.MULTICAST else len(vrrp.peers)):
                packet = next(adverts)
                assert packet["frame.time_epoch"] == f"{record.at // SECOND}.{record.at % SECOND:09d}"
                check_advert(packet, record, instance, vrrp, None if record.member else address)
        elif isinstance(record, GarpSent) and address is not None:
            for _ in range(record.repeat):
                packet = next(arps)
                assert packet["frame.time_epoch"] == f"{record.at // SECOND}.{record.at % SECOND:09d}"
                assert packet["arp.isgratuitous"] in ("1", "True")
                assert packet["arp.src.proto_ipv4"] == str(address)
    assert next(adverts, None) is None
    assert next(arps, None) is None
    assert not [packet for packet in found if packet["_ws.malformed"]]
    complaints = {packet["_ws.expert.severity"] for packet in found}
    assert complaints <= {"", _REMARK}
    times = [float(packet["frame.time_epoch"]) for packet in found]
    assert all(former <= latter for former, latter in pairwise(times))


def check_advert(
    packet: dict[str, str], record: AdvertSent, instance: Instance, vrrp: VrrpSettings, address: IPv4Address | None
) -> None:
    """Every field of one advert, which names ``address`` or one that nobody else sees (None)."""
    heartbeat = next(i for i in instance.interfaces if i.name == vrrp.interface)
    assert packet["frame.interface_name"] == f"{instance.name} {heartbeat.name}"
    assert packet["vrrp.checksum.status"] == _GOOD
    if vrrp.native_ipv6:
        assert packet["ipv6.src"] == str(heartbeat.ipv6_address)
        assert packet["ipv6.dst"].startswith("ff02::12" if vrrp.transport is Transport.MULTICAST else "fe80::")
        assert (packet["ipv6.hlim"], packet["ipv6.tclass.dscp"]) == ("255", _CLASS_SELECTOR_6)
        assert packet["vrrp.ipv6_addr"] == f"fe80::200:5eff:fe00:{vrrp.virtual_router_id:x}"
    else:
        assert packet["ip.src"] == str(heartbeat.address)
        assert (packet["ip.ttl"], packet["ip.dsfield.dscp"]) == ("255", _CLASS_SELECTOR_6)
        assert packet["ip.checksum.status"] == _GOOD
        assert packet["vrrp.ip_addr"] == str(address or f"169.254.0.{vrrp.virtual_router_id}")
    assert packet["vrrp.version"] == str(vrrp.version)
    assert packet["vrrp.virt_rtr_id"] == str(vrrp.virtual_router_id)
    assert packet["vrrp.prio"] == str(record.priority)
    assert packet["vrrp.auth_string"] == (vrrp.password or "")
    interval = packet["vrrp.adver_int"] if vrrp.version == 2 else packet["vrrp.short_adver_int"]
    unit_ns = SECOND if vrrp.version == 2 else SECOND // 100
    assert int(interval) * unit_ns == vrrp.advert_int_ns
