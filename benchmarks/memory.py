"""How much memory a replication takes against its horizon, each in a process of its own (Linux)."""

from __future__ import annotations

from benchmarks.measuring import in_own_process, print_table

__all__ = ["run"]

_HORIZONS_YEARS = (1, 10, 100, 1_000)
_SCRIPT = r"""
import json, re
from pathlib import Path
from benchmarks.pair import pair
from hasim.study.job import Job
def peak_mb():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
Job(pair("3y"), 1, "quiet").run(0)
before = peak_mb()
outcome = Job(pair("YEARSy"), 1, "quiet").run(0)
print(json.dumps([peak_mb(), peak_mb() - before, len(outcome.outages)]))
"""


def run() -> None:
    """Measure and print."""
    rows = []
    for years in _HORIZONS_YEARS:
        peak_mb, more_mb, outages = in_own_process(["-c", _SCRIPT.replace("YEARS", str(years))])
        rows.append((f"{years:,} years", outages, peak_mb, more_mb, more_mb * 2**20 / max(outages, 1)))
    print_table(
        "Peak memory of one replication",
        ("horizon", "outages", "peak MB", "more than before it, MB", "bytes per outage"),
        rows,
    )
    print("what grows is the outcome itself, one record per outage: no trace is kept")
