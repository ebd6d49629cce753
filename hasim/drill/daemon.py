"""The keepalived of an instance as a process: started, stopped, killed, told to read its configuration again."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hasim.drill.keepalived_log import KeepalivedLog
from hasim.drill.namespaces import Namespace, is_alive
from hasim.drill.priority import KEEPALIVED_OPTIONS
from hasim.drill.processes import Started, program
from hasim.errors import HasimError

__all__ = ["Daemon", "send"]

_RECLAIM_UNIT = "hasim-reclaim.service"
_NOTIFY = "hasim_notify.py"
_CONFIGURATION = "keepalived.conf"
_PRIORITY = re.compile(r"^(\s*priority )(\d+)$", re.MULTILINE)


class Daemon:
    """keepalived with the exported ``files`` of the instance ``name``, in its ``namespace``.

    Its log is stamped by a process in the namespace ``aside``. ``on_state`` is told the name and every new VRRP state.
    ``starts`` are when it was started and when it was BACKUP, of every start. ``full_priority`` is its effective
    priority in the steady state.
    """

    def __init__(
        self,
        name: str,
        namespace: Namespace,
        aside: Namespace,
        files: Path,
        environment: Mapping[str, str],
        on_state: Callable[[str, str], None],
        full_priority: int,
    ) -> None:
        self.log = KeepalivedLog(name, full_priority)
        self.starts: list[tuple[int, int]] = []
        self._name = name
        self._namespace = namespace
        self._aside = aside
        self._files = files
        self._environment = environment
        self._on_state = on_state
        self._process: Started | None = None
        self._reclaim: Started | None = None
        self._all: list[Started] = []
        self._life = -1
        _give_priority(files / _CONFIGURATION)
        self._gain = full_priority - _configured_priority(files / _CONFIGURATION)

    @property
    def running(self) -> bool:
        """Whether there is a process: a VRRP process that has lost its parent takes a second to end."""
        child = self._pid("child")
        has_child = child is not None and is_alive(child)
        return has_child or (self._process is not None and self._process.running)

    def start(self) -> None:
        """Start it, and the periodic re-claim beside it where the instance has one."""
        command = ["keepalived", "--dont-fork", "--log-console", "--log-detail", "--no-syslog", "--vrrp"]
        command += ["--use-file", str(self._files / _CONFIGURATION)]
        command += ["--pid", str(self._pid_file("parent")), "--vrrp_pid", str(self._pid_file("child"))]
        for which in ("parent", "child"):  # a killed one that nobody has waited for yet would count as running
            self._pid_file(which).unlink(missing_ok=True)
        outlet, inlet = os.pipe()
        life = self._life = len(self._all)
        self._all.append(
            Started(self._aside, program("stamp"), lambda line: self._said(life, line), measures=True, stdin=outlet)
        )
        self._process = self._start(command, stdout=inlet)
        os.close(outlet)
        os.close(inlet)
        if (self._files / _RECLAIM_UNIT).exists() and self._reclaim is None:
            self._reclaim = self._start([sys.executable, str(self._files / _NOTIFY), "watch"])

    def stop(self) -> None:
        """Ask it to stop."""
        if self._process is not None:
            self._process.send(signal.SIGTERM)

    def kill(self, process: str) -> None:
        """Kill its ``child``, its ``parent``, or ``all``.

        Of several, none may live to see the others die: a child would say good-bye, a parent start another child.
        """
        wanted = ("child", "parent") if process == "all" else (process,)
        pids = [pid for pid in map(self._pid, wanted) if pid is not None]
        if len(pids) > 1:
            send(pids, signal.SIGSTOP)
        send(pids, signal.SIGKILL)
        if process == "all":
            self.died("killed")

    def died(self, reason: str) -> None:
        """It is gone without a word; what comes of its log from now on is not heeded any more."""
        self._life = -1
        self.log.died(time.monotonic_ns(), reason)

    def reload(self, priority: int) -> None:
        """Give it another priority and have it read its configuration again."""
        if self._process is None:
            return
        path = self._files / _CONFIGURATION
        before = _configured_priority(path)
        path.write_text(_PRIORITY.sub(rf"\g<1>{priority}", path.read_text(encoding="utf-8")), encoding="utf-8")
        now_ns = time.monotonic_ns()
        self._process.send(signal.SIGHUP)
        self.log.reloaded(now_ns, before + self._gain, priority + self._gain)

    def close(self) -> None:
        """Read no more, when everything is dead."""
        for process in self._all:
            process.close()

    def _said(self, life: int, line: str) -> None:
        stamp, _, text = line.partition(" ")
        if life != self._life:
            return
        before = self.log.state
        self.log.read(int(stamp), text)
        if self.log.state != before:
            self._on_state(self._name, self.log.state)
        if before == "INIT" != self.log.state and self._process is not None:
            self.starts.append((self._process.started_ns, int(stamp)))

    def _start(self, command: list[str], stdout: int | None = None) -> Started:
        started = Started(self._namespace, command, lambda line: None, environment=self._environment, stdout=stdout)
        self._all.append(started)
        return started

    def _pid_file(self, which: str) -> Path:
        return self._files / f"{which}.pid"

    def _pid(self, which: str) -> int | None:
        try:
            return int(self._pid_file(which).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None


def _configured_priority(configuration: Path) -> int:
    """The priority in the configuration, before any weight."""
    found = _PRIORITY.search(configuration.read_text(encoding="utf-8"))
    if found is None:
        raise HasimError(f"{configuration} has no priority")
    return int(found[2])


def _give_priority(configuration: Path) -> None:
    """Let the VRRP process (and no script of it) go before whatever else the machine does."""
    text = configuration.read_text(encoding="utf-8")
    head = "global_defs {\n"
    if head not in text:
        raise HasimError(f"{configuration} has no global_defs")
    changed = text.replace(head, head + KEEPALIVED_OPTIONS, 1)
    configuration.write_text(changed, encoding="utf-8")


def send(pids: Sequence[int], number: signal.Signals) -> None:
    """A signal for each process that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
