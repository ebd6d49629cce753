"""A ``vrrp_instance`` block, statement by statement, as keepalived's parser takes it in.

What a statement means may depend on those before it: the first address decides the family, the first script of a kind
counts. What depends on the whole block is for :mod:`hasim.keepalived.completion`.
"""

from __future__ import annotations

from collections.abc import Mapping

from hasim.keepalived.arguments import ScriptCommand, WeightValue
from hasim.keepalived.config import Authentication, IPAddress, Notify, Tracked, UnicastPeer, Vip, Vmac
from hasim.keepalived.drafts import Draft
from hasim.keepalived.entries import TrackedKind, read_address, read_peer, read_tracked
from hasim.keepalived.problems import Problems
from hasim.keepalived.routes import check_routes
from hasim.keepalived.syntax import Entry, Statement

__all__ = ["TRACKED_FIELDS", "InstanceDraft", "KnownNames", "TrackingDraft"]

TRACKED_FIELDS = ("track_interfaces", "track_scripts", "track_files", "track_processes", "track_bfds")
_PASSWORD_LENGTH = 8
_NOTIFY_KEYWORDS = ("master", "backup", "fault", "stop", "deleted", "master_rx_lower_pri")
_FIRST_ONE_COUNTS = frozenset({"notify", *(f"notify_{name}" for name in _NOTIFY_KEYWORDS)})
_UNICAST_KEYWORDS = frozenset(
    {"unicast_peer", "unicast_src_ip", "unicast_fault_no_peer", "check_unicast_src", "old_unicast_checksum"}
)
_SOURCES = frozenset({"mcast_src_ip", "unicast_src_ip"})

KnownNames = Mapping[str, dict[str, WeightValue]]
"""For each of :data:`TRACKED_FIELDS` but interfaces: the names defined so far, with their default weights."""


class TrackingDraft(Draft):
    """The draft of what tracks things: a sync group or an instance."""

    def __init__(self, block: Statement, known: KnownNames, problems: Problems) -> None:
        super().__init__(block, problems)
        self.tracked: dict[str, tuple[Tracked, ...]] = dict.fromkeys(TRACKED_FIELDS, ())
        self._kinds = {
            "track_interfaces": TrackedKind("interface", None, 253, clamp=True),
            "track_scripts": TrackedKind("vrrp_script", known["track_scripts"], 253, clamp=True),
            "track_files": TrackedKind("track_file", known["track_files"], 254),
            "track_processes": TrackedKind("vrrp_track_process", known["track_processes"], 254),
            "track_bfds": TrackedKind("bfd_instance", known["track_bfds"], 253),
        }

    def take(self, statement: Statement) -> None:
        """Take one statement of the block."""
        field = statement.keyword.field
        if field in self._kinds:
            already = self.tracked[field]
            self.tracked[field] += read_tracked(statement.entries, self._kinds[field], already, self.problems)
            self.places.setdefault(field, statement.location)
        elif statement.keyword.name in _FIRST_ONE_COUNTS:
            self.put_first(statement)
        else:
            self.put(statement)

    def notify(self) -> Notify:
        """The scripts to be run on transitions."""
        return Notify(
            any=self.find("notify", ScriptCommand),
            **{name: self.find(f"notify_{name}", ScriptCommand) for name in _NOTIFY_KEYWORDS},
        )


