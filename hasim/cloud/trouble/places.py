"""Addresses that packets are sent to, where a region has each of them, and which of them a task takes away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hasim.cloud.entities import NetworkInterface, Task
from hasim.cloud.region import Holder, Region

__all__ = ["Place", "committed_routes", "leaving"]


class Place(NamedTuple):
    """An address that packets are sent to: a private one of a VPC (HAVIPs too), or an EIP (``vpc_id`` empty)."""

    vpc_id: str
    address: str


def committed_routes(region: Region) -> dict[Place, Holder]:
    """Every address that is on an attached ENI by committed truth, and where it is."""
    return {place: holder for place, holder in _places(region) if holder is not None and holder.instance_id is not None}


def _places(region: Region) -> Iterator[tuple[Place, Holder | None]]:
    for interface in region.network_interfaces.values():
        for address in interface.addresses:
            yield Place(interface.vpc_id, address), region.holder_of(interface.vpc_id, address)
    for ha_vip in region.ha_vips.values():
        yield Place(ha_vip.vpc_id, ha_vip.address), region.holder_of(ha_vip.vpc_id, ha_vip.address)
    for eip in region.eips.values():
        yield Place("", eip.address), region.holder_of_eip(eip.address_id)


def leaving(region: Region, task: Task) -> set[Place]:
    """What a task that has begun takes from where it is; an EIP goes with what it is bound to.

    A whole ENI (with the HAVIPs that it has claimed), some of its private addresses, or the EIP alone of a private
    address or HAVIP.
    """
    if task.address_ids:
        return {Place("", region.eips[identifier].address) for identifier in task.address_ids}
    interface = region.network_interfaces[task.network_interface_id]
    if task.private_addresses:
        return set(_with_eips(region, interface, task.private_addresses))
    places = set(_with_eips(region, interface, interface.addresses))
    for ha_vip in region.ha_vips.values():
        if ha_vip.network_interface_id == interface.network_interface_id:
            places.add(Place(ha_vip.vpc_id, ha_vip.address))
            if ha_vip.address_id:
                places.add(Place("", region.eips[ha_vip.address_id].address))
    return places


def _with_eips(region: Region, interface: NetworkInterface, addresses: Iterable[str]) -> Iterator[Place]:
    for address in addresses:
        yield Place(interface.vpc_id, address)
        bound = interface.addresses[address].address_id
        if bound:
            yield Place("", region.eips[bound].address)
