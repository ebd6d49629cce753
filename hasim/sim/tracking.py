"""What keepalived is told by the kernel rather than by a script: links that come and go, processes that come and go,
files that are written.

It hears of all of them at once. That the number of processes has changed it may believe only after a delay; a file's
number counts as it is read. What happens while the daemon stands still waits for it in the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hasim.scenario.model import TrackedInterface, TrackFile, TrackProcess
from hasim.scenario.steady import file_key, interface_key, process_key
from hasim.sim.guest import Contents
from hasim.sim.kernel import WORLD
from hasim.trace import TrackedFileRead, TrackedProcessChanged
from hasim.vrrp.events import Event, Start, TrackedDown, TrackedUp, WeightChanged
from hasim.vrrp.track import file_contribution, weight_contribution

if TYPE_CHECKING:
    from hasim.sim.daemon import Daemon
    from hasim.sim.router import Router
    from hasim.sim.world import World

__all__ = ["Tracking", "verdict"]


def verdict(key: str, weight: int, up: bool, *, reverse: bool, reason: str) -> Event:
    """What the state machine is told about something that is up, or down."""
    if weight:
        return WeightChanged(key, weight_contribution(weight, up, reverse=reverse))
    return TrackedUp(key) if up != reverse else TrackedDown(key, reason)


class Tracking:
    """Everything that a daemon tracks, but its scripts."""

    def __init__(self, world: World, daemon: Daemon) -> None:
        vrrp = daemon.instance.vrrp
        self._world = world
        self._daemon = daemon
        self._processes = [_ProcessWatch(world, daemon, process) for process in vrrp.track_processes]
        self._files = [_FileWatch(world, daemon, file) for file in vrrp.track_files]

    def start(self) -> tuple[list[tuple[Router, Event]], dict[Router, Start]]:
        """The daemon has started: what everything adds to a priority, and what is down (scripts are unknown yet)."""
        watches: tuple[_ProcessWatch | _FileWatch, ...] = (*self._processes, *self._files)
        weights: list[tuple[Router, Event]] = []
        main = self._daemon.router
        for watch in watches:
            watch.start()
            if watch.contribution:
                weights.append((main, WeightChanged(watch.key, watch.contribution)))
        starts = {}
        for router in self._daemon.routers:
            up = {i.name: self._world.fabric.link_is_up(router.name, i.name) for i in router.instance.interfaces}
            weights += ((router, _link_verdict(item, up[item.name])) for item in _weighted(router))
            starts[router] = Start(frozenset(name for name in up if router.tracks(name) and not up[name]))
        down = starts[main].down.union(watch.key for watch in watches if watch.is_down)
        unknown = frozenset(script.name for script in self._daemon.instance.vrrp.track_scripts if script.weight == 0)
        return weights, starts | {main: Start(down, unknown)}

    def stop(self) -> None:
        """The daemon is gone."""
        for watch in self._processes:
            watch.stop()

    def thaw(self) -> None:
        """It goes on: what the kernel has to tell it meanwhile."""
        for process in self._processes:
            process.look()
        for file in self._files:
            file.look()

    def process_changed(self, name: str) -> None:
        """The number of processes of that name that run has changed."""
        for watch in self._processes:
            if watch.process.name == name:
                watch.look()

    def file_written(self, name: str) -> None:
        """Somebody has written the file of that name."""
        for watch in self._files:
            if watch.file.name == name:
                watch.look()

    def link_changed(self, interface: str, up: bool) -> None:
        """The kernel says that an interface's carrier changed."""
        for router in self._daemon.routers:
            if router.tracks(interface):
                self._daemon.post(TrackedUp(interface) if up else TrackedDown(interface, "link_down"), router)
            for item in _weighted(router):
                if item.name == interface:
                    self._daemon.post(_link_verdict(item, up), router)


def _weighted(router: Router) -> tuple[TrackedInterface, ...]:
    return router.instance.vrrp.weighted_interfaces


def _link_verdict(item: TrackedInterface, up: bool) -> Event:
    return verdict(interface_key(item.name), item.weight, up, reverse=item.reverse, reason="link_down")


