"""Rules about what the nodes of one virtual router must agree on to hear each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from hasim.keepalived.lint.design import Design, Router
from hasim.keepalived.lint.findings import Level, Remark, Rules
from hasim.units import format_duration

__all__ = ["PEER_RULES"]

PEER_RULES = Rules()
_DEAF = "each drops the adverts of the other, and both are MASTER for as long as both run"


def _pairs(design: Design) -> Iterator[tuple[Router, Router]]:
    """Every pair of nodes that share a virtual router."""
    for virtual in design.virtual_routers:
        yield from combinations(virtual.routers, 2)


def _differing(
    design: Design, value: Callable[[Router], object], field: str, consequence: str, repair: str
) -> Iterator[Remark]:
    """Say where two nodes have different values of a field."""
    for one, other in _pairs(design):
        if value(one) != value(other):
            yield (
                other.where(field),
                f"{field} is {value(one)} on {one.node} and {value(other)} on {other.node}",
                consequence,
                repair,
            )


@PEER_RULES.rule(
    "version-differs",
    Level.ERROR,
    "the nodes speak different versions of VRRP",
    "RFC 5798, 7.1: an advert of another version is discarded",
)
def _version(design: Design) -> Iterator[Remark]:
    return _differing(design, lambda r: r.version, "version", _DEAF, "use the same version on every node")


@PEER_RULES.rule(
    "router-id-differs",
    Level.ERROR,
    "the nodes use different virtual_router_ids for the same addresses",
    "RFC 5798, 7.1: an advert of another virtual router is discarded",
)
def _router_id(design: Design) -> Iterator[Remark]:
    return _differing(
        design,
        lambda r: r.virtual_router_id,
        "virtual_router_id",
        _DEAF,
        "use the same virtual_router_id on every node",
    )


@PEER_RULES.rule(
    "advert-int-differs-v2",
    Level.ERROR,
    "the nodes send VRRPv2 adverts at different intervals",
    "keepalived drops VRRPv2 adverts with another interval than its own",
)
def _interval_v2(design: Design) -> Iterator[Remark]:
    for one, other in _pairs(design):
        if one.version == other.version == 2 and one.advert_int_ns != other.advert_int_ns:
            yield (
                other.where("advert_int"),
                f"advert_int is {format_duration(one.advert_int_ns)} on {one.node} and "
                f"{format_duration(other.advert_int_ns)} on {other.node}",
                _DEAF,
                "use the same advert_int on every node",
            )


@PEER_RULES.rule(
    "advert-int-differs-v3",
    Level.WARNING,
    "the nodes send VRRPv3 adverts at different intervals, so that detection depends on who is MASTER",
    "RFC 5798, 6.4.2: a backup adopts the master's interval",
)
def _interval_v3(design: Design) -> Iterator[Remark]:
    for one, other in _pairs(design):
        if one.version == other.version == 3 and one.advert_int_ns != other.advert_int_ns:
            yield (
                other.where("advert_int"),
                f"advert_int is {format_duration(one.advert_int_ns)} on {one.node} and "
                f"{format_duration(other.advert_int_ns)} on {other.node}",
                "a backup adopts the interval of its master: how soon a failure is noticed depends on who fails",
                "use the same advert_int on every node",
            )


@PEER_RULES.rule(
    "authentication-differs",
    Level.ERROR,
    "the nodes have different authentication",
    "keepalived drops VRRPv2 adverts whose authentication is not its own",
)
def _authentication(design: Design) -> Iterator[Remark]:
    for one, other in _pairs(design):
        if one.authentication != other.authentication:
            yield (
                other.where("authentication"),
                f"{one.node} and {other.node} do not have the same authentication type and password",
                _DEAF,
                "use the same authentication on every node, or none (RFC 3768 removed it)",
            )


@PEER_RULES.rule(
    "addresses-differ",
    Level.ERROR,
    "the nodes advertise different virtual addresses",
    "tried on 2.2.7: keepalived drops adverts that do not name the addresses it has itself, also with "
    "skip_check_adv_addr, which looks away only after one advert of that router did name them",
)
def _addresses(design: Design) -> Iterator[Remark]:
    for one, other in _pairs(design):
        if set(one.addresses) != set(other.addresses):
            yield (
                other.where("virtual_addresses"),
                f"{one.node} has {_listed(one)} and {other.node} has {_listed(other)} in virtual_ipaddress",
                _DEAF,
                "list the same addresses on every node; put those that only one has into virtual_ipaddress_excluded",
            )


@PEER_RULES.rule(
    "transport-differs",
    Level.ERROR,
    "some nodes send unicast adverts and some multicast",
    "keepalived drops an advert that came by the other way",
)
def _transport(design: Design) -> Iterator[Remark]:
    for one, other in _pairs(design):
        if one.unicast != other.unicast:
            multicast = other if one.unicast else one
            yield (
                multicast.where("unicast_peers"),
                f"{(one if one.unicast else other).node} has unicast_peer and {multicast.node} has none",
                _DEAF,
                "give every node a unicast_peer block that names all the others",
            )


@PEER_RULES.rule(
    "multicast-group-differs",
    Level.ERROR,
    "the nodes send their multicast adverts to different groups",
    "tried on 2.2.7: a node listens to its own group alone",
)
def _multicast_group(design: Design) -> Iterator[Remark]:
    for one, other in _pairs(design):
        if one.multicast_group and other.multicast_group and one.multicast_group != other.multicast_group:
            yield (
                other.where("mcast_dst_ip"),
                f"adverts go to {one.multicast_group} on {one.node} and to {other.multicast_group} on {other.node}",
                "no node hears another, and both are MASTER for as long as both run",
                "use the same mcast_dst_ip (or vrrp_mcast_group4, vrrp_mcast_group6) on every node",
            )


@PEER_RULES.rule(
    "peer-missing",
    Level.ERROR,
    "a node does not name another one among its unicast peers",
    "keepalived sends unicast adverts to its unicast_peer addresses and to nobody else",
)
def _peer_missing(design: Design) -> Iterator[Remark]:
    for virtual in design.virtual_routers:
        for router in virtual.routers:
            for other in virtual.others(router):
                address = other.source_address
                if router.unicast and other.unicast and address is not None and address not in router.peers:
                    yield (
                        router.where("unicast_peers"),
                        f"{router.node} does not list {address}, the address of {other.node}, as a unicast_peer",
                        f"{other.node} hears nothing from {router.node}: while {router.node} is MASTER, "
                        f"{other.node} becomes MASTER too",
                        f"add {address} to unicast_peer on {router.node}",
                    )


@PEER_RULES.rule(
    "peers-itself",
    Level.WARNING,
    "a node lists its own address as a unicast peer",
    "keepalived sends to every listed address, its own included",
)
def _peers_itself(design: Design) -> Iterator[Remark]:
    for virtual in design.virtual_routers:
        for router in virtual.routers:
            if router.source_address is not None and router.source_address in router.peers:
                yield (
                    router.where("unicast_peers"),
                    f"{router.node} lists its own address {router.source_address} as a unicast_peer",
                    "it sends its adverts to itself too",
                    f"remove {router.source_address} from unicast_peer on {router.node}",
                )


@PEER_RULES.rule(
    "multicast",
    Level.NOTE,
    "adverts are multicast, which a cloud network drops unless it is told otherwise",
    "multicast is an option of the VPC",
)
def _multicast(design: Design) -> Iterator[Remark]:
    for virtual in design.virtual_routers:
        if len(virtual.routers) > 1 and not any(router.unicast for router in virtual.routers):
            yield (
                virtual.routers[0].where("interface"),
                f"the adverts of {virtual.routers[0].name} go to a multicast group",
                "in a VPC without multicast no node hears another, and all are MASTER",
                "use unicast_src_ip and unicast_peer, or switch multicast on for the VPC",
            )


@PEER_RULES.rule(
    "down-timer-differs",
    Level.WARNING,
    "the nodes count different numbers of missed adverts",
    "keepalived.conf(5): all routers of a virtual router must use the same down_timer_adverts",
)
def _down_timer(design: Design) -> Iterator[Remark]:
    return _differing(
        design,
        lambda r: r.down_timer_adverts,
        "down_timer_adverts",
        "how soon a failure is noticed depends on who notices it, and a lower priority may take over first",
        "use the same down_timer_adverts on every node",
    )


@PEER_RULES.rule(
    "advert-int-rounded",
    Level.WARNING,
    "the VRRP version cannot carry the advert_int that is written",
    "VRRPv2 carries whole seconds, VRRPv3 hundredths of a second; keepalived rounds to the nearest",
)
def _rounded(design: Design) -> Iterator[Remark]:
    for router in (router for virtual in design.virtual_routers for router in virtual.routers):
        if router.advert_int_ns != router.advert_int_written_ns:
            written, used = format_duration(router.advert_int_written_ns), format_duration(router.advert_int_ns)
            yield (
                router.where("advert_int"),
                f"advert_int {written} is not possible with VRRP version {router.version}",
                f"{router.node} sends every {used} and notices a failure accordingly",
                f"write {used}, or use version 3" if router.version == 2 else f"write {used}",
            )


def _listed(router: Router) -> str:
    return ", ".join(str(address) for address in router.addresses) or "none"
