"""What the section ``floating`` becomes for the mechanisms that are not a private address on a call's behalf."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

import hasim
from hasim.errors import UserError
from hasim.scenario.model import Floating, Mechanism
from hasim.scenario.topology import build_region
from hasim.units import SECOND
from tests.unit.scenario_texts import BASE, scenario

HAVIP = {"address": "10.0.1.100", "mechanism": "havip"}


def test_an_eip_has_neither_private_address_nor_subnet() -> None:
    floating = scenario(floating={"mechanism": "eip"}).floating
    assert floating == Floating(None, None, Mechanism.EIP, eip=True)
    assert floating.label == "the EIP"


def test_an_eip_is_bound_to_the_primary_address_of_the_initial_master() -> None:
    topology = build_region(scenario(floating={"mechanism": "eip"}), "b")
    assert topology.eip_id is not None
    eip = topology.region.eips[topology.eip_id]
    assert (eip.private_address, topology.holder()) == ("10.0.1.11", "b")


def test_every_instance_may_claim_a_havip_unless_the_file_says_who() -> None:
    floating = scenario(floating=HAVIP).floating
    assert floating == Floating(
        IPv4Address("10.0.1.100"), "front", Mechanism.HAVIP, eip=False, association_range=("a", "b")
    )
    three = {"a": {}, "b": {}, "c": {}}
    assert scenario(floating=HAVIP, instances=three).floating.association_range == ("a", "b", "c")


def test_a_havip_is_in_the_cloud_with_its_range_and_its_eip_goes_along() -> None:
    topology = build_region(scenario(floating={**HAVIP, "eip": True}), "a")
    assert topology.ha_vip_id is not None
    ha_vip = topology.region.ha_vips[topology.ha_vip_id]
    assert (ha_vip.address, ha_vip.check_associate) == ("10.0.1.100", True)
    assert ha_vip.associations == [topology.instance_ids["a"], topology.instance_ids["b"]]
    assert topology.holder() == "a"
    assert topology.region.announce(topology.ha_vip_id, topology.holding_interface_ids["b"], now_ns=0)
    assert topology.holder() == "b"


def test_gratuitous_arps_are_keepalived_s_own_unless_the_file_says_otherwise() -> None:
    default = scenario().instance("a").vrrp
    assert (default.garp_master_repeat, default.garp_master_delay_ns) == (5, 5 * SECOND)
    assert (default.garp_master_refresh_ns, default.garp_master_refresh_repeat) == (None, 1)
    told = scenario(vrrp={"garp_master_delay": "1s", "garp_master_refresh": "5s"}).instance("b").vrrp
    assert (told.garp_master_delay_ns, told.garp_master_refresh_ns) == (SECOND, 5 * SECOND)


@pytest.mark.parametrize(("mechanism", "key"), [("havip", "method"), ("eip", "address"), ("eip", "method")])
def test_a_key_that_the_mechanism_has_no_use_for_can_be_set_to_null(mechanism: str, key: str) -> None:
    """Whoever changes the mechanism by --set or --variant cannot leave a key of the file out."""
    pair = hasim.loads(BASE).with_({"floating.method": "migrate"})
    others = {"address": None, "method": None} if mechanism == "eip" else {}
    changes = {"floating.mechanism": mechanism, **{f"floating.{name}": None for name in others if name != key}}
    with pytest.raises(UserError, match=f"floating.{key}: .*leave this out, or set it to null"):
        pair.with_(changes)
    assert pair.with_({**changes, f"floating.{key}": None}).scenario.floating.mechanism == mechanism
