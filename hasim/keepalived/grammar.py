"""The shape of a keyword: what follows it, whether it opens a block, and what hasim makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from hasim.keepalived.arguments import Anything, Arguments, Nothing

__all__ = ["Block", "Keyword", "accepted", "index", "section", "setting", "values"]


class Block(Enum):
    """What a keyword's braces hold: nothing (it has none), further keywords, or lines of values."""

    NONE = auto()
    KEYWORDS = auto()
    VALUES = auto()


@dataclass(frozen=True, slots=True)
class Keyword:
    """One keyword in one place.

    ``field`` names the attribute of :mod:`hasim.keepalived.config` that holds its value (empty: the statement is kept
    as it is); ``simulated`` says that it changes a run of the simulator. ``deprecated`` is the keyword to use instead,
    and keepalived's ``--config-test`` fails on it unless ``deprecated_quietly``. One of ``needs`` must stand in a block
    of keywords, which keepalived passes over otherwise; ``needs_entries`` is what it does with an empty block of values
    (empty: it accepts that).
    """

    name: str
    arguments: Arguments
    block: Block = Block.NONE
    keywords: Mapping[str, Keyword] = field(default_factory=dict)
    field: str = ""
    simulated: bool = False
    deprecated: str = ""
    deprecated_quietly: bool = False
    needs: tuple[str, ...] = ()
    needs_entries: str = ""


def index(keywords: Iterable[Keyword]) -> dict[str, Keyword]:
    """Keywords by name."""
    return {keyword.name: keyword for keyword in keywords}


def setting(
    name: str, arguments: Arguments | None = None, *, field: str = "", simulated: bool = False, deprecated: str = ""
) -> Keyword:
    """A keyword that hasim's configuration holds (in the attribute of the same name unless ``field`` says another)."""
    return Keyword(name, arguments or Nothing(), field=field or name, simulated=simulated, deprecated=deprecated)


def accepted(name: str, arguments: Arguments | None = None, deprecated: str = "", quietly: bool = False) -> Keyword:
    """A keyword that is checked and kept, but means nothing to hasim."""
    return Keyword(name, arguments or Nothing(), deprecated=deprecated, deprecated_quietly=quietly)


def section(
    name: str,
    keywords: Iterable[Keyword],
    arguments: Arguments | None = None,
    *,
    field: str = "",
    simulated: bool = False,
    needs: tuple[str, ...] = (),
) -> Keyword:
    """A keyword whose braces hold further keywords."""
    return Keyword(name, arguments or Anything(), Block.KEYWORDS, index(keywords), field, simulated, needs=needs)


def values(
    name: str,
    *,
    field: str = "",
    simulated: bool = False,
    arguments: Arguments | None = None,
    needs_entries: str = "",
) -> Keyword:
    """A keyword whose braces hold lines of values."""
    arguments = arguments or Nothing(told=True)
    return Keyword(name, arguments, Block.VALUES, {}, field, simulated, needs_entries=needs_entries)
