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
    too_long = [name for name in dict.fromkeys(names) if len(name) > length]
    labels = _told_apart(too_long, length)
    return {name: labels.get(name, name) for name in names}


def _told_apart(names: Sequence[str], length: int) -> dict[str, str]:
    """Labels of long names, all different; those that look alike show where they differ among themselves."""
    if len(names) < 2:
        return {name: shorten(name, length) for name in names}
    before = _common_length(names)
    after = _common_length([name[before:][::-1] for name in names])
    context = max((length - max(len(name) - before - after for name in names)) // 2 - 1, 0)
    labels = {}
    for name in names:
        start, end = max(before - context, 0), min(len(name) - after + context, len(name))
        labels[name] = shorten(_part(name, start, end), length)
    if len(set(labels.values())) == 1:
        start = max(before - length // 3, 0)
        labels = {name: _part(name, start, start + length - 2) for name in names}
    for label in dict.fromkeys(labels.values()):
        alike = [name for name in names if labels[name] == label]
        if len(alike) > 1:
            head = label[: length // 3]
            family = [name for name in names if labels[name].startswith(head)]  # names of one kind are cut at one place
            labels |= _told_apart(family if len(family) < len(names) else alike, length)
    return labels


def _part(name: str, start: int, end: int) -> str:
    """That part of the name, and whether something stands before and after it."""
    return f"{'…' if start else ''}{name[start:end]}{'…' if end < len(name) else ''}"


def _common_length(texts: Sequence[str]) -> int:
    """How many characters all texts begin with in common."""
    columns = zip(*texts, strict=False)
    return next((index for index, column in enumerate(columns) if len(set(column)) > 1), min(map(len, texts)))
