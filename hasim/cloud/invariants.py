"""What is true of a region at every instant, whatever was called and however tasks ended.

Each check yields what it finds wrong; :func:`check` raises when anything does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Network
from itertools import pairwise
from typing import TYPE_CHECKING

from hasim.cloud.address_book import address_value
from hasim.cloud.entities import AddressState, EipStatus, HaVipState, InstanceState, InterfaceState, TaskStatus
from hasim.errors import ModelInvariantError

if TYPE_CHECKING:
    from hasim.cloud.entities import NetworkInterface
    from hasim.cloud.store import Store

__all__ = ["check"]

_SETTLED_EIP = (EipStatus.UNBIND, EipStatus.BIND, EipStatus.BIND_ENI)


def check(region: Store) -> None:
    """Raise :class:`ModelInvariantError` naming everything that does not hold."""
    broken = [
        finding
        for examine in (_subnets, _interfaces, _addresses, _instances, _eips, _ha_vips, _security_groups, _tasks)
        for finding in examine(region)
    ]
    if broken:
        raise ModelInvariantError("; ".join(broken))


@lru_cache(maxsize=4_096)
def _bounds(cidr_block: str) -> tuple[int, int]:
    network = IPv4Network(cidr_block)
    return int(network[0]), int(network[-1])


def _subnets(region: Store) -> Iterator[str]:
    """A subnet lies in its VPC and a zone of the region, and the subnets of a VPC are disjoint."""
    ranges: dict[str, list[tuple[int, int, str]]] = {}
    for subnet in region.subnets.values():
        if subnet.vpc_id not in region.vpcs or subnet.zone not in region.zones:
            yield f"{subnet.subnet_id} is in no known VPC or zone"
        if (subnet.first, subnet.last) != _bounds(subnet.cidr_block):
            yield f"{subnet.subnet_id} is not {subnet.cidr_block}"
        ranges.setdefault(subnet.vpc_id, []).append((subnet.first, subnet.last, subnet.subnet_id))
    for parts in ranges.values():
        parts.sort()
        for (_, last, left), (first, _, right) in pairwise(parts):
            if first <= last:
                yield f"{left} and {right} overlap"


def _interfaces(region: Store) -> Iterator[str]:
    """An ENI has one primary address and its subnet's zone, and is on at most one instance, of its zone and VPC."""
    macs = Counter(interface.mac_address for interface in region.network_interfaces.values())
    yield from (f"MAC {mac} occurs {count} times" for mac, count in macs.items() if count > 1)
    held = _held_keys(region)
    for interface in region.network_interfaces.values():
        name = interface.network_interface_id
        subnet = region.subnets[interface.subnet_id]
        if (subnet.vpc_id, subnet.zone) != (interface.vpc_id, interface.zone):
            yield f"{name} and its subnet are in different places"
        if sum(item.primary for item in interface.addresses.values()) != 1:
            yield f"{name} has not exactly one primary address"
        if interface.state is not InterfaceState.AVAILABLE and name not in held:
            yield f"{name} is {interface.state} without a task"
        if (interface.instance_id is None) != (interface.device_index is None):
            yield f"{name} has an instance without a device index, or the reverse"
        if interface.primary and interface.instance_id is None:
            yield f"{name} is a primary ENI without an instance"
        if interface.instance_id is not None:
            yield from _attachment(region, interface, interface.instance_id)


def _attachment(region: Store, interface: NetworkInterface, instance_id: str) -> Iterator[str]:
    name = interface.network_interface_id
    instance = region.instances.get(instance_id)
    if instance is None:
        yield f"{name} is on {instance_id}, which does not exist"
        return
    if (instance.vpc_id, instance.zone) != (interface.vpc_id, interface.zone):
        yield f"{name} and {instance_id} are in different places"
    if interface.primary != (instance.network_interface_id == name):
        yield f"{name} and {instance_id} disagree on the primary ENI"
    if len(interface.addresses) > region.interface_limits(instance_id).addresses:
        yield f"{name} has too many addresses for {instance_id}"


