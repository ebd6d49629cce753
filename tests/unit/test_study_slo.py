"""Met, not met, or undecided."""

from __future__ import annotations

from hasim.scenario.model import Slo
from hasim.study import Verdict
from hasim.units import SECOND, YEAR
from tests.unit.study_samples import outage, result, run


def only_verdict(slo: Slo, *outcomes) -> Verdict:  # type: ignore[no-untyped-def]
    (verdict,) = result(*outcomes, slo=slo).verdicts
    return verdict


def years(downtime_s: float, count: int = 40):  # type: ignore[no-untyped-def]
    return [run(index, outage(1000, downtime_s * (0.5 + index / (count - 1)))) for index in range(count)]


def test_without_objectives_there_are_no_verdicts() -> None:
    assert result(run(0)).verdicts == ()
    assert result(run(0)).chance_of_missing_availability is None


def test_availability_is_met_when_its_whole_interval_is_above() -> None:
    verdict = only_verdict(Slo(availability=0.9999), *years(60))
    assert (verdict.name, verdict.unit, verdict.wanted, verdict.met) == ("availability", "fraction", 0.9999, True)


def test_availability_is_missed_when_its_whole_interval_is_below() -> None:
    assert only_verdict(Slo(availability=0.999999), *years(600)).met is False


def test_availability_is_undecided_when_its_interval_straddles_it() -> None:
    assert only_verdict(Slo(availability=1 - 60 * SECOND / YEAR), *years(60)).met is None


def test_no_downtime_in_a_few_replications_decides_nothing() -> None:
    assert only_verdict(Slo(availability=0.9999), *(run(index) for index in range(5))).met is None


def failovers(*durations_s: float):  # type: ignore[no-untyped-def]
    return run(0, *(outage(10_000 * (index + 1), duration) for index, duration in enumerate(durations_s)))


def test_a_percentile_is_met_when_its_upper_bound_is_within_the_limit() -> None:
    many = failovers(*(1 + index / 100 for index in range(100)))
    verdict = only_verdict(Slo(failover_percentiles={0.5: 2 * SECOND}), many)
    assert (verdict.name, verdict.unit, verdict.met) == ("failover p50", "ns", True)
    assert only_verdict(Slo(failover_percentiles={0.5: SECOND + SECOND // 2}), many).met is None
    assert only_verdict(Slo(failover_percentiles={0.5: SECOND + SECOND // 10}), many).met is False


def test_a_percentile_beyond_the_sample_is_undecided() -> None:
    assert only_verdict(Slo(failover_percentiles={0.99: 10 * SECOND}), failovers(1, 2, 3)).met is None


def test_a_percentile_without_failovers_is_undecided_and_unmeasured() -> None:
    verdict = only_verdict(Slo(failover_percentiles={0.99: SECOND}), run(0))
    assert (verdict.measured, verdict.met) == (None, None)


def test_an_outage_that_never_ended_counts_as_a_failover_beyond_the_limit() -> None:
    quick = failovers(*[1.0] * 10)
    lost = [run(index, outage(10, 500, "unresolved")) for index in range(1, 41)]
    assert only_verdict(Slo(failover_percentiles={0.5: 2 * SECOND}), quick).met is True
    assert only_verdict(Slo(failover_percentiles={0.5: 2 * SECOND}), quick, *lost).met is False


def test_an_outage_cut_off_by_the_horizon_within_the_limit_says_nothing() -> None:
    cut = [run(index, outage(10, 1.5, "unresolved")) for index in range(1, 21)]
    verdict = only_verdict(Slo(failover_percentiles={0.5: 2 * SECOND}), failovers(*[1.0] * 10), *cut)
    assert verdict.met is True
    assert verdict.measured is not None
    assert verdict.measured.n == 10


def test_the_longest_outage_is_a_statement_about_what_was_simulated() -> None:
    outcome = run(0, outage(10, 30, "recovered_in_place"), outage(500, 20))
    assert only_verdict(Slo(longest_outage_ns=30 * SECOND), outcome).met is True
    assert only_verdict(Slo(longest_outage_ns=30 * SECOND - 1), outcome).met is False
    assert only_verdict(Slo(longest_outage_ns=SECOND), run(0)).met is True


def test_the_chance_that_a_year_misses_the_availability() -> None:
    study = result(run(0, outage(10, 400)), run(1, outage(10, 300)), run(2), run(3), slo=Slo(availability=0.99999))
    chance = study.chance_of_missing_availability
    assert chance is not None
    assert (chance.value, chance.n) == (0.25, 4)
    assert chance.low < 0.25 < chance.high


def test_verdicts_come_in_a_fixed_order() -> None:
    slo = Slo(availability=0.9, failover_percentiles={0.99: 3, 0.5: 1}, longest_outage_ns=5)
    names = [verdict.name for verdict in result(run(0), slo=slo).verdicts]
    assert names == ["availability", "failover p50", "failover p99", "longest outage"]
