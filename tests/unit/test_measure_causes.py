"""What explains an outage, rule by rule."""

from __future__ import annotations

import pytest

from hasim.scenario.model import FaultKind
from hasim.trace import CheckChanged, FaultBegan, FaultEnded, PowerChanged, PriorityChanged, StateChanged
from tests.unit.measure_stories import (
    becomes,
    call,
    commit,
    crash,
    fault,
    guest,
    lost,
    ns,
    only_outage,
    outcome,
    pair,
    routed,
    served,
)

MIGRATE = "MigratePrivateIpAddress"


def cause(*parts) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    outage = only_outage(100_000, *parts)
    return outage.cause, outage.fault


def yields_to(at_s: float, rightful: str, serving: str) -> list:  # type: ignore[type-arg]
    """The serving instance gives way to another MASTER and takes its address off the guest."""
    return [
        becomes(at_s, rightful, "MASTER"),
        becomes(at_s, serving, "BACKUP", "MASTER", "higher_priority_advert"),
        guest(at_s, serving, False),
        lost(at_s, "guest"),
    ]


def test_the_fault_that_hits_the_server_explains_it() -> None:
    assert cause(pair(), crash(10)) == ("crash", "crash of a")


def test_of_two_faults_on_the_server_the_younger_explains_it() -> None:
    assert cause(pair(), fault("loss", "a|b", 5), crash(10)) == ("crash", "crash of a")


def test_a_fault_on_the_server_counts_before_a_younger_one_elsewhere() -> None:
    assert cause(pair(), fault("freeze", "a", 5), fault("crash", "b", 9), lost(10, "instance")) == (
        "freeze",
        "some freeze",
    )


def test_a_fault_that_was_over_does_not_hit() -> None:
    assert cause(pair(), fault("loss", "a|b", 5, 6), crash(10))[0] == "crash"


def test_a_partition_of_several_names_hits_each_of_them() -> None:
    assert (
        cause(pair(), fault("crash", "c", 6), fault("partition", "x,a|b,api", 5), lost(10, "guest"))[0] == "partition"
    )


def test_a_partition_from_the_clients_hits_whoever_serves() -> None:
    parted = fault("partition", "clients|zone-1", 5)
    assert cause(pair(), parted, fault("crash", "b", 6), lost(10, "link"))[0] == "partition"


def test_a_zone_outage_hits_what_lost_its_power_at_that_instant() -> None:
    zone = FaultBegan(ns(10), "zone-1 down", "zone_outage", "zone-1")
    dead = [PowerChanged(ns(10), "a", "off"), lost(10, "instance")]
    assert cause(pair(), fault("loss", "a|b", 5), zone, dead) == ("zone_outage", "zone-1 down")


def test_a_fault_of_the_api_explains_a_missing_route() -> None:
    slow = fault("api_slowdown", "api", 5)
    assert cause(pair(), slow, fault("crash", "b", 6), lost(10, "route"))[0] == "api_slowdown"
    assert cause(pair(), slow, fault("crash", "b", 6), lost(10, "guest"))[0] == "crash"


def test_a_fault_of_the_api_explains_a_master_whose_check_of_the_api_fails() -> None:
    demoted = [CheckChanged(ns(9), "a", "api reachable", False), *yields_to(10, "b", "a")]
    assert cause(pair(), fault("api_outage", "api", 5), fault("crash", "c", 6), demoted)[0] == "api_outage"


def reboot(died_s: float, back_s: float) -> list:  # type: ignore[type-arg]
    """a crashes, b takes over within 10 s, a comes back to the election."""
    return [
        *crash(died_s), becomes(died_s + 3, "b", "MASTER"), routed(died_s + 5, "b"), guest(died_s + 3, "b"),
        served(died_s + 10, "b"), FaultEnded(ns(back_s - 60), "crash of a", "crash", "a"),
        PowerChanged(ns(back_s - 1), "a", "running"), becomes(back_s, "a", "BACKUP", "INIT", "start_up"),
    ]  # fmt: skip


@pytest.mark.parametrize("preempt_delay_s", [0, 3, 1000])
def test_a_move_back_after_a_reboot_is_a_failback(preempt_delay_s: float) -> None:
    story = (pair(), reboot(10, 300), yields_to(304 + preempt_delay_s, "a", "b"))
    run = outcome(100_000, *story)
    assert [outage.cause for outage in run.outages] == ["crash", "failback"]
    assert run.outages[1].fault == ""


def test_a_switch_long_after_the_return_is_a_false_failover() -> None:
    run = outcome(100_000, pair(), reboot(10, 300), yields_to(50_000, "a", "b"))
    assert [outage.cause for outage in run.outages] == ["crash", "false_failover"]


IN_ZONES = (("zone-1", "a"), ("zone-1", "c"), ("zone-2", "b"))


@pytest.mark.parametrize("target", ["zone-1|zone-2", "a|b", "b,c|a", "zone-1|b"])
@pytest.mark.parametrize("kind", ["partition", "one_way_partition", "loss", "latency"])
def test_a_switch_when_a_network_fault_is_over_that_parted_the_two_is_a_failback(kind: str, target: str) -> None:
    story = [
        fault(kind, target, 10, 500, IN_ZONES), becomes(13, "b", "MASTER"), routed(15, "b"), guest(13, "b"),
        becomes(500.1, "b", "BACKUP", "MASTER", "higher_priority_advert"), guest(500.1, "b", False),
        served(15, "b"), lost(500.1, "guest"),
    ]  # fmt: skip
    assert cause(pair(), *story) == ("failback", "")


