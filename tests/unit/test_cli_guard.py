"""Exit statuses, and what a user sees when something goes wrong."""

from __future__ import annotations

import errno
import os
import sys

import pytest
import typer

from hasim.cli.guard import INTERRUPTED, OUR_FAULT, USER_INPUT, guarded, run_program
from hasim.errors import HasimError, ModelInvariantError, UserError


def status_of(raised: BaseException) -> int:
    """The exit status of a command that raises that."""

    @guarded
    def command() -> None:
        raise raised

    with pytest.raises(typer.Exit) as left:
        command()
    return left.value.exit_code


def test_a_command_that_returns_ends_well() -> None:
    guarded(lambda: None)()


def test_the_users_mistakes_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(UserError("pair.yaml:3: horizon: expected a duration")) == USER_INPUT
    assert capsys.readouterr().err == "hasim: error: pair.yaml:3: horizon: expected a duration\n"


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


def test_hasim_debug_shows_where_it_happened(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HASIM_DEBUG", "1")
    assert status_of(ZeroDivisionError("x")) == OUR_FAULT
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_interrupt_is_said_and_passed_on_as_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(KeyboardInterrupt()) == INTERRUPTED
    assert capsys.readouterr().err == "hasim: interrupted\n"


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
