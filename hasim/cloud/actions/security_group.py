"""Security groups: create, delete, describe, and their place on secondary ENIs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hasim.cloud.actions.common import DUPLICATE_TAG, TAGS, local_time, tag_dictionary, tag_set
from hasim.cloud.entities import NetworkInterface, SecurityGroup, SecurityPolicy
from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Identifier, ListOf, Parameter, Text
from hasim.cloud.queries import Query
from hasim.cloud.registry import Reply, Request, action

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__ = ["check_security_groups", "default_security_group", "references_to", "require_group_room"]

_LONGEST_DESCRIPTION = 100
_NO_SUCH_GROUP = "InvalidSecurityGroupID.NotFound"


def check_security_groups(region: Region, security_group_ids: list[str], present: Sequence[str] = ()) -> None:
    """Check a new set of security groups for an ENI that has those ``present``, or is none yet.

    Raises:
        CloudError: one does not exist (ResourceNotFound), there are too many, or one is full (LimitExceeded).
    """
    _check_set(region, security_group_ids)
    require_group_room(region, [item for item in security_group_ids if item not in present], 1, "LimitExceeded")


def _check_set(region: Region, security_group_ids: Collection[str]) -> None:
    for identifier in security_group_ids:
        region.security_group(identifier)
    most = region.limits.security_groups_per_interface
    if len(set(security_group_ids)) > most:
        raise refusal("LimitExceeded", f"An ENI has at most {most} security groups.")


def require_group_room(region: Region, security_group_ids: Iterable[str], joining: int, code: str) -> None:
    """Refuse with ``code`` when so many more ENIs would be too many for one of the groups."""
    most = region.limits.security_group_interfaces
    if len(region.network_interfaces) + joining <= most:
        return
    for identifier in security_group_ids:
        members = sum(identifier in item.security_group_ids for item in region.network_interfaces.values())
        if members + joining > most:
            raise refusal(code, f"{identifier} has {members} of {most} members.")


def references_to(region: Region, security_group_id: str) -> set[str]:
    """The other security groups whose rules name this one."""
    return {
        group.security_group_id
        for group in region.security_groups.values()
        if group.security_group_id != security_group_id
        and any(policy.security_group_id == security_group_id for policy in (*group.ingress, *group.egress))
    }


@action(
    "CreateSecurityGroup",
    group="security_group",
    parameters=(
        Parameter("GroupName", Text(), required=True),
        Parameter("GroupDescription", Text(_LONGEST_DESCRIPTION), required=True),
        Parameter("ProjectId", Text(), default="0"),
        TAGS,
    ),
    refusals=("LimitExceeded", DUPLICATE_TAG),
)
def create_security_group(region: Region, request: Request, now_ns: int) -> Reply:
    """A security group without rules: it lets nothing in and nothing out."""
    if len(region.security_groups) >= region.limits.security_groups:
        raise refusal("LimitExceeded", f"The region has {region.limits.security_groups} security groups at most.")
    tags = tag_dictionary(request["Tags"])
    group = _make_group(region, now_ns, request["GroupName"], request["GroupDescription"])
    group.project_id = request["ProjectId"]
    group.tags = tags
    return Reply({"SecurityGroup": _group_view(group)})


def default_security_group(region: Region, now_ns: int) -> SecurityGroup:
    """The region's default security group, made when it is first needed: everything out, everything in."""
    for group in region.security_groups.values():
        if group.is_default:
            return group
    group = _make_group(region, now_ns, "default", "System created security group")
    group.is_default = True
    group.ingress = [SecurityPolicy("ALL", "ALL", "0.0.0.0/0", "", "ACCEPT", "")]
    group.egress = [SecurityPolicy("ALL", "ALL", "0.0.0.0/0", "", "ACCEPT", "")]
    return group


def _make_group(region: Region, now_ns: int, name: str, description: str) -> SecurityGroup:
    group = SecurityGroup(
        security_group_id=region.new_id("sg"),
        name=name,
        description=description,
        project_id="0",
        is_default=False,
        tags={},
        created_ns=now_ns,
        updated_ns=now_ns,
    )
    region.security_groups[group.security_group_id] = group
    return group


@action(
    "DeleteSecurityGroup",
    group="security_group",
    parameters=(
        Parameter("SecurityGroupId", Identifier("sg", malformed="InvalidSecurityGroupID.Malformed"), required=True),
    ),
    refusals=(_NO_SUCH_GROUP, "ResourceInUse"),
)
def delete_security_group(region: Region, request: Request, now_ns: int) -> Reply:
    """A security group that no ENI has and no other group's rules name goes away."""
    group = region.security_group(request["SecurityGroupId"], _NO_SUCH_GROUP)
    identifier = group.security_group_id
    for interface in region.network_interfaces.values():
        if identifier in interface.security_group_ids:
            raise refusal("ResourceInUse", f"{identifier} is on {interface.network_interface_id}.")
    if references_to(region, identifier):
        raise refusal(
            "ResourceInUse",
            f"{identifier} is named in rules of {', '.join(sorted(references_to(region, identifier)))}.",
        )
    del region.security_groups[identifier]
    return Reply({})


_GROUPS: Query[SecurityGroup] = Query(
    "SecurityGroupIds",
    "sg",
    {
        "security-group-id": lambda group: (group.security_group_id,),
        "security-group-name": lambda group: (group.name,),
        "project-id": lambda group: (group.project_id,),
        "tag-key": lambda group: group.tags,
    },
    further=(Parameter("OrderField", None, harmless=False), Parameter("OrderDirection", None, harmless=False)),
)


