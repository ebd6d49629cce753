"""What to do about a complaint of keepalived's, by what it says."""

from __future__ import annotations

import re

from hasim.keepalived.problems import Problem

__all__ = ["repair_of"]

_REPAIRS: tuple[tuple[str, str], ...] = (
    (r"did you mean (\S+)\?", r"Write \1, if that is what is meant"),
    (r"it belongs outside (.+)", r"Move it out of \1"),
    (r"deprecated: use (.+)", r"Write \1 instead"),
    (r"byte order mark", r"Save the file without one, or cut it off: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE"),
    (r"quote is never closed", "Close the quote"),
    (r"\bexpected\b", "Write what is expected"),
    (r"\} closes nothing", "Remove it"),
    (r"\{ opens nothing", "Remove it with the } that belongs to it, or put a keyword before it"),
    (r"unknown keyword '}'", "Remove it, or correct the block that it closes"),
    (r"unknown keyword", "Remove it, or put it into the block that it belongs to"),
    (r"cannot be read: |is not a file that can be read", "Name a file that can be read, or remove the line"),
    (r"is executable", "Take the permission to execute it away (chmod a-x)"),
    (r"include stands after something else", "Put the include on a line of its own"),
    (r"no configuration id is given", "Read the file with an id (keepalived -i, --config-id)"),
    (r"have the same virtual_router_id", "Give each a virtual_router_id of its own"),
    (r"\b(twice|already)\b", "Keep one of the two"),
    (r"has no effect|is its own interface", "Remove it"),
    (r"only one member", "Add a member, or remove the group"),
    (r"virtual_ipaddress", "Add the address to virtual_ipaddress"),
    (r"strict mode", "Remove it, or the strict mode"),
    (r"do not fit into an advert", "Move the others into virtual_ipaddress_excluded"),
    (r"should be link-local", "Put a link-local address first"),
    (r"which does not work (.+)", r"Remove the weight, which nothing can have \1"),
    (r"can have no weight", "Remove the weight"),
    (r"version 3 has no authentication", "Remove the authentication, or use version 2"),
    (r"without any unicast_peer|without any peer", "Add a unicast_peer, or remove the keyword"),
    (r"(\S+) (?:does not go|does not work) with (.+)", r"Remove \1, or \2"),
    (r"different families|like the others", "Use addresses of one family"),
    (r"is longer than|is too long", "Shorten it"),
    (r"not defined before this line", "Define it before this line, or correct the name"),
    (r"does not exist", "Correct the name, or define it"),
    (r"is not (a |an )?(one|number|whole number|prefix length|from)\b", "Write one that is"),
    (r"is beyond|is too small", "Write a number within the bounds"),
    (r"contradicts|cannot stand after", "Remove one of the two"),
    (r"IPv6 address has no broadcast", "Remove the broadcast address"),
    (r"^the range from", "Write the lower end first"),
    (r"\b(needs?|requires?|without|has no|have no|names no|is empty)\b", "Add what is missing, or remove it"),
)
"""Patterns of messages, of which the first one that is found counts, and the repair."""


def repair_of(problem: Problem) -> str:
    """The repair of something that keepalived refuses, changes or doubts."""
    for pattern, repair in _REPAIRS:
        if (match := re.search(pattern, problem.message)) is not None:
            return match.expand(repair)
    return "Correct it, or remove it" if problem.severity.refuses else "Change it, if that is not what is meant"
