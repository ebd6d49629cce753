"""Which drills there are on this machine, and putting away what a dead one left behind.

Every drill has a directory below :data:`ROOT` with a lock that the kernel takes back when the drill dies, however it
dies. Whoever finds a directory whose lock is free may remove it with everything that belongs to it: the processes in
its namespaces, the namespaces, the files. Drills that run at the same time do not see one another.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from hasim.drill.namespaces import Namespace
from hasim.errors import HasimError, UserError

__all__ = ["ROOT", "Registration", "registered", "remove_dead"]

ROOT = Path("/run/hasim-drills")
_LOCK = "lock"
_NAMESPACES = "namespaces"


class Registration:
    """One drill's place on the machine."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def name(self) -> str:
        """What this drill is called among those of the machine."""
        return self.directory.name

    def namespace(self, name: str) -> Namespace:
        """A namespace of this drill, made now."""
        folder = self.directory / _NAMESPACES
        folder.mkdir(exist_ok=True)
        made = Namespace(folder / name)
        made.create()
        return made

    def work(self, name: str) -> Path:
        """A directory for files, made now."""
        directory = self.directory / name
        directory.mkdir(mode=0o700)
        return directory


@contextmanager
def registered() -> Iterator[Registration]:
    """A place for a new drill, after those of dead ones are cleared; at the end everything in it is removed.

    Raises:
        UserError: the place cannot be made.
    """
    lock, directory = _enrol()
    try:
        yield Registration(directory)
    finally:
        _empty(directory)
        with _everybody_waits():
            _vanish(directory)
        os.close(lock)
        with suppress(OSError):
            ROOT.rmdir()


def remove_dead() -> list[str]:
    """Remove what dead drills have left; returns their names."""
    with _everybody_waits():
        return _remove_dead()


def _enrol() -> tuple[int, Path]:
    with _everybody_waits():
        _remove_dead()
        directory = ROOT / token_hex(4)
        directory.mkdir(mode=0o700)
        lock = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.write(lock, f"{os.getpid()}\n".encode())
        return lock, directory


@contextmanager
def _everybody_waits() -> Iterator[None]:
    """Hold the lock of all drills, so that none is between being made and being locked."""
    descriptor = _open_root()
    try:
        yield
    finally:
        os.close(descriptor)


def _open_root() -> int:
    """The directory of all drills, locked. One that another drill removed while this one waited is made again."""
    try:
        while True:
            ROOT.mkdir(mode=0o700, exist_ok=True)
            with suppress(FileNotFoundError):
                descriptor = os.open(ROOT, os.O_RDONLY | os.O_CLOEXEC)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if _is_root(descriptor):
                    return descriptor
                os.close(descriptor)
    except OSError as error:
        raise UserError(f"a drill needs a place below {ROOT.parent}: {error.strerror or error}") from None


def _is_root(descriptor: int) -> bool:
    opened = os.fstat(descriptor)
    try:
        there = os.stat(ROOT)
    except FileNotFoundError:
        return False
    return (opened.st_dev, opened.st_ino) == (there.st_dev, there.st_ino)


def _remove_dead() -> list[str]:
    removed = []
    for directory in sorted(ROOT.iterdir()):
        if _is_dead(directory):
            _empty(directory)
            _vanish(directory)
            removed.append(directory.name)
    return removed


def _is_dead(directory: Path) -> bool:
    """Whether nobody holds the directory's lock; one without a lock was being made by a drill that died."""
    try:
        lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _empty(directory: Path) -> None:
    """Remove what a drill has: its namespaces with all that lives in them, then its files, but not its lock."""
    namespaces = directory / _NAMESPACES
    for path in sorted(namespaces.iterdir()) if namespaces.is_dir() else ():
        Namespace(path).remove()
    for path in directory.iterdir():
        if path.name != _LOCK:
            shutil.rmtree(path)


def _vanish(directory: Path) -> None:
    """Remove an empty drill. The lock of all drills must be held: one without a lock looks like a dead one."""
    try:
        (directory / _LOCK).unlink(missing_ok=True)
        directory.rmdir()
    except OSError as error:
        raise HasimError(f"{directory} cannot be removed: {error.strerror}") from None
