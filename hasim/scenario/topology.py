"""A scenario's topology as a region of the cloud, built by the API calls that an operator would make.

The cloud's own rules decide whether it can be built: a call that it refuses is a :class:`TopologyError`, which says
what part of the scenario it was for.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hasim.cloud import CloudError, Limits, Region
from hasim.errors import HasimError
from hasim.scenario.errors import KeyPath
from hasim.scenario.mechanism import Step
from hasim.scenario.model import Instance, Interface, Scenario

__all__ = ["Holding", "Topology", "TopologyError", "build_region"]

_MOST_ADDRESSES_PER_CALL = 10
_LARGEST_PAGE = 100
_IMAGE = "img-hasim"


class TopologyError(HasimError):
    """The cloud refuses a call that the topology needs: ``action``, with ``code`` and ``message``, for the part of the
    scenario at ``path``."""

    def __init__(self, path: KeyPath, action: str, code: str, message: str) -> None:
        super().__init__(path, action, code, message)
        self.path = path
        self.action = action
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.action} is refused with {self.code}: {self.message}"


class Holding(NamedTuple):
    """What the API answers to "who holds the address?": an instance (None: nobody), and whether the EIP that belongs to
    the address is bound to it (true where none belongs to it)."""

    holder: str | None
    eip_is_bound: bool


@dataclass(frozen=True, slots=True)
class Topology:
    """A region with a scenario's resources in it, and their identifiers.

    ``interface_ids`` are by instance and interface name. ``holding_interface_ids``: the ENI on which each instance
    would hold the floating private IP, or one to which the EIP would be bound; ``holding_addresses`` the private
    address that this would be. ``floating_interface_id`` is None unless an ENI moves, ``ha_vip_id`` unless a HAVIP
    does, ``eip_id`` where no EIP plays a part; ``floating_address`` is empty where an EIP alone moves.
    ``instance_names`` are by identifier, ``interface_owners`` the instances' names by ENI.
    """

    region: Region
    vpc_id: str
    subnet_ids: Mapping[str, str]
    security_group_ids: Mapping[str, str]
    instance_ids: Mapping[str, str]
    interface_ids: Mapping[tuple[str, str], str]
    holding_interface_ids: Mapping[str, str]
    holding_addresses: Mapping[str, str]
    floating_interface_id: str | None
    floating_address: str
    eip_id: str | None
    ha_vip_id: str | None
    instance_names: Mapping[str, str] = field(init=False)
    interface_owners: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = {identifier: name for name, identifier in self.instance_ids.items()}
        owners = {identifier: name for (name, _), identifier in self.interface_ids.items()}
        object.__setattr__(self, "instance_names", names)
        object.__setattr__(self, "interface_owners", owners)

    def holder(self) -> str | None:
        """The instance that holds what clients talk to, by the cloud's committed truth; None when nobody does.

        That is the EIP where there is one: a private address whose EIP is not bound (yet) is held by nobody.
        """
        if self.eip_id is not None:
            holder = self.region.holder_of_eip(self.eip_id)
        else:
            holder = self.region.holder_of(self.vpc_id, self.floating_address)
        return None if holder is None or holder.instance_id is None else self.instance_names[holder.instance_id]

    def readable(self, text: str) -> str:
        """A message of the cloud, with the scenario's names in place of its identifiers."""
        floating = {self.floating_interface_id: "the floating ENI", self.eip_id: "the EIP", self.ha_vip_id: "the HAVIP"}
        return _readable(text, self.instance_ids, self.interface_ids, self.subnet_ids, floating)

    def holder_query(self) -> Step:
        """The call with which a script asks who holds the address."""
        if not self.floating_address:
            return Step("DescribeAddresses", {"AddressIds": [self.eip_id]})
        if self.floating_interface_id is not None:
            return Step("DescribeNetworkInterfaces", {"NetworkInterfaceIds": [self.floating_interface_id]})
        filters = {"vpc-id": self.vpc_id, "address-ip": self.floating_address}
        written = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        return Step("DescribeNetworkInterfaces", {"Filters": written, "Limit": _LARGEST_PAGE})

    def holding_in(self, response: Mapping[str, Any]) -> Holding:
        """Who holds the address according to the answer to :meth:`holder_query`.

        The ENI that shows the address has it: a script cannot rely on the filters alone, as the documents leave open
        how much they narrow. (Here they leave one ENI at the most; a real answer may have further pages.)
        """
        if not self.floating_address:
            (eip,) = response["AddressSet"]
            return Holding(self.instance_names.get(eip["InstanceId"]), True)
        for interface in response["NetworkInterfaceSet"]:
            if interface["Attachment"] is None:
                continue
            holder = self.instance_names[interface["Attachment"]["InstanceId"]]
            for item in interface["PrivateIpAddressSet"]:
                if item["PrivateIpAddress"] == self.floating_address:
                    return Holding(holder, self.eip_id in (None, item["AddressId"]))
        return Holding(None, self.eip_id is None)


