"""What the cloud gives a scenario: subnets, security groups, the paths between instances, the control plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from hasim.scenario.distributions import Distribution

__all__ = ["ActionBehaviour", "ControlPlane", "Link", "Network", "SecurityGroup", "SecurityRule", "Subnet"]


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One rule of a security group; rules are matched in order and the first match decides.

    ``protocol`` is ``all``, ``tcp``, ``udp``, ``icmp`` or ``vrrp`` (IP protocol 112).
    """

    protocol: str
    peer: IPv4Network
    accept: bool


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """Ordered ingress and egress rules; what no rule matches is dropped."""

    name: str
    ingress: tuple[SecurityRule, ...]
    egress: tuple[SecurityRule, ...]


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet: an address range in one zone of the VPC."""

    name: str
    cidr: IPv4Network
    zone: str


@dataclass(frozen=True, slots=True)
class Link:
    """The network between two interfaces, one way: constant ``latency_ns``, plus ``jitter``, with ``loss``."""

    latency_ns: int
    jitter: Distribution
    loss: float


@dataclass(frozen=True, slots=True)
class Network:
    """What connects the instances. ``multicast`` is the VPC's opt-in. ``between_zones`` applies across zones.

    ``resolves_neighbours``: instances find the hardware addresses of unicast peers themselves, by ARP, and adverts wait
    while they cannot. ``neighbour_delays_ns`` says of (sender, receiver) when the sender next asks, counted from the
    start (others: at a random place of the kernel's cycle).
    """

    within_zone: Link
    between_zones: Link
    multicast: bool
    resolves_neighbours: bool = False
    neighbour_delays_ns: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionBehaviour:
    """How one API action behaves: ``accept`` until the reply, ``task`` until its task commits (synchronous: 0).

    ``task_dead_host`` replaces ``task`` when the instance that the resource leaves is not running. ``error_rate`` of
    the calls are refused with ``error_code``; ``task_failure_rate`` of the tasks fail and roll back.
    """

    accept: Distribution
    task: Distribution
    task_dead_host: Distribution
    error_rate: float
    error_code: str
    task_failure_rate: float


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The cloud's API: behaviour per action (every action that a mechanism calls is in ``actions``), the rate limit per
    action and second (``rate_limits``), and ``propagation`` from commit until packets take the new way.

    A HAVIP needs no API: ``havip_remap`` is from the gratuitous ARP until the cloud has noted the new place, and
    ``garp_rate_limit`` how many gratuitous ARPs a second it takes from one ENI."""

    actions: Mapping[str, ActionBehaviour]
    rate_limits: Mapping[str, int]
    propagation: Distribution
    detach_cuts_traffic_at_once: bool
    havip_remap: Distribution
    garp_rate_limit: int
