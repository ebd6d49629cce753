"""Outcomes in a temporary database: the same as a tuple of them, whatever is asked."""

from __future__ import annotations

import gc
import pickle
import sqlite3
from dataclasses import replace

import pytest

from hasim.errors import UserError
from hasim.measure import RunOutcome
from hasim.measure.model import FAILOVER, PHASES, RECOVERED_IN_PLACE
from hasim.study.outcomes import Outcomes, OutcomeStore, amounts_of
from hasim.study.summary import outages_per_year
from hasim.units import SECOND, YEAR
from tests.unit.study_samples import outage, run

RUNS = (
    run(0, outage(10, 2), outage(500, 3, "recovered_in_place", "freeze"), dual_master_ns=7),
    run(1),
    run(
        4,
        outage(20, 9, phases_s=(1, 0, 0, 2, 3, 0, 1, 2)),
        outage(90, 2, cause="failback"),
        outage(95, 4, "unresolved"),
    ),
    run(5, outage(30, 3)),
)
OUTAGES = tuple(outage for one in RUNS for outage in one.outages)


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes.of(RUNS)


def test_they_are_what_was_put_in(outcomes: Outcomes) -> None:
    assert outcomes == RUNS
    assert outcomes == list(RUNS)
    assert outcomes == Outcomes.of(iter(RUNS))
    assert (len(outcomes), outcomes[2], outcomes[-1]) == (4, RUNS[2], RUNS[-1])
    assert [one.outages[-1] for one in outcomes if one.outages] == [one.outages[-1] for one in RUNS if one.outages]
    assert repr(outcomes) == repr(RUNS)
    assert outcomes != RUNS[:3]
    assert outcomes != (*RUNS[:3], replace(RUNS[3], transitions=9))
    assert outcomes != "text"
    assert Outcomes.of(outcomes) is outcomes
    for index in (4, -5):
        with pytest.raises(IndexError, match=rf"there are 4, and none has the index {index}"):
            outcomes[index]


def test_api_calls_keep_their_order() -> None:
    calls = {"b": {"OK": 2, "A": 1}, "a": {}}
    (found,) = Outcomes.of([replace(RUNS[0], api_calls=calls)])
    assert list(found.api_calls.items()) == list(calls.items())
    assert list(found.api_calls["b"]) == ["OK", "A"]


@pytest.mark.parametrize(
    "some", [slice(1, 3), slice(3), slice(2, None), slice(0, 0), slice(None, None, 2), slice(-1, 0, -1)]
)
def test_some_of_them(outcomes: Outcomes, some: slice) -> None:
    assert outcomes[some] == RUNS[some]


def test_slices_of_outages_are_read_at_once(outcomes: Outcomes) -> None:
    asked: list[str] = []
    outcomes._store.connection.set_trace_callback(asked.append)
    for some in (slice(2, 5), slice(-2, None), slice(None, None, -1), slice(5, 0, -2), slice(1, None, 2)):
        assert outcomes.outages[some] == OUTAGES[some]
    assert len(asked) <= 2 * 5


def test_those_with_certain_numbers(outcomes: Outcomes) -> None:
    assert outcomes.only([4, 0, 99]) == (RUNS[0], RUNS[2])
    assert outcomes.only(range(9)) is outcomes
    assert outcomes.numbered(4) == RUNS[2]
    with pytest.raises(KeyError):
        outcomes.numbered(2)


def test_columns(outcomes: Outcomes) -> None:
    for name in ("replication", "horizon_ns", "downtime_ns", "dual_master_ns", "transitions", "notify_runs"):
        assert amounts_of(outcomes, name) == amounts_of(RUNS, name)
    for name in ("start_ns", "end_ns", "duration_ns"):
        assert outcomes.outages.column(name).tolist() == [getattr(one, name) for one in OUTAGES]
    for index, phase in enumerate(PHASES):
        assert outcomes.outages.column(f"{phase}_ns").tolist() == [one.phases_ns[index] for one in OUTAGES]
    assert outcomes.positions_of(outcomes.outages).tolist() == [0, 0, 2, 2, 2, 3]
    assert outcomes.counts_of(outcomes.outages) == [2, 0, 3, 1]
    assert outcomes[1:3].outages.column("replication").tolist() == [4, 4, 4]  # type: ignore[attr-defined]


def test_outages_of_some_kind(outcomes: Outcomes) -> None:
    assert outcomes.outages == OUTAGES
    assert outcomes.outages.only(resolution=FAILOVER) == tuple(one for one in OUTAGES if one.resolution == FAILOVER)
    assert outcomes.outages.only(cause="failback") == (RUNS[2].outages[1],)
    assert not outcomes.outages.only(cause="failback", resolution=RECOVERED_IN_PLACE)


