"""The lines of a ``virtual_server_group``: addresses, ranges of them, networks and firewall marks.

They mean nothing to an election, but keepalived refuses wrong ones.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from hasim.keepalived.arguments import parse_address, read_integer
from hasim.keepalived.problems import Problems
from hasim.keepalived.syntax import Entry, Statement

__all__ = ["check_server_group"]

_MAX_MARK = 2**32 - 1
_MAX_PORT = 65535
_ALL = {"IPv4", "IPv6", "fwmark"}
_NO_MARK = "fwmark needs a number"
_MAX_LAST_OCTET, _MAX_LAST_GROUP = 0xFF, 0xFFFF


def check_server_group(statement: Statement, problems: Problems) -> None:
    """Report what keepalived says about the name and each line of a group, and about a group without a valid line."""
    if len(statement.words) > 2:
        problems.fatal(
            statement.location, "virtual_server_group takes exactly one name", "keepalived exits at this line"
        )
        return
    wrong = [_problem(entry) for entry in statement.entries]
    for entry, problem in zip(statement.entries, wrong, strict=True):
        if problem == _NO_MARK:
            problems.fatal(entry.location, problem, "keepalived exits at this line")
        elif problem:
            problems.error(entry.location, problem, "keepalived skips the line")
    if all(wrong):
        problems.error(statement.end, f"virtual_server_group {statement.name} has no entries", "keepalived removes it")
    elif _families([entry for entry, problem in zip(statement.entries, wrong, strict=True) if not problem]) == _ALL:
        problems.error(
            statement.end,
            f"virtual_server_group {statement.name} has IPv4, IPv6, and a fwmark without family",
            "keepalived removes it",
        )


def _families(entries: list[Entry]) -> set[str]:
    """What the lines of a group are of; a fwmark with a family is of that family and goes with any."""
    marks = {"fwmark" for entry in entries if entry.words[0] == "fwmark" and len(entry.words) == 2}
    return marks | {"IPv6" if ":" in entry.words[0] else "IPv4" for entry in entries if entry.words[0] != "fwmark"}


def _problem(entry: Entry) -> str:
    """What is wrong with a line; empty where nothing is."""
    words = entry.words
    if words[0] == "fwmark":
        return _mark_problem(words[1:])
    whole, _, length = words[0].partition("/")
    place, _, last = whole.partition("-")
    address = parse_address(place)
    if address is None:
        return f"{words[0]!r} is not an IP address, a network, a range of addresses, or fwmark"
    if "/" in words[0]:
        problem = _network_problem(address, length)
    else:
        problem = _range_problem(address, last) if "-" in whole else ""
    if problem:
        return problem
    port = read_integer(words[1]) if len(words) > 1 else 0
    if port is None or not 0 <= port <= _MAX_PORT:
        return f"{words[1]!r} is not a port from 1 to {_MAX_PORT}"
    return ""


def _mark_problem(words: tuple[str, ...]) -> str:
    """What is wrong after ``fwmark``: it takes a number, and perhaps the family of the addresses."""
    if not words:
        return _NO_MARK
    mark = read_integer(words[0])
    if mark is None or not 0 <= mark <= _MAX_MARK:
        return f"fwmark is a number from 0 to {_MAX_MARK}, not {words[0]!r}"
    if len(words) > 1 and words[1] not in ("inet", "inet6"):
        return f"the family of a fwmark is inet or inet6, not {words[1]!r}"
    return ""


def _network_problem(address: IPv4Address | IPv6Address, length: str) -> str:
    """What is wrong with a network: its prefix length, or bits of the address beyond that."""
    bits = read_integer(length)
    if bits is None or not 1 <= bits <= address.max_prefixlen:
        return f"{length!r} is not a prefix length from 1 to {address.max_prefixlen}"
    if int(address) % (1 << (address.max_prefixlen - bits)):
        return f"{address}/{length} is not a network: bits beyond its prefix are set"
    return ""


def _range_problem(first: IPv4Address | IPv6Address, last: str) -> str:
    """What is wrong with the end of a range: an address, or its last octet, or its last (hexadecimal) group."""
    is_ipv4 = isinstance(first, IPv4Address)
    limit = _MAX_LAST_OCTET if is_ipv4 else _MAX_LAST_GROUP
    last_address = parse_address(last.partition("-")[0])
    if last_address is not None and last_address.version == first.version:
        return "" if int(last_address) > int(first) else f"the range from {first} to {last_address} is empty"
    try:
        end = int(last or "0", 10 if is_ipv4 else 16)
    except ValueError:
        return f"{last!r} is neither an address nor the number at the end of one"
    if end > limit:
        return f"{last!r} is too large for the end of an address"
    if end <= int(first) & limit:
        return f"the range from {first} to {last!r} is empty"
    return ""
