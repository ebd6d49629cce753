"""What the simulator writes and the measure reads, together: instants, steady priorities and beginnings as they are in
runs."""

from __future__ import annotations

from typing import Any

from hasim.measure import Outage, measure
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.sim.incident import Incident, Strike, endless
from hasim.sim.randomness import Randomness
from hasim.trace import FaultBegan, PriorityChanged, ReachabilityChanged
from hasim.units import SECOND
from tests.unit.bare_pair import bare_pair, instance, of_type, run
from tests.unit.measure_stories import phases_s


def _outages(scenario: Scenario) -> tuple[Outage, ...]:
    return measure(simulate(scenario, seed=1, replication=0)).outages


def _frozen_server() -> Scenario:
    """b serves although a has the higher priority; frozen for 5 s, it finds a's adverts in its socket. Its own last one
    left 1 s before that."""
    freeze = {"kind": "freeze", "target": "b", "packets_queued": True, "at": "100s", "duration": "5s"}
    return bare_pair(initial_master="b", vrrp={"nopreempt": True}, faults=[freeze])


def test_a_server_that_wakes_up_only_to_give_way_has_not_recovered() -> None:
    scenario = _frozen_server()
    changes = [(r.at // SECOND, r.server) for r in of_type(run(scenario), ReachabilityChanged)]
    assert changes[:3] == [(100, None), (105, "b"), (105, None)]
    (outage,) = _outages(scenario)
    assert (outage.began_on, outage.ended_on, outage.resolution) == ("b", "a", "failover")
    assert outage.start_ns == 100 * SECOND
    assert phases_s(outage)["detect"] == 2.414062


def test_an_incident_tells_the_same_outages_as_the_measure() -> None:
    """The service of no duration at 105 s does not stand between two of them."""
    scenario = _frozen_server()
    (fault,) = scenario.faults
    strikes = [Strike(100 * SECOND, fault, "b")]
    incident = Incident(endless(scenario, "b"), randomness=Randomness(1, 0), strikes=strikes)
    incident.come_to_rest()
    (outage,) = _outages(scenario)
    assert incident.outages_ns() == [(outage.start_ns, outage.end_ns)]


def test_a_change_of_priority_says_what_it_is_in_the_steady_state() -> None:
    writes = [
        {"kind": "file_write", "target": "a", "file": "weight", "value": value, "at": f"{at}s"}
        for at, value in ((10, 30), (20, 0))
    ]
    changes = of_type(
        run(bare_pair(vrrp={"track_files": {"weight": {"weight": 1, "value": 7}}}, faults=writes)), PriorityChanged
    )
    assert [(r.old, r.new, r.full) for r in changes] == [(157, 180, 157), (180, 150, 157)]


def test_a_zone_that_a_fault_names_comes_with_its_instances() -> None:
    cut = {"kind": "partition", "between": "a", "and": "z", "at": "10s", "duration": "1s"}
    (began,) = of_type(run(bare_pair(faults=[cut])), FaultBegan)
    assert (began.target, began.in_zones) == ("a|z", (("z", "a"), ("z", "b")))


def test_a_cold_start_is_no_failover() -> None:
    (outage,) = _outages(bare_pair(cold_start={"a": "0s", "b": "0s"}, initial_phase=None))
    assert (outage.start_ns, outage.ended_on, outage.resolution) == (0, "a", "first_service")


def test_a_server_that_is_lost_at_the_very_beginning_has_served() -> None:
    crash: dict[str, Any] = {"kind": "crash", "target": "a", "at": "0s"}
    (outage,) = _outages(bare_pair(faults=[crash]))
    assert (outage.start_ns, outage.began_on, outage.resolution) == (0, "a", "failover")


def test_a_false_failover_after_a_fault_elsewhere_is_no_failback() -> None:
    """Lost adverts bring b up; that c was out of reach of the API has parted nobody."""
    instances = {"a": instance(100, 11), "b": instance(100, 12), "c": instance(50, 13)}
    cut = {"kind": "partition", "between": "c", "and": "api", "at": "1s", "duration": "1s"}
    loss = {"latency": "0", "jitter": "0", "loss": "25%"}
    scenario = bare_pair(
        instances=instances,
        initial_master="a",
        vrrp={"nopreempt": True},
        network={"within_zone": loss},
        faults=[cut],
    )
    assert [outage.cause for outage in _outages(scenario)][:1] == ["partition"]
