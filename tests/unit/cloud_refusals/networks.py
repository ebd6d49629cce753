"""Refusals about VPCs and subnets."""

from __future__ import annotations

from typing import Any

from hasim.cloud import Limits
from tests.unit.cloud_refusals.table import DUPLICATE_TAG, NOT_FOUND, SAME_TAGS, VALUE, Scene, case, simple
from tests.unit.cloud_topology import ABSENT

for cidr in ("11.0.0.0/16", "10.0.0.0/15", "192.168.0.0/29"):
    simple("CreateVpc", VALUE, VpcName="x", CidrBlock=cidr)
simple("CreateVpc", DUPLICATE_TAG, VpcName="x", CidrBlock="10.1.0.0/16", Tags=SAME_TAGS)
case("CreateVpc", "LimitExceeded", Limits(vpcs=2))(lambda cloud: {"VpcName": "x", "CidrBlock": "10.1.0.0/16"})
case("DeleteVpc", "ResourceInUse")(lambda cloud: {"VpcId": cloud.vpc})
simple("DeleteVpc", NOT_FOUND, VpcId=ABSENT["vpc"])
simple("DescribeVpcs", NOT_FOUND, VpcIds=[ABSENT["vpc"]])
simple("DescribeVpcLimits", VALUE, LimitTypes=["no-such-limit"])


def subnet(cidr: str, **more: Any) -> Scene:
    return lambda cloud: (
        {
            "VpcId": cloud.vpc,
            "SubnetName": "x",
            "CidrBlock": cidr,
            "Zone": "ap-guangzhou-1",
        }
        | more
    )


case("CreateSubnet", NOT_FOUND)(subnet("10.0.8.0/24", VpcId=ABSENT["vpc"]))
case("CreateSubnet", VALUE)(subnet("10.0.8.0/24", Zone="ap-beijing-1"))
case("CreateSubnet", "InvalidParameterValue.SubnetRange")(subnet("10.1.0.0/24"))
case("CreateSubnet", "InvalidParameterValue.SubnetRange")(subnet("10.0.8.0/29"))
case("CreateSubnet", "InvalidParameterValue.SubnetConflict")(subnet("10.0.1.128/25"))
case("CreateSubnet", "LimitExceeded", Limits(subnets_per_vpc=4))(subnet("10.0.8.0/24"))
case("CreateSubnet", DUPLICATE_TAG)(subnet("10.0.8.0/24", Tags=SAME_TAGS))
case("DeleteSubnet", "ResourceInUse")(lambda cloud: {"SubnetId": cloud.subnet})
simple("DeleteSubnet", NOT_FOUND, SubnetId=ABSENT["subnet"])
simple("DescribeSubnets", NOT_FOUND, SubnetIds=[ABSENT["subnet"]])
