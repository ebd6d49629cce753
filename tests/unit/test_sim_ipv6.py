"""Adverts over IPv6: who hears them, and who wins among equals."""

from __future__ import annotations

import pytest

from hasim.scenario import ScenarioError
from hasim.scenario.model import Scenario
from tests.unit.bare_pair import bare_pair, instance, run, states


def _equals(first: str, second: str) -> Scenario:
    """Two of one priority, cut off from each other for some time: both are MASTER when they meet again."""
    instances = {
        "a": instance(100, 11, ipv6_address=first),
        "b": instance(100, 12, ipv6_address=second),
    }
    cut = {"kind": "partition", "between": "a", "and": "b", "at": "10s", "duration": "10s"}
    return bare_pair(instances=instances, vrrp={"native_ipv6": True}, faults=[cut], initial_master="a")


@pytest.mark.parametrize(("first", "second", "loser"), [("fe80::1", "fe80::2", "a"), ("fe80::2", "fe80::1", "b")])
def test_equal_priorities_are_told_apart_by_their_ipv6_addresses(first: str, second: str, loser: str) -> None:
    found = run(_equals(first, second))
    assert states(found, loser)[-1][1:] == ("BACKUP", "higher_priority_advert")


def test_version_3_and_addresses_of_their_own_are_assumed() -> None:
    scenario = bare_pair(vrrp={"native_ipv6": True})
    first = scenario.instances[0]
    assert first.vrrp.version == 3
    assert str(first.interfaces[0].ipv6_address) == "fe80::a00:10b"
    assert first.interfaces[1].ipv6_address is None


def test_version_2_has_no_ipv6() -> None:
    with pytest.raises(ScenarioError, match="VRRP version 2 is for IPv4: native_ipv6 needs 3"):
        bare_pair(vrrp={"native_ipv6": True, "version": 2})


def test_link_local_adverts_stay_in_their_subnet_and_global_ones_do_not() -> None:
    """Heard at once, or both are MASTER from the beginning of the silence on."""
    for first, second, is_heard in (("fe80::1", "fe80::2", False), ("2001:db8::1", "2001:db8::2", True)):
        instances = {
            "a": instance(150, 11, ipv6_address=first),
            "b": {**instance(100, 12), "vrrp": {"priority": 100, "interface": "eth1"}},
        }
        instances["b"]["interfaces"] = {"eth1": {"subnet": "back", "ipv6_address": second}}
        found = run(bare_pair(instances=instances, vrrp={"native_ipv6": True}))
        assert (states(found, "b") == []) == is_heard


def test_who_speaks_ipv4_does_not_hear_ipv6() -> None:
    instances = {"a": instance(150, 11), "b": instance(100, 12, vrrp={"priority": 100, "native_ipv6": True})}
    found = run(bare_pair(instances=instances, vrrp={"version": 3}))
    assert states(found, "b")[0][1] == "MASTER"
