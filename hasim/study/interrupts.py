"""Ctrl-C at a better moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hasim.units import counted

__all__ = ["ENDING", "Interrupted", "ctrl_c_later"]

ENDING = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""How a program is asked to end: Ctrl-C; ``kill``, a service manager or a batch system; a closed terminal."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a study by episodes that has a journal.

    Attributes:
        kept: how many of its episodes are there.
    """

    def __init__(self, kept: int) -> None:
        """After so many episodes."""
        super().__init__(f"{counted(kept, 'episode')} of this study {'is' if kept == 1 else 'are'} in its journal")
        self.kept = kept


@contextmanager
def ctrl_c_later() -> Iterator[None]:
    """Have Ctrl-C take effect after the block: half a transaction, or a library half imported, cannot be gone on with.

    The same goes for the other requests to end, if the program handles them. Only the main thread is ever interrupted;
    in another one this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, _frame: object) -> None:
        came.append(number)

    before = {int(number): signal.getsignal(number) for number in ENDING}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, remember)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in came:
        handlers[number](number, None)
