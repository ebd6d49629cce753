"""How a journal writes down one replication, format ``hasim.outcome/1``.

A row is a JSON array, compressed with zlib::

    [downtime_ns, dual_master_ns, wrong_instance_ns, black_hole_ns, transitions, notify_runs,
     {action: {code: calls}},
     [[start_ns, end_ns, missing, cause, fault, began_on, ended_on, resolution, [eight phases in ns]], ...]]

Its number and the horizon stand outside. Beside it stands a checksum, the first 8 bytes of BLAKE2b over the key of the
study, the number and the row as written: a row that was damaged, or that belongs elsewhere, does not pass.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from hasim.measure.model import Outage, RunOutcome

__all__ = [
    "checksum",
    "outcome_of_row",
    "outcome_row",
    "pack",
    "pack_outages",
    "pack_outcome",
    "unpack",
    "unpack_outages",
    "unpack_outcome",
]

_LEVEL = 1


def pack_outcome(outcome: RunOutcome) -> bytes:
    """The row of an outcome."""
    return pack(outcome_row(outcome))


def outcome_row(outcome: RunOutcome) -> list[Any]:
    """The same before it is compressed."""
    return [
        outcome.downtime_ns,
        outcome.dual_master_ns,
        outcome.wrong_instance_ns,
        outcome.black_hole_ns,
        outcome.transitions,
        outcome.notify_runs,
        {action: dict(codes) for action, codes in outcome.api_calls.items()},
        pack_outages(outcome.outages),
    ]


def unpack_outcome(packed: bytes, replication: int, horizon_ns: int) -> RunOutcome:
    """The outcome of a row.

    Raises:
        ValueError: it is none.
    """
    return outcome_of_row(unpack(packed), replication, horizon_ns)


def outcome_of_row(row: Any, replication: int, horizon_ns: int) -> RunOutcome:
    """The outcome of a row that is not compressed.

    Raises:
        ValueError: it is none.
    """
    try:
        downtime, dual_master, wrong_instance, black_hole, transitions, notify_runs, calls, outages = row
        return RunOutcome(
            replication=replication,
            horizon_ns=horizon_ns,
            downtime_ns=downtime,
            outages=unpack_outages(outages),
            dual_master_ns=dual_master,
            wrong_instance_ns=wrong_instance,
            black_hole_ns=black_hole,
            transitions=transitions,
            notify_runs=notify_runs,
            api_calls=calls,
        )
    except TypeError as error:
        raise ValueError(str(error)) from None


def pack_outages(outages: Iterable[Outage]) -> list[tuple[Any, ...]]:
    """Outages as part of a row."""
    return [
        (
            outage.start_ns,
            outage.end_ns,
            outage.missing,
            outage.cause,
            outage.fault,
            outage.began_on,
            outage.ended_on,
            outage.resolution,
            outage.phases_ns,
        )
        for outage in outages
    ]


def unpack_outages(rows: Iterable[Sequence[Any]]) -> tuple[Outage, ...]:
    """The outages of a part of a row.

    Raises:
        TypeError, ValueError: they are none.
    """
    return tuple(
        Outage(start, end, missing, cause, fault, began_on, ended_on, tuple(phases), resolution)
        for start, end, missing, cause, fault, began_on, ended_on, resolution, phases in rows
    )


def pack(row: Sequence[Any]) -> bytes:
    """A row as it is written."""
    return zlib.compress(json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode(), _LEVEL)


def unpack(packed: bytes) -> Any:
    """What was packed.

    Raises:
        ValueError: it is no JSON, or was not compressed.
    """
    try:
        return json.loads(zlib.decompress(packed))
    except zlib.error as error:
        raise ValueError(str(error)) from None


def checksum(key: str, number: int, packed: bytes) -> bytes:
    """Of the row with this number of a study, or of a stratum, with this key."""
    return hashlib.blake2b(f"{key}\0{number}\0".encode() + packed, digest_size=8).digest()
