"""Rules that only a scenario can have: about the cloud around keepalived, and about what the notify script does."""

from __future__ import annotations

from collections.abc import Iterator

from hasim.keepalived.lint.findings import Level, Remark, Rules, named
from hasim.scenario.linting.design import ScenarioDesign, heartbeat_of
from hasim.scenario.model import Instance, Interface, Transport
from hasim.scenario.security import accepts_adverts
from hasim.units import format_duration

__all__ = ["CLOUD_RULES"]

CLOUD_RULES: Rules[ScenarioDesign] = Rules()


@CLOUD_RULES.rule(
    "multicast-not-carried",
    Level.ERROR,
    "adverts are multicast, and the network between the instances does not carry them",
    "a VPC carries multicast only where it is switched on, and multicast stays within its subnet",
)
def _multicast(design: ScenarioDesign) -> Iterator[Remark]:
    senders = [i for i in _together(design) if i.vrrp.transport is Transport.MULTICAST]
    if not senders:
        return
    subnets = {heartbeat_of(instance).subnet for instance in senders}
    if not design.scenario.network.multicast:
        reason = "transport is multicast, and vpc.multicast is not true"
    elif len(subnets) > 1:
        reason = f"transport is multicast, and the adverts leave in different subnets ({', '.join(sorted(subnets))})"
    else:
        return
    yield (
        design.place(senders[0].name, "vrrp", "transport"),
        reason,
        "no instance hears another: all become MASTER, and the address is with whoever called the API last",
        "use transport unicast, or one subnet and a VPC with multicast",
    )


@CLOUD_RULES.rule(
    "vrrp-blocked",
    Level.ERROR,
    "security groups do not let VRRP (IP protocol 112) from one instance to another",
    "a security group drops what no rule accepts; protocols are ALL, TCP, UDP, ICMP and, by number, VRRP",
)
def _blocked(design: ScenarioDesign) -> Iterator[Remark]:
    for instance in _together(design):
        interface = heartbeat_of(instance)
        for egress, way in ((False, "from"), (True, "to")):
            peers = [peer.name for peer in _peers(design, instance) if not _lets(design, interface, peer, egress)]
            if peers:
                name, others = named(instance.name), ", ".join(map(named, peers))
                yield (
                    design.place(instance.name, *_groups_path(design, instance, interface)),
                    f"the security groups of {name} drop adverts {way} {others}",
                    f"{others if egress else name} hears no master and becomes one: more than one MASTER for as long "
                    "as they run, and each takes the address",
                    f"add {{protocol: vrrp, peer: ...}} to the {'egress' if egress else 'ingress'} rules",
                )


@CLOUD_RULES.rule(
    "waits-for-what-it-starts",
    Level.ERROR,
    "a service that only the MASTER runs is checked by a script without a weight, which keeps a backup in FAULT",
    "keepalived: a failing track_script of weight 0 means FAULT, and a router in FAULT is never elected",
)
def _service_of_the_master(design: ScenarioDesign) -> Iterator[Remark]:
    for instance in _together(design):
        if not instance.service.on_master_only:
            continue
        name = named(instance.name)
        for script in instance.vrrp.track_scripts:
            if script.check == "service" and script.weight == 0:
                yield (
                    design.place(instance.name, "vrrp", "track_scripts", script.name),
                    f"{script.name} looks at the service of {name}, which is started by MASTER only, and has no weight",
                    f"as a backup {name} is in FAULT because its service does not run, and its service does "
                    "not run because it is not MASTER: it never takes over",
                    "run the service on every instance (service.on_master_only: false), or give the check a weight",
                )


@CLOUD_RULES.rule(
    "unanswered-means-held",
    Level.ERROR,
    "the script takes a failed question for the answer that it holds the address",
    "the cloud vendor's published script; incident 10",
)
def _unanswered(design: ScenarioDesign) -> Iterator[Remark]:
    for instance in _callers(design):
        notify = instance.notify
        if notify.check_first and notify.unanswered_means_held and notify.reclaim_interval_ns is None:
            yield (
                design.place(instance.name, "notify", "unanswered_means_held"),
                f"the script of {named(instance.name)} takes an unanswered question for yes",
                "an API that does not answer at the moment of a failover makes it stop before it has moved anything: "
                "the address stays where it was, for good",
                "unanswered_means_held: false, so that it asks again until it knows",
            )


@CLOUD_RULES.rule(
    "call-timeout-beyond-objective",
    Level.WARNING,
    "one API call may keep the script waiting longer than the objective allows for the whole failover",
    "the official SDK waits 60 s for an answer unless it is told otherwise; incident 9",
)
def _call_timeout(design: ScenarioDesign) -> Iterator[Remark]:
    limit_ns = design.detection_slo_ns
    if limit_ns is None:
        return
    for instance in _callers(design):
        timeout_ns = instance.notify.call_timeout_ns
        if timeout_ns > limit_ns:
            yield (
                design.place(instance.name, "notify", "call_timeout"),
                f"a call of the script of {named(instance.name)} is given up after {format_duration(timeout_ns)}, and "
                f"the objective is {format_duration(limit_ns)}",
                "one call that gets no answer is enough to miss the objective",
                "set call_timeout to a few seconds: a second try costs less than a long wait",
            )


@CLOUD_RULES.rule(
    "told-too-soon",
    Level.NOTE,
    "a MASTER that hears of a usurper looks once, and the usurper's API call may still be under way then",
    "tasks of the cloud's API take seconds, and a script that is told by an advert asks within one",
)
def _told_too_soon(design: ScenarioDesign) -> Iterator[Remark]:
    for instance in _callers(design):
        notify = instance.notify
        talkative = all(other.vrrp.higher_prio_send_advert for other in _peers(design, instance))
        if notify.on_rx_lower_priority and notify.reclaim_interval_ns is None and talkative:
            yield (
                design.place(instance.name, "notify", "notify_master_rx_lower_pri"),
                f"{named(instance.name)} is told of a usurper by its advert, and looks then and never again",
                "where adverts come through again while the usurper's call is under way, the script still finds the "
                "address in its place and ends, and then the call moves it: nobody looks again",
                "set reclaim_interval as well",
            )


def _together(design: ScenarioDesign) -> tuple[Instance, ...]:
    """The instances, where there is more than one."""
    instances = design.scenario.instances
    return instances if len(instances) > 1 else ()


def _callers(design: ScenarioDesign) -> tuple[Instance, ...]:
    """The instances whose scripts call the API."""
    return () if design.scenario.floating.mechanism.is_announced else _together(design)


def _peers(design: ScenarioDesign, instance: Instance) -> list[Instance]:
    """Those that an instance exchanges adverts with."""
    if instance.vrrp.transport is Transport.MULTICAST:
        return [other for other in design.scenario.instances if other is not instance]
    return [design.scenario.instance(name) for name in instance.vrrp.peers]


def _lets(design: ScenarioDesign, interface: Interface, peer: Instance, egress: bool) -> bool:
    groups = {group.name: group for group in design.scenario.security_groups}
    return accepts_adverts(
        (groups[name] for name in interface.security_groups), heartbeat_of(peer).address, egress=egress
    )


def _groups_path(design: ScenarioDesign, instance: Instance, interface: Interface) -> tuple[str, ...]:
    """Where the security groups of an interface are written below its instance."""
    path = ("interfaces", interface.name, "security_groups")
    return path if design.document.has(("instances", instance.name, *path[:2])) else ("security_groups",)
