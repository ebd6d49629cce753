"""Where the time of an outage goes, told as small stories."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hasim.measure.phases import walk
from hasim.trace import AddressClaimed, AddressHeld, PowerChanged, PriorityChanged, StateChanged, TaskEnded
from tests.unit.measure_stories import (
    becomes,
    call,
    commit,
    crash,
    fault,
    guest,
    lost,
    notified,
    ns,
    only_outage,
    outcome,
    pair,
    phases_s,
    routed,
    served,
)

MIGRATE = "MigratePrivateIpAddress"
DETACH, ATTACH = "DetachNetworkInterface", "AttachNetworkInterface"


def test_a_crash_takes_all_eight_phases_apart() -> None:
    outage = only_outage(
        100, pair(), crash(10), becomes(13.0, "b", "MASTER"), notified(13), call(1, MIGRATE, 13.5, 14.5),
        commit(1, MIGRATE, 16.5, "b"), routed(17.5, "b"), guest(20.5, "b"), served(25.5, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {
        "detect": 3.0, "notify": 0.5, "api": 1.0, "move": 2.0, "propagate": 1.0, "guest": 3.0, "service": 5.0,
    }  # fmt: skip
    assert (outage.began_on, outage.ended_on, outage.resolution) == ("a", "b", "failover")
    assert outage.missing == "instance"


def test_a_step_that_was_done_in_parallel_costs_only_where_it_was_waited_for() -> None:
    outage = only_outage(
        100, pair(), crash(10), becomes(13.0, "b", "MASTER"), guest(13.1, "b"), call(1, MIGRATE, 13.5, 14.5),
        commit(1, MIGRATE, 16.5, "b"), routed(17.5, "b"), served(17.5, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "notify": 0.5, "api": 1.0, "move": 2.0, "propagate": 1.0}


def test_election_takes_time_when_another_instance_reacts_before_the_winner() -> None:
    outage = only_outage(
        100, pair(), crash(10), StateChanged(0, "c", "INIT", "BACKUP", "start_up"), becomes(13.0, "c", "MASTER"),
        becomes(13.2, "b", "MASTER"), call(1, MIGRATE, 13.5, 14.0), commit(1, MIGRATE, 15.0, "b"),
        routed(15.0, "b"), guest(13.2, "b"), served(15.0, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "elect": 0.2, "notify": 0.3, "api": 0.5, "move": 1.0}


def test_a_failing_check_ends_detection_and_the_down_timer_ends_election() -> None:
    outage = only_outage(
        100, pair(), lost(10, "service"), becomes(15, "a", "FAULT", "MASTER", "track_script"),
        becomes(15.6, "b", "MASTER"), call(1, MIGRATE, 16, 17), commit(1, MIGRATE, 18, "b"), routed(18, "b"),
        guest(16, "b"), served(18, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 5.0, "elect": 0.6, "notify": 0.4, "api": 1.0, "move": 1.0}


def test_a_lowered_priority_ends_detection() -> None:
    outage = only_outage(
        100, pair(), lost(10, "service"), PriorityChanged(ns(12), "a", 100, 50, 100), becomes(15.6, "b", "MASTER"),
        call(1, MIGRATE, 15.6, 15.6), commit(1, MIGRATE, 18, "b"), routed(18, "b"), guest(16, "b"), served(18, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 2.0, "elect": 3.6, "move": 2.4}


def test_detection_costs_nothing_when_the_priority_was_lowered_before() -> None:
    outage = only_outage(
        100, pair(), PriorityChanged(ns(9), "a", 100, 50, 100), crash(10), becomes(13, "b", "MASTER"),
        call(1, MIGRATE, 13, 13), commit(1, MIGRATE, 14, "b"), routed(14, "b"), guest(13, "b"), served(14, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"elect": 3.0, "move": 1.0}


def test_a_priority_that_was_raised_for_a_while_is_no_lowered_one() -> None:
    raised = [PriorityChanged(ns(2), "a", 100, 120, 100), PriorityChanged(ns(4), "a", 120, 100, 100)]
    outage = only_outage(
        100, pair(), raised, crash(10), becomes(13, "b", "MASTER"), call(1, MIGRATE, 13, 13),
        commit(1, MIGRATE, 14, "b"), routed(14, "b"), guest(13, "b"), served(14, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "move": 1.0}


def test_a_lowered_priority_dies_with_its_process() -> None:
    restart = [
        PriorityChanged(ns(2), "a", 100, 50, 100), becomes(4, "a", "INIT", "MASTER", "died"),
        becomes(5, "a", "MASTER", "INIT", "start_up"),
    ]  # fmt: skip
    outage = only_outage(
        100, pair(), *restart, crash(10), becomes(13, "b", "MASTER"), call(1, MIGRATE, 13, 13),
        commit(1, MIGRATE, 14, "b"), routed(14, "b"), guest(13, "b"), served(14, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "move": 1.0}


def test_a_process_that_starts_with_a_low_priority_has_not_reacted() -> None:
    starts = [PriorityChanged(ns(11), "c", 90, 30, 90), becomes(11, "c", "BACKUP", "INIT", "start_up")]
    outage = only_outage(
        100, pair(), crash(10), *starts, becomes(13, "b", "MASTER"), call(1, MIGRATE, 13, 13),
        commit(1, MIGRATE, 14, "b"), routed(14, "b"), guest(13, "b"), served(14, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "move": 1.0}


def test_a_killed_daemon_is_detected_by_the_others_though_its_instance_runs() -> None:
    outage = only_outage(
        100, pair(), becomes(10, "a", "INIT", "MASTER", "died"), guest(10, "a", False), lost(10, "guest"),
        becomes(13, "b", "MASTER"), call(1, MIGRATE, 13, 13), commit(1, MIGRATE, 14, "b"), routed(14, "b"),
        guest(13, "b"), served(14, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "move": 1.0}


def test_a_daemon_that_is_stopped_cleanly_has_reacted() -> None:
    outage = only_outage(
        100, pair(), guest(10, "a", False), lost(10, "guest"), becomes(10, "a", "INIT", "MASTER", "shutdown"),
        becomes(10.6, "b", "MASTER"), call(1, MIGRATE, 10.6, 11), commit(1, MIGRATE, 14, "b"), routed(14, "b"),
        guest(13, "b"), served(14, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"elect": 0.6, "api": 0.4, "move": 3.0}


def test_refusals_and_retries_belong_to_api() -> None:
    outage = only_outage(
        100, pair(), crash(10), becomes(13, "b", "MASTER"), call(1, "DescribeNetworkInterfaces", 14, 14.2),
        call(2, MIGRATE, 14.2, 15, "InternalError"), call(3, MIGRATE, 20, 25, "ClientTimeout"),
        call(4, MIGRATE, 26, 27), commit(4, MIGRATE, 28, "b"), routed(28, "b"), guest(13, "b"), served(28, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "notify": 1.0, "api": 13.0, "move": 1.0}


def test_a_task_that_fails_and_is_tried_again_belongs_to_api() -> None:
    outage = only_outage(
        100, pair(), crash(10), becomes(13, "b", "MASTER"), call(1, MIGRATE, 13, 14),
        TaskEnded(ns(17), 1, MIGRATE, "FAILED", "a"), call(2, MIGRATE, 18, 19), commit(2, MIGRATE, 21, "b"),
        routed(21, "b"), guest(13, "b"), served(21, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "api": 6.0, "move": 2.0}


def test_a_call_whose_answer_was_lost_counts_as_accepted_when_it_commits() -> None:
    outage = only_outage(
        100, pair(), crash(10), becomes(13, "b", "MASTER"), call(1, MIGRATE, 14, 19, "ClientTimeout"),
        commit(1, MIGRATE, 20, "b"), routed(20, "b"), guest(13, "b"), served(20, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "notify": 1.0, "api": 6.0}


def test_detach_and_attach_are_one_move_that_is_accepted_with_the_detach() -> None:
    outage = only_outage(
        400, pair(), crash(10), becomes(13, "b", "MASTER"), call(1, DETACH, 13.5, 14),
        commit(1, DETACH, 164, None), routed(164, None), call(2, ATTACH, 165, 170, "InternalError"),
        call(3, ATTACH, 171, 172), commit(3, ATTACH, 180, "b"), routed(180, "b"), guest(184, "b"), served(184, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "notify": 0.5, "api": 0.5, "move": 166.0, "guest": 4.0}


def test_an_address_that_the_old_master_released_itself_is_accepted_with_the_assign() -> None:
    release, assign = "UnassignPrivateIpAddresses", "AssignPrivateIpAddresses"
    outage = only_outage(
        100, pair(), becomes(10, "a", "FAULT", "MASTER", "track_script"), guest(10, "a", False), lost(10, "guest"),
        call(1, release, 11, 12, name="a"), commit(1, release, 13, None), routed(13, None),
        becomes(10.6, "b", "MASTER"), call(2, assign, 12, 14), commit(2, assign, 15, "b"), routed(15, "b"),
        guest(12, "b"), served(15, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"elect": 0.6, "notify": 1.4, "api": 2.0, "move": 1.0}


def test_a_planned_move_back_waits_only_for_the_cloud() -> None:
    """The move was under way before the service was lost: what the caller had done by then costs nothing."""
    outage = only_outage(
        100, pair("b", "a"), becomes(10, "a", "MASTER"), call(1, DETACH, 10.5, 11, name="a"), lost(11, "route"),
        routed(11, None), becomes(10, "b", "BACKUP", "MASTER", "higher_priority_advert"), guest(10, "a"),
        commit(1, DETACH, 13, None), call(2, ATTACH, 14, 14.5, name="a"), commit(2, ATTACH, 20, "a"),
        routed(21, "a"), served(21, "a"),
    )  # fmt: skip
    assert phases_s(outage) == {"move": 9.0, "propagate": 1.0}


def test_an_instance_that_reboots_in_time_recovers_in_place() -> None:
    outage = only_outage(
        100, pair(), crash(10), PowerChanged(ns(12), "a", "booting"), PowerChanged(ns(40), "a", "running"),
        becomes(41, "a", "BACKUP", "INIT", "start_up"), becomes(44, "a", "MASTER"), guest(44.5, "a"), served(50, "a"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 34.0, "guest": 0.5, "service": 5.5}
    assert outage.resolution == "recovered_in_place"


def test_a_service_that_nobody_checks_heals_within_detection() -> None:
    outage = only_outage(100, pair(), lost(10, "service"), served(20, "a"))
    assert phases_s(outage) == {"detect": 10.0}
    assert outage.resolution == "recovered_in_place"


def test_a_freeze_that_heals_after_the_election_spent_its_time_on_waiting_for_a_live_master() -> None:
    """The frozen instance believes that it is MASTER all along; it counts as one only while it runs."""
    outage = only_outage(
        100, pair(), PowerChanged(ns(10), "a", "frozen"), lost(10, "instance"), becomes(13, "b", "MASTER"),
        PowerChanged(ns(14), "a", "running"), served(14, "a"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "elect": 1.0}
    assert outage.resolution == "recovered_in_place"


def test_a_stranded_address_waits_for_the_masters_next_call() -> None:
    """A usurper's script took the address; the rightful MASTER never left its state and nothing tells it to act."""
    outage = only_outage(
        300, pair(), becomes(10, "b", "MASTER"), notified(10), becomes(10.1, "b", "BACKUP", "MASTER"),
        call(1, MIGRATE, 10.5, 11), commit(1, MIGRATE, 12, "b"), routed(12, "b"), lost(12, "guest"),
        call(2, MIGRATE, 72, 73, name="a"), commit(2, MIGRATE, 74, "a"), routed(74.5, "a"), served(74.5, "a"),
    )  # fmt: skip
    assert phases_s(outage) == {"notify": 60.0, "api": 1.0, "move": 1.0, "propagate": 0.5}
    assert (outage.began_on, outage.ended_on, outage.resolution) == ("a", "a", "recovered_in_place")


