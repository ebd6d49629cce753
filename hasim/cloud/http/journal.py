"""``--state FILE``: what a region was, and every change since, one JSON line each, on disk before anybody is answered.

A region is a pure function of the calls that it accepted, of how its tasks ended, and of what its instances did (crash,
start, claim a HAVIP), so those are what is written down.
The first line is a snapshot; opening the file replays what follows, ends the tasks that were running, and begins the
file anew with a fresh snapshot (written beside it, flushed to disk, then renamed over it). A last line that was cut off
in the middle was never answered for, and is ignored.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from hasim.cloud.errors import CloudError
from hasim.cloud.region import Region
from hasim.errors import ModelInvariantError, UserError
from hasim.units import SECOND

__all__ = ["Journal"]

_FORMAT = "hasim.state/1"
_MOST_RECORDS = 10_000
_END_OF_TIME_NS = 253_402_300_800 * SECOND  # the year 10,000, which no answer can show
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    CloudError,
    LookupError,
    ModelInvariantError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading a file that something has damaged may end in."""


class Journal:
    """A state file that is open for writing. ``region`` is the region that it holds, without a running task.

    ``last_ns`` is the latest time that the file knows of, ``rolled_back`` how many tasks were running when the server
    that wrote it ended: they have failed, and what they had begun is undone.
    """

    def __init__(self, path: Path, region: Region | None = None) -> None:
        """Open ``path``, or make it from ``region`` where it does not exist.

        Raises:
            UserError: it cannot be used, or another server uses it.
        """
        self._records = 0
        self.last_ns = 0
        self.rolled_back = 0
        try:
            self._path = path = path.resolve()  # the new file takes the place of the old one, not of a link to it
            if path.exists() and not path.is_file():
                raise UserError(f"--state {path}: this is not a regular file")
            self._file: IO[bytes] = path.open("rb+" if path.exists() else "xb+")
            try:
                _lock(self._file, path)
                if not os.path.samestat(os.fstat(self._file.fileno()), path.stat()):
                    raise UserError(_in_use(path))  # its server has just begun it anew, and locked that
                self.region = self._replayed(region)
                self._begin_anew()
            except BaseException:
                self._file.close()
                raise
        except OSError as error:
            raise UserError(f"--state {path}: {error.strerror or error}") from None

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is a state to go on from."""
        return path.exists() and path.stat().st_size > 0

    def called(self, action: str, parameters: Mapping[str, Any], request_id: str, now_ns: int) -> None:
        """Write down a call that the region accepted.

        Raises:
            OSError: it could not be written.
        """
        self._append({"call": action, "parameters": dict(parameters), "request_id": request_id, "now_ns": now_ns})

    def ended(self, task_id: str, succeeded: bool, now_ns: int) -> None:
        """Write down how a task ended.

        Raises:
            OSError: it could not be written.
        """
        self._append({"end": task_id, "succeeded": succeeded, "now_ns": now_ns})

    def announced(self, ha_vip_id: str, network_interface_id: str, now_ns: int) -> None:
        """Write down that a HAVIP followed a gratuitous ARP.

        Raises:
            OSError: it could not be written.
        """
        self._append({"announce": ha_vip_id, "interface": network_interface_id, "now_ns": now_ns})

    def guest(self, instance_id: str, is_crashed: bool, now_ns: int) -> None:
        """Write down that a guest has crashed, or is up again.

        Raises:
            OSError: it could not be written.
        """
        self._append({"guest": instance_id, "is_crashed": is_crashed, "now_ns": now_ns})

    def power(self, instance_id: str, state: str, now_ns: int) -> None:
        """Write down that an instance was found RUNNING or STOPPED.

        Raises:
            OSError: it could not be written.
        """
        self._append({"power": instance_id, "state": state, "now_ns": now_ns})

    def close(self) -> None:
        """Leave the file to others."""
        with suppress(OSError):  # what could not be written then cannot be now, and has been told
            self._file.close()

    def _append(self, record: Mapping[str, Any]) -> None:
        self._file.write(_line(record))
        _flush(self._file)
        self.last_ns = record["now_ns"]
        self._records += 1
        if self._records >= _MOST_RECORDS:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Replace the file by a snapshot of the region; the new file is locked before it takes the old one's place."""
        beside = self._path.with_name(f"{self._path.name}.new")
        file = beside.open("wb")
        try:
            _lock(file, beside)
            file.write(_line({"format": _FORMAT, "now_ns": self.last_ns, "region": self.region.snapshot()}))
            _flush(file)
            os.replace(beside, self._path)
        except BaseException:
            file.close()
            raise
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        self._file.close()
        self._file = file
        self._records = 0

    def _replayed(self, fresh: Region | None) -> Region:
        lines = self._file.read().split(b"\n")
        whole = lines[:-1]  # what follows the last line break is empty, or was cut off
        if not whole:
            if fresh is None or lines[-1]:
                raise UserError(f"--state {self._path}: this is not a state file of hasim serve")
            return fresh
        region = self._first(whole[0])
        for number, line in enumerate(whole[1:], start=2):
            try:
                self._replay(region, json.loads(line))
            except _DAMAGE as error:
                raise UserError(f"--state {self._path}, line {number}: it does not follow: {error!s:.200}") from None
        running = region.running_tasks()
        self.rolled_back = len(running)
        try:
            for task in running:
                region.fail(task.task_id, now_ns=self.last_ns)
            region.check_invariants()
        except _DAMAGE as error:
            raise UserError(f"--state {self._path}: it contradicts itself: {error!s:.200}") from None
        return region

    def _first(self, line: bytes) -> Region:
        try:
            head = json.loads(line)
            if not isinstance(head, dict) or head.get("format") != _FORMAT:
                raise ValueError(f"expected the format {_FORMAT}")
            self.last_ns = _moment(head)
            return Region.restore(head["region"])
        except _DAMAGE as error:
            detail = f"this is not a state file of hasim serve: {error!s:.200}"
            raise UserError(f"--state {self._path}: {detail}") from None

    def _replay(self, region: Region, record: Mapping[str, Any]) -> None:
        now_ns = self.last_ns = _moment(record)
        if "call" in record:
            reply = region.call(record["call"], record["parameters"], now_ns=now_ns)
            if reply.response["RequestId"] != record["request_id"]:
                raise ValueError(f"{record['call']} was request {record['request_id']}")
        elif "announce" in record:
            if not region.announce(record["announce"], record["interface"], now_ns=now_ns):
                raise ValueError(f"{record['announce']} did not follow")
        elif "guest" in record:
            region.guest(record["guest"], is_crashed=bool(record["is_crashed"]))
        elif "power" in record:
            region.instance_power(record["power"], record["state"])
        elif record["succeeded"]:
            region.commit(record["end"], now_ns=now_ns)
        else:
            region.fail(record["end"], now_ns=now_ns)


def _moment(record: Mapping[str, Any]) -> int:
    now_ns = int(record["now_ns"])
    if not 0 <= now_ns < _END_OF_TIME_NS:
        raise ValueError(f"{now_ns} ns since 1970 is no time")
    return now_ns


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(_in_use(path)) from None


def _in_use(path: Path) -> str:
    return f"--state {path}: another hasim serve uses this file"
