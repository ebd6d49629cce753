"""The lines of ``virtual_routes`` and ``virtual_rules``: they change no election, but keepalived refuses wrong ones.

Their words are those of ``ip route`` and ``ip rule``. What depends on the machine (tables and interfaces by name) is
not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping

from hasim.keepalived.arguments import parse_address, read_integer
from hasim.keepalived.problems import Problems
from hasim.keepalived.syntax import Entry, Statement

__all__ = ["check_routes"]

_ROUTE_WORDS: Mapping[str, int] = {
    **dict.fromkeys(("inet", "inet6", "onlink", "no_track", "add", "append", "prepend"), 0),
    **dict.fromkeys(("src", "via", "gw", "from", "tos", "dsfield", "table", "protocol", "scope", "metric"), 1),
    **dict.fromkeys(("priority", "preference", "dev", "oif", "expires", "mtu", "hoplimit", "advmss", "rtt"), 1),
    **dict.fromkeys(("rttvar", "reordering", "window", "cwnd", "ssthresh", "realms", "rto_min", "initcwnd"), 1),
    **dict.fromkeys(("initrwnd", "features", "quickack", "congctl", "pref", "ttl-propagate", "or", "vrf"), 1),
    **dict.fromkeys(("fastopen_no_cookie", "track_group"), 1),
}
_ROUTE_TYPES = frozenset(
    {"unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat"}
)
_RULE_WORDS: Mapping[str, int] = {
    **dict.fromkeys(("inet", "inet6", "not", "l3mdev", "no_track", "nop", "type"), 0),
    **dict.fromkeys(("from", "to", "table", "lookup", "preference", "order", "priority", "tos", "dsfield"), 1),
    **dict.fromkeys(("fwmark", "realms", "suppress_prefixlength", "sup_pl", "suppress_ifgroup", "sup_group"), 1),
    **dict.fromkeys(("dev", "iif", "oif", "tunnel-id", "uidrange", "protocol", "ipproto", "sport", "dport"), 1),
    **dict.fromkeys(("goto", "to", "track_group"), 1),
}
_RULE_ACTIONS = frozenset({"table", "lookup", "l3mdev", "nop", "goto", "blackhole", "prohibit", "unreachable"})
_PREFERENCES = ("preference", "order", "priority")
_ANYWHERE = frozenset({"default", "any", "all", "default6"})
_DEPRECATED = {"gw": "via", "or": "nexthop"}


def check_routes(statement: Statement, problems: Problems) -> None:
    """Report what keepalived says about each line of a routes or rules block."""
    check = _check_rule if statement.keyword.name.endswith("_rules") else _check_route
    for entry in statement.entries:
        check(entry, problems)


def _options(entry: Entry, known: Mapping[str, int], problems: Problems) -> dict[str, str] | None:
    """The words of a line by option, the nameless one under the empty name; None where keepalived exits."""
    found: dict[str, str] = {}
    words = list(entry.words)
    while words:
        word = words.pop(0)
        if word in ("to", "as") and word not in known:
            continue
        if word == "nexthop" or word == "encap":
            return found | {word: " ".join(words)}
        count = known.get(word)
        if count is None:
            if "" in found or word in _ROUTE_TYPES:
                found[word] = ""
            else:
                found[""] = word
        elif count and not words:
            problems.fatal(entry.location, f"{word} needs a value", "keepalived exits at this line")
            return None
        else:
            found[word] = words.pop(0) if count else ""
            if found[word] in ("lock", "inet", "inet6") and words:
                found[word] = words.pop(0)
    return found


def _check_route(entry: Entry, problems: Problems) -> None:
    options = _options(entry, _ROUTE_WORDS, problems)
    if options is None:
        return
    for old, new in _DEPRECATED.items():
        if old in options:
            problems.warning(entry.location, f"{old} in a route is deprecated: use {new}", "keepalived still takes it")
    destination = options.get("")
    understood = {"", "nexthop", "encap", *_ROUTE_WORDS, *_ROUTE_TYPES}
    unknown = next((word for word in options if word not in understood), None)
    if unknown is not None:
        problems.error(entry.location, f"{unknown!r} is not understood in a route", "keepalived skips the route")
        return
    if destination is None:
        problems.error(entry.location, "a route needs a destination", "keepalived skips the route")
        return
    wrong = next((options[word] for word in ("src", "via", "gw") if not _is_address(options.get(word))), None)
    if not _is_prefix(destination) or wrong is not None:
        problems.error(
            entry.location, f"{wrong or destination!r} is not an address of a route", "keepalived skips the route"
        )
    elif not {"dev", "oif", "nexthop", "no_track"} & options.keys():
        problems.warning(entry.location, "a route without dev cannot be tracked", "keepalived does not track it")


def _check_rule(entry: Entry, problems: Problems) -> None:
    options = _options(entry, _RULE_WORDS, problems)
    if options is None:
        return
    stray = options.get("") or next((word for word in options if word not in {*_RULE_WORDS, *_ROUTE_TYPES}), None)
    if stray is not None:
        problems.error(entry.location, f"{stray!r} is not understood in a rule", "keepalived skips the rule")
        return
    wrong = next((options[word] for word in ("from", "to") if not _is_prefix(options.get(word, "any"))), None)
    if wrong is not None:
        problems.error(entry.location, f"{wrong!r} is not an address of a rule", "keepalived skips the rule")
    elif not _RULE_ACTIONS & options.keys():
        problems.error(entry.location, "a rule needs an action such as table", "keepalived ignores the rule")
    elif not set(_PREFERENCES) & options.keys():
        problems.warning(entry.location, "a rule without preference is doubtful", "keepalived assigns one")


def _is_address(word: str | None) -> bool:
    """Whether a word that must be an address, where it is there, is one."""
    return word is None or parse_address(word) is not None


def _is_prefix(word: str) -> bool:
    """Whether a word is an address with or without a prefix length, or one of the words for everywhere."""
    if word in _ANYWHERE:
        return True
    address, _, length = word.partition("/")
    parsed = parse_address(address)
    if parsed is None or "/" not in word:
        return parsed is not None
    number = read_integer(length)
    return number is not None and 0 <= number <= parsed.max_prefixlen
