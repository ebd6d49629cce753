"""A ``vrrp_instance`` completed as keepalived completes it after the whole file has been read.

The order of the steps is the daemon's (``vrrp_complete_instance``), because later ones depend on what earlier ones
changed. What it refuses here keeps the daemon from running; most of it is a value that it replaces, with a complaint.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from hasim.keepalived.arguments import parse_address
from hasim.keepalived.config import Authentication, GlobalDefs, IPAddress, Tracked, Vip, Vmac, VrrpInstance, Written
from hasim.keepalived.instances import InstanceDraft
from hasim.keepalived.problems import Location
from hasim.keepalived.sync_groups import GroupDraft
from hasim.vrrp.timers import OWNER_PRIORITY, complete_advert_int

__all__ = ["check_minimum", "complete_instance"]

_SECOND = 1_000_000_000
_DEFAULT_PRIORITY = 100
_DEFAULT_DOWN_TIMER_ADVERTS = 3
_MTU = 1500
_MAX_ADVERTISED = 255
_ETHERNET, _IPV4_HEADER, _IPV6_HEADER, _VRRP_HEADER, _AUTHENTICATION, _AH_HEADER = 14, 20, 40, 8, 8, 24
_TRACKED_NAMES = {
    "track_interfaces": "interface",
    "track_scripts": "script",
    "track_files": "file",
    "track_processes": "process",
    "track_bfds": "bfd_instance",
}


def check_minimum(draft: InstanceDraft) -> bool:
    """Whether the instance has what keepalived does not run without: a router id and an interface."""
    name = draft.name
    if not draft.has("virtual_router_id"):
        draft.problems.fatal(draft.location, f"vrrp_instance {name} needs a virtual_router_id from 1 to 255")
        return False
    if not draft.has("interface"):
        draft.problems.fatal(
            draft.location, f"vrrp_instance {name} needs an interface (2.2.7 wants one even for unicast)"
        )
        return False
    return True


def complete_instance(draft: InstanceDraft, defaults: GlobalDefs, group: GroupDraft | None) -> VrrpInstance | None:
    """The instance that runs; None where keepalived refuses to run at all (which has then been reported).

    ``group`` is the sync group that it is a member of.
    """
    return _Completion(draft, defaults, group).instance()


class _Completion:
    """The steps, each reading and changing the draft's values."""

    def __init__(self, draft: InstanceDraft, defaults: GlobalDefs, group: GroupDraft | None) -> None:
        self._draft = draft
        self._defaults = defaults
        self._weights_forbidden = group is not None and not group.has("sync_group_tracking_weight")
        self._notify_priority_changes = defaults.vrrp_notify_priority_changes
        if group is not None:
            self._notify_priority_changes = group.get("notify_priority_changes", bool, self._notify_priority_changes)
        self._strict = draft.get("strict_mode", bool, defaults.vrrp_strict)
        self._fault_reason = ""

    def instance(self) -> VrrpInstance | None:
        draft = self._draft
        family = draft.family or 4
        version = self._version(family)
        if not self._has_addresses(version):
            return None
        priority, state = self._priority_and_state()
        authentication, state = self._authentication(version, family, state, priority)
        self._check_unicast()
        self._check_first_address(family)
        addresses, excluded = self._addresses(version, family, authentication)
        nopreempt, preempt_delay_ns = self._preemption(state, priority)
        vmac = self._vmac(family)
        return VrrpInstance(
            location=draft.location,
            places=self._places(),
            name=draft.name,
            interface=draft.get("interface", str, ""),
            virtual_router_id=draft.get("virtual_router_id", int, 0),
            state=state,
            priority=priority,
            version=version,
            family=family,
            advert_int_ns=self._advert_int(version),
            nopreempt=nopreempt,
            preempt_delay_ns=preempt_delay_ns,
            down_timer_adverts=self._down_timer_adverts(),
            lower_prio_no_advert=self._strictly("lower_prio_no_advert", self._defaults.vrrp_lower_prio_no_advert, True),
            higher_prio_send_advert=self._strictly(
                "higher_prio_send_advert", self._defaults.vrrp_higher_prio_send_advert, False
            ),
            strict_mode=self._strict,
            source_address=self._source(),
            track_src_ip=draft.has("track_src_ip") and self._source() is not None,
            unicast_peers=tuple(draft.peers),
            unicast_ttl=self._unicast_ttl(),
            unicast_fault_no_peer=draft.has("unicast_fault_no_peer") and not draft.peers,
            check_unicast_src=self._checks_sources(),
            mcast_dst_ip=self._multicast_address(),
            authentication=authentication,
            virtual_addresses=addresses,
            excluded_addresses=excluded,
            dont_track_primary=draft.has("dont_track_primary"),
            garp_master_delay_ns=draft.get("garp_master_delay", int, self._defaults.vrrp_garp_master_delay_ns),
            garp_master_repeat=draft.get("garp_master_repeat", int, self._defaults.vrrp_garp_master_repeat),
            garp_master_refresh_ns=draft.get("garp_master_refresh", int, self._defaults.vrrp_garp_master_refresh_ns),
            garp_master_refresh_repeat=draft.get(
                "garp_master_refresh_repeat", int, self._defaults.vrrp_garp_master_refresh_repeat
            ),
            garp_lower_prio_delay_ns=self._lower_prio_garps(
                "garp_lower_prio_delay", self._defaults.vrrp_garp_lower_prio_delay_ns
            ),
            garp_lower_prio_repeat=self._lower_prio_garps(
                "garp_lower_prio_repeat", self._defaults.vrrp_garp_lower_prio_repeat
            ),
            accept=self._accept(version, priority),
            skip_check_adv_addr=draft.has("skip_check_adv_addr") or self._defaults.vrrp_skip_check_adv_addr,
            kernel_rx_buf_size=draft.get("kernel_rx_buf_size", int, 0),
            vmac=vmac,
            use_vmac_addr=draft.has("use_vmac_addr"),
            vmac_xmit_base=self._xmit_base(vmac),
            notify=draft.notify(),
            notify_deleted=draft.notify_deleted,
            notify_priority_changes=draft.get("notify_priority_changes", bool, self._notify_priority_changes),
            fault_reason=self._fault_reason,
            other=tuple(draft.other),
            written=Written(
                advert_int_ns=draft.get("advert_int", int, _SECOND),
                state=draft.find("state", str),
                nopreempt=draft.has("nopreempt"),
                preempt_delay_ns=draft.get("preempt_delay", int, 0),
            ),
            **self._tracked(priority),
        )

    def _warn(self, name: str, message: str, effect: str, fails_config_test: bool = True) -> None:
        """Complain about the value of a field, at its line."""
        self._draft.problems.warning(
            self._draft.where(name), f"{self._draft.name}: {message}", effect, fails_config_test
        )

    def _version(self, family: int) -> int:
        version = self._draft.find("version", int)
        if family == 6 and version == 2 and self._strict:
            self._warn("version", "strict mode has no IPv6 with version 2", "keepalived uses version 3")
            return 3
        if version is not None:
            return version
        return 3 if family == 6 else self._defaults.vrrp_version

    def _has_addresses(self, version: int) -> bool:
        if self._draft.addresses:
            return True
        if version == 3 or self._strict:
            self._draft.problems.fatal(
                self._draft.where("virtual_addresses"),
                f"{self._draft.name} needs at least one virtual_ipaddress with version 3 or in strict mode",
            )
            return False
        self._warn("virtual_addresses", "no virtual_ipaddress: at least one is sensible", "keepalived runs without")
        return True

    def _priority_and_state(self) -> tuple[int, str]:
        """Each is derived from the other where it is missing."""
        state = self._draft.find("state", str)
        priority = self._draft.get("priority", int, OWNER_PRIORITY if state == "MASTER" else _DEFAULT_PRIORITY)
        fitting = "MASTER" if priority == OWNER_PRIORITY else "BACKUP"
        if state is None:
            return priority, fitting
        if self._strict and state != fitting:
            self._warn(
                "state", "strict mode has state MASTER for priority 255 and no other", f"keepalived takes {fitting}"
            )
            return priority, fitting
        return priority, state

    def _authentication(
        self, version: int, family: int, state: str, priority: int
    ) -> tuple[Authentication | None, str]:
        authentication = self._draft.authentication()
        if authentication is None:
            return None, state
        reason = ""
        if self._strict:
            reason = "strict mode has no authentication"
        elif version == 3:
            reason = "VRRP version 3 has no authentication"
        elif not authentication.password:
            reason = "authentication needs an auth_pass"
        elif family == 6 and authentication.type == "AH":
            reason = "AH authentication does not work with IPv6"
        if reason:
            self._warn("authentication", reason, "keepalived authenticates nothing")
            return None, state
        if authentication.type == "AH" and state == "MASTER" and priority != OWNER_PRIORITY:
            self._warn("state", "state MASTER does not go with AH authentication", "keepalived takes BACKUP")
            return authentication, "BACKUP"
        return authentication, state

    def _check_unicast(self) -> None:
        """What the unicast keywords without any peer do."""
        if not self._draft.unicast_configured or self._draft.peers:
            return
        if self._draft.has("unicast_fault_no_peer"):
            self._fault_reason = "unicast without any peer"
            self._warn("unicast_fault_no_peer", "unicast without any peer", "the instance stays in FAULT", False)
        else:
            self._warn(
                "source_address", "a unicast keyword without any unicast_peer", "keepalived sends multicast instead"
            )

    def _checks_sources(self) -> bool:
        """Whether only the peers' adverts are taken: by request, or because a peer's time to live is bounded."""
        peers = self._draft.peers
        return bool(peers) and (self._draft.has("check_unicast_src") or any(peer.limits_ttl for peer in peers))

    def _unicast_ttl(self) -> int | None:
        ttl = self._draft.find("unicast_ttl", int)
        if ttl is not None and not self._draft.peers:
            self._warn("unicast_ttl", "unicast_ttl without any unicast_peer", "keepalived ignores it")
            return None
        return ttl

    def _check_first_address(self, family: int) -> None:
        first = self._draft.addresses[0] if self._draft.addresses else None
        if family == 4 or self._draft.peers or first is None or first.address.is_link_local:
            return
        problems, name = self._draft.problems, self._draft.name
        problems.warning(
            first.location, f"{name}: the first IPv6 address should be link-local", "keepalived uses it", self._strict
        )

    def _addresses(
        self, version: int, family: int, authentication: Authentication | None
    ) -> tuple[tuple[Vip, ...], tuple[Vip, ...]]:
        """Advertised and excluded addresses: what does not fit into an advert is not advertised."""
        header = _ETHERNET + _VRRP_HEADER + (_IPV4_HEADER if family == 4 else _IPV6_HEADER)
        if family == 4 and version == 2:
            header += _AUTHENTICATION
            header += _AH_HEADER if authentication is not None and authentication.type == "AH" else 0
        most = min((_MTU - header) // (4 if family == 4 else 16), _MAX_ADVERTISED)
        addresses, excluded = tuple(self._draft.addresses), tuple(self._draft.excluded)
        if len(addresses) > most:
            self._warn(
                "virtual_addresses",
                f"{len(addresses)} virtual addresses do not fit into an advert",
                f"keepalived advertises the first {most} and treats the others as excluded ones",
            )
        return addresses[:most], excluded + addresses[most:]

    def _preemption(self, state: str, priority: int) -> tuple[bool, int]:
        nopreempt = self._draft.has("nopreempt")
        delay_ns = self._draft.get("preempt_delay", int, 0)
        if nopreempt and priority == OWNER_PRIORITY:
            self._warn("nopreempt", "nopreempt does not go with priority 255", "keepalived clears it")
            nopreempt = False
        if nopreempt and state == "MASTER":
            self._warn("nopreempt", "nopreempt does not work with state MASTER", "keepalived clears it")
            nopreempt = False
        reasons = {
            "state MASTER": state == "MASTER",
            "strict mode": self._strict,
            "nopreempt": nopreempt,
        }
        reason = next((reason for reason, holds in reasons.items() if holds), None)
        if delay_ns and reason is not None:
            self._warn("preempt_delay", f"preempt_delay does not work with {reason}", "keepalived clears it")
            delay_ns = 0
        return nopreempt, delay_ns

    def _down_timer_adverts(self) -> int:
        adverts = self._draft.get("down_timer_adverts", int, self._defaults.vrrp_down_timer_adverts)
        if self._strict and adverts != _DEFAULT_DOWN_TIMER_ADVERTS:
            self._warn("down_timer_adverts", "strict mode counts 3 adverts", "keepalived takes 3")
            return _DEFAULT_DOWN_TIMER_ADVERTS
        return adverts

    def _strictly(self, name: str, default: bool, strict_value: bool) -> bool:
        """A flag that strict mode fixes."""
        value = self._draft.find(name, bool)
        if not self._strict:
            return default if value is None else value
        if value is not None and value != strict_value:
            self._warn(name, f"strict mode has {name} {str(strict_value).lower()}", "keepalived takes that")
        return strict_value

    def _lower_prio_garps(self, name: str, default: int) -> int:
        value = self._draft.find(name, int)
        if not self._strict:
            return default if value is None else value
        if value:
            self._warn(name, "strict mode repeats no gratuitous ARPs", "keepalived takes 0")
        return 0

    def _advert_int(self, version: int) -> int:
        written_ns = self._draft.get("advert_int", int, _SECOND)
        used_ns = complete_advert_int(version, written_ns)
        if used_ns != written_ns:
            unit = "whole seconds up to 255" if version == 2 else "hundredths of a second up to 40.95"
            self._warn(
                "advert_int",
                f"advert_int {_seconds(written_ns)} is not one that VRRP version {version} can carry: it has {unit}",
                f"keepalived takes {_seconds(used_ns)}",
            )
        return used_ns

    def _source(self) -> IPAddress | None:
        address = self._draft.values.get("source_address")
        return address if isinstance(address, IPAddress) else None

    def _multicast_address(self) -> IPAddress | None:
        address = self._draft.values.get("mcast_dst_ip")
        if self._draft.peers:
            if address is not None:
                self._warn("mcast_dst_ip", "mcast_dst_ip does not go with unicast", "keepalived ignores it")
            return None
        return address if isinstance(address, IPAddress) else None

    def _places(self) -> dict[str, Location]:
        """Where the values were written; that of accept is due to the strict mode where it is not written."""
        places = dict(self._draft.places)
        if self._strict and "accept" not in places:
            places["accept"] = places.get("strict_mode", self._defaults.where("vrrp_strict"))
        return places

    def _accept(self, version: int, priority: int) -> bool:
        owner = priority == OWNER_PRIORITY
        accept = self._draft.get("accept", bool, owner or not self._strict)
        if accept and self._strict and version == 2 and not owner:
            self._warn("accept", "strict mode has no accept with version 2", "keepalived clears it")
            return False
        return accept

    def _vmac(self, family: int) -> Vmac | None:
        vmac = self._draft.find("vmac", Vmac)
        if vmac is None or vmac.kind != "use_ipvlan" or family == 6:
            return vmac
        if not any(isinstance(parse_address(word.partition("/")[0]), IPv4Address) for word in vmac.words):
            self._fault_reason = "use_ipvlan without an address"
            self._warn("vmac", "use_ipvlan needs an IPv4 address", "the instance stays in FAULT")
        return vmac

    def _xmit_base(self, vmac: Vmac | None) -> bool:
        wanted = self._draft.has("vmac_xmit_base")
        macvlan = vmac is not None and vmac.kind == "use_vmac"
        if self._draft.peers and vmac is not None and not wanted:
            self._warn("vmac", "unicast with use_vmac requires vmac_xmit_base", "keepalived sets it")
            wanted = True
        if wanted and vmac is None:
            self._warn("vmac_xmit_base", "vmac_xmit_base needs use_vmac", "keepalived ignores it")
            return False
        if wanted and macvlan and self._strict:
            self._warn("vmac_xmit_base", "strict mode has no vmac_xmit_base", "keepalived clears it")
            return False
        return wanted

    def _tracked(self, priority: int) -> dict[str, tuple[Tracked, ...]]:
        """What is tracked, without the weights that the owner of the addresses or a sync group must not have."""
        tracked = dict(self._draft.tracked)
        own = self._draft.get("interface", str, "")
        for item in tracked["track_interfaces"]:
            if item.name == own:
                self._complain(
                    item.location, f"track_interface {own} is its own interface", "keepalived drops the line"
                )
        tracked["track_interfaces"] = tuple(item for item in tracked["track_interfaces"] if item.name != own)
        if not self._weights_forbidden and priority != OWNER_PRIORITY:
            return tracked
        for field in ("track_interfaces", "track_scripts", "track_files", "track_bfds"):
            kept = (self._without_weight(field, item) for item in tracked[field])
            tracked[field] = tuple(item for item in kept if item is not None)
        return tracked

    def _without_weight(self, field: str, item: Tracked) -> Tracked | None:
        """A tracked thing that may have no weight: kept without it, or dropped, as keepalived decides by its kind."""
        if not item.weight:
            return item
        unweighted = Tracked(item.name, 0, item.reverse, item.location)
        kept = field == "track_files" and item.weight == 1
        kept |= field == "track_interfaces" and self._weights_forbidden
        reason = "in a sync group" if self._weights_forbidden else "at priority 255"
        self._complain(
            item.location,
            f"tracked {_TRACKED_NAMES[field]} {item.name} has weight {item.weight}, which does not work {reason}",
            "keepalived takes weight 0" if kept else "keepalived does not track it",
        )
        return unweighted if kept else None

    def _complain(self, location: Location, message: str, effect: str) -> None:
        self._draft.problems.warning(location, f"{self._draft.name}: {message}", effect)


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / _SECOND:g} s"
