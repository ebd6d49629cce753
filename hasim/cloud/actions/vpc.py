"""VPCs and subnets: create, delete and describe them, and the quotas."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from hasim.cloud.actions.common import DUPLICATE_TAG, TAGS, local_time, tag_dictionary, tag_set
from hasim.cloud.entities import Subnet, Vpc
from hasim.cloud.errors import refusal
from hasim.cloud.parameters import (
    Address,
    Boolean,
    Choice,
    CidrBlock,
    Identifier,
    ListOf,
    Parameter,
    Text,
)
from hasim.cloud.queries import Query
from hasim.cloud.registry import Reply, Request, action

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_SECONDARY_CIDRS = 5
_ROUTE_TABLES = 10
_ROUTES_PER_TABLE = 50
_VPC_RANGES = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_LARGEST_PREFIX = 16
_SMALLEST_PREFIX = 28
_DEFAULT_DNS = ["183.60.83.19", "183.60.82.98"]


def _check_size(network: IPv4Network, name: str, code: str) -> None:
    if not _LARGEST_PREFIX <= network.prefixlen <= _SMALLEST_PREFIX:
        raise refusal(code, f"{name} must be from /{_LARGEST_PREFIX} to /{_SMALLEST_PREFIX}, got {network}.")


@action(
    "CreateVpc",
    group="vpc_subnet",
    parameters=(
        Parameter("VpcName", Text(), required=True),
        Parameter("CidrBlock", CidrBlock(), required=True),
        Parameter("EnableMulticast", Boolean(), default=False),
        Parameter("DnsServers", ListOf(Address(), 4)),
        Parameter("DomainName", Text(), default=""),
        TAGS,
        Parameter("StackType", Choice(("IPv4",))),
        Parameter("EnableRouteVpcPublish", None),
        Parameter("AddressType", None, harmless=False),
        Parameter("Ipv6CidrBlock", None, harmless=False),
        Parameter("EnableRouteVpcPublishIpv6", None, harmless=False),
    ),
    refusals=("InvalidParameterValue", "LimitExceeded", DUPLICATE_TAG),
)
def create_vpc(region: Region, request: Request, now_ns: int) -> Reply:
    """A VPC within one of the private ranges, /16 to /28."""
    network: IPv4Network = request["CidrBlock"]
    if not any(network.subnet_of(allowed) for allowed in _VPC_RANGES):
        raise refusal("InvalidParameterValue", f"CidrBlock {network} must lie in {', '.join(map(str, _VPC_RANGES))}.")
    _check_size(network, "CidrBlock", "InvalidParameterValue")
    if len(region.vpcs) >= region.limits.vpcs:
        raise refusal("LimitExceeded", f"The region has {region.limits.vpcs} VPCs at most.")
    tags = tag_dictionary(request["Tags"])
    vpc = Vpc(
        vpc_id=region.new_id("vpc"),
        name=request["VpcName"],
        cidr_block=str(network),
        multicast=request["EnableMulticast"],
        dns_servers=request["DnsServers"] or list(_DEFAULT_DNS),
        domain_name=request["DomainName"],
        tags=tags,
        created_ns=now_ns,
    )
    region.vpcs[vpc.vpc_id] = vpc
    return Reply({"Vpc": _vpc_view(vpc)})


@action(
    "DeleteVpc",
    group="vpc_subnet",
    parameters=(Parameter("VpcId", Identifier("vpc"), required=True),),
    refusals=("ResourceNotFound", "ResourceInUse"),
)
def delete_vpc(region: Region, request: Request, now_ns: int) -> Reply:
    """An empty VPC goes away."""
    vpc = region.vpc(request["VpcId"])
    if any(subnet.vpc_id == vpc.vpc_id for subnet in region.subnets.values()):
        raise refusal("ResourceInUse", f"{vpc.vpc_id} still has subnets.")
    del region.vpcs[vpc.vpc_id]
    return Reply({})


_VPCS: Query[Vpc] = Query(
    "VpcIds",
    "vpc",
    {
        "vpc-id": lambda vpc: (vpc.vpc_id,),
        "cidr-block": lambda vpc: (vpc.cidr_block,),
        "is-default": lambda vpc: ("false",),
        "tag-key": lambda vpc: vpc.tags,
    },
    matchers={"vpc-name": lambda vpc, asked: any(part in vpc.name for part in asked)},
)


@action("DescribeVpcs", group="vpc_subnet", parameters=_VPCS.parameters, rules=_VPCS.rules, refusals=_VPCS.refusals)
def describe_vpcs(region: Region, request: Request, now_ns: int) -> Reply:
    """VPCs by identifier or filter; ``vpc-name`` matches a part of the name."""
    total, page = _VPCS.select(region.vpcs, request)
    return Reply({"TotalCount": total, "VpcSet": [_vpc_view(vpc) for vpc in page]})


@action(
    "CreateSubnet",
    group="vpc_subnet",
    parameters=(
        Parameter("VpcId", Identifier("vpc"), required=True),
        Parameter("SubnetName", Text(), required=True),
        Parameter("CidrBlock", CidrBlock(), required=True),
        Parameter("Zone", Text(), required=True),
        TAGS,
        Parameter("StackType", Choice(("IPv4",))),
        Parameter("Ipv6CidrBlock", None, harmless=False),
        Parameter("CdcId", None, harmless=False),
    ),
    refusals=(
        "InvalidParameterValue",
        "InvalidParameterValue.SubnetRange",
        "InvalidParameterValue.SubnetConflict",
        "LimitExceeded",
        "ResourceNotFound",
        DUPLICATE_TAG,
    ),
)
def create_subnet(region: Region, request: Request, now_ns: int) -> Reply:
    """A subnet in one zone, inside its VPC and apart from the VPC's other subnets."""
    vpc = region.vpc(request["VpcId"])
    network: IPv4Network = request["CidrBlock"]
    if request["Zone"] not in region.zones:
        raise refusal(
            "InvalidParameterValue", f"Zone must be one of {', '.join(region.zones)}, got {request['Zone']!r}."
        )
    if not network.subnet_of(IPv4Network(vpc.cidr_block)):
        raise refusal("InvalidParameterValue.SubnetRange", f"{network} is not inside {vpc.vpc_id} ({vpc.cidr_block}).")
    _check_size(network, "CidrBlock", "InvalidParameterValue.SubnetRange")
    siblings = [subnet for subnet in region.subnets.values() if subnet.vpc_id == vpc.vpc_id]
    for sibling in siblings:
        if network.overlaps(sibling.network):
            raise refusal(
                "InvalidParameterValue.SubnetConflict",
                f"{network} overlaps {sibling.subnet_id} ({sibling.cidr_block}).",
            )
    if len(siblings) >= region.limits.subnets_per_vpc:
        raise refusal("LimitExceeded", f"A VPC has {region.limits.subnets_per_vpc} subnets at most.")
    tags = tag_dictionary(request["Tags"])
    subnet = Subnet(
        subnet_id=region.new_id("subnet"),
        vpc_id=vpc.vpc_id,
        name=request["SubnetName"],
        cidr_block=str(network),
        zone=request["Zone"],
        first=int(network.network_address),
        last=int(network.broadcast_address),
        tags=tags,
        created_ns=now_ns,
    )
    region.subnets[subnet.subnet_id] = subnet
    return Reply({"Subnet": _subnet_view(region, subnet)})


