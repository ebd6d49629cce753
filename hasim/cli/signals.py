"""SIGTERM (``kill``, ``timeout``, service managers, batch systems) and SIGHUP (a closed terminal), taken as Ctrl-C is.

What was finished is kept and said, workers end, and the exit status is 128 and the number of the signal.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import typer

__all__ = ["INTERRUPTED", "ended_by_signals"]

INTERRUPTED = 128 + signal.SIGINT

_TERMINATING = tuple(signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_STANDARD_STREAMS = (1, 2)

_AGAIN_S = 1.0
"""``timeout`` tells its child and then the whole process group, and a shell says again what the kernel said: what comes
within this time is the same request."""

P = ParamSpec("P")


def ended_by_signals(command: Callable[P, None]) -> Callable[P, None]:
    """Have ``command`` interrupted by those signals; one that leaves as interrupted leaves with their status."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with _interrupting() as came:
            try:
                command(*args, **kwargs)
            except typer.Exit as leave:
                if leave.exit_code == INTERRUPTED and came:
                    raise typer.Exit(128 + came[0]) from None
                raise

    return run


@contextmanager
def _interrupting() -> Iterator[list[int]]:
    """Raise :class:`KeyboardInterrupt` when one comes, and gather those that came.

    One that is ignored (``nohup``), or handled by the program that called us, is none of our business; nor is anything
    outside of the main thread.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    terminals = [descriptor for descriptor in _STANDARD_STREAMS if os.isatty(descriptor)]
    ignored_until_s = 0.0

    def interrupt(number: int, _frame: object) -> None:
        nonlocal ignored_until_s
        if time.monotonic() < ignored_until_s:
            return
        ignored_until_s = time.monotonic() + _AGAIN_S
        came.append(number)
        if number != signal.SIGTERM:
            _silence(terminals)
        raise KeyboardInterrupt

    ours = [number for number in _TERMINATING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield came
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _silence(terminals: list[int]) -> None:
    """Nobody reads there any more, and writing would fail."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    for descriptor in terminals:
        os.dup2(devnull, descriptor)
    os.close(devnull)
