"""What a region remembers, and the small steps on it that several actions share.

:class:`Store` is the lower half of :class:`hasim.cloud.Region`: the tables of records, look-ups that refuse with a
code, identifiers, running tasks and what they exclude, and the bookkeeping that keeps related records in step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from hasim.cloud.address_book import AddressBook
from hasim.cloud.entities import (
    Eip,
    EipStatus,
    HaVip,
    HaVipState,
    Instance,
    NetworkInterface,
    PrivateAddress,
    SecurityGroup,
    Subnet,
    Task,
    TaskKind,
    TaskStatus,
    Vpc,
)
from hasim.cloud.errors import refusal
from hasim.cloud.idempotence import Token
from hasim.cloud.identifiers import request_id, short_id
from hasim.cloud.limits import InterfaceLimits, Limits

__all__ = ["TABLES", "Store"]

RecordT = TypeVar("RecordT")
_FIRST_TASK_NUMBER = 100_000_000
_KEPT_TASKS = 10_000

TABLES: dict[str, Any] = {
    "vpcs": Vpc,
    "subnets": Subnet,
    "security_groups": SecurityGroup,
    "instances": Instance,
    "network_interfaces": NetworkInterface,
    "eips": Eip,
    "ha_vips": HaVip,
    "tasks": Task,
    "tokens": Token,
}
"""The tables by attribute name, each a dictionary from identifier to record of that class."""


class Store:
    """The records of a region. ``quota_days`` counts uses of daily quotas: the day and how often."""

    __slots__ = (
        "addresses",
        "counters",
        "eips",
        "ha_vips",
        "instances",
        "limits",
        "name",
        "network_interfaces",
        "quota_days",
        "running",
        "security_groups",
        "subnets",
        "tasks",
        "tokens",
        "vpcs",
        "zones",
    )

    def __init__(self, name: str, zones: Iterable[str], limits: Limits | None = None) -> None:
        self.name = name
        self.zones = tuple(zones)
        self.limits = limits or Limits()
        self.vpcs: dict[str, Vpc] = {}
        self.subnets: dict[str, Subnet] = {}
        self.security_groups: dict[str, SecurityGroup] = {}
        self.instances: dict[str, Instance] = {}
        self.network_interfaces: dict[str, NetworkInterface] = {}
        self.eips: dict[str, Eip] = {}
        self.ha_vips: dict[str, HaVip] = {}
        self.tasks: dict[str, Task] = {}
        self.tokens: dict[str, Token] = {}
        self.counters: dict[str, int] = {}
        self.quota_days: dict[str, list[int]] = {}
        # Derived from the tables, for quick look-ups:
        self.addresses = AddressBook()
        self.running: dict[str, Task] = {}

    # Identifiers ----------------------------------------------------------------------------------------------------

    def count(self, kind: str) -> int:
        """The next number of a kind, from 1."""
        number = self.counters.get(kind, 0) + 1
        self.counters[kind] = number
        return number

    def new_id(self, prefix: str) -> str:
        """A fresh identifier such as ``eni-xxxxxxxx``."""
        return short_id(prefix, self.count(prefix))

    # Tasks ----------------------------------------------------------------------------------------------------------

    def begin(self, action: str, kind: TaskKind, now_ns: int, resource_ids: Iterable[str], **details: Any) -> Task:
        """Begin a task whose preconditions have been checked.

        ``details`` are further fields of :class:`Task`; without ``holds`` the task holds its resources.
        """
        number = _FIRST_TASK_NUMBER + self.count("eip_task") if kind is TaskKind.EIP else 0
        resources = tuple(resource_ids)
        details.setdefault("holds", resources)
        identifier = request_id(self.count("request"))
        task = Task(identifier, action, kind, resources, now_ns, number=number, **details)
        self.tasks[identifier] = task
        self.running[identifier] = task
        if len(self.tasks) > _KEPT_TASKS:
            self._forget_oldest_ended_task()
        return task

    def _forget_oldest_ended_task(self) -> None:
        ended = next((key for key, task in self.tasks.items() if task.status is not TaskStatus.RUNNING), None)
        if ended is not None:
            del self.tasks[ended]

    def require_idle(self, code: str, *, holds: Iterable[str] = (), uses: Iterable[str] = ()) -> None:
        """Refuse with ``code`` when a running task excludes a new one that would hold and use these keys."""
        wanted, touched = frozenset(holds), frozenset(uses)
        for task in self.running.values():
            held, used = task.holds, task.uses
            if not (wanted.isdisjoint(held) and wanted.isdisjoint(used) and touched.isdisjoint(held)):
                raise refusal(code, f"{task.action} {task.task_id} is running on {', '.join(task.resource_ids)}.")

    # Look-ups -------------------------------------------------------------------------------------------------------

    def vpc(self, vpc_id: str, code: str = "ResourceNotFound") -> Vpc:
        """The VPC of that identifier, or a refusal with ``code``."""
        return _found(self.vpcs, vpc_id, code)

    def subnet(self, subnet_id: str, code: str = "ResourceNotFound") -> Subnet:
        """The subnet of that identifier, or a refusal with ``code``."""
        return _found(self.subnets, subnet_id, code)

    def interface(self, network_interface_id: str, code: str = "ResourceNotFound") -> NetworkInterface:
        """The ENI of that identifier, or a refusal with ``code``."""
        return _found(self.network_interfaces, network_interface_id, code)

    def instance(self, instance_id: str, code: str = "ResourceNotFound") -> Instance:
        """The instance of that identifier, or a refusal with ``code``."""
        return _found(self.instances, instance_id, code)

    def security_group(self, security_group_id: str, code: str = "ResourceNotFound") -> SecurityGroup:
        """The security group of that identifier, or a refusal with ``code``."""
        return _found(self.security_groups, security_group_id, code)

    def eip(self, address_id: str, code: str = "InvalidAddressId.NotFound") -> Eip:
        """The EIP of that identifier, or a refusal with ``code``."""
        return _found(self.eips, address_id, code)

    def ha_vip(self, ha_vip_id: str, code: str = "ResourceNotFound") -> HaVip:
        """The HAVIP of that identifier, or a refusal with ``code``."""
        return _found(self.ha_vips, ha_vip_id, code)

    def interfaces_of(self, instance_id: str) -> list[NetworkInterface]:
        """The ENIs that are attached to the instance, by device index."""
        attached = [item for item in self.network_interfaces.values() if item.instance_id == instance_id]
        return sorted(attached, key=lambda item: item.device_index or 0)

    def interface_limits(self, instance_id: str | None) -> InterfaceLimits:
        """ENI and address limits of an instance; those of an unattached ENI for None."""
        if instance_id is None:
            return InterfaceLimits(0, self.limits.unattached_interface_addresses)
        instance = self.instances[instance_id]
        return self.limits.of_specification(instance.cpu, instance.memory_gb)

    # Related records ------------------------------------------------------------------------------------------------

    def refresh_eips(self, interface: NetworkInterface) -> None:
        """Make the status of the ENI's bound EIPs follow its attachment: BIND on an instance, BIND_ENI on none."""
        status = EipStatus.BIND if interface.instance_id else EipStatus.BIND_ENI
        for address in interface.addresses.values():
            if address.address_id:
                eip = self.eips[address.address_id]
                if eip.status in (EipStatus.BIND, EipStatus.BIND_ENI):
                    eip.status = status

    def unbind_eip(self, item: PrivateAddress) -> None:
        """A private address goes away: the EIP that was bound to it is the account's still, and UNBIND."""
        if item.address_id:
            eip = self.eips[item.address_id]
            item.address_id = ""
            eip.network_interface_id = ""
            eip.private_address = ""
            eip.status = EipStatus.UNBIND

    def release_ha_vips(self, interface: NetworkInterface, now_ns: int) -> None:
        """An ENI left its instance or subnet: the HAVIPs that it had claimed are nobody's."""
        for ha_vip in self.ha_vips.values():
            if ha_vip.network_interface_id == interface.network_interface_id:
                ha_vip.network_interface_id = ""
                ha_vip.state = HaVipState.UNBIND
                ha_vip.flushed_ns = now_ns

    def forget_association(self, member_id: str) -> None:
        """An instance is gone, or an ENI lost its instance: it is in no HAVIP's range any more."""
        for ha_vip in self.ha_vips.values():
            if member_id in ha_vip.associations:
                ha_vip.associations.remove(member_id)

    def index(self) -> None:
        """Derive the address book and the running tasks from the tables."""
        self.addresses = AddressBook()
        self.running = {key: task for key, task in self.tasks.items() if task.status is TaskStatus.RUNNING}
        for interface in self.network_interfaces.values():
            for address in interface.addresses:
                self.addresses.take(self.subnets[interface.subnet_id], address, interface.network_interface_id)
        for ha_vip in self.ha_vips.values():
            self.addresses.take(self.subnets[ha_vip.subnet_id], ha_vip.address, ha_vip.ha_vip_id)
        for task in self.running.values():
            if task.subnet_id:
                for address in task.private_addresses:
                    self.addresses.take(self.subnets[task.subnet_id], address, task.network_interface_id)


def _found(table: Mapping[str, RecordT], identifier: str, code: str) -> RecordT:
    record = table.get(identifier)
    if record is None:
        raise refusal(code, f"{identifier} does not exist.")
    return record
