"""Many replications on one process or several: the same result, whatever happens to the workers."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from hasim.errors import HasimError, UserError
from hasim.measure import measure
from hasim.sim import simulate
from hasim.study import Crew, replicate, replicate_many, workers
from hasim.study.interrupts import ctrl_c_later
from tests.unit.study_samples import SCENARIOS, shipped


@pytest.fixture
def always_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the smallest study is worth a pool, and two replications are a chunk."""
    monkeypatch.setattr(workers, "_TRIAL_S", 0.0)
    monkeypatch.setattr(workers, "_WORTH_A_TEAM_S", -1.0)
    monkeypatch.setattr(workers, "_CHUNK_S", 0.0)


def test_each_outcome_is_that_of_its_replication() -> None:
    result = replicate(shipped(), seed=5, replications=3, jobs=1)
    assert [outcome.replication for outcome in result.outcomes] == [0, 1, 2]
    for outcome in result.outcomes:
        assert outcome == measure(simulate(shipped(), seed=5, replication=outcome.replication))
    assert (result.seed, result.heartbeats, result.interrupted) == (5, "quiet", False)


def test_seed_and_replications_are_the_scenarios_if_not_given() -> None:
    result = replicate(shipped(), replications=1)
    assert result.seed == shipped().seed
    assert len(replicate(shipped("freeze-that-heals"), jobs=1).outcomes) == shipped("freeze-that-heals").replications


def test_other_seeds_give_other_outcomes() -> None:
    one, other = (replicate(shipped(), seed=seed, replications=2, jobs=1) for seed in (1, 2))
    assert one.outcomes != other.outcomes


@pytest.mark.usefixtures("always_a_pool")
def test_the_result_is_the_same_byte_for_byte_for_any_number_of_jobs() -> None:
    documents = {
        jobs: json.dumps(replicate(shipped(), seed=3, replications=7, jobs=jobs).to_json()) for jobs in (1, 2, 3)
    }
    assert documents[1] == documents[2] == documents[3]


def test_a_small_study_needs_no_other_process() -> None:
    replicate(shipped(), replications=2, jobs=4)
    assert multiprocessing.active_children() == []


@dataclass(frozen=True)
class Squares:
    """A job of another kind than replications."""

    offset: int

    def run(self, number: int, /) -> int:
        return (number + self.offset) ** 2


@pytest.mark.usefixtures("always_a_pool")
def test_a_crew_does_the_jobs_side_by_side() -> None:
    order: list[tuple[int, int]] = []

    def keep(index: int, found: list[int]) -> None:
        order.extend((index, square) for square in found)

    with Crew(jobs=1) as crew:
        crew.run([(Squares(0), range(4)), (Squares(100), range(2))], keep)
    assert order == [(0, 0), (1, 10_000), (0, 1), (1, 10_201), (0, 4), (0, 9)]


@pytest.mark.usefixtures("always_a_pool")
def test_a_crew_goes_on_with_other_work() -> None:
    scenarios = [shipped(), shipped("partition")]
    squares: list[int] = []
    with Crew(jobs=2) as crew:
        both = replicate_many(scenarios, seed=3, replications=5, crew=crew)
        again = replicate(scenarios[0], seed=3, replications=7, crew=crew)
        crew.run([(Squares(0), [6, 8]), (Squares(0), [])], lambda _index, found: squares.extend(found))
    assert both == tuple(replicate(scenario, seed=3, replications=5, jobs=1) for scenario in scenarios)
    assert again.outcomes[:5] == both[0].outcomes
    assert sorted(squares) == [36, 64]


@pytest.mark.usefixtures("always_a_pool")
def test_progress_counts_up_to_the_whole() -> None:
    seen: list[tuple[int, int]] = []
    replicate(shipped(), replications=5, jobs=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 5) for done in range(6)]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.usefixtures("always_a_pool")
def test_ctrl_c_keeps_what_is_done(jobs: int) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    result = replicate(shipped(), seed=3, replications=40, jobs=jobs, progress=interrupt)
    assert result.interrupted
    assert 4 <= len(result.outcomes) < 40
    whole = replicate(shipped(), seed=3, replications=40, jobs=1)
    assert all(outcome == whole.outcomes[outcome.replication] for outcome in result.outcomes)
    assert pickle.loads(pickle.dumps(result)).outcomes == result.outcomes


