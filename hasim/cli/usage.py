"""Slips in the options of a command, told in hasim's own words."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["Commands"]


class Commands(TyperGroup):
    """The commands of the program.

    Some releases of typer convert options with pydantic and pass on its message, which leaves out what was given.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for; ``ctx`` is a context of click, of which typer may have its own copy.

        Raises:
            typer.BadParameter: an option cannot be; the message says what was expected and what was given.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if message := _reworded(error.__cause__):
                error.message = message
            raise


def _reworded(cause: BaseException | None) -> str:
    """What pydantic found amiss, in the terms of a user; empty where it found nothing."""
    from pydantic import ValidationError

    if not isinstance(cause, ValidationError):
        return ""
    details = cause.errors(include_url=False)[0]
    context: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "value_error":
            return str(context["error"])
        case "int_parsing" | "int_from_float" | "int_parsing_size":
            expected = "a whole number"
        case "greater_than_equal":
            expected = f"a number from {context['ge']}"
        case "less_than_equal":
            expected = f"a number up to {context['le']}"
        case _:
            return f"{details['msg']}, got {details['input']!r:.80}"
    return f"expected {expected}, got {str(details['input'])!r:.80}"