def test_forwarding_that_comes_back_without_a_commit_is_propagation() -> None:
    """A usurper's detach cut the traffic, failed and was rolled back."""
    outage = only_outage(
        300, pair(), becomes(10, "b", "MASTER"), becomes(10.1, "b", "BACKUP", "MASTER"), call(1, DETACH, 10.5, 11),
        routed(11, None), lost(11, "route"), TaskEnded(ns(20), 1, DETACH, "FAILED", "a"), routed(20, "a"),
        served(20, "a"),
    )  # fmt: skip
    assert phases_s(outage) == {"propagate": 9.0}


def test_an_outage_that_the_run_ends_in_lasts_until_the_horizon() -> None:
    outage = only_outage(
        60, pair(), crash(10), becomes(13, "b", "MASTER"), guest(13, "b"), call(1, MIGRATE, 14, 24, "ClientTimeout")
    )
    assert phases_s(outage) == {"detect": 3.0, "notify": 1.0, "api": 46.0}
    assert (outage.end_ns, outage.ended_on, outage.resolution) == (ns(60), None, "unresolved")


def test_an_unresolved_outage_in_the_middle_of_a_detach_is_in_move() -> None:
    begun = (pair(), crash(10), becomes(13, "b", "MASTER"), call(1, DETACH, 14, 15))
    assert phases_s(only_outage(60, *begun)) == {"detect": 3.0, "notify": 1.0, "api": 1.0, "move": 45.0}
    freed = commit(1, DETACH, 20, None)
    assert phases_s(only_outage(60, *begun, freed)) == {"detect": 3.0, "notify": 1.0, "api": 1.0, "move": 45.0}


