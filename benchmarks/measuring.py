"""CPU time, tables, and processes of their own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.study.episodes import run_episodes
from hasim.units import YEAR

__all__ = ["cpu_seconds", "in_own_process", "print_table", "years_per_second", "years_put_together_per_second"]

_REPEATS = 3


def cpu_seconds(work: Callable[[], object], repeats: int = _REPEATS) -> float:
    """The median CPU time of ``work``."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def years_per_second(scenario: Scenario, replications: int = 1, heartbeats: str = "quiet") -> float:
    """Simulated years per CPU second, after one replication to warm up."""

    def work() -> None:
        for replication in range(replications):
            simulate(scenario, seed=1, replication=replication, heartbeats=heartbeats)

    simulate(scenario, seed=2, replication=0, heartbeats=heartbeats)
    return replications * scenario.horizon_ns / YEAR / cpu_seconds(work)


def years_put_together_per_second(scenario: Scenario) -> float:
    """Years whose downtime is known, put together from the scenario's episodes, per CPU second; both count."""
    began = time.process_time()
    runs = run_episodes(scenario, jobs=1).horizons
    assert runs is not None, "its clocks have no memory"
    return runs.runs * runs.horizon_ns / YEAR / (time.process_time() - began)


def in_own_process(arguments: Sequence[str], python: str = sys.executable) -> Any:
    """What a script or module, run by ``python`` with these arguments, prints as JSON in its last line.

    Raises:
        subprocess.CalledProcessError: it fails.
    """
    done = subprocess.run([python, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table with its first column to the left and all others to the right; numbers with three digits that count."""
    texts = [[_text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]
    print(f"\n{title}")
    for row in texts:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())


def _text(cell: object) -> str:
    if not isinstance(cell, float):
        return str(cell)
    if cell == 0 or not 1e-4 <= abs(cell) < 1e9:
        return f"{cell:.3g}"
    digits = max(0, 2 - len(str(int(abs(cell)))) + 1) if abs(cell) >= 1 else 4
    return f"{float(f'{cell:.3g}'):,.{digits}f}"
