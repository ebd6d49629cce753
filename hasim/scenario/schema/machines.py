"""The instances and what runs on them: interfaces, operating system, keepalived as a process, the service."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator
from typing_extensions import TypeAliasType

from hasim.scenario import defaults
from hasim.scenario.schema.distributions import DistributionText
from hasim.scenario.schema.fields import (
    Address,
    AlsoWritten,
    Duration,
    Ipv6Address,
    Memory,
    Name,
    Names,
    Section,
    Text,
    Whole,
    entries,
    setting,
)
from hasim.scenario.schema.vrrp import NotifySection, VrrpSection

__all__ = [
    "DaemonSection",
    "GuestSection",
    "InstanceSection",
    "InterfaceSection",
    "KeepalivedSection",
    "ServiceSection",
]


class DaemonSection(Section):
    """How keepalived behaves as a process. The defaults were measured on the real daemon; with all of them `0` what is
    left is the bare protocol."""

    start_up: DistributionText = setting(defaults.START_UP, "From exec until BACKUP.")
    timer_latency: DistributionText = setting(defaults.TIMER_LATENCY, "How late an expired timer is noticed.")
    take_over: DistributionText = setting(
        defaults.TAKE_OVER,
        "From the decision to become MASTER until the first advert is out; an advert that arrives meanwhile comes too "
        "late. It is what lets two equal backups both become MASTER.",
    )
    busy: DistributionText = setting(
        defaults.BUSY_AFTER_MASTER,
        "How long the single thread hears nothing after it became MASTER (it adds addresses and sends ARPs).",
    )
    advert_drift: Duration = setting(defaults.ADVERT_DRIFT, "What every advert adds to the interval.")
    preempt_lag: Duration = setting(
        defaults.PREEMPT_LAG, "How much later than the advert that starts it a `preempt_delay` counts from."
    )
    receive_buffer: Annotated[int, Whole(1, 2**31 - 1)] = setting(
        defaults.RECEIVE_BUFFER,
        "Bytes of adverts that may wait in a socket that is not read, as in a freeze with `packets_queued`; what comes "
        "then is lost (`net.core.rmem_default`; `vrrp.kernel_rx_buf_size` replaces it).",
    )
    advert_in_buffer: Annotated[int, Whole(1, 65536)] = setting(
        defaults.ADVERT_IN_BUFFER,
        "Bytes that an advert takes up there, with the kernel's own notes: by default 256 adverts may wait. It depends "
        "on the network driver, and on the number of addresses in the advert (1280 from 48 on).",
    )
    stop_grace: Duration = setting(
        defaults.STOP_GRACE,
        "How long a keepalived that stops cleanly takes to go: its notify scripts may go on, and no other can start.",
    )
    restart_delay: DistributionText = setting(
        defaults.RESTART_DELAY,
        "How long the supervisor waits before it starts a killed daemon again.",
        weak=defaults.WEAK_RESTART_DELAY,
    )


class GuestSection(Section):
    """What happens inside the operating system."""

    boot: DistributionText = setting(
        defaults.BOOT, "From power on until keepalived is started.", weak=defaults.WEAK_BOOT
    )
    interface_appears: DistributionText = setting(
        defaults.INTERFACE_APPEARS, "From the end of an ENI's attachment until the guest sees the interface."
    )
    configure: DistributionText = setting(
        defaults.CONFIGURE,
        "Until an added address, or an interface that has appeared, can be used.",
        weak=defaults.WEAK_CONFIGURE,
    )
    network_ready: DistributionText = setting(
        defaults.NETWORK_READY,
        "After a boot, from the start of keepalived until packets pass, although the links are up (a switch port, a "
        "bond, a security group that is not yet in force).",
    )


class ServiceSection(Section):
    """The application behind the floating address."""

    start_up: DistributionText = setting(
        defaults.SERVICE_START_UP, "From its start until it answers.", weak=defaults.WEAK_SERVICE_START_UP
    )
    on_master_only: bool = setting(False, "It is started by MASTER and stopped otherwise, instead of running always.")
    process: Name | None = setting(
        None,
        "The process of `vrrp.track_processes` that it is made of: it answers only while at least one of that runs, "
        "and starts anew (`start_up`) when it comes back. By default none.",
    )


class InterfaceSection(Section):
    """An ENI that belongs to the instance for good."""

    subnet: Name = setting(..., "The subnet that it is in.")
    address: Address | None = setting(None, "Its primary private IP. By default the first free one of the subnet.")
    secondary_addresses: list[Address] = entries(
        list, "Further fixed private IPs, which count against the instance's limit. (Not the floating address.)"
    )
    security_groups: Names | None = setting(None, "Its security groups. By default `default`.")
    ipv6_address: Ipv6Address | None = setting(
        None,
        "Where its adverts come from with `vrrp.native_ipv6`. By default a link-local address (`fe80::/64`) that ends "
        "in the private IP.",
    )


class KeepalivedSection(Section):
    """The keepalived.conf that the daemon of this instance runs with. What it says stands for the instance's `vrrp`."""

    file: Text = setting(..., "The file, relative to the scenario.")
    id: Text = setting("", "What `keepalived --config-id` is given there: which `@id` lines count.")
    vrrp_instance: Text | None = setting(
        None,
        "Which `vrrp_instance` is that of the floating address. By default the one that has it among its "
        "`virtual_ipaddress`, else the one that most instances share.",
    )


def _file_alone(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


KeepalivedText = TypeAliasType(
    "KeepalivedText",
    Annotated[
        KeepalivedSection,
        BeforeValidator(_file_alone),
        AlsoWritten("A path, or a path and which part of the file counts", ({"type": "string"},)),
    ],
)


class InstanceSection(Section):
    """A CVM instance. Its first interface is its primary ENI: either described here (`subnet`, `address`; it is then
    called `eth0`) or the first one of `interfaces`."""

    cpu: Annotated[int, Whole(1, 512)] = setting(
        2, "Cores; with the memory they give the limits on ENIs and addresses."
    )
    memory: Memory = setting("4GB", "Memory.")
    subnet: Name | None = setting(None, "The subnet of its primary interface. By default the only subnet there is.")
    address: Address | None = setting(None, "The primary private IP. By default the first free one of the subnet.")
    secondary_addresses: list[Address] = entries(list, "Further fixed private IPs of the primary interface.")
    security_groups: Names | None = setting(None, "The primary interface's security groups. By default `default`.")
    ipv6_address: Ipv6Address | None = setting(
        None, "The primary interface's IPv6 address, for adverts with `vrrp.native_ipv6`."
    )
    interfaces: dict[Name, InterfaceSection] = entries(
        dict, "Further interfaces by name, such as `heartbeat` or `management`, in the order of their attachment."
    )
    keepalived: KeepalivedText | None = setting(
        None,
        "The keepalived.conf that it runs with, instead of `vrrp` settings: a path, or `{file: ..., id: ...}`. The "
        "scenario then says nothing else about what the file says.",
    )
    vrrp: VrrpSection = entries(VrrpSection, "Overrides `vrrp` for this instance.")
    notify: NotifySection = entries(NotifySection, "Overrides `notify` for this instance.")
    daemon: DaemonSection = entries(DaemonSection, "Overrides `daemon` for this instance.")
    guest: GuestSection = entries(GuestSection, "Overrides `guest` for this instance.")
    service: ServiceSection = entries(ServiceSection, "Overrides `service` for this instance.")
