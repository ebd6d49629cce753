"""Refusals about ENIs on instances: attaching, detaching and migrating them."""

from __future__ import annotations

from typing import Any

from tests.unit.cloud_refusals.table import INVALID_STATE, NOT_FOUND, PROCESSING, REPEATED, UNSUPPORTED, case
from tests.unit.cloud_topology import ABSENT, Cloud

# Attaching ------------------------------------------------------------------------------------------------------------

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


@case(ATTACH, "UnsupportedOperation.ResourceIsInvalidState")
def attach_to_an_instance_that_is_pending(cloud: Cloud) -> dict[str, Any]:
    (instance,) = cloud.begin("RunInstances", **cloud.run_parameters()).resource_ids
    return attach(cloud.make_eni(), instance)


@case(ATTACH, "UnsupportedOperation.ResourceIsInvalidState")
def attach_to_an_instance_that_is_terminating(cloud: Cloud) -> dict[str, Any]:
    cloud.begin("TerminateInstances", InstanceIds=[cloud.a])
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


# Detaching ------------------------------------------------------------------------------------------------------------

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


# Migrating an ENI -----------------------------------------------------------------------------------------------------

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


@case(MIGRATE, UNSUPPORTED)
def migrate_an_eni_without_a_security_group(cloud: Cloud) -> dict[str, Any]:
    eni = on_a(cloud)
    cloud.do("DisassociateNetworkInterfaceSecurityGroups", NetworkInterfaceIds=[eni], SecurityGroupIds=[cloud.group])
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
