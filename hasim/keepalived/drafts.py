"""A block's statements sorted into values by field, as a draft of the object that they will become."""

from __future__ import annotations

from typing import TypeVar

from hasim.keepalived.problems import Location, Problems
from hasim.keepalived.syntax import Statement

__all__ = ["Draft"]

T = TypeVar("T")


class Draft:
    """Values by field name, and where each was written; a later statement replaces an earlier one."""

    def __init__(self, block: Statement, problems: Problems) -> None:
        self.block = block
        self.problems = problems
        self.location = block.location
        self.values: dict[str, object] = {}
        self.places: dict[str, Location] = {}
        self.other: list[Statement] = []

    def put(self, statement: Statement) -> None:
        """Take the value of a statement; without a field of its own it is kept as it is."""
        if not statement.keyword.field:
            self.other.append(statement)
        elif statement.value is not None:
            self.values[statement.keyword.field] = statement.value
            self.places[statement.keyword.field] = statement.location

    def put_first(self, statement: Statement) -> None:
        """Take the value unless there is one already, which keepalived then keeps."""
        if statement.keyword.field in self.values:
            self.problems.error(
                statement.location,
                f"{statement.keyword.name} is already given in line {self.where(statement.keyword.field).line}",
            )
        else:
            self.put(statement)

    def drop(self, name: str) -> None:
        """Forget a value: what follows is as if it had not been written. Its place stays known."""
        self.values.pop(name, None)

    def has(self, name: str) -> bool:
        """Whether the value was written (and not refused)."""
        return name in self.values

    def get(self, name: str, kind: type[T], default: T) -> T:
        """The value, or ``default`` where none was written."""
        value = self.values.get(name)
        return value if isinstance(value, kind) else default

    def find(self, name: str, kind: type[T]) -> T | None:
        """The value, or None where none was written."""
        value = self.values.get(name)
        return value if isinstance(value, kind) else None

    def words(self, name: str) -> tuple[str, ...]:
        """The words after a keyword that keeps them all."""
        return tuple(str(word) for word in self.get(name, tuple, ()))

    def where(self, name: str) -> Location:
        """Where a value was written; the block where it was not."""
        return self.places.get(name, self.location)
