"""How wide the columns of a table are in a terminal, so that nothing of it is cut off."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

__all__ = ["column_widths"]

_GAP = 2
"""So many characters are between two columns."""

_NAME_WIDTH = 30
"""So much of the first column stays whole as long as the others need not break words for it."""

_NARROW_NAME = 14
"""So much of it stays whole as long as the others would break words for it."""


def column_widths(
    headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int], window: int
) -> list[int]:
    """The width of each column, in characters, in a window of so many.

    Where that is too narrow the widest column gives way first: down to what reads well while that is enough.

    Args:
        headings: of the columns, at least one.
        rows: each a text for every column.
        numbers: the positions of the columns that hold numbers.
        window: how many characters a line has.
    """
    from rich.cells import cell_len

    room = window - _GAP * len(headings) + 1
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    tiers = list(_least_widths(headings, rows, numbers))
    least = next((tier for tier in tiers if sum(tier) <= room), tiers[-1])
    while sum(widths) > room and max(widths) > 1:
        yielding = [index for index, width in enumerate(widths) if width > least[index]] or range(len(widths))
        widths[max(yielding, key=widths.__getitem__)] -= 1
    return widths


def _least_widths(
    headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int]
) -> Iterator[list[int]]:
    """How narrow each column may be, what reads best first: nothing broken; numbers broken at their units; names broken
    instead; numbers and headings broken."""
    from rich.cells import cell_len

    texts = list(zip(*rows, strict=True)) or [()] * len(headings)
    words = [max((cell_len(word) for text in column for word in text.split()), default=0) for column in texts]
    longest = [max(map(cell_len, column), default=0) for column in texts]
    whole = [longest[index] if index in numbers else word for index, word in enumerate(words)]
    parts = [max(map(cell_len, heading.split()), default=0) for heading in headings]
    name = max(words[0], min(longest[0], _NAME_WIDTH))
    for first, least in ((name, whole), (name, words), (min(longest[0], _NARROW_NAME), whole)):
        yield [first, *map(max, least[1:], parts[1:])]
    yield [name, *words[1:]]
