"""Tell when a guest gets or loses an IPv4 address or a carrier: its kernel says so (rtnetlink), and not whoever did it.

    kernel.py DESCRIPTOR

DESCRIPTOR is a netlink socket of the guest's namespace that listens for addresses and links. A line ``TIME new
ADDRESS``, ``TIME deleted ADDRESS``, ``TIME up DEVICE`` or ``TIME down DEVICE`` for each message, at CLOCK_MONOTONIC in
nanoseconds. It ends when its standard input does.
"""

import selectors
import socket
import struct
import sys
import time

_NEW_LINK, _NEW_ADDRESS, _DELETED_ADDRESS = 16, 20, 21
_DEVICE_NAME = 3
_LOCAL_ADDRESS = 2
_HEADER = struct.Struct("IHHII")
_LINK = struct.Struct("BxHiII")
_ADDRESS_HEADER_BYTES = 8
_ATTRIBUTE = struct.Struct("HH")
_LOWER_UP = 0x10000
_BUFFER = 65_536


def main(descriptor: int) -> None:
    """Tell until the drill is gone."""
    kernel = socket.socket(fileno=descriptor)
    waiting = selectors.DefaultSelector()
    for source in (kernel, sys.stdin):
        waiting.register(source, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is not kernel:
                return
            now_ns = time.monotonic_ns()
            for what, subject in changes(kernel.recv(_BUFFER)):
                print(now_ns, what, subject, flush=True)


def changes(data: bytes) -> list[tuple[str, str]]:
    """What a datagram of the kernel says: ``new`` or ``deleted`` and which address, ``up`` or ``down`` and which
    device."""
    found = []
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        body = data[_HEADER.size : length]
        if kind in (_NEW_ADDRESS, _DELETED_ADDRESS):
            what = "new" if kind == _NEW_ADDRESS else "deleted"
            addresses = _values(body[_ADDRESS_HEADER_BYTES:], _LOCAL_ADDRESS)
            found += [(what, socket.inet_ntoa(address)) for address in addresses]
        elif kind == _NEW_LINK and len(body) >= _LINK.size:
            what = "up" if _LINK.unpack_from(body)[3] & _LOWER_UP else "down"
            names = _values(body[_LINK.size :], _DEVICE_NAME)
            found += [(what, name.rstrip(b"\0").decode()) for name in names]
        data = data[_aligned(length) :]
    return found


def _values(attributes: bytes, wanted: int) -> list[bytes]:
    """The values of the attributes of one kind."""
    found = []
    while len(attributes) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if length < _ATTRIBUTE.size:
            break
        if kind == wanted:
            found.append(attributes[_ATTRIBUTE.size : length])
        attributes = attributes[_aligned(length) :]
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3


if __name__ == "__main__":
    main(int(sys.argv[1]))
