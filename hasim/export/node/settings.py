"""What stands in settings.json and identifiers.json, beside the directory of these modules."""

from __future__ import annotations

import json
import os
import re
from typing import Any, NamedTuple

__all__ = ["SECOND_NS", "Policy", "SettingsError", "duration_ns", "read_identifiers", "read_settings"]

SECOND_NS = 1_000_000_000
_UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND_NS}


class SettingsError(Exception):
    """The files cannot be used."""


def duration_ns(text: str) -> int:
    """Nanoseconds of ``500ms`` or ``2s``."""
    found = re.fullmatch(r"(\d+)(ns|us|ms|s)", text)
    if found is None:
        raise SettingsError(f"expected a duration such as 500ms or 2s, got {text!r}")
    return int(found.group(1)) * _UNITS_NS[found.group(2)]


class Policy(NamedTuple):
    """What a script does; durations in nanoseconds. The names are those of a scenario's ``notify`` section."""

    sleep_before: int
    tries: int
    retry_delay: int
    retry_backoff: float
    retry_max: int
    call_timeout: int
    check_first: bool
    unanswered_means_held: bool
    reread_state: bool
    wait_for_task: bool
    poll_interval: int
    task_timeout: int
    reclaim_interval: int | None
    notify_master_rx_lower_pri: bool
    release_on_backup: bool
    retry_jitter: float
    reread_after: bool
    sleep_before_release: int
    fifo: bool

    @classmethod
    def read(cls, written: dict[str, Any]) -> Policy:
        """The policy in ``settings.json``: every key, durations as text."""
        if set(written) != set(cls._fields):
            raise SettingsError("policy: expected the keys " + ", ".join(cls._fields))
        read: dict[str, Any] = {
            key: duration_ns(value) if isinstance(value, str) else value for key, value in written.items()
        }
        return cls(**read)

    def retry_delay_ns(self, attempt: int, chance: float) -> int:
        """The pause before try number ``attempt`` (the first is 0); ``chance`` in (0, 1) shortens it."""
        delay_ns = min(round(self.retry_delay * self.retry_backoff ** (attempt - 1)), self.retry_max)
        return round(delay_ns * (1 - self.retry_jitter * chance)) if self.retry_jitter else delay_ns


def read_settings() -> dict[str, Any]:
    """What to do: ``settings.json``, or the file HASIM_SETTINGS."""
    return _read("HASIM_SETTINGS", "settings.json")


def read_identifiers() -> dict[str, str]:
    """Which resources to do it with: ``identifiers.json``, or the file HASIM_IDENTIFIERS."""
    return _read("HASIM_IDENTIFIERS", "identifiers.json")


def _read(variable: str, name: str) -> dict[str, Any]:
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), name)
    path = os.environ.get(variable) or beside
    try:
        with open(path, encoding="utf-8") as file:
            read: dict[str, Any] = json.load(file)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from None
    return read
