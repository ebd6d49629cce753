"""A pair with the bare protocol and no noise, so that every time in a run is one that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import yaml

from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.trace import Record, StateChanged
from hasim.units import SECOND

__all__ = ["bare_pair", "instance", "of_type", "run", "states"]

R = TypeVar("R", bound=Record)
_EXACT = {"start_up": "0", "timer_latency": "0", "take_over": "0", "busy": "0", "advert_drift": "0"}


def bare_pair(**replaced: Any) -> Scenario:
    """a (priority 150) is MASTER and has just sent an advert when the run begins; b (100) waits. Both have a second
    interface. Top-level keys are replaced by data."""
    document = {
        "horizon": "5min",
        "zones": ["z"],
        "vpc": {"cidr": "10.0.0.0/16"},
        "subnets": {"front": {"cidr": "10.0.1.0/24"}, "back": {"cidr": "10.0.2.0/24"}},
        "instances": {"a": instance(150, 11), "b": instance(100, 12)},
        "floating": {"address": "10.0.1.100", "mechanism": "secondary_ip"},
        "initial_phase": "0",
        "daemon": _EXACT,
        "network": {"within_zone": {"latency": "0", "jitter": "0"}},
        "guest": {"configure": "0", "boot": "30s"},
        "service": {"start_up": "2s"},
        "notify": {"start_up": "100ms", "call_timeout": "5s"},
        "control_plane": {"accept": "100ms", "propagation": "0"},
    }
    return loads(yaml.safe_dump(document | replaced, sort_keys=False))


def instance(priority: int, host: int, **more: Any) -> dict[str, Any]:
    """One of the pair, as a file would say it."""
    return {
        "cpu": 4,
        "memory": "8GB",
        "subnet": "front",
        "address": f"10.0.1.{host}",
        "interfaces": {"eth1": {"subnet": "back", "address": f"10.0.2.{host}"}},
        "vrrp": {"priority": priority},
        **more,
    }


def run(scenario: Scenario, **options: Any) -> tuple[Record, ...]:
    """The records of one replication; quiet and explicit heartbeats must agree."""
    quiet = simulate(scenario, seed=1, replication=0, **options).records
    assert quiet == simulate(scenario, seed=1, replication=0, heartbeats="explicit", **options).records
    return quiet


def of_type(records: Sequence[Record], kind: type[R]) -> list[R]:
    """The records of one type that are not the initial condition."""
    return [record for record in records if isinstance(record, kind) and record.at > 0]


def states(records: Sequence[Record], name: str) -> list[tuple[float, str, str]]:
    """When an instance changed its state (seconds), to what, and why."""
    return [(r.at / SECOND, r.new, r.reason) for r in of_type(records, StateChanged) if r.instance == name]
