"""Exit statuses, and what a user sees when something goes wrong."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable

import pytest
import typer

from hasim.cli.guard import INTERRUPTED, OUR_FAULT, USER_INPUT, guarded, run_program
from hasim.errors import HasimError, LostWorkersError, ModelInvariantError, UserError
from hasim.study.interrupts import ctrl_c_later


def status_of(raised: BaseException) -> int:
    """The exit status of a command that raises that."""

    def command() -> None:
        raise raised

    return status_after(command)


def status_after(command: Callable[[], None]) -> int:
    with pytest.raises(typer.Exit) as left:
        guarded(command)()
    return left.value.exit_code


def test_a_command_that_returns_ends_well() -> None:
    guarded(lambda: None)()


def test_the_users_mistakes_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(UserError("pair.yaml:3: horizon: expected a duration")) == USER_INPUT
    assert capsys.readouterr().err == "hasim: error: pair.yaml:3: horizon: expected a duration\n"


def test_every_mistake_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(UserError("pair.yaml:3: zones: a\npair.yaml:4: vpc: b")) == USER_INPUT
    assert capsys.readouterr().err == "hasim: error: pair.yaml:3: zones: a\nhasim: error: pair.yaml:4: vpc: b\n"


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (ModelInvariantError("an address on two ENIs"), "the model contradicts itself"),
        (ZeroDivisionError("division\nby zero"), "an unexpected error"),
    ],
)
def test_our_own_mistakes_say_how_to_report_them(
    raised: Exception, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HASIM_DEBUG", raising=False)
    assert status_of(raised) == OUR_FAULT
    said = capsys.readouterr().err
    assert words in said
    assert "Please report it" in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 2


def test_what_hasim_cannot_help_is_said_without_an_excuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(HasimError("the worker processes are killed again and again")) == OUR_FAULT
    assert capsys.readouterr().err == "hasim: error: the worker processes are killed again and again\n"


def test_who_loses_the_workers_reads_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    error = LostWorkersError("the cluster is lost: 7 runs are missing")
    error.add_note("what was finished is kept in j.sqlite")
    assert status_of(error) == OUR_FAULT
    said = "hasim: error: the cluster is lost: 7 runs are missing; what was finished is kept in j.sqlite\n"
    assert capsys.readouterr().err == said


def test_hasim_debug_shows_where_it_happened(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HASIM_DEBUG", "1")
    assert status_of(ZeroDivisionError("x")) == OUR_FAULT
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_interrupt_is_said_and_passed_on_as_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(KeyboardInterrupt()) == INTERRUPTED
    assert capsys.readouterr().err == "hasim: interrupted\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_request_to_end_is_an_interrupt_with_a_status_of_its_own(
    number: signal.Signals, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []

    def command() -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            signal.raise_signal(number)  # as "timeout" does, which tells the process and its group
            seen.append("what was finished is kept")
            raise

    assert status_after(command) == status
    assert capsys.readouterr().err == "hasim: interrupted\n"
    assert seen == ["what was finished is kept"]
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_request_to_end_waits_for_a_transaction_even_where_ctrl_c_is_ignored() -> None:
    done = []

    def command() -> None:
        with ctrl_c_later():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            done.append("whole")
        done.append("never")

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # in the background of a shell without job control
    try:
        assert status_after(command) == 143
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == ["whole"]


def test_nohup_stays_in_force() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        guarded(lambda: signal.raise_signal(signal.SIGHUP))()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_status_that_the_command_chose_stays() -> None:
    assert status_of(typer.Exit(99)) == 99


def test_a_full_disk_is_not_a_bug(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, "w", encoding="utf-8") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert status_of(OSError(errno.ENOSPC, "No space left on device")) == USER_INPUT
    assert capfd.readouterr().err == "hasim: error: the output cannot be written: No space left on device\n"


def test_help_that_cannot_be_written_is_said_like_everything_else(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def print_help() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with open(os.devnull, "w", encoding="utf-8") as output:
        monkeypatch.setattr(sys, "stdout", output)
        with pytest.raises(SystemExit) as left:
            run_program(print_help)
    assert left.value.code == USER_INPUT
    assert capfd.readouterr().err == "hasim: error: the output cannot be written: No space left on device\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_device_is_noticed_before_the_program_ends(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w", encoding="utf-8") as output:
        monkeypatch.setattr(sys, "stdout", output)
        with pytest.raises(SystemExit) as left:
            run_program(lambda: print("hasim 1.0"))
    assert left.value.code == USER_INPUT
    assert capfd.readouterr().err.count("\n") == 1
