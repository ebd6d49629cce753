"""What is inside a guest that keepalived tracks: processes that run, and files with a number in them."""

from __future__ import annotations

from hasim.scenario.model import TrackFile, TrackProcess

__all__ = ["Files", "Processes"]


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


class Files:
    """The numbers in tracked files; None: there is no such file. They survive a boot."""

    def __init__(self, tracked: tuple[TrackFile, ...]) -> None:
        self._value = {file.name: file.value for file in tracked}
        self._written: dict[str, list[int]] = {name: [] for name in self._value}

    def value(self, name: str) -> int | None:
        """What stands in it now."""
        written = self._written[name]
        return written[-1] if written else self._value[name]

    def write(self, name: str, value: int) -> None:
        """Somebody writes it, until :meth:`restore`."""
        self._written[name].append(value)

    def restore(self, name: str, value: int) -> None:
        """It says again what it said before that number was written (unless another was written meanwhile)."""
        if value in self._written[name]:
            self._written[name].remove(value)

    def replace(self, name: str, value: int) -> None:
        """keepalived itself writes it, for good."""
        self._value[name] = value
        self._written[name].clear()
