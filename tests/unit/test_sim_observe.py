"""A run whose records are handed over one by one, measured as it goes, and a study's regions that are copies."""

from __future__ import annotations

import gc

import pytest

from hasim.measure import Meter, measure
from hasim.scenario import loads
from hasim.scenario.topology import build_region
from hasim.sim import observe, simulate
from hasim.study.job import Job
from hasim.trace import Record
from tests.unit.scenario_texts import BASE

CRASHES = """
faults:
  - {kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 4h}}, duration: 1min}
"""
SCENARIO = loads(BASE.replace("horizon: 10min", "horizon: 20d") + CRASHES)


def test_records_are_handed_over_as_a_trace_has_them() -> None:
    records: list[Record] = []
    observe(SCENARIO, records.append, seed=3, replication=1)
    assert tuple(records) == simulate(SCENARIO, seed=3, replication=1).records


def test_measuring_as_it_goes_gives_what_measuring_the_trace_gives() -> None:
    outcome = Job(SCENARIO, 3, "quiet").run(1)
    assert outcome == measure(simulate(SCENARIO, seed=3, replication=1))
    assert len(outcome.outages) > 100


def test_a_meter_forgets_what_nobody_can_ask_for_any_more() -> None:
    def kept(days: int) -> int:
        meter = Meter()
        observe(loads(BASE.replace("horizon: 10min", f"horizon: {days}d") + CRASHES), meter.take, seed=1, replication=0)
        histories = (meter._protocol, meter._cloud, meter._faults)
        return sum(len(gc.get_referents(item)) for history in histories for item in gc.get_referents(history))

    assert kept(100) <= kept(20) + 20


def test_the_collector_is_on_again_after_a_run_that_failed() -> None:
    def fail(_record: Record) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        observe(SCENARIO, fail, seed=1, replication=0)
    assert gc.isenabled()


def test_each_run_gets_a_region_of_its_own() -> None:
    first, second = build_region(SCENARIO, "a"), build_region(SCENARIO, "a")
    assert first.region == second.region
    first.region.instance_power(first.instance_ids["a"], "STOPPED")
    assert first.region != second.region
    assert build_region(SCENARIO, "a").region == second.region
