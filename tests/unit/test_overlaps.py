"""Failures that overlap too rarely to have happened: how many are to be expected, and what is said of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

import hasim
from hasim.report.overlaps import overlaps_remark
from hasim.report.page.study import study_page
from hasim.report.tables import study_tables
from hasim.scenario import loads
from hasim.scenario.model import Scenario, Slo
from hasim.study import StudyResult, load_result
from hasim.study.compare import METRICS
from hasim.study.estimators import Estimate
from hasim.study.outcomes import Outcomes
from hasim.study.overlaps import ENOUGH, NEGLIGIBLE, Overlaps, too_rare, too_rare_to_neglect
from hasim.study.slo import verdicts
from hasim.units import HOUR, YEAR
from tests.unit.scenario_texts import BASE
from tests.unit.study_samples import outage, run

UP, DOWN = 1000, 1
CRASHES = (
    "{kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 1000h}}, duration: {exponential: {mean: 1h}}}"
)
SHARE = DOWN / (UP + DOWN)
TWO_ZONES = """\
horizon: 10min
zones: [z1, z2]
vpc: {cidr: 10.0.0.0/16}
subnets:
  front: {cidr: 10.0.1.0/24, zone: z1}
  back: {cidr: 10.0.2.0/24, zone: z2}
instances:
  a: {subnet: front, address: 10.0.1.10}
  b: {subnet: back, address: 10.0.2.11}
