"""What goes wrong: kinds, targets and times of faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hasim.scenario.distributions import Constant, Distribution
from hasim.scenario.model.instance import Instance

__all__ = ["CLIENTS", "CONTROL_PLANE", "Fault", "FaultKind", "ends_by_itself"]

CLIENTS = "clients"
"""The name by which a fault addresses everybody who uses the floating address."""

CONTROL_PLANE = "api"
"""The name by which a fault addresses the cloud's API end-point."""


class FaultKind(StrEnum):
    """What can be done to the world."""

    CRASH = "crash"
    STOP = "stop"
    FREEZE = "freeze"
    KEEPALIVED_KILL = "keepalived_kill"
    KEEPALIVED_STOP = "keepalived_stop"
    KEEPALIVED_RELOAD = "keepalived_reload"
    SERVICE_FAILURE = "service_failure"
    PROCESS_KILL = "process_kill"
    FILE_WRITE = "file_write"
    LINK_DOWN = "link_down"
    PARTITION = "partition"
    ONE_WAY_PARTITION = "one_way_partition"
    LOSS = "loss"
    LATENCY = "latency"
    ZONE_OUTAGE = "zone_outage"
    API_OUTAGE = "api_outage"
    API_SLOWDOWN = "api_slowdown"
    API_THROTTLE = "api_throttle"
    API_ERRORS = "api_errors"
    API_STUCK_TASKS = "api_stuck_tasks"
    API_FAILED_TASKS = "api_failed_tasks"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, once at ``at_ns`` or again and again.

    ``targets``: instance names (crash, stop, freeze, keepalived_*, service_failure, process_kill, file_write,
    link_down), zone names (zone_outage), API action names or empty for all (api_*). ``between`` and ``and_``: the two
    sides of a partition or of a loss or latency period, each holding instance names and zone names, and of a partition
    ``clients`` or ``api`` as well (one-way: from ``between`` to ``and_``). ``subnet`` restricts link_down, partition,
    loss and latency to one subnet.

    Scripted: ``at_ns`` set, ``time_to_failure`` None. Stochastic: ``time_to_failure`` is drawn from each repair (and
    from the start) to the next failure, separately for every target. ``duration`` (time to repair) None: for ever, so
    that a stochastic fault strikes once; unless it ends by itself (:func:`ends_by_itself`).

    Parameters by kind: ``packets_queued`` (freeze), ``hangs`` (service_failure: checks get no answer rather than a
    wrong one), ``process`` (keepalived_kill: ``all``, ``child`` or ``parent``), ``priority`` (keepalived_reload),
    ``tracked`` (process_kill and file_write: the name under which the process or file is tracked), ``count``
    (process_kill: how many of it; None: all), ``value`` (file_write), ``probability`` (loss, api_errors,
    api_failed_tasks), ``extra`` (latency: added delay), ``factor`` (api_slowdown), ``rate_per_s`` (api_throttle),
    ``code`` (api_errors).
    """

    name: str
    kind: FaultKind
    targets: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    and_: tuple[str, ...] = ()
    subnet: str | None = None
    at_ns: int | None = None
    time_to_failure: Distribution | None = None
    duration: Distribution | None = None
    packets_queued: bool = False
    hangs: bool = False
    process: str = "all"
    priority: int | None = None
    probability: float = 0.0
    extra: Distribution = field(default_factory=lambda: Constant(0))
    factor: float = 1.0
    rate_per_s: int = 0
    code: str = ""
    tracked: str = ""
    count: int | None = None
    value: int = 0

    @property
    def is_over_at_once(self) -> bool:
        """Whether there is nothing to be put right: a killed child's parent starts another at once, and a configuration
        that is read again and has not changed has been read."""
        is_child = self.kind is FaultKind.KEEPALIVED_KILL and self.process == "child"
        return is_child or (self.kind is FaultKind.KEEPALIVED_RELOAD and self.priority is None)


def ends_by_itself(fault: Fault, target: Instance) -> Distribution | None:
    """How long a fault without a ``duration`` lasts on a target where nobody has to repair it; None: for ever."""
    if fault.is_over_at_once:
        return Constant(0)
    return target.daemon.restart_delay if fault.kind is FaultKind.KEEPALIVED_KILL else None
