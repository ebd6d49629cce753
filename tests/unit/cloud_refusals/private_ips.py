"""Refusals about private addresses, and about tasks that do not exist."""

from __future__ import annotations

from typing import Any

from tests.unit.cloud_refusals.attachments import ATTACH, DETACH, attach, on_a
from tests.unit.cloud_refusals.table import (
    INVALID_STATE,
    MISMATCH,
    MUTEX,
    NOT_FOUND,
    PROCESSING,
    RANGE,
    REPEATED,
    RESERVED,
    UNSUPPORTED,
    Scene,
    case,
    simple,
)
from tests.unit.cloud_topology import ABSENT, Cloud, specifications

# Private addresses ----------------------------------------------------------------------------------------------------

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


@case(ASSIGN, "InvalidParameterValue.LimitExceeded")
def assign_eleven_addresses_in_one_call(cloud: Cloud) -> dict[str, Any]:
    cloud.make_instance("10.0.1.12", InstanceType="S5.4XLARGE64")
    (large,) = [item for item in cloud.region.network_interfaces.values() if "10.0.1.12" in item.addresses]
    return on_eni(large.network_interface_id, "10.0.1.100", SecondaryPrivateIpAddressCount=10)


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


# Tasks ----------------------------------------------------------------------------------------------------------------

simple("DescribeVpcTaskResult", NOT_FOUND, TaskId="no-such-task")
case("DescribeVpcTaskResult", NOT_FOUND)(lambda cloud: {"TaskId": cloud.begin("AllocateAddresses").task_id})
simple("DescribeTaskResult", "InvalidParameter", TaskId=1)
case("DescribeTaskResult", "InvalidParameter")(
    lambda cloud: {"TaskId": cloud.begin("CreateNetworkInterface", **cloud.eni_parameters()).number}
)
