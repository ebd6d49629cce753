"""API calls whose caller is frozen or cut off before they are answered: what is lost is sent again."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.sim import simulate
from hasim.trace import ApiAnswered, ApiCalled, NotifyEnded, NotifyStarted, Record
from hasim.units import MILLISECOND, SECOND
from tests.unit.bare_pair import bare_pair, of_type, run

_CRASH = {"kind": "crash", "target": "a", "at": "10s"}
_CUT_OFF: dict[str, Any] = {"between": "b", "and": "api"}
_UNHEARD: dict[str, Any] = {"from": "b", "to": "api"}
_DEAF: dict[str, Any] = {"from": "api", "to": "b"}
_FIRST_CALL_NS = 12_709_375_000
"""The last advert of a was sent at 9 s; b waits 3 (1 + 156/256) s more, and its script starts for 100 ms."""


def _trouble(kind: str, lasts: str, *, after_ms: int = 50, **more: Any) -> dict[str, Any]:
    """Something that befalls b so long after its script has made its first call, which is served after 100 ms."""
    at_ns = _FIRST_CALL_NS + after_ms * MILLISECOND
    return {"kind": kind, "at": f"{at_ns}ns", "duration": lasts, **more}


def _records(*faults: dict[str, Any], limit: str = "60s", **notify: Any) -> tuple[Record, ...]:
    policy = {"start_up": "100ms", "call_timeout": limit, "tries": 1, **notify}
    return run(bare_pair(notify=policy, faults=[_CRASH, *faults]))


def _first_answer(records: tuple[Record, ...]) -> tuple[float, str]:
    """How long after the first call of b its script had the answer (ms), and which."""
    call = of_type(records, ApiCalled)[0]
    assert (call.instance, call.at) == ("b", _FIRST_CALL_NS)
    answer = next(r for r in of_type(records, ApiAnswered) if r.call == call.call)
    return (answer.at - call.at) / MILLISECOND, answer.code


def test_the_answer_to_a_script_that_runs_comes_when_it_is_served() -> None:
    assert _first_answer(_records()) == (100, "OK")


@pytest.mark.parametrize(
    ("lasts", "answered_ms"),
    [
        ("30ms", 100),  # it is over before the answer is sent
        ("50000001ns", 100 + 200),  # 1 ns after it
        ("249ms", 100 + 200),
        ("251ms", 100 + 600),
        ("1s", 100 + 1_400),
        ("2s", 100 + 3_000),
        ("5s", 100 + 6_200),
        ("10s", 100 + 12_600),
        ("26s", 100 + 51_000),
    ],
)
@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("freeze", {"target": "b"}),
        ("partition", _CUT_OFF),
        ("one_way_partition", _DEAF),
    ],
)
def test_an_answer_that_is_lost_comes_with_the_first_retransmission_afterwards(
    kind: str, where: dict[str, Any], lasts: str, answered_ms: int
) -> None:
    """0.2, 0.4, 0.8, ... s after one another, from when it was first sent."""
    assert _first_answer(_records(_trouble(kind, lasts, **where))) == (answered_ms, "OK")


def test_the_answer_does_not_need_the_way_back() -> None:
    cut = _trouble("one_way_partition", "5s", **_UNHEARD)
    assert _first_answer(_records(cut)) == (100, "OK")


def test_an_answer_that_waits_for_its_frozen_caller_is_there_when_it_goes_on() -> None:
    found = _records(_trouble("freeze", "5s", target="b", packets_queued=True))
    assert _first_answer(found) == (5_050, "OK")


def test_the_longest_pause_between_two_packets_is_two_minutes() -> None:
    """102.2 s after the first come 204.6, 324.6 and 444.6 s: not 409.4 and 819."""
    found = run(
        bare_pair(
            horizon="20min",
            notify={"start_up": "100ms", "call_timeout": "15min"},
            faults=[_CRASH, _trouble("freeze", "325s", target="b")],
        )
    )
    assert _first_answer(found) == (100 + 204_600 + 120_000 + 120_000, "OK")


@pytest.mark.parametrize(
    ("limit", "lasts", "queued", "noticed_ms"),
    [
        ("5s", "4s", False, 5_000),  # the next packet would come after 6.2 s
        ("6300ms", "4s", False, None),  # it comes in time, if only just
        ("5s", "20s", False, 20_050),  # the time ran out in the freeze
        ("5s", "20s", True, 20_050),  # so it did, and the answer waits beside it
        ("5s", "4950ms", True, None),
    ],
)
def test_a_caller_that_is_frozen_beyond_its_limit_gives_up_when_it_goes_on(
    limit: str, lasts: str, queued: bool, noticed_ms: int | None
) -> None:
    found = _records(_trouble("freeze", lasts, target="b", packets_queued=queued), limit=limit)
    at_ms, code = _first_answer(found)
    assert code == ("OK" if noticed_ms is None else "ClientTimeout")
    assert noticed_ms in (None, at_ms)


@pytest.mark.parametrize(
    ("lasts", "answered_ms"),
    [("100ms", 1_100), ("1s", 1_100), ("3s", 3_100), ("4s", 4_100), ("6s", 7_100), ("8s", 11_100), ("12s", 19_100)],
)
def test_a_request_on_a_way_that_is_cut_gets_through_when_the_connection_is_tried_again(
    lasts: str, answered_ms: int
) -> None:
    """1, 1, 1, 1, 1, 2, 4, 8 ... s after one another; it is served 100 ms later."""
    cut = _trouble("partition", lasts, after_ms=-10, **_CUT_OFF)
    assert _first_answer(_records(cut)) == (answered_ms, "OK")


def test_a_request_that_does_not_get_through_in_time_is_never_served() -> None:
    cut = _trouble("partition", "6s", after_ms=-10, **_CUT_OFF)
    assert _first_answer(_records(cut, limit="5s", check_first=False)) == (5_000, "ClientTimeout")


def test_a_frozen_guest_does_not_try_to_connect_until_it_goes_on() -> None:
    """The try after 3 s falls into the freeze and is made at its end, at 5.5 s."""
    cut = _trouble("partition", "2s", after_ms=-10, **_CUT_OFF)
    freeze = _trouble("freeze", "4s", after_ms=1_500, target="b")
    assert _first_answer(_records(cut, freeze)) == (5_600, "OK")


def test_a_freeze_without_a_call_in_flight_delays_a_script_by_no_more_than_itself() -> None:
    """It hits the script in its start, 50 ms before it makes the call; what it does then takes its usual time."""
    frozen = _records(_trouble("freeze", "5s", after_ms=-50, target="b"))
    untouched = _records()
    late = [r.at for r in of_type(frozen, ApiCalled | ApiAnswered | NotifyEnded)]  # type: ignore[arg-type]
    usual = [r.at for r in of_type(untouched, ApiCalled | ApiAnswered | NotifyEnded)]  # type: ignore[arg-type]
    assert {one - other for one, other in zip(late, usual, strict=True)} == {4_950 * MILLISECOND}


def test_a_periodic_question_may_be_in_flight_too() -> None:
    """One of five is (2 s of 10). Its answer says what was true when it was served: that a has the address. What b has
    done since, the next question finds out."""
    question = {"accept": "2s"}
    scenario = bare_pair(
        notify={"start_up": "0", "call_timeout": "60s", "reclaim_interval": "10s"},
        control_plane={"accept": "10ms", "propagation": "0", "actions": {"DescribeNetworkInterfaces": question}},
        faults=[{"kind": "freeze", "target": "a", "at": "101s", "duration": "20s"}],
    )
    in_flight = 0
    for replication in range(40):
        quiet, explicit = (
            simulate(scenario, seed=1, replication=replication, heartbeats=mode).records
            for mode in ("quiet", "explicit")
        )
        assert quiet == explicit
        first, *rest = (r for r in of_type(quiet, NotifyStarted) if (r.instance, r.event) == ("a", "RECLAIM"))
        if first.at != 101 * SECOND:
            assert first.at == 121 * SECOND, "what fell due meanwhile is asked at once"
            continue
        in_flight, second = in_flight + 1, rest[0]
        asked_ns = 101 * SECOND - (101 * SECOND - second.at) % (10 * SECOND)
        answered = next(r for r in of_type(quiet, ApiAnswered) if r.run == first.run)
        assert (answered.code, answered.at) == ("OK", asked_ns + 2 * SECOND + 25_400 * MILLISECOND)
        outcomes = {r.run: r.outcome for r in of_type(quiet, NotifyEnded)}
        assert (outcomes[first.run], outcomes[second.run]) == ("nothing_to_do", "done")
        assert second.at > answered.at
    assert 2 <= in_flight <= 15, "8 of 40 within three standard errors"
