"""The application on one instance: answers clients (UDP) with its name, and lets its own check script connect (TCP).

    service.py NAME PORT

An answer leaves from the address to which the question was sent, as a floating address needs. It ends when its standard
input does.
"""

import selectors
import socket
import struct
import sys

_IP_PKTINFO = 8


def main(name: str, port: int) -> None:
    """Answer until the drill is gone."""
    clients = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    clients.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    clients.bind(("0.0.0.0", port))
    checks = socket.create_server(("0.0.0.0", port), backlog=64)
    print("ready", flush=True)
    waiting = selectors.DefaultSelector()
    for source in (clients, checks, sys.stdin):
        waiting.register(source, selectors.EVENT_READ)
    answer = name.encode()
    while True:
        for key, _ in waiting.select():
            if key.fileobj is clients:
                _answer(clients, answer)
            elif key.fileobj is checks:
                checks.accept()[0].close()
            else:
                return


def _answer(clients: socket.socket, answer: bytes) -> None:
    question, ancillary, _, client = clients.recvmsg(64, socket.CMSG_SPACE(12))
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            _, _, asked = struct.unpack("I4s4s", data)
            control = [(level, kind, struct.pack("I4s4s", 0, asked, b""))]
            try:
                clients.sendmsg([question, b" ", answer], control, 0, client)
            except OSError:
                return  # the address is gone again


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
