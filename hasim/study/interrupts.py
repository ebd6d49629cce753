"""Ctrl-C at a better moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hasim.units import counted

__all__ = ["Interrupted", "ctrl_c_later"]


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

    Only the main thread is ever interrupted; in another one this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = False

    def remember(_number: int, _frame: object) -> None:
        nonlocal came
        came = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came and callable(before):
        before(signal.SIGINT, None)
