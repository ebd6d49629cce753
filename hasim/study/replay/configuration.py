"""A group's configuration as the text of a scenario.

Keys are those of the lab (``n``, ``prio``, ``adv``, ...) and settings of keepalived.conf under their own names, with
and without the ``vrrp_`` that makes them global. What is neither is named in the report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from hasim.errors import UserError
from hasim.study.replay.recording import Group

__all__ = ["GarpTimes", "Reader", "garp_times", "node_name", "scenario_text", "starts_of", "unused_keys"]

_SCRIPT_RUN = "10ms"
_GARP_DELAY_S = 5.0


def node_name(node: int) -> str:
    """The name of node number ``node`` (from 1) in the scenario."""
    return f"n{node}"


class Reader:
    """Values of a group's configuration, with the place in every complaint.

    Every method raises :class:`~hasim.errors.UserError` where the value is of another kind.
    """

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self._values = values
        self._place = place

    def number(self, key: str, default: float, *, least: float = 0, most: float = 1e7) -> float:
        """The number ``key``; the default where there is none, or null."""
        return self._number(key, self._given(key, default), least, most)

    def numbers(self, key: str, default: float, count: int) -> list[float]:
        """The number ``key`` of each of ``count`` nodes; one alone is that of all."""
        return [self._number(key, value, 0, 1e7) for value in self._each(key, default, count)]

    def words(self, key: str, default: str, count: int) -> list[str]:
        """The same for words."""
        return [str(value) for value in self._each(key, default, count)]

    def whole(self, key: str, value: Any) -> int:
        """``value`` as a whole number."""
        number = self._number(key, value, -1e7, 1e7)
        if number != int(number):
            raise self.error(key, "a whole number", value)
        return int(number)

    def switch(self, key: str) -> bool:
        """Whether ``key`` is on: ``true``, ``on``, ``yes``, 1, or the keyword alone."""
        value = self._values.get(key, False)
        return str(value).lower() in ("true", "yes", "on", "1", "")

    def section(self, key: str) -> Reader | None:
        """The object ``key``; None where there is none."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.error(key, "an object", value)
        return Reader(value, f"{self._place}.{key}")

    def list_of_pairs(self, key: str) -> list[tuple[float, float]]:
        """The list ``key`` of pairs of numbers."""
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
            raise self.error(key, "a list of pairs of numbers", value)
        return [(self._number(key, one, -1e7, 1e7), self._number(key, other, -1e7, 1e7)) for one, other in value]

    def error(self, key: str, expected: str, value: Any) -> UserError:
        """What is wrong with ``key``."""
        return UserError(f"{self._place}.{key}: expected {expected}, got {value!r}")

    def _each(self, key: str, default: Any, count: int) -> list[Any]:
        value = self._given(key, default)
        if not isinstance(value, list):
            return [value] * count
        if len(value) < count:
            raise self.error(key, f"a value for each of {count} nodes", value)
        return value[:count]

    def _given(self, key: str, default: Any) -> Any:
        value = self._values.get(key)
        return default if value is None else value

    def _number(self, key: str, value: Any, least: float, most: float) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self.error(key, "a number", value) from None
        if isinstance(value, bool) or not (isfinite(number) and least <= number <= most):
            raise self.error(key, f"a number from {least:.10g} to {most:.10g}", value)
        return number


def _seconds(reader: Reader, key: str) -> str:
    return _duration(reader.number(key, 0))


def _seconds_or_never(reader: Reader, key: str) -> str | None:
    return _seconds(reader, key) if reader.number(key, 0) else None


def _count(reader: Reader, key: str) -> int:
    return reader.whole(key, reader.number(key, 0))


def _switch(reader: Reader, key: str) -> bool:
    return reader.switch(key)


_SETTINGS: dict[str, Callable[[Reader, str], Any]] = {
    "nopreempt": _switch,
    "preempt_delay": _seconds,
    "startup_delay": _seconds,
    "down_timer_adverts": _count,
    "higher_prio_send_advert": _switch,
    "lower_prio_no_advert": _switch,
    "virtual_router_id": _count,
    "native_ipv6": _switch,
    "dont_track_primary": _switch,
    "garp_master_repeat": _count,
    "garp_master_delay": _seconds,
    "garp_master_refresh": _seconds_or_never,
    "garp_master_refresh_repeat": _count,
    "garp_interval": _seconds,
    "garp_lower_prio_repeat": _count,
    "garp_lower_prio_delay": _seconds,
}
"""Settings that a scenario has under the same name. ``vrrp_`` before one makes it global in keepalived.conf."""

