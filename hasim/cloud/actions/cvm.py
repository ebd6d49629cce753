"""CVM instances come into being: RunInstances.

Instances come with their primary ENI and go with it. ``HasimSpecification`` is an extension of RunInstances: an object
with ``CPU`` (cores) and ``Memory`` (GB) that replaces what the instance type's name says, for specifications that no
name stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hasim.cloud.actions.common import tag_dictionary, tag_list
from hasim.cloud.actions.cvm_common import (
    MOST_INSTANCES,
    VIRTUAL_PRIVATE_CLOUD,
    begin_operation,
    end_operation,
    instance_keys,
    instances_of,
    require_usable,
)
from hasim.cloud.actions.eni import make_interface, settle_new_interface
from hasim.cloud.actions.security_group import default_security_group, require_group_room
from hasim.cloud.entities import AddressState, Instance, InstanceState, PrivateAddress, Subnet, Task, TaskKind
from hasim.cloud.errors import CloudError, refusal
from hasim.cloud.identifiers import public_address
from hasim.cloud.instance_types import Specification, parse_instance_type
from hasim.cloud.parameters import (
    Boolean,
    Choice,
    Identifier,
    Integer,
    ListOf,
    Number,
    Parameter,
    Structure,
    Text,
)
from hasim.cloud.registry import Reply, Request, action, on_commit

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_MOST_MEMORY_GB = 1_000_000
_TOO_MANY_GROUPS = "LimitExceeded.SingleUSGQuota"
_FULL_GROUP = "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded"
_HARMLESS = (
    "InstanceChargeType",
    "InstanceChargePrepaid",
    "SystemDisk",
    "DataDisks",
    "LoginSettings",
    "EnhancedService",
    "HostName",
    "UserData",
    "Metadata",
    "CamRoleName",
    "DisasterRecoverGroupIds",
    "PartitionNumber",
    "CpuTopology",
    "EnableJumboFrame",
)
_UNMODELLED = (
    "ActionTimer",
    "InstanceMarketOptions",
    "DryRun",
    "HpcClusterId",
    "LaunchTemplate",
    "DedicatedClusterId",
    "ChcIds",
    "DisableApiTermination",
    "NetworkInterfaces",
)

_PLACEMENT = Structure(
    "Placement",
    (
        Parameter("Zone", Text(), required=True),
        Parameter("ProjectId", None),
        *(
            Parameter(name, None, harmless=False)
            for name in ("HostIds", "HostId", "RackId", "DedicatedResourcePackTenancy")
        ),
    ),
)
_INTERNET_ACCESSIBLE = Structure(
    "InternetAccessible",
    (
        Parameter("InternetMaxBandwidthOut", Integer(0, 2000, "InvalidParameterValue"), default=0),
        Parameter("PublicIpAssigned", Boolean()),
        Parameter("InternetChargeType", None),
        Parameter("BandwidthPackageId", None),
        Parameter("InternetServiceProvider", None),
        *(
            Parameter(name, None, harmless=False)
            for name in ("IPv4AddressType", "IPv6AddressType", "AntiDDoSPackageId")
        ),
    ),
)


@action(
    "RunInstances",
    service="cvm",
    group="cvm_support",
    kind=TaskKind.CVM,
    parameters=(
        Parameter("Placement", _PLACEMENT, required=True),
        Parameter("ImageId", Text(), required=True),
        Parameter("InstanceType", Text(), default="S5.MEDIUM4"),
        Parameter("VirtualPrivateCloud", VIRTUAL_PRIVATE_CLOUD, required=True),
        Parameter("InternetAccessible", _INTERNET_ACCESSIBLE),
        Parameter("InstanceCount", Integer(1, MOST_INSTANCES, "InvalidParameterValue"), default=1),
        Parameter("MinCount", Integer(1, MOST_INSTANCES, "InvalidParameterValue"), default=1),
        Parameter("InstanceName", Text(128, "InvalidInstanceName.TooLong"), default="unnamed"),
        Parameter("SecurityGroupIds", ListOf(Identifier("sg", malformed="InvalidParameterValue"))),
        Parameter(
            "TagSpecification",
            ListOf(
                Structure(
                    "TagSpecification",
                    (
                        Parameter("ResourceType", Choice(("instance",)), required=True),
                        Parameter("Tags", tag_list("InvalidParameterValue"), default=()),
                    ),
                ),
            ),
            default=(),
        ),
        Parameter(
            "HasimSpecification",
            Structure(
                "HasimSpecification",
                (
                    Parameter("CPU", Integer(1, 1024, "InvalidParameterValue"), required=True),
                    Parameter("Memory", Number(_MOST_MEMORY_GB), required=True),
                ),
            ),
        ),
        Parameter("ClientToken", Text(64, "InvalidClientToken.TooLong")),
        *(Parameter(name, None) for name in _HARMLESS),
        *(Parameter(name, None, harmless=False) for name in _UNMODELLED),
    ),
    refusals=(
        "FailedOperation.NoAvailableIpAddressCountInSubnet",
        "InvalidInstanceType.Malformed",
        "InvalidParameterValue",
        "InvalidParameterValue.VpcIdZoneIdNotMatch",
        "InvalidParameterValue.SubnetNotExist",
        "InvalidParameterValue.VpcIdNotExist",
        "InvalidSecurityGroupId.NotFound",
        "InvalidZone.MismatchRegion",
        _FULL_GROUP,
        _TOO_MANY_GROUPS,
        "VpcAddrNotInSubNet",
        "VpcIpIsUsed",
    ),
)
def run_instances(region: Region, request: Request, now_ns: int) -> Reply:
    """New instances with their primary ENIs: PENDING until the task commits, then RUNNING."""
    specification = _specification(request)
    plan = _plan_network(region, request)
    groups = _planned_groups(region, request)
    tags = _tags(request)
    if not groups:
        groups = [default_security_group(region, now_ns).security_group_id]
    made = []
    for number, address in enumerate(plan.addresses, start=1):
        instance = _make_instance(region, request, specification, plan.subnet, now_ns)
        instance.name += str(number) if len(plan.addresses) > 1 else ""
        instance.tags = dict(tags)
        interface = make_interface(
            region,
            plan.subnet,
            [PrivateAddress(address, True, AddressState.PENDING, now_ns)],
            now_ns,
            name="Primary ENI",
            security_group_ids=groups,
            tags={},
            primary=True,
        )
        interface.instance_id = instance.instance_id
        interface.device_index = 0
        interface.attached_ns = now_ns
        instance.network_interface_id = interface.network_interface_id
        region.instances[instance.instance_id] = instance
        made.append(instance)
    identifiers = tuple(instance.instance_id for instance in made)
    task = region.begin("RunInstances", TaskKind.CVM, now_ns, identifiers, holds=instance_keys(region, made))
    begin_operation(made, task)
    return Reply({"InstanceIdSet": list(identifiers)}, task)


def _specification(request: Request) -> Specification:
    override = request["HasimSpecification"]
    if override is not None:
        return Specification(override["CPU"], override["Memory"])
    parsed = parse_instance_type(request["InstanceType"])
    if parsed is None:
        raise refusal("InvalidInstanceType.Malformed", f"{request['InstanceType']!r} is not a name such as S5.MEDIUM4.")
    return parsed


def _tags(request: Request) -> dict[str, str]:
    return tag_dictionary(
        [tag for item in request["TagSpecification"] for tag in item["Tags"]], code="InvalidParameterValue"
    )


class _Network(NamedTuple):
    subnet: Subnet
    addresses: list[str]


def _plan_network(region: Region, request: Request) -> _Network:
    network, zone, count = request["VirtualPrivateCloud"], request["Placement"]["Zone"], request["InstanceCount"]
    if request["MinCount"] > count:
        raise refusal("InvalidParameterValue", f"MinCount is more than InstanceCount, {count}.")
    if zone not in region.zones:
        raise refusal("InvalidZone.MismatchRegion", f"Zone must be one of {', '.join(region.zones)}, got {zone!r}.")
    vpc = region.vpc(network["VpcId"], "InvalidParameterValue.VpcIdNotExist")
    subnet = region.subnet(network["SubnetId"], "InvalidParameterValue.SubnetNotExist")
    if subnet.vpc_id != vpc.vpc_id:
        raise refusal("InvalidParameterValue.SubnetNotExist", f"{subnet.subnet_id} is in {subnet.vpc_id}.")
    if subnet.zone != zone:
        raise refusal("InvalidParameterValue.VpcIdZoneIdNotMatch", f"{subnet.subnet_id} is in {subnet.zone}.")
    chosen = network["PrivateIpAddresses"]
    if chosen is None:
        return _Network(subnet, _picked(region, subnet, count))
    if len(chosen) != count or len(set(chosen)) != count:
        raise refusal(
            "InvalidParameterValue", f"PrivateIpAddresses must name one address for each of {count} instances."
        )
    for address in chosen:
        require_usable(region, subnet, address)
    return _Network(subnet, chosen)


def _picked(region: Region, subnet: Subnet, count: int) -> list[str]:
    try:
        return region.addresses.pick(subnet, count)
    except CloudError as error:
        raise refusal("FailedOperation.NoAvailableIpAddressCountInSubnet", f"{subnet.subnet_id}.") from error


def _planned_groups(region: Region, request: Request) -> list[str]:
    default = [item.security_group_id for item in region.security_groups.values() if item.is_default]
    groups: list[str] = request["SecurityGroupIds"] or default
    for identifier in groups:
        region.security_group(identifier, "InvalidSecurityGroupId.NotFound")
    most = region.limits.security_groups_per_interface
    if len(set(groups)) > most:
        raise refusal(_TOO_MANY_GROUPS, f"At most {most}.")
    require_group_room(region, groups, request["InstanceCount"], _FULL_GROUP)
    return groups


def _make_instance(
    region: Region, request: Request, specification: Specification, subnet: Subnet, now_ns: int
) -> Instance:
    internet = request["InternetAccessible"] or {"InternetMaxBandwidthOut": 0, "PublicIpAssigned": False}
    bandwidth = internet["InternetMaxBandwidthOut"]
    assigned = bandwidth > 0 if internet["PublicIpAssigned"] is None else internet["PublicIpAssigned"]
    return Instance(
        instance_id=region.new_id("ins"),
        name=request["InstanceName"],
        instance_type=request["InstanceType"],
        cpu=specification.cpu,
        memory_gb=specification.memory_gb,
        zone=subnet.zone,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.subnet_id,
        image_id=request["ImageId"],
        state=InstanceState.PENDING,
        network_interface_id="",
        ordinary_address=public_address(region.count("public_address")) if assigned else "",
        bandwidth_mbps=bandwidth,
        tags={},
        created_ns=now_ns,
    )


@on_commit("RunInstances")
def instances_run(region: Region, task: Task, now_ns: int) -> None:
    """The instances are RUNNING."""
    instances = instances_of(region, task)
    end_operation(instances, task)
    for instance in instances:
        instance.state = InstanceState.RUNNING
        settle_new_interface(region.network_interfaces[instance.network_interface_id])