def test_totals(outcomes: Outcomes) -> None:
    found = {(one.cause, one.resolution): one for one in outcomes.outages.totals()}
    assert set(found) == {(one.cause, one.resolution) for one in OUTAGES}
    crashes = found["crash", FAILOVER]
    assert (crashes.count, crashes.longest_ns, crashes.total_ns) == (3, 9 * SECOND, 14 * SECOND)
    assert [seconds_ns // SECOND for seconds_ns in crashes.phases_ns] == [6, 0, 0, 2, 3, 0, 1, 2]


def test_totals_are_exact_beyond_what_sqlite_can_sum() -> None:
    long = outage(0, 280 * 365 * 86_400)
    runs = [run(number, replace(long, end_ns=long.end_ns + 1), horizon_ns=290 * YEAR) for number in range(3)]
    (found,) = Outcomes.of(runs).outages.totals()
    assert found.total_ns == 3 * (280 * YEAR + 1) > 2**64


def test_places_by_length(outcomes: Outcomes) -> None:
    assert list(outcomes.outages.places()) == [(0, 1), (4, 2), (0, 2), (5, 1), (4, 3), (4, 1)]
    assert list(outcomes.outages.places(longest_first=True))[:4] == [(4, 1), (4, 3), (0, 2), (5, 1)]
    assert next(outcomes.outages.places(skip=4)) == (4, 3)


def test_jobs_of_one_store_are_kept_apart_and_nothing_is_put_in_twice() -> None:
    store = OutcomeStore()
    assert (store.add(0, RUNS[2:]), store.add(1, RUNS[:1]), store.add(0, RUNS)) == (2, 1, 2)
    assert Outcomes(store, 0) == RUNS
    assert Outcomes(store, 1) == RUNS[:1]
    assert Outcomes(store, 0, 1, 5) == RUNS[1:3]


def test_what_cannot_be_kept_leaves_the_store_as_it_was() -> None:
    store = OutcomeStore()
    store.add(0, RUNS[:2])
    for odd in ([1], 2**63):
        with pytest.raises(ValueError, match="no outcome"):
            store.add(0, [RUNS[2], replace(RUNS[3], transitions=odd)])  # type: ignore[arg-type]
    assert Outcomes(store, 0) == RUNS[:2]


def test_no_room_left_says_where_there_may_be_some() -> None:
    store = OutcomeStore()
    store.connection.execute("PRAGMA max_page_count = 12")
    with pytest.raises(UserError, match=r"find no room .* full.* SQLITE_TMPDIR"):
        store.add(0, (replace(RUNS[2], replication=number) for number in range(1000)))
    assert not Outcomes(store, 0)


def test_what_fails_while_they_are_read_is_told_in_the_same_terms(outcomes: Outcomes) -> None:
    """As the lack of room to put them in order would."""
    outages = outcomes.outages
    outcomes._store.connection.set_progress_handler(lambda: 1, 1)
    for read in (outages.totals, lambda: list(outages), lambda: next(outages.places()), lambda: outages[0]):
        with pytest.raises(UserError, match=r"find no room .* SQLITE_TMPDIR"):
            read()


def test_pickled_they_are_the_same(outcomes: Outcomes) -> None:
    assert pickle.loads(pickle.dumps(outcomes)) == RUNS
    alone: RunOutcome = pickle.loads(pickle.dumps(outcomes[2]))
    assert isinstance(alone.outages, tuple)
    assert alone == RUNS[2]


def test_the_store_goes_with_the_last_reader() -> None:
    outcomes = Outcomes.of(RUNS)
    connection, outages = outcomes._store.connection, outcomes[2].outages
    del outcomes
    gc.collect()
    assert outages == RUNS[2].outages
    del outages
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_groups_of_outages_widen_the_interval_of_their_rate() -> None:
    alone = [run(number, outage(1_000, 2), outage(9_000_000, 2)) for number in range(20)]
    pairs = [run(number, outage(1_000, 2), outage(1_004, 2)) for number in range(20)]
    bunched = [
        run(number, *([outage(9_000 * part, 2) for part in range(1, 5)] if number % 2 else [])) for number in range(20)
    ]
    found = [outages_per_year(some) for some in (alone, pairs, bunched)]
    assert [estimate.value for estimate in found] == [2.0, 2.0, 2.0]
    assert "dispersion" not in found[0].method
    assert "dispersion 2.00" in found[1].method  # incidents of two
    assert "dispersion 2.11" in found[2].method  # 80 / 19 of variance over a mean of 2
