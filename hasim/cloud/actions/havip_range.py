"""The drift range of a HAVIP: which instances, or which ENIs, may claim it when CheckAssociate is on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hasim.cloud.entities import HaVip
from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Choice, Identifier, ListOf, Parameter, Structure
from hasim.cloud.registry import Reply, Request, action

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__ = ["ASSOCIATION", "check_range", "check_types"]

_MISMATCH = "InvalidParameterValue.ParameterMismatch"
_INSTANCE_ID = Parameter("InstanceId", Identifier("ins", "eni"), required=True)
_INSTANCE_TYPE = Parameter("InstanceType", Choice(("CVM", "ENI")))

ASSOCIATION = Structure("HaVipAssociation", (_INSTANCE_ID, _INSTANCE_TYPE, Parameter("HaVipId", None)))
"""A member of the range of a HAVIP that the call itself creates."""

_NAMED_ASSOCIATION = Structure(
    "HaVipAssociation", (_INSTANCE_ID, _INSTANCE_TYPE, Parameter("HaVipId", Identifier("havip"), required=True))
)
_MOST_PER_CALL = 10
_ASSOCIATIONS = Parameter(
    "HaVipAssociationSet", ListOf(_NAMED_ASSOCIATION, _MOST_PER_CALL, 1, "LimitExceeded"), required=True
)
_REFUSALS = (
    "InvalidParameterValue",
    "InvalidParameterValue.Duplicate",
    _MISMATCH,
    "ResourceNotFound",
)


def check_types(members: Sequence[dict[str, Any]], code: str) -> None:
    """Check that each member is of the type that is said to be its.

    Raises:
        CloudError: one is of the other (``code``).
    """
    for item in members:
        kind = "ENI" if item["InstanceId"].startswith("eni-") else "CVM"
        if item["InstanceType"] not in (None, kind):
            raise refusal(code, f"{item['InstanceId']} is not of type {item['InstanceType']}.")


def check_range(region: Region, vpc_id: str, present: list[str], joining: Sequence[dict[str, Any]]) -> None:
    """Check that these may join a range that has ``present`` members.

    Raises:
        CloudError: one is named twice (Duplicate), does not exist, is of another type than the rest, is elsewhere or
            is an unattached or primary ENI (InvalidParameterValue), or they are too many (LimitExceeded).
    """
    identifiers = [item["InstanceId"] for item in joining]
    if len(set(identifiers)) != len(identifiers):
        raise refusal("InvalidParameterValue.Duplicate", "HaVipAssociationSet names a member twice.")
    for identifier in identifiers:
        _check_member(region, vpc_id, identifier)
    if len({identifier.partition("-")[0] for identifier in (*present, *identifiers)}) > 1:
        raise refusal("InvalidParameterValue", "A range has either instances or ENIs.")
    most = region.limits.ha_vip_associations
    if len(present) + len(identifiers) > most:
        raise refusal("LimitExceeded", f"A range has {most} members at most.")


def _check_member(region: Region, vpc_id: str, identifier: str) -> None:
    if identifier.startswith("ins-"):
        if region.instance(identifier).vpc_id != vpc_id:
            raise refusal("InvalidParameterValue", f"{identifier} is not in {vpc_id}.")
        return
    interface = region.interface(identifier)
    if interface.vpc_id != vpc_id or interface.primary or interface.instance_id is None:
        raise refusal("InvalidParameterValue", f"{identifier} must be a secondary ENI of {vpc_id} that is attached.")


def _grouped(region: Region, request: Request) -> list[tuple[HaVip, list[dict[str, Any]]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    check_types(request["HaVipAssociationSet"], _MISMATCH)
    for item in request["HaVipAssociationSet"]:
        grouped.setdefault(item["HaVipId"], []).append(item)
    return [(region.ha_vip(identifier), items) for identifier, items in grouped.items()]


@action(
    "AssociateHaVipInstance",
    group="havip",
    parameters=(_ASSOCIATIONS,),
    refusals=(*_REFUSALS, "InvalidParameterValue.DuplicatedHaVipAssociations", "LimitExceeded"),
)
def associate_ha_vip_instance(region: Region, request: Request, now_ns: int) -> Reply:
    """Let instances, or secondary ENIs, claim HAVIPs."""
    grouped = _grouped(region, request)
    for ha_vip, items in grouped:
        for item in items:
            if item["InstanceId"] in ha_vip.associations:
                raise refusal(
                    "InvalidParameterValue.DuplicatedHaVipAssociations", f"{item['InstanceId']} and {ha_vip.ha_vip_id}."
                )
        check_range(region, ha_vip.vpc_id, ha_vip.associations, items)
    for ha_vip, items in grouped:
        ha_vip.associations.extend(item["InstanceId"] for item in items)
    return Reply({})


@action(
    "DisassociateHaVipInstance",
    group="havip",
    parameters=(_ASSOCIATIONS,),
    refusals=("InvalidParameterValue.Duplicate", _MISMATCH, "ResourceNotFound"),
)
def disassociate_ha_vip_instance(region: Region, request: Request, now_ns: int) -> Reply:
    """Take instances, or ENIs, from the ranges of HAVIPs. Who has claimed one keeps it until somebody else does."""
    grouped = _grouped(region, request)
    for ha_vip, items in grouped:
        identifiers = [item["InstanceId"] for item in items]
        if len(set(identifiers)) != len(identifiers):
            raise refusal("InvalidParameterValue.Duplicate", "HaVipAssociationSet names a member twice.")
        for identifier in identifiers:
            if identifier not in ha_vip.associations:
                raise refusal("ResourceNotFound", f"{identifier} is not in the range of {ha_vip.ha_vip_id}.")
    for ha_vip, items in grouped:
        for item in items:
            ha_vip.associations.remove(item["InstanceId"])
    return Reply({})
