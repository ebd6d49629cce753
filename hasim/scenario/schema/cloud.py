"""The cloud around the instances: VPC, subnets, security groups, the floating address, the network, the API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import PlainValidator, WithJsonSchema
from typing_extensions import TypeAliasType

from hasim.scenario import defaults
from hasim.scenario.errors import shown, suggestion
from hasim.scenario.schema.distributions import DistributionText
from hasim.scenario.schema.fields import (
    Address,
    Cidr,
    Duration,
    Name,
    Names,
    Percentage,
    Section,
    Text,
    Whole,
    entries,
    setting,
)

__all__ = [
    "ActionName",
    "ActionSection",
    "BetweenZonesSection",
    "ControlPlaneSection",
    "FloatingSection",
    "NetworkSection",
    "QuotaSection",
    "SecurityGroupSection",
    "SecurityRuleSection",
    "SubnetSection",
    "VpcSection",
    "WithinZoneSection",
]


def _read_action(value: object) -> str:
    known = list(defaults.KNOWN_ACTIONS)
    if isinstance(value, str) and value in known:
        return value
    raise ValueError(f"no mechanism calls an API action {shown(value)}; {suggestion(str(value), known)}")


ActionName = TypeAliasType(
    "ActionName",
    Annotated[
        str,
        PlainValidator(_read_action),
        WithJsonSchema({"type": "string", "enum": list(defaults.KNOWN_ACTIONS)}),
    ],
)
RateLimit = Annotated[int, Whole(1, 1_000_000)]


class VpcSection(Section):
    """The private network that everything is in."""

    cidr: Cidr = setting(..., "Its address range, from /16 to /28.")
    multicast: bool = setting(False, "Whether multicast is switched on (it is opt-in, for the whole VPC).")


class SubnetSection(Section):
    """An address range in one zone. Its first two addresses and its last are reserved by the cloud."""

    cidr: Cidr = setting(..., "Its address range, inside the VPC's.")
    zone: Name | None = setting(None, "Its zone. By default the only zone there is.")


class SecurityRuleSection(Section):
    """One rule; the first that matches decides, and what no rule matches is dropped."""

    action: Literal["accept", "drop"] = setting("accept", "What happens to a packet that matches.")
    protocol: Literal["all", "tcp", "udp", "icmp", "vrrp"] = setting(
        "all", "The protocol that it matches; `vrrp` is IP protocol 112."
    )
    peer: Cidr = setting("0.0.0.0/0", "The addresses of the other side that it matches.")


class SecurityGroupSection(Section):
    """Ordered rules for what comes in and what goes out."""

    ingress: list[SecurityRuleSection] = entries(list, "Rules for packets that come in, in order.")
    egress: list[SecurityRuleSection] = entries(
        lambda: [SecurityRuleSection()], "Rules for packets that go out, in order. By default everything may go out."
    )


class FloatingSection(Section):
    """The address that moves, and how."""

    mechanism: Literal["secondary_ip", "eni", "eip", "havip"] = setting(
        ...,
        "What moves: `secondary_ip`, a secondary private IP; `eni`, a whole secondary ENI with the address; `eip`, a "
        "public EIP from one instance's own private IP to another's (Disassociate, then Associate), also across zones; "
        "or `havip`, a private IP that the guests of one subnet claim by gratuitous ARP, without an API call.",
    )
    address: Address | None = setting(
        None,
        "The floating private IP. Required, except for `eip`, which has none: the cloud chooses the public address.",
    )
    subnet: Name | None = setting(
        None, "Its subnet. By default the one that contains the address. (None for `eip`: instances may be anywhere.)"
    )
    method: Literal["migrate", "reassign", "reattach"] | None = setting(
        None,
        "How it moves. `secondary_ip`: `migrate` (MigratePrivateIpAddress) or `reassign` (Unassign, then Assign). "
        "`eni`: `migrate` (MigrateNetworkInterface) or `reattach` (Detach, then Attach). By default `migrate`; `eip` "
        "and `havip` have one way only.",
    )
    eip: bool | None = setting(
        None,
        "Whether a public EIP is bound to the address; clients then come through it. It follows the address by itself, "
        "except for `secondary_ip` with `reassign`, where unassigning unbinds it and the script has to associate it "
        "again: until then no client gets through. By default false. (For `eip` there is nothing to choose.)",
    )
    security_groups: Names | None = setting(
        None, "Security groups of the floating ENI, by default `default`. (Every other address has its interface's.)"
    )
    association_range: Names | None = setting(
        None,
        "`havip`: the instances that may claim it (CheckAssociate), at most 10. Gratuitous ARPs of others are ignored. "
        "By default all instances.",
    )
    other_havips: Annotated[int, Whole(0, 9)] | None = setting(
        None,
        "`havip`: how many more HAVIPs every instance announces on the same ENI, each time before this one: they share "
        "`control_plane.garp_rate_limit`. By default none.",
    )


class WithinZoneSection(Section):
    """The network between two instances of one zone, each way."""

    latency: Duration = setting(defaults.LATENCY_WITHIN_ZONE, "Constant delay.", weak=defaults.WEAK_NETWORK)
    jitter: DistributionText = setting(defaults.JITTER_WITHIN_ZONE, "Added to the delay.", weak=defaults.WEAK_NETWORK)
    loss: Percentage = setting("0%", "Packets that are lost, independently of each other.")


class BetweenZonesSection(Section):
    """The network between two instances of different zones, each way."""

    latency: Duration = setting(defaults.LATENCY_BETWEEN_ZONES, "Constant delay.", weak=defaults.WEAK_NETWORK)
    jitter: DistributionText = setting(defaults.JITTER_BETWEEN_ZONES, "Added to the delay.", weak=defaults.WEAK_NETWORK)
    loss: Percentage = setting("0%", "Packets that are lost, independently of each other.")


class NetworkSection(Section):
    """What connects the instances."""

    within_zone: WithinZoneSection = entries(WithinZoneSection, "Between instances of one zone.")
    between_zones: BetweenZonesSection = entries(BetweenZonesSection, "Between instances of different zones.")
    neighbour_resolution: bool = setting(
        False,
        "Unicast peers in one subnet find each other's hardware address themselves, by ARP, as on a bridged network (a "
        "VPC's switch always answers): in a partition adverts come to wait in the kernel, and some arrive together "
        "after it.",
    )


class ActionSection(Section):
    """How one API action behaves; what is left out is as for every action (and the task's time as in the table of
    defaults)."""

    accept: DistributionText | None = setting(None, "From the call until its answer.")
    task: DistributionText | None = setting(None, "From the answer until the asynchronous task commits.")
    task_dead_host: DistributionText | None = setting(
        None, "The same when the instance that gives the resource up is not running."
    )
    error_rate: Percentage | None = setting(None, "Calls that are refused with `error_code`.")
    error_code: Text | None = setting(None, "The error code of those.")
    task_failure_rate: Percentage | None = setting(None, "Tasks that fail and leave everything as it was.")


class ControlPlaneSection(Section):
    """The cloud's API: how every action behaves, and what is different for single ones."""

    accept: DistributionText = setting(defaults.ACCEPT, "From any call until its answer.", weak=defaults.WEAK_ACCEPT)
    error_rate: Percentage = setting("0%", "Calls that are refused with `error_code`.")
    error_code: Text = setting("InternalError", "The error code of those.")
    task_failure_rate: Percentage = setting("0%", "Tasks that fail and leave everything as it was.")
    actions: dict[ActionName, ActionSection] = entries(dict, "What is different, by API action.")
    rate_limits: dict[ActionName, RateLimit] = entries(
        dict, "Calls per second that the account may make, by API action; others keep their published limit."
    )
    propagation: DistributionText = setting(
        defaults.PROPAGATION, "From the commit of a task until packets take the new way."
    )
    detach_cuts_traffic_at_once: bool = setting(
        True,
        "Whether a detached, unassigned or disassociated address stops answering when the task begins, not when it "
        "ends.",
        weak="nothing is published",
    )
    havip_remap: DistributionText = setting(
        defaults.HAVIP_REMAP,
        "From the gratuitous ARP that claims a HAVIP until the cloud has noted its new place (`propagation` follows).",
        weak=defaults.WEAK_HAVIP_REMAP,
    )
    garp_rate_limit: Annotated[int, Whole(1, 10_000)] = setting(
        defaults.GARP_RATE_LIMIT,
        "Gratuitous ARPs for HAVIPs that the cloud takes from one ENI in any second; those beyond are lost.",
        weak=defaults.WEAK_GARP_RATE_LIMIT,
    )


class QuotaSection(Section):
    """Limits on which the published tables disagree."""

    four_core_16gb_addresses: Literal[10, 20] = setting(
        10, "Private IPs per ENI of an instance with 4 cores and exactly 16 GB."
    )
