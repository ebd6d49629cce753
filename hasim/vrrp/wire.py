"""The VRRP advertisement on the wire: RFC 3768 (version 2), RFC 5798 / RFC 9568 (version 3), IPv4 and IPv6.

``encode`` and ``decode`` handle the VRRP message alone; the IP header belongs to whoever writes a capture. The
checksum of version 3 covers a pseudo-header of source, destination, length and protocol, also for IPv4, as keepalived
computes it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from hasim.vrrp.timers import CENTISECOND, SECOND

__all__ = [
    "AUTHENTICATION_LENGTH",
    "IP_PROTOCOL",
    "MULTICAST_V4",
    "MULTICAST_V6",
    "Advertisement",
    "WireError",
    "decode",
    "encode",
]

IP_PROTOCOL = 112
MULTICAST_V4 = IPv4Address("224.0.0.18")
MULTICAST_V6 = IPv6Address("ff02::12")
AUTHENTICATION_LENGTH = 8

_ADVERTISEMENT = 1
_SIMPLE_TEXT = 1
_HEADER = struct.Struct("!BBBBHH")
_CHECKSUM_OFFSET = 6

Address = IPv4Address | IPv6Address


class WireError(ValueError):
    """The bytes are not a VRRP advertisement that this router would accept; the message says why."""


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What one advert says.

    ``advert_int_ns`` is a whole number of seconds (version 2) or centiseconds (version 3). ``password`` is version 2's
    simple text authentication (at most 8 bytes; None: no authentication).
    """

    version: int
    virtual_router_id: int
    priority: int
    advert_int_ns: int
    addresses: tuple[Address, ...]
    password: bytes | None = None


def encode(advert: Advertisement, source: Address, destination: Address) -> bytes:
    """The VRRP message of ``advert`` as sent from ``source`` to ``destination``.

    Raises:
        WireError: a value does not fit its field, or the address families differ.
    """
    _check(advert, source, destination)
    first = advert.version << 4 | _ADVERTISEMENT
    if advert.version == 2:
        authentication = 0 if advert.password is None else _SIMPLE_TEXT
        middle = authentication << 8 | advert.advert_int_ns // SECOND
    else:
        middle = advert.advert_int_ns // CENTISECOND
    header = _HEADER.pack(first, advert.virtual_router_id, advert.priority, len(advert.addresses), middle, 0)
    body = b"".join(address.packed for address in advert.addresses)
    if advert.version == 2:
        body += (advert.password or b"").ljust(AUTHENTICATION_LENGTH, b"\0")
    message = header + body
    checksum = _checksum(_pseudo_header(advert.version, source, destination, len(message)) + message)
    return message[:_CHECKSUM_OFFSET] + struct.pack("!H", checksum) + message[_CHECKSUM_OFFSET + 2 :]


def decode(message: bytes, source: Address, destination: Address) -> Advertisement:
    """The advert in ``message`` as received from ``source`` at ``destination``; its checksum is verified.

    Raises:
        WireError: too short, another version or type, a wrong length or checksum.
    """
    if len(message) < _HEADER.size:
        raise WireError(f"an advertisement has at least {_HEADER.size} bytes, got {len(message)}")
    first, router_id, priority, count, middle, _ = _HEADER.unpack_from(message)
    version, kind = first >> 4, first & 0x0F
    if version not in (2, 3) or kind != _ADVERTISEMENT:
        raise WireError(f"not an advertisement of version 2 or 3: version {version}, type {kind}")
    size = len(source.packed)
    length = _HEADER.size + count * size + (AUTHENTICATION_LENGTH if version == 2 else 0)
    if len(message) != length:
        raise WireError(f"{count} addresses need {length} bytes, got {len(message)}")
    if _checksum(_pseudo_header(version, source, destination, length) + message):
        raise WireError("the checksum is wrong")
    offsets = range(_HEADER.size, _HEADER.size + count * size, size)
    addresses = tuple(ip_address(message[offset : offset + size]) for offset in offsets)
    if version == 3:
        return Advertisement(3, router_id, priority, (middle & 0x0FFF) * CENTISECOND, addresses)
    has_password = middle >> 8 == _SIMPLE_TEXT
    password = message[-AUTHENTICATION_LENGTH:].rstrip(b"\0") if has_password else None
    return Advertisement(2, router_id, priority, (middle & 0xFF) * SECOND, addresses, password)


def _check(advert: Advertisement, source: Address, destination: Address) -> None:
    unit_ns, most = (SECOND, 255) if advert.version == 2 else (CENTISECOND, 4095)
    if advert.version not in (2, 3):
        raise WireError(f"version 2 or 3, not {advert.version}")
    if advert.version == 2 and source.version != 4:
        raise WireError("VRRP version 2 is for IPv4 only")
    if not 1 <= advert.virtual_router_id <= 255 or not 0 <= advert.priority <= 255:
        raise WireError("virtual_router_id is 1 to 255 and priority 0 to 255")
    if advert.advert_int_ns % unit_ns or not 1 <= advert.advert_int_ns // unit_ns <= most:
        raise WireError(f"version {advert.version} cannot carry an interval of {advert.advert_int_ns} ns")
    if len({address.version for address in (source, destination, *advert.addresses)}) != 1:
        raise WireError("source, destination and addresses must be of one family")
    if len(advert.addresses) > 255:
        raise WireError("at most 255 addresses fit an advertisement")
    if advert.password is not None and (advert.version == 3 or len(advert.password) > AUTHENTICATION_LENGTH):
        raise WireError("only version 2 carries a password, of at most 8 bytes")


def _pseudo_header(version: int, source: Address, destination: Address, length: int) -> bytes:
    if version == 2:
        return b""
    if source.version == 4:
        return source.packed + destination.packed + struct.pack("!BBH", 0, IP_PROTOCOL, length)
    return source.packed + destination.packed + struct.pack("!IHBB", length, 0, 0, IP_PROTOCOL)


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071): zero over data that contain their own."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
