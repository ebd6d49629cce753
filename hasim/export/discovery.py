"""The identifiers of a scenario's resources in a real region, asked from its API by their addresses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hasim.errors import UserError
from hasim.export.node.cloud import Cloud
from hasim.export.node.script import Answer, pages
from hasim.export.options import ExportOptions
from hasim.scenario.model import Instance, Interface, Scenario
from hasim.units import SECOND

__all__ = ["Ask", "find_identifiers", "identify"]

Ask = Callable[[str, dict[str, Any]], Answer]
"""Makes an API call: action and parameters to an answer."""

_TIMEOUT_NS = 20 * SECOND
_LARGEST_PAGE = 100


def identify(scenario: Scenario, options: ExportOptions, vpc: str | None) -> dict[str, str]:
    """The identifiers, from the API of the scenario's region (``HASIM_ENDPOINT`` overrides where that is).

    Raises:
        UserError: the SDK is missing, the API does not answer, or what it knows is not what the scenario says.
    """
    endpoint = os.environ.get("HASIM_ENDPOINT") or options.endpoint
    region = os.environ.get("HASIM_REGION") or scenario.region
    try:
        cloud = Cloud(region, endpoint, _TIMEOUT_NS, lambda *_record, **_more: None)
    except ImportError:
        raise UserError("--identify needs the official SDK: pip install tencentcloud-sdk-python-common") from None
    return find_identifiers(scenario, cloud.call, vpc)


def find_identifiers(scenario: Scenario, ask: Ask, vpc: str | None = None) -> dict[str, str]:
    """The identifiers by the names that exported scripts have for them.

    Raises:
        UserError: the API refuses or does not answer, or there is not exactly one ENI with an address.
    """
    found: dict[str, str] = {}
    first = scenario.instances[0]
    if vpc is None:
        vpc = _only(_interfaces(ask, _address(first.interfaces[0])), _address(first.interfaces[0]))["VpcId"]
    found["vpc"] = vpc
    for instance in scenario.instances:
        interface = _holding(scenario, instance)
        shown = _only(_interfaces(ask, _address(interface), vpc), _address(interface))
        found[f"interface_{instance.name}"] = shown["NetworkInterfaceId"]
        found[f"instance_{instance.name}"] = _attached_to(shown, instance)
    if scenario.floating.mechanism.is_announced:
        return found
    if scenario.floating.mechanism.is_public:
        return found | {"eip": _eip_of(ask, scenario, found)}
    address = str(scenario.floating.address)
    floating = _only(_interfaces(ask, address, vpc), address)
    if scenario.floating.mechanism.moves_interface:
        found["floating_interface"] = floating["NetworkInterfaceId"]
    if scenario.floating.eip:
        found["eip"] = _eip_at(floating, address)
    return found


def _address(interface: Interface) -> str:
    return str(interface.address)


def _holding(scenario: Scenario, instance: Instance) -> Interface:
    """The interface on which an instance would hold the floating address (or the EIP: the first)."""
    return next((own for own in instance.interfaces if own.subnet == scenario.floating.subnet), instance.interfaces[0])


def _interfaces(ask: Ask, address: str, vpc: str | None = None) -> list[Mapping[str, Any]]:
    """The ENIs that have that very address."""
    filters = [{"Name": "address-ip", "Values": [address]}]
    if vpc is not None:
        filters.append({"Name": "vpc-id", "Values": [vpc]})
    return [
        interface
        for interface in _listed(ask, "DescribeNetworkInterfaces", {"Filters": filters}, "NetworkInterfaceSet")
        if any(item["PrivateIpAddress"] == address for item in interface["PrivateIpAddressSet"])
    ]


def _only(interfaces: Iterable[Mapping[str, Any]], address: str) -> Mapping[str, Any]:
    listed = list(interfaces)
    if len(listed) != 1:
        where = ", ".join(f"{item['NetworkInterfaceId']} in {item['VpcId']}" for item in listed)
        hint = f" ({where}): say which VPC with --vpc" if listed else ""
        raise UserError(f"the cloud has {len(listed)} ENIs with the address {address}, expected one{hint}")
    return listed[0]


def _attached_to(interface: Mapping[str, Any], instance: Instance) -> str:
    identifier = (interface.get("Attachment") or {}).get("InstanceId")
    if not identifier:
        raise UserError(f"{interface['NetworkInterfaceId']}, which should be {instance.name}'s, is not attached")
    return str(identifier)


def _eip_of(ask: Ask, scenario: Scenario, found: Mapping[str, str]) -> str:
    """The EIP that moves: the only one that is bound to one of the instances."""
    instances = {found[f"instance_{instance.name}"] for instance in scenario.instances}
    eips = _listed(ask, "DescribeAddresses", {}, "AddressSet")
    bound = [str(eip["AddressId"]) for eip in eips if eip.get("InstanceId") in instances]
    if len(bound) != 1:
        raise UserError(f"{len(bound)} EIPs are bound to the instances, expected the one that moves")
    return bound[0]


def _eip_at(interface: Mapping[str, Any], address: str) -> str:
    for item in interface["PrivateIpAddressSet"]:
        if item["PrivateIpAddress"] == address and item.get("AddressId"):
            return str(item["AddressId"])
    raise UserError(f"no EIP is bound to {address}, and the scenario has one there")


def _listed(ask: Ask, action: str, params: dict[str, Any], field: str) -> Iterator[Mapping[str, Any]]:
    """What all pages of the answer list in that field."""
    for answer in pages(ask, action, params | {"Limit": _LARGEST_PAGE}, field):
        if answer.code != "OK":
            raise UserError(f"{action}: {answer.code}; are TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY set?")
        yield from answer.response[field]
