"""What keepalived is told: the ``vrrp_instance``, its track scripts and the notify script's policy.

Keys are keepalived.conf's own where it has them. Every key may stand for all instances (``vrrp:`` at the top) and again
for one (``instances.a.vrrp:``), which then overrides only the keys that it names.
"""

from __future__ import annotations

from typing import Annotated, Literal

from hasim.scenario import defaults
from hasim.scenario.schema.distributions import DistributionText
from hasim.scenario.schema.fields import (
    Duration,
    Name,
    Names,
    Number,
    PositiveDuration,
    Section,
    Whole,
    entries,
    setting,
)

__all__ = ["NotifySection", "TrackScriptSection", "VrrpSection"]


class TrackScriptSection(Section):
    """A health check that keepalived runs and counts (`vrrp_script`), by name."""

    check: Literal["service", "api"] = setting(
        "service",
        "What it looks at: `service` (the application on this instance answers) or `api` (the cloud's API can be "
        "reached from here).",
    )
    interval: PositiveDuration = setting("1s", "Time from one run to the next, on a fixed grid.")
    timeout: PositiveDuration | None = setting(
        None, "A run that takes longer has failed. By default the interval, as in keepalived."
    )
    rise: Annotated[int, Whole(1, 1000)] = setting(1, "Successes in a row until it counts as up.")
    fall: Annotated[int, Whole(1, 1000)] = setting(1, "Failures in a row until it counts as down.")
    weight: Annotated[int, Whole(-253, 253)] = setting(
        0,
        "0: FAULT while down. Negative: added to the priority while down. Positive: added to the priority while up.",
    )
    run_time: DistributionText = setting(
        defaults.SCRIPT_RUN_TIME, "How long one run takes.", weak=defaults.WEAK_SCRIPT_RUN_TIME
    )


class VrrpSection(Section):
    """keepalived's `vrrp_instance`, with its keywords and its defaults (only the transport differs: a VPC has no
    multicast unless it is switched on)."""

    version: Literal[2, 3] = setting(2, "VRRP version.")
    virtual_router_id: Annotated[int, Whole(1, 255)] = setting(
        51, "Routers with another id ignore each other's adverts."
    )
    advert_int: PositiveDuration = setting(
        "1s",
        "Time between adverts. Completed as keepalived does: version 2 rounds to whole seconds (at least 1 s), "
        "version 3 to 10 ms.",
    )
    priority: Annotated[int, Whole(1, 255)] = setting(100, "The highest wins; 255 is the owner of the address.")
    state: Literal["MASTER", "BACKUP"] = setting(
        "BACKUP", "`MASTER` does not start as MASTER; it clears `nopreempt` and `preempt_delay`."
    )
    nopreempt: bool = setting(False, "A BACKUP of higher priority leaves a lower MASTER alone.")
    preempt_delay: Duration = setting("0", "How long a BACKUP of higher priority tolerates a lower MASTER.")
    startup_delay: Duration = setting("0", "Time after its start in which keepalived does nothing.")
    down_timer_adverts: Annotated[int, Whole(1, 100)] = setting(3, "Adverts that may be missed before a BACKUP acts.")
    higher_prio_send_advert: bool = setting(
        False, "A MASTER that hears a higher one sends an advert before it steps down."
    )
    lower_prio_no_advert: bool = setting(False, "A MASTER that hears a lower one does not answer with an advert.")
    transport: Literal["unicast", "multicast"] = setting(
        "unicast", "`multicast` needs `vpc.multicast`; `unicast` is `unicast_peer`."
    )
    interface: Name | None = setting(
        None, "The interface that carries the adverts, such as `heartbeat`. By default the instance's first."
    )
    peers: Names | None = setting(None, "The instances that it exchanges adverts with. By default all others.")
    track_interface: Names | None = setting(
        None, "Further interfaces whose loss of link means FAULT, such as `[service]`. `interface` itself is tracked."
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
    dont_track_primary: bool = setting(False, "The loss of the link of `interface` does not mean FAULT.")
    track_scripts: dict[Name, TrackScriptSection] = entries(dict, "Health checks by name.")


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
    call_timeout: PositiveDuration = setting(
        defaults.CALL_TIMEOUT, "An API call without an answer is given up after this (the official SDK: 60 s)."
    )
    check_first: bool = setting(True, "Each attempt first asks the API whether it holds the address already.")
    unanswered_means_held: bool = setting(
        False, "The published script's mistake: takes a failed question for a yes and stops."
    )
    reread_state: bool = setting(True, "Stops before an attempt if keepalived is no longer MASTER.")
    wait_for_task: bool = setting(True, "Waits for the API's task and tries again if it failed.")
    poll_interval: PositiveDuration = setting("1s", "How often it asks for the task's result.")
    task_timeout: PositiveDuration = setting(defaults.TASK_TIMEOUT, "It stops waiting for a task after this.")
    reclaim_interval: PositiveDuration | None = setting(
        None, "How often a MASTER checks that it still holds the address, and claims it if not. By default never."
    )
    notify_master_rx_lower_pri: bool = setting(
        False, "Runs the script also when a MASTER hears a lower priority (a usurper)."
    )
    release_on_backup: bool = setting(False, "On BACKUP and FAULT the script gives the address back.")
