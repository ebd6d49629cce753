"""Which packets the security groups of an interface let through."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from hasim.scenario.model import SecurityGroup

__all__ = ["accepts_adverts"]


def accepts_adverts(groups: Iterable[SecurityGroup], peer: IPv4Address, *, egress: bool) -> bool:
    """Whether an interface with these groups, in this order, lets VRRP (IP protocol 112) to or from ``peer`` pass.

    The first rule that matches decides; what none matches is dropped.
    """
    for group in groups:
        for rule in group.egress if egress else group.ingress:
            if rule.protocol in ("all", "vrrp") and peer in rule.peer:
                return rule.accept
    return False
