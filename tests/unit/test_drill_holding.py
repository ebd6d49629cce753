"""Which repetitions of a drill count, and which are done again."""

from __future__ import annotations

import asyncio

import pytest

from hasim.drill import holding
from hasim.drill.episodes import Episode, episodes_of
from hasim.drill.machine import MachineTimes
from hasim.drill.repetition import Place, Repetition
from hasim.drill.steady import UnhealthyError
from hasim.units import MILLISECOND, SECOND
from tests.unit.scenario_texts import scenario

CRASH = "faults: [{kind: crash, target: a, at: 1min, duration: 5min}]\n"


def _tried(monkeypatch: pytest.MonkeyPatch, lateness_ms: list[int]) -> tuple[int, list[str]]:
    """How late the machine was in the repetition that is taken, if it was so late in one after the other."""
    left = iter(lateness_ms)

    async def repeat(episode: Episode, place: object, number: int) -> Repetition:
        late_ns = next(left) * MILLISECOND
        return Repetition(number, None, MachineTimes(lateness=late_ns), {}, ())  # type: ignore[arg-type]

    monkeypatch.setattr(holding, "repeat", repeat)
    (episode,) = episodes_of(scenario(CRASH, vrrp={"version": 3, "advert_int": "100ms"}), 20 * SECOND)
    repeated: list[str] = []
    place = Place(None, "0-0", None, None)  # type: ignore[arg-type]
    taken = asyncio.run(holding.persistently(episode, place, 0, repeated))
    return taken.times.lateness // MILLISECOND, repeated


def test_a_disturbed_repetition_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, repeated = _tried(monkeypatch, [70, 300, 20])
    assert taken == 20
    assert repeated == [
        "crash a, repetition 1: disturbed: the machine was 70 ms late (50 ms are good); repeated",
        "crash a, repetition 1: disturbed: the machine was 300 ms late (50 ms are good); repeated",
    ]


def test_where_the_machine_is_late_every_time_the_least_late_repetition_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, repeated = _tried(monkeypatch, [90, 300, 60, 80])
    assert taken == 60
    assert (
        repeated[-1]
        == "crash a, repetition 1: taken is the try in which the machine was 60 ms late: the least late one"
    )


def test_a_machine_that_is_much_too_late_every_time_ends_the_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnhealthyError, match=r"in 4 tries; the last time, the machine was 400 ms"):
        _tried(monkeypatch, [200, 300, 150, 400])
