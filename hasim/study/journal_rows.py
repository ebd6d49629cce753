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

from hasim.measure.model import Outage, RunOutcome

__all__ = ["checksum", "pack_outcome", "unpack_outcome"]

_LEVEL = 1


def pack_outcome(outcome: RunOutcome) -> bytes:
    """The row of an outcome."""
    row = [
        outcome.downtime_ns,
        outcome.dual_master_ns,
        outcome.wrong_instance_ns,
        outcome.black_hole_ns,
        outcome.transitions,
        outcome.notify_runs,
        {action: dict(codes) for action, codes in outcome.api_calls.items()},
        [
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
            for outage in outcome.outages
        ],
    ]
    return zlib.compress(json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode(), _LEVEL)


def unpack_outcome(packed: bytes, replication: int, horizon_ns: int) -> RunOutcome:
    """The outcome of a row.

    Raises:
        ValueError: it is none.
    """
    try:
        downtime, dual_master, wrong_instance, black_hole, transitions, notify_runs, calls, outages = json.loads(
            zlib.decompress(packed)
        )
        return RunOutcome(
            replication=replication,
            horizon_ns=horizon_ns,
            downtime_ns=downtime,
            outages=tuple(
                Outage(start, end, missing, cause, fault, began_on, ended_on, tuple(phases), resolution)
                for start, end, missing, cause, fault, began_on, ended_on, resolution, phases in outages
            ),
            dual_master_ns=dual_master,
            wrong_instance_ns=wrong_instance,
            black_hole_ns=black_hole,
            transitions=transitions,
            notify_runs=notify_runs,
            api_calls=calls,
        )
    except (zlib.error, TypeError) as error:
        raise ValueError(str(error)) from None


def checksum(study: str, replication: int, packed: bytes) -> bytes:
    """Of a row of the study with this key."""
    return hashlib.blake2b(f"{study}\0{replication}\0".encode() + packed, digest_size=8).digest()
