"""Studies that were killed and resumed end with the same bytes as those that were left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios" / "partition.yaml"
FILES = ("result.json", "outages.csv", "replications.csv", "api.csv", "scenario.json")
SETTINGS = ["run", str(SCENARIO), "--no-charts", "--json", "-n"]
COMMAND = [sys.executable, "-c", "from hasim.cli.main import main; main()"]

_KILL_TEN_TIMES = """
import os, random, signal, sqlite3, sys
from pathlib import Path
from hasim.api import load
from hasim.cli.main import app
from hasim.study import workers

def finished():
    try:
        connection = sqlite3.connect(journal.as_uri() + "?mode=ro", uri=True)
        count = connection.execute("SELECT count(*) FROM replication").fetchone()[0]
        connection.close()
        return count
    except sqlite3.OperationalError:  # it has not got so far
        return 0

workers._CHUNK_S = 0.005  # many small commits, or a fast machine would be done before the tenth kill
command = sys.argv[1:]
journal = Path(command[-1]) / "journal.sqlite"
load(command[1]).run(replications=1)  # so that the children have nothing to import
moments = random.Random(20240731)
for _ in range(10):
    enough = finished() + moments.randint(0, 35)
    child = os.fork()
    if child == 0:
        app(command, prog_name="hasim")
        os._exit(0)
    while finished() < enough:
        pass
    os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), finished(), flush=True)
"""


def kept(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in FILES}


def hasim(*arguments: str) -> bytes:
    return subprocess.run([*COMMAND, *arguments], check=True, capture_output=True).stdout


def test_kill_9_at_ten_random_moments_then_resumed_gives_the_same_bytes(tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    printed = hasim(*SETTINGS, "500", "--jobs", "1", "--out", str(undisturbed))
    command = [*SETTINGS, "500", "--jobs", "1", "--out", str(killed)]
    kills = subprocess.run(
        [sys.executable, "-c", _KILL_TEN_TIMES, *command], check=True, capture_output=True, text=True, timeout=120
    )
    rows = [line.split() for line in kills.stdout.splitlines()]
    assert [status for status, _ in rows] == ["-9"] * 10
    assert 0 < int(rows[-1][1]) < 500
    assert not (killed / "result.json").exists()
    assert hasim(*command) == printed
    assert kept(killed) == kept(undisturbed)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the processes of a process")
def test_the_workers_of_a_killed_study_leave_with_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    process = subprocess.Popen(
        [*COMMAND, *SETTINGS, "1000000", "--jobs", "2", "--journal", str(path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while len(workers := _children(process.pid)) < 3:  # two, and the one that keeps account of their semaphores
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    until = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < until:
        time.sleep(0.02)
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
