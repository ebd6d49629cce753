"""Exit statuses, and what a user sees when something goes wrong: a line for each mistake, never a traceback.

0 fine, 1 our fault, 2 the user's input, 98 a drill was outside of its simulation, 99 an SLO is not met, 130
interrupted, 143 and 129 likewise by SIGTERM and SIGHUP. A reader that goes away (``hasim explain ... | head``) is no
error at all.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec

import typer

from hasim.cli.signals import INTERRUPTED, ended_by_signals
from hasim.errors import HasimError, ModelInvariantError, UserError

__all__ = ["INTERRUPTED", "OUR_FAULT", "OUTSIDE", "SLO_NOT_MET", "USER_INPUT", "guarded", "run_program", "say"]

OUR_FAULT = 1
USER_INPUT = 2
OUTSIDE = 98
SLO_NOT_MET = 99

_FULL = (errno.ENOSPC, errno.EDQUOT)

P = ParamSpec("P")


def say(message: str) -> None:
    """A message to the person at the terminal; standard output is for answers only."""
    print(f"hasim: {message}", file=sys.stderr)


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turn whatever ``command`` raises into a message and an exit status."""

    @ended_by_signals
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:
            _leave_quietly()
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except UserError as error:
            for mistake in str(error).splitlines():
                say(f"error: {mistake}")
            raise typer.Exit(USER_INPUT) from None
        except ModelInvariantError as error:
            _admit(error)
        except OSError as error:
            if error.errno not in _FULL:
                _admit(error)
            _say_full(error)
            _leave_quietly(USER_INPUT)
        except HasimError as error:
            say(f"error: {'; '.join((str(error), *getattr(error, '__notes__', ())))}")
            raise typer.Exit(OUR_FAULT) from None
        except Exception as error:
            _admit(error)

    return run


def run_program(program: Callable[[], object]) -> None:
    """Run the program as a whole: help and the version are printed outside of every command."""
    try:
        try:
            program()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _say_full(error)
        _silence()
        sys.exit(USER_INPUT)


def _say_full(error: OSError) -> None:
    say(f"error: the output cannot be written: {error.strerror}")


def _silence() -> None:
    """Nobody reads any more: the interpreter must not complain either when it flushes at the end."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())


def _leave_quietly(status: int = 0) -> NoReturn:
    _silence()
    raise typer.Exit(status)


def _admit(error: Exception) -> NoReturn:
    if os.environ.get("HASIM_DEBUG") == "1":
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    what = "the model contradicts itself" if isinstance(error, ModelInvariantError) else "an unexpected error"
    detail = " ".join(str(error).split())
    say(
        f"{what}, which is a bug in hasim and not in your scenario: {type(error).__name__}: {detail}\n"
        "       Please report it with the scenario, the command and its seed; HASIM_DEBUG=1 shows where it happened."
    )
    raise typer.Exit(OUR_FAULT) from None
