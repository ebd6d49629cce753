"""The pair on which the benchmarks run: facts of one simulated year of ordinary failures.

Two instances, VRRPv2 at 1 s, priorities 200 and 100, a health check every 2 s, MTBF 30 days, MTTR 5 minutes, and an
address move that takes a lognormal time (median 1.2 s) with 2 % errors: about 24 failures and 94.6 million
heartbeat-level events a year.
"""

from __future__ import annotations

from hasim.scenario import loads
from hasim.scenario.model import Scenario

__all__ = ["pair"]


def pair(
    horizon: str,
    *,
    advert_int: str = "1s",
    version: int = 2,
    mtbf: str = "30d",
    loss: str = "0%",
    reclaims: bool = False,
) -> Scenario:
    """The pair's scenario over ``horizon``; ``reclaims``: the MASTER looks every 30 s whether it has the address."""
    reclaim = ", reclaim_interval: 30s" if reclaims else ""
    return loads(
        f"""
horizon: {horizon}
zones: [z]
vpc: {{cidr: 10.0.0.0/16}}
subnets: {{service: {{cidr: 10.0.1.0/24}}}}
instances:
  a: {{address: 10.0.1.11, vrrp: {{priority: 200}}}}
  b: {{address: 10.0.1.12, vrrp: {{priority: 100}}}}
floating: {{address: 10.0.1.100, mechanism: secondary_ip}}
vrrp:
  version: {version}
  advert_int: {advert_int}
  track_scripts: {{service: {{interval: 2s, fall: 2, rise: 2}}}}
notify: {{tries: 10, retry_delay: 1s, retry_backoff: 2, call_timeout: 5s{reclaim}}}
guest: {{boot: 30s}}
network: {{within_zone: {{loss: {loss}}}}}
control_plane:
  error_rate: 2%
  actions:
    MigratePrivateIpAddress: {{task: {{lognormal: {{median: 1.2s, p95: 4s}}}}}}
faults:
  - kind: crash
    target: [a, b]
    time_to_failure: {{exponential: {{mean: {mtbf}}}}}
    time_to_repair: {{exponential: {{mean: 5min}}}}
""",
        "benchmark",
    )
