"""Sequential stopping: where a study may stop, that workers and journals have no say in it, and what it says."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from hasim.errors import UserError
from hasim.report.tables import stopping_note
from hasim.scenario import loads
from hasim.study import Journal, Stopping, StudyResult, load_result, replicate
from hasim.study.overlaps import Overlaps
from hasim.study.stopping import MIN_REPLICATIONS, MIN_WITH_DOWNTIME, judge, looks
from tests.unit.scenario_texts import BASE
from tests.unit.study_samples import outage, result, run, shipped

NAME = "freeze-that-heals"


def precise(**options: object) -> StudyResult:
    return replicate(shipped(NAME), **{"seed": 3, "jobs": 1, **options})  # type: ignore[arg-type]


def test_looks_are_a_quarter_apart_and_end_at_the_bound() -> None:
    places = list(looks(1000))
    assert (places[0], places[-1]) == (MIN_REPLICATIONS, 1000)
    assert all(1.2 < later / earlier < 1.3 for earlier, later in pairwise(places[:-1]))
    assert list(looks(MIN_REPLICATIONS)) == [MIN_REPLICATIONS]
    assert list(looks(MIN_REPLICATIONS + 1)) == [MIN_REPLICATIONS, MIN_REPLICATIONS + 1]


def test_a_study_stops_at_the_first_look_that_is_precise_enough() -> None:
    found = precise(precision=0.2)
    assert found.stopping is not None
    assert found.stopping.met
    assert not found.interrupted
    count = len(found.outcomes)
    assert count in list(looks(10_000))
    assert found.outcomes == precise(replications=count).outcomes
    interval = found.unavailability
    assert max(interval.high - interval.value, interval.value - interval.low) <= 0.2 * interval.value
    earlier = [look for look in looks(10_000) if look < count]
    assert not any(judge(found.outcomes[:look], 0.2, 10_000).met for look in earlier)


def test_it_stops_at_the_same_place_with_two_jobs_and_with_a_journal_that_has_more(tmp_path: Path) -> None:
    alone = json.dumps(precise(precision=0.3).to_json())
    assert json.dumps(precise(precision=0.3, jobs=2).to_json()) == alone
    with Journal(tmp_path / "journal.sqlite") as journal:
        precise(replications=150, journal=journal)
        assert json.dumps(precise(precision=0.3, journal=journal).to_json()) == alone


def test_the_bound_is_reached_and_said() -> None:
    found = precise(precision=0.001, max_replications=40)
    assert found.stopping is not None
    assert (len(found.outcomes), found.stopping.met) == (40, False)
    needed = found.stopping.replications_needed(40)
    assert needed is not None
    assert needed > 40
    assert stopping_note(found).startswith("stopped at the bound of 40 replications: the unavailability is known to ±")
    assert stopping_note(found).endswith(f"±0.1% was asked; about {needed:,} replications would do")


def test_no_downtime_is_never_precise() -> None:
    found = judge([run(number) for number in range(100)], 0.5, 1000)
    assert (found.reached, found.met, found.replications_needed(100)) == (math.inf, False, None)
    assert "without any downtime" in stopping_note(replace(result(run(0)), stopping=found))


def test_few_replications_with_downtime_are_never_precise() -> None:
    few = MIN_WITH_DOWNTIME - 1
    outcomes = [run(number, outage(1, 10 + number % 2)) for number in range(few)]
    found = judge([*outcomes, *(run(few + number) for number in range(3))], 0.9, 1000)
    assert found.reached < 0.9
    assert not found.met
    assert judge([run(number, outage(1, 10 + number % 2)) for number in range(few + 1)], 0.9, 1000).met
    told = stopping_note(replace(result(*outcomes), stopping=found))
    assert "too few replications had any downtime" in told


def test_what_is_too_rare_to_have_been_seen_is_waited_for() -> None:
    outcomes = [run(number, outage(1, 10 + number % 2)) for number in range(40)]
    value = judge(outcomes, 0.3, 1000).reached
    assert value < 0.3
    lost = result(*outcomes).unavailability.value
    rare = Overlaps(0.5, 0.1 * lost)
    found = judge(outcomes, 0.3, 1000, rare)
    assert (found.met, found.overlaps, found.replications_needed(40)) == (False, rare, 800)
    assert judge(outcomes, 0.3, 1000, Overlaps(0.5, 0.05 * lost)).met
    told = stopping_note(replace(result(*outcomes), stopping=found))
    assert told.endswith(
        "not enough failures of all instances at once are to be expected in so many; in about 800 there are"
    )


def test_a_pair_whose_overlaps_matter_goes_to_its_bound() -> None:
    crash = "{kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 100h}}, duration: 1h}"
    text = BASE.replace("10min", "4d") + f"notify: {{reclaim_interval: 30s}}\nfaults: [{crash}]\n"
    found = replicate(loads(text), precision=0.9, max_replications=40, seed=1, jobs=1)
    assert found.stopping is not None
    assert found.stopping.overlaps is not None
    assert (len(found.outcomes), found.stopping.met) == (40, False)


def test_ctrl_c_ends_it_and_says_how_far_it_came() -> None:
    def interrupt(done: int, _wanted: int) -> None:
        if done >= MIN_REPLICATIONS + 1:
            raise KeyboardInterrupt

    found = precise(precision=0.001, progress=interrupt)
    assert found.interrupted
    assert found.stopping is not None
    assert not found.stopping.met
    assert stopping_note(found).startswith("interrupted: the unavailability is known to ±")


def test_progress_expects_what_the_precision_will_take() -> None:
    seen: list[tuple[int, int]] = []
    found = precise(precision=0.2, max_replications=5000, progress=lambda done, wanted: seen.append((done, wanted)))
    assert seen[0] == (0, 5000)
    assert seen[-1][0] == len(found.outcomes)
    assert all(done <= wanted <= 5000 for done, wanted in seen)


def test_a_stopped_study_is_kept_with_how_it_stopped(tmp_path: Path) -> None:
    found = precise(precision=0.001, max_replications=30)
    found.save(tmp_path)
    assert load_result(tmp_path) == found
    unseen = replace(result(run(0)), stopping=Stopping(0.1, 30, math.inf, False))
    unseen.save(tmp_path)
    assert load_result(tmp_path).stopping == unseen.stopping
    rare = replace(unseen, stopping=Stopping(0.1, 30, 0.05, False, Overlaps(0.5, 1e-6)))
    rare.save(tmp_path)
    assert load_result(tmp_path).stopping == rare.stopping


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"precision": 0.0}, "between 0 and 1"),
        ({"precision": 5.0}, r"such as 0\.05 for 5 %, not 5"),
        ({"precision": 0.1, "replications": 100}, "not both"),
        ({"precision": 0.1, "max_replications": 29}, "cannot be judged before 30"),
        ({"max_replications": 100}, "goes with a precision"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        precise(**arguments)
