"""The timeline for Perfetto: nothing lost, nothing at once on one track, and causes before effects."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import hasim
from hasim.api import Explanation
from hasim.measure import measure
from hasim.report.trace_events.reading import read
from hasim.report.trace_events.slices import Board
from hasim.sim import simulate
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = (
    "secondary-ip-best-practice.yaml",
    "eni-reattach.yaml",
    "havip-best-practice.yaml",
    "three-instances.yaml",
    "partition.yaml",
    "year-of-ordinary-failures.yaml",
)
_TOLERANCE_US = 0.01
"""Microseconds as floating-point numbers tell a year to within some nanoseconds."""


@pytest.fixture(scope="module", params=SHIPPED)
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Explanation, dict[str, Any]]:
    explanation = hasim.load(SCENARIOS / request.param).explain()
    path = tmp_path_factory.mktemp("timeline") / "run.json"
    explanation.write_timeline(path)
    return explanation, json.loads(path.read_text(encoding="utf-8"))


def slices(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [event for event in document["traceEvents"] if event["ph"] == "X"]


def threads(document: dict[str, Any]) -> dict[tuple[int, int], str]:
    named = [event for event in document["traceEvents"] if event["name"] == "thread_name"]
    return {(event["pid"], event["tid"]): event["args"]["name"] for event in named}


def groups(document: dict[str, Any]) -> dict[int, str]:
    named = [event for event in document["traceEvents"] if event["name"] == "process_name"]
    return {event["pid"]: event["args"]["name"] for event in named}


def test_no_track_holds_two_things_at_once(told: tuple[Explanation, dict[str, Any]]) -> None:
    _, document = told
    for place in threads(document):
        mine = [event for event in slices(document) if (event["pid"], event["tid"]) == place]
        for former, latter in pairwise(mine):
            assert former["ts"] + former["dur"] <= latter["ts"] + _TOLERANCE_US


def test_every_instance_has_its_tracks_and_the_cloud_and_the_clients_theirs(
    told: tuple[Explanation, dict[str, Any]],
) -> None:
    explanation, document = told
    names = groups(document)
    by_group: dict[str, set[str]] = {name: set() for name in names.values()}
    for (pid, _), track in threads(document).items():
        by_group[names[pid]].add(track)
    for instance in explanation.scenario.instances:
        tracks = by_group[f"instance {instance.name}"]
        assert {"power", "keepalived", "VRRP state", "service"} <= tracks
    assert {"address held by", "address routed to"} <= by_group["cloud"]
    assert "service" in by_group["clients"]
    faults = {f"{fault.name}" for fault in explanation.scenario.faults}
    assert {track.split(" (")[0] for track in by_group["faults"]} <= faults


def test_the_phases_of_the_outages_add_up_to_the_downtime(told: tuple[Explanation, dict[str, Any]]) -> None:
    explanation, document = told
    tracks = threads(document)
    phases = [event for event in slices(document) if tracks[event["pid"], event["tid"]] == "phases of outages"]
    total_us = sum(event["dur"] for event in phases)
    assert total_us == pytest.approx(explanation.outcome.downtime_ns / 1_000, abs=1)
    silent = [event for event in slices(document) if event["name"].startswith("no service")]
    assert sum(event["dur"] for event in silent) == pytest.approx(total_us, abs=1)


def test_arrows_start_and_end_on_slices_and_never_go_back_in_time(told: tuple[Explanation, dict[str, Any]]) -> None:
    _, document = told
    starts = {event["id"]: event for event in document["traceEvents"] if event["ph"] == "s"}
    ends = {event["id"]: event for event in document["traceEvents"] if event["ph"] == "f"}
    assert starts.keys() == ends.keys()
    assert starts
    for number, start in starts.items():
        end = ends[number]
        assert start["ts"] <= end["ts"]
        for event in (start, end):
            assert any(
                piece["pid"] == event["pid"]
                and piece["tid"] == event["tid"]
                and piece["ts"] - _TOLERANCE_US <= event["ts"] <= piece["ts"] + piece["dur"] + _TOLERANCE_US
                for piece in slices(document)
            )


def test_a_crash_leads_step_by_step_to_the_service_on_the_other_instance() -> None:
    """Following the arrows back from the end of the outage arrives at the fault."""
    explanation = hasim.load(SCENARIOS / "secondary-ip-best-practice.yaml").explain()
    board = read(explanation.scenario, explanation.trace, explanation.outcome)
    (outage,) = explanation.outages
    (piece,) = [p for p in board.slices if p.track == "service" and p.name == f"served by {outage.ended_on}"]
    way = []
    while True:
        way.append(piece.track)
        sources = [arrow.source for arrow in board.arrows if arrow.target is piece]
        if not sources:
            break
        piece = sources[0]
    assert way == [
        "service",
        "address routed to",
        "address held by",
        "tasks",
        "API calls",
        "notify scripts",
        "VRRP state",
        "VRRP state",
    ]
    assert piece.name == "MASTER"
    crash = board.slices[[p.group for p in board.slices].index("faults")]
    pointed_at = [arrow.target for arrow in board.arrows if arrow.source is crash]
    assert {target.start_ns for target in pointed_at} == {piece.end_ns} == {outage.start_ns}


def board_of(**settings: Any) -> Board:
    """The slices and arrows of a bare pair."""
    scenario = bare_pair(**settings)
    trace = simulate(scenario, seed=1, replication=0)
    return read(scenario, trace, measure(trace))


def track(board: Board, group: str, name: str) -> list[tuple[float, str]]:
    """What one track holds: from when on (s), and what."""
    return [(p.start_ns / SECOND, p.name) for p in board.slices if (p.group, p.track) == (f"instance {group}", name)]


def test_further_members_of_a_sync_group_have_tracks_of_their_own() -> None:
    group = {"inside": {"interface": "eth1", "virtual_router_id": 52}}
    fault = {"kind": "link_down", "target": "a", "subnet": "back", "at": "10500ms", "duration": "20s"}
    board = board_of(vrrp={"sync_group": group}, faults=[fault])
    assert track(board, "a", "VRRP inside")[:2] == [(0.0, "MASTER"), (10.5, "FAULT")]
    assert track(board, "a", "VRRP state")[:2] == [(0.0, "MASTER"), (10.5, "FAULT")]
    assert track(board, "b", "VRRP inside")[:2] == [(0.0, "BACKUP"), (13.609375, "MASTER")]
    (inside,) = (p for p in board.slices if p.track == "VRRP inside" and p.name == "FAULT")
    assert {arrow.source.group for arrow in board.arrows if arrow.target is inside} == {"faults"}
    assert "VRRP state" in {arrow.target.track for arrow in board.arrows if arrow.source is inside}


def test_members_end_with_their_daemon() -> None:
    group = {"inside": {"interface": "eth1", "virtual_router_id": 52}}
    kill = {"kind": "keepalived_kill", "target": "a", "at": "10500ms", "duration": "20s"}
    board = board_of(vrrp={"sync_group": group}, faults=[kill])
    assert track(board, "a", "VRRP inside")[:3] == [(0.0, "MASTER"), (10.5, "INIT"), (30.5, "BACKUP")]


def test_what_is_tracked_and_a_network_that_is_late_have_tracks() -> None:
    vrrp = {"track_processes": {"nginx": {"quorum": 1}}, "track_files": {"drain": {"weight": 1, "value": 0}}}
    faults = [
        {"kind": "process_kill", "target": "a", "process": "nginx", "at": "10s", "duration": "20s"},
        {"kind": "file_write", "target": "b", "file": "drain", "value": -7, "at": "20s", "duration": "10s"},
        {"kind": "crash", "target": "b", "at": "60s", "duration": "10s"},
    ]
    board = board_of(vrrp=vrrp, faults=faults, guest={"configure": "0", "boot": "30s", "network_ready": "5s"})
    assert track(board, "a", "process nginx") == [(10.0, "too few run"), (30.0, "enough run")]
    assert track(board, "b", "file drain")[:2] == [(20.0, "-7"), (30.0, "0")]
    assert track(board, "b", "network") == [(100.0, "no packets pass"), (105.0, "packets pass")]
