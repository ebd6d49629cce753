"""Refusals about security groups."""

from __future__ import annotations

from typing import Any

from hasim.cloud import Limits
from tests.unit.cloud_refusals.table import (
    DUPLICATE_TAG,
    MALFORMED,
    NOT_FOUND,
    SAME_TAGS,
    UNSUPPORTED,
    VALUE,
    case,
    simple,
)
from tests.unit.cloud_topology import ABSENT, Cloud

ADD_GROUP, DROP_GROUP = "AssociateNetworkInterfaceSecurityGroups", "DisassociateNetworkInterfaceSecurityGroups"
NO_GROUP_ID = "InvalidSecurityGroupID.NotFound"

simple("CreateSecurityGroup", DUPLICATE_TAG, GroupName="x", GroupDescription="", Tags=SAME_TAGS)
case("CreateSecurityGroup", "LimitExceeded", Limits(security_groups=1))(
    lambda cloud: {"GroupName": "x", "GroupDescription": ""}
)
simple("DeleteSecurityGroup", NO_GROUP_ID, SecurityGroupId=ABSENT["sg"])
case("DeleteSecurityGroup", "ResourceInUse")(lambda cloud: {"SecurityGroupId": cloud.group})
simple("DescribeSecurityGroups", NOT_FOUND, SecurityGroupIds=[ABSENT["sg"]])
simple("DescribeSecurityGroupAssociationStatistics", NOT_FOUND, SecurityGroupIds=[ABSENT["sg"]])


@case("DeleteSecurityGroup", "ResourceInUse")
def delete_a_group_that_is_named_in_a_rule(cloud: Cloud) -> dict[str, Any]:
    named = cloud.make_group()
    cloud.do(ADD_RULES, **rules(cloud.group, {"SecurityGroupId": named, "Action": "ACCEPT"}))
    return {"SecurityGroupId": named}


def membership(eni: str, *groups: str) -> dict[str, Any]:
    return {"NetworkInterfaceIds": [eni], "SecurityGroupIds": list(groups)}


for action in (ADD_GROUP, DROP_GROUP):
    case(action, NOT_FOUND)(lambda cloud: membership(ABSENT["eni"], cloud.group))
    case(action, NOT_FOUND)(lambda cloud: membership(cloud.make_eni(), ABSENT["sg"]))
    case(action, UNSUPPORTED)(lambda cloud: membership(cloud.eni_a, cloud.group))
case(DROP_GROUP, NOT_FOUND)(lambda cloud: membership(cloud.make_eni(), cloud.make_group()))
case(ADD_GROUP, "LimitExceeded")(lambda cloud: membership(cloud.make_eni(), *(cloud.make_group() for _ in range(5))))


@case(ADD_GROUP, "LimitExceeded", Limits(security_group_interfaces=4))
def let_two_enis_into_a_group_with_room_for_one(cloud: Cloud) -> dict[str, Any]:
    pair = [cloud.make_eni(SecurityGroupIds=[]) for _ in range(2)]
    return {"NetworkInterfaceIds": pair, "SecurityGroupIds": [cloud.group]}


ADD_RULES, DROP_RULES = "CreateSecurityGroupPolicies", "DeleteSecurityGroupPolicies"
TCP_80 = {"Protocol": "TCP", "Port": "80", "CidrBlock": "10.0.0.0/16", "Action": "ACCEPT"}


def rules(group: str, *policies: dict[str, Any], direction: str = "Ingress", **more: Any) -> dict[str, Any]:
    return {"SecurityGroupId": group, "SecurityGroupPolicySet": {direction: list(policies)} | more}


for action in (ADD_RULES, DROP_RULES):
    case(action, NOT_FOUND)(lambda cloud: rules(ABSENT["sg"], TCP_80))
    case(action, NOT_FOUND)(lambda cloud: rules(cloud.group, {"SecurityGroupId": ABSENT["sg"], "Action": "DROP"}))
    case(action, "UnsupportedOperation.VersionMismatch")(lambda cloud: rules(cloud.group, TCP_80, Version="7"))
    case(action, "InvalidParameter.Coexist")(lambda cloud: rules(cloud.group, TCP_80, Egress=[TCP_80]))
    case(action, "InvalidParameter.Coexist")(lambda cloud: rules(cloud.group, TCP_80 | {"Protocol": "ICMP"}))
    case(action, "InvalidParameter.Coexist")(
        lambda cloud: rules(cloud.group, TCP_80 | {"SecurityGroupId": cloud.group})
    )
    case(action, "InvalidParameter")(lambda cloud: rules(cloud.group))
    case(action, "InvalidParameter")(lambda cloud: rules(cloud.group, {"Action": "ACCEPT"}))
    case(action, MALFORMED)(lambda cloud: rules(cloud.group, TCP_80 | {"Port": "90-80"}))
    case(action, MALFORMED)(lambda cloud: rules(cloud.group, TCP_80 | {"Port": "70000"}))
    case(action, MALFORMED)(lambda cloud: rules(cloud.group, TCP_80 | {"Port": "http"}))
    case(action, MALFORMED)(lambda cloud: rules(cloud.group, TCP_80 | {"CidrBlock": "everyone"}))
case(DROP_RULES, NOT_FOUND)(lambda cloud: rules(cloud.group, TCP_80))
case(DROP_RULES, NOT_FOUND)(lambda cloud: rules(cloud.group, {"PolicyIndex": 0}))
case(ADD_RULES, VALUE)(lambda cloud: rules(cloud.group, TCP_80 | {"PolicyIndex": 1}))
case(ADD_RULES, VALUE)(
    lambda cloud: rules(cloud.group, TCP_80 | {"PolicyIndex": 0}, TCP_80 | {"PolicyIndex": 1, "Port": "81"})
)
case(ADD_RULES, "UnsupportedOperation.DuplicatePolicy")(lambda cloud: rules(cloud.group, TCP_80, TCP_80))
case(ADD_RULES, "LimitExceeded.SecurityGroupPolicySet", Limits(security_group_policies=0))(
    lambda cloud: rules(cloud.group, TCP_80)
)
case(ADD_RULES, "LimitExceeded", Limits(security_group_references=0))(
    lambda cloud: rules(cloud.group, {"SecurityGroupId": cloud.group, "Action": "ACCEPT"})
)
simple("DescribeSecurityGroupPolicies", NOT_FOUND, SecurityGroupId=ABSENT["sg"])
