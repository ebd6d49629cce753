"""An address that two repairs within a move leave behind, against its closed form.

b fails, then a; b comes back first, and a within the time that the address takes to move to b. a is MASTER again before
it has moved, finds that it still has it, and has nothing to do; then the move ends, and the address stays on b until a
fails the next time. So the service is out for a whole time to failure.

b is down from 0 to D, a from s to s + E. It ends so where s + E - D is in a window as long as a move, that is where s
is in a window as long as that. It is above 0 for every other D and E, and where it is below, a has failed first and b
has the address already. So pairs of failures do that at the rate ``move / up ** 2 / 2``, and each costs ``up``.

The other case: a alone is back before the address has moved to b. Each failure of a does that with a probability p, and
the next one ends it, so that the service is out for ``p / (1 + p)`` of the time.
"""

from __future__ import annotations

import math

import pytest

from hasim.scenario import loads
from hasim.study.episodes import EpisodesResult, run_episodes
from hasim.study.episodes.episode import Episode
from hasim.units import DAY, HOUR, MINUTE, SECOND
from tests.exact.pairs import bare_pair

pytestmark = pytest.mark.usefixtures("short_pilot")

UP, MOVE = 50 * DAY, 40 * SECOND


def stranded_ns(episode: Episode) -> float:
    return sum(outage.duration_ns for outage in episode.outages if outage.duration_ns > 2 * HOUR)


def answer(repair: str, seed: int, precision: float) -> EpisodesResult:
    faults = f"[{{kind: crash, target: [a, b], time_to_failure: {{exponential: {{mean: 50d}}}}, duration: {repair}}}]"
    text = bare_pair(faults, horizon="1y", task="40s").replace("poll_interval: 1s", "poll_interval: 10s")
    return run_episodes(loads(text), seed=seed, precision=precision, jobs=1)


def test_what_two_repairs_within_a_move_leave_behind_is_found() -> None:
    result = answer("{uniform: {low: 5min, high: 15min}}", 3, 0.1)
    found = result.cycles.ratio(stranded_ns).estimate()
    assert found.low <= MOVE / UP / 2 <= found.high
    assert found.high < 3 * found.low


def test_what_one_repair_within_a_move_leaves_behind_is_found() -> None:
    """b is MASTER between 2.609 and 3.609 s after the failure, a preempts 3.414 s after its repair."""
    in_time = [
        math.exp(-max(waits - 3.414 * SECOND, 0) / (10 * MINUTE))
        - math.exp(-(waits - 3.414 * SECOND + MOVE) / (10 * MINUTE))
        for waits in (2.609 * SECOND + share / 20 * SECOND for share in range(20))
    ]
    stranded = math.fsum(in_time) / 20
    result = answer("{exponential: {mean: 10min}}", 1, 0.3)
    assert result.unseen is None
    found = result.cycles.ratio(stranded_ns).estimate()
    assert found.low <= stranded / (1 + stranded) <= found.high
    assert result.unavailability.low <= stranded / (1 + stranded) <= result.unavailability.high
