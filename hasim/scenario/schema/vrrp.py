"""What keepalived is told: the ``vrrp_instance``, what it tracks, its sync group, and the notify script's policy.

Keys are keepalived.conf's own where it has them. Every key may stand for all instances (``vrrp:`` at the top) and again
for one (``instances.a.vrrp:``), which then overrides only the keys that it names.
"""

from __future__ import annotations

from typing import Annotated, Literal

from hasim.scenario import defaults
from hasim.scenario.schema.distributions import DistributionText
from hasim.scenario.schema.fields import (
    AnyAddress,
    Duration,
    Name,
    Names,
    Number,
    Password,
    Percentage,
    PositiveDuration,
    Section,
    Whole,
    entries,
    setting,
)
from hasim.scenario.schema.tracking import (
    TrackFileSection,
    TrackInterfaces,
    TrackProcessSection,
    TrackScriptSection,
)

__all__ = ["AuthenticationSection", "NotifySection", "SyncedInstanceSection", "VrrpSection"]


class AuthenticationSection(Section):
    """VRRPv2's simple password. A router throws away adverts of another password, of none, and those with one if it has
    none. keepalived's other type, AH, is not simulated."""

    auth_type: Literal["PASS"] = setting("PASS", "The type.")
    auth_pass: Password = setting(..., "The password, of which the first 8 bytes count.")


class SyncedInstanceSection(Section):
    """A further `vrrp_instance` in one sync group with that of the floating address. What it leaves out is as in the
    `vrrp` around it; it has no floating address and no notify script of its own."""

    version: Literal[2, 3] = setting(2, "VRRP version (with `native_ipv6` 3).")
    virtual_router_id: Annotated[int, Whole(1, 255)] = setting(
        51, "Routers with another id ignore each other's adverts."
    )
    advert_int: PositiveDuration = setting(
        "1s",
        "Time between adverts. Completed as keepalived does: version 2 rounds to whole seconds (at least 1 s), "
        "version 3 to 10 ms.",
    )
    priority: Annotated[int, Whole(1, 255)] = setting(100, "The highest wins; 255 is the owner of the address.")
    state: Literal["MASTER", "BACKUP"] | None = setting(
        None,
        "`MASTER` does not start as MASTER (but with priority 255 it does); it clears `nopreempt` and `preempt_delay`. "
        "By default `MASTER` with priority 255, else `BACKUP`.",
    )
    nopreempt: bool = setting(False, "A BACKUP of higher priority leaves a lower MASTER alone.")
    preempt_delay: Duration = setting("0", "How long a BACKUP of higher priority tolerates a lower MASTER.")
    down_timer_adverts: Annotated[int, Whole(1, 100)] = setting(3, "Adverts that may be missed before a BACKUP acts.")
    higher_prio_send_advert: bool = setting(
        False, "A MASTER that hears a higher one sends an advert before it steps down."
    )
    lower_prio_no_advert: bool = setting(False, "A MASTER that hears a lower one does not answer with an advert.")
    accept: bool = setting(
        True,
        "A MASTER takes what is addressed to the virtual addresses. `false` is keepalived's `no_accept`, and what "
        "`vrrp_strict` makes of it: unless its priority is 255, a MASTER drops everything that is sent to an address "
        "which keepalived has added, and no client gets an answer. (It does not add the address of an ENI that moves, "
        "nor an EIP.)",
    )
    transport: Literal["unicast", "multicast"] = setting(
        "unicast", "`multicast` needs `vpc.multicast`; `unicast` is `unicast_peer`."
    )
    multicast_group: AnyAddress | None = setting(
        None,
        "`mcast_dst_ip`: where its multicast adverts go, and what it listens to. By default the protocol's own group, "
        "224.0.0.18 or ff02::12.",
    )
    native_ipv6: bool = setting(
        False,
        "Adverts go over IPv6, from the interface's `ipv6_address` (by which equal priorities are then told apart); "
        "link-local ones stay within their subnet. The floating address is moved by its mechanism all the same.",
    )
    authentication: AuthenticationSection | None = setting(
        None, "The password of version 2. Version 3 has none, and leaves this unread as keepalived does."
    )
    virtual_ipaddress: list[AnyAddress] | None = setting(
        None,
        "The addresses that its adverts name: adverts that do not name exactly those of the receiver are thrown away, "
        "with `skip_check_adv_addr` too. By default the floating address, which is alone in being moved. An empty "
        "list is for adverts without any, which version 2 allows.",
    )
    kernel_rx_buf_size: Annotated[int, Whole(1, 2**31 - 1)] | None = setting(
        None,
        "What it asks of the kernel for the adverts that wait in its socket, which then takes twice as many bytes (at "
        "least 2304). By default `daemon.receive_buffer`.",
    )
    interface: Name | None = setting(
        None, "The interface that carries the adverts, such as `heartbeat`. By default the instance's first."
    )
    peers: Names | None = setting(None, "The instances that it exchanges adverts with. By default all others.")
    track_interface: TrackInterfaces | None = setting(
        None,
        "Further interfaces to track, such as `[service]`: loss of link means FAULT, or with a weight "
        "(`{service: {weight: -50}}`) another priority. `interface` itself is tracked without being named.",
    )
    dont_track_primary: bool = setting(False, "The loss of the link of `interface` does not mean FAULT.")