def build_region(scenario: Scenario, initial_holder: str) -> Topology:
    """The scenario's region, with every resource in its final state and the floating address on ``initial_holder``.

    Each call returns a region of its own. It is built once; the same scenario's next ones are copies of that.

    Raises:
        TopologyError: the cloud does not allow it (never for a scenario that was loaded from a file).
    """
    for known, holder, blueprint in _blueprints:
        if known is scenario and holder == initial_holder:
            topology: Topology = pickle.loads(blueprint)
            return topology
    topology = _Builder(scenario).build(initial_holder)
    _blueprints.append((scenario, initial_holder, pickle.dumps(topology, pickle.HIGHEST_PROTOCOL)))
    return topology


_blueprints: deque[tuple[Scenario, str, bytes]] = deque(maxlen=16)
"""The regions built last, before anything happened to them: a study needs the same one thousands of times."""


class _Builder:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        limits = Limits(four_core_16gb_addresses=scenario.four_core_16gb_addresses)
        self._region = Region(scenario.region, scenario.zones, limits)
        self._vpc_id = ""
        self._subnet_ids: dict[str, str] = {}
        self._group_ids: dict[str, str] = {}
        self._instance_ids: dict[str, str] = {}
        self._interface_ids: dict[tuple[str, str], str] = {}
        self._floating_interface_id: str | None = None
        self._ha_vip_id: str | None = None

    def build(self, initial_holder: str) -> Topology:
        scenario = self._scenario
        self._build_network()
        for instance in scenario.instances:
            self._build_instance(instance)
        holding = {
            instance.name: self._interface_ids[instance.name, _holding_interface(scenario, instance).name]
            for instance in scenario.instances
        }
        floating = scenario.floating
        addresses = {instance.name: _holding_address(scenario, instance) for instance in scenario.instances}
        if floating.mechanism.moves_interface:
            self._build_floating_interface(initial_holder)
        elif floating.mechanism.is_announced:
            self._build_ha_vip(holding[initial_holder])
        elif not floating.mechanism.is_public:
            self._assign(("floating", "address"), holding[initial_holder], [str(floating.address)])
        bound_to = self._floating_interface_id or holding[initial_holder]
        return Topology(
            region=self._region,
            vpc_id=self._vpc_id,
            subnet_ids=self._subnet_ids,
            security_group_ids=self._group_ids,
            instance_ids=self._instance_ids,
            interface_ids=self._interface_ids,
            holding_interface_ids=holding,
            holding_addresses=addresses,
            floating_interface_id=self._floating_interface_id,
            floating_address="" if floating.address is None else str(floating.address),
            eip_id=self._build_eip(bound_to, addresses[initial_holder]),
            ha_vip_id=self._ha_vip_id,
        )

    def _build_network(self) -> None:
        scenario = self._scenario
        response = self._call(
            ("vpc",),
            "CreateVpc",
            VpcName=scenario.name,
            CidrBlock=str(scenario.vpc_cidr),
            EnableMulticast=scenario.network.multicast,
        )
        self._vpc_id = response["Vpc"]["VpcId"]
        for subnet in scenario.subnets:
            response = self._call(
                ("subnets", subnet.name),
                "CreateSubnet",
                VpcId=self._vpc_id,
                SubnetName=subnet.name,
                CidrBlock=str(subnet.cidr),
                Zone=subnet.zone,
            )
            self._subnet_ids[subnet.name] = response["Subnet"]["SubnetId"]
        for group in scenario.security_groups:
            path = ("security_groups", group.name)
            response = self._call(path, "CreateSecurityGroup", GroupName=group.name, GroupDescription="hasim")
            self._group_ids[group.name] = response["SecurityGroup"]["SecurityGroupId"]

    def _build_instance(self, instance: Instance) -> None:
        path: KeyPath = ("instances", instance.name)
        primary, *others = instance.interfaces
        response = self._call(
            path,
            "RunInstances",
            Placement={"Zone": instance.zone},
            ImageId=_IMAGE,
            InstanceName=instance.name,
            HasimSpecification={"CPU": instance.cpu, "Memory": instance.memory_gb},
            VirtualPrivateCloud={
                "VpcId": self._vpc_id,
                "SubnetId": self._subnet_ids[primary.subnet],
                "PrivateIpAddresses": [str(primary.address)],
            },
            SecurityGroupIds=self._groups(primary.security_groups),
        )
        instance_id = response["InstanceIdSet"][0]
        self._instance_ids[instance.name] = instance_id
        primary_id = self._region.instances[instance_id].network_interface_id
        self._interface_ids[instance.name, primary.name] = primary_id
        self._assign(path, primary_id, [str(address) for address in primary.secondary_addresses])
        for interface in others:
            self._build_interface(instance, interface, instance_id)

    def _build_interface(self, instance: Instance, interface: Interface, instance_id: str) -> None:
        path = ("instances", instance.name, "interfaces", interface.name)
        interface_id = self._create_interface(
            path,
            f"{instance.name}-{interface.name}",
            interface.subnet,
            str(interface.address),
            interface.security_groups,
        )
        self._interface_ids[instance.name, interface.name] = interface_id
        self._call(path, "AttachNetworkInterface", NetworkInterfaceId=interface_id, InstanceId=instance_id)
        self._assign(path, interface_id, [str(address) for address in interface.secondary_addresses])

    def _build_floating_interface(self, holder: str) -> None:
        floating = self._scenario.floating
        path = ("floating",)
        assert floating.subnet is not None
        interface_id = self._create_interface(
            path, "floating", floating.subnet, str(floating.address), floating.security_groups
        )
        self._floating_interface_id = interface_id
        instance_id = self._instance_ids[holder]
        self._call(path, "AttachNetworkInterface", NetworkInterfaceId=interface_id, InstanceId=instance_id)

    def _build_ha_vip(self, interface_id: str) -> None:
        """The HAVIP, claimed already by the interface, and the range of those that may claim it."""
        floating = self._scenario.floating
        assert floating.subnet is not None
        response = self._call(
            ("floating", "mechanism"),
            "CreateHaVip",
            VpcId=self._vpc_id,
            HaVipName="floating",
            SubnetId=self._subnet_ids[floating.subnet],
            Vip=str(floating.address),
            NetworkInterfaceId=interface_id,
            CheckAssociate=True,
            HaVipAssociationSet=[
                {"InstanceId": self._instance_ids[name], "InstanceType": "CVM"} for name in floating.association_range
            ],
        )
        self._ha_vip_id = response["HaVip"]["HaVipId"]

    def _build_eip(self, interface_id: str, address: str) -> str | None:
        if not self._scenario.floating.eip:
            return None
        path = ("floating", "eip")
        eip_id: str = self._call(path, "AllocateAddresses", AddressName="floating")["AddressSet"][0]
        if self._ha_vip_id is not None:
            public = self._region.eips[eip_id].address
            self._call(path, "HaVipAssociateAddressIp", HaVipId=self._ha_vip_id, AddressIp=public)
            return eip_id
        self._call(
            path,
            "AssociateAddress",
            AddressId=eip_id,
            NetworkInterfaceId=interface_id,
            PrivateIpAddress=address,
        )
        return eip_id

    def _create_interface(self, path: KeyPath, name: str, subnet: str, address: str, groups: tuple[str, ...]) -> str:
        response = self._call(
            path,
            "CreateNetworkInterface",
            VpcId=self._vpc_id,
            NetworkInterfaceName=name[:60],
            SubnetId=self._subnet_ids[subnet],
            PrivateIpAddresses=[{"PrivateIpAddress": address, "Primary": True}],
            SecurityGroupIds=self._groups(groups),
        )
        interface_id: str = response["NetworkInterface"]["NetworkInterfaceId"]
        return interface_id

    def _assign(self, path: KeyPath, interface_id: str, addresses: list[str]) -> None:
        for start in range(0, len(addresses), _MOST_ADDRESSES_PER_CALL):
            chunk = addresses[start : start + _MOST_ADDRESSES_PER_CALL]
            self._call(
                path,
                "AssignPrivateIpAddresses",
                NetworkInterfaceId=interface_id,
                PrivateIpAddresses=[{"PrivateIpAddress": address} for address in chunk],
            )

    def _groups(self, names: tuple[str, ...]) -> list[str]:
        return [self._group_ids[name] for name in names]

    def _call(self, path: KeyPath, action: str, **parameters: Any) -> dict[str, Any]:
        try:
            return self._region.complete(action, parameters, now_ns=0)
        except CloudError as error:
            floating = {self._floating_interface_id: "the floating ENI"}
            known = (self._instance_ids, self._interface_ids, self._subnet_ids, floating)
            raise TopologyError(path, action, error.code, _readable(error.message, *known)) from error


