"""What a drill measured, as values that a scenario can take: ``hasim run SCENARIO --set @FILE``.

A distribution is written as what was measured: between each two neighbours of its tenths (or of the measured values,
where there are few) every duration is equally likely. So the file needs no other file beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hasim.units import MICROSECOND, counted

if TYPE_CHECKING:
    from hasim.drill.holding import DrillResult

__all__ = ["calibration_of", "calibration_text", "written"]

_PARTS = 10


def calibration_of(result: DrillResult) -> dict[str, Any]:
    """Path in a scenario -> measured value, in the syntax of a scenario file."""
    times, found = result.times, {}
    if times.daemon_start_up:
        found["daemon.start_up"] = written(times.daemon_start_up)
    if times.script_start_up:
        found["notify.start_up"] = written(times.script_start_up)
    if times.configure and result.scenario.floating.mechanism.is_configured_by_keepalived:
        found["guest.configure"] = written(times.configure)
    names = sorted({script.name for instance in result.scenario.instances for script in instance.vrrp.track_scripts})
    if times.check:
        found |= {f"vrrp.track_scripts.{name}.run_time": written(times.check) for name in names}
    found |= {f"control_plane.actions.{action}.accept": written(values) for action, values in times.api.items()}
    found |= {f"control_plane.actions.{action}.task": written(values) for action, values in times.tasks.items()}
    return found


def calibration_text(result: DrillResult) -> str:
    """The file: a comment that says where it is from, and the values as YAML."""
    import yaml

    repetitions = sum(len(episode.repetitions) for episode in result.episodes)
    heading = (
        f"# Measured by hasim drill {result.version}: {result.scenario.name}, {counted(repetitions, 'repetition')}.\n"
        "# Use with: hasim run SCENARIO --set @THIS_FILE\n"
        "# The times of the control plane are those of the endpoint that was drilled against, seen from the scripts.\n"
    )
    return heading + yaml.safe_dump(calibration_of(result), sort_keys=False, width=120)


def written(times_ns: Sequence[int]) -> Any:
    """A distribution of measured durations in the syntax of a scenario file."""
    ordered = sorted(times_ns)
    parts = min(_PARTS, len(ordered) - 1)
    bounds = [ordered[round(index * (len(ordered) - 1) / parts)] for index in range(parts + 1)] if parts else ordered
    if bounds[0] == bounds[-1]:
        return _duration(bounds[0])
    pieces = [_piece(low, high) for low, high in pairwise(bounds)]
    if len(pieces) == 1:
        return pieces[0]
    return {"mixture": [{"weight": f"{100 / len(pieces):.12g}%", "of": piece} for piece in pieces]}


def _piece(low_ns: int, high_ns: int) -> Any:
    if low_ns == high_ns:
        return _duration(low_ns)
    return {"uniform": {"low": _duration(low_ns), "high": _duration(high_ns)}}


def _duration(duration_ns: int) -> str:
    return f"{round(duration_ns / MICROSECOND)}us"
