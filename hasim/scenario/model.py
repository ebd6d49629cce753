"""The frozen scenario: everything that a run depends on, resolved, checked and free of text.

The user's file (:mod:`hasim.scenario.schema`) leaves defaults out and writes ``250ms``; this module is what is left
after defaults, merging and checks: plain frozen data with integer nanoseconds. A run is a pure function of
``(Scenario, seed, replication)``, so nothing here may be mutable, and equal scenarios have equal ``digest``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from hasim.scenario.distributions import Constant, Distribution
from hasim.units import SECOND

__all__ = [
    "CLIENTS",
    "CONTROL_PLANE",
    "ActionBehaviour",
    "ControlPlane",
    "Daemon",
    "Fault",
    "FaultKind",
    "Floating",
    "GroupMember",
    "Guest",
    "Instance",
    "Interface",
    "Link",
    "Mechanism",
    "Network",
    "NotifyPolicy",
    "Scenario",
    "SecurityGroup",
    "SecurityRule",
    "Service",
    "Slo",
    "Subnet",
    "TrackFile",
    "TrackProcess",
    "TrackScript",
    "TrackedInterface",
    "Transport",
    "VrrpSettings",
]

CLIENTS = "clients"
"""The name by which a fault addresses everybody who uses the floating address."""

CONTROL_PLANE = "api"
"""The name by which a fault addresses the cloud's API end-point."""


class Mechanism(StrEnum):
    """How the floating address gets to another instance: by which API actions, or by a gratuitous ARP."""

    SECONDARY_IP_MIGRATE = "secondary_ip.migrate"
    SECONDARY_IP_REASSIGN = "secondary_ip.reassign"
    ENI_MIGRATE = "eni.migrate"
    ENI_REATTACH = "eni.reattach"
    EIP = "eip"
    HAVIP = "havip"

    @property
    def moves_interface(self) -> bool:
        """Whether a whole secondary ENI moves, rather than one address."""
        return self in (Mechanism.ENI_MIGRATE, Mechanism.ENI_REATTACH)

    @property
    def is_public(self) -> bool:
        """Whether what moves is an EIP, bound to private IPs that stay where they are."""
        return self is Mechanism.EIP

    @property
    def is_announced(self) -> bool:
        """Whether a guest claims the address by gratuitous ARP, without an API call."""
        return self is Mechanism.HAVIP

    @property
    def is_configured_by_keepalived(self) -> bool:
        """Whether keepalived adds and removes the address in the guest (``virtual_ipaddress``)."""
        return not self.moves_interface and not self.is_public


