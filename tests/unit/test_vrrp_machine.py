"""The state machine, one behaviour at a time. B numbers are the observations of the real daemon that each pins."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.units import MILLISECOND, SECOND
from hasim.vrrp.events import (
    AddAddresses,
    AdvertReceived,
    Notify,
    PriorityMoved,
    Reload,
    RemoveAddresses,
    SendAdvert,
    SendGarps,
    Shutdown,
    Start,
    State,
    TimerExpired,
    TrackedDown,
    TrackedUp,
    Transition,
    WeightChanged,
)
from hasim.vrrp.machine import IllegalEventError, Machine, Settings

ME, LOW, HIGH = 20, 10, 30
MASTER_DOWN_100 = 3 * SECOND + 609_375_000
SKEW_100 = 609_375_000


def machine(state: State = State.BACKUP, **settings: Any) -> Machine:
    """A machine of priority 100 that entered ``state`` at time 0."""
    settings = {"address": ME, "priority": 100, **settings}
    m = Machine(Settings(**settings))
    m.handle(Start(), 0)
    if state is State.MASTER:
        assert m.deadline_ns is not None
        m.handle(TimerExpired(), m.deadline_ns)
        m.finish(0)
    if state is State.FAULT:
        m.handle(TrackedDown("eth0", "link_down"), 0)
    return m


def advert(priority: int, source: int = HIGH, advert_int_ns: int = SECOND) -> AdvertReceived:
    return AdvertReceived(source, priority, advert_int_ns)


def kinds(effects: list[Any]) -> list[str]:
    return [type(effect).__name__ for effect in effects]


def test_start_enters_backup_removes_leftovers_and_waits_a_master_down_interval() -> None:
    m = Machine(Settings(address=ME, priority=100, initial_state=State.MASTER))
    effects = m.handle(Start(), 7)
    assert effects == [
        RemoveAddresses(),
        Transition(State.INIT, State.BACKUP, "start_up"),
        Notify("BACKUP"),
    ]
    assert m.deadline_ns == 7 + MASTER_DOWN_100


def test_owner_with_state_master_is_master_at_once_and_never_notifies_backup_b11() -> None:
    m = Machine(Settings(address=ME, priority=255, initial_state=State.MASTER))
    effects = m.handle(Start(), 7)
    assert Transition(State.INIT, State.MASTER, "start_up") in effects
    assert Notify("BACKUP") not in effects
    assert m.deadline_ns == 7 + SECOND


def test_owner_with_state_backup_waits_b11() -> None:
    m = Machine(Settings(address=ME, priority=255))
    m.handle(Start(), 0)
    assert m.deadline_ns == 3 * SECOND + 3_906_000


def test_startup_delay_comes_before_the_master_down_interval_b11() -> None:
    m = machine(startup_delay_ns=3 * SECOND)
    assert m.deadline_ns == 3 * SECOND + MASTER_DOWN_100
    m.handle(advert(150), SECOND)
    assert m.deadline_ns == 3 * SECOND + MASTER_DOWN_100


def test_backup_rearms_on_an_equal_or_higher_advert_b3() -> None:
    m = machine()
    m.handle(advert(100), 5)
    assert m.deadline_ns == 5 + MASTER_DOWN_100
    m.handle(advert(254), 9)
    assert m.deadline_ns == 9 + MASTER_DOWN_100


def test_backup_ignores_a_lower_advert_and_its_timer_runs_on_b3() -> None:
    m = machine()
    assert m.handle(advert(99), SECOND) == []
    assert m.deadline_ns == MASTER_DOWN_100


def test_backup_waits_skew_time_after_priority_zero_b1() -> None:
    m = machine()
    m.handle(advert(0), SECOND)
    assert m.deadline_ns == SECOND + SKEW_100


def test_backup_becomes_master_by_timeout_in_the_daemons_order_b4() -> None:
    m = machine()
    effects = m.handle(TimerExpired(), MASTER_DOWN_100)
    assert effects == [
        Transition(State.BACKUP, State.MASTER, "down_timer"),
        SendAdvert(100),
        AddAddresses(),
        SendGarps(5, 0),
        SendGarps(5, 5 * SECOND),
        Notify("MASTER"),
    ]
    assert m.deadline_ns == MASTER_DOWN_100 + SECOND


def test_master_sends_and_waits_one_interval() -> None:
    m = machine(State.MASTER)
    assert m.handle(TimerExpired(), SECOND) == [SendAdvert(100)]
    assert m.deadline_ns == 2 * SECOND


def test_master_yields_to_a_higher_advert_whatever_nopreempt_says_b6_b17() -> None:
    m = machine(State.MASTER, nopreempt=True)
    effects = m.handle(advert(101), 5)
    assert effects == [
        Transition(State.MASTER, State.BACKUP, "higher_priority_advert"),
        RemoveAddresses(),
        Notify("BACKUP"),
    ]
    assert m.deadline_ns == 5 + MASTER_DOWN_100


def test_equal_masters_are_decided_by_address_b5() -> None:
    assert machine(State.MASTER).handle(advert(100, LOW), 5)[-1] == Notify("MASTER_RX_LOWER_PRI")
    assert machine(State.MASTER).handle(advert(100, HIGH), 5)[-1] == Notify("BACKUP")


def test_master_answers_a_lower_advert_and_starts_its_interval_afresh_b6() -> None:
    m = machine(State.MASTER)
    effects = m.handle(advert(50), 300 * MILLISECOND)
    assert effects == [
        SendAdvert(100),
        SendGarps(5, 0),
        SendGarps(5, 5 * SECOND),
        Notify("MASTER_RX_LOWER_PRI"),
    ]
    assert m.deadline_ns == 1300 * MILLISECOND
    assert m.state is State.MASTER


def test_lower_prio_no_advert_keeps_silent_and_keeps_the_clock() -> None:
    m = machine(State.MASTER, lower_prio_no_advert=True)
    before = m.deadline_ns
    effects = m.handle(advert(50), 300 * MILLISECOND)
    assert "SendAdvert" not in kinds(effects)
    assert m.deadline_ns == before


def test_higher_prio_send_advert_speaks_once_more_before_it_yields_b7() -> None:
    m = machine(State.MASTER, higher_prio_send_advert=True)
    assert kinds(m.handle(advert(150), 5))[:2] == ["SendAdvert", "Transition"]


def test_master_answers_priority_zero_with_an_advert_b6() -> None:
    assert machine(State.MASTER).handle(advert(0), 5) == [SendAdvert(100)]


def test_nopreempt_accepts_a_lower_master_b17() -> None:
    m = machine(nopreempt=True)
    m.handle(advert(1), 5)
    assert m.deadline_ns == 5 + MASTER_DOWN_100


def test_version_2_drops_another_interval_and_version_3_adopts_it_b21() -> None:
    two = machine()
    two.handle(advert(150, advert_int_ns=2 * SECOND), SECOND)
    assert two.deadline_ns == MASTER_DOWN_100
    three = machine(version=3)
    three.handle(advert(150, advert_int_ns=2 * SECOND), SECOND)
    assert three.deadline_ns == SECOND + 6 * SECOND + 1_218_750_000


def test_master_of_its_own_uses_its_own_interval_again() -> None:
    m = machine(version=3)
    m.handle(advert(150, advert_int_ns=2 * SECOND), 0)
    assert m.deadline_ns is not None
    m.handle(TimerExpired(), m.deadline_ns)
    m.handle(advert(150), 10 * SECOND)
    assert m.deadline_ns == 10 * SECOND + MASTER_DOWN_100


def test_preempt_delay_begins_with_the_first_lower_advert_and_holds_until_it_is_over_b13() -> None:
    m = machine(preempt_delay_ns=5 * SECOND)
    for second in range(1, 7):
        m.handle(advert(50, LOW), second * SECOND)
    # The delay began at 1 s and ended at 6 s: the advert at 5 s was the last that counted.
    assert m.deadline_ns == 5 * SECOND + MASTER_DOWN_100


def test_preempt_delay_is_forgotten_when_a_higher_master_speaks() -> None:
    m = machine(preempt_delay_ns=5 * SECOND)
    m.handle(advert(50, LOW), SECOND)
    m.handle(advert(150), 2 * SECOND)
    m.handle(advert(50, LOW), 8 * SECOND)
    assert m.deadline_ns == 8 * SECOND + MASTER_DOWN_100


def test_fault_from_master_sends_priority_zero_twice_b15() -> None:
    effects = machine(State.MASTER).handle(TrackedDown("check", "track_script"), 5)
    assert effects == [
        Transition(State.MASTER, State.FAULT, "track_script"),
        SendAdvert(0),
        SendAdvert(0),
        RemoveAddresses(),
        Notify("FAULT"),
    ]


def test_fault_ignores_adverts_and_has_no_deadline_b12() -> None:
    m = machine(State.FAULT)
    assert m.handle(advert(0), 5) == []
    assert m.deadline_ns is None


def test_recovery_from_fault_waits_a_fresh_master_down_interval_b12() -> None:
    m = machine(State.FAULT)
    effects = m.handle(TrackedUp("eth0"), 9)
    assert effects == [Transition(State.FAULT, State.BACKUP, "recovered"), Notify("BACKUP")]
    assert m.deadline_ns == 9 + MASTER_DOWN_100


def test_fault_lasts_until_everything_that_is_down_is_up() -> None:
    m = machine(State.FAULT)
    assert m.handle(TrackedDown("check", "track_script"), 1) == []
    assert m.handle(TrackedUp("eth0"), 2) == []
    assert m.handle(TrackedUp("check"), 3)[0] == Transition(State.FAULT, State.BACKUP, "recovered")


def test_unknown_script_holds_the_instance_in_init_b16() -> None:
    m = Machine(Settings(address=ME, priority=100))
    assert m.handle(Start(unknown=frozenset({"check"})), 0) == [RemoveAddresses()]
    assert m.state is State.INIT
    assert m.handle(advert(150), 1) == []
    m.handle(TrackedUp("check"), 5)
    assert m.state is State.BACKUP
    assert m.deadline_ns == 5 + MASTER_DOWN_100


def test_unknown_script_that_fails_at_once_means_fault_b16() -> None:
    m = Machine(Settings(address=ME, priority=100))
    m.handle(Start(unknown=frozenset({"check"})), 0)
    assert m.handle(TrackedDown("check", "track_script"), 5)[-1] == Notify("FAULT")


def test_start_with_the_interface_down_is_fault() -> None:
    m = Machine(Settings(address=ME, priority=100))
    assert m.handle(Start(down=frozenset({"eth0"})), 0)[-1] == Notify("FAULT")


def test_weight_moves_the_priority_without_an_advert_b14() -> None:
    m = machine(State.MASTER)
    assert m.handle(WeightChanged("check", -60), 5) == [PriorityMoved(100, 40)]
    assert m.handle(TimerExpired(), SECOND) == [SendAdvert(40)]


def test_weight_shifts_a_backups_deadline_by_the_change_of_its_interval_b14() -> None:
    m = machine()
    m.handle(WeightChanged("check", 50), SECOND)
    assert m.deadline_ns == 3 * SECOND + 414_062_000


def test_weight_change_after_an_ignored_advert_nearly_restarts_the_timer_b14() -> None:
    m = machine()
    m.handle(advert(50, LOW), SECOND)
    m.handle(WeightChanged("check", 50), 2 * SECOND)
    remaining_when_ignored = MASTER_DOWN_100 - SECOND
    assert m.deadline_ns == MASTER_DOWN_100 + (3 * SECOND + 414_062_000) - remaining_when_ignored


def test_weight_that_the_clamp_swallows_changes_nothing() -> None:
    m = machine(priority=254)
    assert m.handle(WeightChanged("check", 20), 5) == []


def test_shutdown_of_a_master_says_goodbye_b8() -> None:
    m = machine(State.MASTER)
    assert m.handle(Shutdown(), 5) == [
        Transition(State.MASTER, State.INIT, "shutdown"),
        SendAdvert(0),
        RemoveAddresses(),
        Notify("STOP"),
    ]
    assert m.deadline_ns is None


def test_shutdown_of_a_backup_sends_nothing_b8() -> None:
    assert kinds(machine().handle(Shutdown(), 5)) == ["Transition", "Notify"]


def test_reload_of_a_master_sends_one_advert_with_the_old_and_one_with_the_new_priority_b10() -> None:
    m = machine(State.MASTER)
    assert m.handle(Reload(90), 5) == [SendAdvert(100), PriorityMoved(100, 90)]
    assert m.deadline_ns == 5
    assert m.handle(TimerExpired(), 5) == [SendAdvert(90)]


def test_finishing_its_work_starts_a_masters_interval_afresh_b25() -> None:
    m = machine(State.MASTER)
    m.finish(30 * MILLISECOND)
    assert m.deadline_ns == 30 * MILLISECOND + SECOND


def test_one_of_two_owners_gives_up_whatever_the_addresses_are() -> None:
    m = machine(State.MASTER, priority=255)
    effects = m.handle(advert(255, LOW), 5)
    assert effects[0] == PriorityMoved(255, 254)
    assert m.state is State.BACKUP


def test_an_advert_ignored_during_the_startup_delay_adds_the_rest_of_the_wait_to_its_end() -> None:
    m = machine(startup_delay_ns=3 * SECOND)
    m.handle(advert(50, LOW), SECOND)
    assert m.deadline_ns == 3 * SECOND + (3 * SECOND + MASTER_DOWN_100 - SECOND)


def test_an_event_that_cannot_happen_names_the_state() -> None:
    with pytest.raises(IllegalEventError, match="TimerExpired in state FAULT"):
        machine(State.FAULT).handle(TimerExpired(), 5)
    with pytest.raises(IllegalEventError, match="Start in state BACKUP"):
        machine().handle(Start(), 5)


def attributes(m: Machine) -> dict[str, object]:
    return {name: getattr(m, name) for name in Machine.__slots__}


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("before", [None, advert(150, LOW), advert(0)])
def test_following_means_that_of_a_row_of_adverts_only_the_last_one_matters(
    version: int, before: AdvertReceived | None
) -> None:
    heard_all, heard_last = machine(version=version), machine(version=version)
    for m in (heard_all, heard_last):
        if before is not None:
            m.handle(before, 2)
        assert m.follows(advert(150), 5)
    for second in range(3):
        assert heard_all.handle(advert(150), second * SECOND + 5) == []
    heard_last.handle(advert(150), 2 * SECOND + 5)
    assert attributes(heard_all) == attributes(heard_last)
    assert heard_last.deadline_ns == 2 * SECOND + 5 + heard_last.patience_ns(advert(150))


def test_a_backup_does_not_follow_whom_it_would_not_obey() -> None:
    assert not machine().follows(advert(99), SECOND)
    assert not machine().follows(advert(0), SECOND)
    assert not machine(preempt_delay_ns=SECOND).follows(advert(99), SECOND)
    assert not machine(State.MASTER).follows(advert(150), SECOND)
