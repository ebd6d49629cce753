"""How the floating address is claimed: the API calls of each mechanism, in order.

One function for everybody: the rehearsal at load time and the notify scripts of the simulation make the same calls.
A step is finished when its task has committed; the next one would be refused before that. A HAVIP is claimed by
gratuitous ARP: it has no calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hasim.scenario.model import Instance, Mechanism

__all__ = ["MechanismIds", "Step", "actions_of", "claim_steps", "release_steps", "supposed_holder"]


@dataclass(frozen=True, slots=True)
class Step:
    """One API call: ``action`` with its request ``params``, as the official SDK would send them."""

    action: str
    params: Mapping[str, Any]


class MechanismIds(Protocol):
    """The identifiers that the calls need; :class:`hasim.scenario.topology.Topology` has them."""

    @property
    def instance_ids(self) -> Mapping[str, str]:
        """``ins-...`` of each instance by its name."""

    @property
    def holding_interface_ids(self) -> Mapping[str, str]:
        """``eni-...`` on which each instance would hold the floating private IP, or one to which the EIP is bound."""

    @property
    def holding_addresses(self) -> Mapping[str, str]:
        """The private address to which an EIP is bound when the instance holds it."""

    @property
    def floating_interface_id(self) -> str | None:
        """``eni-...`` of the floating ENI; None where an address moves."""

    @property
    def floating_address(self) -> str:
        """The floating private address as text; empty where an EIP moves."""

    @property
    def eip_id(self) -> str | None:
        """``eip-...`` that moves, or is bound to what moves, if any."""


def supposed_holder(instance: Instance) -> str:
    """Whom a script that does not ask takes the address from: its first peer, for keepalived tells a script its own
    state and never whose adverts came before. Itself, where it has none."""
    return next(iter(instance.vrrp.peers), instance.name)


def claim_steps(
    mechanism: Mechanism,
    ids: MechanismIds,
    new_holder: str,
    current_holder: str | None,
    *,
    eip_is_bound: bool = True,
) -> tuple[Step, ...]:
    """The calls with which ``new_holder`` takes the floating address from ``current_holder`` (None: nobody holds it).

    No steps if it holds it already. An EIP follows a migrated address and a moved ENI by itself, but unassigning an
    address unbinds it: then it is associated again at the end; that alone is left to do for a holder whose
    address is there without its EIP (not ``eip_is_bound``).
    """
    if mechanism.is_announced:
        return ()
    if new_holder == current_holder:
        return () if eip_is_bound else _associate(ids, new_holder)
    if mechanism.is_public:
        freed = () if current_holder is None else release_steps(mechanism, ids, current_holder)
        return (*freed, *_associate(ids, new_holder))
    if mechanism.moves_interface:
        return _claim_interface(mechanism, ids, new_holder, current_holder)
    if mechanism is Mechanism.SECONDARY_IP_MIGRATE and current_holder is not None:
        params = {
            "SourceNetworkInterfaceId": ids.holding_interface_ids[current_holder],
            "DestinationNetworkInterfaceId": ids.holding_interface_ids[new_holder],
            "PrivateIpAddress": ids.floating_address,
        }
        return (Step("MigratePrivateIpAddress", params),)
    released = () if current_holder is None else release_steps(mechanism, ids, current_holder)
    return (*released, _assign(ids, new_holder), *_associate(ids, new_holder))


def release_steps(mechanism: Mechanism, ids: MechanismIds, holder: str) -> tuple[Step, ...]:
    """The calls with which the floating address is taken from ``holder``, so that nobody holds it.

    DisassociateAddress does not say from whom: it takes an EIP from whoever has it.
    """
    params: dict[str, Any]
    if mechanism.is_announced:
        return ()
    if mechanism.is_public:
        return (Step("DisassociateAddress", {"AddressId": ids.eip_id}),)
    if mechanism.moves_interface:
        params = {"NetworkInterfaceId": ids.floating_interface_id, "InstanceId": ids.instance_ids[holder]}
        return (Step("DetachNetworkInterface", params),)
    params = {
        "NetworkInterfaceId": ids.holding_interface_ids[holder],
        "PrivateIpAddresses": [{"PrivateIpAddress": ids.floating_address}],
    }
    return (Step("UnassignPrivateIpAddresses", params),)


def _claim_interface(
    mechanism: Mechanism, ids: MechanismIds, new_holder: str, current_holder: str | None
) -> tuple[Step, ...]:
    if mechanism is Mechanism.ENI_MIGRATE and current_holder is not None:
        params = {
            "NetworkInterfaceId": ids.floating_interface_id,
            "SourceInstanceId": ids.instance_ids[current_holder],
            "DestinationInstanceId": ids.instance_ids[new_holder],
        }
        return (Step("MigrateNetworkInterface", params),)
    released = () if current_holder is None else release_steps(mechanism, ids, current_holder)
    attach = {"NetworkInterfaceId": ids.floating_interface_id, "InstanceId": ids.instance_ids[new_holder]}
    return (*released, Step("AttachNetworkInterface", attach))


def _assign(ids: MechanismIds, holder: str) -> Step:
    params = {
        "NetworkInterfaceId": ids.holding_interface_ids[holder],
        "PrivateIpAddresses": [{"PrivateIpAddress": ids.floating_address}],
    }
    return Step("AssignPrivateIpAddresses", params)


def _associate(ids: MechanismIds, holder: str) -> tuple[Step, ...]:
    if ids.eip_id is None:
        return ()
    params = {
        "AddressId": ids.eip_id,
        "NetworkInterfaceId": ids.holding_interface_ids[holder],
        "PrivateIpAddress": ids.holding_addresses[holder],
    }
    return (Step("AssociateAddress", params),)


def actions_of(mechanism: Mechanism, *, eip: bool, releases: bool) -> tuple[str, ...]:
    """The calls by which ``mechanism`` changes something; ``releases``: scripts also give the address up."""
    match mechanism:
        case Mechanism.HAVIP:
            return ()
        case Mechanism.EIP:
            return ("DisassociateAddress", "AssociateAddress")
        case Mechanism.SECONDARY_IP_REASSIGN:
            actions: tuple[str, ...] = ("UnassignPrivateIpAddresses", "AssignPrivateIpAddresses")
        case Mechanism.ENI_REATTACH:
            actions = ("DetachNetworkInterface", "AttachNetworkInterface")
        case Mechanism.SECONDARY_IP_MIGRATE:
            actions = ("MigratePrivateIpAddress",)
            if releases:
                actions += ("UnassignPrivateIpAddresses", "AssignPrivateIpAddresses")
        case Mechanism.ENI_MIGRATE:
            actions = ("MigrateNetworkInterface",)
            if releases:
                actions += ("DetachNetworkInterface", "AttachNetworkInterface")
    return (*actions, "AssociateAddress") if eip and "AssignPrivateIpAddresses" in actions else actions
