"""The typed records that a run leaves: the one language between :mod:`hasim.sim` and :mod:`hasim.measure`.

A :class:`Trace` is a header and a list of records in time order; every record's first field ``at`` is the simulated
time in integer nanoseconds since the start of the run. Records say *what became true*, not what was computed; whoever
measures needs nothing else. Individual adverts and gratuitous ARPs are recorded only when detail is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

__all__ = [
    "AcceptChanged",
    "AddressClaimed",
    "AddressHeld",
    "AddressRouted",
    "AdvertSent",
    "ApiAnswered",
    "ApiCalled",
    "CheckChanged",
    "DaemonChanged",
    "FaultBegan",
    "FaultEnded",
    "GarpSent",
    "GuestAddressChanged",
    "LinkChanged",
    "MemberStateChanged",
    "NetworkChanged",
    "NotifyEnded",
    "NotifyForked",
    "NotifyStarted",
    "PowerChanged",
    "PriorityChanged",
    "ReachabilityChanged",
    "Record",
    "ServiceChanged",
    "StateChanged",
    "TaskEnded",
    "Trace",
    "TrackedFileRead",
    "TrackedProcessChanged",
]


class FaultBegan(NamedTuple):
    """A fault took hold. ``target`` names what it hit (instance, zone, ``a|b`` for a partition, ``api``); ``in_zones``
    are the zones that it names, each with every instance in it."""

    at: int
    fault: str
    kind: str
    target: str
    in_zones: tuple[tuple[str, str], ...] = ()


class FaultEnded(NamedTuple):
    """A fault was repaired (the boot or restart that follows has its own records). The rest as when it began."""

    at: int
    fault: str
    kind: str
    target: str
    in_zones: tuple[tuple[str, str], ...] = ()


class PowerChanged(NamedTuple):
    """``state`` is ``running``, ``off``, ``booting`` or ``frozen``."""

    at: int
    instance: str
    state: str


class DaemonChanged(NamedTuple):
    """The keepalived process came up or went away; ``reason`` says how (``started``, ``killed``, ``stopped``,
    ``crash``)."""

    at: int
    instance: str
    running: bool
    reason: str


class StateChanged(NamedTuple):
    """A VRRP state transition. ``old`` and ``new`` are ``INIT``, ``BACKUP``, ``MASTER`` or ``FAULT``; ``reason`` is the
    machine's own word (``down_timer`` after silence, ``priority_zero`` after a good-bye, ``higher_priority_advert``,
    ``track_script``, ``track_process``, ``track_file``, ``link_down``, ``sync_group``, ``shutdown``, ``died``,
    ``start_up``, ``recovered``)."""

    at: int
    instance: str
    old: str
    new: str
    reason: str


class MemberStateChanged(NamedTuple):
    """The same of a further ``vrrp_instance`` (``member``), in one sync group with that of the floating address."""

    at: int
    instance: str
    member: str
    old: str
    new: str
    reason: str


class PriorityChanged(NamedTuple):
    """The effective priority moved, because of the weight of something that is tracked, or of a configuration that was
    read again. ``full`` is what it is in the steady state: below that it is lowered."""

    at: int
    instance: str
    old: int
    new: int
    full: int


class CheckChanged(NamedTuple):
    """A track script's counted verdict changed (after ``rise`` or ``fall`` runs)."""

    at: int
    instance: str
    script: str
    healthy: bool


class TrackedProcessChanged(NamedTuple):
    """keepalived believes that enough of a tracked process run (``quorum``), or no longer."""

    at: int
    instance: str
    process: str
    quorum: bool


class TrackedFileRead(NamedTuple):
    """keepalived has read another number than before in a tracked file."""

    at: int
    instance: str
    file: str
    value: int


class NotifyStarted(NamedTuple):
    """A notify script was forked. ``event`` is ``MASTER``, ``BACKUP``, ``FAULT``, ``STOP``, ``MASTER_RX_LOWER_PRI`` or
    ``RECLAIM`` (the periodic check). ``run`` numbers the scripts of a run of the simulator."""

    at: int
    instance: str
    run: int
    event: str


class NotifyEnded(NamedTuple):
    """``outcome`` is ``done``, ``nothing_to_do``, ``gave_up``, ``superseded`` (no longer MASTER) or ``killed``."""

    at: int
    instance: str
    run: int
    outcome: str


class ApiCalled(NamedTuple):
    """A request left the instance. ``call`` numbers the calls of a run of the simulator."""

    at: int
    instance: str
    run: int
    call: int
    action: str


