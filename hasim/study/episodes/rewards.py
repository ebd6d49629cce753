"""What an episode counts for, by the number that is asked for."""

from __future__ import annotations

from hasim.measure.model import FAILOVER, Outage
from hasim.study.episodes.episode import Episode
from hasim.study.episodes.estimation import Reward

__all__ = [
    "downtime_caused_by",
    "downtime_ns",
    "downtime_with",
    "failover_count",
    "failovers_of",
    "length_ns",
    "once",
    "overlapping_downtime_ns",
    "phase_ns",
]


def once(_episode: Episode) -> float:
    """Itself."""
    return 1.0


def length_ns(episode: Episode) -> float:
    """Its length."""
    return episode.length_ns


def downtime_ns(episode: Episode) -> float:
    """The time without service."""
    return sum(episode.downtime_ns)


def overlapping_downtime_ns(episode: Episode) -> float:
    """The time without service while at least two faults were in force."""
    return sum(episode.downtime_ns[2:])


def downtime_with(count: int) -> Reward:
    """The time without service while so many faults were in force."""
    return lambda episode: episode.downtime_ns[count] if count < len(episode.downtime_ns) else 0.0


def downtime_caused_by(cause: str) -> Reward:
    """The time of the outages with that cause."""
    return lambda episode: sum(outage.duration_ns for outage in episode.outages if outage.cause == cause)


def failovers_of(episode: Episode) -> list[Outage]:
    """Its outages that ended on another instance than they began on."""
    return [outage for outage in episode.outages if outage.resolution == FAILOVER]


def failover_count(episode: Episode) -> float:
    """How many failovers it has."""
    return len(failovers_of(episode))


def phase_ns(index: int) -> Reward:
    """What the phase with that index took of its failovers."""
    return lambda episode: sum(outage.phases_ns[index] for outage in failovers_of(episode))
