"""Interfaces, addresses, zones and mechanisms of a scenario."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hasim.scenario import loads
from hasim.scenario.model import Mechanism, Transport
from tests.unit.scenario_texts import BASE, THREE_NETWORKS, scenario


def test_instances_have_interfaces_in_several_subnets() -> None:
    result = loads(THREE_NETWORKS)
    a, b = result.instance("a"), result.instance("b")
    assert [(item.name, item.subnet) for item in a.interfaces] == [
        ("front", "service"),
        ("beat", "heartbeat"),
        ("admin", "management"),
    ]
    assert [(item.name, item.subnet) for item in b.interfaces] == [("eth0", "service"), ("beat", "heartbeat")]
    assert a.interfaces[0].secondary_addresses == (IPv4Address("10.0.1.20"), IPv4Address("10.0.1.21"))
    assert a.interfaces[1].security_groups == ("beats",)
    assert b.interfaces[1].security_groups == ("beats", "default")
    assert (a.vrrp.interface, a.vrrp.track_interfaces) == ("beat", ("beat", "front"))
    assert (b.vrrp.interface, b.vrrp.track_interfaces) == ("beat", ("eth0",))
    assert a.vrrp.transport is Transport.MULTICAST
    assert result.network.multicast


def test_addresses_left_out_are_the_lowest_free_ones() -> None:
    result = scenario(
        instances={"a": {}, "b": {"address": "10.0.1.2"}, "c": {}, "d": {"secondary_addresses": ["10.0.1.4"]}},
    )
    assert [str(result.instance(name).interfaces[0].address) for name in "abcd"] == [
        "10.0.1.3",
        "10.0.1.2",
        "10.0.1.5",
        "10.0.1.6",
    ]


def test_zone_of_an_instance_is_that_of_its_primary_interface() -> None:
    result = scenario(
        zones=["z1", "z2"],
        subnets={"front": {"cidr": "10.0.1.0/24", "zone": "z2"}, "back": {"cidr": "10.0.2.0/24", "zone": "z1"}},
        instances={"a": {"subnet": "front"}, "b": {"subnet": "front"}},
    )
    assert result.instance("a").zone == "z2"
    assert result.subnet("back").zone == "z1"


@pytest.mark.parametrize(
    ("written", "mechanism"),
    [
        ("secondary_ip", Mechanism.SECONDARY_IP_MIGRATE),
        ("secondary_ip, method: reassign", Mechanism.SECONDARY_IP_REASSIGN),
        ("eni", Mechanism.ENI_MIGRATE),
        ("eni, method: reattach", Mechanism.ENI_REATTACH),
        ("havip", Mechanism.HAVIP),
    ],
)
def test_mechanism_and_method_make_the_models_mechanism(written: str, mechanism: Mechanism) -> None:
    result = loads(BASE.replace("secondary_ip", written))
    assert result.floating.mechanism is mechanism
    assert result.floating.subnet == "front"
    assert result.floating.security_groups == (("default",) if mechanism.moves_interface else ())
