"""Tell when a guest gets or loses an IPv4 address: its kernel says so (rtnetlink), and not whoever changed it.

    addresses.py DESCRIPTOR

DESCRIPTOR is a netlink socket of the guest's namespace that listens for addresses. A line ``TIME new ADDRESS`` or
``TIME deleted ADDRESS`` for each change, at CLOCK_MONOTONIC in nanoseconds. It ends when its standard input does.
"""

import selectors
import socket
import struct
import sys
import time

_NEW, _DELETED = 20, 21
_LOCAL = 2
_HEADER = struct.Struct("IHHII")
_ADDRESS_HEADER_BYTES = 8
_ATTRIBUTE = struct.Struct("HH")
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
            for what, address in changes(kernel.recv(_BUFFER)):
                print(now_ns, what, address, flush=True)


def changes(data: bytes) -> list[tuple[str, str]]:
    """What a datagram of the kernel says: ``new`` or ``deleted``, and which address."""
    found = []
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        if kind in (_NEW, _DELETED):
            what = "new" if kind == _NEW else "deleted"
            found += [(what, address) for address in _local(data[_HEADER.size + _ADDRESS_HEADER_BYTES : length])]
        data = data[_aligned(length) :]
    return found


def _local(attributes: bytes) -> list[str]:
    found = []
    while len(attributes) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if length < _ATTRIBUTE.size:
            break
        if kind == _LOCAL:
            found.append(socket.inet_ntoa(attributes[_ATTRIBUTE.size : length]))
        attributes = attributes[_aligned(length) :]
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3


if __name__ == "__main__":
    main(int(sys.argv[1]))