_CONFIGURED = {"n", "version", "adv", "prio", "state", "unicast", "track", "loss"}
_SCHEDULED = {"kind", "fault", "pre_flag", "unflag_at", "starts", "sig", "which", "duration"}
_WAITING = {"hold", "hold_extra", "hold_rand", "hold_max", "post", "post_extra", "post_max"}
_LAB_KEYS = frozenset({*_CONFIGURED, *_SCHEDULED, *_WAITING, "slow_notify", "ping", "keep_log"})
"""The lab's own. Waiting times (the trial's ``t_heal`` and ``t_end`` say when), clients that pinged and how long a
script slept change nothing that is compared."""


def unused_keys(group: Group) -> tuple[str, ...]:
    """Keys of the configuration that replay does not know."""
    return tuple(sorted(key for key in group.config if key not in _LAB_KEYS and _setting(key) not in _SETTINGS))


def _setting(key: str) -> str:
    return key.removeprefix("vrrp_")


def starts_of(group: Group) -> list[tuple[int, float]]:
    """(node, time) of every start that the configuration names; by default node 1 at zero."""
    reader = Reader(group.config, f"group {group.name}")
    return [(reader.whole("starts", node), at) for node, at in reader.list_of_pairs("starts")] or [(1, 0.0)]


class GarpTimes(NamedTuple):
    """``delays_s``: how long after their cause gratuitous ARPs come; ``repeated``: whether a MASTER repeats them."""

    delays_s: tuple[float, ...]
    repeated: bool


def garp_times(group: Group) -> GarpTimes:
    """When the gratuitous ARPs of a group come: with their cause, and again after each of its delays.

    Raises:
        UserError: a value is not a number.
    """
    reader = Reader(group.config, f"group {group.name}")
    keys = {_setting(key): key for key in group.config}
    delays = (
        reader.number(keys.get(name, name), _GARP_DELAY_S) for name in ("garp_master_delay", "garp_lower_prio_delay")
    )
    refresh = reader.number(keys.get("garp_master_refresh", "garp_master_refresh"), 0)
    return GarpTimes((0.0, *delays), refresh > 0)


def scenario_text(group: Group) -> str:
    """The scenario of a group's configuration (JSON is YAML).

    Raises:
        UserError: a value is not of the kind that it should be.
    """
    reader = Reader(group.config, f"group {group.name}")
    nodes = range(1, group.nodes + 1)
    priorities = reader.numbers("prio", 100, group.nodes)
    intervals = reader.numbers("adv", 1, group.nodes)
    states = reader.words("state", "BACKUP", group.nodes)
    loss = reader.number("loss", 0, most=1)
    return json.dumps(
        {
            "name": re.sub(r"[^A-Za-z0-9_-]", "-", group.name)[:60] or "group",
            "horizon": "1h",
            "zones": ["lab"],
            "vpc": {"cidr": "10.0.0.0/16", "multicast": True},
            "subnets": {"lab": {"cidr": "10.0.1.0/24"}},
            "instances": {
                node_name(node): {
                    "address": f"10.0.1.{10 + node}",
                    "vrrp": {
                        "priority": reader.whole("prio", priorities[node - 1]),
                        "advert_int": _duration(intervals[node - 1]),
                        "state": states[node - 1],
                    },
                }
                for node in nodes
            },
            "floating": {"address": "10.0.1.200", "mechanism": "secondary_ip"},
            "vrrp": _vrrp(group, reader),
            "network": {"within_zone": {"latency": "50us", "jitter": "0", "loss": f"{loss * 100:.10g}%"}},
            "guest": {"configure": "0"},
            "notify": {"start_up": "1d"},
        }
    )


def _vrrp(group: Group, reader: Reader) -> dict[str, Any]:
    vrrp: dict[str, Any] = {
        "version": reader.whole("version", reader.number("version", 2)),
        "transport": "unicast" if reader.switch("unicast") else "multicast",
    }
    for key in group.config:
        read = _SETTINGS.get(_setting(key))
        if read is not None and group.config[key] is not None:
            vrrp[_setting(key)] = read(reader, key)
    track = reader.section("track")
    if track is not None:
        vrrp["track_scripts"] = {"check": _track(track)}
    return vrrp


def _track(track: Reader) -> dict[str, Any]:
    interval = track.number("interval", 1)
    return {
        "interval": _duration(interval),
        "timeout": _duration(track.number("timeout", interval) or interval),
        "rise": track.whole("rise", track.number("rise", 1)),
        "fall": track.whole("fall", track.number("fall", 1)),
        "weight": track.whole("weight", track.number("weight", 0, least=-254)),
        "run_time": _SCRIPT_RUN,
    }


def _duration(seconds: float) -> str:
    """A time as scenarios write it."""
    return f"{round(seconds * 1_000_000_000)}ns"