@action(
    "DescribeSecurityGroups",
    group="security_group",
    parameters=_GROUPS.parameters,
    rules=_GROUPS.rules,
    refusals=_GROUPS.refusals,
)
def describe_security_groups(region: Region, request: Request, now_ns: int) -> Reply:
    """Security groups by identifier or filter."""
    total, page = _GROUPS.select(region.security_groups, request)
    return Reply({"TotalCount": total, "SecurityGroupSet": [_group_view(group) for group in page]})


@action("DescribeSecurityGroupLimits", group="security_group")
def describe_security_group_limits(region: Region, request: Request, now_ns: int) -> Reply:
    """The quotas of security groups."""
    limits = region.limits
    return Reply(
        {
            "SecurityGroupLimitSet": {
                "SecurityGroupLimit": limits.security_groups,
                "SecurityGroupPolicyLimit": limits.security_group_policies,
                "ReferedSecurityGroupLimit": limits.security_group_references,
                "SecurityGroupInstanceLimit": limits.security_group_interfaces,
                "InstanceSecurityGroupLimit": limits.security_groups_per_interface,
                "SecurityGroupExtendedPolicyLimit": limits.security_group_policies,
                "SecurityGroupReferedCvmAndEniLimit": limits.security_group_interfaces,
                "SecurityGroupReferedSvcLimit": 0,
            }
        }
    )


@action(
    "DescribeSecurityGroupAssociationStatistics",
    group="security_group",
    parameters=(Parameter("SecurityGroupIds", ListOf(Identifier("sg"), least=1), required=True),),
    refusals=("ResourceNotFound",),
)
def describe_security_group_association_statistics(region: Region, request: Request, now_ns: int) -> Reply:
    """How many instances (by their primary ENI), secondary ENIs and other groups use each security group."""
    groups = [region.security_group(identifier) for identifier in request["SecurityGroupIds"]]
    return Reply({"SecurityGroupAssociationStatisticsSet": [_statistics(region, group) for group in groups]})


def _statistics(region: Region, group: SecurityGroup) -> dict[str, Any]:
    identifier = group.security_group_id
    members = [item for item in region.network_interfaces.values() if identifier in item.security_group_ids]
    instances = sum(item.primary for item in members)
    counts = {"CVM": instances, "ENI": len(members) - instances, "CDB": 0, "CLB": 0}
    return {
        "SecurityGroupId": identifier,
        **counts,
        "SG": len(references_to(region, identifier)),
        "InstanceStatistics": [{"InstanceType": name, "InstanceCount": count} for name, count in counts.items()],
        "TotalCount": len(members),
    }


_MEMBERSHIP = (
    Parameter("NetworkInterfaceIds", ListOf(Identifier("eni"), least=1), required=True),
    Parameter("SecurityGroupIds", ListOf(Identifier("sg"), least=1), required=True),
)


@action(
    "AssociateNetworkInterfaceSecurityGroups",
    group="security_group",
    rate_limit_per_s=20,
    parameters=_MEMBERSHIP,
    refusals=("LimitExceeded", "ResourceNotFound", "UnsupportedOperation"),
)
def associate_network_interface_security_groups(region: Region, request: Request, now_ns: int) -> Reply:
    """Add security groups to secondary ENIs, after those that they have."""
    interfaces = _secondary(region, request)
    wanted = [dict.fromkeys((*item.security_group_ids, *request["SecurityGroupIds"])) for item in interfaces]
    for groups in wanted:
        _check_set(region, groups)
    for identifier in request["SecurityGroupIds"]:
        joining = sum(identifier not in item.security_group_ids for item in interfaces)
        require_group_room(region, [identifier], joining, "LimitExceeded")
    for interface, groups in zip(interfaces, wanted, strict=True):
        interface.security_group_ids = list(groups)
    return Reply({})


def _secondary(region: Region, request: Request) -> list[NetworkInterface]:
    interfaces = [region.interface(identifier) for identifier in dict.fromkeys(request["NetworkInterfaceIds"])]
    for interface in interfaces:
        if interface.primary:
            raise refusal(
                "UnsupportedOperation",
                f"{interface.network_interface_id} is a primary ENI: change the security groups of its instance.",
            )
    return interfaces


@action(
    "DisassociateNetworkInterfaceSecurityGroups",
    group="security_group",
    rate_limit_per_s=20,
    parameters=_MEMBERSHIP,
    refusals=("ResourceNotFound", "UnsupportedOperation"),
)
def disassociate_network_interface_security_groups(region: Region, request: Request, now_ns: int) -> Reply:
    """Take security groups from secondary ENIs, all of them if so asked."""
    interfaces = _secondary(region, request)
    leaving = [region.security_group(identifier).security_group_id for identifier in request["SecurityGroupIds"]]
    for interface in interfaces:
        absent = set(leaving).difference(interface.security_group_ids)
        if absent:
            raise refusal(
                "ResourceNotFound", f"{interface.network_interface_id} does not have {', '.join(sorted(absent))}."
            )
    for interface in interfaces:
        interface.security_group_ids = [item for item in interface.security_group_ids if item not in leaving]
    return Reply({})


def _group_view(group: SecurityGroup) -> dict[str, Any]:
    return {
        "SecurityGroupId": group.security_group_id,
        "SecurityGroupName": group.name,
        "SecurityGroupDesc": group.description,
        "ProjectId": group.project_id,
        "IsDefault": group.is_default,
        "CreatedTime": local_time(group.created_ns),
        "UpdateTime": local_time(group.updated_ns),
        "TagSet": tag_set(group.tags),
    }
