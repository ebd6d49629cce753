"""A MASTER that drops what is addressed to its virtual addresses (``no_accept``) serves nobody, and reports say why.

What the daemon does is tried in ``tests/real/test_accepted_packets.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hasim.api import loads
from hasim.errors import UserError
from hasim.measure import PHASES, Outage, measure
from hasim.report.wording import record_words
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.study.exact.outages import objections_to_closed_form
from hasim.trace import AcceptChanged, GuestAddressChanged, ReachabilityChanged
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, instance, of_type, run

CRASH = {"kind": "crash", "target": "a", "at": "100s"}
_MECHANISMS = (
    ({"address": "10.0.1.100", "mechanism": "secondary_ip"}, True),
    ({"address": "10.0.1.100", "mechanism": "secondary_ip", "method": "reassign"}, True),
    ({"address": "10.0.1.100", "mechanism": "havip"}, True),
    ({"address": "10.0.1.100", "mechanism": "eni", "subnet": "front"}, False),
    ({"mechanism": "eip"}, False),
)
"""The mechanisms, and whether it is keepalived that adds the address."""


def _pair(accept: tuple[bool, bool] = (False, False), vrrp: dict[str, Any] | None = None, **more: Any) -> Scenario:
    a, b = (
        instance(priority, host, vrrp={"priority": priority, "accept": accepts})
        for (priority, host), accepts in zip(((150, 11), (100, 12)), accept, strict=True)
    )
    return bare_pair(instances={"a": a, "b": b}, vrrp=vrrp or {}, **more)


def _outages(scenario: Scenario) -> Sequence[Outage]:
    return measure(simulate(scenario, seed=1, replication=0)).outages


@pytest.mark.parametrize(("floating", "is_dropped"), _MECHANISMS)
def test_nobody_is_served_at_an_address_that_keepalived_adds_and_drops(
    floating: dict[str, str], is_dropped: bool
) -> None:
    scenario = _pair(floating=floating)
    run(scenario)
    gone_ns = sum(outage.duration_ns for outage in _outages(scenario))
    assert gone_ns == (scenario.horizon_ns if is_dropped else 0)
    assert not _outages(_pair((True, True), floating=floating))


def test_an_eni_is_dropped_where_its_address_is_named_to_keepalived() -> None:
    floating, _ = _MECHANISMS[3]
    assert _outages(_pair(vrrp={"virtual_ipaddress": ["10.0.1.100"]}, floating=floating))
    assert not _outages(_pair(vrrp={"virtual_ipaddress": ["10.0.1.101"]}, floating=floating))


def test_the_outage_says_that_the_packets_are_dropped() -> None:
    (outage,) = _outages(_pair())
    assert (outage.cause, outage.missing, outage.resolution) == ("not_accepted", "accept", "unresolved")
    assert outage.phases_ns[PHASES.index("guest")] == outage.duration_ns


def test_a_backup_that_drops_does_so_when_it_is_master() -> None:
    scenario = _pair((True, False), faults=[CRASH])
    records = run(scenario)
    (outage,) = _outages(scenario)
    assert (outage.cause, outage.resolution) == ("crash", "unresolved")
    assert outage.phases_ns[PHASES.index("guest")] > 100 * SECOND
    (change,) = of_type(records, AcceptChanged)
    assert (change.instance, change.accepts) == ("b", False)
    words = record_words(change, scenario)
    assert words is not None
    assert (words.who, words.what) == ("b", "drops what is sent to 10.0.1.100")
    assert "vrrp.accept" in words.why
    assert not any(record.instance == "b" for record in of_type(records, GuestAddressChanged))


def test_a_backup_that_accepts_ends_the_outage_and_a_return_begins_another() -> None:
    scenario = _pair((False, True), faults=[{**CRASH, "duration": "30s"}])
    first, second = _outages(scenario)
    assert (first.cause, first.resolution, first.ended_on) == ("not_accepted", "first_service", "b")
    assert (second.cause, second.began_on, second.resolution) == ("failback", "b", "unresolved")


@pytest.mark.parametrize(("priorities", "served"), [((255, 150), [True, False]), ((150, 255), [False, True])])
def test_the_owner_drops_nothing_and_a_reload_decides_it_anew(priorities: tuple[int, int], served: list[bool]) -> None:
    """Tried on 2.2.7."""
    first, second = priorities
    reload = {"kind": "keepalived_reload", "target": "a", "at": "100s", "priority": second}
    owner = instance(first, 11, vrrp={"priority": first, "state": "MASTER", "accept": False})
    records = run(bare_pair(instances={"a": owner, "b": instance(100, 12)}, faults=[reload]))
    assert [r.server == "a" for r in records if isinstance(r, ReachabilityChanged)] == served


def test_a_killed_daemon_leaves_its_rules_and_a_new_one_takes_them_away() -> None:
    """As it does with the address itself."""
    kill = {"kind": "keepalived_kill", "target": "a", "at": "100s", "duration": "10s"}
    changes = of_type(run(_pair((False, True), faults=[kill])), AcceptChanged)
    assert [(change.at // SECOND, change.accepts) for change in changes[:1]] == [(110, True)]


TEXT = """
horizon: 10min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
floating: {address: 10.0.1.100, mechanism: secondary_ip}
vrrp: {accept: false}
faults:
  - {kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 30d}}, duration: {exponential: {mean: 5min}}}
"""


def test_reports_and_explanations_say_why() -> None:
    study = loads(TEXT)
    assert "drops what is sent to it" in str(study.explain())
    result = study.run(replications=2, jobs=1)
    assert result.availability.value == 0
    assert [outage.cause for outcome in result.outcomes for outage in outcome.outages] == ["not_accepted"] * 2


def test_no_other_method_takes_such_a_pair_for_one_that_works() -> None:
    study = loads(TEXT)
    for answer in (study.episodes, study.exact):
        with pytest.raises(UserError, match="does not stay in a steady state with one MASTER that serves"):
            answer(jobs=1)


def test_a_backup_that_drops_has_no_closed_form() -> None:
    assert any("dropped" in reason for reason in objections_to_closed_form(_pair((True, False))))
    assert not any("dropped" in reason for reason in objections_to_closed_form(_pair((True, True))))
