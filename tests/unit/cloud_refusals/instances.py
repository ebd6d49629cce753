"""Refusals about instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hasim.cloud import Limits
from tests.unit.cloud_refusals.attachments import ATTACH, attach
from tests.unit.cloud_refusals.private_ips import ASSIGN, on_eni, with_floating_address
from tests.unit.cloud_refusals.table import (
    CVM_MUTEX,
    FULL_GROUP,
    NO_GROUP,
    NO_INSTANCE,
    SAME_TAGS,
    UNSUPPORTED,
    VALUE,
    Scene,
    case,
)
from tests.unit.cloud_topology import ABSENT, Cloud

RUN = "RunInstances"


def run(address: str = "", **more: Any) -> Scene:
    return lambda cloud: cloud.run_parameters(address, **more)


def in_network(**network: Any) -> Scene:
    def scene(cloud: Cloud) -> dict[str, Any]:
        parameters = cloud.run_parameters()
        parameters["VirtualPrivateCloud"] |= network
        return parameters

    return scene


case(RUN, "InvalidInstanceType.Malformed")(run(InstanceType="m5.large"))
case(RUN, "InvalidZone.MismatchRegion")(run(Placement={"Zone": "ap-beijing-1"}))
case(RUN, "InvalidParameterValue.VpcIdZoneIdNotMatch")(run(Placement={"Zone": "ap-guangzhou-2"}))
case(RUN, "InvalidParameterValue.VpcIdNotExist")(in_network(VpcId=ABSENT["vpc"]))
case(RUN, "InvalidParameterValue.SubnetNotExist")(in_network(SubnetId=ABSENT["subnet"]))
case(RUN, "InvalidParameterValue.SubnetNotExist")(lambda cloud: in_network(SubnetId=cloud.elsewhere)(cloud))
case(RUN, VALUE)(run("10.0.1.50", InstanceCount=2))
case(RUN, VALUE)(lambda cloud: in_network(PrivateIpAddresses=["10.0.1.50"] * 2)(cloud) | {"InstanceCount": 2})
case(RUN, "VpcAddrNotInSubNet")(run("10.0.2.50"))
case(RUN, "VpcAddrNotInSubNet")(run("10.0.1.1"))
case(RUN, "VpcIpIsUsed")(run("10.0.1.10"))
case(RUN, NO_GROUP)(run(SecurityGroupIds=[ABSENT["sg"]]))
case(RUN, "LimitExceeded.SingleUSGQuota")(
    lambda cloud: cloud.run_parameters(SecurityGroupIds=[cloud.make_group() for _ in range(6)])
)
case(RUN, FULL_GROUP, Limits(security_group_interfaces=3))(run())
case(RUN, "FailedOperation.NoAvailableIpAddressCountInSubnet")(
    lambda cloud: cloud.run_parameters(subnet=cloud.tiny, InstanceCount=14)
)


case(RUN, VALUE)(run(TagSpecification=[{"ResourceType": "instance", "Tags": SAME_TAGS}]))
case(RUN, VALUE)(run(TagSpecification=[{"ResourceType": "instance", "Tags": SAME_TAGS[:1]}] * 2))
case(RUN, VALUE)(run(InstanceCount=2, MinCount=3))


@case(RUN, VALUE)
def run_with_a_used_token(cloud: Cloud) -> dict[str, Any]:
    cloud.do(RUN, **cloud.run_parameters(ClientToken="once"))
    return cloud.run_parameters(ClientToken="once", InstanceType="S5.LARGE8")


def with_instance(action: str, instance: str) -> dict[str, Any]:
    """The parameters that the action needs besides the instance."""
    more: dict[str, Any] = {}
    if action == "ResetInstancesInternetMaxBandwidth":
        more = {"InternetAccessible": {"InternetMaxBandwidthOut": 5}}
    return {"InstanceIds": [instance]} | more


def pending(cloud: Cloud) -> str:
    return str(cloud.region.call(RUN, cloud.run_parameters(), now_ns=0).response["InstanceIdSet"][0])


def moving(action: str) -> Callable[[Cloud], str]:
    def instance(cloud: Cloud) -> str:
        cloud.begin(action, InstanceIds=[cloud.a])
        return cloud.a

    return instance


def stopped(cloud: Cloud) -> str:
    cloud.do("StopInstances", InstanceIds=[cloud.a])
    return cloud.a


def starting(cloud: Cloud) -> str:
    cloud.begin("StartInstances", InstanceIds=[stopped(cloud)])
    return cloud.a


def busy(cloud: Cloud) -> str:
    cloud.begin(CHANGE_NETWORK, **network_of_a("10.0.1.77")(cloud))
    return cloud.a


def stopped_and_busy(cloud: Cloud) -> str:
    stopped(cloud)
    return busy(cloud)


STATES: dict[str, Callable[[Cloud], str]] = {
    "Pending": pending,
    "Starting": starting,
    "Stopping": moving("StopInstances"),
    "Rebooting": moving("RebootInstances"),
    "Terminating": moving("TerminateInstances"),
}
POWER_ACTIONS = ("StartInstances", "StopInstances", "RebootInstances", "TerminateInstances")


def instance_case(action: str, code: str, instance: Callable[[Cloud], str]) -> None:
    case(action, code)(lambda cloud: with_instance(action, instance(cloud)))


for action in (*POWER_ACTIONS, "ResetInstancesInternetMaxBandwidth"):
    instance_case(action, NO_INSTANCE, lambda cloud: ABSENT["ins"])
    instance_case(action, CVM_MUTEX, stopped_and_busy if action == "StartInstances" else busy)
    for word, instance in STATES.items():
        instance_case(action, f"UnsupportedOperation.InstanceState{word}", instance)
instance_case("StartInstances", "UnsupportedOperation.InstanceStateRunning", lambda cloud: cloud.a)
instance_case("StopInstances", "UnsupportedOperation.InstanceStateStopped", stopped)
instance_case("RebootInstances", "UnsupportedOperation.InstanceStateStopped", stopped)
instance_case("ResetInstancesInternetMaxBandwidth", "FailedOperation.NotFoundEIP", lambda cloud: cloud.a)


def ordinary_address(instance: str) -> dict[str, Any]:
    asked = {"InternetMaxBandwidthOut": 5, "PublicIpAssigned": True}
    return {"InstanceIds": [instance], "InternetAccessible": asked}


@case("ResetInstancesInternetMaxBandwidth", CVM_MUTEX)
def ask_for_an_ordinary_address_where_an_eip_arrives(cloud: Cloud) -> dict[str, Any]:
    cloud.begin("AssociateAddress", AddressId=cloud.make_eip(), InstanceId=cloud.a)
    return ordinary_address(cloud.a)


@case("ResetInstancesInternetMaxBandwidth", VALUE)
def ask_for_a_third_public_address_with_two_cores(cloud: Cloud) -> dict[str, Any]:
    cloud.assign(cloud.eni_a, "10.0.1.100", "10.0.1.101")
    for address in ("10.0.1.100", "10.0.1.101"):
        cloud.bind(cloud.make_eip(), cloud.eni_a, address)
    return ordinary_address(cloud.a)


@case("TerminateInstances", CVM_MUTEX)
def terminate_while_an_eni_arrives(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(ATTACH, **attach(cloud.make_eni(), cloud.a))
    return {"InstanceIds": [cloud.a]}


JOIN_GROUP, LEAVE_GROUP = "AssociateSecurityGroups", "DisassociateSecurityGroups"


def group_of(instance: str, group: str) -> dict[str, Any]:
    return {"InstanceIds": [instance], "SecurityGroupIds": [group]}


for action in (JOIN_GROUP, LEAVE_GROUP):
    case(action, NO_INSTANCE)(lambda cloud: group_of(ABSENT["ins"], cloud.group))
    case(action, NO_GROUP)(lambda cloud: group_of(cloud.a, ABSENT["sg"]))
case(JOIN_GROUP, "UnsupportedOperation.InstanceStatePending")(lambda cloud: group_of(pending(cloud), cloud.group))
case(LEAVE_GROUP, "OperationDenied.InstanceOperationInProgress")(lambda cloud: group_of(pending(cloud), cloud.group))
case(LEAVE_GROUP, UNSUPPORTED)(lambda cloud: group_of(cloud.a, cloud.group))
case(LEAVE_GROUP, "FailedOperation.SecurityGroupActionFailed")(lambda cloud: group_of(cloud.a, cloud.make_group()))


@case(JOIN_GROUP, "LimitExceeded.AssociateUSGLimitExceeded")
def join_a_sixth_group(cloud: Cloud) -> dict[str, Any]:
    for _ in range(4):
        cloud.do(JOIN_GROUP, **group_of(cloud.a, cloud.make_group()))
    return group_of(cloud.a, cloud.make_group())


@case(JOIN_GROUP, FULL_GROUP, Limits(security_group_interfaces=3))
def join_a_group_with_all_its_members(cloud: Cloud) -> dict[str, Any]:
    crowded = cloud.make_group()
    for instance in (cloud.a, cloud.b, cloud.c):
        cloud.do(JOIN_GROUP, **group_of(instance, crowded))
    return group_of(cloud.make_instance(SecurityGroupIds=[cloud.make_group()]), crowded)


CHANGE_NETWORK = "ModifyInstancesVpcAttribute"
ENI_STAYS = "EniNotAllowedChangeSubnet"


def network_of_a(address: str = "", **more: Any) -> Scene:
    def scene(cloud: Cloud) -> dict[str, Any]:
        network: dict[str, Any] = {"VpcId": cloud.vpc, "SubnetId": cloud.subnet}
        if address:
            network["PrivateIpAddresses"] = [address]
        return {"InstanceIds": [cloud.a], "VirtualPrivateCloud": network} | more

    return scene


def to_subnet(cloud: Cloud, subnet_id: str) -> dict[str, Any]:
    return {"InstanceIds": [cloud.a], "VirtualPrivateCloud": {"VpcId": cloud.vpc, "SubnetId": subnet_id}}


case(CHANGE_NETWORK, NO_INSTANCE)(network_of_a(InstanceIds=[ABSENT["ins"]]))
case(CHANGE_NETWORK, VALUE)(lambda cloud: to_subnet(cloud, ABSENT["subnet"]))
case(CHANGE_NETWORK, VALUE)(lambda cloud: to_subnet(cloud, cloud.elsewhere))
case(CHANGE_NETWORK, ENI_STAYS)(lambda cloud: to_subnet(cloud, cloud.far))
case(CHANGE_NETWORK, ENI_STAYS)(with_floating_address(lambda cloud: to_subnet(cloud, cloud.second)))
case(CHANGE_NETWORK, "VpcAddrNotInSubNet")(network_of_a("10.0.2.9"))
case(CHANGE_NETWORK, "VpcIpIsUsed")(network_of_a("10.0.1.11"))
case(CHANGE_NETWORK, "UnsupportedOperation.InstanceStateRunning")(network_of_a(ForceStop=False))
case(CHANGE_NETWORK, UNSUPPORTED)(lambda cloud: network_of_a()(cloud) | {"InstanceIds": [cloud.a, cloud.b]})
case(CHANGE_NETWORK, UNSUPPORTED)(
    lambda cloud: {
        "InstanceIds": [cloud.a],
        "VirtualPrivateCloud": {"VpcId": cloud.other_vpc, "SubnetId": cloud.elsewhere},
    }
)
case(CHANGE_NETWORK, CVM_MUTEX)(lambda cloud: network_of_a()(cloud) | {"InstanceIds": [busy(cloud)]})


@case(CHANGE_NETWORK, VALUE)
def two_addresses_for_one_instance(cloud: Cloud) -> dict[str, Any]:
    parameters = network_of_a()(cloud)
    parameters["VirtualPrivateCloud"]["PrivateIpAddresses"] = ["10.0.1.50", "10.0.1.51"]
    return parameters


@case(CHANGE_NETWORK, "VpcIpIsUsed")
def change_to_a_full_subnet(cloud: Cloud) -> dict[str, Any]:
    cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=9)
    cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=2)
    return to_subnet(cloud, cloud.tiny)


@case(CHANGE_NETWORK, CVM_MUTEX)
def change_while_an_address_is_assigned(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(ASSIGN, **on_eni(cloud.eni_a, "10.0.1.100"))
    return network_of_a("10.0.1.50")(cloud)


for word, instance in STATES.items():

    def in_that_state(cloud: Cloud, instance: Callable[[Cloud], str] = instance) -> dict[str, Any]:
        return network_of_a()(cloud) | {"InstanceIds": [instance(cloud)]}

    case(CHANGE_NETWORK, f"UnsupportedOperation.InstanceState{word}")(in_that_state)
