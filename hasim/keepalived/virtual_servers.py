"""``virtual_server`` blocks: statements that keepalived refuses because of those around them.

They mean nothing to an election. What it only defaults or reduces (a protocol, a quorum) is not looked at.
"""

from __future__ import annotations

from hasim.keepalived.arguments import parse_address
from hasim.keepalived.problems import Problems
from hasim.keepalived.syntax import Statement

__all__ = ["check_virtual_server"]

_SCHEDULER = ("lb_algo", "lvs_sched")
_FORWARDING = ("lb_kind", "lvs_method")
_HASHING = ("sh", "mh")
_OF_HASHING = frozenset({"hashed", "sh-port", "sh-fallback", "mh-port", "mh-fallback"})
_FAMILIES = {"inet": 4, "inet6": 6}


def check_virtual_server(statement: Statement, problems: Problems) -> None:
    """Report flags without their scheduler or sorry server, servers of the other family, and a lack of real servers."""
    scheduler, has_sorry_server, tunnels = "", False, False
    for inner in statement.statements:
        name = inner.keyword.name
        if name in _SCHEDULER and isinstance(inner.value, str):
            scheduler = inner.value
        elif name in _FORWARDING:
            tunnels = inner.name == "TUN"
        elif name == "sorry_server":
            has_sorry_server = inner.value is not None
        elif name in _OF_HASHING and scheduler not in _HASHING:
            problems.error(inner.location, f"{name} needs lvs_sched {' or '.join(_HASHING)} before it")
        elif name.startswith("sorry_server_") and not has_sorry_server:
            problems.error(inner.location, f"{name} needs a sorry_server before it")
    servers = [inner for inner in statement.statements if inner.keyword.name == "real_server"]
    if not servers:
        problems.error(statement.location, f"virtual_server {statement.name} has no real_server")
    if not tunnels:
        _check_families(statement, servers, problems)


def _check_families(statement: Statement, servers: list[Statement], problems: Problems) -> None:
    """Report servers that are not of the family of the addresses in front of them; only tunnels go from one to the
    other."""
    family = _family(statement)
    for inner in statement.statements:
        if inner.keyword.name == "ip_family" and isinstance(inner.value, str):
            family = _FAMILIES[inner.value]
    if statement.name == "fwmark" and family is None and servers:
        family = _family(servers[0])
    sorry_servers = [inner for inner in statement.statements if inner.keyword.name == "sorry_server"]
    for server in (*servers, *sorry_servers):
        other = _family(server)
        tunnels = any(i.keyword.name == "lvs_method" and i.name == "TUN" for i in server.statements)
        if family is not None and other is not None and family != other and not tunnels:
            where = server.end if server in servers else statement.end
            problems.error(where, f"{server.name} is not an IPv{family} address", f"keepalived skips {server.words[0]}")


def _family(server: Statement) -> int | None:
    """4 or 6 where it is written; None for a mark, a group, or what was refused."""
    address = parse_address(server.name) if server.value is not None else None
    return address.version if address is not None else None
