"""What the scripts of one instance know of keepalived and of each other: files in the run directory."""

from __future__ import annotations

import fcntl
import json
import os
import time
from typing import Any

from .settings import SECOND_NS

__all__ = ["RunDirectory", "age_ns"]


class RunDirectory:
    """What the scripts of one instance know of each other: the last state, and whether one of them runs."""

    def __init__(self, path: str) -> None:
        os.makedirs(path, mode=0o755, exist_ok=True)
        self._state = os.path.join(path, "state.json")
        self._state_lock = os.path.join(path, "state.lock")
        self._runs = open(os.path.join(path, "runs.lock"), "a")  # noqa: SIM115 (held until the process ends)

    def note(self, state: str) -> None:
        """Write down what this script's keepalived says, unless one that it started later has done so already."""
        own = [_started(os.getpid()), os.getpid()]
        keepalived = os.getppid()
        with open(self._state_lock, "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._read()
            if before and own < before["noted_by"] and _is_alive(before["keepalived"]):
                return
            new = self._state + ".new"
            note = {"state": state, "noted_by": own, "keepalived": [_started(keepalived), keepalived]}
            with open(new, "w", encoding="utf-8") as file:
                file.write(json.dumps(note) + "\n")
            os.replace(new, self._state)

    def is_master(self) -> bool:
        """Whether the last word of keepalived was MASTER, and it is still there."""
        note = self._read()
        return note.get("state") == "MASTER" and _is_alive(note["keepalived"])

    def _read(self) -> dict[str, Any]:
        try:
            with open(self._state, encoding="utf-8") as file:
                note: dict[str, Any] = json.load(file)
        except (OSError, ValueError):
            return {}
        return note

    def enter(self) -> None:
        """This script runs, until its process ends."""
        fcntl.flock(self._runs, fcntl.LOCK_SH)

    def is_busy(self) -> bool:
        """Whether a script of the instance runs."""
        try:
            fcntl.flock(self._runs, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(self._runs, fcntl.LOCK_UN)
        return False


def age_ns() -> int:
    """How long ago this process was started, to the kernel's hundredth of a second: its interpreter took that long."""
    started_ns = _started(os.getpid()) * SECOND_NS // os.sysconf("SC_CLK_TCK")
    return max(time.clock_gettime_ns(time.CLOCK_BOOTTIME) - started_ns, 0)


def _is_alive(process: list[int]) -> bool:
    """Whether the process with that start and number is still there."""
    started, number = process
    return started != 0 and _started(number) == started


def _started(process: int) -> int:
    """When a process was started, in clock ticks since the boot; 0 if none of that number runs (any more)."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            stat = file.read()
    except OSError:
        return 0
    state, *others = stat.rpartition(")")[2].split()
    return 0 if state in ("Z", "X") else int(others[18])