def _addresses(region: Store) -> Iterator[str]:
    """An address is on one ENI or HAVIP of its VPC, usable in its subnet, and the index says the same."""
    expected: dict[tuple[str, str], str] = {}
    places = [
        (interface.subnet_id, address, interface.network_interface_id)
        for interface in region.network_interfaces.values()
        for address in interface.addresses
    ]
    places += [(item.subnet_id, item.address, item.ha_vip_id) for item in region.ha_vips.values()]
    places += [
        (task.subnet_id, address, task.network_interface_id)
        for task in region.running.values()
        if task.subnet_id
        for address in task.private_addresses
    ]
    used: Counter[str] = Counter()
    for subnet_id, address, owner in places:
        subnet = region.subnets[subnet_id]
        value = address_value(address)
        if not subnet.contains(value) or subnet.reserves(value):
            yield f"{address} of {owner} is not usable in {subnet_id}"
        if (subnet.vpc_id, address) in expected:
            yield f"{address} is on {owner} and on {expected[subnet.vpc_id, address]}"
        expected[subnet.vpc_id, address] = owner
        used[subnet_id] += 1
    if region.addresses.owners() != expected:
        yield "the address book differs from the records"
    for subnet in region.subnets.values():
        if region.addresses.available(subnet) != subnet.usable_count - used[subnet.subnet_id]:
            yield f"{subnet.subnet_id} counts its addresses wrong"
    yield from _address_states(region)


def _address_states(region: Store) -> Iterator[str]:
    moving = {
        (task.network_interface_id, address) for task in region.running.values() for address in task.private_addresses
    }
    for interface in region.network_interfaces.values():
        for item in interface.addresses.values():
            place = (interface.network_interface_id, item.address)
            fresh = interface.state is InterfaceState.PENDING
            if item.state is not AddressState.AVAILABLE and place not in moving and not fresh:
                yield f"{item.address} is {item.state} without a task"


def _instances(region: Store) -> Iterator[str]:
    """An instance has its primary ENI, no more ENIs (arriving ones included) than its specification allows, and at its
    primary address an ordinary public address, an EIP or neither."""
    indices: dict[str | None, list[int | None]] = {}
    for interface in region.network_interfaces.values():
        indices.setdefault(interface.instance_id, []).append(interface.device_index)
    for task in region.running.values():
        indices.setdefault(task.destination_instance_id, []).append(task.device_index)
    held = _held_keys(region)
    for instance in region.instances.values():
        name = instance.instance_id
        primary = region.network_interfaces.get(instance.network_interface_id)
        if primary is None or not primary.primary or primary.instance_id != name:
            yield f"{name} has no primary ENI"
        elif primary.subnet_id != instance.subnet_id:
            yield f"{name} and its primary ENI are in different subnets"
        elif instance.ordinary_address and primary.primary_address.address_id:
            yield f"{name} has an ordinary public address and an EIP at its primary address"
        places = indices.get(name, [])
        if len(places) > region.interface_limits(name).interfaces:
            yield f"{name} has too many ENIs"
        if len(set(places)) < len(places):
            yield f"{name} has two ENIs at one device index"
        settled = instance.state in (InstanceState.RUNNING, InstanceState.STOPPED)
        if not settled and f"{name}/power" not in held:
            yield f"{name} is {instance.state} without a task"


