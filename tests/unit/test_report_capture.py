"""What a capture holds: the frames of keepalived 2.2.7, recorded on a veth pair, are the yardstick."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import dpkt
import pytest

import hasim
from hasim.export import ExportOptions
from hasim.export.configuration import configuration_of
from hasim.report.capture import Packet, packets, write_capture
from hasim.report.capture.frames import advert_frame, announcement_frame, link_local_address, multicast_mac
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.trace import AdvertSent, GarpSent, Trace
from hasim.units import MILLISECOND, SECOND
from hasim.vrrp.wire import MULTICAST_V4, MULTICAST_V6, Advertisement, decode
from tests.unit.bare_pair import bare_pair, instance

SCENARIOS = Path(__file__).parents[2] / "scenarios"
MAC = bytes.fromhex("66625f5752c1")
_IPV6_FLOW_LABEL = slice(15, 18)
"""The kernel fills the flow label with a hash."""

RECORDED_ADVERT_V2 = bytes.fromhex(
    "01005e00001266625f5752c1080045c0002800010000ff70d0880a090001e0000012"
    "213364010101 01df 0a090064 7365637265743132".replace(" ", "")
)
RECORDED_GOODBYE_V2 = bytes.fromhex(
    "01005e00001266625f5752c1080045c0002800040000ff70d0850a090001e0000012"
    "213300010101 65df 0a090064 7365637265743132".replace(" ", "")
)
RECORDED_ARP = bytes.fromhex("ffffffffffff66625f5752c108060001080006040001 66625f5752c10a090064ffffffffffff0a090064")
RECORDED_ADVERT_V6 = bytes.fromhex(
    "33330000001266625f5752c186dd6c021a04002870ff fe80000000000000 64625ffffe5752c1 ff020000000000000000000000000012"
    "3135780200321600 fe8000000000000000000000000000aa 20010db8000000000000000000000009".replace(" ", "")
)
RECORDED_NEIGHBOUR_ADVERTISEMENT = bytes.fromhex(
    "33330000000166625f5752c186dd6000000000203aff 20010db8000000000000000000000009 ff020000000000000000000000000001"
    "8800e2a020000000 20010db8000000000000000000000009 020166625f5752c1".replace(" ", "")
)


def test_an_advert_of_version_2_with_a_password_is_that_of_the_daemon() -> None:
    sender, group = IPv4Address("10.9.0.1"), multicast_mac(MULTICAST_V4)
    for priority, number, recorded in ((100, 1, RECORDED_ADVERT_V2), (0, 4, RECORDED_GOODBYE_V2)):
        advert = Advertisement(2, 51, priority, SECOND, (IPv4Address("10.9.0.100"),), b"secret12")
        assert advert_frame(advert, sender, MULTICAST_V4, MAC, group, number) == recorded


def test_an_advert_over_ipv6_is_that_of_the_daemon_but_for_the_flow_label() -> None:
    addresses = (IPv6Address("fe80::aa"), IPv6Address("2001:db8::9"))
    advert = Advertisement(3, 53, 120, 500 * MILLISECOND, addresses)
    made = bytearray(advert_frame(advert, link_local_address(MAC), MULTICAST_V6, MAC, multicast_mac(MULTICAST_V6), 1))
    assert made[_IPV6_FLOW_LABEL] == bytes([0, 0, 0])
    made[_IPV6_FLOW_LABEL] = RECORDED_ADVERT_V6[_IPV6_FLOW_LABEL]
    assert bytes(made) == RECORDED_ADVERT_V6


def test_a_gratuitous_arp_and_its_like_of_ipv6_are_those_of_the_daemon() -> None:
    assert announcement_frame(IPv4Address("10.9.0.100"), MAC) == RECORDED_ARP
    assert announcement_frame(IPv6Address("2001:db8::9"), MAC) == RECORDED_NEIGHBOUR_ADVERTISEMENT


def run(name: str) -> tuple[Scenario, Trace]:
    scenario = hasim.load(SCENARIOS / name).scenario
    detail = (0, min(scenario.horizon_ns, 300 * SECOND))
    return scenario, simulate(scenario, seed=1, replication=0, detail=detail)


def test_every_advert_is_in_the_capture_once_for_each_unicast_peer() -> None:
    scenario, trace = run("three-instances.yaml")
    sent = [record for record in trace.records if isinstance(record, AdvertSent)]
    found = [packet for packet in packets(scenario, trace) if dpkt.ethernet.Ethernet(packet.frame).type == 0x0800]
    assert len(found) == 2 * len(sent) > 400
    for index, packet in enumerate(found):
        record = sent[index // 2]
        assert (packet.at_ns, packet.instance) == (record.at, record.instance)
        datagram = dpkt.ethernet.Ethernet(packet.frame).data
        advert = decode(bytes(datagram.data), IPv4Address(datagram.src), IPv4Address(datagram.dst))
        vrrp = scenario.instance(record.instance).vrrp
        assert (advert.priority, advert.virtual_router_id) == (record.priority, vrrp.virtual_router_id)
        assert advert.addresses == (scenario.floating.address,)
        assert datagram.src == scenario.instance(record.instance).interfaces[0].address.packed


def test_an_advert_that_arrives_nowhere_says_so() -> None:
    scenario, trace = run("partition.yaml")
    cut = {
        (record.at, record.instance) for record in trace.records if isinstance(record, AdvertSent) and record.unreached
    }
    told = {(packet.at_ns, packet.instance) for packet in packets(scenario, trace) if packet.comment}
    assert told == cut
    assert cut


def test_a_burst_of_gratuitous_arps_is_as_many_frames_after_the_first_advert() -> None:
    scenario, trace = run("secondary-ip-best-practice.yaml")
    bursts = [record for record in trace.records if isinstance(record, GarpSent)]
    found = list(packets(scenario, trace))
    arps = [packet for packet in found if dpkt.ethernet.Ethernet(packet.frame).type == dpkt.ethernet.ETH_TYPE_ARP]
    assert len(arps) == sum(burst.repeat for burst in bursts) > 0
    assert found[found.index(arps[0]) - 1].instance == arps[0].instance


def heard(scenario: Scenario, trace: Trace) -> list[tuple[Packet, dpkt.Packet, Advertisement]]:
    """Every advert in the capture: the packet, its datagram, and what it says."""
    found = []
    for packet in packets(scenario, trace):
        datagram = dpkt.ethernet.Ethernet(packet.frame).data
        if isinstance(datagram, dpkt.ip.IP | dpkt.ip6.IP6):
            address = IPv6Address if isinstance(datagram, dpkt.ip6.IP6) else IPv4Address
            advert = decode(bytes(datagram.data), address(datagram.src), address(datagram.dst))
            found.append((packet, datagram, advert))
    return found


@pytest.mark.parametrize("name", ["eni-reattach.yaml", "eip-rebind-across-zones.yaml"])
def test_an_address_that_keepalived_does_not_configure_is_that_of_the_exported_configuration(name: str) -> None:
    scenario, trace = run(name)
    said = {advert.addresses for _, _, advert in heard(scenario, trace)}
    for each in scenario.instances:
        config, _ = configuration_of(scenario, each, ExportOptions())
        assert said == {tuple(vip.address for vip in config.instances[0].virtual_addresses)}
    assert said == {(IPv4Address("169.254.0.51"),)}
    assert len(list(packets(scenario, trace))) == len(heard(scenario, trace)), "nothing is announced"


def detailed(scenario: Scenario) -> Trace:
    return simulate(scenario, seed=1, replication=0, detail=(0, 30 * SECOND))


def test_adverts_carry_the_password() -> None:
    scenario = bare_pair(vrrp={"authentication": {"auth_pass": "secret12"}})
    assert {advert.password for _, _, advert in heard(scenario, detailed(scenario))} == {b"secret12"}


@pytest.mark.parametrize(
    ("transport", "destination"), [("unicast", IPv6Address("fe80::a00:10c")), ("multicast", MULTICAST_V6)]
)
def test_adverts_over_ipv6_go_between_link_local_addresses(transport: str, destination: IPv6Address) -> None:
    vpc = {"cidr": "10.0.0.0/16", "multicast": True}
    scenario = bare_pair(vpc=vpc, vrrp={"native_ipv6": True, "transport": transport})
    found = heard(scenario, detailed(scenario))
    for packet, datagram, advert in found:
        assert (IPv6Address(datagram.src), IPv6Address(datagram.dst)) == (IPv6Address("fe80::a00:10b"), destination)
        assert advert.addresses == (IPv6Address("fe80::200:5eff:fe00:33"),)
        assert (packet.frame[:6] == multicast_mac(MULTICAST_V6)) == (transport == "multicast")
    assert len(found) == 29


def test_over_ipv6_the_floating_address_is_announced_by_arp_all_the_same() -> None:
    crash = {"kind": "crash", "target": "a", "at": "10s"}
    scenario = bare_pair(vrrp={"native_ipv6": True}, faults=[crash])
    arps = [dpkt.ethernet.Ethernet(packet.frame).data for packet in packets(scenario, detailed(scenario))]
    announced = [arp for arp in arps if isinstance(arp, dpkt.arp.ARP)]
    assert len(announced) == 10
    assert {IPv4Address(arp.spa) for arp in announced} == {IPv4Address("10.0.1.100")}


def test_nobody_sends_to_a_link_local_address_of_another_subnet() -> None:
    """b's adverts leave by another network; a has no neighbour of that address."""
    instances = {"a": instance(150, 11), "b": instance(100, 12, vrrp={"priority": 100, "interface": "eth1"})}
    scenario = bare_pair(instances=instances, vrrp={"native_ipv6": True})
    trace = detailed(scenario)
    assert [record for record in trace.records if isinstance(record, AdvertSent)]
    assert heard(scenario, trace) == []


