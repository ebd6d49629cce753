"""Sleep a little again and again, and tell when that took longer than it should have: the machine was late.

    sleeper.py PROCESSOR SLEEP_NS LEAST_NS

It stays on that processor. A line ``DUE LATE`` for each time that it woke up by at least LEAST_NS too late: when it
should have (CLOCK_MONOTONIC) and by how much, in nanoseconds. It ends when its standard input does.
"""

import os
import select
import sys
import time

_SECOND = 1_000_000_000


def main(processor: int, sleep_ns: int, least_ns: int) -> None:
    """Sleep until the drill is gone."""
    os.sched_setaffinity(0, {processor})
    while True:
        due_ns = time.monotonic_ns() + sleep_ns
        ended, _, _ = select.select([sys.stdin], [], [], sleep_ns / _SECOND)
        if ended:
            return
        late_ns = time.monotonic_ns() - due_ns
        if late_ns >= least_ns:
            print(due_ns, late_ns, flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
