"""Where an advert goes, and the addresses that it names.

keepalived does not run version 3 without an address, and with version 2 takes that for doubtful. So it has one even
where it has none to configure, unless a scenario says otherwise.

Where it does not configure the floating address (a whole ENI moves, or an EIP; a further member of a sync group), or
its adverts go over IPv6 and can name no IPv4 address, it has a link-local one on the loopback device, which nobody else
sees.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from hasim.scenario.model import Scenario, Transport, VrrpSettings
from hasim.vrrp.timers import OWNER_PRIORITY
from hasim.vrrp.wire import MULTICAST_V4, MULTICAST_V6

__all__ = ["advert_group", "advertised_addresses", "configured_address", "drops_clients"]

_UNSEEN_V4, _UNSEEN_V6 = IPv4Address("169.254.0.0"), IPv6Address("fe80::200:5eff:fe00:0")


def configured_address(scenario: Scenario, member: str) -> IPv4Address | None:
    """The address that the ``vrrp_instance`` of that name in the sync group (empty: that of the floating address) adds
    to its guest, and announces; None where it has none."""
    is_ours = not member and scenario.floating.mechanism.is_configured_by_keepalived
    return scenario.floating.address if is_ours else None


def advertised_addresses(scenario: Scenario, vrrp: VrrpSettings, member: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """The addresses in the adverts of that ``vrrp_instance``, whose settings are ``vrrp``."""
    if vrrp.virtual_addresses is not None:
        return vrrp.virtual_addresses
    if vrrp.native_ipv6:
        return (_UNSEEN_V6 + vrrp.virtual_router_id,)
    return (configured_address(scenario, member) or _UNSEEN_V4 + vrrp.virtual_router_id,)


def advert_group(vrrp: VrrpSettings) -> IPv4Address | IPv6Address | None:
    """The multicast group that its adverts go to, and that it listens to; None where they are unicast."""
    if vrrp.transport is not Transport.MULTICAST:
        return None
    return vrrp.multicast_group or (MULTICAST_V6 if vrrp.native_ipv6 else MULTICAST_V4)


def drops_clients(scenario: Scenario, vrrp: VrrpSettings, priority: int) -> bool:
    """Whether a MASTER with these settings, and that ``priority`` in its configuration, drops what is addressed to the
    floating address: keepalived's rules do so with every address that it adds itself, wherever that is."""
    if vrrp.accept or priority == OWNER_PRIORITY:
        return False
    is_named = scenario.floating.address in (vrrp.virtual_addresses or ())
    return is_named or configured_address(scenario, "") is not None
