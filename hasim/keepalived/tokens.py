"""The words of one line of ``keepalived.conf``.

keepalived reads a line three times, each time by other rules, and all three matter:

* *comments* (:func:`strip_comment`): ``#`` and ``!`` start one anywhere, even inside a word, except between double
  quotes or after a backslash;
* *statements* (:func:`split_words`): words are separated by blanks; ``"two words"`` are one; a double quote also ends
  the word before it; backslashes and single quotes mean nothing;
* *scripts* (:func:`split_script`): double and single quotes, and the escapes of a shell.

Braces (:func:`split_at_brace`) stand for themselves wherever they are not between double quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = [
    "BLANKS",
    "CLOSE",
    "OPEN",
    "QuoteError",
    "Stripped",
    "TokenError",
    "split_at_brace",
    "split_script",
    "split_words",
    "strip_comment",
]

BLANKS = " \t"
OPEN = "{"
CLOSE = "}"
_WHITE_SPACE = " \t\f\n\r\v"
_WORD = re.compile(f"[^{_WHITE_SPACE}]+")
_NOT_PLAIN = re.compile(r'[\\"#!]')
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_OCTAL_DIGITS = frozenset("01234567")
_ESCAPES = {"a": "\a", "b": "\b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class TokenError(ValueError):
    """An escape that is never finished; the message says which."""


class QuoteError(TokenError):
    """A quote that is never closed: ``quote`` is its character."""

    def __init__(self, quote: str) -> None:
        super().__init__(f"the quote {quote} is never closed")
        self.quote = quote


@dataclass(frozen=True, slots=True)
class Stripped:
    """A line without comment and surrounding blanks.

    ``indent`` is the number of leading blanks. A line that goes on in the next keeps a backslash as its last character,
    without blanks before it. ``unterminated``: a double quote is never closed. ``escaped``: a ``\\#`` or ``\\!`` lost
    its backslash.
    """

    text: str
    indent: int
    unterminated: bool = False
    escaped: bool = False


def strip_comment(line: str) -> Stripped:
    """The line without its comment, as keepalived cuts it."""
    text = line.lstrip(BLANKS)
    indent = len(line) - len(text)
    if _NOT_PLAIN.search(text) is None:
        return Stripped(text.rstrip(BLANKS), indent)
    quoted = escaped = continued = False
    kept: list[str] = []
    commented = False
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            if position + 1 == len(text):
                continued = True
                break
            following = text[position + 1]
            hidden = not quoted and following in "#!"
            escaped = escaped or (hidden and not commented)
            pair = following if hidden else character + following
            position += 2
            if not commented:
                kept.append(pair)
            continue
        if character == '"' and not commented:
            quoted = not quoted
        elif character in "#!" and not quoted:
            commented = True
        if not commented:
            kept.append(character)
        position += 1
    stripped = "".join(kept).rstrip(BLANKS) + ("\\" if continued else "")
    return Stripped(stripped, indent, quoted, escaped)


def split_words(text: str) -> tuple[tuple[str, ...], bool]:
    """The words of a statement, and whether a double quote was never closed (the words before it are returned)."""
    if '"' not in text:
        return tuple(_WORD.findall(text)), False
    words: list[str] = []
    position = 0
    while True:
        while position < len(text) and text[position] in _WHITE_SPACE:
            position += 1
        if position == len(text):
            return tuple(words), False
        if text[position] == '"':
            end = text.find('"', position + 1)
            if end < 0:
                return tuple(words), True
            words.append(text[position + 1 : end])
            position = end + 1
            continue
        end = position
        while end < len(text) and text[end] not in _WHITE_SPACE and text[end] != '"':
            end += 1
        words.append(text[position:end])
        position = end


def split_script(text: str) -> tuple[str, ...]:
    """The words of a script line: quotes of both kinds removed, escapes replaced.

    Raises:
        QuoteError: a quote that is never closed.
        TokenError: a backslash at the very end.
    """
    words: list[str] = []
    position = 0
    while True:
        while position < len(text) and text[position] in _WHITE_SPACE:
            position += 1
        if position == len(text):
            return tuple(words)
        word, position = _script_word(text, position)
        words.append(word)


def _script_word(text: str, position: int) -> tuple[str, int]:
    """One word of a script line that begins at ``position``, and where it ends."""
    word: list[str] = []
    quote = ""
    while position < len(text):
        character = text[position]
        if character == "\\":
            replaced, position = _escape(text, position + 1)
            word.append(replaced)
        elif quote:
            if character == quote:
                quote = ""
            else:
                word.append(character)
            position += 1
        elif character in "\"'":
            # The daemon does not miss the end of a quote that nothing follows.
            quote = character if position + 1 < len(text) else ""
            position += 1
        elif character in _WHITE_SPACE:
            break
        else:
            word.append(character)
            position += 1
    if quote:
        raise QuoteError(quote)
    return "".join(word), position


def _escape(text: str, position: int) -> tuple[str, int]:
    """The character that the escape at ``position`` (after its backslash) stands for, and where it ends.

    Numbers keep their lowest eight bits, as in the daemon's ``char``.
    """
    if position == len(text):
        raise TokenError(f"a backslash needs a character after it in: {text}")
    letter = text[position]
    following = text[position + 1] if position + 1 < len(text) else ""
    if letter == "x" and following in _HEX_DIGITS and following:
        end = position + 1
        while end < len(text) and text[end] in _HEX_DIGITS:
            end += 1
        return chr(int(text[position + 1 : end], 16) & 0xFF), end
    if letter == "c" and following:
        return chr(ord(following) & 0x1F), position + 2
    if letter in _OCTAL_DIGITS:
        end = position
        while end < len(text) and end < position + 3 and text[end] in _OCTAL_DIGITS:
            end += 1
        return chr(int(text[position:end], 8) & 0xFF), end
    return _ESCAPES.get(letter, letter), position + 1


def split_at_brace(text: str) -> tuple[str, str, int]:
    """A line cut at its first brace: what is to be read now, what is left for later, and where the latter begins.

    A brace is always read alone: ``a { b }`` gives ``a``, then ``{``, then ``b``, then ``}``.
    """
    if OPEN not in text and CLOSE not in text:
        return text, "", len(text)
    position = 0
    while position < len(text) and text[position] not in (OPEN, CLOSE):
        if text[position] == '"':
            end = text.find('"', position + 1)
            if end < 0:
                return text, "", len(text)
            position = end
        position += 1
    if position == len(text):
        return text, "", len(text)
    cut = position if position else 1
    while not position and cut < len(text) and text[cut] in BLANKS:
        cut += 1
    return text[:cut].rstrip(BLANKS), text[cut:].rstrip(BLANKS), cut
