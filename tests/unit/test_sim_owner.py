"""When the owner of the addresses (priority 255, state MASTER) becomes MASTER."""

from __future__ import annotations

import pytest

from tests.unit.bare_pair import bare_pair, instance, run, states


@pytest.mark.parametrize(("delay_s", "master_s"), [(0, 18), (6, 24)])
def test_an_owner_that_starts_waits_for_the_startup_delay_and_nothing_else(delay_s: int, master_s: int) -> None:
    """Tried on 2.2.7: with vrrp_startup_delay 4 it is MASTER 4.0 s after its start, without a BACKUP script. Quiet
    heartbeats must not forget it meanwhile."""
    owner = {"priority": 255, "state": "MASTER"}
    records = run(
        bare_pair(
            instances={"a": instance(255, 11, vrrp=owner), "b": instance(100, 12)},
            vrrp={"startup_delay": f"{delay_s}s"},
            faults=[{"kind": "keepalived_kill", "target": "a", "at": "10s", "duration": "8s"}],
        )
    )
    assert states(records, "a") == [(10, "INIT", "died"), (master_s, "MASTER", "start_up")]


@pytest.mark.parametrize(("state", "master_s"), [({}, 1), ({"state": "MASTER"}, 1), ({"state": "BACKUP"}, 4.003906)])
def test_without_a_state_the_owner_is_one_from_its_start(state: dict[str, str], master_s: float) -> None:
    """As keepalived completes it: the priority says which state is meant."""
    owner = instance(255, 11, vrrp={"priority": 255, **state})
    records = run(bare_pair(instances={"a": owner, "b": instance(100, 12)}, cold_start={"a": "1s"}, initial_phase=None))
    assert [at for at, new, _ in states(records, "a") if new == "MASTER"] == [pytest.approx(master_s, abs=1e-6)]
