"""What an instance tracks, as ``keepalived.conf`` says it: scripts, processes and files."""

from __future__ import annotations

from dataclasses import dataclass

from hasim.export.options import ExportOptions
from hasim.export.rounding import Rounding
from hasim.keepalived import VrrpScript
from hasim.keepalived.config import Tracked, TrackFile, TrackProcess
from hasim.scenario.model import Instance
from hasim.units import HOUR
from hasim.vrrp.timers import OWNER_PRIORITY

__all__ = ["Tracker", "track_file_path"]


def track_file_path(instance: str, name: str, options: ExportOptions) -> str:
    """Where an instance has a tracked file."""
    return f"{options.filled_in(options.script_directory, instance)}/{name}.number"


@dataclass(frozen=True)
class Tracker:
    """The tracked things of one instance. keepalived does not let weights touch the priority of an address's owner
    (255): what has one is left out there, with no effect on anything."""

    instance: Instance
    options: ExportOptions
    rounding: Rounding

    def scripts(self) -> tuple[VrrpScript, ...]:
        """The ``vrrp_script`` blocks."""
        directory = self.options.filled_in(self.options.script_directory, self.instance.name)
        whole = self.rounding.whole_seconds
        return tuple(
            VrrpScript(
                name=script.name,
                command=(f"{directory}/hasim_check.py", script.name),
                interval_ns=whole(f"{script.name} interval", script.interval_ns, least_s=1),
                timeout_ns=whole(f"{script.name} timeout", script.timeout_ns, least_s=1),
                rise=script.rise,
                fall=script.fall,
                weight=script.weight,
                reverse=script.reverse,
            )
            for script in self.instance.vrrp.track_scripts
            if self._counts(script.weight)
        )

    def processes(self) -> tuple[TrackProcess, ...]:
        """The ``vrrp_track_process`` blocks; a process is called as the scenario calls it."""
        return tuple(
            TrackProcess(
                name=process.name,
                process=(process.name,),
                weight=process.weight,
                reverse=process.reverse,
                quorum=process.quorum,
                fork_delay_ns=self._delay_ns(f"{process.name} fork_delay", process.fork_delay_ns),
                terminate_delay_ns=self._delay_ns(f"{process.name} terminate_delay", process.terminate_delay_ns),
            )
            for process in self.instance.vrrp.track_processes
        )

    def files(self) -> tuple[TrackFile, ...]:
        """The ``track_file`` blocks."""
        return tuple(
            TrackFile(
                name=file.name,
                path=track_file_path(self.instance.name, file.name, self.options),
                weight=file.weight,
                reverse=file.reverse,
                init_value=file.init_value,
                init_overwrite=file.init_overwrite and file.init_value is not None,
            )
            for file in self.instance.vrrp.track_files
            if self._counts(file.weight)
        )

    def tracked_scripts(self) -> tuple[Tracked, ...]:
        """What the ``vrrp_instance`` names under ``track_script``."""
        return tuple(Tracked(script.name, script.weight, script.reverse) for script in self.scripts())

    def tracked_processes(self) -> tuple[Tracked, ...]:
        """What it names under ``track_process``."""
        return tuple(Tracked(process.name, process.weight, process.reverse) for process in self.processes())

    def tracked_files(self) -> tuple[Tracked, ...]:
        """What it names under ``track_file``."""
        return tuple(Tracked(file.name, file.weight, file.reverse) for file in self.files())

    def _counts(self, weight: int) -> bool:
        return not weight or self.instance.vrrp.priority != OWNER_PRIORITY

    def _delay_ns(self, name: str, delay_ns: int) -> int:
        return self.rounding.decimal(name, delay_ns, most_ns=HOUR)
