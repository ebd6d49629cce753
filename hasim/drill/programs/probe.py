"""The client: asks the floating address (UDP) again and again, and says what it sent and what came back.

    probe.py ADDRESS PORT INTERVAL_NS

Its clock is CLOCK_MONOTONIC, in nanoseconds. A line ``NUMBER TIME`` says that a question was sent, ``NUMBER TIME NAME``
that an answer to it came from NAME. Questions keep to their times however late one of them was; those that the process
was too late for are left out. It ends when its standard input does.
"""

import contextlib
import selectors
import socket
import sys
import time

_SECOND = 1_000_000_000


def main(address: str, port: int, interval_ns: int) -> None:
    """Ask until the drill is gone."""
    question = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    question.setblocking(False)
    waiting = selectors.DefaultSelector()
    for source in (question, sys.stdin):
        waiting.register(source, selectors.EVENT_READ)
    begun_ns = time.monotonic_ns()
    number = 0
    while True:
        left_ns = begun_ns + number * interval_ns - time.monotonic_ns()
        if left_ns <= 0:
            now_ns = time.monotonic_ns()
            with contextlib.suppress(OSError):  # no route, or refused: no answer, either way
                question.sendto(b"%d" % number, (address, port))
            print(number, now_ns, flush=True)
            number = max(number + 1, (now_ns - begun_ns) // interval_ns)
            continue
        for key, _ in waiting.select(left_ns / _SECOND):
            if key.fileobj is not question:
                return
            with contextlib.suppress(OSError):
                answer, _ = question.recvfrom(128)
                asked, _, name = answer.decode().partition(" ")
                print(asked, time.monotonic_ns(), name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
