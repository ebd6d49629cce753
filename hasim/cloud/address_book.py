"""Which address of a VPC is taken, and by whom: an index over the region's records, kept in step with them.

It is derived (never part of a snapshot) and only makes look-ups quick: an address belongs to the ENI or HAVIP that
lists it, from the moment it is reserved until it is given back.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address

from hasim.cloud.entities import Subnet
from hasim.cloud.errors import refusal

__all__ = ["AddressBook", "address_text", "address_value"]


def address_text(value: int) -> str:
    """The dotted form of an address."""
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


@lru_cache(maxsize=65_536)
def address_value(text: str) -> int:
    """The number of an address in dotted form."""
    return int(IPv4Address(text))


class AddressBook:
    """Owners by (VPC, address), and how many addresses each subnet has given out."""

    __slots__ = ("_owners", "_used")

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], str] = {}
        self._used: dict[str, int] = {}

    def owner(self, vpc_id: str, address: str) -> str | None:
        """The identifier of the ENI or HAVIP that has the address, reserved or for good."""
        return self._owners.get((vpc_id, address))

    def available(self, subnet: Subnet) -> int:
        """How many addresses of the subnet can still be given out."""
        return subnet.usable_count - self._used.get(subnet.subnet_id, 0)

    def take(self, subnet: Subnet, address: str, owner: str) -> None:
        """Give an address, already checked, to an owner."""
        self._owners[subnet.vpc_id, address] = owner
        self._used[subnet.subnet_id] = self._used.get(subnet.subnet_id, 0) + 1

    def move(self, subnet: Subnet, address: str, owner: str) -> None:
        """Pass an address that is taken to another owner of the subnet."""
        self._owners[subnet.vpc_id, address] = owner

    def free(self, subnet: Subnet, address: str) -> None:
        """Take an address back."""
        del self._owners[subnet.vpc_id, address]
        self._used[subnet.subnet_id] -= 1

    def forget(self, subnet: Subnet) -> None:
        """Drop the count of a subnet that goes away."""
        self._used.pop(subnet.subnet_id, None)

    def owners(self) -> dict[tuple[str, str], str]:
        """Every owner, for the invariants."""
        return dict(self._owners)

    def require_free(self, subnet: Subnet, address: str) -> None:
        """Check an address that a caller chose.

        Raises:
            CloudError: outside the subnet (Range), kept by the cloud (Reserved) or taken (ResourceInUse).
        """
        value = address_value(address)
        if not subnet.contains(value):
            raise refusal(
                "InvalidParameterValue.Range", f"{address} is outside {subnet.subnet_id} ({subnet.cidr_block})."
            )
        if subnet.reserves(value):
            raise refusal(
                "InvalidParameterValue.Reserved",
                f"{address} is kept by the cloud in {subnet.subnet_id} ({subnet.cidr_block}).",
            )
        owner = self.owner(subnet.vpc_id, address)
        if owner is not None:
            raise refusal("ResourceInUse", f"{address} is on {owner}.")

    def pick(self, subnet: Subnet, count: int, besides: frozenset[str] = frozenset()) -> list[str]:
        """The lowest ``count`` free addresses that are not in ``besides``.

        Raises:
            CloudError: the subnet has not that many (ResourceInsufficient.Subnet).
        """
        picked: list[str] = []
        value = subnet.first + 2
        while len(picked) < count:
            if value >= subnet.last:
                raise refusal(
                    "ResourceInsufficient.Subnet", f"{subnet.subnet_id} ({subnet.cidr_block}) has no {count} left."
                )
            text = address_text(value)
            if text not in besides and (subnet.vpc_id, text) not in self._owners:
                picked.append(text)
            value += 1
        return picked
