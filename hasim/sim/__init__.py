"""The world in SimPy: ``simulate(scenario, seed=..., replication=...) -> Trace``. The only room that imports simpy.

``world``          what exists, and its beginning in the steady state
``kernel``         time, and the rule for simultaneous events
``randomness``     named, counter-based streams
``heartbeats``     adverts one by one, or settled in closed form
``daemon``         keepalived as a process around the pure machine
``checks``         track scripts and other periodic activities
``scripts``        notify scripts
``control_plane``  the cloud's API in time
``fabric``         the network
``host``           power, guest address and service of an instance
``reachability``   the service as clients see it
``faults``         what goes wrong
"""

from __future__ import annotations

from hasim.scenario.model import Scenario
from hasim.trace import Trace

__all__ = ["simulate"]


def simulate(
    scenario: Scenario, *, seed: int, replication: int, heartbeats: str = "quiet", detail: bool = False
) -> Trace:
    """Run one replication from time 0 to the scenario's horizon.

    Args:
        scenario: what to run.
        seed: with ``replication`` the source of all randomness; the same two give the same trace, byte for byte.
        replication: its number, from 0.
        heartbeats: ``quiet`` simulates adverts and checks only while they can change something, ``explicit`` every one.
            Both give the same trace.
        detail: record every advert and gratuitous ARP; implies explicit heartbeats.

    Raises:
        ValueError: ``heartbeats`` is neither of the two.
    """
    if heartbeats not in ("quiet", "explicit"):
        raise ValueError(f"heartbeats is 'quiet' or 'explicit', not {heartbeats!r}")
    from hasim.sim.world import World

    quiet = heartbeats == "quiet" and not detail
    world = World(scenario, seed=seed, replication=replication, quiet=quiet, detail=detail)
    world.kernel.run()
    return Trace(
        scenario=scenario.name,
        digest=scenario.digest,
        seed=seed,
        replication=replication,
        horizon_ns=scenario.horizon_ns,
        records=tuple(world.records),
    )
