"""Every refusal that an action declares, produced once, with the region held to be as it was.

Each case is named ``Action code`` and sets its scene in a fresh :class:`Cloud`; the last test holds the cases against
the declarations, so that a declared code without a case (or a case that no declaration covers) fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hasim.cloud import ACTIONS, Limits
from tests.unit.cloud_topology import ABSENT, Cloud, specifications

Scene = Callable[[Cloud], dict[str, Any]]
CASES: dict[tuple[str, str], list[tuple[Scene, Limits | None]]] = {}

MALFORMED = "InvalidParameterValue.Malformed"
RANGE = "InvalidParameterValue.Range"
RESERVED = "InvalidParameterValue.Reserved"
VALUE = "InvalidParameterValue"
MISMATCH = "InvalidParameterValue.ParameterMismatch"
NOT_FOUND = "ResourceNotFound"
UNSUPPORTED = "UnsupportedOperation"
INVALID_STATE = "UnsupportedOperation.InvalidState"
MUTEX = "UnsupportedOperation.MutexOperationTaskRunning"
EIP_MUTEX = "OperationDenied.MutexTaskRunning"
CVM_MUTEX = "MutexOperation.TaskRunning"
REPEATED = "UnsupportedOperation.IdempotentParameterMismatch"
PROCESSING = "UnsupportedOperation.IdempotentProcessing"
DUPLICATE_TAG = "InvalidParameterValue.TagDuplicateKey"
SAME_TAGS = [{"Key": "role", "Value": "1"}, {"Key": "role", "Value": "2"}]
NO_INSTANCE = "InvalidInstanceId.NotFound"
NO_GROUP = "InvalidSecurityGroupId.NotFound"
FULL_GROUP = "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded"


def case(action: str, code: str, limits: Limits | None = None) -> Callable[[Scene], Scene]:
    """Register a scene that returns the parameters of the call that is refused with ``code``."""

    def register(scene: Scene) -> Scene:
        CASES.setdefault((action, code), []).append((scene, limits))
        return scene

    return register


def simple(action: str, code: str, **parameters: Any) -> None:
    """A case whose parameters do not depend on the scene."""
    case(action, code)(lambda cloud: dict(parameters))


def listed() -> Iterator[Any]:
    for (action, code), scenes in CASES.items():
        for number, (scene, limits) in enumerate(scenes):
            yield pytest.param(action, code, scene, limits, id=f"{action} {code} {number}")


# VPC and subnet -----------------------------------------------------------------------------------------------------

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


# Creating an ENI, alone or with its attachment ----------------------------------------------------------------------


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
    case(creating, "LimitExceeded")(creation("10.0.1.50", SecondaryPrivateIpAddressCount=10)(creating))
    case(creating, "LimitExceeded", Limits(security_group_interfaces=3))(creation()(creating))
    case(creating, NOT_FOUND)(creation(SecurityGroupIds=[ABSENT["sg"]])(creating))
    case(creating, NOT_FOUND)(creation(VpcId=ABSENT["vpc"])(creating))
    case(creating, NOT_FOUND)(creation(SubnetId=ABSENT["subnet"])(creating))
    case(creating, NOT_FOUND)(foreign_subnet(creating))


@case("CreateNetworkInterface", "LimitExceeded")
def too_many_security_groups(cloud: Cloud) -> dict[str, Any]:
    return cloud.eni_parameters(SecurityGroupIds=[cloud.make_group() for _ in range(6)])


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


@case(CREATE_AND_ATTACH, NOT_FOUND)
def create_and_attach_to_nothing(cloud: Cloud) -> dict[str, Any]:
    return cloud.eni_parameters() | {"InstanceId": ABSENT["ins"]}


# Deleting and modifying an ENI --------------------------------------------------------------------------------------

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


# Attaching ----------------------------------------------------------------------------------------------------------

ATTACH = "AttachNetworkInterface"


def attach(eni: str, instance: str, **more: Any) -> dict[str, Any]:
    return {"NetworkInterfaceId": eni, "InstanceId": instance} | more


case(ATTACH, NOT_FOUND)(lambda cloud: attach(ABSENT["eni"], cloud.a))
case(ATTACH, NOT_FOUND)(lambda cloud: attach(cloud.make_eni(), ABSENT["ins"]))
case(ATTACH, "UnsupportedOperation.AttachmentAlreadyExists")(
    lambda cloud: attach(cloud.attach(cloud.make_eni(), cloud.a), cloud.b)
)
case(ATTACH, "UnsupportedOperation.AttachmentAlreadyExists")(
    lambda cloud: attach(cloud.attach(cloud.make_eni(), cloud.a), cloud.a)
)
case(ATTACH, "UnsupportedOperation.AttachmentAlreadyExists")(lambda cloud: attach(cloud.eni_a, cloud.b))
case(ATTACH, "UnsupportedOperation.ZoneMismatch")(lambda cloud: attach(cloud.make_eni(), cloud.c))
case(ATTACH, "UnsupportedOperation.VpcMismatch")(lambda cloud: attach(cloud.make_eni(subnet=cloud.elsewhere), cloud.a))
case(ATTACH, UNSUPPORTED)(lambda cloud: attach(cloud.make_eni(SecurityGroupIds=[]), cloud.a))


@case(ATTACH, "LimitExceeded")
def attach_a_third_eni(cloud: Cloud) -> dict[str, Any]:
    cloud.attach(cloud.make_eni(), cloud.a)
    return attach(cloud.make_eni(), cloud.a)


@case(ATTACH, "LimitExceeded")
def attach_a_third_eni_while_the_second_is_on_its_way(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(ATTACH, **attach(cloud.make_eni(), cloud.a))
    return attach(cloud.make_eni(), cloud.a)


@case(ATTACH, "LimitExceeded")
def attach_an_eni_with_more_addresses_than_the_instance_allows(cloud: Cloud) -> dict[str, Any]:
    small = cloud.make_instance("10.0.1.12", InstanceType="S5.SMALL1")
    return attach(cloud.make_eni(SecondaryPrivateIpAddressCount=2), small)


@case(ATTACH, INVALID_STATE)
def attach_an_eni_that_is_attaching(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni()
    cloud.begin(ATTACH, **attach(eni, cloud.a))
    return attach(eni, cloud.b)


@case(ATTACH, INVALID_STATE)
def attach_an_eni_that_is_pending(cloud: Cloud) -> dict[str, Any]:
    task = cloud.begin("CreateNetworkInterface", **cloud.eni_parameters())
    return attach(task.network_interface_id, cloud.a)


@case(ATTACH, INVALID_STATE)
def attach_an_eni_that_gets_an_address(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni()
    cloud.begin("AssignPrivateIpAddresses", NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)
    return attach(eni, cloud.a)


@case(ATTACH, "UnsupportedOperation.ResourceIsInvalidState")
def attach_to_an_instance_that_is_stopping(cloud: Cloud) -> dict[str, Any]:
    cloud.begin("StopInstances", InstanceIds=[cloud.a])
    return attach(cloud.make_eni(), cloud.a)


@case(ATTACH, PROCESSING)
def attach_again_with_the_token_of_a_running_task(cloud: Cloud) -> dict[str, Any]:
    parameters = attach(cloud.make_eni(), cloud.a, ClientToken="once")
    cloud.begin(ATTACH, **parameters)
    return parameters


@case(ATTACH, REPEATED)
def attach_elsewhere_with_a_used_token(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni()
    cloud.begin(ATTACH, **attach(eni, cloud.a, ClientToken="once"))
    return attach(eni, cloud.b, ClientToken="once")


# Detaching ----------------------------------------------------------------------------------------------------------

DETACH = "DetachNetworkInterface"

case(DETACH, NOT_FOUND)(lambda cloud: attach(ABSENT["eni"], cloud.a))
case(DETACH, NOT_FOUND)(lambda cloud: attach(cloud.make_eni(), ABSENT["ins"]))
case(DETACH, UNSUPPORTED)(lambda cloud: attach(cloud.eni_a, cloud.a))
case(DETACH, UNSUPPORTED)(lambda cloud: attach(cloud.attach(cloud.make_eni(), cloud.a), cloud.b))
case(DETACH, INVALID_STATE)(lambda cloud: attach(cloud.make_eni(), cloud.a))


@case(DETACH, INVALID_STATE)
def detach_an_eni_that_is_detaching(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    cloud.begin(DETACH, **attach(eni, cloud.a))
    return attach(eni, cloud.a)


@case(DETACH, INVALID_STATE)
def detach_an_eni_that_gets_an_address(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    cloud.begin("AssignPrivateIpAddresses", NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)
    return attach(eni, cloud.a)


@case(DETACH, "UnsupportedOperation.InstanceAssociateHavip")
def detach_an_eni_in_the_range_of_a_ha_vip(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": eni}])
    return attach(eni, cloud.a)


@case(DETACH, "UnsupportedOperation.InstanceAssociateHavip")
def detach_an_eni_whose_instance_is_in_the_range_of_a_ha_vip(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}])
    return attach(eni, cloud.a)


@case(DETACH, PROCESSING)
def detach_again_with_the_token_of_a_running_task(cloud: Cloud) -> dict[str, Any]:
    parameters = attach(cloud.attach(cloud.make_eni(), cloud.a), cloud.a, ClientToken="once")
    cloud.begin(DETACH, **parameters)
    return parameters


@case(DETACH, REPEATED)
def detach_another_with_a_used_token(cloud: Cloud) -> dict[str, Any]:
    cloud.do(DETACH, **attach(cloud.attach(cloud.make_eni(), cloud.a), cloud.a, ClientToken="once"))
    return attach(cloud.attach(cloud.make_eni(), cloud.b), cloud.b, ClientToken="once")


# Migrating an ENI ---------------------------------------------------------------------------------------------------

MIGRATE = "MigrateNetworkInterface"


def migrate(eni: str, source: str, destination: str) -> dict[str, Any]:
    return {"NetworkInterfaceId": eni, "SourceInstanceId": source, "DestinationInstanceId": destination}


def on_a(cloud: Cloud, *addresses: str, **more: Any) -> str:
    return cloud.attach(cloud.make_eni(*addresses, **more), cloud.a)


case(MIGRATE, NOT_FOUND)(lambda cloud: migrate(ABSENT["eni"], cloud.a, cloud.b))
case(MIGRATE, NOT_FOUND)(lambda cloud: migrate(on_a(cloud), ABSENT["ins"], cloud.b))
case(MIGRATE, NOT_FOUND)(lambda cloud: migrate(on_a(cloud), cloud.a, ABSENT["ins"]))
case(MIGRATE, UNSUPPORTED)(lambda cloud: migrate(cloud.eni_a, cloud.a, cloud.b))
case(MIGRATE, UNSUPPORTED)(lambda cloud: migrate(on_a(cloud), cloud.a, cloud.a))
case(MIGRATE, UNSUPPORTED)(lambda cloud: migrate(on_a(cloud), cloud.a, cloud.c))
case(MIGRATE, "UnsupportedOperation.AttachmentNotFound")(lambda cloud: migrate(on_a(cloud), cloud.b, cloud.a))
case(MIGRATE, "UnsupportedOperation.AttachmentNotFound")(lambda cloud: migrate(cloud.make_eni(), cloud.a, cloud.b))


@case(MIGRATE, UNSUPPORTED)
def migrate_an_eni_that_is_detaching(cloud: Cloud) -> dict[str, Any]:
    eni = on_a(cloud)
    cloud.begin(DETACH, **attach(eni, cloud.a))
    return migrate(eni, cloud.a, cloud.b)


@case(MIGRATE, UNSUPPORTED)
def migrate_an_eni_that_gets_an_address(cloud: Cloud) -> dict[str, Any]:
    eni = on_a(cloud)
    cloud.begin("AssignPrivateIpAddresses", NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)
    return migrate(eni, cloud.a, cloud.b)


@case(MIGRATE, UNSUPPORTED)
def migrate_to_an_instance_that_is_stopping(cloud: Cloud) -> dict[str, Any]:
    cloud.begin("StopInstances", InstanceIds=[cloud.b])
    return migrate(on_a(cloud), cloud.a, cloud.b)


@case(MIGRATE, UNSUPPORTED)
def migrate_an_eni_in_the_range_of_a_ha_vip(cloud: Cloud) -> dict[str, Any]:
    eni = on_a(cloud)
    cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": eni}])
    return migrate(eni, cloud.a, cloud.b)


@case(MIGRATE, "UnsupportedOperation.VpcMismatch")
def migrate_to_another_vpc(cloud: Cloud) -> dict[str, Any]:
    stranger = cloud.make_instance(subnet=cloud.elsewhere)
    return migrate(on_a(cloud), cloud.a, stranger)


@case(MIGRATE, "LimitExceeded")
def migrate_to_an_instance_with_all_its_enis(cloud: Cloud) -> dict[str, Any]:
    cloud.attach(cloud.make_eni(), cloud.b)
    return migrate(on_a(cloud), cloud.a, cloud.b)


@case(MIGRATE, "LimitExceeded")
def migrate_to_an_instance_that_allows_fewer_addresses(cloud: Cloud) -> dict[str, Any]:
    small = cloud.make_instance(InstanceType="S5.SMALL1")
    return migrate(on_a(cloud, SecondaryPrivateIpAddressCount=2), cloud.a, small)


# Private addresses --------------------------------------------------------------------------------------------------

ASSIGN, UNASSIGN, MOVE = "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses", "MigratePrivateIpAddress"


def on_eni(eni: str, *addresses: str, **more: Any) -> dict[str, Any]:
    return {"NetworkInterfaceId": eni, "PrivateIpAddresses": specifications(*addresses)} | more


def on_eni_a(*addresses: str, **more: Any) -> Scene:
    return lambda cloud: on_eni(cloud.eni_a, *addresses, **more)


simple(ASSIGN, NOT_FOUND, **on_eni(ABSENT["eni"], "10.0.1.100"))
case(ASSIGN, RANGE)(on_eni_a("10.0.2.100"))
case(ASSIGN, RESERVED)(on_eni_a("10.0.1.1"))
case(ASSIGN, "ResourceInUse")(on_eni_a("10.0.1.11"))
case(ASSIGN, "ResourceInUse")(on_eni_a("10.0.1.10"))
case(ASSIGN, "InvalidParameterValue.DuplicatePara")(on_eni_a("10.0.1.100", "10.0.1.100"))
case(ASSIGN, "LimitExceeded")(on_eni_a(*(f"10.0.1.{number}" for number in range(100, 110))))
case(ASSIGN, UNSUPPORTED)(
    lambda cloud: {
        "NetworkInterfaceId": cloud.eni_a,
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.100", "Primary": True}],
    }
)


@case(ASSIGN, "ResourceInUse")
def assign_an_address_that_is_on_its_way_to_another_eni(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(ASSIGN, **on_eni(cloud.eni_b, "10.0.1.100"))
    return on_eni(cloud.eni_a, "10.0.1.100")


@case(ASSIGN, "ResourceInUse")
def assign_the_address_of_a_ha_vip(cloud: Cloud) -> dict[str, Any]:
    cloud.make_ha_vip("10.0.1.100")
    return on_eni(cloud.eni_a, "10.0.1.100")


@case(ASSIGN, "LimitExceeded")
def assign_an_eleventh_address_to_an_unattached_eni(cloud: Cloud) -> dict[str, Any]:
    return {"NetworkInterfaceId": cloud.make_eni(), "SecondaryPrivateIpAddressCount": 10}


@case(ASSIGN, "ResourceInsufficient.Subnet")
def assign_more_than_the_subnet_has(cloud: Cloud) -> dict[str, Any]:
    cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=9)
    return {"NetworkInterfaceId": cloud.make_eni(subnet=cloud.tiny), "SecondaryPrivateIpAddressCount": 3}


@case(ASSIGN, INVALID_STATE)
def assign_to_an_eni_that_is_attaching(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni()
    cloud.begin(ATTACH, **attach(eni, cloud.a))
    return on_eni(eni, "10.0.1.100")


@case(ASSIGN, MUTEX)
def assign_to_an_eni_that_gets_another_address(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(ASSIGN, **on_eni(cloud.eni_a, "10.0.1.99"))
    return on_eni(cloud.eni_a, "10.0.1.100")


@case(ASSIGN, MUTEX)
def assign_to_an_eni_whose_address_gets_an_eip(cloud: Cloud) -> dict[str, Any]:
    cloud.begin("AssociateAddress", AddressId=cloud.make_eip(), InstanceId=cloud.a)
    return on_eni(cloud.eni_a, "10.0.1.100")


@case(ASSIGN, PROCESSING)
def assign_again_with_the_token_of_a_running_task(cloud: Cloud) -> dict[str, Any]:
    parameters = on_eni(cloud.eni_a, "10.0.1.100", ClientToken="once")
    cloud.begin(ASSIGN, **parameters)
    return parameters


@case(ASSIGN, REPEATED)
def assign_another_with_a_used_token(cloud: Cloud) -> dict[str, Any]:
    cloud.do(ASSIGN, **on_eni(cloud.eni_a, "10.0.1.100", ClientToken="once"))
    return on_eni(cloud.eni_a, "10.0.1.101", ClientToken="once")


simple(UNASSIGN, NOT_FOUND, **on_eni(ABSENT["eni"], "10.0.1.100"))
case(UNASSIGN, "UnsupportedOperation.AttachmentNotFound")(on_eni_a("10.0.1.100"))
case(UNASSIGN, UNSUPPORTED)(on_eni_a("10.0.1.10"))
case(UNASSIGN, "InvalidParameterValue.DuplicatePara")(on_eni_a("10.0.1.100", "10.0.1.100"))


@case(UNASSIGN, INVALID_STATE)
def unassign_from_an_eni_that_is_detaching(cloud: Cloud) -> dict[str, Any]:
    eni = on_a(cloud, "10.0.1.50", "10.0.1.100")
    cloud.begin(DETACH, **attach(eni, cloud.a))
    return on_eni(eni, "10.0.1.100")


@case(UNASSIGN, MUTEX)
def unassign_an_address_that_is_migrating(cloud: Cloud) -> dict[str, Any]:
    cloud.assign(cloud.eni_a, "10.0.1.100")
    cloud.begin(MOVE, **move(cloud.eni_a, cloud.eni_b))
    return on_eni(cloud.eni_a, "10.0.1.100")


def move(source: str, destination: str, address: str = "10.0.1.100") -> dict[str, Any]:
    return {
        "SourceNetworkInterfaceId": source,
        "DestinationNetworkInterfaceId": destination,
        "PrivateIpAddress": address,
    }


case(MOVE, NOT_FOUND)(lambda cloud: move(ABSENT["eni"], cloud.eni_b))
case(MOVE, NOT_FOUND)(lambda cloud: move(cloud.eni_a, ABSENT["eni"]))
case(MOVE, "UnauthorizedOperation.AttachmentNotFound")(lambda cloud: move(cloud.eni_a, cloud.eni_b))
case(MOVE, "UnauthorizedOperation.PrimaryIp")(lambda cloud: move(cloud.eni_a, cloud.eni_b, "10.0.1.10"))


def with_floating_address(scene: Scene) -> Scene:
    """The scene, after 10.0.1.100 has been put on the primary ENI of ``a``."""

    def prepared(cloud: Cloud) -> dict[str, Any]:
        cloud.assign(cloud.eni_a, "10.0.1.100")
        return scene(cloud)

    return prepared


case(MOVE, UNSUPPORTED)(with_floating_address(lambda cloud: move(cloud.eni_a, cloud.eni_a)))
case(MOVE, UNSUPPORTED)(with_floating_address(lambda cloud: move(cloud.eni_a, cloud.eni_c)))
case(MOVE, UNSUPPORTED)(with_floating_address(lambda cloud: move(cloud.eni_a, cloud.make_eni(subnet=cloud.second))))


@case(MOVE, "LimitExceeded")
@with_floating_address
def move_to_an_eni_with_all_its_addresses(cloud: Cloud) -> dict[str, Any]:
    cloud.do(ASSIGN, NetworkInterfaceId=cloud.eni_b, SecondaryPrivateIpAddressCount=9)
    return move(cloud.eni_a, cloud.eni_b)


@case(MOVE, MUTEX)
@with_floating_address
def move_an_address_that_is_migrating(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(MOVE, **move(cloud.eni_a, cloud.eni_b))
    return move(cloud.eni_a, cloud.make_eni())


@case(MOVE, MUTEX)
@with_floating_address
def move_to_an_eni_that_is_attaching(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni()
    cloud.begin(ATTACH, **attach(eni, cloud.b))
    return move(cloud.eni_a, eni)


simple("ModifyPrivateIpAddressesAttribute", NOT_FOUND, **on_eni(ABSENT["eni"], "10.0.1.100"))
case("ModifyPrivateIpAddressesAttribute", NOT_FOUND)(on_eni_a("10.0.1.100"))


@case("ModifyPrivateIpAddressesAttribute", INVALID_STATE)
def modify_an_address_of_an_eni_that_is_attaching(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni("10.0.1.50")
    cloud.begin(ATTACH, **attach(eni, cloud.a))
    return on_eni(eni, "10.0.1.50")


simple("DescribeVpcPrivateIpAddresses", NOT_FOUND, VpcId=ABSENT["vpc"], PrivateIpAddresses=["10.0.1.10"])
simple("DescribeUsedIpAddress", MISMATCH, VpcId=ABSENT["vpc"])
case("DescribeUsedIpAddress", MISMATCH)(lambda cloud: {"VpcId": cloud.vpc, "SubnetId": ABSENT["subnet"]})
case("DescribeUsedIpAddress", MISMATCH)(lambda cloud: {"VpcId": cloud.vpc, "SubnetId": cloud.elsewhere})

# Tasks --------------------------------------------------------------------------------------------------------------

simple("DescribeVpcTaskResult", NOT_FOUND, TaskId="no-such-task")
case("DescribeVpcTaskResult", NOT_FOUND)(lambda cloud: {"TaskId": cloud.begin("AllocateAddresses").task_id})
simple("DescribeTaskResult", "InvalidParameter", TaskId=1)
case("DescribeTaskResult", "InvalidParameter")(
    lambda cloud: {"TaskId": cloud.begin("CreateNetworkInterface", **cloud.eni_parameters()).number}
)


# EIPs ---------------------------------------------------------------------------------------------------------------

NO_EIP = "InvalidAddressId.NotFound"
NOT_PERMITTED = "UnsupportedOperation.AddressStatusNotPermit"
NO_ENI = "InvalidNetworkInterfaceId.NotFound"
DAILY = "AddressQuotaLimitExceeded.DailyAllocate"
ASSOCIATE, DISASSOCIATE = "AssociateAddress", "DisassociateAddress"

case("AllocateAddresses", "AddressQuotaLimitExceeded", Limits(eips=1))(lambda cloud: {"AddressCount": 2})
simple("AllocateAddresses", "InvalidParameterValue.InvalidTag", Tags=SAME_TAGS)


@case("AllocateAddresses", DAILY, Limits(eips=1, address_daily_factor=2))
def allocate_a_third_time_in_a_day(cloud: Cloud) -> dict[str, Any]:
    for _ in range(2):
        cloud.do("ReleaseAddresses", AddressIds=[cloud.make_eip()])
    return {}


simple("ReleaseAddresses", NO_EIP, AddressIds=[ABSENT["eip"]])
case("ReleaseAddresses", NOT_PERMITTED)(
    lambda cloud: {"AddressIds": [cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")]}
)
case("ReleaseAddresses", EIP_MUTEX)(lambda cloud: {"AddressIds": list(cloud.begin("AllocateAddresses").address_ids)})
simple("ModifyAddressAttribute", NO_EIP, AddressId=ABSENT["eip"])
case("ModifyAddressAttribute", EIP_MUTEX)(lambda cloud: {"AddressId": cloud.begin("AllocateAddresses").address_ids[0]})


def to_address(eip: str, eni: str, address: str) -> dict[str, Any]:
    return {"AddressId": eip, "NetworkInterfaceId": eni, "PrivateIpAddress": address}


def to_instance(eip: str, instance: str, **more: Any) -> dict[str, Any]:
    return {"AddressId": eip, "InstanceId": instance} | more


case(ASSOCIATE, NO_EIP)(lambda cloud: to_instance(ABSENT["eip"], cloud.a))
case(ASSOCIATE, NO_INSTANCE)(lambda cloud: to_instance(cloud.make_eip(), ABSENT["ins"]))
case(ASSOCIATE, NO_ENI)(lambda cloud: to_address(cloud.make_eip(), ABSENT["eni"], "10.0.1.10"))
case(ASSOCIATE, NO_ENI)(lambda cloud: to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.11"))
case(ASSOCIATE, "MissingParameter")(lambda cloud: {"AddressId": cloud.make_eip(), "NetworkInterfaceId": cloud.eni_a})
case(ASSOCIATE, "InvalidParameterValue.Combination")(
    lambda cloud: to_instance(cloud.make_eip(), cloud.a, PrivateIpAddress="10.0.1.10")
)


@case(ASSOCIATE, "InvalidAddressId.Blocked")
def associate_a_blocked_eip(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    cloud.region.flag_eip(eip, is_blocked=True)
    return to_instance(eip, cloud.a)


@case(ASSOCIATE, "OperationDenied.AddressInArrears")
def associate_an_isolated_eip(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    cloud.region.flag_eip(eip, is_arrears=True)
    return to_instance(eip, cloud.a)


@case(ASSOCIATE, NOT_PERMITTED)
def associate_an_eip_that_is_bound(cloud: Cloud) -> dict[str, Any]:
    return to_instance(cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10"), cloud.b)


@case(ASSOCIATE, "InvalidPrivateIpAddress.AlreadyBindEip")
def associate_with_an_address_that_has_an_eip(cloud: Cloud) -> dict[str, Any]:
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    return to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.10")


@case(ASSOCIATE, "InvalidInstanceId.AlreadyBindEip")
def associate_with_an_instance_that_has_an_eip(cloud: Cloud) -> dict[str, Any]:
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    return to_instance(cloud.make_eip(), cloud.a)


@case(ASSOCIATE, "InvalidParameterValue.InstanceHasWanIP")
def associate_with_an_instance_that_has_an_ordinary_address(cloud: Cloud) -> dict[str, Any]:
    public = cloud.make_instance(InternetAccessible={"PublicIpAssigned": True})
    return to_instance(cloud.make_eip(), public)


@case(ASSOCIATE, "InvalidParameterValue.InvalidInstanceState")
def associate_with_an_instance_that_is_stopping(cloud: Cloud) -> dict[str, Any]:
    cloud.begin("StopInstances", InstanceIds=[cloud.a])
    return to_instance(cloud.make_eip(), cloud.a)


@case(ASSOCIATE, "UnsupportedOperation.InstanceStatusNotPermit")
def associate_with_an_instance_that_is_stopped_without_charge(cloud: Cloud) -> dict[str, Any]:
    cloud.do("StopInstances", InstanceIds=[cloud.a], StoppedMode="STOP_CHARGING")
    return to_instance(cloud.make_eip(), cloud.a)


@case(ASSOCIATE, "LimitExceeded.InstanceAddressQuota")
def associate_a_third_eip_with_two_cores(cloud: Cloud) -> dict[str, Any]:
    cloud.assign(cloud.eni_a, "10.0.1.100", "10.0.1.101")
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.begin(ASSOCIATE, **to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.100"))
    return to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.101")


@case(ASSOCIATE, EIP_MUTEX)
def associate_an_eip_that_is_binding(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    cloud.begin(ASSOCIATE, **to_instance(eip, cloud.a))
    return to_instance(eip, cloud.b)


@case(ASSOCIATE, EIP_MUTEX)
def associate_with_an_address_that_gets_another_eip(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(ASSOCIATE, **to_instance(cloud.make_eip(), cloud.a))
    return to_instance(cloud.make_eip(), cloud.a)


@case(ASSOCIATE, EIP_MUTEX)
@with_floating_address
def associate_with_an_address_that_is_migrating(cloud: Cloud) -> dict[str, Any]:
    cloud.begin(MOVE, **move(cloud.eni_a, cloud.eni_b))
    return to_address(cloud.make_eip(), cloud.eni_a, "10.0.1.100")


@case(ASSOCIATE, EIP_MUTEX)
def associate_with_an_eni_that_is_attaching(cloud: Cloud) -> dict[str, Any]:
    eni = cloud.make_eni("10.0.1.50")
    cloud.begin(ATTACH, **attach(eni, cloud.a))
    return to_address(cloud.make_eip(), eni, "10.0.1.50")


simple(DISASSOCIATE, NO_EIP, AddressId=ABSENT["eip"])
case(DISASSOCIATE, NOT_PERMITTED)(lambda cloud: {"AddressId": cloud.make_eip()})


@case(DISASSOCIATE, "InvalidParameterValue.ResourceNotSupport")
def disassociate_an_eip_of_a_ha_vip(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    address = cloud.describe_eip(eip)["AddressIp"]
    cloud.do("HaVipAssociateAddressIp", HaVipId=cloud.make_ha_vip(), AddressIp=address)
    return {"AddressId": eip}


@case(DISASSOCIATE, "InvalidParameterValue.OnlySupportedForMasterNetworkCard")
@with_floating_address
def disassociate_a_secondary_address_and_ask_for_an_ordinary_one(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.100")
    return {"AddressId": eip, "ReallocateNormalPublicIp": True}


@case(DISASSOCIATE, DAILY, Limits(ordinary_address_reallocations_per_day=0))
def disassociate_and_ask_for_an_ordinary_address_too_often(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    return {"AddressId": eip, "ReallocateNormalPublicIp": True}


@case(DISASSOCIATE, EIP_MUTEX)
def disassociate_an_eip_that_is_unbinding(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    cloud.begin(DISASSOCIATE, AddressId=eip)
    return {"AddressId": eip}


@case(DISASSOCIATE, EIP_MUTEX)
@with_floating_address
def disassociate_an_eip_whose_address_is_migrating(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.100")
    cloud.begin(MOVE, **move(cloud.eni_a, cloud.eni_b))
    return {"AddressId": eip}


def public_instance(cloud: Cloud) -> str:
    return cloud.make_instance(InternetAccessible={"InternetMaxBandwidthOut": 5})


simple("TransformAddress", NO_INSTANCE, InstanceId=ABSENT["ins"])
case("TransformAddress", "InvalidParameterValue.InstanceHasNoWanIP")(lambda cloud: {"InstanceId": cloud.a})
case("TransformAddress", "AddressQuotaLimitExceeded", Limits(eips=0))(
    lambda cloud: {"InstanceId": public_instance(cloud)}
)
case("TransformAddress", DAILY, Limits(address_daily_factor=0))(lambda cloud: {"InstanceId": public_instance(cloud)})


@case("TransformAddress", "InvalidInstanceId.AlreadyBindEip")
def transform_where_an_eip_is_bound(cloud: Cloud) -> dict[str, Any]:
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    return {"InstanceId": cloud.a}


@case("TransformAddress", "InvalidParameterValue.InvalidInstanceState")
def transform_while_the_instance_stops(cloud: Cloud) -> dict[str, Any]:
    instance = public_instance(cloud)
    cloud.begin("StopInstances", InstanceIds=[instance])
    return {"InstanceId": instance}


@case("TransformAddress", EIP_MUTEX)
def transform_twice(cloud: Cloud) -> dict[str, Any]:
    instance = public_instance(cloud)
    cloud.begin("TransformAddress", InstanceId=instance)
    return {"InstanceId": instance}


# HAVIPs -------------------------------------------------------------------------------------------------------------

CREATE_HA_VIP = "CreateHaVip"
BIND_HA_VIP, UNBIND_HA_VIP = "HaVipAssociateAddressIp", "HaVipDisassociateAddressIp"
JOIN, LEAVE = "AssociateHaVipInstance", "DisassociateHaVipInstance"
NO_SUBNET = "UnsupportedOperation.SubnetNotExists"


def ha_vip(**more: Any) -> Scene:
    return lambda cloud: {"VpcId": cloud.vpc, "HaVipName": "vip", "SubnetId": cloud.subnet} | more


case(CREATE_HA_VIP, NOT_FOUND)(ha_vip(VpcId=ABSENT["vpc"]))
case(CREATE_HA_VIP, NOT_FOUND)(ha_vip(NetworkInterfaceId=ABSENT["eni"]))
case(CREATE_HA_VIP, NO_SUBNET)(ha_vip(SubnetId=ABSENT["subnet"]))
case(CREATE_HA_VIP, NO_SUBNET)(lambda cloud: ha_vip(SubnetId=cloud.elsewhere)(cloud))
case(CREATE_HA_VIP, NO_SUBNET)(ha_vip(SubnetId=None, Vip="10.0.200.1"))
case(CREATE_HA_VIP, RANGE)(ha_vip(Vip="10.0.2.100"))
case(CREATE_HA_VIP, RESERVED)(ha_vip(Vip="10.0.1.255"))
case(CREATE_HA_VIP, "ResourceInUse")(ha_vip(Vip="10.0.1.10"))
case(CREATE_HA_VIP, VALUE)(ha_vip(Tags=SAME_TAGS))
case(CREATE_HA_VIP, "LimitExceeded", Limits(ha_vips_per_vpc=0))(ha_vip())
case(CREATE_HA_VIP, "LimitExceeded", Limits(ha_vip_associations=1))(
    lambda cloud: ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}, {"InstanceId": cloud.b}])(cloud)
)
case(CREATE_HA_VIP, "InvalidParameterValue.Duplicate")(
    lambda cloud: ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}] * 2)(cloud)
)
case(CREATE_HA_VIP, UNSUPPORTED)(lambda cloud: ha_vip(NetworkInterfaceId=cloud.make_eni())(cloud))
case(CREATE_HA_VIP, UNSUPPORTED)(lambda cloud: ha_vip(NetworkInterfaceId=cloud.eni_c)(cloud))
case(CREATE_HA_VIP, UNSUPPORTED)(lambda cloud: ha_vip(NetworkInterfaceId=cloud.eni_a, CheckAssociate=True)(cloud))
case(CREATE_HA_VIP, UNSUPPORTED)(
    lambda cloud: ha_vip(
        NetworkInterfaceId=cloud.eni_a, CheckAssociate=True, HaVipAssociationSet=[{"InstanceId": cloud.b}]
    )(cloud)
)


@case(CREATE_HA_VIP, "ResourceInsufficient")
def create_a_ha_vip_in_a_full_subnet(cloud: Cloud) -> dict[str, Any]:
    cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=9)
    cloud.make_eni(subnet=cloud.tiny, SecondaryPrivateIpAddressCount=2)
    return ha_vip(SubnetId=cloud.tiny)(cloud)


@case(CREATE_HA_VIP, VALUE)
def create_a_ha_vip_with_a_used_token(cloud: Cloud) -> dict[str, Any]:
    cloud.do(CREATE_HA_VIP, **ha_vip(ClientToken="once")(cloud))
    return ha_vip(ClientToken="once", HaVipName="another")(cloud)


def bound_ha_vip(cloud: Cloud) -> str:
    vip = cloud.make_ha_vip()
    cloud.do(BIND_HA_VIP, HaVipId=vip, AddressIp=cloud.describe_eip(cloud.make_eip())["AddressIp"])
    return vip


simple("DeleteHaVip", NOT_FOUND, HaVipId=ABSENT["havip"])
case("DeleteHaVip", UNSUPPORTED)(lambda cloud: {"HaVipId": bound_ha_vip(cloud)})


@case("DeleteHaVip", UNSUPPORTED)
def delete_a_ha_vip_twice(cloud: Cloud) -> dict[str, Any]:
    vip = cloud.make_ha_vip()
    cloud.begin("DeleteHaVip", HaVipId=vip)
    return {"HaVipId": vip}


simple("ModifyHaVipAttribute", NOT_FOUND, HaVipId=ABSENT["havip"])
simple(BIND_HA_VIP, NOT_FOUND, HaVipId=ABSENT["havip"], AddressIp="198.18.0.1")
case(BIND_HA_VIP, NOT_FOUND)(lambda cloud: {"HaVipId": cloud.make_ha_vip(), "AddressIp": "198.18.0.99"})


def with_eip(cloud: Cloud, vip: str, eip: str) -> dict[str, Any]:
    return {"HaVipId": vip, "AddressIp": cloud.describe_eip(eip)["AddressIp"]}


case(BIND_HA_VIP, "UnsupportedOperation.BindEIP")(lambda cloud: with_eip(cloud, bound_ha_vip(cloud), cloud.make_eip()))
case(BIND_HA_VIP, "UnsupportedOperation.BindEIP")(
    lambda cloud: with_eip(cloud, cloud.make_ha_vip(), cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10"))
)


@case(BIND_HA_VIP, UNSUPPORTED)
def bind_a_blocked_eip_to_a_ha_vip(cloud: Cloud) -> dict[str, Any]:
    eip = cloud.make_eip()
    cloud.region.flag_eip(eip, is_blocked=True)
    return with_eip(cloud, cloud.make_ha_vip(), eip)


@case(BIND_HA_VIP, MUTEX)
def bind_two_eips_to_a_ha_vip_at_once(cloud: Cloud) -> dict[str, Any]:
    vip = cloud.make_ha_vip()
    cloud.begin(BIND_HA_VIP, **with_eip(cloud, vip, cloud.make_eip()))
    return with_eip(cloud, vip, cloud.make_eip())


simple(UNBIND_HA_VIP, NOT_FOUND, HaVipId=ABSENT["havip"])
case(UNBIND_HA_VIP, "UnsupportedOperation.UnbindEIP")(lambda cloud: {"HaVipId": cloud.make_ha_vip()})


@case(UNBIND_HA_VIP, MUTEX)
def unbind_the_eip_of_a_ha_vip_twice(cloud: Cloud) -> dict[str, Any]:
    vip = bound_ha_vip(cloud)
    cloud.begin(UNBIND_HA_VIP, HaVipId=vip)
    return {"HaVipId": vip}


def members(vip: str, *identifiers: str, kind: str | None = None) -> dict[str, Any]:
    return {"HaVipAssociationSet": [{"HaVipId": vip, "InstanceId": item, "InstanceType": kind} for item in identifiers]}


for action in (JOIN, LEAVE):
    case(action, NOT_FOUND)(lambda cloud: members(ABSENT["havip"], cloud.a))
    case(action, NOT_FOUND)(lambda cloud: members(cloud.make_ha_vip(), ABSENT["ins"]))
    case(action, "InvalidParameterValue.Duplicate")(lambda cloud: members(cloud.make_ha_vip(), cloud.a, cloud.a))
    case(action, MISMATCH)(lambda cloud: members(cloud.make_ha_vip(), cloud.a, kind="ENI"))
case(JOIN, VALUE)(lambda cloud: members(cloud.make_ha_vip(), cloud.eni_a))
case(JOIN, VALUE)(lambda cloud: members(cloud.make_ha_vip(), cloud.make_eni()))
case(JOIN, VALUE)(lambda cloud: members(cloud.make_ha_vip(), cloud.make_instance(subnet=cloud.elsewhere)))
case(JOIN, VALUE)(lambda cloud: members(cloud.make_ha_vip(), cloud.b, on_a(cloud)))
case(JOIN, "InvalidParameterValue.DuplicatedHaVipAssociations")(
    lambda cloud: members(cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}]), cloud.a)
)
case(JOIN, "LimitExceeded", Limits(ha_vip_associations=1))(
    lambda cloud: members(cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}]), cloud.b)
)


# Security groups ----------------------------------------------------------------------------------------------------

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


# Instances ----------------------------------------------------------------------------------------------------------

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


@pytest.mark.parametrize(("action", "code", "scene", "limits"), list(listed()))
def test_refused_and_nothing_changed(action: str, code: str, scene: Scene, limits: Limits | None) -> None:
    cloud = Cloud(limits)
    assert cloud.refused(action, **scene(cloud)) == code


def test_every_declared_refusal_is_produced() -> None:
    declared = {(name, code) for name, spec in ACTIONS.items() for code in spec.refusals}
    assert declared - CASES.keys() == set()


def test_every_case_is_declared() -> None:
    undeclared = {(action, code) for action, code in CASES if code not in ACTIONS[action].codes}
    assert undeclared == set()
