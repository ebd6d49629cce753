"""The lines of values inside a VRRP block: addresses, peers, and what is tracked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from hasim.keepalived.arguments import WeightValue, parse_address, read_integer
from hasim.keepalived.config import Tracked, UnicastPeer, Vip
from hasim.keepalived.problems import Problems
from hasim.keepalived.syntax import Entry

__all__ = ["TrackedKind", "read_address", "read_peer", "read_tracked"]

_MAX_LABEL = 15
_LONGEST_WITH_BROADCAST = 30
_FLAGS = frozenset({"home", "-nodad", "mngtmpaddr", "noprefixroute", "autojoin", "no_track"})
_WITH_VALUE = frozenset({"dev", "scope", "broadcast", "brd", "label", "peer", "preferred_lft"})
_SCOPES = frozenset({"site", "link", "host", "nowhere", "global"})
_SCOPE_NUMBER = re.compile("0x[0-9a-f]+|[1-9][0-9]*|0", re.IGNORECASE)
_HIGHEST_SCOPE = 255
_MAX_TTL = 255


def read_address(entry: Entry, problems: Problems, static: bool = False) -> Vip | None:
    """A line of ``virtual_ipaddress`` (or ``static_ipaddress``); None where keepalived skips it."""
    word, _, length = entry.words[0].partition("/")
    address = parse_address(word)
    if address is None:
        problems.error(entry.location, f"{entry.words[0]!r} is not an IP address", "keepalived skips the address")
        return None
    prefix_length: int = address.max_prefixlen
    if "/" in entry.words[0]:
        number = read_integer(length)
        if number is None or not 0 <= number <= address.max_prefixlen:
            problems.error(
                entry.location,
                f"{length!r} is not a prefix length from 0 to {address.max_prefixlen}",
                f"keepalived takes {address.max_prefixlen}",
            )
        else:
            prefix_length = number
    options = _AddressOptions(entry, problems, static, address, prefix_length)
    if not options.read():
        return None
    return Vip(address, options.prefix_length, options.interface, options.kept, entry.location)


class _AddressOptions:
    """The words after an address: ``interface`` of ``dev``, and the others that keepalived accepts in ``kept``;
    ``prefix_length`` is that of the address, which a ``peer`` takes away."""

    def __init__(
        self, entry: Entry, problems: Problems, static: bool, address: IPv4Address | IPv6Address, prefix_length: int
    ) -> None:
        self.interface: str | None = None
        self.prefix_length = prefix_length
        self._kept: list[tuple[str, ...]] = []
        self._address = address
        self._entry = entry
        self._problems = problems
        self._with_value = _WITH_VALUE | {"track_group"} if static else _WITH_VALUE
        self._flags = _FLAGS if static else _FLAGS | {"use_vmac"}

    @property
    def kept(self) -> tuple[str, ...]:
        """The words of the options that keepalived accepts."""
        return tuple(word for option in self._kept for word in option)

    def read(self) -> bool:
        """Read them all; False where keepalived skips the address because of one."""
        words = iter(self._entry.words[1:])
        for option in words:
            if option in self._flags:
                self._kept.append((option,))
            elif option not in self._with_value:
                self._problems.error(
                    self._entry.location,
                    f"option {option!r} of the address is unknown: expected one of "
                    f"{', '.join(sorted(self._flags | self._with_value))}",
                    "keepalived ignores the option",
                )
            else:
                value = next(words, None)
                if value is None:
                    return self._skip(f"{option} needs a value")
                if not self._take(option, value):
                    return False
        if self._has("peer"):
            self._take_away_from_peer()
        return True

    def _take(self, option: str, value: str) -> bool:
        """Take an option with a value; False where keepalived skips the address because of it."""
        is_ipv4 = self._address.version == 4
        if option == "dev":
            if self.interface is not None:
                return self._skip("dev is given twice")
            self.interface = value
            return True
        if option in ("broadcast", "brd"):
            if not is_ipv4:
                return self._skip("an IPv6 address has no broadcast address")
            if value not in ("+", "-") and not isinstance(parse_address(value), IPv4Address):
                return self._skip(f"{value!r} is not a broadcast address: expected +, - or an IPv4 address")
            if value in ("+", "-") and self.prefix_length > _LONGEST_WITH_BROADCAST:
                self._ignore(f"an address with prefix length {self.prefix_length} has no broadcast address")
                return True
        elif option == "label":
            if len(value) > _MAX_LABEL:
                return self._skip(f"label {value!r} is longer than {_MAX_LABEL} characters")
            if not is_ipv4:
                self._ignore("an IPv6 address has no label")
                return True
        elif (option == "scope" and not self._is_scope(value)) or (option == "peer" and not self._is_peer(value)):
            return True
        elif option == "preferred_lft" and value != "forever" and (read_integer(value) or -1) < 0 and value != "0":
            self._ignore(f"preferred_lft {value!r} is not a number of seconds or forever")
            return True
        self._kept.append((option, value))
        return True

    def _is_scope(self, value: str) -> bool:
        """Whether keepalived takes that scope; what it ignores is reported."""
        number = int(value, 0) if _SCOPE_NUMBER.fullmatch(value) else None
        if self._address.version == 6:
            self._ignore("an IPv6 address has no scope of its own")
        elif value not in _SCOPES and (number is None or number > _HIGHEST_SCOPE):
            self._ignore(f"scope {value!r} is unknown: expected one of {', '.join(sorted(_SCOPES))}, or 0 to 255")
        else:
            return True
        return False

    def _is_peer(self, value: str) -> bool:
        """Whether keepalived takes that peer; what it ignores is reported."""
        peer = parse_address(value)
        if peer is None or peer.version != self._address.version:
            self._ignore(f"peer {value!r} is not an IPv{self._address.version} address without a prefix length")
        elif self._has("peer"):
            self._ignore("peer is given twice")
        else:
            return True
        return False

    def _take_away_from_peer(self) -> None:
        """An address with a peer has neither a prefix nor a broadcast address."""
        if self.prefix_length != self._address.max_prefixlen:
            self._ignore("an address with a peer has no prefix length")
            self.prefix_length = self._address.max_prefixlen
        if self._has("brd", "broadcast"):
            self._ignore("an address with a peer has no broadcast address")
            self._kept = [option for option in self._kept if option[0] not in ("brd", "broadcast")]

    def _has(self, *names: str) -> bool:
        return any(option[0] in names for option in self._kept)

    def _skip(self, message: str) -> bool:
        self._problems.error(self._entry.location, message, "keepalived skips the address")
        return False

    def _ignore(self, message: str) -> None:
        self._problems.error(self._entry.location, message, "keepalived ignores the option")


def read_peer(entry: Entry, problems: Problems) -> UnicastPeer | None:
    """A line of ``unicast_peer``; None where keepalived skips it."""
    word = entry.words[0].partition("-")[0].partition("/")[0]
    address = parse_address(word)
    if address is None:
        problems.error(entry.location, f"{entry.words[0]!r} is not an IP address", "keepalived skips the peer")
        return None
    limits = {"min_ttl": 0, "max_ttl": _MAX_TTL}
    words = list(entry.words[1:])
    while words:
        option, value = words.pop(0), words.pop(0) if words else None
        number = read_integer(value) if value is not None else None
        if option not in limits:
            problems.error(entry.location, f"option {option!r} is unknown: expected min_ttl or max_ttl")
            break
        if number is None or not 0 <= number <= _MAX_TTL:
            problems.error(entry.location, f"{option} needs a number from 0 to {_MAX_TTL}, got {value!r}")
        else:
            limits[option] = number
    if limits["min_ttl"] > limits["max_ttl"]:
        problems.warning(entry.location, "min_ttl is above max_ttl", "every advert of this peer is discarded")
    return UnicastPeer(address, limits["min_ttl"], limits["max_ttl"], entry.location)


@dataclass(frozen=True)
class TrackedKind:
    """What may be tracked in one kind of block.

    ``known`` are the names defined so far with their default weights (None: any name, as for interfaces). ``limit``
    bounds the weight; ``clamp`` says that one beyond 253, up to 254, becomes 253.
    """

    keyword: str
    known: dict[str, WeightValue] | None
    limit: int
    clamp: bool = False


def read_tracked(
    entries: Iterable[Entry], kind: TrackedKind, already: Collection[Tracked], problems: Problems
) -> tuple[Tracked, ...]:
    """The lines of a ``track_*`` block, without those that keepalived ignores."""
    names = {tracked.name for tracked in already}
    found: list[Tracked] = []
    for entry in entries:
        name = entry.words[0]
        if kind.known is not None and name not in kind.known:
            problems.error(
                entry.location,
                f"{kind.keyword} {name!r} is not defined before this line",
                "keepalived does not track it",
            )
        elif name in names:
            problems.error(entry.location, f"{kind.keyword} {name!r} is tracked twice")
        else:
            tracked = _tracked(entry, kind, problems)
            if tracked is not None:
                names.add(name)
                found.append(tracked)
    return tuple(found)


def _tracked(entry: Entry, kind: TrackedKind, problems: Problems) -> Tracked | None:
    """One line: ``NAME [weight N [reverse|noreverse]]``."""
    default = kind.known[entry.words[0]] if kind.known is not None else WeightValue(0)
    weight, reverse, is_own = default.weight, default.reverse, False
    words = entry.words[1:]
    if words and (words[0] != "weight" or len(words) == 1):
        expected = f"expected weight and a number from -{kind.limit} to {kind.limit}"
        problems.error(entry.location, f"{' '.join(words)!r} after {entry.words[0]} is not understood: {expected}")
        return None
    if words:
        number = read_integer(words[1])
        highest = kind.limit + 1 if kind.clamp else kind.limit
        if number is None or abs(number) > highest:
            problems.error(
                entry.location,
                f"weight {words[1]!r} is not a whole number from -{kind.limit} to {kind.limit}",
                f"keepalived takes {weight}",
            )
        elif abs(number) > kind.limit:
            weight, is_own = kind.limit if number > 0 else -kind.limit, True
            problems.warning(entry.location, f"weight {number} is beyond {kind.limit}", f"keepalived takes {weight}")
        else:
            weight, is_own = number, True
        if len(words) > 2:
            if words[2] in ("reverse", "noreverse"):
                reverse = words[2] == "reverse"
            else:
                problems.error(entry.location, f"option {words[2]!r} is unknown: expected reverse or noreverse")
    return Tracked(entry.words[0], weight, reverse, entry.location, is_own)
