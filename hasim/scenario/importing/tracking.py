"""What a configuration tracks, in the terms of a scenario: scripts, processes, files and interfaces.

In a sync group everything that a member or the group itself tracks decides about all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hasim.keepalived import Config, Location, SyncGroup, VrrpInstance
from hasim.keepalived.config import Tracked, TrackFile, TrackProcess, VrrpScript
from hasim.scenario.importing.values import Setting, duration_text, node_names

__all__ = ["TrackedThings"]

_MOST_COUNTED = 1000
_MOST_WEIGHT = 253


@dataclass(frozen=True)
class TrackedThings:
    """Everything that the ``members`` track (the first is that of the floating address), and their ``group``."""

    config: Config
    group: SyncGroup | None
    members: tuple[VrrpInstance, ...]

    def scripts(self) -> Iterator[tuple[str, dict[str, Setting]]]:
        """Track scripts by name."""
        for item in self._items("track_scripts"):
            script = self.config.script(item.name)
            settings = {
                "interval": Setting(duration_text(script.interval_ns), script.where("interval")),
                **_weight(item, item.where_weight(script)),
            }
            if script.timeout_ns != script.interval_ns:
                settings["timeout"] = Setting(duration_text(script.timeout_ns), script.where("timeout"))
            for name, count in (("rise", script.rise), ("fall", script.fall)):
                if count > 1:
                    settings[name] = Setting(str(min(count, _MOST_COUNTED)), script.where(name))
            yield _plain(item.name), settings

    def processes(self) -> Iterator[tuple[str, dict[str, Setting]]]:
        """Track processes by name."""
        for item in self._items("track_processes"):
            process = self._process(item)
            settings = _weight(item, item.where_weight(process))
            if process.quorum != 1:
                settings["quorum"] = Setting(str(max(process.quorum, 1)), process.where("quorum"))
            for name, delay_ns in (
                ("fork_delay", process.fork_delay_ns),
                ("terminate_delay", process.terminate_delay_ns),
            ):
                if delay_ns:
                    place = process.where(name) if name in process.places else process.where("delay")
                    settings[name] = Setting(duration_text(delay_ns), place)
            yield _plain(item.name), settings

    def files(self) -> Iterator[tuple[str, dict[str, Setting]]]:
        """Track files by name."""
        for item in self._items("track_files"):
            file = self._file(item)
            settings = _weight(item, item.where_weight(file))
            if file.init_value is not None:
                value = min(max(file.init_value, -254), 254)
                settings["init_file"] = Setting(str(value), file.where("init_file"))
            if file.init_overwrite:
                settings["init_overwrite"] = Setting("true", file.where("init_file"))
            yield _plain(item.name), settings

    def interfaces(self, member: VrrpInstance) -> Iterator[tuple[str, dict[str, Setting]]]:
        """Further interfaces by name. Those that another member tracks count for it alone where they have a weight."""
        for item in self._items("track_interfaces"):
            if item.name != member.interface:
                yield item.name, _weight(item, item.location)

    def definitions(self) -> list[VrrpScript | TrackProcess | TrackFile]:
        """The blocks that define what is tracked."""
        return [
            *(self.config.script(item.name) for item in self._all("track_scripts")),
            *(self._process(item) for item in self._all("track_processes")),
            *(self._file(item) for item in self._all("track_files")),
        ]

    def left_out(self) -> Iterator[tuple[Location, str]]:
        """What a scenario cannot say."""
        for item in self._all("track_scripts", "track_files", "track_interfaces"):
            if not self._is_simulated(item):
                yield item.location, f"{item.name} (weights in a sync group are not simulated)"
        for item in self._all("track_processes"):
            process = self._process(item)
            if process.quorum_max is not None:
                yield process.where("quorum_max"), "quorum_max (nothing starts more of a process than usual)"
            if process.quorum < 1:
                yield process.where("quorum"), f"quorum {process.quorum} (taken for 1)"
        for item in self._all("track_bfds"):
            yield item.location, f"{item.name} (BFD is not simulated)"

    def _all(self, *fields: str) -> Iterator[Tracked]:
        for field in fields:
            for holder in (*self.members, *([self.group] if self.group is not None else [])):
                yield from getattr(holder, field)

    def _items(self, field: str) -> list[Tracked]:
        """What is tracked under that heading, each thing once: the first that says so."""
        found: dict[str, Tracked] = {}
        for item in self._all(field):
            if self._is_simulated(item) or field == "track_processes":
                found.setdefault(item.name, item)
        return list(found.values())

    def _is_simulated(self, item: Tracked) -> bool:
        """Everything is, but weights in a sync group."""
        return self.group is None or len(self.members) == 1 or not item.weight

    def _process(self, item: Tracked) -> TrackProcess:
        return next(process for process in self.config.processes if process.name == item.name)

    def _file(self, item: Tracked) -> TrackFile:
        return next(file for file in self.config.files if file.name == item.name)


def _plain(name: str) -> str:
    return node_names([name])[name]


def _weight(item: Tracked, location: Location) -> dict[str, Setting]:
    """The weight of something tracked, written there; one beyond what a priority can move has the same effect as the
    largest."""
    settings = {"weight": Setting(str(min(max(item.weight, -_MOST_WEIGHT), _MOST_WEIGHT)), location)}
    if item.reverse:
        settings["reverse"] = Setting("true", location)
    return settings
