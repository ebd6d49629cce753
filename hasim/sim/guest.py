"""What is inside a guest: what it is about to do, the processes that run there, and the files that keepalived reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hasim.scenario.model import TrackProcess
from hasim.sim.kernel import WORLD, Kernel

__all__ = ["Agenda", "Contents", "Processes"]


@dataclass(slots=True, eq=False)
class _Item:
    """One thing to be done. ``is_work``: a freeze lengthens it; otherwise a clock is waited for, which runs on."""

    begun_ns: int
    due_ns: int
    is_work: bool
    action: Callable[[], None]


class Agenda:
    """What a guest is about to do. While it is frozen it does nothing; when its power goes, all is forgotten.

    What somebody does inside it (a signal to a process, an orderly shutdown) waits for the end of a freeze, too. It
    comes then before what a process has missed, for a pending SIGKILL lets that do nothing more.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._items: dict[_Item, None] = {}
        self._frozen_ns: int | None = None

    def do(self, action: Callable[[], None]) -> None:
        """Do it now, or when the guest goes on."""
        if self._frozen_ns is None:
            action()
        else:
            self._items[_Item(self._kernel.now, self._kernel.now, False, action)] = None

    def work(self, duration_ns: int, action: Callable[[], None]) -> None:
        """Do it when so much time has been worked on it; what is left of that in a freeze comes after it."""
        self._add(duration_ns, action, is_work=True)

    def wait(self, duration_ns: int, action: Callable[[], None]) -> None:
        """Do it after so much time on the clock; what falls due in a freeze is done at its end."""
        self._add(duration_ns, action, is_work=False)

    def freeze(self) -> None:
        """The guest stands still."""
        self._frozen_ns = self._kernel.now

    def thaw(self) -> None:
        """It goes on."""
        assert self._frozen_ns is not None, "it was frozen"
        now, frozen_ns = self._kernel.now, self._frozen_ns
        self._frozen_ns = None
        for item in list(self._items):
            if item.is_work:
                item.due_ns += now - max(frozen_ns, item.begun_ns)
                self._schedule(item)
            elif item.due_ns <= now:
                self._take(item)

    def clear(self) -> None:
        """The power is gone."""
        self._items.clear()

    def _add(self, duration_ns: int, action: Callable[[], None], *, is_work: bool) -> None:
        now = self._kernel.now
        item = _Item(now, now + duration_ns, is_work, action)
        self._items[item] = None
        self._schedule(item)

    def _schedule(self, item: _Item) -> None:
        def due(_event: Any) -> None:
            if self._frozen_ns is None and item.due_ns <= self._kernel.now:
                self._take(item)

        self._kernel.at(item.due_ns, WORLD, due)

    def _take(self, item: _Item) -> None:
        if item in self._items:
            del self._items[item]
            item.action()


class Processes:
    """How many of each tracked process run. Faults nest: one is started again when every fault that ended it is
    over."""

    def __init__(self, tracked: tuple[TrackProcess, ...]) -> None:
        self._count = {process.name: process.count for process in tracked}
        self._ended = dict.fromkeys(self._count, 0)

    def running(self, name: str) -> int:
        """So many of it run while the operating system is up."""
        return max(self._count[name] - self._ended[name], 0)

    def end(self, name: str, count: int | None) -> None:
        """So many of it (None: all) end."""
        self._ended[name] += self._count[name] if count is None else count

    def start_again(self, name: str, count: int | None) -> None:
        """They are started again."""
        self._ended[name] -= self._count[name] if count is None else count


T = TypeVar("T")


class Contents(Generic[T]):
    """What a file says that faults write into. It survives a boot. Faults nest: of those in force the last one counts,
    in whatever order they end."""

    def __init__(self, value: T) -> None:
        self._value = value
        self._written: dict[str, T] = {}

    @property
    def value(self) -> T:
        """What stands in it now."""
        return next(reversed(self._written.values()), self._value)

    def write(self, fault: str, value: T) -> None:
        """A fault of that name writes it, until :meth:`restore`."""
        self._written.pop(fault, None)
        self._written[fault] = value

    def restore(self, fault: str) -> None:
        """That fault is over, and the file says again what it said before (unless something was written since)."""
        self._written.pop(fault, None)

    def replace(self, value: T) -> None:
        """keepalived itself writes it, for good."""
        self._value = value
        self._written.clear()
