"""How a journal writes down one episode, format ``hasim.episode/1``.

A row is a JSON array, compressed with zlib, with outages as in :mod:`hasim.study.journal.rows`::

    [weight, master, length_ns, [downtime_ns with no fault in force, with one, ...],
     dual_master_ns, wrong_instance_ns, black_hole_ns, stuck, outages]

Its number stands outside. The weight comes back as the same number to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hasim.study.journal.rows import pack, pack_outages, unpack, unpack_outages

if TYPE_CHECKING:
    from hasim.study.episodes.episode import Episode

__all__ = ["episode_of_row", "episode_row", "pack_episode", "unpack_episode"]


def pack_episode(episode: Episode) -> bytes:
    """The row of an episode."""
    return pack(episode_row(episode))


def episode_row(episode: Episode) -> tuple[Any, ...]:
    """The same before it is compressed."""
    return (
        episode.weight,
        episode.master,
        episode.length_ns,
        episode.downtime_ns,
        episode.dual_master_ns,
        episode.wrong_instance_ns,
        episode.black_hole_ns,
        episode.stuck,
        pack_outages(episode.outages),
    )


def unpack_episode(packed: bytes, number: int) -> Episode:
    """The episode of a row.

    Raises:
        ValueError: it is none.
    """
    return episode_of_row(unpack(packed), number)


def episode_of_row(row: Any, number: int) -> Episode:
    """The episode of a row that is not compressed.

    Raises:
        ValueError: it is none.
    """
    from hasim.study.episodes.episode import Episode

    try:
        weight, master, length, downtime, dual_master, wrong_instance, black_hole, stuck, outages = row
        return Episode(
            number=number,
            weight=weight,
            master=master,
            length_ns=length,
            downtime_ns=tuple(downtime),
            outages=unpack_outages(outages),
            dual_master_ns=dual_master,
            wrong_instance_ns=wrong_instance,
            black_hole_ns=black_hole,
            stuck=stuck,
        )
    except TypeError as error:
        raise ValueError(str(error)) from None
