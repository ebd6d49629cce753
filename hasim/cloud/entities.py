"""What a region holds: plain slotted records with the API's names for their states.

Relations are identifiers, never references, so that a region is plain data. Each fact has one home:

- an ENI knows its instance; an instance knows only its primary ENI;
- a private address belongs to the ENI that lists it; an EIP knows what it is bound to, and the private address repeats
  the EIP's identifier (:mod:`hasim.cloud.invariants` holds the two against each other);
- what is only half done (an attachment on its way, an address that arrives) is in the running :class:`Task`, so that
  everything else is committed truth plus the intermediate ``state`` that the API shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network

__all__ = [
    "AddressState",
    "Eip",
    "EipStatus",
    "HaVip",
    "HaVipState",
    "Instance",
    "InstanceState",
    "InterfaceState",
    "NetworkInterface",
    "PrivateAddress",
    "SecurityGroup",
    "SecurityPolicy",
    "Subnet",
    "Task",
    "TaskKind",
    "TaskStatus",
    "Vpc",
]


class InterfaceState(StrEnum):
    """``State`` of an ENI. AVAILABLE is both attached and unattached; the attachment tells which."""

    PENDING = "PENDING"
    AVAILABLE = "AVAILABLE"
    ATTACHING = "ATTACHING"
    DETACHING = "DETACHING"
    DELETING = "DELETING"


class AddressState(StrEnum):
    """``State`` of a private address on an ENI."""

    PENDING = "PENDING"
    AVAILABLE = "AVAILABLE"
    MIGRATING = "MIGRATING"
    DELETING = "DELETING"


class EipStatus(StrEnum):
    """``AddressStatus`` of an EIP. BIND_ENI: bound to a private address whose ENI is on no instance."""

    CREATING = "CREATING"
    UNBIND = "UNBIND"
    BINDING = "BINDING"
    BIND = "BIND"
    BIND_ENI = "BIND_ENI"
    UNBINDING = "UNBINDING"
    OFFLINING = "OFFLINING"


class HaVipState(StrEnum):
    """``State`` of a HAVIP: AVAILABLE while an ENI has claimed it."""

    AVAILABLE = "AVAILABLE"
    UNBIND = "UNBIND"


class InstanceState(StrEnum):
    """``InstanceState`` of a CVM instance, as the API sees it: a crashed guest is still RUNNING."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    STARTING = "STARTING"
    STOPPING = "STOPPING"
    REBOOTING = "REBOOTING"
    TERMINATING = "TERMINATING"


class TaskKind(StrEnum):
    """Who knows the task: DescribeVpcTaskResult (VPC), DescribeTaskResult (EIP), or only the instance's state (CVM)."""

    VPC = "VPC"
    EIP = "EIP"
    CVM = "CVM"