floating: {mechanism: eip}
"""


def faulty(*faults: str, text: str = BASE) -> Scenario:
    return loads(text.replace("10min", "1y") + f"faults: [{', '.join(faults)}]\n")


def years(count: int, downtime_s: float = 0.0):  # type: ignore[no-untyped-def]
    """Each with about so much downtime."""
    return tuple(
        run(index, *([outage(1000, downtime_s * (0.95 + index % 3 / 20))] if downtime_s else []))
        for index in range(count)
    )


def study(count: int, downtime_s: float, slo: Slo | None = None) -> StudyResult:
    scenario = replace(faulty(CRASHES), slo=slo or Slo())
    return StudyResult(scenario, 1, "quiet", Outcomes.of(years(count, downtime_s)), "0.1.0", False)


def test_both_instances_are_down_for_the_product_of_their_shares() -> None:
    found = too_rare(faulty(CRASHES), years(100))
    assert found is not None
    assert found.unavailability == pytest.approx(SHARE**2)
    mean_ns = HOUR * DOWN / 2
    assert found.expected == pytest.approx(SHARE**2 * 100 * YEAR / mean_ns)


def test_enough_of_them_have_been_seen() -> None:
    least = too_rare(faulty(CRASHES), years(1))
    assert least is not None
    enough = ENOUGH / least.expected
    assert too_rare(faulty(CRASHES), years(int(enough))) is not None
    assert too_rare(faulty(CRASHES), years(int(enough) + 1)) is None


@pytest.mark.parametrize(
    "fault",
    [
        "{kind: crash, target: b, at: 100s, duration: 5min}",
        "{kind: crash, target: b, time_to_failure: {exponential: {mean: 1000h}}}",
        "{kind: zone_outage, target: z1, time_to_failure: {exponential: {mean: 1000h}}, duration: 1h}",
        "{kind: api_outage, time_to_failure: {exponential: {mean: 1000h}}, duration: 1h}",
        "{kind: partition, between: a, and: b, time_to_failure: {exponential: {mean: 1000h}}, duration: 1h}",
    ],
)
def test_what_does_not_overlap_with_a_crash_of_the_other(fault: str) -> None:
    """At a fixed time, without an end, of everybody at once, and what takes nobody out."""
    crash = CRASHES.replace("[a, b]", "a")
    assert too_rare(faulty(crash, fault), years(1)) is None


@pytest.mark.parametrize(
    "fault",
    [
        "{kind: zone_outage, target: z2, time_to_failure: {exponential: {mean: 1000h}}, duration: 1h}",
        "{kind: partition, between: b, and: clients, time_to_failure: {exponential: {mean: 1000h}}, duration: 1h}",
        "{kind: link_down, target: b, time_to_failure: {exponential: {mean: 1000h}}, duration: 1h}",
    ],
)
def test_what_does(fault: str) -> None:
    found = too_rare(faulty(CRASHES.replace("[a, b]", "a"), fault, text=TWO_ZONES), years(1))
    assert found is not None
    assert found.unavailability == pytest.approx(SHARE**2)


def test_a_killed_daemon_is_out_until_it_is_started_again() -> None:
    killed = "{kind: keepalived_kill, target: b, time_to_failure: {exponential: {mean: 1000h}}}"
    found = too_rare(faulty(CRASHES.replace("[a, b]", "a"), killed), years(1))
    assert found is not None
    assert 0 < found.unavailability < SHARE**2 / 1000


def test_the_longest_are_too_rare_though_there_are_enough_short_ones() -> None:
    """Services that fail every hour for a minute overlap every other day."""
    failing = "{kind: service_failure, target: [a, b], time_to_failure: {exponential: {mean: 1h}}, duration: 1min}"
    assert too_rare(faulty(failing), years(100)) is None
    found = too_rare(faulty(failing, CRASHES), years(100))
    assert found is not None
    assert found.unavailability == pytest.approx(SHARE**2)


def test_with_three_instances_all_three_have_to_fail() -> None:
    text = BASE.replace("floating:", "  c: {address: 10.0.1.12}\nfloating:")
    found = too_rare(faulty(CRASHES.replace("[a, b]", "[a, b, c]"), text=text), years(1))
    assert found is not None
    assert found.unavailability == pytest.approx(SHARE**3)


def test_a_large_group_with_many_faults_is_looked_at_as_if_each_instance_had_one() -> None:
    instances = "".join(f"  i{number}: {{address: 10.0.1.{20 + number}}}\n" for number in range(6))
    text = BASE.replace("  b: {address: 10.0.1.11}\n", instances)
    kinds = ("crash", "stop", "freeze", "link_down", "service_failure")
    every = "time_to_failure: {exponential: {mean: 1h}}, duration: 1h"
    names = ", ".join(instance.name for instance in loads(text).instances)
    found = too_rare(
        faulty(*(f"{{kind: {kind}, target: [{names}], {every}}}" for kind in kinds), text=text),
        [run(0, horizon_ns=HOUR // 2)],
    )
    assert found is not None
    assert found.unavailability == pytest.approx((1 - 0.5**5) ** 7)


def test_they_matter_from_a_quarter_of_the_upper_arm_on() -> None:
    measured = Estimate(1e-5, 0.5e-5, 1e-5 + 1e-6, 0.95, "", 100)
    few = Overlaps(1.0, 1.01 * NEGLIGIBLE * 1e-6)
    assert too_rare_to_neglect(few, measured) is few
    assert too_rare_to_neglect(Overlaps(1.0, 0.99 * NEGLIGIBLE * 1e-6), measured) is None
    assert too_rare_to_neglect(few, measured, 2e-6) is None
    assert too_rare_to_neglect(None, measured) is None


def test_the_first_table_the_report_and_the_document_say_so(tmp_path) -> None:  # type: ignore[no-untyped-def]
    found = study(30, 100.0)
    assert found.overlaps is not None
    note = study_tables(found)[0].note
    assert note.startswith("0.52 failures of all instances at once are to be expected in what was simulated, too few")
    share = found.overlaps.unavailability / (found.overlaps.unavailability + found.unavailability.value)
    assert f"may be {100 * share:.3g}% of the unavailability; --method episodes allows for them" in note
    assert f"{note}." in study_page(found).further
    expected = {"expected": found.overlaps.expected, "unavailability": found.overlaps.unavailability}
    assert found.to_json()["summary"]["overlaps"] == expected
    found.save(tmp_path)
    assert load_result(tmp_path).overlaps == found.overlaps


def test_several_studies_say_it_once_and_of_downtimes_only() -> None:
    few, seen = study(30, 100.0), study(30, 100_000.0)
    downtime, median = METRICS["downtime_per_year"], METRICS["failover_p50"]
    remark = overlaps_remark([seen, few, few], [median, downtime])
    assert remark.startswith("Only 0.52 failures of all instances at once are to be expected in what was simulated of")
    assert few.overlaps is not None
    assert f"about {math.ceil(30 * ENOUGH / few.overlaps.expected):,} replications would show it" in remark
    assert overlaps_remark([few], [median]) == ""
    assert overlaps_remark([seen], [downtime]) == ""


def test_comparisons_sweeps_and_sensitivity_analyses_say_it() -> None:
    pair = hasim.loads(faulty(CRASHES).source_text)
    for metrics, says_it in (("downtime_per_year", True), ("outages_per_year", False)):
        how: Any = {"metrics": metrics, "replications": 12, "jobs": 1, "journal": None}
        for answer in (
            pair.compare({"slower": {"guest.configure": "3s"}}, **how),
            pair.sweep({"guest.configure": ["3s"]}, **how),
            pair.sensitivity({"guest.configure": ["1s", "3s"]}, **how),
        ):
            assert ("Only 0.21 failures of all instances at once" in answer.tables()[0].note) is says_it


def test_nothing_is_said_where_it_does_not_matter() -> None:
    found = study(30, 100_000.0)
    assert found.overlaps is None
    assert not study_tables(found)[0].note
    assert found.to_json()["summary"]["overlaps"] is None


def test_where_episodes_do_not_apply_replications_are_asked_for() -> None:
    found = study(30, 100.0)
    scripted = "{kind: service_failure, target: a, at: 1h, duration: 1s}"
    found = replace(found, scenario=faulty(CRASHES, scripted))
    assert found.overlaps is not None
    assert "about 572 replications would show what they cost" in study_tables(found)[0].note


def test_an_availability_that_they_may_spoil_is_undecided() -> None:
    rare = Overlaps(0.9, 1e-6)
    measured = Estimate(0.999_998, 0.999_997, 0.999_999, 0.95, "", 30)

    def met(wanted: float) -> bool | None:
        (verdict,) = verdicts(Slo(availability=wanted), years(30), measured, overlaps=rare)
        assert (verdict.overlaps is rare) == (verdict.met is None and wanted <= measured.low)
        return verdict.met

    assert [met(wanted) for wanted in (0.999_995, 0.999_996_5, 0.999_998, 0.999_999_9)] == [True, None, None, False]


def test_the_slo_says_why_it_is_undecided() -> None:
    slo = Slo(availability=1 - 110 / 31_536_000)
    found = study(30, 100.0, slo)
    (verdict,) = found.verdicts
    assert verdict.met is None
    table = next(table for table in study_tables(found) if table.title == "SLO")
    assert table.note.startswith("availability is undecided although its interval lies above what is wanted: only 0.52")
    assert found.to_json()["slo"][0]["overlaps"]["expected"] == pytest.approx(0.52, abs=0.01)
    assert "too rare to have been seen, may cost more than is left" in study_page(found).verdicts[0].text
