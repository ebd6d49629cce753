"""DescribeInstances: CVM instances as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hasim.cloud.actions.common import iso_time, tag_set
from hasim.cloud.entities import Instance
from hasim.cloud.queries import FilterCodes, Query
from hasim.cloud.registry import Reply, Request, action

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []


class _Row(NamedTuple):
    """An instance with what a filter may ask about its network."""

    instance: Instance
    private_addresses: list[str]
    public_addresses: list[str]
    security_group_ids: list[str]
    tags: dict[str, str]


def _row(region: Region, instance: Instance) -> _Row:
    private, public = [], [instance.ordinary_address] if instance.ordinary_address else []
    for interface in region.interfaces_of(instance.instance_id):
        for item in interface.addresses.values():
            private.append(item.address)
            if item.address_id:
                public.append(region.eips[item.address_id].address)
    groups = region.network_interfaces[instance.network_interface_id].security_group_ids
    return _Row(instance, private, public, groups, instance.tags)


_INSTANCES: Query[_Row] = Query(
    "InstanceIds",
    "ins",
    {
        "zone": lambda row: (row.instance.zone,),
        "instance-id": lambda row: (row.instance.instance_id,),
        "instance-name": lambda row: (row.instance.name,),
        "instance-state": lambda row: (row.instance.state,),
        "instance-type": lambda row: (row.instance.instance_type,),
        "private-ip-address": lambda row: row.private_addresses,
        "public-ip-address": lambda row: row.public_addresses,
        "vpc-id": lambda row: (row.instance.vpc_id,),
        "subnet-id": lambda row: (row.instance.subnet_id,),
        "security-group-id": lambda row: row.security_group_ids,
        "tag-key": lambda row: row.tags,
    },
    missing="",
    malformed="InvalidInstanceId.Malformed",
    filter_codes=FilterCodes(
        unknown_name="InvalidFilter",
        not_an_object="InvalidFilter",
        values_not_a_list="InvalidFilter",
        too_many="InvalidFilterValue.LimitExceeded",
    ),
    coexist="InvalidParameter",
    out_of_range="InvalidParameterValue.LimitExceeded",
)


@action(
    "DescribeInstances",
    service="cvm",
    group="cvm_support",
    parameters=_INSTANCES.parameters,
    rules=_INSTANCES.rules,
    refusals=_INSTANCES.refusals,
)
def describe_instances(region: Region, request: Request, now_ns: int) -> Reply:
    """Instances by identifier or filter; an identifier that does not exist is left out."""
    rows = {key: _row(region, instance) for key, instance in region.instances.items()}
    total, page = _INSTANCES.select(rows, request)
    return Reply({"TotalCount": total, "InstanceSet": [_instance_view(row) for row in page]})


def _instance_view(row: _Row) -> dict[str, Any]:
    instance = row.instance
    return {
        "InstanceId": instance.instance_id,
        "InstanceName": instance.name,
        "InstanceType": instance.instance_type,
        "CPU": instance.cpu,
        "Memory": instance.memory_gb,
        "Placement": {"Zone": instance.zone, "ProjectId": 0},
        "InstanceState": instance.state,
        "RestrictState": "NORMAL",
        "InstanceChargeType": "POSTPAID_BY_HOUR",
        "StopChargingMode": instance.stopped_mode,
        "VirtualPrivateCloud": {"VpcId": instance.vpc_id, "SubnetId": instance.subnet_id, "AsVpcGateway": False},
        "PrivateIpAddresses": row.private_addresses,
        "PublicIpAddresses": row.public_addresses,
        "InternetAccessible": {
            "InternetMaxBandwidthOut": instance.bandwidth_mbps,
            "PublicIpAssigned": bool(instance.ordinary_address),
        },
        "SecurityGroupIds": list(row.security_group_ids),
        "ImageId": instance.image_id,
        "CreatedTime": iso_time(instance.created_ns),
        "Tags": tag_set(instance.tags),
        "LatestOperation": instance.latest_operation,
        "LatestOperationState": instance.latest_operation_state,
        "LatestOperationRequestId": instance.latest_operation_request_id,
    }
