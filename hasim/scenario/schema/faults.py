"""What can go wrong, once at a given time or again and again.

The kinds are told apart by ``kind``; each takes only the keys that mean something to it. Every fault either has ``at``
(scripted) or ``time_to_failure`` (stochastic), and ends after ``duration`` (or ``time_to_repair``: the same thing by
its other name); without one it lasts until the end of the run, or until it ends by itself
(:func:`hasim.scenario.model.ends_by_itself`).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from hasim.scenario.schema.cloud import ActionName
from hasim.scenario.schema.distributions import DistributionText
from hasim.scenario.schema.fields import (
    Duration,
    Name,
    Names,
    Number,
    Percentage,
    Section,
    Text,
    Whole,
    entries,
    setting,
)

__all__ = [
    "ApiErrorsFault",
    "ApiFailedTasksFault",
    "ApiOutageFault",
    "ApiSlowdownFault",
    "ApiStuckTasksFault",
    "ApiThrottleFault",
    "FaultSection",
    "FaultText",
    "FileWriteFault",
    "FreezeFault",
    "InstanceFault",
    "KeepalivedKillFault",
    "KeepalivedReloadFault",
    "LatencyFault",
    "LinkDownFault",
    "LossFault",
    "OneWayPartitionFault",
    "PartitionFault",
    "ProcessKillFault",
    "ServiceFailureFault",
    "ZoneOutageFault",
]

_ONE_SIDE = "One side: instances, zones, `clients` (everybody who uses the address) or `api` (the cloud's API)."
_ONE_GROUP = "One side: instances or zones. (Clients and the API: write a `partition`, `api_slowdown` or `api_errors`.)"
_OTHER_SIDE = "The other side, likewise."
_ONE_SUBNET = "Only in this subnet. By default in all."


class FaultSection(Section):
    """What every fault has."""

    name: Text | None = setting(None, "Its name in reports. By default made of kind and target.")
    at: Duration | None = setting(None, "When it happens (once).")
    time_to_failure: DistributionText | None = setting(
        None,
        "How long until it happens, and after each repair until it happens again; drawn for every target separately.",
    )
    duration: DistributionText | None = setting(
        None,
        "How long it lasts. By default until the end of the run, so that a random fault happens once; but a killed "
        "keepalived is started again after its `daemon.restart_delay`, and a reload of the old configuration is over "
        "at once.",
    )
    time_to_repair: DistributionText | None = setting(None, "Another word for `duration`.")

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if (self.at is None) == (self.time_to_failure is None):
            found = "got neither" if self.at is None else "got both"
            raise ValueError(f"a fault happens either `at` a time or after a random `time_to_failure`: {found}")
        if self.duration is not None and self.time_to_repair is not None:
            raise ValueError("`duration` and `time_to_repair` are the same: give one of them")
        return self


class InstanceFault(FaultSection):
    """Hits instances: `crash` (power lost, then booted again), `stop` (shut down cleanly), `keepalived_stop` (a clean
    stop of the daemon: priority 0)."""

    kind: Literal["crash", "stop", "keepalived_stop"] = setting(..., "What happens.")
    target: Names = setting(..., "The instances that it hits.")


class ServiceFailureFault(FaultSection):
    """The application stops answering."""

    kind: Literal["service_failure"] = setting(..., "What happens.")
    target: Names = setting(..., "The instances that it hits.")
    hangs: bool = setting(
        False, "Whether checks get no answer until they time out, rather than fail at once (a hung process)."
    )


class ProcessKillFault(FaultSection):
    """A process that keepalived tracks ends; afterwards it is started again."""

    kind: Literal["process_kill"] = setting(..., "What happens.")
    target: Names = setting(..., "The instances that it hits.")
    process: Name = setting(..., "The name under which the process is in `vrrp.track_processes`.")
    count: Annotated[int, Whole(1, 65_535)] | None = setting(None, "How many of it end. By default all.")


class FileWriteFault(FaultSection):
    """Somebody writes a number into a file that keepalived tracks; afterwards the file says again what it said."""

    kind: Literal["file_write"] = setting(..., "What happens.")
    target: Names = setting(..., "The instances that it hits.")
    file: Name = setting(..., "The name under which the file is in `vrrp.track_files`.")
    value: Annotated[int, Whole(-(2**31), 2**31 - 1)] = setting(..., "What is written.")


class KeepalivedKillFault(FaultSection):
    """keepalived is killed (SIGKILL): nothing is sent, and the address stays configured in the guest."""

    kind: Literal["keepalived_kill"] = setting(..., "What happens.")
    target: Names = setting(..., "The instances that it hits.")
    process: Literal["all", "child", "parent"] = setting(
        "all",
        "`all`: started again by its supervisor. `child`: the parent starts a new VRRP process at once, later after "
        "1, 2, 4, ... 60 s (`duration` has no meaning). `parent`: the VRRP process then stops cleanly.",
    )


class KeepalivedReloadFault(FaultSection):
    """keepalived reads its configuration again (SIGHUP)."""

    kind: Literal["keepalived_reload"] = setting(..., "What happens.")
    target: Names = setting(..., "The instances that it hits.")
    priority: Annotated[int, Whole(1, 255)] | None = setting(
        None,
        "The priority in the new configuration, which a keepalived that is started meanwhile reads, too. By default "
        "the old one.",
    )


class FreezeFault(FaultSection):
    """All processes of an instance are paused, then go on as if nothing had been (a snapshot, a live migration)."""

    kind: Literal["freeze"] = setting(..., "What happens.")
    target: Names = setting(..., "The instances that it hits.")
    packets_queued: bool = setting(
        False,
        "Whether packets that arrive meanwhile are delivered afterwards, instead of being lost; adverts as many as fit "
        "into the socket (`daemon.receive_buffer`).",
    )


class LinkDownFault(FaultSection):
    """The network interfaces of an instance lose their carrier."""

    kind: Literal["link_down"] = setting(..., "What happens.")
    target: Names = setting(..., "The instances that it hits.")
    subnet: Name | None = setting(None, _ONE_SUBNET)


class PartitionFault(FaultSection):
    """No packet passes between two sides, in either direction; every link stays up."""

    kind: Literal["partition"] = setting(..., "What happens.")
    between: Names = setting(..., _ONE_SIDE)
    and_: Names = setting(..., _OTHER_SIDE, alias="and")
    subnet: Name | None = setting(None, _ONE_SUBNET)


class OneWayPartitionFault(FaultSection):
    """No packet passes from one side to the other; the other direction works."""

    kind: Literal["one_way_partition"] = setting(..., "What happens.")
    from_: Names = setting(..., _ONE_SIDE, alias="from")
    to: Names = setting(..., _OTHER_SIDE)
    subnet: Name | None = setting(None, _ONE_SUBNET)


class LossFault(FaultSection):
    """Adverts between two sides are lost at random, in both directions."""

    kind: Literal["loss"] = setting(..., "What happens.")
    between: Names = setting(..., _ONE_GROUP)
    and_: Names = setting(..., _OTHER_SIDE, alias="and")
    subnet: Name | None = setting(None, _ONE_SUBNET)
    probability: Percentage = setting(..., "How many are lost, beyond the network's own loss.")


class LatencyFault(FaultSection):
    """Adverts between two sides take longer, in both directions."""

    kind: Literal["latency"] = setting(..., "What happens.")
    between: Names = setting(..., _ONE_GROUP)
    and_: Names = setting(..., _OTHER_SIDE, alias="and")
    subnet: Name | None = setting(None, _ONE_SUBNET)
    extra: DistributionText = setting(..., "Added to the network's own delay.")


class ZoneOutageFault(FaultSection):
    """Everything in a zone loses its power at once, and is booted again afterwards."""

    kind: Literal["zone_outage"] = setting(..., "What happens.")
    target: Names = setting(..., "The zones that it hits.")


class ApiOutageFault(FaultSection):
    """The cloud's API does not answer."""

    kind: Literal["api_outage"] = setting(..., "What happens.")
    actions: list[ActionName] = entries(list, "The API actions concerned. By default all.")


