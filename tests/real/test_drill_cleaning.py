"""A drill leaves nothing behind: not at its end, not after Ctrl-C, and after kill -9 not beyond the next start."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hasim.drill.register import ROOT, remove_dead
from tests.real.drilling import QUICK_CLOUD, needs_drills

pytestmark = [pytest.mark.real, pytest.mark.drill, needs_drills]

_SCENARIO = (
    QUICK_CLOUD
    + """
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
vrrp: {version: 3, advert_int: 100ms}
faults: [{kind: crash, target: a, at: 10s}]
"""
)
_KILLED = 10
_AT_ONCE = 5
_PATIENCE_S = 60


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(_SCENARIO, encoding="utf-8")
    return path


def _start(scenario: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from hasim.cli.main import main; main()", "drill", str(scenario), "--rooms", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _directory(pid: int) -> Path | None:
    """Where a drill has its things, as soon as it has any."""
    for lock in ROOT.glob("*/lock"):
        try:
            if lock.read_text(encoding="ascii").strip() == str(pid):
                return lock.parent
        except OSError:
            continue
    return None


def _wait_for_directory(process: subprocess.Popen[str]) -> Path:
    deadline_s = time.monotonic() + _PATIENCE_S
    while (found := _directory(process.pid)) is None:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return found


def _left(directory: Path, namespaces: set[str]) -> list[str]:
    """Everything on the machine that belongs to a drill with that directory and those namespaces."""
    left = [str(path) for path in (directory, *directory.glob("**/*")) if path.exists()]
    left += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(directory) in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            namespace = os.readlink(process / "ns" / "net")
        except OSError:
            continue
        if str(directory) in command or namespace in namespaces:
            left.append(f"{process.name}: {command}")
    return left


def _namespaces(pid: int) -> set[str]:
    """The network namespaces in which a process has children, apart from its own."""
    own = os.readlink("/proc/self/ns/net")
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = (process / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[1]
            namespace = os.readlink(process / "ns" / "net")
        except OSError:
            continue
        if parent == str(pid) and namespace != own:
            found.add(namespace)
    return found


def test_ten_drills_killed_at_random_moments_leave_nothing_after_the_next_start(scenario: Path) -> None:
    moments = random.Random(20)

    def kill_one(delay_s: float) -> list[str]:
        process = _start(scenario)
        directory = _wait_for_directory(process)
        time.sleep(delay_s)
        namespaces = _namespaces(process.pid)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        remove_dead()
        return _left(directory, namespaces)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        left = list(threads.map(kill_one, [moments.uniform(0.0, 6.0) for _ in range(_KILLED)]))
    assert left == [[]] * _KILLED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_and_ends_with_its_status(scenario: Path, number: signal.Signals) -> None:
    process = _start(scenario)
    directory = _wait_for_directory(process)
    time.sleep(3.0)
    namespaces = _namespaces(process.pid)
    assert namespaces
    process.send_signal(number)
    output, message = process.communicate(timeout=_PATIENCE_S)
    assert (process.returncode, output) == (130, "")
    assert message.endswith("hasim: interrupted\n")
    assert _left(directory, namespaces) == []


def test_programs_that_are_missing_are_named_and_nothing_is_made(scenario: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from hasim.cli.main import main; main()", "drill", str(scenario)]
    environment = os.environ | {"PATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, env=environment, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    for program in ("keepalived", "iproute2", "nftables"):
        assert program in done.stderr