class TaskStatus(StrEnum):
    """``Status`` (VPC tasks) or ``Result`` (EIP tasks)."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


@dataclass(slots=True)
class Vpc:
    """A private network of the region."""

    vpc_id: str
    name: str
    cidr_block: str
    multicast: bool
    dns_servers: list[str]
    domain_name: str
    tags: dict[str, str]
    created_ns: int


@dataclass(slots=True)
class Subnet:
    """An address range in one zone. ``first`` and ``last`` bound the whole range; two addresses at its start and the
    last one are reserved by the cloud."""

    subnet_id: str
    vpc_id: str
    name: str
    cidr_block: str
    zone: str
    first: int
    last: int
    tags: dict[str, str]
    created_ns: int

    @property
    def network(self) -> IPv4Network:
        """The range as a network."""
        return IPv4Network(self.cidr_block)

    def contains(self, address: int) -> bool:
        """Whether the address lies in the range, reserved or not."""
        return self.first <= address <= self.last

    def reserves(self, address: int) -> bool:
        """Whether the cloud keeps the address for itself: the first two (network, gateway) and the last."""
        return address <= self.first + 1 or address == self.last

    @property
    def usable_count(self) -> int:
        """How many addresses can be given out."""
        return self.last - self.first + 1 - 3


@dataclass(slots=True)
class SecurityPolicy:
    """One rule of a security group: ``protocol`` TCP, UDP, ICMP or ALL, ``action`` ACCEPT or DROP.

    The peer is ``cidr_block``, or the members of ``security_group_id`` where that is set.
    """

    protocol: str
    port: str
    cidr_block: str
    security_group_id: str
    action: str
    description: str


@dataclass(slots=True)
class SecurityGroup:
    """Ordered rules: the first that matches decides. ``version`` counts the changes."""

    security_group_id: str
    name: str
    description: str
    project_id: str
    is_default: bool
    tags: dict[str, str]
    created_ns: int
    updated_ns: int
    version: int = 0
    ingress: list[SecurityPolicy] = field(default_factory=list)
    egress: list[SecurityPolicy] = field(default_factory=list)


@dataclass(slots=True)
class PrivateAddress:
    """A private IP on an ENI. ``address_id`` is the EIP that is bound to it, empty for none; ``created_ns`` is when the
    address was asked for, on whichever ENI it is now."""

    address: str
    primary: bool
    state: AddressState
    created_ns: int
    description: str = ""
    qos_level: str = ""
    address_id: str = ""


@dataclass(slots=True)
class NetworkInterface:
    """An ENI. ``instance_id`` and ``device_index`` are None while it is unattached.

    ``addresses`` keeps the order of assignment; exactly one entry is primary. ``security_group_ids`` is ordered: the
    upper one is matched first.
    """

    network_interface_id: str
    name: str
    description: str
    vpc_id: str
    subnet_id: str
    zone: str
    primary: bool
    mac_address: str
    state: InterfaceState
    addresses: dict[str, PrivateAddress]
    security_group_ids: list[str]
    qos_level: str
    tags: dict[str, str]
    created_ns: int
    trunking: bool = False
    termination_protection: bool = False
    instance_id: str | None = None
    device_index: int | None = None
    attach_type: int = 0
    attached_ns: int = 0

    @property
    def primary_address(self) -> PrivateAddress:
        """The primary private IP."""
        return next(address for address in self.addresses.values() if address.primary)


@dataclass(slots=True)
class Instance:
    """A CVM instance. ``ordinary_address`` is its non-elastic public IP, empty for none.

    ``bandwidth_mbps`` is the public bandwidth. ``latest_operation`` and its state are what DescribeInstances shows.
    ``is_crashed``: its guest is dead, which no action shows; until it is started again, or rebooted.
    """

    instance_id: str
    name: str
    instance_type: str
    cpu: int
    memory_gb: float
    zone: str
    vpc_id: str
    subnet_id: str
    image_id: str
    state: InstanceState
    network_interface_id: str
    ordinary_address: str
    bandwidth_mbps: int
    tags: dict[str, str]
    created_ns: int
    stopped_mode: str = "NOT_APPLICABLE"
    latest_operation: str = ""
    latest_operation_state: str = ""
    latest_operation_request_id: str = ""
    is_crashed: bool = False


@dataclass(slots=True)
class Eip:
    """An elastic public IP and what it is bound to: a private address of an ENI, or a HAVIP, or nothing."""

    address_id: str
    name: str
    address: str
    status: EipStatus
    service_provider: str
    charge_type: str
    bandwidth_mbps: int
    tags: dict[str, str]
    created_ns: int
    network_interface_id: str = ""
    private_address: str = ""
    ha_vip_id: str = ""
    is_arrears: bool = False
    is_blocked: bool = False
    direct_connection: bool = False


@dataclass(slots=True)
class HaVip:
    """A floating private IP that a guest claims by gratuitous ARP.

    ``network_interface_id`` is the ENI that claimed it last, empty for none. With ``check_associate`` only members of
    ``associations`` (instance or ENI identifiers) may claim it. ``flushed_ns``: when the claim last changed, or None.
    """

    ha_vip_id: str
    name: str
    address: str
    vpc_id: str
    subnet_id: str
    check_associate: bool
    associations: list[str]
    tags: dict[str, str]
    created_ns: int
    flushed_ns: int | None = None
    state: HaVipState = HaVipState.UNBIND
    network_interface_id: str = ""
    address_id: str = ""


@dataclass(slots=True)
class Task:
    """An asynchronous operation: begun by a call, ended by the caller's :meth:`Region.commit` or :meth:`Region.fail`.

    ``task_id`` is the RequestId of the call; ``number`` is the integer identifier of an EIP task (0 for the others).
    ``resource_ids`` are the resources that DescribeVpcTaskResult reports. ``holds`` are the keys that no other task may
    touch meanwhile, ``uses`` those that none may hold. The rest says what the task will do; which fields mean something
    depends on the action (``stop_type``, for one, is there for whoever decides how long a stop takes).
    """

    task_id: str
    action: str
    kind: TaskKind
    resource_ids: tuple[str, ...]
    begun_ns: int
    holds: tuple[str, ...]
    uses: tuple[str, ...] = ()
    number: int = 0
    status: TaskStatus = TaskStatus.RUNNING
    ended_ns: int | None = None
    network_interface_id: str = ""
    destination_network_interface_id: str = ""
    instance_id: str = ""
    destination_instance_id: str = ""
    device_index: int = 0
    attach_type: int = 0
    private_addresses: tuple[str, ...] = ()
    address_ids: tuple[str, ...] = ()
    ha_vip_id: str = ""
    subnet_id: str = ""
    previous_states: tuple[str, ...] = ()
    stopped_mode: str = ""
    stop_type: str = ""
    reallocates_ordinary_address: bool = False
    direct_connection: bool = False
