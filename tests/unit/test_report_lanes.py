"""What the timeline chart shows, read from a trace."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from hasim.report.charts.lanes import (
    NO_SERVICE,
    Span,
    Window,
    api_calls,
    claims,
    cloud_lanes,
    event_times,
    fault_spans,
    instance_lanes,
    instance_names,
    outage_axis,
    outage_window,
)
from hasim.trace import AddressClaimed, ApiAnswered, ApiCalled, FaultBegan, FaultEnded, PowerChanged
from tests.unit.report_samples import MOVE, MS, S, crash_trace, trace_of

CRASH, MASTER, SERVED = 100_250 * MS, 103_359 * MS, 106_020 * MS


def test_vrrp_lane_is_clipped_to_the_window() -> None:
    trace, _ = crash_trace()
    window = Window(100 * S, 110 * S)
    lane = instance_lanes(trace, window, "b")["VRRP"]
    assert lane == [Span(100 * S, MASTER, "BACKUP"), Span(MASTER, 110 * S, "MASTER")]


def test_a_crashed_instance_is_off_and_has_neither_address_nor_service() -> None:
    trace, _ = crash_trace()
    window = Window(101 * S, 102 * S)
    lanes = instance_lanes(trace, window, "a")
    assert {name: [span.value for span in spans] for name, spans in lanes.items()} == {
        "power": ["off"],
        "VRRP": ["INIT"],
        "address in guest": ["absent"],
        "service": ["silent"],
    }


def test_clients_lane_says_what_is_missing() -> None:
    trace, _ = crash_trace()
    lane = cloud_lanes(trace, Window(100 * S, 110 * S))["client"]
    assert [(span.value, span.start_ns) for span in lane] == [
        ("a", 100 * S),
        (f"{NO_SERVICE}: instance missing", CRASH),
        ("b", SERVED),
    ]


def test_cloud_holds_before_it_routes() -> None:
    trace, _ = crash_trace()
    lanes = cloud_lanes(trace, Window(CRASH, 110 * S))
    held, routed = (
        next(span.start_ns for span in lanes[name] if span.value == "b") for name in ("held by", "routed to")
    )
    assert routed - held == 400 * MS


def test_window_takes_in_the_fault_that_came_a_little_earlier() -> None:
    trace, outcome = crash_trace()
    late = replace(outcome.outages[0], start_ns=CRASH + 2 * S)
    assert outage_window(trace, late) == Window(CRASH, SERVED)


def test_window_does_not_reach_for_a_fault_of_long_ago() -> None:
    trace, outcome = crash_trace()
    late = replace(outcome.outages[0], start_ns=CRASH + 3_600 * S, end_ns=CRASH + 3_601 * S)
    assert outage_window(trace, late).start_ns == late.start_ns


@pytest.mark.parametrize("task_ns", [1_400 * MS, 163 * S, 360 * S])
def test_margins_follow_what_is_drawn_and_not_the_wait_that_is_cut_away(task_ns: int) -> None:
    trace, outcome = crash_trace(task_ns=task_ns, repair_after_ns=490 * S)
    axis = outage_axis(trace, outcome.outages[0])
    margin_ns = CRASH - axis.times_ns[0]
    assert 0 < margin_ns < S
    assert axis.times_ns[-1] - outcome.outages[0].end_ns == margin_ns


def test_margins_end_with_the_run() -> None:
    trace, outcome = crash_trace()
    short = replace(trace, horizon_ns=SERVED)
    assert outage_axis(short, outcome.outages[0]).times_ns[-1] == SERVED


def test_questions_to_the_api_do_not_keep_a_wait_from_being_cut() -> None:
    trace, outcome = crash_trace(task_ns=163 * S)
    times = event_times(trace, Window(CRASH, 300 * S), outcome.outages[0])
    longest = max(later - earlier for earlier, later in pairwise(times))
    assert longest == 163 * S


def test_calls_under_way_at_the_edge_of_the_window_are_shown() -> None:
    trace = trace_of(
        PowerChanged(0, "a", "running"),
        ApiCalled(1 * S, "a", 1, 1, MOVE),
        ApiAnswered(5 * S, "a", 1, 1, MOVE, "OK"),
        ApiCalled(6 * S, "a", 1, 2, MOVE),
    )
    assert [call.called_ns for call in api_calls(trace, Window(4 * S, 5 * S))] == [1 * S]
    unanswered = api_calls(trace, Window(7 * S, 8 * S))
    assert [(call.called_ns, call.code) for call in unanswered] == [(6 * S, None)]


def test_faults_in_force_are_spans_even_when_they_never_end() -> None:
    trace = trace_of(
        FaultBegan(1 * S, "first", "crash", "a"),
        FaultEnded(3 * S, "first", "crash", "a"),
        FaultBegan(4 * S, "second", "partition", "a|b"),
        horizon_ns=10 * S,
    )
    assert fault_spans(trace, Window(2 * S, 8 * S)) == [
        Span(2 * S, 3 * S, "crash of a"),
        Span(4 * S, 8 * S, "partition of a and b"),
    ]


def test_instances_come_in_the_order_of_the_trace() -> None:
    trace, _ = crash_trace(names=("z", "a", "m"))
    assert instance_names(trace) == ["z", "a", "m"]


def test_a_gratuitous_arp_that_claims_the_address_is_shown_as_a_call_that_is_answered_at_once() -> None:
    trace = trace_of(AddressClaimed(5 * S, "b"), AddressClaimed(20 * S, "a"))
    (claim,) = claims(trace, Window(0, 10 * S))
    assert (claim.called_ns, claim.answered_ns, claim.instance, claim.is_question) == (5 * S, 5 * S, "b", False)
    assert api_calls(trace, Window(0, 10 * S)) == []
