"""The defaults of a scenario, in the syntax of a scenario file, each with where it comes from.

"Published" means a vendor's or operator's statement about the real cloud, "analogue" the same operation on another
cloud, "measured" our trials of the real keepalived daemon, "assumed" a plausible value that nobody has published. What
is an analogue of little weight or assumed is weak: its reason is a string in this module, the scenario reference says
it, and a scenario that relies on it names it in ``Scenario.weak_defaults``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = [
    "ACCEPT",
    "ADVERT_DRIFT",
    "ADVERT_IN_BUFFER",
    "BOOT",
    "BUSY_AFTER_MASTER",
    "CALL_TIMEOUT",
    "CONFIGURE",
    "GARP_RATE_LIMIT",
    "HAVIP_REMAP",
    "INTERFACE_APPEARS",
    "JITTER_BETWEEN_ZONES",
    "JITTER_WITHIN_ZONE",
    "KNOWN_ACTIONS",
    "LATENCY_BETWEEN_ZONES",
    "LATENCY_WITHIN_ZONE",
    "NETWORK_READY",
    "PREEMPT_LAG",
    "PROPAGATION",
    "RATE_LIMITS",
    "RECEIVE_BUFFER",
    "RESTART_DELAY",
    "SCRIPT_RUN_TIME",
    "SCRIPT_START_UP",
    "SERVICE_START_UP",
    "START_UP",
    "STOP_GRACE",
    "TAKE_OVER",
    "TASK",
    "TASK_DEAD_HOST",
    "TASK_TIMEOUT",
    "TIMER_LATENCY",
    "WEAK_ACCEPT",
    "WEAK_BOOT",
    "WEAK_CONFIGURE",
    "WEAK_GARP_RATE_LIMIT",
    "WEAK_HAVIP_REMAP",
    "WEAK_NETWORK",
    "WEAK_RESTART_DELAY",
    "WEAK_SCRIPT_RUN_TIME",
    "WEAK_SCRIPT_START_UP",
    "WEAK_SERVICE_START_UP",
    "WEAK_TASKS",
]

Written: TypeAlias = str | dict[str, Any]

# ---- the cloud's API -------------------------------------------------------------------------------------------------

# Assumed: nothing is published about the time until the RequestId.
ACCEPT: Written = {"lognormal": {"median": "150ms", "p99": "1s"}}
WEAK_ACCEPT = "nothing is published"

# Analogue: 99% of a large cloud's data-plane updates take effect within 1 s (Achelous, SIGCOMM 2023).
PROPAGATION: Written = {"lognormal": {"median": "200ms", "p99": "1s"}}

_ADDRESS_TASK: Written = {"lognormal": {"median": "1.5s", "p95": "5s"}}
_DETACH: Written = {"lognormal": {"median": "5s", "p95": "20s"}}
_EIP_TASK: Written = {"lognormal": {"median": "2.7s", "p95": "8s"}}

# What moves the address, from the call's acceptance until its task commits.
TASK: dict[str, Written] = {
    # Published: the vendor's best-practice page says "several seconds", and 10 s when it flaps.
    "MigratePrivateIpAddress": {"lognormal": {"median": "2.5s", "p95": "8s"}, "max": "30s"},
    # Assumed, by analogy with the migration, of which each is one half.
    "AssignPrivateIpAddresses": _ADDRESS_TASK,
    "UnassignPrivateIpAddresses": _ADDRESS_TASK,
    # Analogue: AWS, "usually not more than 5 s" (cilium #16494); waits of 55 to 150 s exist (amazon-vpc-cni-k8s #420).
    "AttachNetworkInterface": {
        "mixture": [
            {"weight": "99%", "of": {"lognormal": {"median": "5s", "p95": "15s"}}},
            {"weight": "1%", "of": {"uniform": {"low": "55s", "high": "150s"}}},
        ]
    },
    # Analogue: AWS; the tail beyond 200 s was seen with dead hosts (see TASK_DEAD_HOST).
    "DetachNetworkInterface": _DETACH,
    # By structure: a detachment and an attachment in one task (the sum of the two above, fitted).
    "MigrateNetworkInterface": {
        "mixture": [
            {"weight": "99%", "of": {"lognormal": {"median": "11.3s", "p95": "29s"}}},
            {"weight": "1%", "of": {"uniform": {"low": "60s", "high": "165s"}}},
        ]
    },
    # Analogue: AWS, 5 to 6 s for a release and a new association (nginx documentation), of which each is one half.
    "DisassociateAddress": _EIP_TASK,
    "AssociateAddress": _EIP_TASK,
}

# The same when the instance that gives the resource up is not running; for an action not named it makes no difference.
TASK_DEAD_HOST: dict[str, Written] = {
    # Analogue: more than 200 s in "detaching" (ansible-collections/amazon.aws PR 501), rarely.
    "DetachNetworkInterface": {
        "mixture": [
            {"weight": "99.5%", "of": _DETACH},
            {"weight": "0.5%", "of": {"uniform": {"low": "200s", "high": "300s"}}},
        ]
    },
    "MigrateNetworkInterface": {
        "mixture": [
            {"weight": "98.5%", "of": {"lognormal": {"median": "11.3s", "p95": "29s"}}},
            {"weight": "1%", "of": {"uniform": {"low": "60s", "high": "165s"}}},
            {"weight": "0.5%", "of": {"uniform": {"low": "205s", "high": "315s"}}},
        ]
    },
}

WEAK_TASKS = {
    "AssignPrivateIpAddresses": "by analogy with MigratePrivateIpAddress",
    "UnassignPrivateIpAddresses": "by analogy with MigratePrivateIpAddress",
    "DetachNetworkInterface": "another cloud's figures",
    "MigrateNetworkInterface": "the sum of another cloud's detaching and attaching",
}

# Derived from published tests: ping is lost for about 4 s, of which VRRP takes 3.8 s. The same vendor also says "about
# 10 s": {uniform: {low: 5s, high: 10s}} is that slow cloud.
HAVIP_REMAP: Written = {"lognormal": {"median": "300ms", "p95": "1s"}}
WEAK_HAVIP_REMAP = "derived from a published loss of about 4 s; the vendor also says about 10 s: then uniform 5 to 10 s"

# Derived: at most 5 HAVIPs an ENI are recommended "because the platform limits the rate", each announced once a burst.
GARP_RATE_LIMIT = 5
WEAK_GARP_RATE_LIMIT = "derived from the recommendation of at most 5 HAVIPs an ENI; the limit is not published"

KNOWN_ACTIONS = (
    *TASK,
    "DescribeNetworkInterfaces",
    "DescribeAddresses",
    "DescribeVpcTaskResult",
    "DescribeTaskResult",
)
"""Every API action that a mechanism or a notify script calls."""

# Published: calls per second and account of each action (API pages).
RATE_LIMITS: dict[str, int] = {
    "MigratePrivateIpAddress": 100,
    "AssignPrivateIpAddresses": 100,
    "UnassignPrivateIpAddresses": 100,
    "AttachNetworkInterface": 100,
    "DetachNetworkInterface": 100,
    "MigrateNetworkInterface": 100,
    "DescribeNetworkInterfaces": 100,
    "DescribeAddresses": 10,
    "DescribeVpcTaskResult": 20,
    "DescribeTaskResult": 20,
    "DisassociateAddress": 10,
    "AssociateAddress": 10,
}

# ---- the guest -------------------------------------------------------------------------------------------------------

# Assumed, between a published "VM restart 30 s" (Sci. World J. 2014/165316) and about 100 s to boot a cloud's Linux.
BOOT: Written = {"lognormal": {"median": "40s", "p95": "100s"}, "max": "10min"}
WEAK_BOOT = "depends on image and instance type"

# Analogue: AWS, an attached interface is visible after "usually not more than 5 s" (cilium #16494).
INTERFACE_APPEARS: Written = {"lognormal": {"median": "1s", "p95": "5s"}}

# Assumed: `ip addr add` for an address, a udev rule's script for a hot-plugged interface.
CONFIGURE: Written = {"lognormal": {"median": "100ms", "p95": "500ms"}}
WEAK_CONFIGURE = "nothing is published"

# As everybody hopes; incident reports tell of some seconds (acassen/keepalived #2209, #2257).
NETWORK_READY: Written = "0"

# Assumed: a small web server or proxy.
SERVICE_START_UP: Written = {"lognormal": {"median": "3s", "p95": "10s"}}
WEAK_SERVICE_START_UP = "depends on the application"

# ---- keepalived ------------------------------------------------------------------------------------------------------

# Measured: exec until BACKUP, 11 to 206 ms, median 42 ms.
START_UP: Written = {"lognormal": {"median": "42ms", "p99": "200ms"}, "max": "250ms"}

# Measured: first advert of the new MASTER against the formula, n = 1158: median 2.0, p90 4.8, p99 24.4 ms. How much of
# it is the timer and how much the work until the advert is out was not measured: the division is the one with which two
# equal backups collide as often as they did (20 of 30 trials).
TIMER_LATENCY: Written = {
    "mixture": [
        {"weight": "96%", "of": {"lognormal": {"median": "700us", "p90": "2.6ms"}}},
        {"weight": "4%", "of": {"uniform": {"low": "4ms", "high": "30ms"}}},
    ]
}
TAKE_OVER: Written = {"lognormal": {"median": "1.1ms", "p90": "2ms"}}

# Measured: the single thread adds addresses and sends ARPs, 1 to 60 ms.
BUSY_AFTER_MASTER: Written = {"lognormal": {"median": "5ms", "p99": "60ms"}, "max": "100ms"}

# Measured: the next advert is armed after the last was processed, 0.1 to 0.4 ms later each time.
ADVERT_DRIFT: Written = "200us"

# Measured: the delay is counted from a clock that is read 0.7 to 1 ms later than the advert that starts it has arrived
# (on a busy machine up to 3). Adverts drift as much in a few intervals: so it decides whether the one that is due when
# the delay ends still counts.
PREEMPT_LAG: Written = "800us"

# Measured: daemons (2.2.7) frozen for 1 to 5 s while a peer advertised every 10 ms, and their answers counted then. The
# kernel took 256 adverts, unicast or multicast, over IPv4 or IPv6. It takes one while less than the limit is in use;
# each is 832 bytes there (Linux 6.18, veth), and 1,280 from 48 addresses (VRRPv2) or 50 (VRRPv3) on.
RECEIVE_BUFFER = 212_992  # net.core.rmem_default of Linux
ADVERT_IN_BUFFER = 832

# Measured: running scripts get SIGTERM 1.014 to 1.062 s after a clean stop began, and then the process is gone. One
# that is executed before says "daemon is already running", and exits; systemd waits.
STOP_GRACE: Written = "1.03s"

# Assumed: systemd's RestartSec unless the unit says otherwise.
RESTART_DELAY: Written = "100ms"
WEAK_RESTART_DELAY = "systemd's own default; depends on the unit file"

# ---- the notify script -----------------------------------------------------------------------------------------------

# Derived from the published script: a shell, an interpreter and an SDK, 0.2 to 1 s.
SCRIPT_START_UP: Written = {"lognormal": {"median": "500ms", "p95": "1s"}}
WEAK_SCRIPT_START_UP = "derived from the published script, not measured"

# The official SDK's own time-out.
CALL_TIMEOUT: Written = "60s"

# How long Terraform waits for each of these tasks.
TASK_TIMEOUT: Written = "3min"

# Assumed: a local check such as a TCP connection.
SCRIPT_RUN_TIME: Written = "10ms"
WEAK_SCRIPT_RUN_TIME = "depends on the script"

# ---- the network -----------------------------------------------------------------------------------------------------

# Assumed: nothing is published for this cloud; zones of one region are tens of kilometres apart.
LATENCY_WITHIN_ZONE: Written = "200us"
JITTER_WITHIN_ZONE: Written = {"exponential": {"mean": "50us"}, "max": "5ms"}
LATENCY_BETWEEN_ZONES: Written = "1ms"
JITTER_BETWEEN_ZONES: Written = {"exponential": {"mean": "100us"}, "max": "10ms"}
WEAK_NETWORK = "nothing is published"
