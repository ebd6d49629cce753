"""Every kind of record has its sentence, and numbers are written as people read them."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from hasim.report.charts.style import cause_label, distinct, fonts_among, shorten
from hasim.report.charts.ticks import duration_ticks, log_duration_ticks, log_number_ticks, unavailability_ticks
from hasim.report.episodes import begun_by
from hasim.report.numbers import duration_text, nines_text, per_year, percentage, percentage_without
from hasim.report.wording import Words, largest_part, record_words
from hasim.scenario import loads
from hasim.study.episodes.clocks import Clock
from hasim.study.episodes.results import Initiator
from hasim.study.estimators import Estimate
from hasim.trace import (
    AcceptChanged,
    AddressClaimed,
    AddressHeld,
    AddressRouted,
    AdvertSent,
    ApiAnswered,
    ApiCalled,
    CheckChanged,
    DaemonChanged,
    FaultBegan,
    FaultEnded,
    GarpSent,
    GuestAddressChanged,
    LinkChanged,
    MemberStateChanged,
    NetworkChanged,
    NotifyEnded,
    NotifyForked,
    NotifyStarted,
    PowerChanged,
    PriorityChanged,
    ReachabilityChanged,
    Record,
    ServiceChanged,
    StateChanged,
    TaskEnded,
    TrackedFileRead,
    TrackedProcessChanged,
)
from tests.unit.report_samples import scenario
from tests.unit.scenario_texts import BASE

SENTENCES: list[tuple[Record, str, str]] = [
    (FaultBegan(0, "x", "api_outage", "api"), "fault", "API outage begins"),
    (FaultEnded(0, "x", "partition", "a|b"), "fault", "partition of a and b is over"),
    (PowerChanged(0, "a", "frozen"), "a", "is frozen: every process stands still"),
    (DaemonChanged(0, "a", True, "started"), "a", "keepalived runs"),
    (StateChanged(0, "a", "BACKUP", "FAULT", "link_down"), "a", "BACKUP → FAULT"),
    (MemberStateChanged(0, "a", "inside", "MASTER", "FAULT", "sync_group"), "a", "inside: MASTER → FAULT"),
    (PriorityChanged(0, "a", 150, 90, 150), "a", "lowers its priority from 150 to 90"),
    (CheckChanged(0, "a", "nginx", False), "a", "track script nginx has failed often enough to count"),
    (TrackedProcessChanged(0, "a", "haproxy", False), "a", "tracked process haproxy: too few of it run"),
    (TrackedFileRead(0, "a", "maintenance", -50), "a", "reads -50 in its tracked file maintenance"),
    (NotifyStarted(0, "a", 3, "BACKUP"), "a", "starts its notify script for BACKUP (script run 3)"),
    (NotifyEnded(0, "a", 3, "gave_up"), "a", "script run 3 ends"),
    (TaskEnded(0, 1, "AttachNetworkInterface", "FAILED", None), "cloud",
     "the task of AttachNetworkInterface has failed and was rolled back"),
    (AddressClaimed(0, "b"), "b", "claims 10.0.1.100 by gratuitous ARP"),
    (AddressHeld(0, None), "cloud", "10.0.1.100 is held by nobody"),
    (AddressRouted(0, None), "cloud", "packets to 10.0.1.100 are dropped"),
    (GuestAddressChanged(0, "a", False), "a", "no longer has 10.0.1.100 in its guest"),
    (AcceptChanged(0, "a", False), "a", "drops what is sent to 10.0.1.100"),
    (AcceptChanged(0, "a", True), "a", "no longer drops what is sent to 10.0.1.100"),
    (ServiceChanged(0, "a", True), "a", "the service answers"),
    (LinkChanged(0, "a", "eth0", False), "a", "eth0 has no carrier"),
    (NetworkChanged(0, "a", False), "a", "its links are up, but no packets pass yet"),
    (ReachabilityChanged(0, None, "guest"), "clients", "get no answer"),
]  # fmt: skip
NOT_TOLD_BY_THEMSELVES = {ApiCalled, ApiAnswered, AdvertSent, GarpSent, NotifyForked}


@pytest.mark.parametrize(("record", "who", "what"), SENTENCES)
def test_every_record_has_a_sentence(record: Record, who: str, what: str) -> None:
    words = record_words(record, scenario())
    assert isinstance(words, Words)
    assert (words.who, words.what) == (who, what)


def test_several_things_begin_and_are_over() -> None:
    began = record_words(FaultBegan(0, "f", "api_stuck_tasks", "DetachNetworkInterface"), scenario())
    ended = record_words(FaultEnded(9, "f", "api_errors", "api"), scenario())
    assert began is not None
    assert ended is not None
    assert (began.what, ended.what) == ("API stuck tasks of DetachNetworkInterface begin", "API errors are over")


def test_no_kind_of_record_is_forgotten() -> None:
    told = {type(record) for record, _, _ in SENTENCES}
    assert told | NOT_TOLD_BY_THEMSELVES == set(get_args(Record))


def test_silence_and_a_good_bye_are_told_apart() -> None:
    reasons = ("down_timer", "priority_zero")
    told = [record_words(StateChanged(0, "b", "BACKUP", "MASTER", reason), scenario()) for reason in reasons]
    assert [words.why for words in told if words is not None] == [
        "its master-down timer ran out",
        "its master said good-bye (priority 0), and a skew time later nobody else had spoken",
    ]


def test_unknown_reasons_are_shown_as_they_are() -> None:
    words = record_words(StateChanged(0, "a", "BACKUP", "MASTER", "cosmic_rays"), scenario())
    assert words is not None
    assert words.why == "cosmic rays"


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0 s"),
        (900, "900 ns"),
        (387_339, "387 µs"),
        (199_122_000, "199.1 ms"),
        (29_000_000_000, "29.000 s"),
        (168_000_000_000, "2 min 48 s"),
        (math.inf, "no bound"),
    ],
)
def test_measured_durations_line_up(duration_ns: float, text: str) -> None:
    assert duration_text(duration_ns) == text


@pytest.mark.parametrize(
    ("availability", "digits", "text"),
    [(1.0, 3, "100%"), (0.9999, 1, "99.99%"), (0.99999630, 3, "99.999630%"), (0.5, 1, "50%"), (0.0, 1, "0%")],
)
def test_percentages_show_as_many_decimals_as_tell_something(availability: float, digits: int, text: str) -> None:
    assert percentage(availability, digits) == text


def test_rates_and_nines() -> None:
    assert (per_year(17.26), per_year(52_560.0), per_year(0.0)) == ("17.3", "52,560", "0")
    assert (nines_text(4.756), nines_text(math.inf)) == ("4.76", "∞")


def test_names_that_are_too_long_lose_their_middle() -> None:
    assert shorten("short", 10) == "short"
    assert shorten("edge-gateway-production-a", 11) == "edge-…ion-a"
    assert len(shorten("x" * 100, 24)) == 24


def test_labels_of_long_names_show_where_they_differ() -> None:
    names = [f"edge-gateway-production-singapore-zone-{zone}-first-cluster" for zone in "abc"]
    labels = distinct(names, 20)
    assert len(set(labels.values())) == 3
    assert all(len(label) <= 20 for label in labels.values())
    assert distinct(["a", "b"]) == {"a": "a", "b": "b"}


def test_labels_differ_although_one_of_the_names_has_nothing_in_common_with_the_others() -> None:
    names = [f"variant-number-{number}-with-a-long-name-that-goes-on-and-on" for number in range(1, 12)]
    for length in (24, 28, 34):
        labels = distinct(["a-baseline-of-a-quite-different-and-long-name", *names, "short"], length)
        assert len(set(labels.values())) == 13
        assert all(len(label) <= length for label in labels.values())
        assert labels["short"] == "short"
        assert len({label[:8] for label in labels.values()}) == 3  # names of one kind are cut at one place


def test_labels_differ_where_a_name_goes_on_after_the_end_of_another() -> None:
    names = ["x" * 60, "x" * 60 + "y" * 60, "x" * 60 + "y" * 59 + "z"]
    assert len(set(distinct(names, 20).values())) == 3


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ("kind: crash, target: [a, b], ", ["crash of a", "crash of b"]),
        ("kind: api_outage, ", ["API outage"]),
        ("name: rack, kind: crash, target: [a, b], ", ["rack: a", "rack: b"]),
    ],
)
def test_what_begins_an_episode_is_called_as_everywhere_or_as_the_scenario_calls_it(
    fault: str, names: list[str]
) -> None:
    text = f"name: x\n{BASE}faults: [{{{fault}time_to_failure: {{exponential: {{mean: 9d}}}}, duration: 1min}}]\n"
    (found,) = loads(text).faults
    one = Estimate(1.0, 1.0, 1.0, 0.95, "exact", 1)
    clocks = [Clock(found, target) for target in found.targets or ("api",)]
    assert [begun_by(Initiator(clock, 1.0, one, 1.0, 1.0, 1)) for clock in clocks] == names


def test_most_is_more_than_half() -> None:
    assert (largest_part(0.51), largest_part(0.5)) == ("most", "the largest part")


def test_causes_are_written_as_words() -> None:
    names = ("api_outage", "failback", "false_failover", "keepalived_kill")
    assert [cause_label(name) for name in names] == ["API outage", "failback", "false failover", "keepalived kill"]


@pytest.mark.parametrize(
    ("longest_s", "unit"), [(0.004, "s"), (90.0, "s"), (900.0, "min"), (90_000.0, "h"), (1e9, "y")]
)
def test_duration_ticks_are_in_one_unit_and_inside(longest_s: float, unit: str) -> None:
    ticks = duration_ticks(longest_s)
    assert ticks[0] == (0.0, "0")
    assert all(label.endswith(f" {unit}") and position <= longest_s for position, label in ticks[1:])


def test_logarithmic_ticks_are_durations_people_think_in() -> None:
    assert [label for _, label in log_duration_ticks(0.9, 700.0)] == [
        "1 s", "5 s", "20 s", "60 s", "5 min",
    ]  # fmt: skip
    assert log_duration_ticks(2.1, 2.2) == []


def test_logarithmic_ticks_of_numbers_are_round() -> None:
    assert [label for _, label in log_number_ticks(3.0, 2_500.0)] == ["10", "100", "1,000"]
    assert [label for _, label in log_number_ticks(3.0, 25.0)] == ["5", "10", "20"]


def test_chinese_is_written_with_the_first_font_that_is_installed() -> None:
    assert fonts_among(["SimHei", "Arial", "Noto Sans CJK JP"]) == ["DejaVu Sans", "Noto Sans CJK JP"]
    assert fonts_among(["Arial"]) == ["DejaVu Sans"]


def test_unavailability_ticks_are_nines() -> None:
    assert [label for _, label in unavailability_ticks(1e-6, 1e-2)] == [
        "99.9999%", "99.999%", "99.99%", "99.9%", "99%",
    ]  # fmt: skip
    assert [label for _, label in unavailability_ticks(1e-3, 1e-2)] == ["99.9%", "99.8%", "99.5%", "99%"]
    assert percentage_without(2e-9) == "99.9999998%"