def test_every_member_of_a_sync_group_sends_its_own_adverts() -> None:
    group = {"inside": {"interface": "eth1", "virtual_router_id": 52, "advert_int": "2s", "priority": 120}}
    scenario = bare_pair(vrrp={"sync_group": group})
    trace = detailed(scenario)
    found = heard(scenario, trace)
    for member, interface, count in (("", "eth0", 30), ("inside", "eth1", 15)):
        of_it = [item for item in found if item[0].interface == interface]
        sent = [r for r in trace.records if isinstance(r, AdvertSent) and r.member == member]
        assert [packet.at_ns for packet, _, _ in of_it] == [record.at for record in sent]
        assert abs(len(of_it) - count) <= 1
        assert [datagram.id for _, datagram, _ in of_it] == list(range(1, len(of_it) + 1))
    _, datagram, advert = next(item for item in found if item[0].interface == "eth1")
    assert (IPv4Address(datagram.src), IPv4Address(datagram.dst)) == (
        IPv4Address("10.0.2.11"),
        IPv4Address("10.0.2.12"),
    )
    assert advert == Advertisement(2, 52, 120, 2 * SECOND, (IPv4Address("169.254.0.52"),))


def test_the_file_holds_every_packet_at_its_nanosecond(tmp_path: Path) -> None:
    scenario, trace = run("secondary-ip-best-practice.yaml")
    path = tmp_path / "run.pcapng"
    assert write_capture(path, scenario, trace) == len(list(packets(scenario, trace)))
    with path.open("rb") as file:
        read = [frame for _, frame in dpkt.pcapng.Reader(file)]
    assert read == [packet.frame for packet in packets(scenario, trace)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.pcapng"]


def test_a_capture_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    scenario, trace = run("partition.yaml")
    (tmp_path / "run.pcapng").mkdir()
    with pytest.raises(OSError, match=r"run\.pcapng"):
        write_capture(tmp_path / "run.pcapng", scenario, trace)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.pcapng"]
