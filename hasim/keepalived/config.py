"""The configuration of one keepalived daemon, typed and completed as the daemon completes it.

Values are what keepalived *uses*: ``advert_int`` rounded, defaults filled in, ``nopreempt`` cleared where ``state
MASTER`` clears it. Every object knows where it stands in its file (``location``), and where each of its values was
written (:meth:`Placed.where`). Places do not count when two configurations are compared. Durations are integer
nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from hasim.keepalived.arguments import ScriptCommand
from hasim.keepalived.problems import Location, Problem, Problems
from hasim.keepalived.syntax import Statement

__all__ = [
    "Authentication",
    "Config",
    "Fifo",
    "GlobalDefs",
    "IPAddress",
    "Notify",
    "Placed",
    "SyncGroup",
    "TrackFile",
    "TrackProcess",
    "Tracked",
    "Tracking",
    "UnicastPeer",
    "Vip",
    "Vmac",
    "VrrpInstance",
    "VrrpScript",
    "Written",
]

IPAddress = IPv4Address | IPv6Address
_SECOND = 1_000_000_000
_MULTICAST_GROUP4 = IPv4Address("224.0.0.18")
_MULTICAST_GROUP6 = IPv6Address("ff02::12")
_NOWHERE = Location("", 0)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Something that stands in a file: ``places`` are the lines of the values that were written."""

    location: Location = field(default=_NOWHERE, compare=False, repr=False)
    places: Mapping[str, Location] = field(default_factory=dict, compare=False, repr=False)

    def where(self, name: str) -> Location:
        """Where the value of that name was written; the whole block where it is a default."""
        return self.places.get(name, self.location)


@dataclass(frozen=True)
class Fifo:
    """A ``notify_fifo``: events in order, read by ``script`` if there is one."""

    name: str
    user: str | None = None
    group: str | None = None
    script: ScriptCommand | None = None


