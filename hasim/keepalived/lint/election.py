"""Rules about who becomes MASTER: priorities, weights, preemption, and the time that it takes to notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from hasim.keepalived.lint.design import Check, Design, Router, VirtualRouter
from hasim.keepalived.lint.findings import Level, Remark, Rules
from hasim.units import SECOND, format_duration
from hasim.vrrp.timers import OWNER_PRIORITY, master_down_interval, skew_time

__all__ = ["ELECTION_RULES", "powerless_checks"]

ELECTION_RULES = Rules()
_LATE_NS = 25_000_000
"""How late the advert of the first to time out may be with its peers (measured: 2 ms in the median, 24 ms at most in 99
of 100)."""
_NO_WEIGHT = "give the check no weight, so that its failure means FAULT"


@ELECTION_RULES.rule(
    "never-fails-over",
    Level.ERROR,
    "a check's weight, or the number in a tracked file, is too small to bring the master's priority below a backup's",
    "keepalived: a backup takes over only from a master with a lower priority (acassen/keepalived #2599, #2379)",
)
def _never_fails_over(design: Design) -> Iterator[Remark]:
    for virtual in _shared(design):
        master = virtual.preferred
        rivals = _best_backup(virtual)
        for check in master.checks:
            failed = master.priority_without(check)
            if _is_too_light(virtual, check):
                enough = master.priority_ignoring(check) - rivals + 1
                is_file = check.number is not None
                yield (
                    check.weight_location,
                    f"when {_failing(check)} on {master.node}, its priority falls from {master.healthy_priority} to "
                    f"{failed}, and the best backup has {rivals}",
                    f"{master.node} stays MASTER although "
                    + ("it is told to make way" if is_file else "the check fails, and the service stays down"),
                    f"write a number that takes {enough} or more away, or means FAULT"
                    if is_file
                    else f"use no weight, so that a failing check means FAULT, or weight -{enough} or lower",
                )


@ELECTION_RULES.rule(
    "weight-with-nopreempt",
    Level.ERROR,
    "a check or a tracked file lowers the master's priority, but the backups have nopreempt and do not care",
    "keepalived: nopreempt makes a BACKUP accept adverts of any priority (acassen/keepalived #2599)",
)
def _weight_with_nopreempt(design: Design) -> Iterator[Remark]:
    for virtual in _shared(design):
        for router in virtual.routers:
            for check in router.checks:
                if _is_unheeded(virtual, router, check):
                    is_file = check.number is not None
                    effect = f"{check.name} has weight {check.weight} on {router.node}"
                    if is_file:
                        effect = f"{_failing(check)}, which lowers the priority of {router.node} by {-check.weight}"
                    yield (
                        check.weight_location,
                        f"{effect}, and every backup ({_names(virtual.others(router))}) has nopreempt",
                        f"when {_failing(check)}, {router.node} lowers its priority and stays MASTER: a backup with "
                        "nopreempt never takes over from a master that still sends adverts",
                        ("write a number that means FAULT" if is_file else _NO_WEIGHT) + ", or remove nopreempt",
                    )


def powerless_checks(design: Design) -> Iterator[tuple[Router, Check]]:
    """The checks whose weight never moves the address, each with the router that has it; no tracked files."""
    for virtual in _shared(design):
        for router in virtual.routers:
            for check in router.checks:
                is_too_light = router is virtual.preferred and _is_too_light(virtual, check)
                if check.number is None and (is_too_light or _is_unheeded(virtual, router, check)):
                    yield router, check


def _is_too_light(virtual: VirtualRouter, check: Check) -> bool:
    """Whether the preferred router keeps the highest priority while its check fails."""
    return check.weight != 0 and virtual.preferred.priority_without(check) >= _best_backup(virtual)


def _is_unheeded(virtual: VirtualRouter, router: Router, check: Check) -> bool:
    """Whether no backup cares about the priority of a router."""
    return check.weight != 0 and all(other.nopreempt for other in virtual.others(router))


def _best_backup(virtual: VirtualRouter) -> int:
    """The highest priority after that of the preferred router, while all is well."""
    return max(other.healthy_priority for other in virtual.others(virtual.preferred))


@ELECTION_RULES.rule(
    "nopreempt-without-effect",
    Level.WARNING,
    "nopreempt or preempt_delay is written beside a setting that clears it",
    "keepalived clears nopreempt with state MASTER or priority 255, and preempt_delay with state MASTER, nopreempt "
    "or strict mode",
)
def _cleared_preemption(design: Design) -> Iterator[Remark]:
    for router in _routers(design):
        reason = "priority 255" if router.priority == OWNER_PRIORITY else "state MASTER"
        if router.nopreempt_written and not router.nopreempt:
            yield (
                router.where("nopreempt"),
                f"{router.node} has nopreempt and {reason}",
                "keepalived clears nopreempt: after a repair this node takes the address back, a second interruption",
                "write state BACKUP on every node",
            )
        if router.preempt_delay_written_ns and not router.preempt_delay_ns:
            is_strict = not router.nopreempt and router.state != "MASTER"
            cause = "nopreempt" if router.nopreempt else "strict mode" if is_strict else reason
            yield (
                router.where("preempt_delay"),
                f"{router.node} has preempt_delay and {cause}",
                "keepalived clears preempt_delay"
                + ("" if router.nopreempt else ": after a repair this node takes the address back without waiting"),
                "remove one of the two" if router.nopreempt or is_strict else "write state BACKUP on every node",
            )


@ELECTION_RULES.rule(
    "equal-priorities",
    Level.WARNING,
    "two nodes have the same priority, so that the election is decided by a race and by addresses",
    "keepalived has no tie-break at the time-out (acassen/keepalived #1515, #2323)",
)
def _equal_priorities(design: Design) -> Iterator[Remark]:
    for virtual in _shared(design):
        for one, other in combinations(virtual.routers, 2):
            if one.healthy_priority != other.healthy_priority or one.priority == OWNER_PRIORITY:
                continue
            both_backups = virtual.preferred not in (one, other)
            if both_backups:
                consequence = (
                    "when the master goes, both become MASTER at the same instant and both run their scripts; the "
                    "higher address keeps the role, but the address in the cloud goes to whose call commits last"
                )
            else:
                consequence = (
                    "whoever starts first is MASTER; where both are, the higher address keeps the role whatever "
                    "nopreempt says, so that a node that boots without hearing the other takes the address"
                )
            yield (
                other.where("priority"),
                f"{one.node} and {other.node} both have priority {one.healthy_priority}",
                consequence,
                "give every node a priority of its own, at least 7 apart (25 ms at advert_int 1)",
            )


@ELECTION_RULES.rule(
    "close-priorities",
    Level.WARNING,
    "two backups wait almost equally long, so that both become MASTER",
    "skew time of RFC 3768 and RFC 5798; measured: a time-out is on the wire up to 25 ms late",
)
def _close_priorities(design: Design) -> Iterator[Remark]:
    for virtual in _shared(design):
        backups = virtual.others(virtual.preferred)
        for one, other in combinations(backups, 2):
            gap_ns = abs(_skew(one) - _skew(other))
            if one.healthy_priority != other.healthy_priority and gap_ns < _LATE_NS:
                yield (
                    other.where("priority"),
                    f"{one.node} and {other.node} wait only {format_duration(gap_ns)} apart for their priorities, "
                    f"and the first one's advert may be {format_duration(_LATE_NS)} late",
                    "when the master goes, both may become MASTER before one hears the other and run their scripts",
                    "put the priorities further apart, or use a longer advert_int",
                )


@ELECTION_RULES.rule(
    "two-owners",
    Level.ERROR,
    "more than one node says that it owns the addresses (priority 255)",
    "RFC 5798, 6.1: priority 255 is the one router that owns the addresses; keepalived logs a configuration error and "
    "goes on with 254",
)
def _two_owners(design: Design) -> Iterator[Remark]:
    for virtual in _shared(design):
        owners = [router for router in virtual.routers if router.priority == OWNER_PRIORITY]
        for router in owners[1:]:
            yield (
                router.where("priority"),
                f"{_names(owners)} all have priority 255",
                "each becomes MASTER at once when it starts; a MASTER that hears another owner lowers its priority to "
                "254 and steps down, so that the node that starts last has the address",
                "give priority 255 to one node at most",
            )


@ELECTION_RULES.rule(
    "sync-group-divided",
    Level.WARNING,
    "the members of a sync group have their highest priorities on different nodes",
    "keepalived.conf(5): a sync group is MASTER where all of its members can be, and leaves together",
)
def _divided_group(design: Design) -> Iterator[Remark]:
    for one, other in combinations(_shared(design), 2):
        winner, rival = one.preferred, other.preferred
        groups = [{r.node: r.sync_group for r in virtual.routers if r.sync_group} for virtual in (one, other)]
        together = any(groups[1].get(node) == group for node, group in groups[0].items())
        if together and winner.node != rival.node:
            yield (
                rival.where("priority"),
                f"{winner.name} has its highest priority on {winner.node}, and {rival.name} on {rival.node}",
                "neither node can win both: no node takes the group back by its priority, it stays where it is until "
                "that node fails",
                "give the members of a group the same order of priorities",
            )


@ELECTION_RULES.rule(
    "priority-clamped",
    Level.WARNING,
    "weights would bring a priority outside 1 to 254, where they stop counting",
    "keepalived: the effective priority is limited to 1 to 254",
)
def _clamped(design: Design) -> Iterator[Remark]:
    for router in _routers(design):
        weights = sum(check.weight for check in router.checks if check.weight > 0 and not check.reverse)
        total = router.priority + router.from_files + weights
        if router.priority != OWNER_PRIORITY and total >= OWNER_PRIORITY:
            yield (
                router.where("priority"),
                f"priority {router.priority} and the weights of {router.node} add up to {total}",
                "the priority stays at 254, and a failing check lowers it by less than its weight",
                "use a lower priority or negative weights",
            )


@ELECTION_RULES.rule(
    "startup-race",
    Level.WARNING,
    "a node that boots before its network passes packets becomes MASTER, and may stay it",
    "acassen/keepalived #2209, #2257, #2032",
)
def _startup_race(design: Design) -> Iterator[Remark]:
    for virtual in _shared(design):
        for router in virtual.routers:
            rival = next((o for o in virtual.others(router) if o.healthy_priority == router.healthy_priority), None)
            if router.nopreempt and router.startup_delay_ns == 0 and rival is not None:
                yield (
                    router.where("nopreempt"),
                    f"{router.node} has nopreempt, the same priority as {rival.node}, and no vrrp_startup_delay",
                    "after a reboot it may hear no adverts until packets pass, become MASTER, and with the higher "
                    "address keep the role: a switch although nopreempt is set",
                    "set vrrp_startup_delay to longer than the network needs after a boot, and distinct priorities",
                )


@ELECTION_RULES.rule(
    "slow-detection",
    Level.WARNING,
    "noticing a failure takes longer than the objective for a failover allows",
    "a dead master: down_timer_adverts intervals and the skew; a failing script: fall intervals and one time-out",
)
def _slow_detection(design: Design) -> Iterator[Remark]:
    slo_ns = design.detection_slo_ns
    if slo_ns is None:
        return
    for virtual in _shared(design):
        for router in virtual.routers:
            down_ns = _master_down(router)
            if down_ns > slo_ns:
                yield (
                    router.where("advert_int"),
                    f"{router.node} notices a dead master after up to {format_duration(down_ns)}",
                    f"a crash alone takes longer than the {format_duration(slo_ns)} of the objective",
                    "use VRRP version 3 with a shorter advert_int, or fewer down_timer_adverts",
                )
            yield from _slow_checks(router, slo_ns)


@ELECTION_RULES.rule(
    "startup-delay-beyond-objective",
    Level.NOTE,
    "a node that has just started may take over only after longer than the objective for a failover allows",
    "vrrp_startup_delay of 2.2.7, measured: MASTER no sooner than a master-down interval after the end of the delay",
)
def _long_startup_delay(design: Design) -> Iterator[Remark]:
    slo_ns = design.detection_slo_ns
    if slo_ns is None:
        return
    for virtual in _shared(design):
        for router in virtual.routers:
            down_ns, delay_ns = _master_down(router), router.startup_delay_ns
            if down_ns <= slo_ns < delay_ns + down_ns:
                yield (
                    router.where("startup_delay"),
                    f"{router.node} waits {format_duration(delay_ns)} after its start before it counts a master's "
                    "silence",
                    "where the master fails in that time (one node is maintained after the other, or all start "
                    f"together) nobody may be MASTER for up to {format_duration(delay_ns + down_ns)}, and the "
                    f"objective is {format_duration(slo_ns)}",
                    "use a vrrp_startup_delay little longer than the network needs after a boot, and stop a master "
                    "only when the delay of the others is over",
                )


def _master_down(router: Router) -> int:
    return master_down_interval(
        router.version, router.healthy_priority, router.advert_int_ns, router.down_timer_adverts
    )


def _slow_checks(router: Router, slo_ns: int) -> Iterator[Remark]:
    for check in router.checks:
        longest_ns = _longest_detection(check)
        if longest_ns is not None and longest_ns > slo_ns:
            yield (
                check.location,
                f"{check.name} on {router.node} notices a failing service after up to {format_duration(longest_ns)}",
                f"that is longer than the {format_duration(slo_ns)} of the objective",
                "shorten interval and timeout, or lower fall",
            )


def _longest_detection(check: Check) -> int | None:
    """A whole interval until the first failing run, the further runs, and the last one's time-out."""
    if check.interval_ns is None or check.timeout_ns is None:
        return None
    return check.fall * check.interval_ns + check.timeout_ns


def _failing(check: Check) -> str:
    return f"{check.name} fails" if check.number is None else f"{check.name} says {check.number}"


def _skew(router: Router) -> int:
    return skew_time(router.version, router.healthy_priority, router.advert_int_ns or SECOND)


def _routers(design: Design) -> Iterator[Router]:
    for virtual in design.virtual_routers:
        yield from virtual.routers


def _shared(design: Design) -> Iterator[VirtualRouter]:
    """The virtual routers that more than one node takes part in."""
    return (virtual for virtual in design.virtual_routers if len(virtual.routers) > 1)


def _names(routers: Iterable[Router]) -> str:
    return ", ".join(router.node for router in routers)
