"""Sync groups, whatever happens to them. The transcripts show single stories."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hasim.units import SECOND
from hasim.vrrp.events import AdvertReceived, Event, Start, State, TimerExpired, TrackedDown, TrackedUp
from hasim.vrrp.machine import Machine, Settings
from hasim.vrrp.sync import SyncGroup

NAMES = ("x", "y", "z")
_adverts = st.builds(
    AdvertReceived, source=st.integers(50, 60), priority=st.integers(0, 200), advert_int_ns=st.just(SECOND)
)
_events = st.one_of(
    st.just("wait"), _adverts, st.sampled_from([TrackedDown("eth", "link_down"), TrackedUp("eth"), TrackedUp("check")])
)


def _expire(group: SyncGroup, now: int) -> None:
    """Let every deadline up to now pass, in order."""
    while True:
        due = [(m.deadline_ns, name) for name, m in group.members.items() if m.deadline_ns is not None]
        if not due or min(due)[0] > now:
            return
        deadline, name = min(due)
        group.handle(name, TimerExpired(), max(deadline, 0))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    happenings=st.lists(st.tuples(st.sampled_from(NAMES), _events, st.integers(0, 3 * SECOND)), max_size=30),
    unknown=st.sampled_from([frozenset(), frozenset({"check"})]),
)
def test_members_are_always_in_the_same_state(
    happenings: list[tuple[str, Event | str, int]], unknown: frozenset[str]
) -> None:
    machines = {name: Machine(Settings(address=1 + i, priority=100), synced=True) for i, name in enumerate(NAMES)}
    group = SyncGroup(machines)
    group.start({"x": Start(), "y": Start(unknown=unknown), "z": Start()}, 0)
    now = 0
    for name, event, pause_ns in happenings:
        now += pause_ns
        _expire(group, now)
        if not isinstance(event, str) and not (event == TrackedUp("check") and name != "y"):
            group.handle(name, event, now)
        assert {machine.state for machine in machines.values()} == {group.state}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(heard=st.lists(st.integers(0, 3 * SECOND), min_size=2, max_size=2))
def test_a_group_takes_over_when_the_last_of_its_timers_ends(heard: list[int]) -> None:
    """Every member's last advert plus its master-down interval of 3.609375 s: the latest of them."""
    names = NAMES[:2]
    group = SyncGroup({name: Machine(Settings(address=1, priority=100), synced=True) for name in names})
    group.start({name: Start() for name in names}, 0)
    for at, name in sorted(zip(heard, names, strict=True)):
        group.handle(name, AdvertReceived(9, 150, SECOND), at)
    down_ns = 3_609_375_000
    _expire(group, max(heard) + down_ns - 1)
    assert group.state is State.BACKUP
    _expire(group, max(heard) + down_ns)
    assert group.state is State.MASTER