@dataclass(frozen=True, kw_only=True)
class GlobalDefs(Placed):
    """``global_defs``: what matters to VRRP. ``other`` are the remaining statements, as they were."""

    router_id: str | None = None
    vrrp_version: int = 2
    vrrp_strict: bool = False
    vrrp_startup_delay_ns: int = 0
    vrrp_mcast_group4: IPv4Address = _MULTICAST_GROUP4
    vrrp_mcast_group6: IPv6Address = _MULTICAST_GROUP6
    vrrp_down_timer_adverts: int = 3
    vrrp_lower_prio_no_advert: bool = False
    vrrp_higher_prio_send_advert: bool = False
    vrrp_garp_master_delay_ns: int = 5 * _SECOND
    vrrp_garp_master_repeat: int = 5
    vrrp_garp_master_refresh_ns: int = 0
    vrrp_garp_master_refresh_repeat: int = 1
    vrrp_garp_lower_prio_delay_ns: int = 5 * _SECOND
    vrrp_garp_lower_prio_repeat: int = 5
    vrrp_garp_interval_ns: int = 0
    vrrp_gna_interval_ns: int = 0
    vrrp_check_unicast_src: bool = False
    vrrp_skip_check_adv_addr: bool = False
    vrrp_rx_bufs_policy: tuple[str, ...] = ()
    vrrp_rx_bufs_multiplier: int = 3
    vrrp_notify_priority_changes: bool = False
    notify_fifo: Fifo | None = None
    vrrp_notify_fifo: Fifo | None = None
    script_user: tuple[str, ...] = ()
    enable_script_security: bool = False
    default_interface: str | None = None
    dynamic_interfaces: bool = False
    allow_if_changes: bool = False
    other: tuple[Statement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VrrpScript(Placed):
    """A ``vrrp_script``. ``timeout_ns`` is the interval where the file gives none, as the daemon takes it."""

    name: str
    command: tuple[str, ...]
    interval_ns: int = _SECOND
    timeout_ns: int = _SECOND
    rise: int = 1
    fall: int = 1
    weight: int = 0
    reverse: bool = False
    user: tuple[str, ...] = ()
    init_fail: bool = False


@dataclass(frozen=True, kw_only=True)
class TrackProcess(Placed):
    """A ``vrrp_track_process``: down while fewer than ``quorum`` or more than ``quorum_max`` of it run."""

    name: str
    process: tuple[str, ...]
    weight: int = 0
    reverse: bool = False
    quorum: int = 1
    quorum_max: int | None = None
    fork_delay_ns: int = 0
    terminate_delay_ns: int = 0
    full_command: bool = False
    param_match: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrackFile(Placed):
    """A ``track_file``: the number in it, times the weight, is added to the priority."""

    name: str
    path: str
    weight: int = 1
    reverse: bool = False
    init_value: int | None = None
    init_overwrite: bool = False


@dataclass(frozen=True, kw_only=True)
class GarpGroup(Placed):
    """A ``garp_group``: interfaces with their own interval between two gratuitous ARPs, or neighbour adverts."""

    interfaces: tuple[str, ...] = ()
    garp_interval_ns: int = 0
    gna_interval_ns: int = 0


@dataclass(frozen=True)
class Tracked:
    """Something that an instance or a sync group tracks: its name and the weight in force there.

    ``has_own_weight``: the weight is written where it is tracked, and not taken from its definition.
    """

    name: str
    weight: int = 0
    reverse: bool = False
    location: Location = field(default=_NOWHERE, compare=False, repr=False)
    has_own_weight: bool = field(default=False, compare=False, repr=False)

    def where_weight(self, definition: Placed) -> Location:
        """Where the weight in force is written; where it is tracked if nowhere."""
        is_of_definition = not self.has_own_weight and "weight" in definition.places
        return definition.where("weight") if is_of_definition else self.location


@dataclass(frozen=True)
class Vip:
    """A virtual address. ``options`` are its remaining words as keepalived accepted them."""

    address: IPAddress
    prefix_length: int
    interface: str | None = None
    options: tuple[str, ...] = ()
    location: Location = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class UnicastPeer:
    """A peer that adverts are sent to, and the time to live that its own must have."""

    address: IPAddress
    min_ttl: int = 0
    max_ttl: int = 255
    location: Location = field(default=_NOWHERE, compare=False, repr=False)

    @property
    def limits_ttl(self) -> bool:
        """Whether some times to live are refused."""
        return (self.min_ttl, self.max_ttl) != (0, 255)


@dataclass(frozen=True)
class Authentication:
    """VRRPv2 authentication: ``PASS`` or ``AH``, and the eight characters that count."""

    type: str
    password: str


@dataclass(frozen=True)
class Vmac:
    """``use_vmac`` or ``use_ipvlan`` (``kind``) with its words."""

    kind: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tracking(Placed):
    """What instances and sync groups have in common: what they track."""

    name: str
    track_interfaces: tuple[Tracked, ...] = ()
    track_scripts: tuple[Tracked, ...] = ()
    track_files: tuple[Tracked, ...] = ()
    track_processes: tuple[Tracked, ...] = ()
    track_bfds: tuple[Tracked, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Notify:
    """The scripts that are run on a transition (None: none). ``any`` is plain ``notify``."""

    master: ScriptCommand | None = None
    backup: ScriptCommand | None = None
    fault: ScriptCommand | None = None
    stop: ScriptCommand | None = None
    any: ScriptCommand | None = None
    deleted: ScriptCommand | None = None
    master_rx_lower_pri: ScriptCommand | None = None

    def scripts(self) -> Iterator[ScriptCommand]:
        """All that are there."""
        for script in (self.master, self.backup, self.fault, self.stop, self.any, self.deleted):
            if script is not None:
                yield script
        if self.master_rx_lower_pri is not None:
            yield self.master_rx_lower_pri


@dataclass(frozen=True, kw_only=True)
class SyncGroup(Tracking):
    """A ``vrrp_sync_group``: instances that change state together."""

    members: tuple[str, ...]
    notify: Notify = Notify()
    notify_priority_changes: bool | None = None
    sync_group_tracking_weight: bool = False
    other: tuple[Statement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the author of an instance asked for where keepalived may have made something else of it."""

    advert_int_ns: int = _SECOND
    state: str | None = None
    nopreempt: bool = False
    preempt_delay_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class VrrpInstance(Tracking):
    """A ``vrrp_instance`` as keepalived runs it.

    ``written`` is what its author asked for (it does not count in comparisons). ``source_address`` is the configured
    one (None: the interface's own). ``fault_reason`` says why it can never leave FAULT (empty: it can). ``version`` 2
    or 3, ``family`` 4 or 6. ``other`` are the remaining statements, as they were.
    """

    interface: str
    virtual_router_id: int
    state: str
    priority: int
    version: int
    family: int
    advert_int_ns: int
    nopreempt: bool = False
    preempt_delay_ns: int = 0
    down_timer_adverts: int = 3
    lower_prio_no_advert: bool = False
    higher_prio_send_advert: bool = False
    strict_mode: bool = False
    source_address: IPAddress | None = None
    track_src_ip: bool = False
    unicast_peers: tuple[UnicastPeer, ...] = ()
    unicast_ttl: int | None = None
    unicast_fault_no_peer: bool = False
    check_unicast_src: bool = False
    mcast_dst_ip: IPAddress | None = None
    authentication: Authentication | None = None
    virtual_addresses: tuple[Vip, ...] = ()
    excluded_addresses: tuple[Vip, ...] = ()
    dont_track_primary: bool = False
    garp_master_delay_ns: int = 5 * _SECOND
    garp_master_repeat: int = 5
    garp_master_refresh_ns: int = 0
    garp_master_refresh_repeat: int = 1
    garp_lower_prio_delay_ns: int = 5 * _SECOND
    garp_lower_prio_repeat: int = 5
    accept: bool = True
    skip_check_adv_addr: bool = False
    kernel_rx_buf_size: int = 0
    vmac: Vmac | None = None
    use_vmac_addr: bool = False
    vmac_xmit_base: bool = False
    notify: Notify = Notify()
    notify_deleted: bool = False
    notify_priority_changes: bool = False
    fault_reason: str = ""
    other: tuple[Statement, ...] = ()
    written: Written = field(default=Written(), compare=False, repr=False)

    @property
    def unicast(self) -> bool:
        """Whether adverts go to each peer's address rather than to a multicast group."""
        return bool(self.unicast_peers)


@dataclass(frozen=True, kw_only=True)
class Config(Placed):
    """One daemon's whole configuration.

    ``other`` are the statements outside VRRP, as they were. ``conditions`` are the ids that ``@id`` lines ask for,
    ``unused`` the accepted statements that mean nothing to the simulator, ``problems`` all complaints; these and
    ``sources`` (the files read) do not count when configurations are compared.
    """

    global_defs: GlobalDefs = GlobalDefs()
    scripts: tuple[VrrpScript, ...] = ()
    processes: tuple[TrackProcess, ...] = ()
    files: tuple[TrackFile, ...] = ()
    garp_groups: tuple[GarpGroup, ...] = ()
    sync_groups: tuple[SyncGroup, ...] = ()
    instances: tuple[VrrpInstance, ...] = ()
    other: tuple[Statement, ...] = ()
    conditions: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    unused: tuple[Statement, ...] = field(default=(), compare=False, repr=False)
    sources: tuple[str, ...] = field(default=(), compare=False, repr=False)
    problems: tuple[Problem, ...] = field(default=(), compare=False, repr=False)

    def instance(self, name: str) -> VrrpInstance:
        """The ``vrrp_instance`` of that name.

        Raises:
            KeyError: there is none.
        """
        for instance in self.instances:
            if instance.name == name:
                return instance
        raise KeyError(name)

    def multicast_group_of(self, instance: VrrpInstance) -> IPAddress | None:
        """Where the instance's multicast adverts go; None where they are unicast."""
        if instance.unicast:
            return None
        defaults = self.global_defs
        return instance.mcast_dst_ip or (
            defaults.vrrp_mcast_group4 if instance.family == 4 else defaults.vrrp_mcast_group6
        )

    def garp_interval_of(self, instance: VrrpInstance) -> tuple[int, Location]:
        """The time between two gratuitous ARPs of an instance in nanoseconds, and where it is written."""
        for group in self.garp_groups:
            if instance.interface in group.interfaces:
                return group.garp_interval_ns, group.where("garp_interval")
        return self.global_defs.vrrp_garp_interval_ns, self.global_defs.where("vrrp_garp_interval")

    def script(self, name: str) -> VrrpScript:
        """The ``vrrp_script`` of that name.

        Raises:
            KeyError: there is none.
        """
        for script in self.scripts:
            if script.name == name:
                return script
        raise KeyError(name)

    def refuse_problems(self) -> None:
        """Raise the first problem that makes keepalived refuse the file or a statement.

        Raises:
            KeepalivedConfigError: there is one.
        """
        Problems(list(self.problems)).refuse()
