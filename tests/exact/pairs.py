"""Scenario texts of the pairs that have a closed form: no jitter, no loss, no process times, constant API."""

from __future__ import annotations

__all__ = ["bare_pair"]


def bare_pair(faults: str, *, horizon: str, vrrp: str = "{advert_int: 1s}", task: str = "2s", more: str = "") -> str:
    """A pair of priorities 150 and 100 with nothing random but its faults and the phase of its heartbeats.

    The notify script starts at once, makes one call that is answered at once, and the address moves ``task`` later.
    """
    return f"""
horizon: {horizon}
zones: [z]
vpc: {{cidr: 10.0.0.0/16}}
subnets: {{service: {{cidr: 10.0.1.0/24}}}}
instances:
  a: {{address: 10.0.1.11, vrrp: {{priority: 150}}}}
  b: {{address: 10.0.1.12, vrrp: {{priority: 100}}}}
floating: {{address: 10.0.1.100, mechanism: secondary_ip}}
vrrp: {vrrp}
notify: {{start_up: "0", poll_interval: 1s}}
daemon: {{start_up: "0", timer_latency: "0", take_over: "0", busy: "0", advert_drift: "0"}}
guest: {{boot: "0", configure: "0"}}
service: {{start_up: "0"}}
network: {{within_zone: {{latency: "0", jitter: "0"}}}}
control_plane:
  accept: "0"
  propagation: "0"
  actions: {{MigratePrivateIpAddress: {{task: {task}, task_dead_host: {task}}}}}
faults: {faults}
{more}
"""
