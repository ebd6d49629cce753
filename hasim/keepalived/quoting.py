"""Words written so that keepalived's ways of reading a line (:mod:`hasim.keepalived.tokens`) agree on them."""

from __future__ import annotations

import re

from hasim.keepalived.arguments import ScriptCommand

__all__ = ["quote_script", "quote_word"]

_PLAIN = re.compile(r"[A-Za-z0-9_./:+,=%*^\\-]+")
_SAFE_IN_QUOTES = re.compile(r"[^\x00-\x1f\x7f'\"\\$]", re.DOTALL)


def quote_word(word: str) -> str:
    """A word of a statement: between double quotes unless it is plain.

    Raises:
        ValueError: a word that no ``keepalived.conf`` can hold (with a double quote or a line break in it).
    """
    if '"' in word or "\n" in word:
        raise ValueError(f"keepalived.conf cannot hold the word {word!r}")
    return word if _PLAIN.fullmatch(word) and not word.startswith("include") else f'"{word}"'


def quote_script(script: ScriptCommand) -> str:
    """A command with its arguments as one word, then user and group if they are given.

    The daemon reads the command twice, removing quotes and escapes each time. Characters that mean something to either
    reading are written as octal numbers, which end by themselves and hold no quote.
    """
    command = " ".join(_argument(argument) for argument in script.arguments)
    return " ".join(_outer(word) for word in (command, script.user, script.group) if word is not None)


def _outer(word: str) -> str:
    """A word for the first reading."""
    return '"' + "".join(_escaped(c) if c in '"\n' else c for c in word.replace("\\", "\\\\")) + '"'


def _argument(argument: str) -> str:
    """One argument for the second reading."""
    if argument and _PLAIN.fullmatch(argument) and "\\" not in argument:
        return argument
    return "'" + "".join(c if _SAFE_IN_QUOTES.fullmatch(c) else _escaped(c) for c in argument) + "'"


def _escaped(character: str) -> str:
    return f"\\{ord(character):03o}"
