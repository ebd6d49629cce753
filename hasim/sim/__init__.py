"""The world in SimPy: ``simulate(scenario, seed=..., replication=...) -> Trace``, or ``observe`` for those who keep no
trace. The only room that imports simpy.

``world``          what exists, and its ``beginning`` in the steady state
``kernel``         time, and the rule for simultaneous events
``randomness``     named, counter-based streams
``collector``      Python's garbage collector, which pauses meanwhile
``heartbeats``     adverts one by one, or settled in closed form
``fates``          which adverts are lost
``daemon``         keepalived as a process around the pure machines, and ``effects``, what these do to the world
``router``         one of its VRRP instances, as the network sees it
``checks``         track scripts and other periodic activities
``tracking``       tracked links, processes and files
``scripts``        notify scripts
``control_plane``  the cloud's API in time, and ``retransmission``, what becomes of a call whose packets are lost
``fabric``         the network
``host``           power, guest address and service of an instance, and what runs and lies in its ``guest``
``reachability``   the service as clients see it
``faults``         what goes wrong
"""

from __future__ import annotations

from collections.abc import Callable

from hasim.arguments import HeartbeatMode, check_heartbeats, whole_number
from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.trace import Record, Trace

__all__ = ["observe", "simulate"]


def simulate(
    scenario: Scenario,
    *,
    seed: int,
    replication: int,
    heartbeats: HeartbeatMode = "quiet",
    detail: tuple[int, int] | None = None,
) -> Trace:
    """Run one replication from time 0 to the scenario's horizon.

    Args:
        scenario: what to run.
        seed: with ``replication`` the source of all randomness; the same two give the same trace, byte for byte.
        replication: its number, from 0.
        heartbeats: ``quiet`` simulates adverts and checks only while they can change something, ``explicit`` every one.
            Both give the same trace.
        detail: from when until when (ns; the end excluded) every advert, gratuitous ARP and fork of a notify script is
            recorded too. They are simulated one by one only meanwhile; all other records are the same as without.

    Raises:
        UserError: seed or replication is no whole number from 0, ``heartbeats`` is neither of the two, or ``detail`` is
            no interval from 0 on.
    """
    seed, replication = whole_number("the seed", seed), whole_number("replication", replication)
    records: list[Record] = []
    observe(scenario, records.append, seed=seed, replication=replication, heartbeats=heartbeats, detail=detail)
    return Trace(
        scenario=scenario.name,
        digest=scenario.digest,
        seed=seed,
        replication=replication,
        horizon_ns=scenario.horizon_ns,
        records=tuple(records),
    )


def observe(
    scenario: Scenario,
    take: Callable[[Record], None],
    *,
    seed: int,
    replication: int,
    heartbeats: HeartbeatMode = "quiet",
    detail: tuple[int, int] | None = None,
) -> None:
    """Run one replication like :func:`simulate`, and hand every record to ``take`` as it becomes true.

    No record is kept here, so that the memory which a run needs does not depend on its horizon.

    Raises:
        UserError: as :func:`simulate`.
    """
    seed, replication = whole_number("the seed", seed), whole_number("replication", replication)
    check_heartbeats(heartbeats)
    if detail is not None and not 0 <= detail[0] < detail[1]:
        raise UserError(f"detail is (start, end) with 0 <= start < end, not {detail}")
    from hasim.sim.collector import collector_paused
    from hasim.sim.randomness import Randomness
    from hasim.sim.world import World

    with collector_paused():
        quiet = heartbeats == "quiet"
        randomness = Randomness(seed, replication)
        world = World(scenario, randomness=randomness, quiet=quiet, detail=detail, take=take)
        world.kernel.run()
