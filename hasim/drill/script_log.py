"""The notify scripts' own log of an instance, as records of a trace and as how long their start took."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from hasim.trace import ApiAnswered, ApiCalled, NotifyEnded, NotifyStarted, Record

__all__ = ["ScriptLines", "Scripts", "any_running", "read_lines"]

ScriptLines = list[dict[str, Any]]


def read_lines(path: Path) -> ScriptLines:
    """The lines of a log; one that is still being written is left out."""
    if not path.exists():
        return []
    *complete, _ = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in complete if line]


@dataclass(slots=True)
class Scripts:
    """The scripts of all instances: ``records`` of a trace, the calls by their request id, when the process of each run
    was started, and when it was ready to call the API."""

    records: list[Record] = field(default_factory=list)
    calls_by_request: dict[str, int] = field(default_factory=dict)
    process_ns: dict[int, int] = field(default_factory=dict)
    ready_ns: dict[int, int] = field(default_factory=dict)
    _runs: Iterator[int] = field(default_factory=lambda: count(1))
    _calls: Iterator[int] = field(default_factory=lambda: count(1))

    def take_in(self, instance: str, lines: ScriptLines) -> None:
        """Add what the scripts of one instance wrote."""
        runs: dict[int, int] = {}
        calls: dict[tuple[int, int], int] = {}
        for line in lines:
            at_ns, process = line["monotonic_ns"], line["run"]
            match line["record"]:
                case "NotifyStarted":
                    runs[process] = next(self._runs)
                    self.process_ns[runs[process]] = at_ns - line["age_ns"]
                    self.records.append(NotifyStarted(at_ns, instance, runs[process], line["event"]))
                case "NotifyReady" if process in runs:
                    self.ready_ns[runs[process]] = at_ns
                case "ApiCalled" if process in runs:
                    call = calls[process, line["call"]] = next(self._calls)
                    self.records.append(ApiCalled(at_ns, instance, runs[process], call, line["action"]))
                case "ApiAnswered" if process in runs:
                    call = calls[process, line["call"]]
                    answer = ApiAnswered(at_ns, instance, runs[process], call, line["action"], line["code"])
                    self.records.append(answer)
                    self.calls_by_request[line.get("request_id", "")] = call
                case "NotifyEnded" if process in runs:
                    self.records.append(NotifyEnded(at_ns, instance, runs[process], line["outcome"]))


def any_running(lines: ScriptLines) -> bool:
    """Whether a script that has started has not ended (one that was killed has)."""
    open_runs = {line["run"] for line in lines if line["record"] == "NotifyStarted"}
    open_runs -= {line["run"] for line in lines if line["record"] == "NotifyEnded"}
    return any(Path(f"/proc/{process}").exists() for process in open_runs)
