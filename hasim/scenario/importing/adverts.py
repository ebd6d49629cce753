"""What files say about adverts and their receivers: the addresses in them, their family, and how many may wait."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hasim.keepalived import Config, VrrpInstance
from hasim.scenario.importing.values import Setting
from hasim.vrrp.wire import MULTICAST_V4, MULTICAST_V6

__all__ = ["differing_addresses", "has_ipv6_adverts", "other_multicast_group", "receive_buffer"]

_MTU = 1500
_IP_HEADER, _VRRP_HEADER, _PASSWORD, _AH_HEADER = 20, 8, 8, 24
_LARGEST = 2**31 - 1


def has_ipv6_adverts(instance: VrrpInstance) -> bool:
    """Whether its adverts go over IPv6 in a scenario, which has them with version 3 only."""
    return instance.family == 6 and instance.version == 3


def other_multicast_group(config: Config, instance: VrrpInstance) -> Setting | None:
    """Where its multicast adverts go, if not to the protocol's own group."""
    group = config.multicast_group_of(instance)
    if group in (None, MULTICAST_V4, MULTICAST_V6) or (group.version == 6) != has_ipv6_adverts(instance):
        return None
    is_own = instance.mcast_dst_ip is not None
    general = f"vrrp_mcast_group{group.version}"
    return Setting(str(group), instance.where("mcast_dst_ip") if is_own else config.global_defs.where(general))


def differing_addresses(instances: Mapping[str, VrrpInstance]) -> dict[str, Setting]:
    """By node, the addresses in the adverts of one virtual router, where the nodes do not all name the same.

    An instance of version 2 may have none: keepalived (tried on 2.2.7) then sends adverts without any, and takes no
    others. Left out where a scenario cannot say it: VRRPv2 with IPv6 addresses.
    """
    named = {node: tuple(vip.address for vip in one.virtual_addresses) for node, one in instances.items()}
    said = all(one.family == 4 or has_ipv6_adverts(one) for one in instances.values())
    if not said or len({frozenset(addresses) for addresses in named.values()}) == 1:
        return {}
    return {
        node: Setting(
            json.dumps([str(address) for address in dict.fromkeys(named[node])]),
            one.where("virtual_addresses"),
            "not every node has the same",
        )
        for node, one in instances.items()
    }


def receive_buffer(config: Config, instance: VrrpInstance) -> Setting | None:
    """What the daemon asks of the kernel for the adverts that wait for this instance; None where it asks nothing.

    As tried on 2.2.7, the instance's own number goes before a number for all, that before MTU, and that before ADVERT.
    """
    if instance.kernel_rx_buf_size:
        size = min(instance.kernel_rx_buf_size, _LARGEST)
        return Setting(str(size), instance.where("kernel_rx_buf_size"))
    settings = config.global_defs
    policies = {word.lower() for word in settings.vrrp_rx_bufs_policy}
    numbers = [int(word) for word in settings.vrrp_rx_bufs_policy if word.lower() not in ("mtu", "advert")]
    remark = ""
    if numbers:
        size = numbers[-1]
    elif "mtu" in policies:
        size, remark = settings.vrrp_rx_bufs_multiplier * _MTU, f"with an MTU of {_MTU}"
    elif "advert" in policies:
        size = settings.vrrp_rx_bufs_multiplier * _length(instance)
    else:
        return None
    return Setting(str(min(size, _LARGEST)), settings.where("vrrp_rx_bufs_policy"), remark) if size else None


def _length(instance: VrrpInstance) -> int:
    """How long the daemon takes an advert to be; that of IPv6 without its own header."""
    length = _VRRP_HEADER + len(instance.virtual_addresses) * (16 if instance.family == 6 else 4)
    if instance.family == 4:
        length += _IP_HEADER
        if instance.authentication is not None and instance.authentication.type == "AH":
            length += _AH_HEADER
    return length + (_PASSWORD if instance.version == 2 else 0)
