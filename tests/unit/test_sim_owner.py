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
