"""Who hears whom among two real daemons with passwords, beside the same pair in the simulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hasim.trace import StateChanged
from tests.keepalived import passwords
from tests.keepalived.daemon import needs_keepalived
from tests.keepalived.passwords import PAIRS
from tests.real.namespaces import run_apart
from tests.unit.bare_pair import bare_pair, instance, run

pytestmark = [pytest.mark.real, needs_keepalived]


def _simulated(higher: str | None, lower: str | None) -> str:
    """The state that the lower instance ends in."""
    written = [None if password is None else {"auth_pass": password} for password in (higher, lower)]
    instances = {
        name: instance(priority, host, vrrp={"priority": priority, "authentication": authentication})
        for name, priority, host, authentication in zip("ab", (150, 100), (11, 12), written, strict=True)
    }
    found = run(bare_pair(instances=instances))
    return [str(r.new) for r in found if isinstance(r, StateChanged) and r.instance == "b"][-1]


def test_the_daemons_hear_each_other_exactly_when_the_simulated_ones_do(tmp_path: Path) -> None:
    printed = run_apart(passwords, tmp_path)
    real = dict(zip(PAIRS, json.loads(printed), strict=True))
    assert real == {pair: _simulated(*pair) for pair in PAIRS}
    assert set(real.values()) == {"MASTER", "BACKUP"}
