"""The settings of a ``vrrp_instance``, what it tracks, and the further ones of its sync group."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from hasim.scenario.distributions import Distribution
from hasim.units import SECOND

__all__ = ["GroupMember", "TrackFile", "TrackProcess", "TrackScript", "TrackedInterface", "Transport", "VrrpSettings"]


class Transport(StrEnum):
    """How adverts travel: to each peer's address, or to 224.0.0.18 (which a VPC must permit)."""

    UNICAST = "unicast"
    MULTICAST = "multicast"


@dataclass(frozen=True, slots=True)
class TrackScript:
    """A ``vrrp_script``: what it looks at and how keepalived counts its results.

    ``check`` is ``service`` (the local service answers) or ``api`` (the cloud's end-point can be reached). ``weight``
    0 means FAULT when down. ``run_time`` is how long one run takes. ``first_run_ns`` is when the first run of a
    daemon that is up from the beginning falls due (None: at a random place of the grid). ``killed_after_ns``: a run
    that takes longer than the timeout is killed then, and its result counts so much later. ``reverse`` turns the sign
    of the weight round, and with weight 0 makes the FAULT while up.
    """

    name: str
    check: str
    interval_ns: int
    timeout_ns: int
    rise: int
    fall: int
    weight: int
    run_time: Distribution
    first_run_ns: int | None = None
    killed_after_ns: int = 0
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class TrackProcess:
    """A ``vrrp_track_process``: down while fewer than ``quorum`` of it run.

    ``count`` is how many run on an instance that is well. keepalived hears of every exit and every start at once, and
    believes it after ``terminate_delay_ns`` (exit) or ``fork_delay_ns`` (start). ``weight`` and ``reverse`` as with a
    script.
    """

    name: str
    count: int
    quorum: int
    weight: int
    reverse: bool
    fork_delay_ns: int
    terminate_delay_ns: int


@dataclass(frozen=True, slots=True)
class TrackFile:
    """A ``track_file``: the number in it times ``weight`` is added to the priority, -254 or less means FAULT; with
    ``weight`` 0 any number but 0 does. ``reverse`` turns both round.

    ``value`` stands in it when a run begins (None: there is no such file, which counts as 0). ``init_value`` is what
    keepalived writes into it when it starts (None: nothing), over an existing file only if ``init_overwrite``.
    """

    name: str
    weight: int
    reverse: bool
    value: int | None
    init_value: int | None
    init_overwrite: bool


@dataclass(frozen=True, slots=True)
class TrackedInterface:
    """An interface whose link moves the priority by ``weight`` (not 0), turned round by ``reverse``."""

    name: str
    weight: int
    reverse: bool


@dataclass(frozen=True, slots=True)
class VrrpSettings:
    """A ``vrrp_instance`` as keepalived completes it (advert_int rounded, nopreempt cleared by ``state MASTER``).

    ``peers`` are instance names; ``interface`` is the name of the :class:`Interface` that carries the adverts;
    ``track_interfaces`` are the names of all interfaces whose loss of link means FAULT, ``weighted_interfaces`` those
    that only move the priority. A new MASTER sends ``garp_master_repeat`` gratuitous ARPs at once and again after
    ``garp_master_delay_ns`` (0: not again), a MASTER repeats ``garp_master_refresh_repeat`` of them every
    ``garp_master_refresh_ns`` (None: never); one that hears a lower advert sends ``garp_lower_prio_repeat`` (0: none)
    and again after ``garp_lower_prio_delay_ns``; between two of them there are at least ``garp_interval_ns``.
    ``native_ipv6``: adverts go over IPv6. ``password``: what its VRRPv2
    adverts are to be taken by (at most 8 bytes; None: no authentication). ``virtual_addresses``: those that its adverts
    name (None: the floating one alone). ``kernel_rx_buf_size``: what it asks of the kernel for its socket, in bytes
    (None: nothing). ``multicast_group``: where its multicast adverts go (None: to the protocol's own). ``accept``: a
    MASTER takes what is addressed to its virtual addresses; without it, and unless it is their owner, it drops that.
    """

    virtual_router_id: int
    version: int
    advert_int_ns: int
    priority: int
    initial_state: str
    nopreempt: bool
    preempt_delay_ns: int
    startup_delay_ns: int
    down_timer_adverts: int
    higher_prio_send_advert: bool
    lower_prio_no_advert: bool
    transport: Transport
    interface: str
    peers: tuple[str, ...]
    track_scripts: tuple[TrackScript, ...]
    track_interfaces: tuple[str, ...]
    garp_master_repeat: int
    garp_master_delay_ns: int
    garp_master_refresh_ns: int | None
    garp_master_refresh_repeat: int
    garp_lower_prio_repeat: int = 5
    garp_lower_prio_delay_ns: int = 5 * SECOND
    garp_interval_ns: int = 0
    track_processes: tuple[TrackProcess, ...] = ()
    track_files: tuple[TrackFile, ...] = ()
    weighted_interfaces: tuple[TrackedInterface, ...] = ()
    native_ipv6: bool = False
    password: str | None = None
    virtual_addresses: tuple[IPv4Address | IPv6Address, ...] | None = None
    kernel_rx_buf_size: int | None = None
    multicast_group: IPv4Address | IPv6Address | None = None
    accept: bool = True


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A further ``vrrp_instance`` of a machine, in one sync group with that of the floating address. It has no floating
    address of its own here; by its adverts and its interface it takes part in whose turn it is."""

    name: str
    vrrp: VrrpSettings
