"""Whether a MASTER lets clients through to its virtual addresses: the real daemon's firewall, beside the simulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hasim.keepalived import inspect_text
from hasim.keepalived.lint import lint_configs
from hasim.scenario import loads
from hasim.scenario.importing import import_configs
from hasim.scenario.model import FaultKind
from hasim.sim import simulate
from hasim.trace import ReachabilityChanged
from hasim.units import SECOND
from tests.keepalived import accepting
from tests.keepalived.accepting import CASES
from tests.keepalived.daemon import needs_keepalived
from tests.real.namespaces import run_apart

pytestmark = [pytest.mark.real, needs_keepalived]


def _simulated(texts: tuple[str, ...]) -> list[bool]:
    """Whether the clients of the first configuration are served, and what they find after each reload of another."""
    configs = [inspect_text(text, "a.conf") for text in texts]
    without_faults = import_configs({"a": configs[0]}).text.partition("faults:")[0]
    priorities = [config.instances[0].priority for config in configs]
    reloads = [
        f"- {{kind: {FaultKind.KEEPALIVED_RELOAD}, target: a, at: {10 * number}s, priority: {priority}}}\n"
        for number, priority in enumerate(priorities)
        if number
    ]
    scenario = loads(without_faults + ("faults:\n" + "".join(reloads) if reloads else ""))
    changes = [r for r in simulate(scenario, seed=1, replication=0).records if isinstance(r, ReachabilityChanged)]
    instants = [(10 * number + 5) * SECOND for number in range(len(texts))]
    return [[r for r in changes if r.at <= at_ns][-1].server is not None for at_ns in instants]


def test_a_real_master_answers_where_the_simulated_one_does(tmp_path: Path) -> None:
    real = json.loads(run_apart(accepting, tmp_path))
    assert real == {name: _simulated(texts) for name, (_, texts) in CASES.items()}
    assert {answers for found in real.values() for answers in found} == {True, False}


@pytest.mark.parametrize("name", CASES)
def test_lint_speaks_where_clients_get_no_answer(name: str) -> None:
    _, texts = CASES[name]
    for text, answers in zip(texts, _simulated(texts), strict=True):
        found = {finding.rule for finding in lint_configs({"a": inspect_text(text, "a.conf")})}
        assert ("address-not-accepted" in found) != answers
