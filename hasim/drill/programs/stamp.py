"""Put the time in front of every line of standard input as soon as it is there: CLOCK_MONOTONIC, in nanoseconds.

    stamp.py

A process of its own does nothing else, so that the time is right however busy the reader of the lines is.
"""

import os
import time

_CHUNK = 65_536


def main() -> None:
    """Until the end of the input."""
    rest = b""
    while chunk := os.read(0, _CHUNK):
        stamp = b"%d " % time.monotonic_ns()
        *lines, rest = (rest + chunk).split(b"\n")
        os.write(1, b"".join(stamp + line + b"\n" for line in lines))


if __name__ == "__main__":
    main()
