"""Security groups: ordered rules, and their place on ENIs."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.cloud import Limits
from tests.unit.cloud_topology import Cloud


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def rule(port: str, **more: Any) -> dict[str, Any]:
    return {"Protocol": "TCP", "Port": port, "CidrBlock": "10.0.0.0/16", "Action": "ACCEPT"} | more


def add(cloud: Cloud, *policies: dict[str, Any], direction: str = "Ingress") -> None:
    cloud.do(
        "CreateSecurityGroupPolicies", SecurityGroupId=cloud.group, SecurityGroupPolicySet={direction: list(policies)}
    )


def rules(cloud: Cloud, direction: str = "Ingress") -> list[str]:
    found = cloud.do("DescribeSecurityGroupPolicies", SecurityGroupId=cloud.group)["SecurityGroupPolicySet"]
    assert [item["PolicyIndex"] for item in found[direction]] == list(range(len(found[direction])))
    return [item["Port"] for item in found[direction]]


def test_new_group_has_no_rules(cloud: Cloud) -> None:
    assert rules(cloud) == rules(cloud, "Egress") == []


def test_rules_are_appended_or_inserted_in_order(cloud: Cloud) -> None:
    add(cloud, rule("80"), rule("81"))
    add(cloud, rule("82"))
    add(cloud, rule("83", PolicyIndex=0), rule("84", PolicyIndex=0))
    assert rules(cloud) == ["83", "84", "80", "81", "82"]
    assert rules(cloud, "Egress") == []


def test_rules_are_removed_by_index_or_content(cloud: Cloud) -> None:
    add(cloud, rule("80"), rule("81"), rule("82"))
    remove = {"SecurityGroupId": cloud.group}
    cloud.do("DeleteSecurityGroupPolicies", **remove, SecurityGroupPolicySet={"Ingress": [{"PolicyIndex": 1}]})
    assert rules(cloud) == ["80", "82"]
    cloud.do("DeleteSecurityGroupPolicies", **remove, SecurityGroupPolicySet={"Ingress": [rule("82")]})
    assert rules(cloud) == ["80"]


def test_every_change_counts_the_version_up(cloud: Cloud) -> None:
    add(cloud, rule("80"))
    add(cloud, rule("80"), direction="Egress")
    found = cloud.do("DescribeSecurityGroupPolicies", SecurityGroupId=cloud.group)["SecurityGroupPolicySet"]
    assert found["Version"] == "2"
    stale = {"Version": "1", "Ingress": [rule("81")]}
    code = cloud.refused("CreateSecurityGroupPolicies", SecurityGroupId=cloud.group, SecurityGroupPolicySet=stale)
    assert code == "UnsupportedOperation.VersionMismatch"


def test_rule_is_kept_in_one_spelling(cloud: Cloud) -> None:
    add(cloud, {"Protocol": "icmp", "CidrBlock": "10.0.0.7", "Action": "drop", "PolicyDescription": "no ping"})
    found = cloud.do("DescribeSecurityGroupPolicies", SecurityGroupId=cloud.group)["SecurityGroupPolicySet"]
    (only,) = found["Ingress"]
    assert (only["Protocol"], only["Port"], only["CidrBlock"]) == ("ICMP", "ALL", "10.0.0.7/32")
    assert (only["Action"], only["PolicyDescription"]) == ("DROP", "no ping")


@pytest.mark.parametrize("port", ["80", "80,443", "8000-8010", "ALL", "all"])
def test_ports(cloud: Cloud, port: str) -> None:
    add(cloud, rule(port))
    assert rules(cloud) == [port.upper()]


def test_groups_of_a_secondary_eni_keep_their_order(cloud: Cloud) -> None:
    first, second = cloud.make_group("first"), cloud.make_group("second")
    eni = cloud.make_eni()
    both = {"NetworkInterfaceIds": [eni], "SecurityGroupIds": [second, first, cloud.group]}
    cloud.do("AssociateNetworkInterfaceSecurityGroups", **both)
    assert cloud.describe_eni(eni)["GroupSet"] == [cloud.group, second, first]
    cloud.do("DisassociateNetworkInterfaceSecurityGroups", NetworkInterfaceIds=[eni], SecurityGroupIds=[cloud.group])
    assert cloud.describe_eni(eni)["GroupSet"] == [second, first]
    cloud.do("DisassociateNetworkInterfaceSecurityGroups", NetworkInterfaceIds=[eni], SecurityGroupIds=[second, first])
    assert cloud.describe_eni(eni)["GroupSet"] == []


def test_groups_of_an_instance_are_those_of_its_primary_eni(cloud: Cloud) -> None:
    other = cloud.make_group()
    cloud.do("AssociateSecurityGroups", SecurityGroupIds=[other], InstanceIds=[cloud.a, cloud.b])
    assert cloud.describe_eni(cloud.eni_a)["GroupSet"] == [cloud.group, other]
    cloud.do("DisassociateSecurityGroups", SecurityGroupIds=[cloud.group], InstanceIds=[cloud.a])
    assert cloud.describe_instance(cloud.a)["SecurityGroupIds"] == [other]


def test_joining_a_group_twice_changes_nothing(cloud: Cloud) -> None:
    cloud.do("AssociateSecurityGroups", SecurityGroupIds=[cloud.group], InstanceIds=[cloud.a])
    assert cloud.describe_eni(cloud.eni_a)["GroupSet"] == [cloud.group]


def test_whoever_is_in_a_full_group_may_stay() -> None:
    cloud = Cloud(Limits(security_group_interfaces=4))
    eni = cloud.make_eni()
    other = cloud.make_group()
    cloud.do("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, SecurityGroupIds=[other, cloud.group])
    cloud.do(
        "AssociateNetworkInterfaceSecurityGroups", NetworkInterfaceIds=[eni], SecurityGroupIds=[cloud.group, other]
    )
    assert cloud.describe_eni(eni)["GroupSet"] == [other, cloud.group]


def test_statistics_count_instances_enis_and_references(cloud: Cloud) -> None:
    cloud.make_eni()
    other = cloud.make_group()
    policies = {"Egress": [{"SecurityGroupId": cloud.group, "Action": "ACCEPT"}]}
    cloud.do("CreateSecurityGroupPolicies", SecurityGroupId=other, SecurityGroupPolicySet=policies)
    reply = cloud.do("DescribeSecurityGroupAssociationStatistics", SecurityGroupIds=[cloud.group])
    (found,) = reply["SecurityGroupAssociationStatisticsSet"]
    assert (found["CVM"], found["ENI"], found["SG"], found["TotalCount"]) == (3, 1, 1, 4)


def test_unused_group_can_be_deleted(cloud: Cloud) -> None:
    group = cloud.make_group()
    cloud.do("DeleteSecurityGroup", SecurityGroupId=group)
    assert group not in cloud.region.security_groups


def test_limits_are_described(cloud: Cloud) -> None:
    limits = cloud.do("DescribeSecurityGroupLimits")["SecurityGroupLimitSet"]
    assert (limits["SecurityGroupLimit"], limits["SecurityGroupPolicyLimit"]) == (50, 100)
    assert (limits["InstanceSecurityGroupLimit"], limits["SecurityGroupInstanceLimit"]) == (5, 2000)


@pytest.mark.parametrize(("name", "value"), [("security-group-name", "mine"), ("project-id", "7"), ("tag-key", "role")])
def test_filters(cloud: Cloud, name: str, value: str) -> None:
    group = {"GroupName": "mine", "GroupDescription": "", "ProjectId": "7", "Tags": [{"Key": "role", "Value": "x"}]}
    wanted = cloud.do("CreateSecurityGroup", **group)["SecurityGroup"]["SecurityGroupId"]
    reply = cloud.do("DescribeSecurityGroups", Filters=[{"Name": name, "Values": [value]}])
    assert [item["SecurityGroupId"] for item in reply["SecurityGroupSet"]] == [wanted]