class Transport(StrEnum):
    """How adverts travel: to each peer's address, or to 224.0.0.18 (which a VPC must permit)."""

    UNICAST = "unicast"
    MULTICAST = "multicast"


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
class SecurityRule:
    """One rule of a security group; rules are matched in order and the first match decides.

    ``protocol`` is ``all``, ``tcp``, ``udp``, ``icmp`` or ``vrrp`` (IP protocol 112).
    """

    protocol: str
    peer: IPv4Network
    accept: bool


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """Ordered ingress and egress rules; what no rule matches is dropped."""

    name: str
    ingress: tuple[SecurityRule, ...]
    egress: tuple[SecurityRule, ...]


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet: an address range in one zone of the VPC."""

    name: str
    cidr: IPv4Network
    zone: str


@dataclass(frozen=True, slots=True)
class Interface:
    """An ENI that belongs to an instance for good; the first of an instance is its primary ENI.

    ``secondary_addresses`` are fixed further private IPs (they use up the limit), not the floating one.
    ``ipv6_address`` is where adverts over IPv6 come from (None: nothing uses it).
    """

    name: str
    subnet: str
    address: IPv4Address
    security_groups: tuple[str, ...]
    secondary_addresses: tuple[IPv4Address, ...] = ()
    ipv6_address: IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class TrackScript:
    """A ``vrrp_script``: what it looks at and how keepalived counts its results.

    ``check`` is ``service`` (the local service answers) or ``api`` (the cloud's end-point can be reached). ``weight``
    0 means FAULT when down. ``run_time`` is how long one run takes. ``first_run_ns`` is when the first run of a
    daemon that is up from the beginning falls due (None: at a random place of the grid). ``reverse`` turns the sign of
    the weight round, and with weight 0 makes the FAULT while up.
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
    adverts are to be taken by (at most 8 bytes; None: no authentication).
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


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A further ``vrrp_instance`` of a machine, in one sync group with that of the floating address. It has no floating
    address of its own here; by its adverts and its interface it takes part in whose turn it is."""

    name: str
    vrrp: VrrpSettings


@dataclass(frozen=True, slots=True)
class Daemon:
    """How the keepalived process behaves as a process (measured defaults; all zero gives the bare protocol).

    ``start_up``: exec until BACKUP. ``timer_latency``: how late an expired timer is noticed. ``take_over``: from the
    decision to become MASTER until the first advert is out; what arrives meanwhile comes too late. ``busy``: how long
    the single thread is occupied after that (and after a lower advert), during which packets and timers wait.
    ``advert_drift_ns``: what every advert adds to the interval. ``stop_grace_ns``: how long scripts may still run
    after a clean stop. ``restart_delay``: how long the supervisor (systemd) waits before it starts a killed daemon
    again.
    """

    start_up: Distribution
    timer_latency: Distribution
    take_over: Distribution
    busy: Distribution
    advert_drift_ns: int
    stop_grace_ns: int
    restart_delay: Distribution


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """What the notify script does when it is told MASTER, and what else may start it.

    Every script takes ``start_up`` (fork, interpreter, SDK) and ``sleep_before_ns``; then up to ``tries`` attempts
    ``retry_delay_ns * retry_backoff**k`` apart (at most ``retry_max_ns``), each pause shortened by a random part of up
    to ``retry_jitter`` (a fraction). Each API call is given up after ``call_timeout_ns``. ``check_first`` asks the API
    "do I hold it?" before each try (without it the script takes it from its first peer, and only the periodic check
    asks); ``unanswered_means_held`` is the published script's mistake of taking a failed
    question for yes. ``reread_state`` stops a script whose instance is no longer MASTER (or, for one that gives the
    address back, is MASTER again); ``reread_after`` makes the MASTER script look once more when its work is done, and
    give the address back if it is no longer MASTER. ``wait_for_task`` polls the task every ``poll_interval_ns`` and
    tries again when it failed; it gives up waiting after ``task_timeout_ns``. ``reclaim_interval_ns`` (None: never) is
    the periodic "do I hold it?" of a MASTER. ``on_rx_lower_priority`` runs the script on
    ``notify_master_rx_lower_pri`` too. ``release_on_backup`` makes the BACKUP, FAULT and STOP scripts give the address
    back (unassign or detach), after a pause of ``sleep_before_release_ns``. ``fifo``: events go to one reader that
    works them off one by one, in their order, instead of to scripts that run side by side.
    """

    start_up: Distribution
    sleep_before_ns: int
    tries: int
    retry_delay_ns: int
    retry_backoff: float
    retry_max_ns: int
    call_timeout_ns: int
    check_first: bool
    unanswered_means_held: bool
    reread_state: bool
    wait_for_task: bool
    poll_interval_ns: int
    task_timeout_ns: int
    reclaim_interval_ns: int | None
    on_rx_lower_priority: bool
    release_on_backup: bool
    retry_jitter: float = 0.0
    reread_after: bool = False
    sleep_before_release_ns: int = 0
    fifo: bool = False


@dataclass(frozen=True, slots=True)
class Guest:
    """What happens inside the operating system: ``boot`` (power until keepalived starts), ``interface_appears``
    (attached ENI until the guest sees it), ``configure`` (address or hot-plugged interface until usable),
    ``network_ready`` (keepalived starts until packets pass, with the links up all the while)."""

    boot: Distribution
    interface_appears: Distribution
    configure: Distribution
    network_ready: Distribution = field(default_factory=lambda: Constant(0))


@dataclass(frozen=True, slots=True)
class Service:
    """The application behind the floating address: ``start_up`` after boot, or after MASTER when ``on_master_only``.

    ``process`` names the tracked process that it is made of: it answers only while at least one of that runs."""

    start_up: Distribution
    on_master_only: bool
    process: str | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """A CVM instance. ``cpu`` in cores, ``memory_gb`` in GB: together they give its ENI and address limits. ``vrrp`` is
    the ``vrrp_instance`` of the floating address, ``sync_group`` are those that change state together with it."""

    name: str
    zone: str
    cpu: int
    memory_gb: float
    interfaces: tuple[Interface, ...]
    vrrp: VrrpSettings
    notify: NotifyPolicy
    daemon: Daemon
    guest: Guest
    service: Service
    sync_group: tuple[GroupMember, ...] = ()


@dataclass(frozen=True, slots=True)
class Floating:
    """The address that moves. For an ENI mechanism it is the primary address of the floating secondary ENI.

    ``address`` and ``subnet`` are None where it is an EIP alone: the cloud chooses its public address, and it is bound
    to the primary private IP of an instance's primary interface. ``eip``: clients come through an EIP, whether it is
    what moves or is bound to what moves. ``association_range`` are the instances that may claim a HAVIP, and
    ``other_havips`` how many more HAVIPs each of them announces on the same ENI before this one. Who holds the address
    when a run begins is for :attr:`Scenario.initial_master`.
    """

    address: IPv4Address | None
    subnet: str | None
    mechanism: Mechanism
    eip: bool
    security_groups: tuple[str, ...] = ()
    association_range: tuple[str, ...] = ()
    other_havips: int = 0

    @property
    def label(self) -> str:
        """What people call it: the private address, or ``the EIP``."""
        return "the EIP" if self.address is None else str(self.address)


@dataclass(frozen=True, slots=True)
class Link:
    """The network between two interfaces, one way: constant ``latency_ns``, plus ``jitter``, with ``loss``."""

    latency_ns: int
    jitter: Distribution
    loss: float


@dataclass(frozen=True, slots=True)
class Network:
    """What connects the instances. ``multicast`` is the VPC's opt-in. ``between_zones`` applies across zones.

    ``resolves_neighbours``: instances find the hardware addresses of unicast peers themselves, by ARP, and adverts wait
    while they cannot. ``neighbour_delays_ns`` says of (sender, receiver) when the sender next asks, counted from the
    start (others: at a random place of the kernel's cycle).
    """

    within_zone: Link
    between_zones: Link
    multicast: bool
    resolves_neighbours: bool = False
    neighbour_delays_ns: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionBehaviour:
    """How one API action behaves: ``accept`` until the reply, ``task`` until its task commits (synchronous: 0).

    ``task_dead_host`` replaces ``task`` when the instance that the resource leaves is not running. ``error_rate`` of
    the calls are refused with ``error_code``; ``task_failure_rate`` of the tasks fail and roll back.
    """

    accept: Distribution
    task: Distribution
    task_dead_host: Distribution
    error_rate: float
    error_code: str
    task_failure_rate: float


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The cloud's API: behaviour per action (every action that a mechanism calls is in ``actions``), the rate limit per
    action and second (``rate_limits``), and ``propagation`` from commit until packets take the new way.

    A HAVIP needs no API: ``havip_remap`` is from the gratuitous ARP until the cloud has noted the new place, and
    ``garp_rate_limit`` how many gratuitous ARPs a second it takes from one ENI."""

    actions: Mapping[str, ActionBehaviour]
    rate_limits: Mapping[str, int]
    propagation: Distribution
    detach_cuts_traffic_at_once: bool
    havip_remap: Distribution
    garp_rate_limit: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, once at ``at_ns`` or again and again.

    ``targets``: instance names (crash, stop, freeze, keepalived_*, service_failure, process_kill, file_write,
    link_down), zone names
    (zone_outage), API action names or empty for all (api_*). ``between`` and ``and_``: the two sides of a partition or
    of a loss or latency period, each holding instance names, zone names, ``clients`` or ``api`` (one-way: from
    ``between`` to ``and_``). ``subnet`` restricts link_down, partition, loss and latency to one subnet.

    Scripted: ``at_ns`` set, ``time_to_failure`` None. Stochastic: ``time_to_failure`` is drawn from each repair (and
    from the start) to the next failure, separately for every target. ``duration`` (time to repair) None: for ever.

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


@dataclass(frozen=True, slots=True)
class Slo:
    """What the service must meet; None where nothing is asked. ``failover_percentiles`` maps 0.99 to nanoseconds."""

    availability: float | None = None
    failover_percentiles: Mapping[float, int] = field(default_factory=dict)
    longest_outage_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario. ``digest`` is a SHA-256 (hex) of its resolved content without seed, replications and SLO.

    ``initial_master``: an instance name; None lets the steady state decide (highest priority, then address; drawn at
    random among equals when nobody preempts). ``initial_phase_ns``: how long before the beginning it sent its last
    advert (None: random). ``cold_start`` replaces the steady state: on each instance named, keepalived is started at
    that time (ns), on the others never. ``source_path`` and ``source_text`` are where it came from.
    """

    name: str
    description: str
    digest: str
    horizon_ns: int
    seed: int
    replications: int
    region: str
    zones: tuple[str, ...]
    vpc_cidr: IPv4Network
    subnets: tuple[Subnet, ...]
    security_groups: tuple[SecurityGroup, ...]
    instances: tuple[Instance, ...]
    floating: Floating
    initial_master: str | None
    network: Network
    control_plane: ControlPlane
    faults: tuple[Fault, ...]
    slo: Slo
    four_core_16gb_addresses: int
    weak_defaults: tuple[str, ...]
    source_path: str
    source_text: str
    initial_phase_ns: int | None = None
    cold_start: Mapping[str, int] | None = None

    @property
    def is_scripted(self) -> bool:
        """Whether everything that fails does so at a fixed time, which says nothing about how often it happens."""
        return bool(self.faults) and all(fault.time_to_failure is None for fault in self.faults)

    def instance(self, name: str) -> Instance:
        """The instance of that name.

        Raises:
            KeyError: there is none.
        """
        for instance in self.instances:
            if instance.name == name:
                return instance
        raise KeyError(name)

    def subnet(self, name: str) -> Subnet:
        """The subnet of that name.

        Raises:
            KeyError: there is none.
        """
        for subnet in self.subnets:
            if subnet.name == name:
                return subnet
        raise KeyError(name)
