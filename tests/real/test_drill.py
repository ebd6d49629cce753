"""Real keepalived daemons, broken in every way, do what the simulation says, phase by phase."""

from __future__ import annotations

import pytest

from hasim.drill.comparison import EpisodeResult
from hasim.measure import PHASES
from tests.real.drilling import episode_of, hold_all, needs_drills, simulated_beside, told

pytestmark = [pytest.mark.real, pytest.mark.drill, needs_drills]

_TIMES = 2

_PAIR = """
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
"""
_QUICK = "vrrp: {version: 3, advert_int: 100ms}\n"
_REMEDY = "notify: {wait_for_task: false, notify_master_rx_lower_pri: true}\n"
_DO_NOT_WAIT = "notify: {wait_for_task: false}\n"
_CHECKED = """
vrrp:
  version: 3
  advert_int: 200ms
  track_scripts: {alive: {check: service, interval: 1s, timeout: 3s, fall: 2, rise: 2, weight: %s}}
"""

CASES = {
    "crash": _PAIR + _QUICK + _DO_NOT_WAIT + "faults: [{kind: crash, target: a, at: 10s}]",
    "clean stop, multicast": _PAIR
    + _DO_NOT_WAIT
    + "vrrp: {version: 3, advert_int: 200ms, transport: multicast}\n"
    + "faults: [{kind: keepalived_stop, target: a, at: 10s}]",
    "link down, VRRPv2": _PAIR
    + _DO_NOT_WAIT
    + "vrrp: {version: 2, advert_int: 1s, transport: multicast}\n"
    + "faults: [{kind: link_down, target: a, at: 10s}]",
    "script failure": _PAIR + _DO_NOT_WAIT + _CHECKED % 0 + "faults: [{kind: service_failure, target: a, at: 10s}]",
    "script failure with weight": _PAIR
    + _DO_NOT_WAIT
    + _CHECKED % -60
    + "faults: [{kind: service_failure, target: a, at: 10s}]",
    "freeze": _PAIR
    + _QUICK
    + "notify: {wait_for_task: false, reclaim_interval: 2s}\n"
    + "faults: [{kind: freeze, target: a, at: 10s, duration: 5s}]",
    "partition and heal": _PAIR
    + "vrrp: {version: 3, advert_int: 200ms, higher_prio_send_advert: true}\n"
    + _REMEDY
    + "faults: [{kind: partition, between: a, and: b, at: 10s, duration: 6s}]",
    "partition and heal, nopreempt": _PAIR
    + "vrrp: {version: 3, advert_int: 200ms, higher_prio_send_advert: true, nopreempt: true}\n"
    + _REMEDY
    + "faults: [{kind: partition, between: a, and: b, at: 10s, duration: 6s}]",
    "three instances": _QUICK
    + _DO_NOT_WAIT
    + """
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
  c: {address: 10.0.1.13, vrrp: {priority: 50}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
faults: [{kind: crash, target: a, at: 10s}]
""",
    "equal priorities": """
instances:
  a: {address: 10.0.1.11}
  b: {address: 10.0.1.12}
vrrp: {version: 3, advert_int: 100ms, priority: 100, nopreempt: true}
initial_master: a
notify: {wait_for_task: false, reclaim_interval: 3s}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
faults: [{kind: crash, target: a, at: 10s}]
""",
    "API trouble": _PAIR
    + _QUICK
    + "notify: {wait_for_task: false, retry_delay: 500ms, unanswered_means_held: false}\n"
    + "faults: [{kind: crash, target: a, at: 10s},"
    + " {kind: api_errors, at: 9s, duration: 3s, probability: 100%, code: InternalError}]",
}

_OTHER_MECHANISM = """
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
guest: {interface_appears: {uniform: {low: 100ms, high: 200ms}}, configure: {uniform: {low: 100ms, high: 200ms}}}
faults: [{kind: crash, target: a, at: 10s}]
floating: %s
"""
CASES |= {
    "HAVIP": _QUICK + _OTHER_MECHANISM % "{address: 10.0.1.100, mechanism: havip}",
    "ENI": _QUICK + _OTHER_MECHANISM % "{address: 10.0.1.100, subnet: service, mechanism: eni, method: migrate}",
    "EIP": _QUICK + _OTHER_MECHANISM % "{mechanism: eip}",
}

_MOVED_BY_CALL = {"notify", "api", "move", "propagate"}

EXPECTED = {
    "crash": ("crash", {"detect", *_MOVED_BY_CALL}),
    "clean stop, multicast": ("keepalived_stop", _MOVED_BY_CALL),
    "link down, VRRPv2": ("link_down", {"detect", *_MOVED_BY_CALL}),
    "script failure": ("service_failure", {"detect", *_MOVED_BY_CALL}),
    "script failure with weight": ("service_failure", {"detect", "elect", *_MOVED_BY_CALL}),
    "freeze": ("freeze", {"detect", *_MOVED_BY_CALL}),
    "partition and heal": ("failback", _MOVED_BY_CALL),
    "partition and heal, nopreempt": ("failback", _MOVED_BY_CALL),
    "three instances": ("crash", {"detect", *_MOVED_BY_CALL}),
    "equal priorities": ("crash", {"detect", *_MOVED_BY_CALL}),
    "API trouble": ("crash", {"detect", *_MOVED_BY_CALL}),
    "HAVIP": ("crash", {"detect", "move", "propagate"}),
    "ENI": ("crash", {"detect", *_MOVED_BY_CALL, "guest"}),
    "EIP": ("crash", {"detect", *_MOVED_BY_CALL}),
}
"""The cause of each drill's outage, and the phases that take time in it."""


@pytest.fixture(scope="module")
def drilled() -> dict[str, EpisodeResult]:
    return hold_all({name: (episode_of(text), _TIMES) for name, text in CASES.items()})


@pytest.mark.parametrize("name", CASES)
def test_every_measured_outage_lies_in_the_simulated_range(drilled: dict[str, EpisodeResult], name: str) -> None:
    result = drilled[name]
    assert len(result.repetitions) == _TIMES
    assert result.inside, told(result)


@pytest.mark.parametrize("name", CASES)
def test_every_failover_has_its_phases(drilled: dict[str, EpisodeResult], name: str) -> None:
    cause, phases = EXPECTED[name]
    for outcome in drilled[name].outcomes:
        outage = next((found for found in outcome.outages if found.cause == cause), None)
        assert outage is not None, told(drilled[name])
        taken = {phase for phase, took_ns in zip(PHASES, outage.phases_ns, strict=True) if took_ns > 0}
        assert phases <= taken, told(drilled[name])
        assert sum(outage.phases_ns) == outage.duration_ns


WRONG = {
    "crash": ("advert_int: 100ms", "advert_int: 400ms"),
    "script failure": ("fall: 2", "fall: 5"),
    "clean stop, multicast": ("kind: keepalived_stop", "kind: keepalived_kill"),
    "freeze": ("version: 3, advert_int: 100ms", "version: 2, advert_int: 1s"),
}
"""What a simulation may be wrong about."""


@pytest.mark.parametrize("name", WRONG)
def test_a_simulation_of_something_else_is_found_out(drilled: dict[str, EpisodeResult], name: str) -> None:
    right, wrong = WRONG[name]
    assert right in CASES[name]
    result = simulated_beside(drilled[name].repetitions, episode_of(CASES[name].replace(right, wrong)))
    assert not result.inside