@pytest.mark.parametrize("target", ["c|api", "b|c", "a,b|c", "a|zone-2", "zone-1|zone-2", "a,b|clients"])
def test_a_switch_after_a_network_fault_that_did_not_part_the_two_is_no_failback(target: str) -> None:
    parted = fault("partition", target, 5, 9, (("zone-1", "a"), ("zone-1", "b"), ("zone-2", "c")))
    assert cause(pair(), parted, yields_to(13, "b", "a")) == ("partition", "some partition")


@pytest.mark.parametrize(("target", "expected"), [("a", "failback"), ("b", "failback"), ("c", "link_down")])
def test_a_switch_when_a_link_is_up_again_is_a_failback_if_it_was_that_of_either(target: str, expected: str) -> None:
    assert cause(pair(), fault("link_down", target, 5, 9), yields_to(13, "b", "a"))[0] == expected


def test_a_failback_is_not_blamed_on_an_unrelated_fault() -> None:
    run = outcome(100_000, pair(), reboot(10, 300), fault("crash", "c", 302), yields_to(304, "a", "b"))
    assert run.outages[1].cause == "failback"


def test_a_standby_that_wakes_up_and_believes_itself_alone_is_blamed_on_its_freeze() -> None:
    """The server never gave way, so nothing was given back: the address was taken from it."""
    story = [
        FaultBegan(ns(10), "standby frozen", "freeze", "b"), PowerChanged(ns(10), "b", "frozen"),
        FaultEnded(ns(20), "standby frozen", "freeze", "b"), PowerChanged(ns(20), "b", "running"),
        becomes(20, "b", "MASTER"), call(1, MIGRATE, 20.5, 21), becomes(20.1, "b", "BACKUP", "MASTER"),
        commit(1, MIGRATE, 22, "b"), routed(22, "b"), lost(22, "guest"),
    ]  # fmt: skip
    assert cause(pair(), *story) == ("freeze", "standby frozen")


def test_of_the_faults_that_ended_the_one_that_hit_the_server_is_blamed() -> None:
    assert cause(pair(), fault("loss", "a|b", 5, 8), fault("crash", "c", 6, 9), lost(10, "guest"))[0] == "loss"


def test_an_election_without_any_fault_is_a_false_failover() -> None:
    assert cause(pair(), yields_to(5000, "b", "a")) == ("false_failover", "")


def test_the_initial_state_is_not_a_return() -> None:
    """b entered the election at 0; a switch minutes later is no failback."""
    assert cause(pair(), yields_to(60, "b", "a")) == ("false_failover", "")


def test_without_fault_or_election_the_cause_is_unknown() -> None:
    assert cause(pair(), lost(5000, "service")) == ("unknown", "")


def test_a_lowered_standby_that_recovers_its_check_returns() -> None:
    story = [
        PriorityChanged(ns(10), "a", 100, 50, 100), becomes(13, "b", "MASTER"), routed(14, "b"), guest(13, "b"),
        StateChanged(ns(13), "a", "MASTER", "BACKUP", "higher_priority_advert"), served(14, "b"),
        PriorityChanged(ns(5000), "a", 50, 100, 100), *yields_to(5003, "a", "b"),
    ]  # fmt: skip
    assert cause(pair(), *story) == ("failback", "")


def test_a_priority_that_was_raised_for_a_while_is_no_lowered_one() -> None:
    """The server gave way to the instance of full priority that had been out of reach: the raise is forgotten."""
    raised = [PriorityChanged(ns(2), "b", 100, 120, 100), PriorityChanged(ns(4), "b", 120, 100, 100)]
    story = (pair(), raised, reboot(10, 300), yields_to(304, "a", "b"))
    assert [outage.cause for outage in outcome(100_000, *story).outages] == ["crash", "failback"]


def test_a_process_that_begins_with_less_and_gains_its_full_priority_returns() -> None:
    """b was MASTER before a counted its checks, long after its start."""
    gains = [PriorityChanged(ns(5000), "a", 90, 100, 100), *yields_to(5003, "a", "b")]
    assert cause(pair("b", "a"), *gains) == ("failback", "")


def test_the_failing_checks_of_a_process_die_with_it() -> None:
    """What fails with the new one is the cloud, not the check of the API that failed before."""
    story = [
        CheckChanged(ns(5), "a", "api reachable", False), becomes(10, "a", "INIT", "MASTER", "died"),
        becomes(12, "a", "MASTER", "INIT", "start_up"), fault("api_outage", "api", 20), fault("crash", "b", 21),
        lost(22, "service"),
    ]  # fmt: skip
    assert cause(pair(), *story)[0] == "crash"


def test_a_server_that_loses_its_address_before_it_says_that_it_gives_way_gave_way_all_the_same() -> None:
    """What happens at one instant is judged by how it ends."""
    story = [
        becomes(304, "a", "MASTER"), guest(304, "b", False), lost(304, "guest"),
        becomes(304, "b", "BACKUP", "MASTER", "higher_priority_advert"),
    ]  # fmt: skip
    assert outcome(100_000, pair(), reboot(10, 300), story).outages[1].cause == "failback"


def test_a_cause_is_plain_text() -> None:
    """The simulator writes members of an enumeration into its records."""
    began = FaultBegan(ns(10), "some fault", FaultKind.FREEZE, "a")
    outage = only_outage(60, pair(), began, lost(10, "instance"))
    assert (outage.cause, type(outage.cause)) == ("freeze", str)
