"""How wide the columns of a table are in a terminal, so that nothing of it is cut off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from hasim.report.values import held

__all__ = ["column_widths"]

_GAP = 2
"""So many characters are between two columns."""

_NAME_WIDTH = 30
"""So much of the first column stays whole as long as the others need not break values for it."""

_NARROW_NAME = 14
"""So much of the words of the first column stays whole as long as the others need not break words for it."""


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
    """How narrow each column may be, what reads best first: names whole and nothing broken within values; names broken
    at blanks; values between their parts; words of names instead; numbers from their units; headings."""
    from rich.cells import cell_len

    texts = list(zip(*rows, strict=True)) or [()] * len(headings)

    def longest(pieces: Callable[[str], Iterable[str]]) -> list[int]:
        return [max((cell_len(piece) for text in column for piece in pieces(text)), default=0) for column in texts]

    whole, words = longest(lambda text: [text]), longest(str.split)
    values, parts = longest(lambda text: held(text).split()), longest(lambda text: held(text, whole=False).split())
    values = [whole[index] if index in numbers else value for index, value in enumerate(values)]
    heading = [max(map(cell_len, text.split()), default=0) for text in headings]
    name = max(words[0], min(whole[0], _NAME_WIDTH))
    for first, least in (
        (name, values),
        (words[0], values),
        (words[0], parts),
        (min(words[0], _NARROW_NAME), parts),
        (name, words),
        (words[0], words),
    ):
        yield [first, *map(max, least[1:], heading[1:])]
    yield [name, *words[1:]]