@action(
    "DeleteSubnet",
    group="vpc_subnet",
    parameters=(Parameter("SubnetId", Identifier("subnet"), required=True),),
    refusals=("ResourceNotFound", "ResourceInUse"),
)
def delete_subnet(region: Region, request: Request, now_ns: int) -> Reply:
    """A subnet without ENIs and HAVIPs goes away."""
    subnet = region.subnet(request["SubnetId"])
    if region.addresses.available(subnet) != subnet.usable_count:
        raise refusal("ResourceInUse", f"{subnet.subnet_id} still has addresses in use.")
    del region.subnets[subnet.subnet_id]
    region.addresses.forget(subnet)
    return Reply({})


_SUBNETS: Query[Subnet] = Query(
    "SubnetIds",
    "subnet",
    {
        "subnet-id": lambda subnet: (subnet.subnet_id,),
        "subnet-name": lambda subnet: (subnet.name,),
        "vpc-id": lambda subnet: (subnet.vpc_id,),
        "cidr-block": lambda subnet: (subnet.cidr_block,),
        "zone": lambda subnet: (subnet.zone,),
        "is-default": lambda subnet: ("false",),
        "tag-key": lambda subnet: subnet.tags,
    },
    further=(Parameter("MaxResults", None, harmless=False), Parameter("NextToken", None, harmless=False)),
)


