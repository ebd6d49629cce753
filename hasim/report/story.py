"""A told replication as data: events, the stories of outages, episodes; and its plain forms, text and JSON.

Nothing here colours anything: ``to_text`` is what a pipe gets, and the command line dresses the same data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from hasim.measure.model import Outage
from hasim.report.numbers import duration_text
from hasim.units import DAY, HOUR, MILLISECOND, MINUTE, SECOND, counted

__all__ = ["Episode", "Event", "Item", "Narration", "OutageStory", "PhaseCost", "clock", "moment", "since_fault"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``relative_ns`` counts from the episode's first fault (or its first event)."""

    at_ns: int
    relative_ns: int
    who: str
    what: str
    why: str
    tone: str


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """One row of an outage's table."""

    phase: str
    cost_ns: int
    meaning: str


@dataclass(frozen=True, slots=True)
class OutageStory:
    """What an outage cost: number (from 1), table of phases (all eight), and one sentence."""

    number: int
    outage: Outage
    phases: tuple[PhaseCost, ...]
    sentence: str


Item: TypeAlias = Event | OutageStory


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of the run in which something happened."""

    start_ns: int
    end_ns: int
    items: tuple[Item, ...]

    @property
    def outage_numbers(self) -> list[int]:
        """The numbers of the outages that ended in this episode."""
        return [item.number for item in self.items if isinstance(item, OutageStory)]


@dataclass(frozen=True, slots=True)
class Narration:
    """A told replication. ``heading`` says what was run and how it began, ``closing`` what it amounted to."""

    heading: tuple[str, ...]
    episodes: tuple[Episode, ...]
    closing: tuple[str, ...]
    horizon_ns: int

    def only(self, outage_number: int) -> Narration:
        """The same narration with the one episode in which that outage (from 1) was.

        Raises:
            KeyError: there is no such outage.
        """
        for episode in self.episodes:
            if outage_number in episode.outage_numbers:
                others = len(self.episodes) - 1
                note = (f"{counted(others, 'other episode')} of this replication not shown.",)
                return replace(self, episodes=(episode,), closing=(*self.closing, *(note if others else ())))
        raise KeyError(outage_number)

    def to_text(self) -> str:
        """Plain text in fixed columns, without colour, ending in a newline."""
        lines = [*self.heading, ""]
        for episode in self.episodes:
            lines += [*_episode_lines(episode, self.horizon_ns), ""]
        return "\n".join([*lines, *self.closing, ""])

    def to_dict(self) -> dict[str, Any]:
        """The narration as JSON data; times in integer nanoseconds."""
        return {
            "heading": list(self.heading),
            "episodes": [
                {
                    "start_ns": episode.start_ns,
                    "end_ns": episode.end_ns,
                    "items": [_item_dict(item) for item in episode.items],
                }
                for episode in self.episodes
            ],
            "closing": list(self.closing),
        }


def clock(at_ns: int, horizon_ns: int) -> str:
    """The time of day of the run as a column has it: all the days of a run take the same room."""
    return _clock(at_ns, horizon_ns, len(str(horizon_ns // DAY)))


def moment(at_ns: int, horizon_ns: int) -> str:
    """The time of day of the run as running text has it."""
    return _clock(at_ns, horizon_ns, 0)


def _clock(at_ns: int, horizon_ns: int, room: int) -> str:
    """Seconds in runs up to an hour, days (in so many characters) and hours in longer ones."""
    if horizon_ns <= HOUR:
        return f"{at_ns / SECOND:.3f}"
    days, rest_ns = divmod(at_ns, DAY)
    hours, rest_ns = divmod(rest_ns, HOUR)
    minutes, rest_ns = divmod(rest_ns, MINUTE)
    text = f"{hours:02d}:{minutes:02d}:{rest_ns / SECOND:06.3f}"
    return f"day {days:>{room}} {text}" if horizon_ns > DAY else text


def since_fault(relative_ns: int) -> str:
    """The time from the fault, with a sign and to the millisecond: seconds (``+3.781``), from two minutes on, as with
    other durations, minutes and hours (``+2:34.702``, ``+1:26:27.327``)."""
    if abs(relative_ns) < 2 * MINUTE:
        return f"{relative_ns / SECOND:+.3f}"
    hours, rest_ns = divmod(round(abs(relative_ns) / MILLISECOND) * MILLISECOND, HOUR)
    minutes, rest_ns = divmod(rest_ns, MINUTE)
    text = f"{minutes:02d}:{rest_ns / SECOND:06.3f}"
    return ("-" if relative_ns < 0 else "+") + (f"{hours}:{text}" if hours else text.removeprefix("0"))


def _episode_lines(episode: Episode, horizon_ns: int) -> Iterator[str]:
    events = [item for item in episode.items if isinstance(item, Event)]
    wide = max((len(event.who) for event in events), default=0)
    clocks = max((len(clock(event.at_ns, horizon_ns)) for event in events), default=0)
    shifts = max((len(since_fault(event.relative_ns)) for event in events), default=0)
    for item in episode.items:
        if isinstance(item, OutageStory):
            yield from _story_lines(item)
        else:
            why = f"  ({item.why})" if item.why else ""
            times = f"{clock(item.at_ns, horizon_ns):>{clocks}} {since_fault(item.relative_ns):>{shifts}}"
            yield f"{times}  {item.who:<{wide}}  {item.what}{why}"


def _story_lines(story: OutageStory) -> Iterator[str]:
    yield f"    outage {story.number}: {story.sentence}"
    for row in story.phases:
        if row.cost_ns:
            yield f"        {row.phase:<9} {duration_text(row.cost_ns):>12}  {row.meaning}"
    yield f"        {'total':<9} {duration_text(story.outage.duration_ns):>12}"


def _item_dict(item: Item) -> dict[str, Any]:
    if isinstance(item, Event):
        parts = {"at_ns": item.at_ns, "relative_ns": item.relative_ns, "who": item.who, "what": item.what}
        return {"event": {**parts, **({"why": item.why} if item.why else {}), "tone": item.tone}}
    outage = item.outage
    return {
        "outage": {
            "number": item.number,
            "start_ns": outage.start_ns,
            "end_ns": outage.end_ns,
            "cause": outage.cause,
            "fault": outage.fault,
            "began_on": outage.began_on,
            "ended_on": outage.ended_on,
            "resolution": outage.resolution,
            "phases_ns": {row.phase: row.cost_ns for row in item.phases},
            "sentence": item.sentence,
        }
    }