def test_an_unresolved_outage_without_a_standby_is_in_detection() -> None:
    assert phases_s(only_outage(60, pair(), crash(10))) == {"detect": 50.0}


def test_an_unresolved_outage_whose_master_died_again_is_in_election() -> None:
    died = becomes(14, "b", "INIT", "MASTER", "died")
    assert phases_s(only_outage(60, pair(), crash(10), becomes(13, "b", "MASTER"), died)) == {
        "detect": 3.0,
        "elect": 47.0,
    }


def test_an_unresolved_outage_waits_for_the_guest_when_only_that_is_missing() -> None:
    outage = only_outage(
        60, pair(), crash(10), becomes(13, "b", "MASTER"), call(1, MIGRATE, 14, 15), commit(1, MIGRATE, 16, "b"),
        routed(17, "b"),
    )  # fmt: skip
    assert phases_s(outage)["guest"] == 43.0


def test_an_outage_at_the_start_began_on_nobody() -> None:
    outage = only_outage(60, lost(0, "route"), becomes(3, "a", "MASTER"), routed(4, "a"), guest(3, "a"), served(5, "a"))
    assert (outage.began_on, outage.ended_on, outage.resolution) == (None, "a", "first_service")
    assert phases_s(outage) == {"detect": 3.0, "propagate": 1.0, "service": 1.0}


