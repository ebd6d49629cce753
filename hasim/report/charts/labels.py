"""Where names stand beside their points: on no point, on no other name, with lines to the points that do not cross."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Place", "placed"]

_DIRECTIONS = 16
_DISTANCES = (12.0, 20.0, 32.0, 48.0, 68.0, 92.0, 120.0)
_BESIDE = 0.3
_MARGIN = 5.0
"""So many points (1/72 inch) are free around a name, half of a marker's size among them."""

_FAULTS = (60.0, 60.0, 25.0, 200.0)
"""What counts against a place: a point under the name, another name, a crossed line, the edge; distance counts 1."""

Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A name's box, where on it the line from its point ends, and how the name is aligned to that end."""

    left: float
    bottom: float
    right: float
    top: float
    end: Spot
    horizontal: str
    vertical: str

    def overlaps(self, other: Place) -> bool:
        """Whether the two boxes have something in common."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def holds(self, spot: Spot) -> bool:
        """Whether that spot lies under the name, or closer to it than a marker needs."""
        return (
            self.left - _MARGIN < spot[0] < self.right + _MARGIN
            and self.bottom - _MARGIN < spot[1] < self.top + _MARGIN
        )


def placed(spots: Sequence[Spot], sizes: Sequence[Spot], points: Sequence[Spot], room: Spot) -> list[Place]:
    """A place for each name in turn, the best that is left; everything is in one unit from the lower left corner.

    Args:
        spots: the points that are named.
        sizes: width and height of each name.
        points: everything that a name must not hide, the named ones too.
        room: width and height of the axes.
    """
    found: list[Place] = []
    lines: list[tuple[Spot, Spot]] = []
    for spot, size in zip(spots, sizes, strict=True):
        ratings = [
            (_rating(place, spot, points, found, lines, room), number, place)
            for number, place in enumerate(_candidates(spot, size))
        ]
        best = min(ratings)[2]
        found.append(best)
        lines.append((spot, best.end))
    return found


def _candidates(spot: Spot, size: Spot) -> Iterator[Place]:
    """Boxes around a point, the nearest first: beside it at the sides, in the middle of it above and below."""
    width, height = size
    for distance in _DISTANCES:
        for step in range(_DIRECTIONS):
            angle = math.tau * step / _DIRECTIONS
            x, y = spot[0] + distance * math.cos(angle), spot[1] + distance * math.sin(angle)
            if abs(math.cos(angle)) > _BESIDE:
                left, horizontal = (x, "left") if math.cos(angle) > 0 else (x - width, "right")
                bottom, vertical = y - height / 2, "center"
            else:
                left, horizontal = x - width / 2, "center"
                bottom, vertical = (y, "bottom") if math.sin(angle) > 0 else (y - height, "top")
            yield Place(left, bottom, left + width, bottom + height, (x, y), horizontal, vertical)


def _rating(
    place: Place,
    spot: Spot,
    points: Sequence[Spot],
    names: Sequence[Place],
    lines: Sequence[tuple[Spot, Spot]],
    room: Spot,
) -> float:
    """How bad a place is."""
    hidden, covered, crossed, outside = _FAULTS
    distance = math.dist(spot, place.end)
    corners = [(place.left, place.bottom), (place.right, place.bottom), (place.right, place.top)]
    sides = list(pairwise([*corners, (place.left, place.top), corners[0]]))
    line = spot, place.end
    rating = distance + hidden * sum(place.holds(point) for point in points)
    rating += covered * sum(place.overlaps(name) for name in names)
    rating += crossed * sum(_cross(line, other) for other in lines if other[0] != spot)
    rating += crossed * sum(any(_cross(side, other) for side in sides) for other in lines)
    is_inside = place.left >= 0 and place.right <= room[0] and place.bottom >= 0 and place.top <= room[1]
    return rating if is_inside else rating + outside


def _cross(one: tuple[Spot, Spot], other: tuple[Spot, Spot]) -> bool:
    def side(begin: Spot, end: Spot, spot: Spot) -> float:
        return (end[0] - begin[0]) * (spot[1] - begin[1]) - (end[1] - begin[1]) * (spot[0] - begin[0])

    return side(*one, other[0]) * side(*one, other[1]) < 0 and side(*other, one[0]) * side(*other, one[1]) < 0
