"""Gratuitous ARPs over HTTP: a client says what a guest would have sent, and hears what the cloud makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from hasim.cloud.entities import HaVip, NetworkInterface
from hasim.cloud.http.live_region import LiveRegion
from hasim.units import SECOND

__all__ = ["UnknownNameError", "announce"]

_KEYS = {"instance", "address", "interface", "count"}
_MOST_GARPS = 100


class UnknownNameError(ValueError):
    """There is no instance or interface of that name."""


def announce(live: LiveRegion, posted: object) -> dict[str, Any]:
    """What becomes of a burst of gratuitous ARPs: ``outcome``, ``reason``, and the HAVIP where the address is one.

    Raises:
        UnknownNameError: of the instance or the interface.
        ValueError: ``posted`` is not such a description.
    """
    if not isinstance(posted, Mapping) or not {"instance", "address"} <= posted.keys() <= _KEYS:
        raise ValueError('expected {"instance": ..., "address": ...}, and interface and count where wanted')
    instance_id = live.instance_named(str(posted["instance"]))
    if instance_id is None:
        raise UnknownNameError(f"there is no instance {posted['instance']!r:.60}, or more than one of that name")
    address, count = _address(posted["address"]), _count(posted.get("count", 1))
    interfaces = live.region.interfaces_of(instance_id)
    ha_vip = _ha_vip(live, interfaces, address)
    interface = _interface(interfaces, posted.get("interface"), ha_vip)
    if live.region.is_dead(instance_id):
        return _answer("ignored", "nothing runs on the instance", ha_vip)
    if ha_vip is None:
        return _answer("ignored", "the cloud does not follow gratuitous ARPs for an address that is no HAVIP", None)
    return _heard(live, ha_vip, interface, count)


def _heard(live: LiveRegion, ha_vip: HaVip, interface: NetworkInterface, count: int) -> dict[str, Any]:
    is_taken, claim = live.garps(ha_vip.ha_vip_id, interface.network_interface_id, count)
    if not is_taken:
        return _answer("limited", "the ENI has had its gratuitous ARPs of this second", ha_vip)
    if claim is None:
        return _answer("there", "the HAVIP is on this ENI, or on its way there", ha_vip)
    if not live.region.may_claim(ha_vip.ha_vip_id, interface.network_interface_id):
        return _answer("refused", "the ENI is in another subnet, or outside the range of the HAVIP", ha_vip)
    moved_in_s = (claim.due_ns - live.clock.now_ns()) / SECOND
    return _answer("claimed", "", ha_vip) | {"seconds": max(moved_in_s, 0.0)}


def _answer(outcome: str, reason: str, ha_vip: HaVip | None) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "ha_vip": ha_vip.ha_vip_id if ha_vip else None}


def _address(value: object) -> str:
    try:
        return str(IPv4Address(value if isinstance(value, str) else ""))
    except AddressValueError:
        raise ValueError(f"address must be an IPv4 address, got {value!r:.40}") from None


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_GARPS:
        raise ValueError(f"count must be a whole number from 1 to {_MOST_GARPS}, got {value!r:.40}")
    return value


def _ha_vip(live: LiveRegion, interfaces: list[NetworkInterface], address: str) -> HaVip | None:
    """The HAVIP of that address in the instance's VPC."""
    owner = live.region.addresses.owner(interfaces[0].vpc_id, address)
    return live.region.ha_vips.get(owner or "")


def _interface(interfaces: list[NetworkInterface], name: object, ha_vip: HaVip | None) -> NetworkInterface:
    """The one that is named; without a name the one in the HAVIP's subnet, else the primary one."""
    if name is None:
        near = [item for item in interfaces if ha_vip is not None and item.subnet_id == ha_vip.subnet_id]
        return (near or interfaces)[0]
    for item in interfaces:
        if name in (item.network_interface_id, item.name, f"eth{item.device_index}"):
            return item
    raise UnknownNameError(f"the instance has no interface {name!r:.60}")