@action(
    "DescribeSubnets",
    group="vpc_subnet",
    parameters=_SUBNETS.parameters,
    rules=_SUBNETS.rules,
    refusals=_SUBNETS.refusals,
)
def describe_subnets(region: Region, request: Request, now_ns: int) -> Reply:
    """Subnets by identifier or filter."""
    total, page = _SUBNETS.select(region.subnets, request)
    return Reply({"TotalCount": total, "SubnetSet": [_subnet_view(region, subnet) for subnet in page]})


@action(
    "DescribeVpcLimits",
    group="vpc_subnet",
    rate_limit_per_s=20,
    parameters=(Parameter("LimitTypes", ListOf(Text(too_long="InvalidParameterValue"), least=1), required=True),),
    refusals=("InvalidParameterValue",),
)
def describe_vpc_limits(region: Region, request: Request, now_ns: int) -> Reply:
    """Quotas by the API's names for them; those of route tables and secondary CIDRs, which nothing here has, too."""
    limits = region.limits
    known = {
        "appid-max-vpcs": limits.vpcs,
        "vpc-max-subnets": limits.subnets_per_vpc,
        "vpc-max-assistant_cidrs": _SECONDARY_CIDRS,
        "vpc-max-route-tables": _ROUTE_TABLES,
        "route-table-max-policies": _ROUTES_PER_TABLE,
        "vpc-max-enis": limits.interfaces_per_vpc,
        "vpc-max-havips": limits.ha_vips_per_vpc,
        "eni-max-private-ips": limits.unattached_interface_addresses,
    }
    asked: list[str] = request["LimitTypes"]
    for name in asked:
        if name not in known:
            raise refusal("InvalidParameterValue", f"LimitType {name!r} is unknown or not modelled.")
    return Reply({"VpcLimitSet": [{"LimitType": name, "LimitValue": known[name]} for name in asked]})


def _vpc_view(vpc: Vpc) -> dict[str, Any]:
    return {
        "VpcId": vpc.vpc_id,
        "VpcName": vpc.name,
        "CidrBlock": vpc.cidr_block,
        "IsDefault": False,
        "EnableMulticast": vpc.multicast,
        "DnsServerSet": list(vpc.dns_servers),
        "DomainName": vpc.domain_name,
        "CreatedTime": local_time(vpc.created_ns),
        "TagSet": tag_set(vpc.tags),
        "AssistantCidrSet": [],
        "Ipv6CidrBlock": "",
    }


def _subnet_view(region: Region, subnet: Subnet) -> dict[str, Any]:
    return {
        "SubnetId": subnet.subnet_id,
        "SubnetName": subnet.name,
        "VpcId": subnet.vpc_id,
        "CidrBlock": subnet.cidr_block,
        "Zone": subnet.zone,
        "IsDefault": False,
        "EnableBroadcast": False,
        "AvailableIpAddressCount": region.addresses.available(subnet),
        "TotalIpAddressCount": subnet.usable_count,
        "CreatedTime": local_time(subnet.created_ns),
        "TagSet": tag_set(subnet.tags),
        "Ipv6CidrBlock": "",
        "NetworkAclId": "",
    }
