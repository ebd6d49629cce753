"""One replication told as a timeline."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hasim.measure import PHASES, measure
from hasim.report.html import narration_html
from hasim.report.narration import explain
from hasim.report.story import Event, Narration, OutageStory, clock, moment, since_fault
from hasim.trace import (
    AddressHeld,
    AddressRouted,
    AdvertSent,
    ApiAnswered,
    ApiCalled,
    FaultBegan,
    NotifyEnded,
    NotifyStarted,
    PriorityChanged,
    ReachabilityChanged,
    Record,
)
from tests.unit.report_samples import MOVE, MS, QUESTION, S, crash_trace, initial_records, scenario, trace_of

DAY = 86_400 * S


def told(*records: Record, horizon_ns: int = 600 * S) -> Narration:
    trace = trace_of(*initial_records(("a", "b")), *records, horizon_ns=horizon_ns)
    return explain(trace, measure(trace), scenario())


def events(narration: Narration) -> list[Event]:
    return [item for episode in narration.episodes for item in episode.items if isinstance(item, Event)]


def stories(narration: Narration) -> list[OutageStory]:
    return [item for episode in narration.episodes for item in episode.items if isinstance(item, OutageStory)]


def test_a_crash_is_told_from_the_fault_to_the_first_answer() -> None:
    narration = explain(*crash_trace(), scenario())
    lines = [f"{since_fault(event.relative_ns)} {event.who}: {event.what}" for event in events(narration)]
    assert lines[:13] == [
        "+0.000 fault: crash of a begins",
        "+0.000 a: is off",
        "+0.000 clients: get no answer",
        "+3.109 b: BACKUP → MASTER",
        "+3.113 b: starts its notify script for MASTER (script run 1)",
        "+3.300 b: calls MigratePrivateIpAddress",
        "+4.420 b: calls DescribeVpcTaskResult 2 times within 1.000 s",
        "+4.820 cloud: the task of MigratePrivateIpAddress has committed",
        "+5.220 cloud: packets to 10.0.1.100 reach b",
        "+5.520 b: has 10.0.1.100 in its guest",
        "+5.520 b: the service does not answer",
        "+5.770 b: the service answers",
        "+5.770 clients: are served by b",
    ]


def test_what_goes_down_with_its_instance_is_told_in_one_breath() -> None:
    narration = explain(*crash_trace(), scenario())
    down = next(event for event in events(narration) if event.what == "is off")
    assert down.why == "and with it keepalived, its role (MASTER), its address and its service"


def test_an_outage_accounts_for_every_second_in_a_table_and_a_sentence() -> None:
    (story,) = stories(explain(*crash_trace(), scenario()))
    assert [row.phase for row in story.phases] == list(PHASES)
    assert sum(row.cost_ns for row in story.phases) == story.outage.duration_ns
    assert story.sentence == (
        "10.0.1.100 was gone for 5.770 s: 3.109 s until the protocol reacted, "
        "191.0 ms until its script called the API, 120.0 ms until the API accepted the call, "
        "1.400 s until the cloud had moved it, 400.0 ms until packets took the new way, "
        "300.0 ms until the guest had it and 250.0 ms until the service answered."
    )


def test_the_story_of_an_outage_follows_its_last_event() -> None:
    items = explain(*crash_trace(), scenario()).episodes[0].items
    position = next(index for index, item in enumerate(items) if isinstance(item, OutageStory))
    before, after = items[position - 1], items[position + 1]
    assert isinstance(before, Event)
    assert before.what == "are served by b"
    assert isinstance(after, Event)
    assert after.at_ns > before.at_ns


def test_quiet_parts_a_run_into_episodes_with_their_own_zero() -> None:
    narration = explain(*crash_trace(repair_after_ns=300 * S), scenario())
    firsts = [episode.items[0] for episode in narration.episodes]
    assert [(first.what, first.relative_ns) for first in firsts if isinstance(first, Event)] == [
        ("crash of a begins", 0),
        ("crash of a is over", 0),
    ]
    assert [len(episode.outage_numbers) for episode in narration.episodes] == [1, 0]


def test_an_outage_keeps_its_episode_together_however_quiet_it_is() -> None:
    narration = explain(*crash_trace(task_ns=200 * S, repair_after_ns=480 * S), scenario())
    assert narration.episodes[0].outage_numbers == [1]
    assert narration.episodes[0].end_ns - narration.episodes[0].start_ns > 200 * S


def test_refused_calls_say_with_what_and_equal_ones_are_counted() -> None:
    narration = explain(*crash_trace(refused=4), scenario())
    refused, accepted = (event for event in events(narration) if MOVE in event.what and event.who == "b")
    assert refused.what == f"calls {MOVE} 4 times within 1.770 s"
    assert (refused.why, refused.tone) == ("refused: RequestLimitExceeded", "bad")
    assert (accepted.what, accepted.why) == (f"calls {MOVE}", "accepted after 120.0 ms")


def test_two_refusals_are_not_folded() -> None:
    narration = explain(*crash_trace(refused=2), scenario())
    whys = [event.why for event in events(narration) if event.what == f"calls {MOVE}"]
    assert whys == ["refused: RequestLimitExceeded after 90.0 ms"] * 2 + ["accepted after 120.0 ms"]


def test_an_answer_in_a_later_episode_still_belongs_to_its_call() -> None:
    narration = told(
        NotifyStarted(10 * S, "b", 1, "MASTER"),
        ApiCalled(11 * S, "b", 1, 1, MOVE),
        ApiAnswered(200 * S, "b", 1, 1, MOVE, "OK"),
        PriorityChanged(201 * S, "b", 100, 60, 100),
    )
    assert next(event.why for event in events(narration) if MOVE in event.what) == "accepted after 3 min 9 s"


def test_a_call_without_an_answer_says_so() -> None:
    narration = told(ApiCalled(11 * S, "b", 1, 1, MOVE))
    assert events(narration)[0].why == "no answer before the script or the run ended"


def test_periodic_checks_that_find_nothing_are_not_told() -> None:
    check: list[Record] = []
    for run in range(1, 20):
        at_ns = run * 10 * S
        check += [
            NotifyStarted(at_ns, "a", run, "RECLAIM"),
            ApiCalled(at_ns + MS, "a", run, run, QUESTION),
            ApiAnswered(at_ns + 2 * MS, "a", run, run, QUESTION, "OK"),
            NotifyEnded(at_ns + 3 * MS, "a", run, "nothing_to_do"),
        ]
    assert told(*check).episodes == ()


def test_a_periodic_check_that_had_work_is_told() -> None:
    narration = told(NotifyStarted(10 * S, "a", 1, "RECLAIM"), NotifyEnded(11 * S, "a", 1, "done"))
    assert [event.what for event in events(narration)] == [
        "starts its periodic check (script run 1)",
        "script run 1 ends",
    ]


def test_adverts_are_never_told() -> None:
    assert told(AdvertSent(10 * S, "a", 150, ("b",)), AdvertSent(11 * S, "a", 150, (), "inside")).episodes == ()


def test_a_run_in_which_nothing_happened() -> None:
    narration = told()
    assert narration.episodes == ()
    assert narration.closing == ("No outage in 10 min: 100% available.",)
    assert narration.heading[1] == (
        "At the start: a MASTER (priority 100), b BACKUP (priority 100); 10.0.1.100 (secondary_ip.migrate) is with a."
    )


def test_a_fault_at_the_very_beginning_is_told() -> None:
    narration = told(FaultBegan(0, "early", "partition", "a|b"))
    assert [(event.at_ns, event.what) for event in events(narration)] == [(0, "partition of a and b begins")]


def test_an_outage_from_the_first_instant_to_the_last() -> None:
    opening = [*initial_records(("a", "b"))[:-3], AddressHeld(0, None), AddressRouted(0, None)]
    trace = trace_of(*opening, ReachabilityChanged(0, None, "route"))
    narration = explain(trace, measure(trace), scenario())
    (story,) = stories(narration)
    assert "was still gone when the run ended" in story.sentence
    assert "is with nobody" in narration.heading[1]


def test_an_outage_that_never_ends_names_the_phase_it_is_stuck_in() -> None:
    trace, _ = crash_trace(task_ns=1_000 * S, repair_after_ns=480 * S)
    cut = replace(trace, records=tuple(record for record in trace.records if record.at < 600 * S))
    (story,) = stories(explain(cut, measure(cut), scenario()))
    assert story.sentence.endswith("and 8 min 16 s in vain in the phase move.")


def test_only_one_outage_can_be_asked_for() -> None:
    narration = explain(*crash_trace(), scenario())
    only = narration.only(1)
    assert len(only.episodes) == 1
    assert only.closing[-1] == "1 other episode of this replication not shown."
    with pytest.raises(KeyError):
        narration.only(2)


def test_plain_text_has_a_line_per_event_and_no_control_characters() -> None:
    narration = explain(*crash_trace(), scenario())
    text = narration.to_text()
    assert text.endswith("in which MASTER and cloud agreed and clients got no answer all the same.\n")
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "100.250 +0.000  fault    crash of a begins" in text


def test_json_keeps_whole_nanoseconds() -> None:
    document = json.loads(json.dumps(explain(*crash_trace(), scenario()).to_dict()))
    first = document["episodes"][0]["items"][0]["event"]
    assert (first["at_ns"], first["relative_ns"], first["who"]) == (100_250 * MS, 0, "fault")
    outage = next(item["outage"] for item in document["episodes"][0]["items"] if "outage" in item)
    assert sum(outage["phases_ns"].values()) == outage["end_ns"] - outage["start_ns"]


@pytest.mark.parametrize(
    ("at_ns", "horizon_ns", "text"),
    [
        (1_500 * MS, 600 * S, "1.500"),
        (3_723 * S + 4 * MS, DAY, "01:02:03.004"),
        (3 * DAY + 61 * S, 365 * DAY, "day   3 00:01:01.000"),
    ],
)
def test_the_clock_fits_the_horizon(at_ns: int, horizon_ns: int, text: str) -> None:
    assert clock(at_ns, horizon_ns) == text
    assert moment(at_ns, horizon_ns) == text.replace("   ", " ")


def test_a_day_in_running_text_takes_no_more_room_than_it_needs() -> None:
    trace, outcome = crash_trace()
    narration = explain(replace(trace, horizon_ns=365 * DAY), outcome, scenario())
    assert "<caption>at day 0 00:01:40.250</caption>" in narration_html(narration)
    assert "\nday   0 00:01:40.250 +0.000  " in narration.to_text()


@pytest.mark.parametrize(
    ("relative_ns", "text"),
    [
        (0, "+0.000"),
        (-109 * MS, "-0.109"),
        (94_702 * MS, "+94.702"),
        (119_999 * MS, "+119.999"),
        (120 * S, "+2:00.000"),
        (-154_702 * MS, "-2:34.702"),
        (3_599_999_600_000, "+1:00:00.000"),
        (5_187_327 * MS, "+1:26:27.327"),
        (30 * 3_600 * S + 5 * MS, "+30:00:00.005"),
    ],
)
def test_times_since_the_fault_keep_their_milliseconds_and_count_minutes_and_hours(relative_ns: int, text: str) -> None:
    assert since_fault(relative_ns) == text
