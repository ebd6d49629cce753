"""``garp_group`` blocks: interfaces that share an interval between two gratuitous ARPs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hasim.keepalived.config import GarpGroup
from hasim.keepalived.drafts import Draft
from hasim.keepalived.problems import Location, Problems
from hasim.keepalived.syntax import Statement

__all__ = ["complete_garp_group"]


def complete_garp_group(block: Statement, earlier: Iterable[GarpGroup], problems: Problems) -> GarpGroup | None:
    """A ``garp_group``; None without any interval, when keepalived removes it. An interface is in the first that names
    it."""
    draft = Draft(block, problems)
    taken = {interface for group in earlier for interface in group.interfaces}
    interfaces: list[str] = []
    for statement in block.statements:
        if statement.keyword.name not in ("interface", "interfaces"):
            draft.put(statement)
            continue
        draft.places.setdefault("interfaces", statement.location)
        for name, location in _names(statement):
            if name in taken:
                problems.error(location, f"interface {name} is in a garp_group already")
            else:
                taken.add(name)
                interfaces.append(name)
    if not (draft.has("garp_interval") or draft.has("gna_interval")):
        problems.error(block.end, "garp_group needs a garp_interval or a gna_interval", "keepalived removes it")
        return None
    return GarpGroup(
        location=block.location,
        places=dict(draft.places),
        interfaces=tuple(interfaces),
        garp_interval_ns=draft.get("garp_interval", int, 0),
        gna_interval_ns=draft.get("gna_interval", int, 0),
    )


def _names(statement: Statement) -> Iterator[tuple[str, Location]]:
    """The interfaces that a statement names, and the line that keepalived complains about."""
    if isinstance(statement.value, str):
        yield statement.value, statement.location
    for entry in statement.entries:
        for word in entry.words:
            yield word, statement.end
