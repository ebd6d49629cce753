"""Which numbers a study gives, and what they are made of."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from hasim.measure.model import PHASES
from hasim.units import DAY, MINUTE, SECOND, YEAR
from tests.unit.study_samples import outage, result, run


def test_availability_is_the_share_of_all_simulated_time() -> None:
    study = result(run(0, outage(10, 100)), run(1), run(2, outage(10, 200)), run(3))
    assert study.unavailability.value == pytest.approx(300 * SECOND / (4 * YEAR), rel=1e-12)
    assert study.availability.value == 1.0 - study.unavailability.value
    assert study.availability.low == 1.0 - study.unavailability.high
    assert study.downtime_per_year_ns.value == pytest.approx(75 * SECOND)


def test_nines_turn_the_interval_around() -> None:
    study = result(*(run(index, outage(10, 315.36)) for index in range(2)))
    assert study.nines.value == pytest.approx(5.0)
    assert study.nines.low < 5.0 < study.nines.high


def test_a_study_without_downtime_has_no_upper_bound_of_nines() -> None:
    study = result(*(run(index) for index in range(100)))
    assert study.availability.value == 1.0
    assert study.availability.low == pytest.approx(0.9638, abs=1e-4)
    assert (study.nines.value, study.nines.high) == (math.inf, math.inf)
    assert study.nines.low == pytest.approx(1.441, abs=1e-3)
    assert study.outages_per_year.high == pytest.approx(0.0369, abs=1e-4)
    assert study.failover_latency is None
    assert study.failover_percentile(0.99) is None
    assert study.latency_by_phase == {}
    assert study.longest_outage_ns == 0


def test_outages_per_year_are_over_the_simulated_time() -> None:
    study = result(*(run(index, outage(100, 1), horizon_ns=YEAR // 2) for index in range(4)))
    assert study.outages_per_year.value == pytest.approx(2.0)


def test_outages_soon_after_one_another_are_one_incident() -> None:
    soon = (outage(10, 1), outage(10 + 19 * 60, 1))
    late = (outage(10, 1), outage(10 + 22 * 60, 1))
    assert "groups" in result(run(0, *soon)).outages_per_year.method
    assert "groups" not in result(run(0, *late)).outages_per_year.method
    assert result(run(0, *soon)).unavailability.n == 1
    assert result(run(0, *late)).unavailability.n == 2


def test_the_unit_of_evidence_is_the_replication_where_there_are_enough() -> None:
    busy = [run(index, *(outage(day * DAY / SECOND, 5 + day) for day in range(index % 3 + 1))) for index in range(10)]
    assert "replications" in result(*busy).unavailability.method
    assert "incidents" in result(*busy[:9]).unavailability.method


def test_failover_latency_is_that_of_outages_that_ended_elsewhere() -> None:
    study = result(
        run(0, outage(10, 4), outage(100, 2)),
        run(1, outage(10, 50, "recovered_in_place"), outage(100, 90, "unresolved")),
    )
    latency = study.failover_latency
    assert latency is not None
    assert (latency.count, latency.longest_ns, latency.p50.value) == (2, 4 * SECOND, 2 * SECOND)
    assert study.longest_outage_ns == 90 * SECOND
    percentile = study.failover_percentile(0.95)
    assert percentile is not None
    assert percentile.value == 4 * SECOND


def test_latency_by_cause_and_by_phase() -> None:
    crash = outage(10, 6, phases_s=(3, 0, 0.5, 0.5, 1, 1, 0, 0))
    failback = outage(100, 2, cause="failback", phases_s=(0, 0, 0, 0, 2, 0, 0, 0))
    study = result(run(0, crash, failback))
    assert list(study.latency_by_cause) == ["crash", "failback"]
    assert study.latency_by_cause["failback"].p50.value == 2 * SECOND
    assert list(study.latency_by_phase) == list(PHASES)
    assert study.latency_by_phase["move"].longest_ns == 2 * SECOND
    assert study.latency_by_phase["detect"].p50.value == 0


def test_downtime_by_cause_adds_up_with_the_largest_first() -> None:
    study = result(run(0, outage(10, 1), outage(100, 5, cause="freeze")), run(1, outage(10, 2)))
    assert list(study.downtime_by_cause_ns.items()) == [("freeze", 5 * SECOND), ("crash", 3 * SECOND)]
    assert sum(study.downtime_by_cause_ns.values()) == sum(outcome.downtime_ns for outcome in study.outcomes)


def test_time_with_two_masters_has_an_interval_too() -> None:
    study = result(*(run(index, dual_master_ns=MINUTE if index == 3 else 0) for index in range(20)))
    assert study.dual_master_per_year_ns.value == pytest.approx(MINUTE / 20)
    assert study.dual_master_per_year_ns.high > study.dual_master_per_year_ns.low >= 0
    assert study.wrong_instance_per_year_ns.value == 0
    assert study.wrong_instance_per_year_ns.high > 0
    assert study.black_hole_per_year_ns.high > 0


def test_api_calls_are_summed_over_replications() -> None:
    study = result(run(0, outage(10, 1), outage(500, 1)), run(1, outage(10, 1)), run(2))
    assert study.api_calls == {"MigratePrivateIpAddress": {"OK": 3}}


def test_importing_the_study_loads_nothing_heavy() -> None:
    heavy = ("matplotlib", "numpy", "pandas", "pydantic", "rich", "scipy", "simpy", "yaml")
    code = f"import hasim.study, sys; print([name for name in {heavy!r} if name in sys.modules])"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_a_study_says_what_it_is() -> None:
    assert "2 replications, 1 outage," in repr(result(run(0, outage(10, 1)), run(1)))
    assert "more than" in repr(result(run(0)))