def test_an_outage_without_duration_is_none() -> None:
    run = outcome(60, pair(), lost(10, "service"), served(10, "a"))
    assert run.outages == ()
    assert run.availability == 1.0


def test_service_of_no_duration_ends_no_outage() -> None:
    """A frozen MASTER wakes up, serves, and reads within the same instant that it has been replaced."""
    outage = only_outage(
        60, pair(), PowerChanged(ns(10), "a", "frozen"), lost(10, "instance"), becomes(13, "b", "MASTER"),
        guest(13, "b"), call(1, MIGRATE, 13.5, 14), PowerChanged(ns(15), "a", "running"), served(15, "a"),
        becomes(15, "a", "BACKUP", "MASTER", "higher_priority_advert"), guest(15, "a", False), lost(15, "guest"),
        commit(1, MIGRATE, 16, "b"), routed(17, "b"), served(17, "b"),
    )  # fmt: skip
    assert (outage.start_ns, outage.end_ns, outage.resolution) == (ns(10), ns(17), "failover")
    assert (outage.missing, outage.began_on, outage.ended_on) == ("instance", "a", "b")
    assert phases_s(outage) == {"detect": 3.0, "notify": 0.5, "api": 0.5, "move": 2.0, "propagate": 1.0}


def test_service_of_no_duration_at_the_horizon_leaves_an_outage_unresolved() -> None:
    outage = only_outage(60, pair(), lost(10, "service"), served(60, "a"), lost(60, "guest"))
    assert (outage.duration_ns, outage.ended_on, outage.resolution) == (ns(50), None, "unresolved")


