"""The address that moves, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

__all__ = ["Floating", "Mechanism"]


class Mechanism(StrEnum):
    """How the floating address gets to another instance: by which API actions, or by a gratuitous ARP."""

    SECONDARY_IP_MIGRATE = "secondary_ip.migrate"
    SECONDARY_IP_REASSIGN = "secondary_ip.reassign"
    ENI_MIGRATE = "eni.migrate"
    ENI_REATTACH = "eni.reattach"
    EIP = "eip"
    HAVIP = "havip"

    @property
    def moves_interface(self) -> bool:
        """Whether a whole secondary ENI moves, rather than one address."""
        return self in (Mechanism.ENI_MIGRATE, Mechanism.ENI_REATTACH)

    @property
    def is_public(self) -> bool:
        """Whether what moves is an EIP, bound to private IPs that stay where they are."""
        return self is Mechanism.EIP

    @property
    def is_announced(self) -> bool:
        """Whether a guest claims the address by gratuitous ARP, without an API call."""
        return self is Mechanism.HAVIP

    @property
    def is_configured_by_keepalived(self) -> bool:
        """Whether keepalived adds and removes the address in the guest (``virtual_ipaddress``)."""
        return not self.moves_interface and not self.is_public


@dataclass(frozen=True, slots=True)
class Floating:
    """The address that moves. For an ENI mechanism it is the primary address of the floating secondary ENI.

    ``address`` and ``subnet`` are None where it is an EIP alone: the cloud chooses its public address, and it is bound
    to the primary private IP of an instance's primary interface. ``eip``: clients come through an EIP, whether it is
    what moves or is bound to what moves. ``association_range`` are the instances that may claim a HAVIP, and
    ``other_havips`` how many more HAVIPs each of them announces on the same ENI before this one. Who holds the address
    when a run begins is for :attr:`Scenario.initial_master`.
    """

    address: IPv4Address | None
    subnet: str | None
    mechanism: Mechanism
    eip: bool
    security_groups: tuple[str, ...] = ()
    association_range: tuple[str, ...] = ()
    other_havips: int = 0

    @property
    def label(self) -> str:
        """What people call it: the private address, or ``the EIP``."""
        return "the EIP" if self.address is None else str(self.address)
