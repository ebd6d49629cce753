"""Small scenarios that the tests of this room change line by line."""

from __future__ import annotations

import yaml

from hasim.scenario import loads
from hasim.scenario.model import Scenario

__all__ = ["BASE", "THREE_NETWORKS", "scenario"]

BASE = """\
horizon: 10min
zones: [z1]
vpc: {cidr: 10.0.0.0/16}
subnets:
  front: {cidr: 10.0.1.0/24}
instances:
  a: {address: 10.0.1.10}
  b: {address: 10.0.1.11}
floating: {address: 10.0.1.100, mechanism: secondary_ip}
"""

THREE_NETWORKS = """\
horizon: 10min
zones: [z1]
vpc: {cidr: 10.0.0.0/16, multicast: true}
subnets:
  service: {cidr: 10.0.1.0/24}
  heartbeat: {cidr: 10.0.2.0/24}
  management: {cidr: 10.0.3.0/24}
security_groups:
  beats: {ingress: [{protocol: vrrp, peer: 10.0.2.0/24}]}
instances:
  a:
    cpu: 4
    interfaces:
      front: {subnet: service, address: 10.0.1.10, secondary_addresses: [10.0.1.20, 10.0.1.21]}
      beat: {subnet: heartbeat, security_groups: beats}
      admin: {subnet: management}
  b:
    cpu: 4
    subnet: service
    interfaces:
      beat: {subnet: heartbeat, security_groups: [beats, default]}
    vrrp: {interface: beat, dont_track_primary: true, track_interface: eth0}
floating: {address: 10.0.1.100, mechanism: secondary_ip}
vrrp: {transport: multicast, interface: beat, track_interface: [front]}
"""


def scenario(more: str = "", **replaced: object) -> Scenario:
    """The base scenario with further lines, and with top-level keys replaced by data."""
    if not replaced:
        return loads(BASE + more)
    data = yaml.safe_load(BASE + more) | replaced
    return loads(yaml.safe_dump(data, sort_keys=False))
