"""Rules about check scripts and notify scripts."""

from __future__ import annotations

from collections.abc import Iterator

from hasim.keepalived.lint.design import Design, Router
from hasim.keepalived.lint.findings import Level, Remark, Rules
from hasim.units import SECOND, format_duration

__all__ = ["SCRIPT_RULES"]

SCRIPT_RULES = Rules()
_STOP_GRACE_NS = SECOND
_STOP_REPAIR = "give the address back before keepalived is stopped (ExecStop of the service), not in notify_stop"


def _routers(design: Design) -> Iterator[Router]:
    for virtual in design.virtual_routers:
        yield from virtual.routers


def _shared_routers(design: Design) -> Iterator[Router]:
    for virtual in design.virtual_routers:
        if len(virtual.routers) > 1:
            yield from virtual.routers


@SCRIPT_RULES.rule(
    "timeout-beyond-interval",
    Level.WARNING,
    "a check's time-out is longer than its interval, so that runs pile up",
    "keepalived 2.2.7 says that it skips the run, and starts it all the same",
)
def _timeout(design: Design) -> Iterator[Remark]:
    seen: set[object] = set()
    for router in _routers(design):
        for check in router.checks:
            interval_ns, timeout_ns, location = check.interval_ns, check.timeout_ns, check.timeout_location
            if interval_ns is None or timeout_ns is None or location is None or timeout_ns <= interval_ns:
                continue
            if location in seen:
                continue
            seen.add(location)
            yield (
                location,
                f"{check.name} starts every {format_duration(interval_ns)} and may run {format_duration(timeout_ns)}",
                f"a check that hangs is counted as failed only after {format_duration(timeout_ns)}, and up to "
                f"{-(-timeout_ns // interval_ns)} runs of it go on at the same time",
                "make the timeout at most as long as the interval",
            )


@SCRIPT_RULES.rule(
    "stranded-address",
    Level.WARNING,
    "nobody repairs the address after another node has moved it away from a MASTER that stays MASTER",
    "MASTER to MASTER is no transition in keepalived (acassen/keepalived #950, #100, PR 957)",
)
def _stranded(design: Design) -> Iterator[Remark]:
    for router in _shared_routers(design):
        if router.moves_address is False or router.reclaims or router.has_rx_lower_pri_script:
            continue
        kind = "a script that moves an address" if router.moves_address else "a script when it becomes MASTER"
        yield (
            router.where("notify_master"),
            f"{router.node} runs {kind}, and nothing when a usurper's adverts come in while it is MASTER",
            "after a moment without adverts a backup becomes MASTER and moves the address; the true master wins the "
            "next election without a change of state, no script runs, and the address stays until somebody looks",
            "add notify_master_rx_lower_pri with the same script, vrrp_higher_prio_send_advert true, and a periodic "
            "check whether the MASTER holds the address",
        )


@SCRIPT_RULES.rule(
    "reclaim-by-advert-only",
    Level.NOTE,
    "notify_master_rx_lower_pri alone repairs the address only where the usurper speaks first",
    "measured: about 6 in 10 healed partitions and no freeze that lost packets; with the option all partitions, and in "
    "the simulator the freezes too",
)
def _reclaim_by_advert(design: Design) -> Iterator[Remark]:
    for virtual in design.virtual_routers:
        for router in virtual.routers:
            talkative = all(other.higher_prio_send_advert for other in virtual.others(router))
            if router.has_rx_lower_pri_script and not router.reclaims and not talkative:
                yield (
                    router.where("notify_master_rx_lower_pri"),
                    f"{router.node} hears of a usurper only by its advert, and others may yield without one",
                    "where the true master's own advert leaves first (4 in 10 healed partitions, every freeze that "
                    "lost packets), the usurper steps down in silence and keeps the address",
                    "set vrrp_higher_prio_send_advert true on every node, so that a usurper speaks once more before it "
                    "steps down, and check periodically that the MASTER holds the address",
                )


@SCRIPT_RULES.rule(
    "scripts-out-of-order",
    Level.NOTE,
    "MASTER and BACKUP scripts may run at the same time and finish in either order",
    "keepalived starts notify scripts without waiting for one another (acassen/keepalived #996, #1055, #584)",
)
def _out_of_order(design: Design) -> Iterator[Remark]:
    for router in _shared_routers(design):
        if router.has_master_script and router.has_backup_script and not router.has_fifo:
            yield (
                router.where("notify_backup"),
                f"{router.node} runs scripts both when it becomes MASTER and when it becomes BACKUP",
                "where one follows the other quickly both run at once, and the one that finishes last decides",
                "use vrrp_notify_fifo, or have the script look at the state again before and after it acts",
            )


@SCRIPT_RULES.rule(
    "stop-script-killed",
    Level.WARNING,
    "the stop script takes longer than the second that it gets",
    "keepalived ends one second after SIGTERM and sends SIGTERM to every script that still runs",
)
def _stop_script_killed(design: Design) -> Iterator[Remark]:
    duration_ns = design.stop_script_ns
    if duration_ns is None or duration_ns <= _STOP_GRACE_NS:
        return
    for router in _routers(design):
        if router.has_stop_script:
            yield (
                router.where("notify_stop"),
                f"the stop script of {router.node} takes {format_duration(duration_ns)} and has one second",
                "it is killed before it is done: a cloud call under way is abandoned",
                _STOP_REPAIR,
            )


@SCRIPT_RULES.rule(
    "stop-script-hurried",
    Level.NOTE,
    "the stop script is killed one second after keepalived is told to stop",
    "keepalived ends one second after SIGTERM and sends SIGTERM to every script that still runs",
)
def _stop_script_hurried(design: Design) -> Iterator[Remark]:
    for router in _routers(design):
        if router.has_stop_script and design.stop_script_ns is None:
            yield (
                router.where("notify_stop"),
                f"the stop script of {router.node} has one second",
                "what it has not done by then is not done: a cloud call under way is abandoned",
                _STOP_REPAIR,
            )
