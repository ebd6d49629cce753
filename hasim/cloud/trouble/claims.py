"""HAVIPs: gratuitous ARPs that guests send, which of them the cloud takes, and when it follows.

The cloud takes so many a second from each ENI. The first that it takes from an ENI to which the HAVIP is not on its way
already is a claim: after the time of a remap the HAVIP is there, unless the ENI is outside its range. Remaps of a HAVIP
end in the order of its claims.
"""

from __future__ import annotations

from typing import NamedTuple

from hasim.cloud.errors import CloudError
from hasim.cloud.rate_limit import RateLimiter
from hasim.cloud.region import Region
from hasim.cloud.trouble.behaviour import Behaviour, Draw

__all__ = ["Claim", "Claims"]


class Claim(NamedTuple):
    """A HAVIP is on its way to an ENI, where it is due at ``due_ns``."""

    ha_vip_id: str
    network_interface_id: str
    due_ns: int


class Claims:
    """The claims of a region's HAVIPs."""

    def __init__(self, region: Region, behaviour: Behaviour, draw: Draw) -> None:
        self._region = region
        self._remap = behaviour.havip_remap
        self._draw = draw
        self._limiter = RateLimiter({}, otherwise_per_s=behaviour.garp_rate_limit)
        self._on_the_way: dict[str, Claim] = {}
        self._last_due_ns: dict[str, int] = {}

    def admit(self, network_interface_id: str, now_ns: int) -> bool:
        """Count one gratuitous ARP of an ENI, for whatever HAVIP. Whether the cloud takes it."""
        try:
            self._limiter.admit(network_interface_id, now_ns)
        except CloudError:
            return False
        return True

    def expected(self, ha_vip_id: str) -> str:
        """The ENI to which the HAVIP was claimed last, where it is or is on its way to; empty for none.

        Raises:
            KeyError: no such HAVIP.
        """
        claim = self._on_the_way.get(ha_vip_id)
        ha_vip = self._region.ha_vips[ha_vip_id]
        return ha_vip.network_interface_id if claim is None else claim.network_interface_id

    def claim(self, ha_vip_id: str, network_interface_id: str, now_ns: int) -> Claim | None:
        """A gratuitous ARP was taken: the claim that it makes; None when the HAVIP is there, or on its way there.

        Raises:
            KeyError: no such HAVIP.
        """
        if self.expected(ha_vip_id) == network_interface_id:
            return None
        delay_ns = self._remap.quantile(self._draw("havip", "remap"))
        due_ns = max(now_ns + delay_ns, self._last_due_ns.get(ha_vip_id, 0))
        claim = Claim(ha_vip_id, network_interface_id, due_ns)
        self._on_the_way[ha_vip_id] = claim
        self._last_due_ns[ha_vip_id] = due_ns
        return claim

    def settle(self, claim: Claim, now_ns: int) -> bool:
        """A claim is due: the region follows it if it may. Whether the HAVIP is there now."""
        if self._on_the_way.get(claim.ha_vip_id) is claim:
            del self._on_the_way[claim.ha_vip_id]
        ha_vip = self._region.ha_vips.get(claim.ha_vip_id)
        if ha_vip is None or claim.network_interface_id not in self._region.network_interfaces:
            return False
        return self._region.announce(claim.ha_vip_id, claim.network_interface_id, now_ns=now_ns)