def _eips(region: Store) -> Iterator[str]:
    """An EIP is bound to one private address or HAVIP, which says the same, and its status follows the attachment."""
    repeated = {
        item.address_id: (interface.network_interface_id, item.address)
        for interface in region.network_interfaces.values()
        for item in interface.addresses.values()
        if item.address_id
    }
    bound = {
        eip.address_id: (eip.network_interface_id, eip.private_address)
        for eip in region.eips.values()
        if eip.network_interface_id
    }
    if repeated != bound:
        yield "EIPs and private addresses disagree on who is bound to whom"
    on_ha_vips = {item.address_id: item.ha_vip_id for item in region.ha_vips.values() if item.address_id}
    if on_ha_vips != {eip.address_id: eip.ha_vip_id for eip in region.eips.values() if eip.ha_vip_id}:
        yield "EIPs and HAVIPs disagree on who is bound to whom"
    public = Counter(eip.address for eip in region.eips.values())
    yield from (f"public address {address} occurs twice" for address, count in public.items() if count > 1)
    held = _held_keys(region)
    for eip in region.eips.values():
        is_bound = bool(eip.network_interface_id or eip.ha_vip_id)
        if eip.network_interface_id and eip.ha_vip_id:
            yield f"{eip.address_id} is bound twice"
        if eip.status not in _SETTLED_EIP:
            if eip.address_id not in held:
                yield f"{eip.address_id} is {eip.status} without a task"
        elif eip.status is not _expected_status(region, eip.network_interface_id, is_bound):
            yield f"{eip.address_id} is {eip.status}, which its binding contradicts"


def _expected_status(region: Store, network_interface_id: str, is_bound: bool) -> EipStatus:
    if not is_bound:
        return EipStatus.UNBIND
    if network_interface_id and region.network_interfaces[network_interface_id].instance_id is None:
        return EipStatus.BIND_ENI
    return EipStatus.BIND


def _ha_vips(region: Store) -> Iterator[str]:
    """A HAVIP is claimed by an attached ENI of its subnet or by none, and its range is within limits and exists."""
    for vpc_id, count in Counter(item.vpc_id for item in region.ha_vips.values()).items():
        if count > region.limits.ha_vips_per_vpc:
            yield f"{vpc_id} has too many HAVIPs"
    for ha_vip in region.ha_vips.values():
        name = ha_vip.ha_vip_id
        interface = region.network_interfaces.get(ha_vip.network_interface_id)
        if (ha_vip.state is HaVipState.AVAILABLE) != bool(ha_vip.network_interface_id):
            yield f"{name} is {ha_vip.state}, which its claim contradicts"
        place = (interface.instance_id is not None, interface.subnet_id) if interface else (False, "")
        if ha_vip.network_interface_id and place != (True, ha_vip.subnet_id):
            yield f"{name} is claimed by {ha_vip.network_interface_id}, which cannot have it"
        if len(set(ha_vip.associations)) != len(ha_vip.associations):
            yield f"{name} has a member of its range twice"
        if len(ha_vip.associations) > region.limits.ha_vip_associations:
            yield f"{name} has too large a range"
        for member in ha_vip.associations:
            if member not in region.instances and member not in region.network_interfaces:
                yield f"{name} has {member} in its range, which does not exist"


def _security_groups(region: Store) -> Iterator[str]:
    """An ENI's security groups exist, are different and not too many, and a group has not too many ENIs."""
    members = Counter(group for item in region.network_interfaces.values() for group in item.security_group_ids)
    most = region.limits.security_group_interfaces
    yield from (f"{group} has {count} members" for group, count in members.items() if count > most)
    for interface in region.network_interfaces.values():
        groups = interface.security_group_ids
        if len(set(groups)) != len(groups) or len(groups) > region.limits.security_groups_per_interface:
            yield f"{interface.network_interface_id} has a security group twice, or too many"
        if not region.security_groups.keys() >= set(groups):
            yield f"{interface.network_interface_id} has a security group that does not exist"


def _tasks(region: Store) -> Iterator[str]:
    """The index of running tasks is right, and no two of them exclude each other."""
    running = {key: task for key, task in region.tasks.items() if task.status is TaskStatus.RUNNING}
    if running.keys() != region.running.keys():
        yield "the index of running tasks differs from the records"
    holds = Counter(key for task in running.values() for key in task.holds)
    yield from (f"{key} is held by {count} tasks" for key, count in holds.items() if count > 1)
    for task in running.values():
        others = {key for other in running.values() if other is not task for key in other.holds}
        if not others.isdisjoint(task.uses):
            yield f"{task.action} {task.task_id} uses what another task holds"


def _held_keys(region: Store) -> set[str]:
    return {key for task in region.running.values() for key in task.holds}