class VrrpSection(SyncedInstanceSection):
    """keepalived's `vrrp_instance` of the floating address, with its keywords and its defaults (only the transport
    differs: a VPC has no multicast unless it is switched on)."""

    startup_delay: Duration = setting(
        "0",
        "So long after its start keepalived does not begin to wait for becoming MASTER; each advert that it hears "
        "meanwhile, a lower one too, puts the end of that wait off.",
    )
    garp_master_repeat: Annotated[int, Whole(1, 100)] = setting(
        5, "Gratuitous ARPs that a new MASTER sends at once, and again after `garp_master_delay`."
    )
    garp_master_delay: Duration = setting("5s", "When a new MASTER repeats its gratuitous ARPs; `0`: not at all.")
    garp_master_refresh: PositiveDuration | None = setting(
        None,
        "How often a MASTER repeats `garp_master_refresh_repeat` gratuitous ARPs: it brings a HAVIP back that another "
        "instance has taken. By default never, as in keepalived.",
    )
    garp_master_refresh_repeat: Annotated[int, Whole(1, 100)] = setting(
        1, "Gratuitous ARPs of each `garp_master_refresh`."
    )
    garp_interval: Duration = setting(
        "0",
        "Least time between two gratuitous ARPs. With it an address that waits for its turn is not noted a second "
        "time: of a burst each address has one, and the first of them one more.",
    )
    garp_lower_prio_repeat: Annotated[int, Whole(0, 100)] | None = setting(
        None,
        "Gratuitous ARPs of a MASTER that hears a lower one, and again after `garp_lower_prio_delay`; `0`: none. By "
        "default `garp_master_repeat`.",
    )
    garp_lower_prio_delay: Duration | None = setting(
        None, "When it repeats them; `0`: not at all. By default `garp_master_delay`."
    )
    track_scripts: dict[Name, TrackScriptSection] = entries(dict, "Health checks by name.")
    track_processes: dict[Name, TrackProcessSection] = entries(
        dict, "Processes by name: keepalived hears of it at once when one of them ends."
    )
    track_files: dict[Name, TrackFileSection] = entries(dict, "Files by name: the number in one moves the priority.")
    sync_group: dict[Name, SyncedInstanceSection] = entries(
        dict,
        "Further `vrrp_instance`s of the same machines by name, in one `vrrp_sync_group` with this one: MASTER only "
        "when all of them could be, FAULT as soon as one of them is. Each has an `interface` or a `virtual_router_id` "
        "of its own. keepalived tracks nothing with a weight then.",
    )


class NotifySection(Section):
    """What the notify script does when keepalived says MASTER: an ordinary process that can be slow and can fail."""

    start_up: DistributionText = setting(
        defaults.SCRIPT_START_UP,
        "From fork until its first line of work (shell, interpreter, SDK).",
        weak=defaults.WEAK_SCRIPT_START_UP,
    )
    sleep_before: Duration = setting("0", "A pause before it begins.")
    tries: Annotated[int, Whole(1, 1000)] = setting(4, "Attempts before it gives up.")
    retry_delay: Duration = setting("2s", "Pause between attempts.")
    retry_backoff: Annotated[float, Number(1, 10)] = setting(1, "The pause is multiplied by this after each attempt.")
    retry_max: Duration = setting("1min", "The pause never grows beyond this.")
    retry_jitter: Percentage = setting(
        "0%", "Each pause is shortened by a random part of up to this: `100%` is what SDKs call full jitter."
    )
    call_timeout: PositiveDuration = setting(
        defaults.CALL_TIMEOUT, "An API call without an answer is given up after this (the official SDK: 60 s)."
    )
    check_first: bool = setting(
        True,
        "Each attempt first asks the API whether it holds the address already. Without it a script takes the address "
        "from the first of its `peers`; only the periodic check (`reclaim_interval`) asks all the same.",
    )
    unanswered_means_held: bool = setting(
        False, "The published script's mistake: takes a failed question for a yes and stops."
    )
    reread_state: bool = setting(
        True,
        "Stops before an attempt if keepalived is no longer MASTER (a script that gives the address back: if it is "
        "MASTER again).",
    )
    reread_after: bool = setting(
        False, "Looks once more when it is done, and gives the address back if keepalived is no longer MASTER."
    )
    wait_for_task: bool = setting(True, "Waits for the API's task and tries again if it failed.")
    poll_interval: PositiveDuration = setting("1s", "How often it asks for the task's result.")
    task_timeout: PositiveDuration = setting(defaults.TASK_TIMEOUT, "It stops waiting for a task after this.")
    reclaim_interval: PositiveDuration | None = setting(
        None, "How often a MASTER checks that it still holds the address, and claims it if not. By default never."
    )
    notify_master_rx_lower_pri: bool = setting(
        False, "Runs the script also when a MASTER hears a lower priority (a usurper)."
    )
    release_on_backup: bool = setting(False, "On BACKUP, FAULT and STOP the script gives the address back.")
    sleep_before_release: Duration = setting("0", "A pause before it does so.")
    fifo: bool = setting(
        False,
        "`vrrp_notify_fifo`: one reader works the events off one by one, in their order; without it keepalived starts "
        "a script for each, and they run side by side.",
    )
