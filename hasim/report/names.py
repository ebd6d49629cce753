"""Names that are too long for their place."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["distinct", "shorten"]


def shorten(text: str, length: int = 24) -> str:
    """A name that fits: the middle goes, because names differ at their ends."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[-(length - 1 - head) :]}"


def distinct(names: Sequence[str], length: int = 24) -> dict[str, str]:
    """A label for each name: the name itself, or of long ones the part in which they differ."""
    if len(names) < 2 or all(len(name) <= length for name in names):
        return {name: shorten(name, length) for name in names}
    before = _common_length(names)
    after = _common_length([name[before:][::-1] for name in names])
    context = max((length - max(len(name) - before - after for name in names)) // 2 - 1, 0)
    labels = {}
    for name in names:
        start, end = max(before - context, 0), min(len(name) - after + context, len(name))
        labels[name] = shorten(f"{'…' if start else ''}{name[start:end]}{'…' if end < len(name) else ''}", length)
    return labels


def _common_length(texts: Sequence[str]) -> int:
    """How many characters all texts begin with in common."""
    columns = zip(*texts, strict=False)
    return next((index for index, column in enumerate(columns) if len(set(column)) > 1), min(map(len, texts)))
