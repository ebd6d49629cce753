"""Address ranges and addresses: what is inside what, what is taken, and which address is free.

The rules are the cloud's: a subnet lies inside its VPC and overlaps no other; the first two addresses and the last of a
subnet are reserved; every address is used once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from hasim.scenario.errors import KeyPath, format_path, suggestion
from hasim.scenario.loading import Document
from hasim.scenario.model import Subnet
from hasim.scenario.schema import ScenarioFile

__all__ = ["AddressPlan", "resolve_subnets"]

_LARGEST_PREFIX = 28
_SMALLEST_PREFIX = 16
_RESERVED_AT_START = 2


def resolve_subnets(document: Document, file: ScenarioFile) -> tuple[Subnet, ...]:
    """The subnets of the VPC, each with its zone.

    Raises:
        ScenarioError: a range of the wrong size, outside the VPC or overlapping another; an unknown zone.
    """
    _check_size(document, ("vpc", "cidr"), file.vpc.cidr)
    if not file.subnets:
        raise document.error(("subnets",), "a scenario needs at least one subnet")
    subnets: list[Subnet] = []
    for name, section in file.subnets.items():
        path = ("subnets", name)
        _check_size(document, (*path, "cidr"), section.cidr)
        if not section.cidr.subnet_of(file.vpc.cidr):
            message = f"{section.cidr} is outside the VPC's range {file.vpc.cidr}"
            raise document.error((*path, "cidr"), message)
        for other in subnets:
            if section.cidr.overlaps(other.cidr):
                message = f"{section.cidr} overlaps {other.cidr} of the subnet {other.name}"
                raise document.error((*path, "cidr"), message)
        subnets.append(Subnet(name, section.cidr, _zone(document, file, path, section.zone)))
    return tuple(subnets)


def _check_size(document: Document, path: KeyPath, cidr: IPv4Network) -> None:
    if not _SMALLEST_PREFIX <= cidr.prefixlen <= _LARGEST_PREFIX:
        message = f"expected a range from /{_SMALLEST_PREFIX} to /{_LARGEST_PREFIX}, got /{cidr.prefixlen}"
        raise document.error(path, message)


def _zone(document: Document, file: ScenarioFile, path: KeyPath, zone: str | None) -> str:
    if zone is None:
        if len(file.zones) > 1:
            message = f"there are several zones ({', '.join(file.zones)}): say which one with `zone`"
            raise document.error(path, message)
        return file.zones[0]
    if zone not in file.zones:
        raise document.error((*path, "zone"), f"unknown zone {zone!r}", hint=suggestion(zone, file.zones))
    return zone


@dataclass(slots=True)
class AddressPlan:
    """Which address of the VPC is used by what; addresses are claimed first and given out afterwards."""

    document: Document
    subnets: tuple[Subnet, ...]
    _users: dict[IPv4Address, KeyPath] = field(default_factory=dict)

    def subnet(self, name: str, path: KeyPath) -> Subnet:
        """The subnet of that name.

        Raises:
            ScenarioError: there is none.
        """
        for subnet in self.subnets:
            if subnet.name == name:
                return subnet
        known = [subnet.name for subnet in self.subnets]
        raise self.document.error(path, f"unknown subnet {name!r}", hint=suggestion(name, known))

    def only_subnet(self, path: KeyPath) -> Subnet:
        """The one subnet there is.

        Raises:
            ScenarioError: there are several, so the file has to say which.
        """
        if len(self.subnets) > 1:
            known = ", ".join(subnet.name for subnet in self.subnets)
            raise self.document.error(path, f"there are several subnets ({known}): say which one with `subnet`")
        return self.subnets[0]

    def subnet_of(self, address: IPv4Address) -> Subnet | None:
        """The subnet whose range contains that address."""
        return next((subnet for subnet in self.subnets if address in subnet.cidr), None)

    def claim(self, address: IPv4Address, subnet: Subnet, path: KeyPath) -> None:
        """Use an address that the file names.

        Raises:
            ScenarioError: it is outside the subnet, reserved, or used already.
        """
        if address not in subnet.cidr:
            message = f"{address} is outside the subnet {subnet.name} ({subnet.cidr})"
            other = self.subnet_of(address)
            hint = f"it belongs to the subnet {other.name}" if other is not None else ""
            raise self.document.error(path, message, hint=hint)
        if self._is_reserved(address, subnet.cidr):
            first, last = self._usable(subnet.cidr)
            message = f"{address} is reserved by the cloud in {subnet.cidr}"
            raise self.document.error(path, message, hint=f"use one from {first} to {last}")
        if address in self._users:
            user = self._users[address]
            message = f"{address} is used already by {format_path(user)} on line {self.document.line(user)}"
            raise self.document.error(path, message)
        self._users[address] = path

    def next_free(self, subnet: Subnet, path: KeyPath) -> IPv4Address:
        """Use the lowest free address of the subnet.

        Raises:
            ScenarioError: the subnet is full.
        """
        first, last = self._usable(subnet.cidr)
        for number in range(int(first), int(last) + 1):
            address = IPv4Address(number)
            if address not in self._users:
                self._users[address] = path
                return address
        raise self.document.error(path, f"the subnet {subnet.name} ({subnet.cidr}) has no free address left")

    @staticmethod
    def _usable(cidr: IPv4Network) -> tuple[IPv4Address, IPv4Address]:
        return cidr.network_address + _RESERVED_AT_START, cidr.broadcast_address - 1

    @classmethod
    def _is_reserved(cls, address: IPv4Address, cidr: IPv4Network) -> bool:
        first, last = cls._usable(cidr)
        return not first <= address <= last
