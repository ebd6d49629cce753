"""One instance of a drill: its processes, its power, and what its kernel and its daemon say about themselves.

Everything that becomes true here is kept as records of a trace, at times of CLOCK_MONOTONIC.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from pathlib import Path

from hasim.drill.daemon import Daemon, send
from hasim.drill.layout import SERVICE_PORT
from hasim.drill.namespaces import Namespace
from hasim.drill.priority import favour_session, ordinary
from hasim.drill.processes import Started, clean_environment, program
from hasim.errors import HasimError
from hasim.trace import GuestAddressChanged, PowerChanged, Record, ServiceChanged, StateChanged
from hasim.units import MILLISECOND

__all__ = ["Guest"]

_CHECK = "hasim_check.py"
_RTMGRP_LINK, _RTMGRP_IPV4_IFADDR = 0x1, 0x10
_CARRIERS = {"up": True, "down": False}
_LOG_LATENESS_NS = 200 * MILLISECOND
_CHECK_PATIENCE_S = 30
_STOPPED_WITHIN_S = 5.0
_STANDING_STILL = ("T", "t", "D", "Z", "X")


class Guest:
    """The instance ``name`` with its exported ``files``. ``floating`` is the address that moves (None: its own).

    What watches it, and must not stand still with it, lives in the namespace ``aside``. ``on_state`` is told the name
    and every new VRRP state; ``full_priority`` is its effective priority in the steady state. ``carriers`` is what the
    guest's kernel told of its links: when, which device, and whether it has a carrier; ``announced`` when a gratuitous
    ARP for the floating address left it.
    """

    def __init__(
        self,
        name: str,
        namespace: Namespace,
        aside: Namespace,
        files: Path,
        floating: IPv4Address | None,
        environment: dict[str, str],
        on_state: Callable[[str, str], None],
        full_priority: int,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.script_log = files / "scripts.log"
        self.power = "running"
        self.service_is_up = False
        self.has_address = False
        self.own_records: list[Record] = []
        self.carriers: list[tuple[int, str, bool]] = []
        self.announced: list[int] = []
        self._files = files
        self._floating = str(floating)
        self._environment = environment | {"HASIM_LOG": str(self.script_log)}
        self.daemon = Daemon(name, namespace, aside, files, self._environment, on_state, full_priority)
        self._gates: dict[str, bool] = {}
        self._gate_stands = False
        self._service: Started | None = None
        self._kernel = self._watch_kernel(aside)

    def _watch_kernel(self, aside: Namespace) -> Started:
        kernel = self.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        kernel.bind((0, _RTMGRP_LINK | _RTMGRP_IPV4_IFADDR))
        command = program("kernel", kernel.fileno())
        with kernel:
            return Started(aside, command, self._kernel_said, measures=True, descriptors=[kernel.fileno()])

    @property
    def records(self) -> list[Record]:
        """Everything that became true here, each source in its own order.

        The daemon says that it is MASTER, or no longer, and then changes the address and announces it. The kernel tells
        of that at once, but the log goes through a pipe: a transition was not later than what it brought about.
        """
        changes = [record for record in self.own_records if isinstance(record, GuestAddressChanged)]
        gained = [*(change.at for change in changes if change.present), *self.announced]
        lost = [change.at for change in changes if not change.present]
        return [*(_not_later(record, gained, lost) for record in self.daemon.log.records), *self.own_records]

    @property
    def state(self) -> str:
        """The VRRP state, by the daemon's log."""
        return self.daemon.log.state

    @property
    def service_answers(self) -> bool:
        """Whether the application would answer."""
        return self.service_is_up and not self._gates and self.power == "running"

    def kill(self) -> None:
        """End everything inside."""
        self.thaw_processes()
        self.namespace.kill_all()

    def close(self) -> None:
        """Read and listen no more, when everything is dead."""
        self.daemon.close()
        if self._service is not None:
            self._service.close()
        self._kernel.close()

    # The application ------------------------------------------------------------------------------------------------

    def start_service(self) -> None:
        """Start the application."""
        self._service = Started(
            self.namespace,
            program("service", self.name, SERVICE_PORT),
            self._service_said,
            measures=True,
        )

    def _service_said(self, line: str) -> None:
        if line == "ready":
            self.service_is_up = True
            self._note_service(time.monotonic_ns())

    @property
    def hangs(self) -> bool:
        """Whether who asks the application is let wait (now, or when the run ended)."""
        return any(self._gates.values())

    @property
    def is_at_work(self) -> bool:
        """Whether its processes run, and who asks the application is told something at once."""
        return self.power == "running" and not self.hangs

    @property
    def condition(self) -> int:
        """A number that is another one after every change of power or service."""
        return len(self.own_records)

    def close_gate(self, reason: str, *, hangs: bool) -> None:
        """The application does not answer any more: it refuses, or lets everybody wait."""
        self._gates[reason] = hangs
        self._set_gate()
        self._note_service(time.monotonic_ns())

    def open_gate(self, reason: str) -> None:
        """That reason is gone."""
        if self._gates.pop(reason, None) is not None:
            self._set_gate()
            self._note_service(time.monotonic_ns())

    def _set_gate(self) -> None:
        lines = ["delete table inet gate"] if self._gate_stands else []
        self._gate_stands = bool(self._gates)
        if self._gates:
            hangs = any(self._gates.values())
            tcp, udp = ("drop", "drop") if hangs else ("reject with tcp reset", "reject")
            lines += [
                "table inet gate {",
                "chain input {",
                "type filter hook input priority 0",
                f"tcp dport {SERVICE_PORT} {tcp}",
                f"udp dport {SERVICE_PORT} {udp}",
                "}",
                "}",
            ]
        self.namespace.run(["nft", "-f", "-"], "\n".join(lines) + "\n")

    def _note_service(self, at_ns: int) -> None:
        self.own_records.append(ServiceChanged(at_ns, self.name, self.service_answers))

    def run_check(self, script: str) -> None:
        """Run a check script once, as the daemon does."""
        with self.namespace.inside():
            check = subprocess.Popen(
                ordinary([str(self._files / _CHECK), script]),
                env=clean_environment(self._environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        favour_session(check.pid)
        check.wait(_CHECK_PATIENCE_S)

    # Power ----------------------------------------------------------------------------------------------------------

    def lose_power(self) -> None:
        """Everything inside is gone at once; it stands still first, since a daemon whose parent dies says good-bye."""
        self._set_power("off")
        self._stop_everything()
        self._addresses_are_gone()
        self.namespace.kill_all()
        self.daemon.died("crash")

    def freeze(self) -> None:
        """Every process stands still."""
        self._set_power("frozen")
        self._stop_everything()

    def _stop_everything(self) -> None:
        """Tell every process to stand still, and those that they started meanwhile; wait until they do.

        One that sleeps in the kernel stands still as well as it can: it will stop before it does anything.
        """
        told: set[int] = set()
        deadline_s = time.monotonic() + _STOPPED_WITHIN_S
        while True:
            pids = self.namespace.processes()
            new = [pid for pid in pids if pid not in told]
            send(new, signal.SIGSTOP)
            told.update(new)
            if not new and all(_state(pid) in _STANDING_STILL for pid in pids):
                return
            if time.monotonic() > deadline_s:
                raise HasimError(f"the processes of {self.name} cannot be stopped")
            time.sleep(0.001)

    def thaw(self) -> None:
        """They go on."""
        self._set_power("running")
        self.thaw_processes()

    def thaw_processes(self) -> None:
        """Let every process go on that stands still."""
        send(self.namespace.processes(), signal.SIGCONT)

    def _set_power(self, power: str) -> None:
        now_ns = time.monotonic_ns()
        self.power = power
        self.own_records.append(PowerChanged(now_ns, self.name, power))
        self._note_service(now_ns)

    # The floating address -------------------------------------------------------------------------------------------

    def _kernel_said(self, line: str) -> None:
        at, what, subject = line.split()
        if what in _CARRIERS:
            self.carriers.append((int(at), subject, _CARRIERS[what]))
        else:
            self._address_changed(int(at), subject, present=what == "new")

    def _address_changed(self, at_ns: int, address: str, *, present: bool) -> None:
        if address == self._floating and self.power != "off" and present != self.has_address:
            self.has_address = present
            self.own_records.append(GuestAddressChanged(at_ns, self.name, present))

    def _addresses_are_gone(self) -> None:
        if self.has_address:
            self.has_address = False
            self.own_records.append(GuestAddressChanged(time.monotonic_ns(), self.name, False))


def _not_later(record: Record, gained: Iterable[int], lost: Iterable[int]) -> Record:
    """A transition to or from MASTER, not later than the floating address came or went just before it."""
    if not isinstance(record, StateChanged) or "MASTER" not in (record.old, record.new):
        return record
    brought_about = gained if record.new == "MASTER" else lost
    just_before = (at_ns for at_ns in brought_about if 0 < record.at - at_ns < _LOG_LATENESS_NS)
    return record._replace(at=min(just_before, default=record.at))


def _state(pid: int) -> str:
    """The state of a process as ``ps`` shows it; ``X`` where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "X"
    return text.rpartition(")")[2].split()[0]
