"""Network namespaces that belong to a drill, each kept alive by a file in the drill's own directory.

``ip netns`` would do the same under ``/run/netns``; here everything that a drill leaves behind when it is killed lies
in one place (:mod:`hasim.drill.register`). ``nsenter --net=FILE`` looks into one from a shell.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from hasim.errors import HasimError

__all__ = ["Namespace", "is_alive", "run"]

_CLONE_NEWNET = 0x40000000
_MS_BIND = 0x1000
_MNT_DETACH = 0x2
_OWN = "/proc/thread-self/ns/net"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_FLAGS_OF = struct.Struct("16sH22x")
"""``struct ifreq`` with a device's name and its flags."""
_PATIENCE_S = 30
_DEATH_S = 5.0

_libc = ctypes.CDLL(None, use_errno=True)


def run(command: Sequence[str], text: str = "") -> str:
    """Run a program with ``text`` on its standard input; returns its standard output.

    Raises:
        HasimError: it failed; the message is its own.
    """
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise HasimError(f"{' '.join(command)}: {said}")
    return done.stdout


class Namespace:
    """One network namespace: the thread that asks may enter it, and what it starts there stays there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make it, with its loopback up."""
        self.path.touch()
        with _own_namespace_kept():
            _checked(_libc.unshare(_CLONE_NEWNET), "unshare")
            _checked(_libc.mount(_OWN.encode(), bytes(self.path), None, _MS_BIND, None), "mount")
        with self.inside():
            run(["ip", "link", "set", "lo", "up"])

    def remove(self) -> None:
        """Kill what runs in it and give it back to the kernel; nothing happens where it is gone already."""
        if not self.path.exists():
            return
        self.kill_all()
        _libc.umount2(bytes(self.path), _MNT_DETACH)
        self.path.unlink(missing_ok=True)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread is in the namespace: sockets made here belong to it, processes started here live in it."""
        with _own_namespace_kept():
            _enter(str(self.path))
            yield

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket of the namespace."""
        with self.inside():
            return socket.socket(family, kind, protocol)

    def run(self, command: Sequence[str], text: str = "") -> str:
        """Run a program in the namespace.

        Raises:
            HasimError: it failed.
        """
        with self.inside():
            return run(command, text)

    def set_link(self, device: str, *, up: bool) -> None:
        """Bring a network device up or down, without the milliseconds that starting a program takes."""
        with self.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            name = device.encode()
            _, flags = _FLAGS_OF.unpack(fcntl.ioctl(any_socket, _SIOCGIFFLAGS, _FLAGS_OF.pack(name, 0)))
            flags = flags | _IFF_UP if up else flags & ~_IFF_UP
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _FLAGS_OF.pack(name, flags))

    def processes(self) -> list[int]:
        """The processes that live in it."""
        own = _identity(str(self.path))
        pids = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
        return [pid for pid in pids if own is not None and _identity(f"/proc/{pid}/ns/net") == own]

    def kill_all(self) -> None:
        """Kill every process in it, and those that they start meanwhile, and wait until they are gone."""
        deadline_s = time.monotonic() + _DEATH_S
        while pids := [pid for pid in self.processes() if is_alive(pid)]:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline_s:
                raise HasimError(f"processes in {self.path} cannot be killed: {pids}")
            time.sleep(0.005)


def _identity(path: str) -> tuple[int, int] | None:
    """What tells namespaces apart; None where there is nothing, or nothing that may be looked at."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_alive(pid: int) -> bool:
    """Whether a process still runs: one that is dead and waits for its parent does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in ("Z", "X")


@contextmanager
def _own_namespace_kept() -> Iterator[None]:
    own = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        try:
            _checked(_libc.setns(own, _CLONE_NEWNET), "setns")
        finally:
            os.close(own)


def _enter(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(_libc.setns(descriptor, _CLONE_NEWNET), "setns")
    finally:
        os.close(descriptor)


def _checked(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise HasimError(f"network namespaces cannot be used here: {what}: {os.strerror(number)}")
