"""One replication told as a readable timeline: who did what, when, why, and what every second of an outage cost.

:func:`explain` cuts a trace into episodes (stretches in which something happened, parted by quiet) and puts each record
into words. Repetition is folded: a script that asks the API two hundred times is one event with a count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from hasim.measure.model import PHASES, Outage, RunOutcome
from hasim.report.numbers import duration_text, percentage
from hasim.report.story import Episode, Event, Item, Narration, OutageStory, PhaseCost
from hasim.report.wording import (
    Words,
    api_words,
    outage_sentence,
    phase_meaning,
    power_loss_words,
    record_words,
)
from hasim.scenario.model import Scenario
from hasim.trace import (
    AddressHeld,
    AddressRouted,
    AdvertSent,
    ApiAnswered,
    ApiCalled,
    DaemonChanged,
    FaultBegan,
    GarpSent,
    GuestAddressChanged,
    NotifyEnded,
    NotifyForked,
    NotifyStarted,
    PowerChanged,
    ReachabilityChanged,
    Record,
    ServiceChanged,
    StateChanged,
    TaskEnded,
    Trace,
)
from hasim.units import MINUTE, counted, format_duration

__all__ = ["explain"]

_QUIET_NS = 2 * MINUTE
"""An episode ends when nothing has happened for so long and the service is up."""

_FOLD_FROM = 3
"""So many equal API calls of one script in a row are told as one; questions from two on."""

_Call: TypeAlias = tuple[int, ApiCalled, ApiAnswered | None]
"""A call with its answer and the index of its first record."""


def explain(trace: Trace, outcome: RunOutcome, scenario: Scenario) -> Narration:
    """Tell the replication of ``trace``, whose measured ``outcome`` this is.

    Returns the whole of it; :meth:`Narration.only` narrows it down to one outage.
    """
    opening, happened = _opening_and_rest(trace.records)
    answers = {record.call: record for record in happened if isinstance(record, ApiAnswered)}
    chapters = list(_split(_worth_telling(happened), outcome.outages, trace.horizon_ns))
    stories = _stories_by_chapter(chapters, outcome.outages, scenario)
    episodes = tuple(
        _episode(records, stories.get(index, []), answers, scenario) for index, records in enumerate(chapters)
    )
    return Narration(_heading(trace, opening, scenario), episodes, _closing(outcome), trace.horizon_ns)


def _opening_and_rest(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """The initial condition, which ends with the first word about reachability, and what happened after it.

    A run that begins without service begins with an event: clients get no answer.
    """
    for index, record in enumerate(records):
        if record.at > 0:
            return list(records[:index]), list(records[index:])
        if isinstance(record, ReachabilityChanged):
            end = index + 1 if record.server is not None else index
            return list(records[:end]), list(records[end:])
    return list(records), []


def _worth_telling(records: Sequence[Record]) -> list[Record]:
    """Everything but records of detail and periodic checks that found nothing to do, which would drown the rest."""
    checks = {record.run for record in records if isinstance(record, NotifyStarted) and record.event == "RECLAIM"}
    idle = {record.run for record in records if isinstance(record, NotifyEnded) and record.outcome == "nothing_to_do"}
    idle_runs = checks & idle
    return [
        record
        for record in records
        if not isinstance(record, AdvertSent | GarpSent | NotifyForked)
        and not (isinstance(record, NotifyStarted | NotifyEnded | ApiCalled | ApiAnswered) and record.run in idle_runs)
    ]


def _split(records: Sequence[Record], outages: Sequence[Outage], horizon_ns: int) -> Iterator[list[Record]]:
    """Cut where it was quiet for long and the service was up (an outage at the horizon has no end)."""
    open_until = {outage.start_ns: outage.end_ns for outage in outages}
    episode: list[Record] = []
    busy_until = 0
    for record in records:
        if episode and record.at - max(episode[-1].at, busy_until) > _QUIET_NS:
            yield episode
            episode = []
        episode.append(record)
        if isinstance(record, ReachabilityChanged) and record.server is None:
            busy_until = max(busy_until, open_until.get(record.at, horizon_ns))
    if episode:
        yield episode


def _stories_by_chapter(
    chapters: Sequence[Sequence[Record]], outages: Sequence[Outage], scenario: Scenario
) -> dict[int, list[OutageStory]]:
    """Each outage belongs to the last chapter that begins no later than it."""
    stories: dict[int, list[OutageStory]] = {}
    for number, outage in enumerate(outages, start=1):
        begun = [index for index, records in enumerate(chapters) if records[0].at <= outage.start_ns]
        stories.setdefault(begun[-1], []).append(_story(number, outage, scenario))
    return stories


def _episode(
    records: Sequence[Record],
    stories: Sequence[OutageStory],
    answers: Mapping[int, ApiAnswered],
    scenario: Scenario,
) -> Episode:
    start_ns = records[0].at
    zero_ns = next((record.at for record in records if isinstance(record, FaultBegan)), start_ns)
    events = [*_api_events(records, answers, zero_ns), *_other_events(records, zero_ns, scenario)]
    items: list[Item] = [event for _, event in sorted(events, key=lambda entry: entry[0])]
    for story in stories:
        _insert_story(items, story)
    return Episode(start_ns, records[-1].at, tuple(items))


def _insert_story(items: list[Item], story: OutageStory) -> None:
    """Put the story behind everything that happened up to and at the end of its outage."""
    end_ns = story.outage.end_ns
    position = max(
        (index for index, item in enumerate(items) if isinstance(item, Event) and item.at_ns <= end_ns), default=-1
    )
    items.insert(position + 1, story)


def _story(number: int, outage: Outage, scenario: Scenario) -> OutageStory:
    phases = tuple(
        PhaseCost(phase, cost_ns, phase_meaning(phase, outage, scenario))
        for phase, cost_ns in zip(PHASES, outage.phases_ns, strict=True)
    )
    return OutageStory(number, outage, phases, outage_sentence(outage, scenario))


def _other_events(records: Sequence[Record], zero_ns: int, scenario: Scenario) -> Iterator[tuple[int, Event]]:
    told: set[int] = set()
    for index, record in enumerate(records):
        if index in told:
            continue
        words = record_words(record, scenario)
        if isinstance(record, PowerChanged) and record.state == "off":
            lost = list(_lost_with_power(records, index, record))
            told.update(lost)
            words = power_loss_words(record.instance, [records[position] for position in lost])
        elif isinstance(record, TaskEnded):
            told.update(_said_by_task(records, index, record))
        if words is not None:
            yield index, _event(record.at, zero_ns, words)


def _lost_with_power(records: Sequence[Record], index: int, power: PowerChanged) -> Iterator[int]:
    """What the same instance lost at the same instant: told in one breath."""
    for position in range(index + 1, len(records)):
        record = records[position]
        if record.at != power.at:
            return
        match record:
            case DaemonChanged(_, power.instance) | StateChanged(_, power.instance):
                yield position
            case GuestAddressChanged(_, power.instance) | ServiceChanged(_, power.instance):
                yield position


def _said_by_task(records: Sequence[Record], index: int, task: TaskEnded) -> Iterator[int]:
    """The change of holder that the task's own sentence has told already."""
    for position in range(index + 1, len(records)):
        record = records[position]
        if record.at != task.at:
            return
        if isinstance(record, AddressHeld) and record.holder == task.holder:
            yield position


