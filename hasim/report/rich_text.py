"""Texts for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.containers import Lines
from rich.text import Text

from hasim.report.values import held, let_go

__all__ = ["HeldText"]


class HeldText(Text):
    """A text whose values are not broken where it is wrapped, as long as a line has room for them."""

    def wrap(self, console: Console, width: int, **options: Any) -> Lines:
        """The lines, of so many characters at the most."""
        text = self.copy()
        text.plain = held(self.plain, width)
        lines = text.wrap(console, width, **options)
        for line in lines:
            line.plain = let_go(line.plain)
        return lines
