"""Deterministic identifiers: the n-th of each kind is always the same, and looks like the real cloud's.

The n-th value is ``n * step`` modulo a power of the alphabet's size, with a step that has no factor in common with it:
a bijection, so that identifiers are unique without being remembered and do not look alike.
"""

from __future__ import annotations

from zlib import crc32

__all__ = ["mac_address", "public_address", "request_id", "short_id"]

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SHORT_LENGTH = 8
_SHORT_SPACE = len(_ALPHABET) ** _SHORT_LENGTH
_SHORT_STEP = 1_592_823_761_729
_REQUEST_STEP = 0x9E3779B97F4A7C15F39CC0605CEDC835
_MAC_PREFIX = "20:90:6F"
_MAC_STEP = 0x9E3779
_MAC_SPACE = 1 << 24
_PUBLIC_FIRST = (198 << 24) + (18 << 16)
_PUBLIC_SPACE = 1 << 17


def short_id(prefix: str, count: int) -> str:
    """The ``count``-th identifier of a kind: ``eni-`` and eight characters of [a-z0-9]."""
    rest = (count + crc32(prefix.encode())) * _SHORT_STEP % _SHORT_SPACE
    letters = []
    for _ in range(_SHORT_LENGTH):
        rest, letter = divmod(rest, 36)
        letters.append(_ALPHABET[letter])
    return f"{prefix}-{''.join(letters)}"


def request_id(count: int) -> str:
    """The RequestId of the ``count``-th request, in the form of a UUID."""
    text = f"{count * _REQUEST_STEP % (1 << 128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def mac_address(count: int) -> str:
    """The MAC address of the ``count``-th ENI, in the range that the API's examples show."""
    value = count * _MAC_STEP % _MAC_SPACE
    return f"{_MAC_PREFIX}:{value >> 16:02X}:{value >> 8 & 255:02X}:{value & 255:02X}"


def public_address(count: int) -> str:
    """The ``count``-th public address, from 198.18.0.0/15: the range set aside for tests (RFC 2544)."""
    value = _PUBLIC_FIRST + count % _PUBLIC_SPACE
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
