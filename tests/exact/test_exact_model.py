"""The Markov model against closed forms, and simulated episodes against the Markov model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hasim.errors import UserError
from hasim.report.episodes import exact_tables
from hasim.scenario import loads
from hasim.study.episodes import run_episodes
from hasim.study.exact import exact_answer
from hasim.study.exact.outages import objections_to_closed_form
from hasim.units import HOUR, SECOND
from hasim.vrrp.timers import master_down_interval
from tests.exact.pairs import crashing_group

pytestmark = pytest.mark.usefixtures("short_pilot")

NOPREEMPT = "{version: 3, advert_int: 100ms, priority: 100, nopreempt: true}"
EXPONENTIAL = "{exponential: {mean: 24h}}"


def of_equals(text: str) -> str:
    return text.replace("priority: 150", "priority: 100")


def test_a_pair_of_equals_has_the_availability_of_its_birth_death_chain() -> None:
    """The derivation stands in test_pair_availability.py."""
    answer = exact_answer(loads(of_equals(crashing_group(EXPONENTIAL, "{exponential: {mean: 1h}}", vrrp=NOPREEMPT))))
    fails, repaired = 1 / (24 * HOUR), 1 / HOUR
    total = (fails + repaired) ** 2
    p2, p0 = repaired**2 / total, fails**2 / total
    down_ns = master_down_interval(3, 100, SECOND // 10)
    failover_ns, return_ns = down_ns - SECOND // 20 + 5 * SECOND, down_ns + 2.5 * SECOND
    truth = p0 + p2 * fails * failover_ns + p0 * 2 * repaired * return_ns
    assert answer.kind == "closed"
    assert answer.unavailability.value == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("repair", ["{exponential: {mean: 1h}}", "{gamma: {shape: 3, mean: 1h}}"])
@pytest.mark.parametrize("third", [False, True])
def test_all_are_down_for_the_product_of_their_shares_whatever_the_repair(repair: str, third: bool) -> None:
    answer = exact_answer(loads(crashing_group(EXPONENTIAL, repair, third=third)))
    assert answer.terms[0].unavailability == pytest.approx((1 / 25) ** (3 if third else 2), rel=1e-12)


def test_a_preempting_pair_fails_over_and_back_equally_often() -> None:
    terms = {term.name: term for term in exact_answer(loads(crashing_group(EXPONENTIAL, EXPONENTIAL))).terms}
    assert terms["failover"].rate == pytest.approx(terms["failback"].rate, rel=1e-12)
    assert terms["failback"].mean_ns == 5 * SECOND


@pytest.mark.parametrize("vrrp", ["{version: 3, advert_int: 100ms}", NOPREEMPT], ids=["preempt", "nopreempt"])
def test_episodes_agree_with_the_exact_answer(vrrp: str) -> None:
    scenario = loads(crashing_group("{exponential: {mean: 30d}}", "{gamma: {shape: 2, mean: 10min}}", vrrp=vrrp))
    truth = exact_answer(scenario).unavailability.value
    result = run_episodes(scenario, seed=1, precision=0.03, jobs=1).unavailability
    assert result.low <= truth <= result.high
    assert result.high - result.low < 0.07 * truth


def test_failovers_without_a_closed_form_are_measured_and_the_answer_is_called_mixed() -> None:
    text = crashing_group("{exponential: {mean: 30d}}", "{lognormal: {median: 5min, p95: 30min}}")
    answer = exact_answer(loads(text), seed=1, jobs=1)
    assert answer.kind == "mixed"
    assert any("lognormal" in assumption for assumption in answer.assumptions)
    assert answer.unavailability.low < answer.unavailability.value < answer.unavailability.high


@pytest.mark.parametrize(
    ("old", "new", "objection"),
    [
        ("subnets:", "security_groups: {default: {ingress: [{protocol: tcp}]}}\nsubnets:", "b does not hear a"),
        ("priority: 150}", "priority: 150, advert_int: 200ms}", "differ in the version of VRRP or in advert_int"),
        ("priority: 150}", "priority: 255}", "a: the owner of the address"),
        ("guest: {", "guest: {network_ready: 20s, ", "a and b: packets do not pass at once"),
    ],
)
def test_what_makes_outages_branch_is_an_objection_to_a_closed_form(old: str, new: str, objection: str) -> None:
    text = crashing_group(EXPONENTIAL, EXPONENTIAL)
    assert not list(objections_to_closed_form(loads(text)))
    assert any(objection in found for found in objections_to_closed_form(loads(text.replace(old, new, 1))))


def test_what_several_instances_have_in_common_is_one_objection_and_said_once() -> None:
    text = crashing_group(EXPONENTIAL, EXPONENTIAL).replace("guest: {", "guest: {network_ready: 20s, ")
    text = text.replace('configure: "0"', "configure: 1s")
    waits, takes = objections_to_closed_form(loads(text))
    assert (waits[:9], takes[:9]) == ("a and b: ",) * 2
    answer = replace(exact_answer(loads(crashing_group(EXPONENTIAL, EXPONENTIAL))), assumptions=("no: x", "no: y"))
    (table,) = exact_tables(answer, answer.unavailability)
    assert table.note == "no: x; y"
    assert [row[0] for row in table.rows].count("") == 0
    assert table.rows[-1][-1] == "agrees"


def test_a_third_instance_makes_it_matter_whether_a_script_asks() -> None:
    for third, objections in ((False, 0), (True, 1)):
        text = crashing_group(EXPONENTIAL, EXPONENTIAL, third=third).replace(
            "notify: {", "notify: {check_first: false, "
        )
        assert len(list(objections_to_closed_form(loads(text)))) == objections


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("{kind: crash, target: a, at: 10s}", "not fail and get repaired at random"),
        ("{kind: freeze, target: a, time_to_failure: 9d, duration: 1s}", "a freeze"),
        ("{kind: crash, target: a, time_to_failure: {exponential: {mean: 9d}}, duration: 1h}", "b never fails"),
    ],
)
def test_what_is_no_markov_chain_is_refused_with_the_reason(fault: str, reason: str) -> None:
    text = crashing_group(EXPONENTIAL, EXPONENTIAL).partition("faults:")[0] + f"faults: [{fault}]"
    with pytest.raises(UserError, match=reason):
        exact_answer(loads(text))
