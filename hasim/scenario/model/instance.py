"""An instance: its interfaces, its daemon and scripts, its guest system and its application."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from hasim.scenario.distributions import Constant, Distribution
from hasim.scenario.model.vrrp import GroupMember, VrrpSettings

__all__ = ["Daemon", "Guest", "Instance", "Interface", "NotifyPolicy", "Service"]


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
class Daemon:
    """How the keepalived process behaves as a process (measured defaults; all zero gives the bare protocol).

    ``start_up``: exec until BACKUP. ``timer_latency``: how late an expired timer is noticed. ``take_over``: from the
    decision to become MASTER until the first advert is out; what arrives meanwhile comes too late. ``busy``: how long
    the single thread is occupied after that (and after a lower advert), during which packets and timers wait.
    ``advert_drift_ns``: what every advert adds to the interval. ``preempt_lag_ns``: how much later than the advert that
    starts it a ``preempt_delay`` counts from. ``receive_buffer`` and ``advert_in_buffer``: bytes that may wait in a
    socket, and how many of them an advert takes up. ``stop_grace_ns``: how long it is still there after a clean
    stop, and its scripts may run. ``restart_delay``: how long the supervisor (systemd) waits before it starts a killed
    daemon again.
    """

    start_up: Distribution
    timer_latency: Distribution
    take_over: Distribution
    busy: Distribution
    advert_drift_ns: int
    preempt_lag_ns: int
    receive_buffer: int
    advert_in_buffer: int
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
