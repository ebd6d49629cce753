"""The Chrome trace event format: groups are processes, tracks are threads, arrows are flows.

Times are microseconds; fractions carry the nanoseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hasim.measure import RunOutcome
from hasim.report.trace_events.reading import read
from hasim.report.trace_events.slices import CLIENTS, CLOUD, FAULTS, Arrow, Board, Slice, instance_group
from hasim.scenario.model import Scenario
from hasim.trace import PriorityChanged, Trace
from hasim.units import MICROSECOND

__all__ = ["trace_events", "write_trace_events"]

_INSTANCE_TRACKS = ("power", "link", "keepalived", "VRRP state", "check", "service", "notify scripts", "API calls")


def trace_events(scenario: Scenario, trace: Trace, outcome: RunOutcome) -> dict[str, Any]:
    """The run as a document in the Chrome trace event format (JSON object form)."""
    board = read(scenario, trace, outcome)
    groups = [FAULTS, CLIENTS, *(instance_group(instance.name) for instance in scenario.instances), CLOUD]
    layout = _Layout(groups, board)
    counters = [
        {
            "name": "priority",
            "ph": "C",
            "ts": _microseconds(record.at),
            "pid": layout.pid(instance_group(record.instance)),
            "args": {"priority": record.new},
        }
        for record in trace.records
        if isinstance(record, PriorityChanged)
    ]
    return {
        "displayTimeUnit": "ns",
        "otherData": {
            "scenario": trace.scenario,
            "seed": trace.seed,
            "replication": trace.replication,
            "digest": trace.digest,
        },
        "traceEvents": [*layout.names(), *layout.slices(), *counters, *layout.flows(board.arrows)],
    }


def write_trace_events(path: Path, scenario: Scenario, trace: Trace, outcome: RunOutcome) -> None:
    """Write the run to ``path``, which is replaced only when the file is complete.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump(trace_events(scenario, trace, outcome), file, ensure_ascii=False, allow_nan=False)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class _Layout:
    """Which process and thread each slice is on."""

    def __init__(self, groups: list[str], board: Board) -> None:
        self._pids = {group: number for number, group in enumerate(groups, 1)}
        self._tids: dict[tuple[str, str], int] = {}
        self._thread: dict[Slice, int] = {}
        by_track: dict[tuple[str, str], list[Slice]] = {}
        for piece in board.slices:
            by_track.setdefault((piece.group, piece.track), []).append(piece)
        for group, track in sorted(by_track, key=lambda key: (self._pids[key[0]], _rank(key[1]), key[1])):
            for number, lane in enumerate(_lanes(by_track[group, track]), 1):
                # A thread with the number of a process is taken for its main thread.
                tid = self._tids[group, track if number == 1 else f"{track} ({number})"] = (
                    len(groups) + len(self._tids) + 1
                )
                self._thread.update(dict.fromkeys(lane, tid))

    def pid(self, group: str) -> int:
        """The process number of a group."""
        return self._pids[group]

    def names(self) -> Iterator[dict[str, Any]]:
        """What processes and threads are called, and their order."""
        for group, pid in self._pids.items():
            yield {"name": "process_name", "ph": "M", "pid": pid, "args": {"name": group}}
            yield {"name": "process_sort_index", "ph": "M", "pid": pid, "args": {"sort_index": pid}}
        for (group, track), tid in self._tids.items():
            place = {"ph": "M", "pid": self._pids[group], "tid": tid}
            yield {"name": "thread_name", **place, "args": {"name": track}}
            yield {"name": "thread_sort_index", **place, "args": {"sort_index": tid}}

    def slices(self) -> Iterator[dict[str, Any]]:
        """Every slice as a complete event, in time order."""
        for piece, tid in sorted(self._thread.items(), key=lambda item: item[0].start_ns):
            yield {
                "name": piece.name,
                "cat": piece.track,
                "ph": "X",
                "ts": _microseconds(piece.start_ns),
                "dur": _microseconds(piece.end_ns - piece.start_ns),
                "pid": self._pids[piece.group],
                "tid": tid,
                "args": dict(piece.details),
            }

    def flows(self, arrows: Iterable[Arrow]) -> Iterator[dict[str, Any]]:
        """Each arrow as the start and the end of a flow."""
        for number, arrow in enumerate(arrows, 1):
            start_ns = max(arrow.source.start_ns, min(arrow.at_ns, arrow.source.end_ns - 1))
            flow = {"name": "leads to", "cat": "cause", "id": number}
            yield {**flow, "ph": "s", **self._place(arrow.source, start_ns)}
            yield {**flow, "ph": "f", "bp": "e", **self._place(arrow.target, max(arrow.at_ns, arrow.target.start_ns))}

    def _place(self, piece: Slice, at_ns: int) -> dict[str, Any]:
        return {"ts": _microseconds(at_ns), "pid": self._pids[piece.group], "tid": self._thread[piece]}


def _lanes(slices: list[Slice]) -> list[list[Slice]]:
    """The slices of a track spread over as few lanes as hold no two at once."""
    lanes: list[list[Slice]] = []
    for piece in sorted(slices, key=lambda piece: (piece.start_ns, piece.end_ns)):
        free = next((lane for lane in lanes if lane[-1].end_ns <= piece.start_ns), None)
        if free is None:
            lanes.append([piece])
        else:
            free.append(piece)
    return lanes


def _rank(track: str) -> int:
    return next((rank for rank, name in enumerate(_INSTANCE_TRACKS) if track.startswith(name)), len(_INSTANCE_TRACKS))


def _microseconds(time_ns: int) -> float:
    return time_ns / MICROSECOND
