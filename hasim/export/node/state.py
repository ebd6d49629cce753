"""What the scripts of one instance know of keepalived and of each other: files in the run directory."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

__all__ = ["RunDirectory"]


class RunDirectory:
    """What the scripts of one instance know of each other: the last state, and whether one of them runs."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._state = path / "state.json"
        self._state_lock = path / "state.lock"
        self._runs = (path / "runs.lock").open("a")

    def note(self, state: str) -> None:
        """Write down what this script's keepalived says, unless one that it started later has done so already."""
        own = [_started(os.getpid()), os.getpid()]
        keepalived = os.getppid()
        with self._state_lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._read()
            if before and own < before["noted_by"] and _is_alive(before["keepalived"]):
                return
            new = self._state.with_suffix(".new")
            note = {"state": state, "noted_by": own, "keepalived": [_started(keepalived), keepalived]}
            new.write_text(json.dumps(note) + "\n", encoding="utf-8")
            new.replace(self._state)

    def is_master(self) -> bool:
        """Whether the last word of keepalived was MASTER, and it is still there."""
        note = self._read()
        return note.get("state") == "MASTER" and _is_alive(note["keepalived"])

    def _read(self) -> dict[str, Any]:
        try:
            note: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
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


def _is_alive(process: list[int]) -> bool:
    """Whether the process with that start and number is still there."""
    started, number = process
    return started != 0 and _started(number) == started


def _started(process: int) -> int:
    """When a process was started, in clock ticks since the boot; 0 if none of that number runs (any more)."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    state, *others = stat.rpartition(")")[2].split()
    return 0 if state in ("Z", "X") else int(others[18])
