"""Who hears whom among two real daemons with different addresses, beside the same pair in the simulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hasim.keepalived import inspect_text
from hasim.scenario import loads
from hasim.scenario.importing import import_configs
from tests.keepalived import address_lists
from tests.keepalived.address_lists import PAIRS
from tests.keepalived.daemon import needs_keepalived
from tests.real.namespaces import run_apart
from tests.unit.bare_pair import run, states
from tests.unit.test_sim_advertised_addresses import conf

pytestmark = [pytest.mark.real, needs_keepalived]


def _simulated(version: int, more: str, higher: tuple[int, ...], lower: tuple[int, ...]) -> str:
    """The state that the lower instance is in before the import's own fault."""
    hosts = {"a": higher, "b": lower}
    configs = {
        name: inspect_text(conf(name, *(100 + host for host in own), more=more, version=version), f"{name}.conf")
        for name, own in hosts.items()
    }
    entered = [new for at, new, _ in states(run(loads(import_configs(configs).text)), "b") if at < 100]
    return entered[-1] if entered else "BACKUP"


def test_the_daemons_hear_each_other_exactly_when_the_simulated_ones_do(tmp_path: Path) -> None:
    printed = run_apart(address_lists, tmp_path)
    real = dict(zip(PAIRS, json.loads(printed), strict=True))
    assert real == {pair: _simulated(*pair) for pair in PAIRS}
    assert set(real.values()) == {"MASTER", "BACKUP"}
