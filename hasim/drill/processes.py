"""Processes in a namespace, and their output line by line.

They die with the drill: the kernel kills them when the thread that started them is gone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hasim.drill.namespaces import Namespace
from hasim.drill.priority import favour_session, ordinary, put_first

__all__ = ["Reader", "Started", "clean_environment", "program"]

Reader = Callable[[str], None]
"""Told a line of output."""

_PROGRAMS = Path(__file__).parent / "programs"
_CHUNK = 65_536
_INTERPRETER_IS_UP_S = 0.7


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for what runs in a namespace: without proxies, which are somewhere else, and with ``more``."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | dict(more or {})


def program(name: str, *arguments: object) -> list[str]:
    """The command that runs one of :mod:`hasim.drill.programs`."""
    return [sys.executable, "-IS", str(_PROGRAMS / f"{name}.py"), *map(str, arguments)]


class Started:
    """A process in a namespace, in a session of its own.

    ``on_line`` is told every line of its output, standard output and error alike. One that ``measures`` goes before
    everything else as soon as its interpreter is up; any other is as a process of an instance is. ``stdin`` and
    ``stdout`` are descriptors in place of pipes of its own; output that goes to ``stdout`` is not read here.
    ``descriptors`` are left open for it.
    """

    def __init__(
        self,
        namespace: Namespace,
        command: Sequence[str],
        on_line: Reader,
        *,
        environment: Mapping[str, str] | None = None,
        measures: bool = False,
        stdin: int | None = None,
        stdout: int | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        leashed = ["setpriv", "--pdeathsig", "KILL", *ordinary(command)]
        with namespace.inside():
            self._process = subprocess.Popen(
                leashed,
                stdin=subprocess.PIPE if stdin is None else stdin,
                stdout=subprocess.PIPE if stdout is None else stdout,
                stderr=subprocess.STDOUT,
                env=clean_environment(environment),
                pass_fds=descriptors,
                start_new_session=True,
            )
        self.started_ns = time.monotonic_ns()
        favour_session(self._process.pid)
        self._on_line = on_line
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        if self._process.stdout is not None:
            os.set_blocking(self._process.stdout.fileno(), False)
            self._loop.add_reader(self._process.stdout.fileno(), self._read)
        if measures:
            self._loop.call_later(_INTERPRETER_IS_UP_S, self._put_first)

    def _put_first(self) -> None:
        if self.running:
            put_first(self._process.pid)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """A signal for it; none if it is gone."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def close(self) -> None:
        """Kill it if it still runs, and read no more."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._read()
            self._loop.remove_reader(self._process.stdout.fileno())
            self._process.stdout.close()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            chunk = os.read(self._process.stdout.fileno(), _CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            self._loop.remove_reader(self._process.stdout.fileno())
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._on_line(line.decode(errors="replace"))
