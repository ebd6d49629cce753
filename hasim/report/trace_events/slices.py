"""What lasted how long in a run, track by track.

A track holds one thing at a time: the power of an instance, its VRRP state, where the cloud routes the address. What
can overlap (scripts, calls, tasks) is spread over as many tracks as it needs when the file is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["CLIENTS", "CLOUD", "FAULTS", "Arrow", "Board", "Slice", "instance_group"]

FAULTS = "faults"
CLOUD = "cloud"
CLIENTS = "clients"


def instance_group(name: str) -> str:
    """The group of an instance's tracks."""
    return f"instance {name}"


@dataclass(slots=True, eq=False)
class Slice:
    """``name`` on a track from ``start_ns`` to ``end_ns``; ``details`` are shown when it is selected."""

    group: str
    track: str
    name: str
    start_ns: int
    end_ns: int
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Arrow:
    """``source`` led to ``target``, which began (or ended) at ``at_ns``."""

    source: Slice
    target: Slice
    at_ns: int


@dataclass(slots=True)
class Board:
    """The slices and arrows of a run while its records are read; what is still open ends with the run."""

    horizon_ns: int
    slices: list[Slice] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    _current: dict[tuple[str, str], Slice] = field(default_factory=dict)

    def change(self, at_ns: int, group: str, track: str, name: str | None, **details: object) -> Slice | None:
        """From now on the track holds ``name`` (None: nothing); the new slice."""
        before = self._current.pop((group, track), None)
        if before is not None:
            before.end_ns = at_ns
        if name is None:
            return None
        made = self._current[(group, track)] = self.begin(at_ns, group, track, name, **details)
        return made

    def begin(self, at_ns: int, group: str, track: str, name: str, **details: object) -> Slice:
        """A slice that may overlap others of its track; whoever began it sets its end."""
        made = Slice(group, track, name, at_ns, self.horizon_ns, details)
        self.slices.append(made)
        return made

    def current(self, group: str, track: str) -> Slice | None:
        """What the track holds now."""
        return self._current.get((group, track))

    def point(self, source: Slice | None, target: Slice | None, at_ns: int) -> None:
        """Draw an arrow, where there is something at both of its ends."""
        if source is not None and target is not None and source is not target:
            self.arrows.append(Arrow(source, target, at_ns))
