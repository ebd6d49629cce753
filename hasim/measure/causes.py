"""What explains an outage: a fault, a planned move back, a false election, or nothing that is known.

The rules, in order; W is the instance that served before, and *recent* means less than :data:`SETTLING_NS` before the
outage (keepalived's longest ``preempt_delay`` is 1,000 s, so that a return which waits for it is still recent).

1. **The fault in force that hits W**, the youngest of several. A fault hits W if its target names W or W's zone; a zone
   outage if W lost its power at the instant at which it began; a fault that names the clients if link or route is
   missing.
2. **failback**: W was well and gave way to another live MASTER, which had recently come back (from a crash, a freeze,
   FAULT, a lowered priority) or from which a network fault had recently parted it (the link of either was down, or
   they were on different sides of it).
3. **A fault of the API in force**, if the route is missing or a check of W fails (a script may check the API).
4. **Any other fault in force**, the youngest.
5. **A fault that ended recently**, one that hit W before any other, the last ended of several: a frozen standby
   that wakes up and believes itself alone, for instance.
6. **not_accepted**: none of all that, and the address is where it belongs, on an instance that drops what is sent
   to it.
7. **false_failover**: none of all that, and an instance recently became MASTER.
8. **unknown**.

*Well* means: running, in the election with its full priority, no failing check, and what is missing is the address (in
the cloud or in the guest), not the link, the instance or the service.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Set
from typing import NamedTuple

from hasim.measure.model import FAILBACK, FALSE_FAILOVER, NOT_ACCEPTED, UNKNOWN
from hasim.trace import FaultBegan, FaultEnded
from hasim.units import MINUTE

__all__ = ["SETTLING_NS", "FaultHistory", "Suspicion", "explain"]

SETTLING_NS = 20 * MINUTE

_PATH_KINDS = ("partition", "one_way_partition", "loss", "latency")
_SEPARATORS = re.compile(r"[|,>\s]+")


class FaultHistory:
    """The faults in force, and those that ended less than :data:`SETTLING_NS` ago."""

    __slots__ = ("_ended", "_in_force")

    def __init__(self) -> None:
        self._in_force: dict[tuple[str, str], FaultBegan] = {}
        self._ended: deque[FaultEnded] = deque()

    def on_began(self, record: FaultBegan) -> None:
        """Take in that a fault took hold."""
        self._in_force[record.fault, record.target] = record

    def on_ended(self, record: FaultEnded) -> None:
        """Take in that a fault was repaired."""
        self._in_force.pop((record.fault, record.target), None)
        ended = self._ended
        ended.append(record)
        while ended[0].at < record.at - SETTLING_NS:
            ended.popleft()

    def in_force(self) -> list[FaultBegan]:
        """The faults in force, the youngest first."""
        return list(reversed(self._in_force.values()))

    def ended_since(self, since_ns: int) -> list[FaultEnded]:
        """The faults that ended at or after an instant, the last ended first."""
        recent = []
        for record in reversed(self._ended):
            if record.at < since_ns:
                break
            recent.append(record)
        return recent


class Suspicion(NamedTuple):
    """What the rules look at, as it was when the outage began.

    Attributes:
        at_ns: that instant.
        server: W; None if nobody served.
        missing: the condition that failed first.
        is_well: whether W was well.
        check_fails: whether a check of W failed.
        lost_power_ns: when W's power last changed, None if never.
        returned_ns: instance -> when it last came back.
        last_transition_ns: when any instance last became MASTER, None if never.
        in_force: the faults in force, the youngest first.
        recent: the faults that ended recently, the last first.
    """

    at_ns: int
    server: str | None
    missing: str
    is_well: bool
    check_fails: bool
    lost_power_ns: int | None
    returned_ns: dict[str, int]
    last_transition_ns: int | None
    in_force: list[FaultBegan]
    recent: list[FaultEnded]


def explain(case: Suspicion, masters: Set[str]) -> tuple[str, str]:
    """The cause and the name of the fault (empty where it is none).

    ``masters`` are the live MASTERs when all had happened that happened at that instant: a server that gives way loses
    the address before it says that it is no longer MASTER.
    """
    fault = _fault_in_force(case, masters)
    if fault is not None:
        return str(fault.kind), fault.fault
    if _is_failback(case, masters):
        return FAILBACK, ""
    if case.recent:
        best = next((ended for ended in case.recent if case.server in _named(ended)), case.recent[0])
        return str(best.kind), best.fault
    if case.missing == "accept":
        return NOT_ACCEPTED, ""
    if case.last_transition_ns is not None and case.last_transition_ns >= case.at_ns - SETTLING_NS:
        return FALSE_FAILOVER, ""
    return UNKNOWN, ""


def _fault_in_force(case: Suspicion, masters: Set[str]) -> FaultBegan | None:
    """Rules 1, 3 and 4."""
    for fault in case.in_force:
        if _hits(fault, case):
            return fault
    if not case.in_force or _is_failback(case, masters):
        return None
    if case.missing == "route" or case.check_fails:
        for fault in case.in_force:
            if fault.kind.startswith("api_"):
                return fault
    return case.in_force[0]


def _named(fault: FaultBegan | FaultEnded) -> tuple[str, ...]:
    """The instances, zones or end-points in a target such as ``a|b,c``, and the instances in those zones."""
    return _with_instances(_SEPARATORS.split(fault.target), fault)


def _with_instances(names: list[str], fault: FaultBegan | FaultEnded) -> tuple[str, ...]:
    """Those names, and the instances in the zones among them."""
    return (*names, *(instance for zone, instance in fault.in_zones if zone in names))


def _hits(fault: FaultBegan, case: Suspicion) -> bool:
    if fault.kind == "zone_outage":
        return case.lost_power_ns == fault.at
    named = _named(fault)
    return case.server in named or ("clients" in named and case.missing in ("link", "route"))


def _is_failback(case: Suspicion, masters: Set[str]) -> bool:
    if not case.is_well or not masters or case.server in masters:
        return False
    since_ns = case.at_ns - SETTLING_NS
    if any(master in case.returned_ns and case.returned_ns[master] >= since_ns for master in masters):
        return True
    return any(_parted(fault, case.server, master) for fault in case.recent for master in masters)


def _parted(fault: FaultEnded, one: str | None, other: str) -> bool:
    """Whether a network fault stood between two instances."""
    if fault.kind == "link_down":
        return one in _named(fault) or other in _named(fault)
    if fault.kind not in _PATH_KINDS:
        return False
    left, right = (_with_instances(side.split(","), fault) for side in fault.target.split("|"))
    return (one in left and other in right) or (one in right and other in left)
