"""The exported notify script does what the simulated one does: the same calls, at the same times, to the same end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from hasim.export import ExportOptions, identifiers_of
from hasim.export.node.script import Answer, Script, pages
from hasim.export.node.settings import Policy, SettingsError, duration_ns
from hasim.export.settings import policy_in_words, settings_of
from hasim.scenario import load, loads
from hasim.scenario.mechanism import release_steps
from hasim.scenario.model import Scenario
from hasim.scenario.topology import build_region
from tests.random_scenarios import scenarios
from tests.unit.export_replay import replayed, simulated_runs

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SCRIPTED = [
    path
    for pattern in ("mechanisms/[es]*.yaml", "incidents/01*.yaml", "incidents/0[5,8-9]*.yaml", "incidents/10*.yaml")
    for path in sorted(SCENARIOS.glob(pattern))
]


def without_jitter(scenario: Scenario) -> Scenario:
    """The scenario without the chance in its pauses, which the scripts of an instance would share in an order."""
    instances = (replace(one, notify=replace(one.notify, retry_jitter=0.0)) for one in scenario.instances)
    return replace(scenario, instances=tuple(instances))


def assert_same_calls(scenario: Scenario) -> int:
    """Compare every run of a script; how many there were."""
    listening, runs = simulated_runs(scenario)
    for run in runs:
        made, outcome = replayed(listening, run)
        assert made == [(call.at_ns, call.action, call.params) for call in run.calls], run
        assert not run.ended or outcome == run.outcome, run
    return len(runs)


@pytest.mark.parametrize("path", SCRIPTED, ids=lambda path: path.stem)
def test_shipped_scenarios_run_the_same_with_the_exported_script(path: Path) -> None:
    assert assert_same_calls(load(path)) > 0


@given(scenarios())
@settings(max_examples=15)
def test_random_scenarios_run_the_same_with_the_exported_script(text: str) -> None:
    assert_same_calls(without_jitter(loads(text)))


PAIR = """
horizon: 10min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
notify: {NOTIFY}
faults:
  - {kind: crash, target: a, at: 100s}
  - {kind: api_outage, at: 90s, duration: 40s}
"""


@pytest.mark.parametrize(
    "notify",
    [
        "tries: 8, retry_delay: 500ms, retry_backoff: 2, retry_max: 5s, call_timeout: 3s",
        "tries: 9, retry_delay: 3s, retry_jitter: 80%, call_timeout: 1s",
        "tries: 3, retry_delay: 1s, call_timeout: 2s, sleep_before: 2s",
        "tries: 20, retry_delay: 1s, call_timeout: 2s, check_first: false, wait_for_task: false",
        "tries: 5, call_timeout: 1s, unanswered_means_held: true",
    ],
)
def test_pauses_grow_and_vary_as_in_the_simulation(notify: str) -> None:
    scenario = loads(PAIR.replace("NOTIFY", notify))
    assert assert_same_calls(scenario) >= 1
    _, runs = simulated_runs(scenario)
    (run,) = (run for run in runs if run.event == "MASTER")
    assert any(call.answer.code == "ClientTimeout" for call in run.calls)


@pytest.mark.parametrize("page", [1, 100])
@pytest.mark.parametrize("heeded", [("vpc-id",), ("vpc-id", "address-ip")])
@pytest.mark.parametrize("holder", ["a", "b", None])
def test_the_holder_is_found_however_far_the_filters_narrow(
    holder: str | None, heeded: tuple[str, ...], page: int
) -> None:
    """What a filter of the real cloud leaves out is documented loosely: a script looks at what each ENI really has."""
    scenario = loads(PAIR.replace("NOTIFY", ""))
    topology = build_region(scenario, holder or "a")
    region = topology.region
    if holder is None:
        for step in release_steps(scenario.floating.mechanism, topology, "a"):
            region.complete(step.action, step.params, now_ns=0)
    calls = []

    def call(action: str, params: dict[str, Any]) -> Answer:
        calls.append(action)
        params = {**params, "Filters": [item for item in params["Filters"] if item["Name"] in heeded], "Limit": page}
        return Answer("OK", dict(region.call(action, params, now_ns=0).response))

    script = Script(
        settings_of(scenario, scenario.instance("a"), topology, ExportOptions()),
        identifiers_of(topology),
        call=call,
        sleep=lambda _ns: None,
        now=lambda: 0,
        is_master=lambda: True,
        chance=lambda: 0.5,
    )
    held = (None, None) if holder is None else (topology.instance_ids[holder], topology.holding_interface_ids[holder])
    assert script.ask() == (*held, True)
    assert len(calls) <= 2


def test_a_question_is_unanswered_where_one_of_its_pages_is() -> None:
    answers = iter([Answer("OK", {"NetworkInterfaceSet": [{}], "TotalCount": 2}), Answer("InternalError", {})])
    asked: list[dict[str, Any]] = []

    def call(_action: str, params: dict[str, Any]) -> Answer:
        asked.append(params)
        return next(answers)

    codes = [answer.code for answer in pages(call, "DescribeNetworkInterfaces", {"Limit": 1}, "NetworkInterfaceSet")]
    assert codes == ["OK", "InternalError"]
    assert asked == [{"Limit": 1}, {"Limit": 1, "Offset": 1}]


def test_policy_reads_what_the_export_writes() -> None:
    scenario = loads(PAIR.replace("NOTIFY", "reclaim_interval: 1500ms, retry_backoff: 1.5, retry_jitter: 25%"))
    policy = Policy.read(policy_in_words(scenario.instances[0].notify))
    assert (policy.reclaim_interval, policy.retry_backoff, policy.retry_jitter) == (1_500_000_000, 1.5, 0.25)
    assert policy.call_timeout == 60_000_000_000


def test_durations_are_exact_and_nothing_else_is_one() -> None:
    assert [duration_ns(text) for text in ("0s", "7ns", "3us", "500ms", "60s")] == [
        0,
        7,
        3_000,
        500_000_000,
        60 * 10**9,
    ]
    for text in ("2", "2 s", "1min", "-1s", "1.5s"):
        with pytest.raises(SettingsError, match="expected a duration"):
            duration_ns(text)


def test_policy_with_a_missing_or_unknown_key_is_refused() -> None:
    written = policy_in_words(loads(PAIR.replace("NOTIFY", "")).instances[0].notify)
    for wrong in ({**written, "patience": "1s"}, {key: written[key] for key in list(written)[1:]}):
        with pytest.raises(SettingsError, match="expected the keys sleep_before, tries"):
            Policy.read(wrong)