_INTERRUPTED = """
import multiprocessing, os, signal, threading, time
from concurrent.futures import process
from hasim.scenario import load
from hasim.study import replicate, workers

workers._CHUNK_S, workers._GRACE_S = 1e6, 0.0
looked = process._ExecutorManagerThread.wait_result_broken_or_wakeup

def look_later(pool):
    found = looked(pool)
    time.sleep({late_s})
    return found

process._ExecutorManagerThread.wait_result_broken_or_wakeup = look_later

def interrupt():
    while len(multiprocessing.active_children()) < 2:
        time.sleep(0.02)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

interrupter = threading.Thread(target=interrupt)
interrupter.start()
result = replicate(load({path!r}), replications=200_000, jobs=2)
interrupter.join()
# A dead child may be listed for a moment: the pool's own thread reaps it too.
until = time.monotonic() + 30
while any(child.is_alive() for child in multiprocessing.active_children()) and time.monotonic() < until:
    time.sleep(0.05)
alive = [child for child in multiprocessing.active_children() if os.path.exists(f"/proc/{{child.pid}}")]
print(result.interrupted, alive)
"""


@pytest.mark.real
@pytest.mark.parametrize("late_s", [0, 1], ids=["at once", "late, on a busy machine"])
def test_workers_that_are_still_at_it_after_ctrl_c_are_ended(late_s: int) -> None:
    """However late the pool's own thread sees it, which dies of it or keeps the program from ending if told wrongly."""
    code = _INTERRUPTED.format(path=str(SCENARIOS / "secondary-ip-best-practice.yaml"), late_s=late_s)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("True []\n", "")


def test_ctrl_c_before_anything_is_done_is_passed_on() -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replicate(shipped(), replications=3, jobs=1, progress=interrupt)


def test_ctrl_c_waits_until_what_must_be_whole_is_whole() -> None:
    done = []

    def interrupted() -> None:
        with ctrl_c_later():
            signal.raise_signal(signal.SIGINT)
            done.append("whole")
        done.append("never")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("always_a_pool")
@pytest.mark.real
def test_a_killed_worker_is_replaced_and_nothing_is_lost() -> None:
    killed: list[int | None] = []

    def kill_one(done: int, _total: int) -> None:
        if done == 3 and not killed:
            worker = multiprocessing.active_children()[0]
            worker.kill()
            worker.join()
            killed.append(worker.exitcode)

    result = replicate(shipped(), seed=3, replications=30, jobs=2, progress=kill_one)
    assert killed == [-signal.SIGKILL]
    assert not result.interrupted
    assert result.outcomes == replicate(shipped(), seed=3, replications=30, jobs=1).outcomes


@pytest.mark.usefixtures("always_a_pool")
@pytest.mark.real
def test_workers_that_die_again_and_again_are_told() -> None:
    def kill_all(done: int, _total: int) -> None:
        if done:
            for worker in multiprocessing.active_children():
                worker.kill()

    with pytest.raises(HasimError, match="fewer jobs"):
        replicate(shipped(), replications=500, jobs=2, progress=kill_all)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"replications": 0}, "replications is a whole number from 1, not 0"),
        ({"jobs": 0}, "jobs is a whole number from 1, not 0"),
        ({"seed": -1}, "the seed is a whole number from 0, not -1"),
        ({"heartbeats": "loud"}, "heartbeats is quiet or explicit, not 'loud'"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replicate(shipped(), **arguments)  # type: ignore[arg-type]


_SCRIPT = """
import sys
from hasim.scenario import load
from hasim.study import replicate, workers
workers._TRIAL_S, workers._WORTH_A_TEAM_S, workers._CHUNK_S = 0.0, -1.0, 0.0
def progress(done, total):
    if done == 1:
        print("running", flush=True)
result = replicate(load(sys.argv[1]), replications=int(sys.argv[2]), jobs=2, progress=progress)
print(len(result.outcomes), result.interrupted, flush=True)
"""


@contextmanager
def script(tmp_path: Path, replications: int) -> Iterator[subprocess.Popen[str]]:
    """A script without ``if __name__ == "__main__"``, in a process group of its own."""
    path = tmp_path / "script.py"
    path.write_text(_SCRIPT)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(path), str(SCENARIOS / "year-of-ordinary-failures.yaml"), str(replications)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(root)}, cwd=tmp_path,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.real
def test_where_processes_cannot_start_it_is_said_that_one_job_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.synchronize._multiprocessing.SemLock", _no_lock)
    with pytest.raises(UserError, match=r"cannot be started here: Read-only file system\. .* with one job \(-j 1\)"):
        replicate(shipped(), replications=100_000, jobs=2)


def _no_lock(*_: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_script_needs_no_guard_around_its_main_program(tmp_path: Path) -> None:
    with script(tmp_path, 4) as process:
        output, errors = process.communicate(timeout=60)
    assert (output.split(), errors, process.returncode) == (["running", "4", "False"], "", 0)


@pytest.mark.real
def test_ctrl_c_on_the_terminal_ends_a_study_without_a_traceback(tmp_path: Path) -> None:
    with script(tmp_path, 1_000_000) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    count, interrupted = output.split()
    assert (interrupted, errors, process.returncode) == ("True", "", 0)
    assert 1 <= int(count) < 1_000_000