class ApiSlowdownFault(FaultSection):
    """The cloud's API answers, and works, more slowly."""

    kind: Literal["api_slowdown"] = setting(..., "What happens.")
    actions: list[ActionName] = entries(list, "The API actions concerned. By default all.")
    factor: Annotated[float, Number(1, 1_000_000)] = setting(..., "How many times longer everything takes.")


class ApiThrottleFault(FaultSection):
    """The cloud's API allows fewer calls (other users of the account have spent the limit)."""

    kind: Literal["api_throttle"] = setting(..., "What happens.")
    actions: list[ActionName] = entries(list, "The API actions concerned. By default all.")
    rate_per_second: Annotated[int, Whole(0, 1_000_000)] = setting(..., "Calls per second that are let through.")


class ApiErrorsFault(FaultSection):
    """The cloud's API refuses calls at random."""

    kind: Literal["api_errors"] = setting(..., "What happens.")
    actions: list[ActionName] = entries(list, "The API actions concerned. By default all.")
    probability: Percentage = setting(..., "How many calls are refused.")
    code: Text = setting("InternalError", "The error code of those.")


class ApiStuckTasksFault(FaultSection):
    """The cloud accepts calls, and their tasks do not end: an ENI stays `DETACHING`. Tasks that begin meanwhile take
    their time only when it is over; those that would end meanwhile end then."""

    kind: Literal["api_stuck_tasks"] = setting(..., "What happens.")
    actions: list[ActionName] = entries(list, "The API actions whose tasks are concerned. By default all.")


class ApiFailedTasksFault(FaultSection):
    """The cloud accepts calls, and tasks that begin meanwhile fail at random: each is rolled back when it would have
    ended."""

    kind: Literal["api_failed_tasks"] = setting(..., "What happens.")
    actions: list[ActionName] = entries(list, "The API actions whose tasks are concerned. By default all.")
    probability: Percentage = setting(..., "How many tasks fail.")


FaultText: TypeAlias = Annotated[
    InstanceFault
    | ServiceFailureFault
    | ProcessKillFault
    | FileWriteFault
    | KeepalivedKillFault
    | KeepalivedReloadFault
    | FreezeFault
    | LinkDownFault
    | PartitionFault
    | OneWayPartitionFault
    | LossFault
    | LatencyFault
    | ZoneOutageFault
    | ApiOutageFault
    | ApiSlowdownFault
    | ApiThrottleFault
    | ApiErrorsFault
    | ApiStuckTasksFault
    | ApiFailedTasksFault,
    Field(discriminator="kind"),
]
