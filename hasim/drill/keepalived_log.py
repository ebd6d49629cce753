"""What keepalived's log says, as events: states, priorities, checks. Lines of version 2.2.

Adverts that a daemon hears are not in its log; which reason a transition had is told by the line before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hasim.trace import CheckChanged, DaemonChanged, PriorityChanged, Record, StateChanged

__all__ = ["KeepalivedLog"]

_DATE = re.compile(r"^\w{3} \w{3} +\d+ [\d:]+ \d{4}: ")
_ENTERING = re.compile(r"\(floating\) Entering (BACKUP|MASTER|FAULT) STATE")
_PRIORITY = re.compile(r"\(floating\) Changing effective priority from (\d+) to (\d+)")
_CHECK = re.compile(r"VRRP_Script\((.+?)\) (succeeded|failed|timed out)")
_LOWER_ADVERT = re.compile(r"\(floating\) Received advert from \S+ with lower priority")
_GOODBYE = "(floating) sent 0 priority"
_ENDED = "Stopped - used"
_REASONS = (
    (re.compile(r"\(floating\) Receive advertisement timeout"), "down_timer"),
    (re.compile(r"\(floating\) Backup received priority 0 advertisement"), "priority_zero"),
    (re.compile(r"\(floating\) Master received advert from .* with higher priority"), "higher_priority_advert"),
    (re.compile(r"\(floating\) Master received advert from .* with same priority"), "higher_priority_advert"),
    (re.compile(r"Netlink reports \S+ down"), "link_down"),
    (re.compile(r"VRRP_Script\(.+?\) (failed|timed out)"), "track_script"),
)
_ENTERED_BY_DEFAULT = {"BACKUP": "recovered", "MASTER": "down_timer", "FAULT": "track_script"}


@dataclass(slots=True)
class KeepalivedLog:
    """Reads the log of one instance's daemon, line by line; ``records`` are what it says, at the times of reading.
    ``full_priority`` is what the instance has in the steady state.

    ``failing`` are the checks that count as down now, ``timed_out`` when which check was given up, ``lower_adverts``
    when a MASTER heard one of a lower priority."""

    instance: str
    full_priority: int
    records: list[Record] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    state: str = "INIT"
    failing: set[str] = field(default_factory=set)
    timed_out: list[tuple[int, str]] = field(default_factory=list)
    lower_adverts: list[int] = field(default_factory=list)
    _reason: str = ""

    def read(self, at_ns: int, line: str) -> None:
        """Take in a line."""
        text = _DATE.sub("", line)
        self.lines.append((at_ns, text))
        entering = _ENTERING.match(text)
        if entering:
            self._enter(at_ns, entering[1])
            return
        if _LOWER_ADVERT.match(text):
            self.lower_adverts.append(at_ns)
        for pattern, reason in _REASONS:
            if pattern.match(text):
                self._reason = reason
        check = _CHECK.match(text)
        if check:
            self._check(at_ns, check[1], check[2])
        priority = _PRIORITY.match(text)
        if priority:
            self._move_priority(at_ns, int(priority[1]), int(priority[2]))
        if text == "Stopping" or (text == _GOODBYE and self.state == "MASTER") or text.startswith(_ENDED):
            self._stop(at_ns)
        elif text.startswith("VRRP child process(") and "died" in text:
            self.died(at_ns, "killed")

    def _stop(self, at_ns: int) -> None:
        """It ends in order; one that has lost its parent process logs no more than its good-bye and its end."""
        if self.state != "INIT":
            self._leave(at_ns, "shutdown")
            self.records.append(DaemonChanged(at_ns, self.instance, False, "stopped"))

    def _check(self, at_ns: int, script: str, result: str) -> None:
        healthy = result == "succeeded"
        (self.failing.discard if healthy else self.failing.add)(script)
        if result == "timed out":
            self.timed_out.append((at_ns, script))
        self.records.append(CheckChanged(at_ns, self.instance, script, healthy))

    def reloaded(self, at_ns: int, old: int, new: int) -> None:
        """It reads a configuration with another effective priority, which its log does not say."""
        if old != new:
            self._move_priority(at_ns, old, new)

    def _move_priority(self, at_ns: int, old: int, new: int) -> None:
        self.records.append(PriorityChanged(at_ns, self.instance, old, new, self.full_priority))

    def died(self, at_ns: int, reason: str) -> None:
        """The daemon is gone without a word (its log cannot say so)."""
        if self.state != "INIT":
            self.records.append(DaemonChanged(at_ns, self.instance, False, reason))
        self._leave(at_ns, "died")

    def _enter(self, at_ns: int, state: str) -> None:
        if self.state == "INIT":
            self.records.append(DaemonChanged(at_ns, self.instance, True, "started"))
        reason = "start_up" if self.state == "INIT" else self._reason or _ENTERED_BY_DEFAULT[state]
        self._reason = ""
        if state != self.state:
            self.records.append(StateChanged(at_ns, self.instance, self.state, state, reason))
            self.state = state

    def _leave(self, at_ns: int, reason: str) -> None:
        if self.state != "INIT":
            self.records.append(StateChanged(at_ns, self.instance, self.state, "INIT", reason))
            self.state = "INIT"
        self._reason = ""
