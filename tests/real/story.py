"""The whole story of a topology, told through an official client: built, moved about, refused, cleaned up."""

from __future__ import annotations

from typing import Any, Protocol

from tests.real.serving import REGION, Served, wait_until

__all__ = ["Asking", "tell"]

ZONE, OTHER_ZONE = f"{REGION}-3", f"{REGION}-4"
FLOATING = "10.0.1.100"
LimitedCall = tuple[str, dict[str, Any], str]


class Asking(Protocol):
    """One of the official clients."""

    def ask(self, action: str, **parameters: Any) -> dict[str, Any]:
        """The response to a call that is answered well."""

    def refusal(self, action: str, **parameters: Any) -> str:
        """The code of a call that is refused."""


def listed(*addresses: str) -> list[dict[str, str]]:
    return [{"PrivateIpAddress": address} for address in addresses]


class Topology:
    """A VPC with a subnet in each of two zones, and three instances: two in the first zone, one in the second."""

    def __init__(self, client: Asking) -> None:
        self.client = client
        self.vpc = client.ask("CreateVpc", VpcName="main", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self._subnet("10.0.1.0/24", ZONE)
        self.far = self._subnet("10.0.2.0/24", OTHER_ZONE)
        group = client.ask("CreateSecurityGroup", GroupName="all", GroupDescription="open")
        self.group = group["SecurityGroup"]["SecurityGroupId"]
        self.a, self.b = self._run("pair", 2, self.subnet, ZONE, "S5.LARGE8")
        (self.small,) = self._run("small", 1, self.far, OTHER_ZONE, "S5.SMALL1")
        wait_until(lambda: {item["InstanceState"] for item in self.instances()} == {"RUNNING"})
        found = client.ask("DescribeNetworkInterfaces")["NetworkInterfaceSet"]
        primary = {item["Attachment"]["InstanceId"]: item for item in found}
        self.on_a, self.on_b, self.on_small = (
            primary[item]["NetworkInterfaceId"] for item in (self.a, self.b, self.small)
        )
        self.address_of_b = primary[self.b]["PrivateIpAddressSet"][0]["PrivateIpAddress"]

    def _subnet(self, cidr: str, zone: str) -> str:
        reply = self.client.ask("CreateSubnet", VpcId=self.vpc, SubnetName=cidr, CidrBlock=cidr, Zone=zone)
        return str(reply["Subnet"]["SubnetId"])

    def _run(self, name: str, count: int, subnet: str, zone: str, type_name: str) -> list[str]:
        reply = self.client.ask(
            "RunInstances",
            InstanceName=name,
            InstanceCount=count,
            InstanceType=type_name,
            ImageId="img-487zeit5",
            Placement={"Zone": zone},
            VirtualPrivateCloud={"VpcId": self.vpc, "SubnetId": subnet},
            SecurityGroupIds=[self.group],
        )
        return list(reply["InstanceIdSet"])

    def instances(self) -> list[dict[str, Any]]:
        named = [self.a, self.b, self.small]
        return list(self.client.ask("DescribeInstances", InstanceIds=named)["InstanceSet"])

    def instance_of(self, interface: str) -> str:
        """The instance that an ENI is on, found by a filter."""
        wanted = [{"Name": "network-interface-id", "Values": [interface]}]
        (found,) = self.client.ask("DescribeNetworkInterfaces", Filters=wanted)["NetworkInterfaceSet"]
        return str(found["Attachment"]["InstanceId"])

    def create_interface(self, name: str, subnet: str, **more: Any) -> str:
        more.setdefault("SecurityGroupIds", [self.group])
        reply = self.done(
            "CreateNetworkInterface",
            VpcId=self.vpc,
            SubnetId=subnet,
            NetworkInterfaceName=name,
            NetworkInterfaceDescription="for the story",
            **more,
        )
        return str(reply["NetworkInterface"]["NetworkInterfaceId"])

    def done(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Call an action and poll its task as the documents say: TaskId is the RequestId of the call."""
        reply = self.client.ask(action, **parameters)
        wait_until(lambda: self.client.ask("DescribeVpcTaskResult", TaskId=reply["RequestId"])["Status"] == "SUCCESS")
        return reply

    def done_with_eip(self, action: str, **parameters: Any) -> dict[str, Any]:
        """The same for a task of an EIP, which has a number of its own."""
        reply = self.client.ask(action, **parameters)
        number = int(reply["TaskId"])
        wait_until(lambda: self.client.ask("DescribeTaskResult", TaskId=number)["Result"] == "SUCCESS")
        return reply


def tell(client: Asking, served: Served) -> None:
    """The story; ``served`` is empty before and after."""
    world = Topology(client)
    floating = world.create_interface("floating", world.subnet)
    world.done("AssignPrivateIpAddresses", NetworkInterfaceId=world.on_a, PrivateIpAddresses=listed(FLOATING))
    world.done("AttachNetworkInterface", NetworkInterfaceId=floating, InstanceId=world.a)
    assert world.instance_of(floating) == world.a

    eips = world.done_with_eip("AllocateAddresses", AddressCount=3)["AddressSet"]
    bound = {"NetworkInterfaceId": world.on_a, "PrivateIpAddress": FLOATING}
    world.done_with_eip("AssociateAddress", AddressId=eips[0], **bound)
    moved = {"SourceNetworkInterfaceId": world.on_a, "DestinationNetworkInterfaceId": world.on_b}
    world.done("MigratePrivateIpAddress", PrivateIpAddress=FLOATING, **moved)
    (address,) = client.ask("DescribeAddresses", AddressIds=[eips[0]])["AddressSet"]
    assert (address["InstanceId"], address["NetworkInterfaceId"]) == (world.b, world.on_b)  # the EIP went along
    assert (address["PrivateAddressIp"], address["AddressStatus"]) == (FLOATING, "BIND")

    world.done("DetachNetworkInterface", NetworkInterfaceId=floating, InstanceId=world.a)
    world.done("AttachNetworkInterface", NetworkInterfaceId=floating, InstanceId=world.b)
    assert world.instance_of(floating) == world.b

    refused = refusals(world, floating, eips)
    before = served.resources()
    for action, parameters, code in refused:
        assert (action, client.refusal(action, **parameters)) == (action, code)
    assert served.resources() == before  # whatever is refused changes nothing

    clean_up(world, eips)
    assert served.resources() == {"instances": [], "unattached": [], "eips": [], "ha_vips": []}


def refusals(world: Topology, floating: str, eips: list[str]) -> list[LimitedCall]:
    """Calls that the real cloud refuses, and its limits. ``floating`` is on b, the first EIP on an address of b."""
    a, b, small = world.on_a, world.on_b, world.on_small
    far = [world.create_interface(name, world.far) for name in ("second", "third")]
    bare = world.create_interface("bare", world.subnet, SecurityGroupIds=[])
    world.done("AttachNetworkInterface", NetworkInterfaceId=far[0], InstanceId=world.small)
    world.done_with_eip("AssociateAddress", AddressId=eips[1], InstanceId=world.b)
    spare = {"AddressId": eips[2], "NetworkInterfaceId": floating}
    (address,) = world.client.ask("DescribeNetworkInterfaces", NetworkInterfaceIds=[floating])["NetworkInterfaceSet"]
    spare["PrivateIpAddress"] = address["PrivateIpAddressSet"][0]["PrivateIpAddress"]
    assign, attach, migrate = "AssignPrivateIpAddresses", "AttachNetworkInterface", "MigratePrivateIpAddress"
    moved = {"SourceNetworkInterfaceId": b, "DestinationNetworkInterfaceId": a}
    sixty = listed(*(f"10.0.2.{number}" for number in range(100, 160)))
    own = world.address_of_b
    return [
        (assign, {"NetworkInterfaceId": a, "PrivateIpAddresses": listed(FLOATING)}, "ResourceInUse"),
        (assign, {"NetworkInterfaceId": a, "PrivateIpAddresses": listed("10.9.0.1")}, "InvalidParameterValue.Range"),
        (assign, {"NetworkInterfaceId": a, "PrivateIpAddresses": listed("10.0.1.1")}, "InvalidParameterValue.Reserved"),
        (assign, {"NetworkInterfaceId": small, "SecondaryPrivateIpAddressCount": 2}, "LimitExceeded"),
        (assign, {"NetworkInterfaceId": small, "PrivateIpAddresses": sixty}, "InvalidParameterValue.LimitExceeded"),
        (attach, {"NetworkInterfaceId": far[1], "InstanceId": world.a}, "UnsupportedOperation.ZoneMismatch"),
        (attach, {"NetworkInterfaceId": far[1], "InstanceId": world.small}, "LimitExceeded"),
        (
            attach,
            {"NetworkInterfaceId": floating, "InstanceId": world.a},
            "UnsupportedOperation.AttachmentAlreadyExists",
        ),
        (attach, {"NetworkInterfaceId": bare, "InstanceId": world.a}, "UnsupportedOperation"),
        ("DeleteNetworkInterface", {"NetworkInterfaceId": floating}, "ResourceInUse"),
        ("DetachNetworkInterface", {"NetworkInterfaceId": a, "InstanceId": world.a}, "UnsupportedOperation"),
        (
            "UnassignPrivateIpAddresses",
            {"NetworkInterfaceId": b, "PrivateIpAddresses": listed(own)},
            "UnsupportedOperation",
        ),
        (migrate, {**moved, "PrivateIpAddress": own}, "UnauthorizedOperation.PrimaryIp"),
        (migrate, {**moved, "PrivateIpAddress": "10.0.1.77"}, "UnauthorizedOperation.AttachmentNotFound"),
        ("ReleaseAddresses", {"AddressIds": eips[:1]}, "UnsupportedOperation.AddressStatusNotPermit"),
        (
            "AssociateAddress",
            {"AddressId": eips[0], "NetworkInterfaceId": b, "PrivateIpAddress": own},
            "UnsupportedOperation.AddressStatusNotPermit",
        ),
        ("AssociateAddress", spare, "LimitExceeded.InstanceAddressQuota"),
        ("AllocateAddresses", {"AddressCount": 20}, "AddressQuotaLimitExceeded"),
        ("DeleteSubnet", {"SubnetId": world.subnet}, "ResourceInUse"),
        ("DescribeVpcTaskResult", {"TaskId": "nothing"}, "ResourceNotFound"),
    ]


def clean_up(world: Topology, eips: list[str]) -> None:
    client = world.client
    for eip in eips[:2]:
        world.done_with_eip("DisassociateAddress", AddressId=eip)
    world.done_with_eip("ReleaseAddresses", AddressIds=eips)
    client.ask("TerminateInstances", InstanceIds=[world.a, world.b, world.small])
    wait_until(lambda: not client.ask("DescribeInstances")["InstanceSet"])
    for item in client.ask("DescribeNetworkInterfaces")["NetworkInterfaceSet"]:  # the secondary ones live on
        world.done("DeleteNetworkInterface", NetworkInterfaceId=item["NetworkInterfaceId"])
    for subnet in (world.subnet, world.far):
        client.ask("DeleteSubnet", SubnetId=subnet)
    client.ask("DeleteVpc", VpcId=world.vpc)
    assert client.ask("DescribeVpcs")["VpcSet"] == []