def test_an_outage_of_no_duration_before_another_leaves_its_server_the_one_that_served_before() -> None:
    outage = only_outage(60, pair(), lost(10, "route"), served(10, "b"), lost(10, "guest"), served(20, "b"))
    assert (outage.missing, outage.began_on, outage.ended_on) == ("route", "a", "b")


def test_what_is_missing_first_names_the_outage() -> None:
    outage = only_outage(60, pair(), lost(10, "guest"), lost(12, "route"), fault("loss", "a|b", 1), served(13, "a"))
    assert (outage.missing, outage.duration_ns) == ("guest", ns(3))


@given(st.integers(0, 50), st.integers(0, 50), st.lists(st.none() | st.integers(0, 120), min_size=7, max_size=7))
def test_a_walk_adds_up_whatever_it_is_given(start: int, length: int, ends: list[int | None]) -> None:
    phases = walk(start, start + length, ends)
    assert len(phases) == 8
    assert sum(phases) == length
    assert min(phases) >= 0
    if None in ends:
        assert not any(phases[ends.index(None) + 1 :])


def test_a_gratuitous_arp_takes_neither_notify_nor_api() -> None:
    outage = only_outage(
        100, pair(), crash(10), becomes(13.0, "b", "MASTER"), AddressClaimed(ns(13), "b"), guest(13.5, "b"),
        AddressHeld(ns(14.0), "b"), routed(14.5, "b"), served(14.5, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "move": 1.0, "propagate": 0.5}


def test_a_burst_that_the_cloud_did_not_take_is_waited_for_in_notify() -> None:
    outage = only_outage(
        100, pair(), crash(10), becomes(13.0, "b", "MASTER"), guest(13.5, "b"), AddressClaimed(ns(18), "b"),
        AddressHeld(ns(19.0), "b"), routed(19.5, "b"), served(19.5, "b"),
    )  # fmt: skip
    assert phases_s(outage) == {"detect": 3.0, "notify": 5.0, "move": 1.0, "propagate": 0.5}


def test_a_claim_that_never_came_true_ends_in_move() -> None:
    outage = only_outage(20, pair(), crash(10), becomes(13.0, "b", "MASTER"), AddressClaimed(ns(13), "b"))
    assert phases_s(outage) == {"detect": 3.0, "move": 7.0}


def test_a_rebound_eip_is_one_move_from_its_release() -> None:
    disassociate, associate = "DisassociateAddress", "AssociateAddress"
    outage = only_outage(
        100, pair(), crash(10), becomes(13.0, "b", "MASTER"), notified(13),
        call(1, disassociate, 13.5, 14.0), commit(1, disassociate, 16.0, None),
        call(2, associate, 17.0, 17.5), commit(2, associate, 20.0, "b"), routed(20.5, "b"), served(20.5, "b"),
    )  # fmt: skip
    assert phases_s(outage)["move"] == 6.0
