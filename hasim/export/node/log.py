"""What the scripts say about themselves, for people and programs."""

from __future__ import annotations

import json
import os
import sys
import syslog
import time
from typing import Any

__all__ = ["Log"]


class Log:
    """One JSON object a line: to standard error, to syslog, and to the file HASIM_LOG.

    What has been held back goes to the first two only when it is let go: a question every few seconds that finds
    everything in order would fill them.
    """

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._file = os.environ.get("HASIM_LOG")
        self._syslog = os.environ.get("HASIM_SYSLOG") != "0"
        self._held: list[str] | None = None
        if self._syslog:
            syslog.openlog("hasim_notify", syslog.LOG_PID, syslog.LOG_DAEMON)

    def __call__(self, record: str, **more: Any) -> None:
        """Write a line."""
        head = {"at_ns": time.time_ns(), "monotonic_ns": time.monotonic_ns(), "instance": self._instance}
        line = json.dumps({**head, "run": os.getpid(), "record": record, **more})
        if self._file:
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(descriptor, line.encode() + b"\n")
            os.close(descriptor)
        if self._held is None:
            self._tell(line)
        else:
            self._held.append(line)

    def hold_back(self) -> None:
        """Keep the following lines, except for the file."""
        self._held = []

    def let_go(self) -> None:
        """Write what has been kept."""
        for line in self._held or []:
            self._tell(line)
        self._held = None

    def _tell(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)
        if self._syslog:
            syslog.syslog(syslog.LOG_INFO, line)
