"""The command as a real process: what it loads, how it takes signals, closed pipes, terminals and poor encodings."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.scenario_texts import BASE

pytestmark = pytest.mark.real

COMMAND = [sys.executable, "-c", "from hasim.cli.main import main; main()"]
HEAVY = ("matplotlib", "numpy", "pandas", "pydantic", "rich", "scipy", "simpy", "yaml")
LONG = BASE + "initial_master: a\nfaults: [{kind: crash, target: a, at: 100s, duration: 60s}]\nreplications: 1000000\n"


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A scenario that takes as long as it is given."""
    path = tmp_path / "long.yaml"
    path.write_text(LONG, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "code",
    [
        "import hasim",
        "import hasim.cli.main",
        "import hasim; hasim.UserError",
        "import sys; sys.argv = ['hasim', '--help']; from hasim.cli.main import main; main()",
    ],
)
def test_starting_loads_nothing_heavy(code: str) -> None:
    watch = f"""
import atexit, sys
def report():
    print("LOADED", *[name for name in {HEAVY!r} if name in sys.modules])
atexit.register(report)
{code}
"""
    done = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].split() == ["LOADED"]


@pytest.mark.parametrize(
    ("jobs", "numbers", "status"),
    [
        ("1", [signal.SIGINT], 130),
        ("2", [signal.SIGINT], 130),
        ("2", [signal.SIGTERM, signal.SIGTERM], 143),  # "timeout" does so
        ("2", [signal.SIGHUP], 129),
    ],
    ids=["Ctrl-C alone", "Ctrl-C with workers", "SIGTERM", "SIGHUP"],
)
def test_an_interrupt_keeps_what_is_done(
    endless: Path, tmp_path: Path, jobs: str, numbers: list[signal.Signals], status: int
) -> None:
    out = tmp_path / "out"
    arguments = [*COMMAND, "run", str(endless), "--out", str(out), "--no-charts", "--json", "--jobs", jobs]
    controller, terminal = pty.openpty()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=terminal, start_new_session=True)
    os.close(terminal)
    seen = b""
    while not any(f"{count}/1000000".encode() in seen for count in range(1, 100_000)):
        seen += os.read(controller, 4096)  # the progress bar: some replications are finished
    for number in numbers:
        os.killpg(process.pid, number)
    if signal.SIGHUP in numbers:
        os.close(controller)
    output, _ = process.communicate(timeout=60)  # until the last worker has left, too
    assert process.returncode == status
    document = json.loads(output)
    assert document["interrupted"] is True
    assert len(document["replications"]) > 0
    assert json.loads((out / "result.json").read_text(encoding="utf-8")) == document
    if signal.SIGHUP not in numbers:
        said = read_to_the_end(controller)
        assert b"interrupted: the result is that of" in said
        assert b"Warning" not in said
        assert b"Traceback" not in said


def read_to_the_end(controller: int) -> bytes:
    """What was written to a terminal that everybody has left."""
    seen = b""
    while True:
        try:
            part = os.read(controller, 65_536)
        except OSError:  # Linux's way to say that the other end is closed
            part = b""
        if not part:
            os.close(controller)
            return seen
        seen += part


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "crash.yaml"
    path.write_text(LONG, encoding="utf-8")
    process = subprocess.Popen([*COMMAND, "explain", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert complaint == b""


def test_a_terminal_that_knows_no_arrows_gets_question_marks(tmp_path: Path) -> None:
    path = tmp_path / "crash.yaml"
    path.write_text(LONG, encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*COMMAND, "explain", str(path)], capture_output=True, env=environment, check=True, encoding="ascii"
    )
    assert "BACKUP ? MASTER" in done.stdout


def test_a_terminal_gets_colours_and_columns_that_fit(tmp_path: Path) -> None:
    path = tmp_path / "crash.yaml"
    path.write_text(LONG, encoding="utf-8")
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "70", "PYTHONIOENCODING": "utf-8"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen([*COMMAND, "explain", str(path)], stdout=terminal, env=environment)
    os.close(terminal)
    seen = read_to_the_end(controller)
    assert process.wait(timeout=60) == 0
    assert b"\x1b[" in seen
    assert "╭" in seen.decode()
