"""Refusals about ENIs: creating them, alone or with their attachment, modifying and deleting them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hasim.cloud import Limits
from tests.unit.cloud_refusals.table import (
    DUPLICATE_TAG,
    INVALID_STATE,
    NO_INSTANCE,
    NOT_FOUND,
    PROCESSING,
    RANGE,
    REPEATED,
    RESERVED,
    SAME_TAGS,
    UNSUPPORTED,
    VALUE,
    Scene,
    case,
    simple,
)
from tests.unit.cloud_topology import ABSENT, Cloud

# Creating an ENI, alone or with its attachment ------------------------------------------------------------------------


def creation(*addresses: str, **more: Any) -> Callable[[str], Scene]:
    """Parameters for either of the actions that create an ENI."""

    def for_action(action: str) -> Scene:
        def scene(cloud: Cloud) -> dict[str, Any]:
            instance = {"InstanceId": cloud.a} if action == "CreateAndAttachNetworkInterface" else {}
            return cloud.eni_parameters(*addresses, **more) | instance

        return scene

    return for_action


def two_primaries(action: str) -> Scene:
    def scene(cloud: Cloud) -> dict[str, Any]:
        parameters = creation("10.0.1.50", "10.0.1.51")(action)(cloud)
        for item in parameters["PrivateIpAddresses"]:
            item["Primary"] = True
        return parameters

    return scene


def foreign_subnet(action: str) -> Scene:
    return lambda cloud: creation(SubnetId=cloud.elsewhere)(action)(cloud)


for creating in ("CreateNetworkInterface", "CreateAndAttachNetworkInterface"):
    case(creating, RANGE)(creation("10.0.2.50")(creating))
    for reserved in ("10.0.1.0", "10.0.1.1", "10.0.1.255"):
        case(creating, RESERVED)(creation(reserved)(creating))
    case(creating, "ResourceInUse")(creation("10.0.1.10")(creating))
    case(creating, VALUE)(two_primaries(creating))
    case(creating, VALUE)(creation("10.0.1.50", "10.0.1.50")(creating))
    case(creating, DUPLICATE_TAG)(creation(Tags=SAME_TAGS)(creating))
    case(creating, "LimitExceeded")(creation(SecondaryPrivateIpAddressCount=10)(creating))
    case(creating, "LimitExceeded", Limits(security_group_interfaces=3))(creation()(creating))
    case(creating, NOT_FOUND)(creation(SecurityGroupIds=[ABSENT["sg"]])(creating))
    case(creating, NOT_FOUND)(creation(VpcId=ABSENT["vpc"])(creating))
    case(creating, NOT_FOUND)(creation(SubnetId=ABSENT["subnet"])(creating))
    case(creating, NOT_FOUND)(foreign_subnet(creating))


@case("CreateNetworkInterface", "LimitExceeded")
def too_many_security_groups(cloud: Cloud) -> dict[str, Any]:
    return cloud.eni_parameters(SecurityGroupIds=[cloud.make_group() for _ in range(6)])


case("CreateNetworkInterface", "InvalidParameterValue.LimitExceeded")(
    creation("10.0.1.50", SecondaryPrivateIpAddressCount=10)("CreateNetworkInterface")
)
case("CreateNetworkInterface", "LimitExceeded.NetworkInterfaceLimitExceeded", Limits(interfaces_per_vpc=0))(
    creation()("CreateNetworkInterface")
)
case("CreateAndAttachNetworkInterface", "LimitExceeded", Limits(interfaces_per_vpc=0))(
    creation()("CreateAndAttachNetworkInterface")
)


def full_subnet(action: str) -> Scene:
    def scene(cloud: Cloud) -> dict[str, Any]:
        cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=9)
        return creation(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=3)(action)(cloud)

    return scene


def repeated(action: str) -> Scene:
    def scene(cloud: Cloud) -> dict[str, Any]:
        parameters = creation(ClientToken="once")(action)(cloud)
        cloud.do(action, **parameters)
        return parameters | {"NetworkInterfaceName": "another"}

    return scene


def processing(action: str) -> Scene:
    def scene(cloud: Cloud) -> dict[str, Any]:
        parameters = creation(ClientToken="once")(action)(cloud)
        cloud.begin(action, **parameters)
        return parameters

    return scene


for creating in ("CreateNetworkInterface", "CreateAndAttachNetworkInterface"):
    case(creating, "ResourceInsufficient.Subnet")(full_subnet(creating))
    case(creating, REPEATED)(repeated(creating))
    case(creating, PROCESSING)(processing(creating))

CREATE_AND_ATTACH = "CreateAndAttachNetworkInterface"


@case(CREATE_AND_ATTACH, "UnsupportedOperation.VpcMismatch")
def create_and_attach_in_another_vpc(cloud: Cloud) -> dict[str, Any]:
    return cloud.eni_parameters(subnet=cloud.elsewhere) | {"InstanceId": cloud.a}


@case(CREATE_AND_ATTACH, INVALID_STATE)
def create_and_attach_to_a_moving_instance(cloud: Cloud) -> dict[str, Any]:
    cloud.begin("StopInstances", InstanceIds=[cloud.a])
    return cloud.eni_parameters() | {"InstanceId": cloud.a}


@case(CREATE_AND_ATTACH, UNSUPPORTED)
def create_and_attach_in_another_zone(cloud: Cloud) -> dict[str, Any]:
    return cloud.eni_parameters(subnet=cloud.far) | {"InstanceId": cloud.a}


@case(CREATE_AND_ATTACH, UNSUPPORTED)
def create_and_attach_without_security_group(cloud: Cloud) -> dict[str, Any]:
    return cloud.eni_parameters(SecurityGroupIds=[]) | {"InstanceId": cloud.a}


@case(CREATE_AND_ATTACH, "LimitExceeded")
def create_and_attach_a_third_eni(cloud: Cloud) -> dict[str, Any]:
    cloud.attach(cloud.make_eni(), cloud.a)
    return cloud.eni_parameters() | {"InstanceId": cloud.a}


@case(CREATE_AND_ATTACH, "LimitExceeded")
def create_and_attach_with_eleven_addresses_in_one_call(cloud: Cloud) -> dict[str, Any]:
    large = cloud.make_instance("10.0.1.12", InstanceType="S5.4XLARGE64")
    return cloud.eni_parameters("10.0.1.50", SecondaryPrivateIpAddressCount=10) | {"InstanceId": large}


@case(CREATE_AND_ATTACH, NOT_FOUND)
def create_and_attach_to_nothing(cloud: Cloud) -> dict[str, Any]:
    return cloud.eni_parameters() | {"InstanceId": ABSENT["ins"]}


# Deleting and modifying an ENI ----------------------------------------------------------------------------------------

simple("DeleteNetworkInterface", NOT_FOUND, NetworkInterfaceId=ABSENT["eni"])
case("DeleteNetworkInterface", UNSUPPORTED)(lambda cloud: {"NetworkInterfaceId": cloud.eni_a})


@case("DeleteNetworkInterface", UNSUPPORTED)
def delete_a_protected_eni(cloud: Cloud) -> dict[str, Any]:
    return {"NetworkInterfaceId": cloud.make_eni(TerminationProtection=True)}


@case("DeleteNetworkInterface", "ResourceInUse")
def delete_an_attached_eni(cloud: Cloud) -> dict[str, Any]:
    return {"NetworkInterfaceId": cloud.attach(cloud.make_eni(), cloud.a)}


@case("DeleteNetworkInterface", INVALID_STATE)
def delete_an_eni_that_is_attaching(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni()
    cloud.begin("AttachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
    return {"NetworkInterfaceId": eni}


@case("DeleteNetworkInterface", INVALID_STATE)
def delete_an_eni_that_gets_an_address(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni()
    cloud.begin("AssignPrivateIpAddresses", NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)
    return {"NetworkInterfaceId": eni}


simple("ModifyNetworkInterfaceAttribute", NOT_FOUND, NetworkInterfaceId=ABSENT["eni"])
case("ModifyNetworkInterfaceAttribute", NOT_FOUND)(
    lambda cloud: {"NetworkInterfaceId": cloud.make_eni(), "SecurityGroupIds": [ABSENT["sg"]]}
)
case("ModifyNetworkInterfaceAttribute", UNSUPPORTED)(
    lambda cloud: {"NetworkInterfaceId": cloud.eni_a, "SecurityGroupIds": []}
)
case("ModifyNetworkInterfaceAttribute", "LimitExceeded")(
    lambda cloud: {
        "NetworkInterfaceId": cloud.make_eni(),
        "SecurityGroupIds": [cloud.make_group() for _ in range(6)],
    }
)
simple("ModifyNetworkInterfaceQos", NOT_FOUND, NetworkInterfaceIds=[ABSENT["eni"]], QosLevel="PT")
simple("DescribeNetworkInterfaces", NOT_FOUND, NetworkInterfaceIds=[ABSENT["eni"]])
simple("DescribeNetworkInterfaceLimit", NOT_FOUND, InstanceId=ABSENT["eni"])
simple("DescribeNetworkInterfaceLimit", NO_INSTANCE, InstanceId=ABSENT["ins"])