class ApiAnswered(NamedTuple):
    """The caller has its answer: ``code`` is ``OK``, the cloud's error code, or ``ClientTimeout`` /
    ``ClientNetworkError``."""

    at: int
    instance: str
    run: int
    call: int
    action: str
    code: str


class TaskEnded(NamedTuple):
    """The asynchronous task that ``call`` began has committed (``SUCCESS``) or was rolled back (``FAILED``).

    ``holder`` is the instance that the cloud says holds the floating address from now on (None: nobody)."""

    at: int
    call: int
    action: str
    result: str
    holder: str | None


class AddressClaimed(NamedTuple):
    """The cloud has taken a gratuitous ARP of that instance, which did not hold the floating HAVIP: it will move it
    there, if the instance is in its range."""

    at: int
    instance: str


class AddressHeld(NamedTuple):
    """The control plane's committed truth changed: which instance holds the floating address (None: nobody).

    Where clients come through an EIP that is not bound to the address, nobody holds it."""

    at: int
    holder: str | None


class AddressRouted(NamedTuple):
    """The cloud's forwarding changed: where packets to the floating address go (None: nowhere)."""

    at: int
    holder: str | None


class GuestAddressChanged(NamedTuple):
    """The guest has the floating address configured and usable, or no longer."""

    at: int
    instance: str
    present: bool


class AcceptChanged(NamedTuple):
    """keepalived's firewall rules in the guest drop what is addressed to the floating address, or no longer
    (``accepts``). An address that they drop is not usable."""

    at: int
    instance: str
    accepts: bool


class ServiceChanged(NamedTuple):
    """The application on that instance answers, or no longer."""

    at: int
    instance: str
    healthy: bool


class LinkChanged(NamedTuple):
    """An interface's carrier."""

    at: int
    instance: str
    interface: str
    up: bool


class NetworkChanged(NamedTuple):
    """Packets pass to and from a booted instance (``ready``), or not yet; its links are up all the while."""

    at: int
    instance: str
    ready: bool


class ReachabilityChanged(NamedTuple):
    """The service as clients see it. ``server`` is the instance that answers them, None during an outage; ``missing``
    is then the first condition that fails: ``route``, ``instance``, ``link``, ``guest`` (the address is not there),
    ``accept`` (it is, and what is sent to it is dropped) or ``service``."""

    at: int
    server: str | None
    missing: str


class AdvertSent(NamedTuple):
    """Detail only: an advert left ``instance``; it will not arrive at the peers ``unreached`` (lost, or cut off).

    ``member`` is the further ``vrrp_instance`` of the sync group that sent it, empty for that of the floating address.
    """

    at: int
    instance: str
    priority: int
    unreached: tuple[str, ...]
    member: str = ""


class NotifyForked(NamedTuple):
    """Detail only: keepalived forked the scripts of ``event`` (whatever they then do): a state, ``STOP`` or
    ``MASTER_RX_LOWER_PRI``."""

    at: int
    instance: str
    event: str


class GarpSent(NamedTuple):
    """Detail only: a batch of ``repeat`` gratuitous ARPs left ``instance``."""

    at: int
    instance: str
    repeat: int


Record: TypeAlias = (
    FaultBegan
    | FaultEnded
    | PowerChanged
    | DaemonChanged
    | StateChanged
    | MemberStateChanged
    | PriorityChanged
    | CheckChanged
    | TrackedProcessChanged
    | TrackedFileRead
    | NotifyStarted
    | NotifyEnded
    | ApiCalled
    | ApiAnswered
    | TaskEnded
    | AddressClaimed
    | AddressHeld
    | AddressRouted
    | GuestAddressChanged
    | AcceptChanged
    | ServiceChanged
    | LinkChanged
    | NetworkChanged
    | ReachabilityChanged
    | AdvertSent
    | NotifyForked
    | GarpSent
)


@dataclass(frozen=True, slots=True)
class Trace:
    """One run: what it was a function of, and what became true in it.

    ``records`` are in time order (equal times: in the order in which they happened, a fault before its consequences).
    The first records, at 0, state the initial condition: one ``PowerChanged``, ``DaemonChanged``, ``StateChanged``
    (from INIT), ``ServiceChanged`` and ``GuestAddressChanged`` per instance that has it (``AcceptChanged`` of one that
    drops what is sent to it), then ``AddressHeld``, ``AddressRouted``, ``ReachabilityChanged``.
    """

    scenario: str
    digest: str
    seed: int
    replication: int
    horizon_ns: int
    records: tuple[Record, ...]
