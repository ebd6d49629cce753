"""Scenario texts of the groups that have a closed form: no jitter, no loss, no process times, constant API."""

from __future__ import annotations

__all__ = ["bare_pair", "crashing_group"]


def bare_pair(
    faults: str,
    *,
    horizon: str,
    vrrp: str = "{advert_int: 1s}",
    script: str = '"0"',
    task: str = "2s",
    more: str = "",
) -> str:
    """A pair of priorities 150 and 100 with nothing random but its faults and the phase of its heartbeats.

    The notify script, which takes ``script`` to start up, makes one call that is answered at once, and the address
    moves ``task`` later.
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
notify: {{start_up: {script}, poll_interval: 1s}}
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


def crashing_group(
    time_to_failure: str, time_to_repair: str, *, vrrp: str = "{version: 3, advert_int: 100ms}", third: bool = False
) -> str:
    """Such a pair, or a group of three, whose instances crash. Its MASTER looks every 30 s whether it has the address,
    so that no address stays where two repairs within a move have left it."""
    targets = "[a, b, c]" if third else "[a, b]"
    faults = f"""
  - kind: crash
    target: {targets}
    time_to_failure: {time_to_failure}
    time_to_repair: {time_to_repair}
"""
    text = bare_pair(faults, horizon="100d", vrrp=vrrp, task="5s")
    text = text.replace("poll_interval: 1s", "poll_interval: 1s, reclaim_interval: 30s")
    another = "  c: {address: 10.0.1.13, vrrp: {priority: 50}}\nfloating:"
    return text.replace("floating:", another, 1) if third else text
