"""A region as plain data: for tests, for ``--state FILE``, and to compare regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from hasim.cloud import invariants
from hasim.cloud.codec import decode, encode, freezer_of
from hasim.cloud.limits import Limits
from hasim.cloud.store import TABLES, Store
from hasim.errors import ModelInvariantError

__all__ = ["fill", "fingerprint", "take"]

_VERSION = 3


def take(store: Store) -> dict[str, Any]:
    """Everything that a region is: dictionaries, lists, strings, numbers, booleans and None."""
    return {
        "version": _VERSION,
        "name": store.name,
        "zones": list(store.zones),
        "limits": asdict(store.limits),
        "counters": dict(store.counters),
        "quota_days": {key: list(value) for key, value in store.quota_days.items()},
        **{table: {key: encode(item) for key, item in getattr(store, table).items()} for table in TABLES},
    }


def fingerprint(store: Store) -> tuple[Any, ...]:
    """What a region is now, in a form of which only equality means anything; as quick as may be."""
    return (
        store.name,
        store.zones,
        store.limits,
        tuple(store.counters.items()),
        tuple((key, *value) for key, value in store.quota_days.items()),
        *[_frozen_table(getattr(store, name), freezer_of(record)) for name, record in TABLES.items()],
    )


def _frozen_table(table: Mapping[str, Any], freezer: Callable[[Any], Any]) -> tuple[Any, ...]:
    return (*table, *map(freezer, table.values()))


def fill(store: Store, snapshot: Mapping[str, Any]) -> None:
    """Make an empty region the one of a snapshot.

    Raises:
        ValueError: not a snapshot of this version, or one that contradicts itself.
    """
    version = snapshot.get("version")
    if version != _VERSION:
        raise ValueError(f"not a snapshot of version {_VERSION} (it says {version!r:.20})")
    try:
        store.name = str(snapshot["name"])
        store.zones = tuple(str(zone) for zone in snapshot["zones"])
        store.limits = Limits(**snapshot["limits"])
        store.counters = {str(key): int(value) for key, value in snapshot["counters"].items()}
        store.quota_days = {str(key): [int(item) for item in value] for key, value in snapshot["quota_days"].items()}
        for table, record in TABLES.items():
            setattr(store, table, {str(key): decode(record, item) for key, item in snapshot[table].items()})
        store.index()
        invariants.check(store)
    except (KeyError, TypeError, ValueError, AttributeError, ModelInvariantError) as error:
        raise ValueError(f"not a usable snapshot of a region: {error}") from error
