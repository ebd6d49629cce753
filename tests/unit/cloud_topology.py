"""A small region for the tests of the control plane, with every check of the model switched on."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.cloud import CloudError, Limits, Region, Task

__all__ = ["ABSENT", "Cloud", "specifications"]

ABSENT = {prefix: f"{prefix}-00000000" for prefix in ("vpc", "subnet", "eni", "ins", "sg", "eip", "havip")}
"""Identifiers that are well-formed and belong to nothing."""

IMAGE = "img-test0001"


class Cloud:
    """Two zones, two VPCs, and three instances with 2 cores and 4 GB (two ENIs, ten addresses each).

    ``subnet`` (10.0.1.0/24) with ``a`` (.10) and ``b`` (.11), ``second`` (10.0.2.0/24) and ``tiny`` (10.0.9.0/28) are
    in zone 1; ``far`` (10.0.3.0/24) with ``c`` (.10) is in zone 2; ``elsewhere`` (172.16.0.0/24) is in another VPC.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.region = Region("ap-guangzhou", ("ap-guangzhou-1", "ap-guangzhou-2"), limits, paranoid=True)
        self.now_ns = 0
        self.vpc = self.do("CreateVpc", VpcName="main", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.other_vpc = self.do("CreateVpc", VpcName="other", CidrBlock="172.16.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.make_subnet("10.0.1.0/24")
        self.second = self.make_subnet("10.0.2.0/24")
        self.tiny = self.make_subnet("10.0.9.0/28")
        self.far = self.make_subnet("10.0.3.0/24", zone="ap-guangzhou-2")
        self.elsewhere = self.make_subnet("172.16.0.0/24", vpc=self.other_vpc)
        self.group = self.make_group()
        self.a = self.make_instance("10.0.1.10")
        self.b = self.make_instance("10.0.1.11")
        self.c = self.make_instance("10.0.3.10", subnet=self.far)
        self.eni_a, self.eni_b, self.eni_c = (self.primary(item) for item in (self.a, self.b, self.c))

    # Calls ----------------------------------------------------------------------------------------------------------

    def do(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Call and commit."""
        return self.region.complete(action, parameters, now_ns=self.now_ns)

    def begin(self, action: str, **parameters: Any) -> Task:
        """Call and leave the task running."""
        task = self.region.call(action, parameters, now_ns=self.now_ns).task
        assert task is not None
        return task

    def commit(self, task: Task) -> None:
        self.region.commit(task.task_id, now_ns=self.now_ns)

    def fail(self, task: Task) -> None:
        self.region.fail(task.task_id, now_ns=self.now_ns)

    def refused(self, action: str, **parameters: Any) -> str:
        """The code with which a call is refused; the region is held to be as it was."""
        before = self.region.snapshot()
        with pytest.raises(CloudError) as caught:
            self.region.call(action, parameters, now_ns=self.now_ns)
        assert self.region.snapshot() == before
        return caught.value.code

    # Building -------------------------------------------------------------------------------------------------------

    def make_subnet(self, cidr: str, *, zone: str = "ap-guangzhou-1", vpc: str = "") -> str:
        reply = self.do("CreateSubnet", VpcId=vpc or self.vpc, SubnetName=cidr, CidrBlock=cidr, Zone=zone)
        return str(reply["Subnet"]["SubnetId"])

    def make_group(self, name: str = "group") -> str:
        reply = self.do("CreateSecurityGroup", GroupName=name, GroupDescription="for tests")
        return str(reply["SecurityGroup"]["SecurityGroupId"])

    def run_parameters(self, address: str = "", *, subnet: str = "", **more: Any) -> dict[str, Any]:
        """Parameters of RunInstances for one instance."""
        record = self.region.subnets[subnet or self.subnet]
        network: dict[str, Any] = {"VpcId": record.vpc_id, "SubnetId": record.subnet_id}
        if address:
            network["PrivateIpAddresses"] = [address]
        parameters = {
            "Placement": {"Zone": record.zone},
            "ImageId": IMAGE,
            "InstanceType": "S5.MEDIUM4",
            "VirtualPrivateCloud": network,
            "SecurityGroupIds": [self.group],
        }
        return parameters | more

    def make_instance(self, address: str = "", *, subnet: str = "", **more: Any) -> str:
        reply = self.do("RunInstances", **self.run_parameters(address, subnet=subnet, **more))
        return str(reply["InstanceIdSet"][0])

    def primary(self, instance: str) -> str:
        """The primary ENI of an instance."""
        return self.region.instances[instance].network_interface_id

    def eni_parameters(self, *addresses: str, subnet: str = "", **more: Any) -> dict[str, Any]:
        """Parameters of CreateNetworkInterface; the first address is the primary one."""
        record = self.region.subnets[subnet or self.subnet]
        parameters: dict[str, Any] = {
            "VpcId": record.vpc_id,
            "SubnetId": record.subnet_id,
            "NetworkInterfaceName": "floating",
            "SecurityGroupIds": [self.group],
        }
        if addresses:
            parameters["PrivateIpAddresses"] = [
                {"PrivateIpAddress": address, "Primary": index == 0} for index, address in enumerate(addresses)
            ]
        return parameters | more

    def make_eni(self, *addresses: str, subnet: str = "", **more: Any) -> str:
        reply = self.do("CreateNetworkInterface", **self.eni_parameters(*addresses, subnet=subnet, **more))
        return str(reply["NetworkInterface"]["NetworkInterfaceId"])

    def attach(self, eni: str, instance: str) -> str:
        self.do("AttachNetworkInterface", NetworkInterfaceId=eni, InstanceId=instance)
        return eni

    def assign(self, eni: str, *addresses: str) -> None:
        self.do("AssignPrivateIpAddresses", NetworkInterfaceId=eni, PrivateIpAddresses=specifications(*addresses))

    def make_eip(self) -> str:
        return str(self.do("AllocateAddresses")["AddressSet"][0])

    def bind(self, eip: str, eni: str, address: str) -> str:
        self.do("AssociateAddress", AddressId=eip, NetworkInterfaceId=eni, PrivateIpAddress=address)
        return eip

    def make_ha_vip(self, address: str = "", *, subnet: str = "", **more: Any) -> str:
        parameters = {"VpcId": self.vpc, "HaVipName": "vip", "SubnetId": subnet or self.subnet} | more
        if address:
            parameters["Vip"] = address
        return str(self.do("CreateHaVip", **parameters)["HaVip"]["HaVipId"])

    # Looking --------------------------------------------------------------------------------------------------------

    def describe_eni(self, eni: str) -> dict[str, Any]:
        reply = self.do("DescribeNetworkInterfaces", NetworkInterfaceIds=[eni])
        (found,) = reply["NetworkInterfaceSet"]
        return dict(found)

    def describe_eip(self, eip: str) -> dict[str, Any]:
        (found,) = self.do("DescribeAddresses", AddressIds=[eip])["AddressSet"]
        return dict(found)

    def describe_instance(self, instance: str) -> dict[str, Any]:
        (found,) = self.do("DescribeInstances", InstanceIds=[instance])["InstanceSet"]
        return dict(found)

    def describe_ha_vip(self, ha_vip: str) -> dict[str, Any]:
        (found,) = self.do("DescribeHaVips", HaVipIds=[ha_vip])["HaVipSet"]
        return dict(found)

    def addresses(self, eni: str) -> dict[str, str]:
        """Addresses of an ENI and their states."""
        found = self.describe_eni(eni)["PrivateIpAddressSet"]
        return {item["PrivateIpAddress"]: item["State"] for item in found}

    def instance_of(self, address: str) -> str | None:
        """The instance that holds an address, by committed truth."""
        holder = self.region.holder_of(self.vpc, address)
        return holder.instance_id if holder else None


def specifications(*addresses: str) -> list[dict[str, Any]]:
    """PrivateIpAddresses of these addresses."""
    return [{"PrivateIpAddress": address} for address in addresses]