class InstanceDraft(TrackingDraft):
    """The draft of a ``vrrp_instance``. ``family`` is 0 until something decides it."""

    def __init__(self, block: Statement, known: KnownNames, problems: Problems) -> None:
        super().__init__(block, known, problems)
        self.name = block.name
        self.family = 0
        self.unicast_configured = False
        self.notify_deleted = False
        self.peers: list[UnicastPeer] = []
        self.addresses: list[Vip] = []
        self.excluded: list[Vip] = []
        for statement in block.statements:
            self.take(statement)

    def take(self, statement: Statement) -> None:
        name = statement.keyword.name
        self.unicast_configured |= name in _UNICAST_KEYWORDS
        if name in ("state", "version", "native_ipv6", "preempt", "accept", "no_accept", "authentication"):
            self._take_setting(statement)
        elif name in _SOURCES or name == "mcast_dst_ip":
            self._take_address(statement)
        elif name == "unicast_peer":
            self._take_peers(statement)
        elif name == "virtual_ipaddress":
            self._take_virtual_addresses(statement)
        elif name == "virtual_ipaddress_excluded":
            found = (read_address(entry, self.problems) for entry in statement.entries)
            self.excluded += [vip for vip in found if vip is not None]
            self.places.setdefault("excluded_addresses", statement.location)
        elif name in ("virtual_routes", "virtual_rules"):
            check_routes(statement, self.problems)
            self.other.append(statement)
        elif name == "notify_deleted":
            self.notify_deleted = True
            self.put_first(statement)
        elif name == "vrf" and self.has("interface"):
            self.problems.error(statement.location, "vrf does not go with the interface that stands before it")
        elif name in ("use_vmac", "use_ipvlan"):
            self.values["vmac"] = Vmac(name, statement.words[1:])
            self.places["vmac"] = statement.location
        else:
            super().take(statement)

    def authentication(self) -> Authentication | None:
        """The authentication as written; None where there is none or its type is unknown."""
        kind = self.find("auth_type", str)
        return Authentication(kind, self.get("auth_pass", str, "")) if kind else None

    def _take_setting(self, statement: Statement) -> None:
        """Settings whose meaning depends on what came before."""
        name, location = statement.keyword.name, statement.location
        if name == "state" and statement.value == "BACKUP" and self.find("state", str) == "MASTER":
            self.problems.error(location, f"state is already MASTER in line {self.where('state').line}")
        elif name == "version":
            self._take_version(statement)
        elif name == "native_ipv6":
            if self.family == 4:
                self.problems.error(location, "native_ipv6 cannot stand after IPv4 addresses")
            else:
                self.family = 6
                self.values["version"] = 3
        elif name == "preempt":
            self.drop("nopreempt")
        elif name in ("accept", "no_accept"):
            self.values["accept"] = name == "accept"
            self.places["accept"] = location
        elif name == "authentication":
            self.places["authentication"] = location
            for inner in statement.statements:
                self._take_authentication(inner)
        else:
            self.put(statement)

    def _take_version(self, statement: Statement) -> None:
        earlier = self.find("version", int)
        if statement.value is None:
            return
        if (earlier is not None and earlier != statement.value) or (statement.value == 2 and self.family == 6):
            self.problems.error(
                statement.location, f"version {statement.value} contradicts the version 3 or 2 that stands before it"
            )
        else:
            self.put(statement)

    def _take_authentication(self, statement: Statement) -> None:
        if isinstance(statement.value, str) and statement.keyword.name == "auth_pass":
            encoded = statement.value.encode()
            if len(encoded) > _PASSWORD_LENGTH:
                self.problems.warning(
                    statement.location,
                    f"auth_pass is longer than {_PASSWORD_LENGTH} characters",
                    f"keepalived takes the first {_PASSWORD_LENGTH}",
                )
            self.values["auth_pass"] = encoded[:_PASSWORD_LENGTH].decode(errors="replace")
            self.places["auth_pass"] = statement.location
        else:
            self.put(statement)

    def _take_address(self, statement: Statement) -> None:
        """A source or destination address: it must be of the instance's family, or decides it."""
        address = statement.value
        if not isinstance(address, IPAddress):
            return
        if self._fits(address, statement, "keepalived ignores it"):
            self.put(statement)
        else:
            self.drop(statement.keyword.field)

    def _take_peers(self, statement: Statement) -> None:
        self.places.setdefault("unicast_peers", statement.location)
        for entry in statement.entries:
            peer = read_peer(entry, self.problems)
            if peer is not None and self._fits(peer.address, entry, "keepalived skips the peer"):
                self.peers.append(peer)

    def _take_virtual_addresses(self, statement: Statement) -> None:
        self.places.setdefault("virtual_addresses", statement.location)
        for entry in statement.entries:
            vip = read_address(entry, self.problems)
            if vip is not None and self._fits(vip.address, entry, "keepalived skips the address"):
                self.addresses.append(vip)

    def _fits(self, address: IPAddress, at: Statement | Entry, effect: str) -> bool:
        """Whether an address is of the instance's family; the first one decides which that is."""
        if not self.family:
            self.family = address.version
        if address.version == self.family:
            return True
        self.problems.error(
            at.location, f"{address} is not an IPv{self.family} address like the others of {self.name}", effect
        )
        return False