def _api_events(
    records: Sequence[Record], answers: Mapping[int, ApiAnswered], zero_ns: int
) -> Iterator[tuple[int, Event]]:
    """Calls with their answers, equal ones in a row folded, each with the index of its first record."""
    by_run: dict[int, list[_Call]] = {}
    for index, record in enumerate(records):
        if isinstance(record, ApiCalled):
            by_run.setdefault(record.run, []).append((index, record, answers.get(record.call)))
    for calls in by_run.values():
        for group in _folded(calls):
            index, first, answer = group[0]
            took_ns = answer.at - first.at if answer else None
            within_ns = group[-1][1].at - first.at
            words = api_words(first.action, answer.code if answer else None, took_ns, len(group), within_ns)
            yield index, _event(first.at, zero_ns, replace(words, who=first.instance))


def _folded(
    calls: Iterable[_Call],
) -> Iterator[list[_Call]]:
    group: list[_Call] = []

    def flush() -> Iterator[list[_Call]]:
        enough = 2 if group and group[0][1].action.startswith("Describe") else _FOLD_FROM
        if len(group) >= enough:
            yield list(group)
        else:
            yield from ([call] for call in group)

    for call in calls:
        if group and _kind_of_call(call) != _kind_of_call(group[-1]):
            yield from flush()
            group.clear()
        group.append(call)
    yield from flush()


def _kind_of_call(call: _Call) -> tuple[str, str]:
    _, called, answer = call
    return called.action, answer.code if answer else ""


def _event(at_ns: int, zero_ns: int, words: Words) -> Event:
    return Event(at_ns, at_ns - zero_ns, words.who, words.what, words.why, words.tone)


def _heading(trace: Trace, opening: Sequence[Record], scenario: Scenario) -> tuple[str, ...]:
    states = {record.instance: record.new for record in opening if isinstance(record, StateChanged)}
    routed = [record.holder for record in opening if isinstance(record, AddressRouted)]
    cast = ", ".join(f"{name} {state} (priority {_priority(scenario, name)})" for name, state in states.items())
    floating = scenario.floating
    server = (routed or [None])[-1] or "nobody"
    return (
        f"{scenario.name}: seed {trace.seed}, replication {trace.replication}, {format_duration(trace.horizon_ns)}",
        f"At the start: {cast or 'no keepalived runs'}; {floating.label} ({floating.mechanism}) is with {server}.",
    )


def _priority(scenario: Scenario, name: str) -> int:
    return scenario.instance(name).vrrp.priority


def _closing(outcome: RunOutcome) -> tuple[str, ...]:
    count, length = len(outcome.outages), format_duration(outcome.horizon_ns)
    outages = counted(count, "outage") if count else "No outage"
    lost = f", {duration_text(outcome.downtime_ns)} without service" if count else ""
    lines = [f"{outages} in {length}{lost}: {percentage(outcome.availability)} available."]
    for length_ns, words in (
        (outcome.dual_master_ns, "with more than one MASTER"),
        (outcome.wrong_instance_ns, "with the address on an instance that was not MASTER"),
        (outcome.black_hole_ns, "in which MASTER and cloud agreed and clients got no answer all the same"),
    ):
        if length_ns:
            lines.append(f"{duration_text(length_ns)} {words}.")
    return tuple(lines)
