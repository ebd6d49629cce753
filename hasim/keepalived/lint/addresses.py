"""Rules about what a MASTER does with packets that are addressed to its virtual addresses."""

from __future__ import annotations

from collections.abc import Iterator

from hasim.keepalived.lint.design import Design
from hasim.keepalived.lint.findings import Level, Remark, Rules
from hasim.vrrp.timers import OWNER_PRIORITY

__all__ = ["ADDRESS_RULES"]

ADDRESS_RULES = Rules()


@ADDRESS_RULES.rule(
    "address-not-accepted",
    Level.ERROR,
    "a MASTER drops everything that is addressed to its virtual addresses, for strict mode or no_accept",
    "tried on 2.2.7, with IPv4 and IPv6, with and without unicast: a MASTER whose priority is not 255 adds nftables "
    "rules that drop whatever comes to an address of virtual_ipaddress or virtual_ipaddress_excluded, from itself too, "
    "and goes on answering ARP. It needs neither nft nor iptables for that, and says in its log no more than `use_vmac "
    "or no_accept/strict specified, but no firewall configured - using nftables`. With version 2 strict mode clears "
    "accept. A reload that brings accept leaves the rules in place, and they outlive the next restart, too (nft delete "
    "table ip keepalived takes them away)",
)
def _not_accepted(design: Design) -> Iterator[Remark]:
    for virtual in design.virtual_routers:
        for router in virtual.routers:
            if not router.accept and router.priority != OWNER_PRIORITY:
                yield (
                    router.where("accept"),
                    f"as MASTER {router.node} does not accept packets to its virtual addresses (no_accept, or strict "
                    "mode)",
                    f"{router.node} has the address, and its firewall drops whatever is sent there: no client gets an "
                    "answer, and nothing else looks wrong",
                    "write accept (which needs version 3 in strict mode), and restart keepalived without a reload "
                    "before, which would leave the rules for good",
                )