class _ProcessWatch:
    """One ``vrrp_track_process`` of one daemon."""

    def __init__(self, world: World, daemon: Daemon, process: TrackProcess) -> None:
        self.process = process
        self.has_quorum = process.count >= process.quorum
        self._world = world
        self._daemon = daemon
        self._life = 0
        self._believes_at_ns: int | None = None
        """When a change will be believed that is waited for (None: none is)."""

    def start(self) -> None:
        """The daemon has started, and counts."""
        self._forget()
        self.has_quorum = self._enough

    @property
    def key(self) -> str:
        """The state machine's name for it."""
        return process_key(self.process.name)

    @property
    def is_down(self) -> bool:
        """Whether it means FAULT."""
        return not self.process.weight and self.has_quorum == self.process.reverse

    @property
    def contribution(self) -> int:
        """What it adds to the priority."""
        process = self.process
        return weight_contribution(process.weight, self.has_quorum, reverse=process.reverse) if process.weight else 0

    def stop(self) -> None:
        """The daemon is gone."""
        self._forget()

    def look(self) -> None:
        """The number of those that run has changed, or the daemon goes on after it stood still."""
        if not self._daemon.running or self._daemon.frozen:
            return
        if self._enough == self.has_quorum:
            self._forget()
            return
        now = self._world.kernel.now
        if self._believes_at_ns is None:
            process = self.process
            delay_ns = process.fork_delay_ns if self._enough else process.terminate_delay_ns
            if delay_ns:
                self._believes_at_ns = now + delay_ns
                life = self._life
                self._world.kernel.at(now + delay_ns, WORLD, lambda event: self._due(event, life))
                return
        elif self._believes_at_ns > now:
            return
        self._believe()

    @property
    def _enough(self) -> bool:
        running = self._world.hosts[self._daemon.name].processes.running(self.process.name)
        return running >= self.process.quorum

    def _due(self, _event: Any, life: int) -> None:
        if life == self._life:
            self.look()

    def _believe(self) -> None:
        self._forget()
        self.has_quorum = not self.has_quorum
        self._world.record(
            TrackedProcessChanged(self._world.kernel.now, self._daemon.name, self.process.name, self.has_quorum)
        )
        process = self.process
        self._daemon.post(
            verdict(self.key, process.weight, self.has_quorum, reverse=process.reverse, reason="track_process")
        )

    def _forget(self) -> None:
        self._life += 1
        self._believes_at_ns = None


class _FileWatch:
    """One ``track_file`` of one daemon."""

    def __init__(self, world: World, daemon: Daemon, file: TrackFile) -> None:
        self.file = file
        self.key = file_key(file.name)
        self._world = world
        self._daemon = daemon
        self._value = file.value or 0

    def start(self) -> None:
        """The daemon has started: it writes the file if it is told to, and reads it."""
        file, contents = self.file, self._contents
        if file.init_value is not None and (file.init_overwrite or contents.value is None):
            contents.replace(file.init_value)
        self._value = contents.value or 0

    @property
    def is_down(self) -> bool:
        """Whether it means FAULT."""
        return self._contribution(self._value) is None

    @property
    def contribution(self) -> int:
        """What it adds to the priority."""
        return self._contribution(self._value) or 0

    def look(self) -> None:
        """Somebody has written the file, or the daemon goes on after it stood still."""
        if not self._daemon.running or self._daemon.frozen:
            return
        value = self._contents.value or 0
        if value == self._value:
            return
        was_down, self._value = self.is_down, value
        self._world.record(TrackedFileRead(self._world.kernel.now, self._daemon.name, self.file.name, value))
        if self.is_down:
            if not was_down:
                self._daemon.post(TrackedDown(self.key, "track_file"))
            return
        if self.file.weight:
            self._daemon.post(WeightChanged(self.key, self.contribution))
        if was_down:
            self._daemon.post(TrackedUp(self.key))

    @property
    def _contents(self) -> Contents[int | None]:
        return self._world.hosts[self._daemon.name].files[self.file.name]

    def _contribution(self, value: int) -> int | None:
        return file_contribution(value, self.file.weight, reverse=self.file.reverse)
