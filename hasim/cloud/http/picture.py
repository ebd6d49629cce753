"""What the live page shows, as plain data: instances, interfaces, addresses, EIPs, HAVIPs, tasks and trouble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hasim.cloud.actions.common import iso_time
from hasim.cloud.entities import Eip, Instance, NetworkInterface, Task
from hasim.cloud.http.live_region import LiveRegion
from hasim.cloud.region import Holder, Region
from hasim.units import SECOND

__all__ = ["picture"]


class _View(NamedTuple):
    """The region, its ENIs by instance (None: unattached), and which addresses packets reach on each of them."""

    region: Region
    interfaces: Mapping[str | None, list[NetworkInterface]]
    reached: Mapping[Holder, set[str]]


def _view(live: LiveRegion) -> _View:
    interfaces: dict[str | None, list[NetworkInterface]] = {None: []}
    for item in live.region.network_interfaces.values():
        interfaces.setdefault(item.instance_id, []).append(item)
    for attached in interfaces.values():
        attached.sort(key=lambda item: item.device_index or 0)
    return _View(live.region, interfaces, live.routes.reached())


def picture(live: LiveRegion) -> dict[str, Any]:
    """The region now. Durations are in seconds of its own clock."""
    view, region, now_ns = _view(live), live.region, live.clock.now_ns()
    return {
        "region": region.name,
        "zones": list(region.zones),
        "time": iso_time(now_ns),
        "speed": live.clock.speed,
        "instances": [_instance(view, item) for item in region.instances.values()],
        "unattached": [_interface(view, item) for item in view.interfaces[None]],
        "eips": [
            {
                "id": eip.address_id,
                "name": eip.name,
                "address": eip.address,
                "status": eip.status.value,
                "bound_to": _bound_to(region, eip),
            }
            for eip in region.eips.values()
        ],
        "ha_vips": [
            {
                "id": item.ha_vip_id,
                "name": item.name,
                "address": item.address,
                "state": item.state.value,
                "interface": item.network_interface_id,
                "claimed_by": _place(region, item.network_interface_id),
            }
            for item in region.ha_vips.values()
        ],
        "tasks": [_task(task, now_ns) for task in region.running_tasks()],
        "ended": [_task(task, now_ns) for task in reversed(live.ended)],
        "troubles": [trouble.to_json() for trouble in live.troubles],
    }


def _instance(view: _View, instance: Instance) -> dict[str, Any]:
    return {
        "id": instance.instance_id,
        "name": instance.name,
        "type": f"{instance.cpu} CPU, {instance.memory_gb:g} GB",
        "zone": instance.zone,
        "state": instance.state.value,
        "crashed": instance.is_crashed,
        "interfaces": [_interface(view, item) for item in view.interfaces[instance.instance_id]],
    }


def _interface(view: _View, interface: NetworkInterface) -> dict[str, Any]:
    region = view.region
    reached = view.reached.get(Holder(interface.network_interface_id, interface.instance_id), set())
    addresses = [
        {
            "address": item.address,
            "kind": "primary" if item.primary else "secondary",
            "state": item.state.value,
            "eip": region.eips[item.address_id].address if item.address_id else "",
            "reached": item.address in reached or interface.instance_id is None,
        }
        for item in interface.addresses.values()
    ]
    addresses += [
        {
            "address": item.address,
            "kind": "HAVIP",
            "state": item.state.value,
            "eip": region.eips[item.address_id].address if item.address_id else "",
            "reached": item.address in reached,
        }
        for item in region.ha_vips.values()
        if item.network_interface_id == interface.network_interface_id
    ]
    return {
        "id": interface.network_interface_id,
        "name": interface.name,
        "primary": interface.primary,
        "device_index": interface.device_index,
        "state": interface.state.value,
        "mac": interface.mac_address,
        "subnet": region.subnets[interface.subnet_id].cidr_block,
        "zone": interface.zone,
        "addresses": addresses,
    }


def _bound_to(region: Region, eip: Eip) -> str:
    if eip.ha_vip_id:
        return f"HAVIP {region.ha_vips[eip.ha_vip_id].address}"
    place = _place(region, eip.network_interface_id)
    return f"{eip.private_address} of {place}" if place else ""


def _place(region: Region, network_interface_id: str) -> str:
    """An ENI as people call it: its instance, else its name."""
    interface = region.network_interfaces.get(network_interface_id)
    if interface is None:
        return ""
    if interface.instance_id is None:
        return interface.name
    return region.instances[interface.instance_id].name


def _task(task: Task, now_ns: int) -> dict[str, Any]:
    ended_ns = now_ns if task.ended_ns is None else task.ended_ns
    return {
        "id": task.task_id,
        "action": task.action,
        "resources": list(task.resource_ids),
        "status": task.status.value,
        "seconds": (ended_ns - task.begun_ns) / SECOND,
    }