def _readable(
    text: str,
    instance_ids: Mapping[str, str],
    interface_ids: Mapping[tuple[str, str], str],
    subnet_ids: Mapping[str, str],
    floating: Mapping[str | None, str],
) -> str:
    """The text with names in place of identifiers (None: of nothing)."""
    names = {identifier: name for name, identifier in instance_ids.items()}
    names |= {identifier: f"{interface} of {instance}" for (instance, interface), identifier in interface_ids.items()}
    names |= {identifier: f"the subnet {name}" for name, identifier in subnet_ids.items()}
    names |= {identifier: name for identifier, name in floating.items() if identifier is not None}
    for identifier, name in names.items():
        text = text.replace(identifier, name)
    return text


def _holding_interface(scenario: Scenario, instance: Instance) -> Interface:
    """The interface on which an instance would hold the floating private IP: the one in its subnet, else the first
    (and the cloud then says why that cannot be). An EIP is bound to the first."""
    for interface in instance.interfaces:
        if interface.subnet == scenario.floating.subnet:
            return interface
    return instance.interfaces[0]


def _holding_address(scenario: Scenario, instance: Instance) -> str:
    """The private address to which an EIP is bound on that instance: the floating one, else its interface's own."""
    address = scenario.floating.address
    return str(_holding_interface(scenario, instance).address if address is None else address)
