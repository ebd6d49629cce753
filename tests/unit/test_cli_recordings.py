"""``--pcap`` and ``--timeline``: which replication they hold, and what they refuse before any work."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hasim.cli.main import app
from tests.unit.scenario_texts import BASE

CRASH = BASE + "initial_master: a\nfaults: [{kind: crash, target: a, at: 100s, duration: 60s}]\nreplications: 2\n"


@pytest.fixture
def crash(tmp_path: Path) -> Path:
    path = tmp_path / "crash.yaml"
    path.write_text(CRASH, encoding="utf-8")
    return path


def hasim_command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="hasim")


def test_run_and_explain_write_the_same_first_replication(crash: Path, tmp_path: Path) -> None:
    for name, more in (("run", ("-j", 1, "-n", 1)), ("explain", ())):
        files = ("--pcap", tmp_path / f"{name}.pcapng", "--timeline", tmp_path / f"{name}.json")
        result = hasim_command(name, crash, *more, *files, "--window", "90s..110s")
        assert result.exit_code == 0
        assert f"packets in {tmp_path / name}.pcapng" in result.stderr
    assert (tmp_path / "run.pcapng").read_bytes() == (tmp_path / "explain.pcapng").read_bytes()
    first, second = (json.loads((tmp_path / f"{name}.json").read_text("utf-8")) for name in ("run", "explain"))
    assert first["traceEvents"]
    assert first["traceEvents"] == second["traceEvents"]


def test_what_episodes_cannot_answer_is_refused_before_anything_is_recorded(crash: Path, tmp_path: Path) -> None:
    result = hasim_command("run", crash, "--method", "episodes", "--pcap", tmp_path / "first.pcapng")
    assert result.exit_code == 2
    assert "strikes at a fixed time" in result.stderr
    assert not (tmp_path / "first.pcapng").exists()


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("run", "--pcap"),
        ("explain", "--timeline"),
        ("report", "--out"),
        ("compare --variant x:notify.tries=9", "--report"),
    ],
)
def test_a_pipe_or_device_is_refused_and_not_replaced(crash: Path, tmp_path: Path, command: str, option: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = hasim_command(*command.split(), crash, option, pipe)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "this is no ordinary file" in result.stderr
    assert pipe.is_fifo()


@pytest.mark.parametrize("command", ["run", "explain"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--window", "1s..2s"), "give --pcap FILE too"),
        (("--pcap", "x.pcapng", "--window", "2s"), "expected FROM..TO"),
        (("--pcap", "x.pcapng", "--window", "2h..3h"), "it must begin before it ends, and within the run"),
        (("--pcap", "nowhere/x.pcapng"), "nowhere"),
        (("--timeline", "nowhere/x.json"), "nowhere"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(
    crash: Path, command: str, options: tuple[str, ...], expected: str
) -> None:
    result = hasim_command(command, crash, *options)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        "explain {0} --pcap {0}",
        "explain {0} --timeline {0}",
        "run {0} --pcap {0}",
        "report {0} --out {0}",
        "sweep {0} --vary notify.retry_delay=1s,2s --report {0}",
        "drill {0} --calibrate {0}",
    ],
)
def test_a_file_of_another_kind_is_not_replaced(crash: Path, command: str) -> None:
    result = hasim_command(*command.format(crash).split())
    assert result.exit_code == 2
    assert "this file holds something else, which would be lost; name another" in result.stderr
    assert crash.read_text(encoding="utf-8") == CRASH


def test_two_recordings_do_not_share_a_file(crash: Path, tmp_path: Path) -> None:
    result = hasim_command("explain", crash, "--pcap", tmp_path / "one", "--timeline", tmp_path / "one")
    assert result.exit_code == 2
    assert "give each a file of its own" in result.stderr
    assert not (tmp_path / "one").exists()


def test_a_recording_may_be_written_again(crash: Path, tmp_path: Path) -> None:
    files = ("--pcap", tmp_path / "a.pcapng", "--timeline", tmp_path / "a.json", "--window", "99s..101s")
    assert [hasim_command("explain", crash, *files).exit_code for _ in range(2)] == [0, 0]


def test_a_link_in_a_loop_is_replaced_by_the_recording(crash: Path, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    result = hasim_command("run", crash, "-n", 1, "--pcap", loop, "--timeline", tmp_path / "timeline.json")
    assert result.exit_code == 0
    assert loop.is_file()
