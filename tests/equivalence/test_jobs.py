"""What must make no difference to a study, and what must make one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hasim.scenario import load
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.study import StudyResult, replicate

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def text_of(result: StudyResult) -> str:
    """Everything that a study says, as the bytes that ``--json`` would print."""
    return json.dumps(result.to_json(), sort_keys=True)


@pytest.fixture
def scenario() -> Scenario:
    """Random durations, retries, two MASTERs for a while: whatever could depend on the order of work."""
    return load(SCENARIOS / "partition.yaml")


def test_two_jobs_give_the_same_bytes_as_one(scenario: Scenario) -> None:
    one = replicate(scenario, replications=24, jobs=1)
    two = replicate(scenario, replications=24, jobs=2)
    assert text_of(one) == text_of(two)


def test_a_few_replications_are_the_first_of_many(scenario: Scenario) -> None:
    few = replicate(scenario, replications=5, jobs=1)
    many = replicate(scenario, replications=12, jobs=2)
    assert few.outcomes == many.outcomes[:5]


@pytest.mark.parametrize("name", ["three-instances", "partition", "secondary-ip-best-practice"])
def test_explicit_heartbeats_give_the_same_study_as_quiet_ones(name: str) -> None:
    quiet, explicit = (
        replicate(load(SCENARIOS / f"{name}.yaml"), replications=2, jobs=1, heartbeats=mode).to_json()
        for mode in ("quiet", "explicit")
    )
    assert (quiet.pop("heartbeats"), explicit.pop("heartbeats")) == ("quiet", "explicit")
    assert json.dumps(quiet) == json.dumps(explicit)


def test_the_same_seed_gives_the_same_trace(scenario: Scenario) -> None:
    assert simulate(scenario, seed=3, replication=7) == simulate(scenario, seed=3, replication=7)


def test_other_seeds_and_other_replications_give_other_traces(scenario: Scenario) -> None:
    traces = [simulate(scenario, seed=seed, replication=replication) for seed in (3, 4) for replication in (7, 8)]
    assert len({trace.records for trace in traces}) == 4


def test_another_seed_gives_another_study(scenario: Scenario) -> None:
    assert replicate(scenario, replications=3, seed=1, jobs=1) != replicate(scenario, replications=3, seed=2, jobs=1)
