"""The whole of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from hasim.scenario.model.cloud import ControlPlane, Network, SecurityGroup, Subnet
from hasim.scenario.model.faults import Fault
from hasim.scenario.model.floating import Floating
from hasim.scenario.model.instance import Instance

__all__ = ["Scenario", "Slo"]


@dataclass(frozen=True, slots=True)
class Slo:
    """What the service must meet; None where nothing is asked. ``failover_percentiles`` maps 0.99 to nanoseconds."""

    availability: float | None = None
    failover_percentiles: Mapping[float, int] = field(default_factory=dict)
    longest_outage_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario. ``digest`` is a SHA-256 (hex) of its resolved content without seed, replications and SLO.

    ``initial_master``: an instance name; None lets the steady state decide (highest priority, then address; drawn at
    random among equals when nobody preempts). ``initial_phase_ns``: how long before the beginning it sent its last
    advert (None: random). ``cold_start`` replaces the steady state: on each instance named, keepalived is started at
    that time (ns), on the others never. ``source_path`` and ``source_text`` are where it came from.
    """

    name: str
    description: str
    digest: str
    horizon_ns: int
    seed: int
    replications: int
    region: str
    zones: tuple[str, ...]
    vpc_cidr: IPv4Network
    subnets: tuple[Subnet, ...]
    security_groups: tuple[SecurityGroup, ...]
    instances: tuple[Instance, ...]
    floating: Floating
    initial_master: str | None
    network: Network
    control_plane: ControlPlane
    faults: tuple[Fault, ...]
    slo: Slo
    four_core_16gb_addresses: int
    weak_defaults: tuple[str, ...]
    source_path: str
    source_text: str
    initial_phase_ns: int | None = None
    cold_start: Mapping[str, int] | None = None

    @property
    def is_scripted(self) -> bool:
        """Whether everything that fails does so at a fixed time, which says nothing about how often it happens."""
        return bool(self.faults) and all(fault.time_to_failure is None for fault in self.faults)

    def instance(self, name: str) -> Instance:
        """The instance of that name.

        Raises:
            KeyError: there is none.
        """
        for instance in self.instances:
            if instance.name == name:
                return instance
        raise KeyError(name)

    def subnet(self, name: str) -> Subnet:
        """The subnet of that name.

        Raises:
            KeyError: there is none.
        """
        for subnet in self.subnets:
            if subnet.name == name:
                return subnet
        raise KeyError(name)
