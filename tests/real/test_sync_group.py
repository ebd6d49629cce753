"""Sync groups of two real daemons on two networks, beside the same story in the simulator."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from hasim.scenario import loads
from hasim.sim import simulate
from hasim.trace import MemberStateChanged, StateChanged
from hasim.units import SECOND
from tests.keepalived import two_networks
from tests.keepalived.daemon import needs_keepalived
from tests.keepalived.two_networks import STORY
from tests.real.namespaces import run_apart

pytestmark = [pytest.mark.real, needs_keepalived, pytest.mark.xdist_group("two networks")]

SCENARIO = """
horizon: 40s
zones: [lab]
vpc: {cidr: 10.0.0.0/16, multicast: true}
subnets: {one: {cidr: 10.0.0.0/24}, two: {cidr: 10.0.1.0/24}}
instances:
  a: {cpu: 4, memory: 8GB, subnet: one, interfaces: {eth1: {subnet: two}}, vrrp: {priority: 150}}
  b: {cpu: 4, memory: 8GB, subnet: one, interfaces: {eth1: {subnet: two}}, vrrp: {priority: 100}}
floating: {address: 10.0.0.100, mechanism: havip}
vrrp: {virtual_router_id: 51, transport: multicast, sync_group: {VI_2: {interface: eth1, virtual_router_id: 52}}}
faults:
  - {kind: link_down, target: a, subnet: two, at: 5s, duration: 5s}
  - {kind: partition, between: a, and: b, subnet: two, at: 15s, duration: 8s}
  - {kind: keepalived_stop, target: a, at: 25s}
"""
BEGINS_S = (5, 10, 15, 23, 25)

Moves = dict[str, list[tuple[float, str, str, str]]]
"""Per step of the story: seconds after its beginning, node, instance, new state."""


def _by_step(events: Sequence[tuple[float, str, str, str]], begins: Sequence[float]) -> Moves:
    ends = [*begins[1:], float("inf")]
    return {
        what: [(at - begin, *rest) for at, *rest in events if begin <= at < end]
        for what, begin, end in zip(STORY, begins, ends, strict=True)
    }


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Moves:
    printed = run_apart(two_networks, tmp_path_factory.mktemp("two-networks"))
    lines = [json.loads(line) for line in printed.splitlines()]
    begins = [at for at, node, _, _ in lines if not node]
    assert len(begins) == len(STORY)
    return _by_step([tuple(line) for line in lines if line[1]], begins)


@pytest.fixture(scope="module")
def simulated() -> Moves:
    events = []
    for record in simulate(loads(SCENARIO), seed=1, replication=0).records:
        if isinstance(record, StateChanged) and record.new != "INIT":
            events.append((record.at / SECOND, record.instance, "VI_1", record.new))
        elif isinstance(record, MemberStateChanged) and record.new != "INIT":
            events.append((record.at / SECOND, record.instance, record.member, record.new))
    return _by_step(events, BEGINS_S)


@pytest.mark.parametrize("step", STORY)
def test_the_same_instances_go_to_the_same_states(step: str, real: Moves, simulated: Moves) -> None:
    assert sorted(move[1:] for move in real[step]) == sorted(move[1:] for move in simulated[step])


@pytest.mark.parametrize("node", ["a", "b"])
@pytest.mark.parametrize("step", [step for step in STORY if not step.startswith("inside")])
def test_both_instances_of_a_node_go_together(step: str, node: str, real: Moves) -> None:
    moves = [move for move in real[step] if move[1] == node]
    for state in {move[3] for move in moves}:
        times = [move[0] for move in moves if move[3] == state]
        assert len(times) == 2
        assert max(times) - min(times) < 0.2


def test_after_carrier_loss_the_slower_timer_decides_and_not_the_good_bye(real: Moves) -> None:
    (first, *_) = [at for at, node, _, state in real["carrier lost"] if (node, state) == ("b", "MASTER")]
    assert 2.5 < first < 3.8, "a skew time would be 0.6 s"


def test_silence_on_one_of_two_networks_moves_nothing(real: Moves) -> None:
    assert real["inside silent"] == real["inside heard"] == []
