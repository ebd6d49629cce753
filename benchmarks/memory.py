"""How much memory years take, each time in a process of its own (Linux): many runs, and one with a long horizon."""

from __future__ import annotations

from benchmarks.measuring import in_own_process, print_table

__all__ = ["run"]

_REPLICATIONS = (100, 1_000, 10_000)
_HORIZONS_YEARS = (1, 10, 100, 290)
_BEGINNING = r"""
import json, re
from pathlib import Path
from benchmarks.pair import pair
from hasim.report.tables import study_tables
from hasim.study import replicate
from hasim.study.job import Job
def peak_mb():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
def study(count):
    result = replicate(pair("1y"), replications=count, jobs=1)
    study_tables(result)
    return len(result.outages)
"""
_STUDY = f"""{_BEGINNING}
study(30)
before = peak_mb()
outages = study(COUNT)
print(json.dumps([peak_mb(), peak_mb() - before, outages]))
"""
_REPLICATION = f"""{_BEGINNING}
Job(pair("3y"), 1, "quiet").run(0)
before = peak_mb()
outages = len(Job(pair("COUNTy"), 1, "quiet").run(0).outages)
print(json.dumps([peak_mb(), peak_mb() - before, outages]))
"""


def run() -> None:
    """Measure and print."""
    _print("Peak memory of a study, with every number of its tables", "replications of a year", _STUDY, _REPLICATIONS)
    print("outcomes go into a temporary file; what grows is a column of numbers while something is worked out from it")
    _print("Peak memory of one replication", "horizon in years", _REPLICATION, _HORIZONS_YEARS)
    print("what grows is the outcome itself, one record per outage: no trace is kept")


def _print(title: str, what: str, script: str, counts: tuple[int, ...]) -> None:
    rows = []
    for count in counts:
        peak_mb, more_mb, outages = in_own_process(["-c", script.replace("COUNT", str(count))])
        rows.append((f"{count:,}", outages, peak_mb, more_mb, more_mb * 2**20 / max(outages, 1)))
    print_table(title, (what, "outages", "peak MB", "more than before it, MB", "bytes per outage"), rows)
