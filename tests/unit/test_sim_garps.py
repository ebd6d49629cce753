"""HAVIPs in the world: who claims one when, what the cloud ignores, and what brings a stolen one back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from hasim.measure import PHASES, measure
from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.sim import simulate
from hasim.trace import (
    AddressClaimed,
    AddressHeld,
    AddressRouted,
    AdvertSent,
    ApiCalled,
    GarpSent,
    NotifyForked,
    NotifyStarted,
    Record,
    StateChanged,
)
from hasim.units import MILLISECOND, SECOND

EXACT = {"start_up": "0", "timer_latency": "0", "take_over": "0", "busy": "0", "advert_drift": "0"}


def havip(**replaced: Any) -> Scenario:
    """A preferred MASTER a and its standby b, bare protocol, a remap of 300 ms; top-level keys replaced by data."""
    document = {
        "horizon": "10min",
        "zones": ["z"],
        "vpc": {"cidr": "10.0.0.0/16"},
        "subnets": {"front": {"cidr": "10.0.1.0/24"}},
        "instances": {"a": {"vrrp": {"priority": 200}}, "b": {}},
        "floating": {"address": "10.0.1.100", "mechanism": "havip"},
        "initial_phase": "0",
        "daemon": EXACT,
        "network": {"within_zone": {"latency": "0", "jitter": "0"}},
        "guest": {"configure": "0", "boot": "30s"},
        "control_plane": {"havip_remap": "300ms", "propagation": "200ms"},
    }
    return loads(yaml.safe_dump(document | replaced, sort_keys=False))


def records(scenario: Scenario, **options: Any) -> tuple[Record, ...]:
    return simulate(scenario, seed=1, replication=0, **options).records


def of_type(found: tuple[Record, ...], kind: type) -> list[Any]:
    return [record for record in found if isinstance(record, kind)]


def holders(found: tuple[Record, ...]) -> list[str | None]:
    return [record.holder for record in of_type(found, AddressHeld)]


CRASH = [{"kind": "crash", "target": "a", "at": "100s"}]
PARTITION = [{"kind": "partition", "between": "a", "and": "b", "at": "100s", "duration": "60s"}]


def test_the_new_master_claims_the_address_at_once_and_no_api_is_called() -> None:
    trace = simulate(havip(faults=CRASH), seed=1, replication=0)
    (claim,) = of_type(trace.records, AddressClaimed)
    elected = [record.at for record in of_type(trace.records, StateChanged) if record.new == "MASTER" and record.at]
    assert [claim.at] == elected
    assert not of_type(trace.records, ApiCalled)
    assert not of_type(trace.records, NotifyStarted)
    (outage,) = measure(trace).outages
    phases = dict(zip(PHASES, outage.phases_ns, strict=True))
    assert {name: length for name, length in phases.items() if length and name != "detect"} == {
        "move": 300 * MILLISECOND,
        "propagate": 200 * MILLISECOND,
    }


def test_the_slow_cloud_is_one_parameter_away() -> None:
    slow = {"havip_remap": {"uniform": {"low": "5s", "high": "10s"}}, "propagation": "0"}
    (outage,) = measure(simulate(havip(faults=CRASH, control_plane=slow), seed=1, replication=0)).outages
    assert 5 * SECOND <= outage.phases_ns[PHASES.index("move")] <= 10 * SECOND


def test_a_new_master_sends_a_burst_another_after_the_delay_and_then_refreshes() -> None:
    refreshing = havip(faults=CRASH, vrrp={"garp_master_refresh": "50s", "garp_master_repeat": 3})
    sent = [
        record
        for record in of_type(records(refreshing, detail=(0, refreshing.horizon_ns)), GarpSent)
        if record.instance == "b"
    ]
    first = sent[0].at
    assert [((record.at - first) // SECOND, record.repeat) for record in sent] == [
        (0, 3),
        (5, 3),
        *((after, 1) for after in range(50, 496, 50)),
    ]


def test_a_usurper_keeps_the_address_after_a_partition_unless_the_master_refreshes() -> None:
    """When the partition heals the standby yields to the first advert; the MASTER never hears of it."""
    stranded = records(havip(faults=PARTITION))
    assert holders(stranded) == ["a", "b"]
    refreshing = {"a": {"vrrp": {"priority": 200, "garp_master_refresh": "5s"}}, "b": {}}
    repaired = records(havip(faults=PARTITION, instances=refreshing, vrrp={"garp_master_delay": "0"}))
    assert holders(repaired) == ["a", "b", "a"]
    back = of_type(repaired, AddressHeld)[-1].at - of_type(repaired, AddressHeld)[-2].at
    assert back <= 5 * SECOND + 300 * MILLISECOND


def test_two_masters_that_refresh_pull_the_address_back_and_forth_until_they_hear_each_other() -> None:
    torn = records(havip(faults=PARTITION, vrrp={"garp_master_refresh": "5s"}))
    assert holders(torn)[:4] == ["a", "b", "a", "b"]
    assert holders(torn)[-1] == "a"
    assert of_type(torn, AddressHeld)[-1].at < 170 * SECOND


def test_remaps_come_true_in_the_order_of_their_claims() -> None:
    wide = {"havip_remap": {"uniform": {"low": "0", "high": "20s"}}, "propagation": "0"}
    torn = records(havip(faults=PARTITION, vrrp={"garp_master_refresh": "5s"}, control_plane=wide))
    assert [record.instance for record in of_type(torn, AddressClaimed)] == holders(torn)[1:]


def test_an_instance_outside_the_range_is_ignored() -> None:
    """Such a file is refused when it is loaded; the cloud ignores the instance all the same."""
    scenario = havip(faults=CRASH)
    narrowed = replace(scenario, floating=replace(scenario.floating, association_range=("a",)))
    found = records(narrowed)
    assert of_type(found, AddressClaimed)
    assert holders(found) == ["a"]


def test_with_too_many_havips_on_an_interface_the_last_one_is_never_heard() -> None:
    crowded = {"address": "10.0.1.100", "mechanism": "havip", "other_havips": 5}
    assert holders(records(havip(faults=CRASH, floating=crowded))) == ["a"]
    recommended = {**crowded, "other_havips": 4}
    assert holders(records(havip(faults=CRASH, floating=recommended))) == ["a", "b"]
    roomy = {"garp_rate_limit": 6, "havip_remap": "300ms"}
    assert holders(records(havip(faults=CRASH, floating=crowded, control_plane=roomy))) == ["a", "b"]


def test_a_burst_from_an_interface_without_carrier_is_lost_and_the_delayed_one_claims() -> None:
    """The link of b comes back two seconds after b has become MASTER without it."""
    faults = [*CRASH, {"kind": "link_down", "target": "b", "at": "101s", "duration": "4s"}]
    untracked = {"a": {"vrrp": {"priority": 200}}, "b": {"vrrp": {"dont_track_primary": True}}}
    found = records(havip(faults=faults, instances=untracked))
    master = next(record.at for record in of_type(found, StateChanged) if record.new == "MASTER" and record.at)
    (claim,) = of_type(found, AddressClaimed)
    assert claim.at - master == 5 * SECOND


def test_nothing_is_claimed_before_the_network_of_a_booted_instance_is_ready() -> None:
    """b is up at 20 s, MASTER from 23.6 s on as it hears nobody, and heard from 28.3 s on."""
    guest = {"boot": "10s", "network_ready": "8300ms"}
    crash = {"kind": "crash", "target": "b", "at": "0", "duration": "10s"}
    found = records(havip(faults=[crash], guest=guest, vrrp={"garp_master_delay": "4s"}))
    master = next(record.at for record in of_type(found, StateChanged) if record.new == "MASTER" and record.at)
    assert 23 * SECOND < master < 24 * SECOND
    assert of_type(found, AddressClaimed) == []
    late = records(havip(faults=[crash], guest=guest, vrrp={"garp_master_delay": "5s"}))
    assert of_type(late, AddressClaimed)[0] == AddressClaimed(master + 5 * SECOND, "b")


def test_a_frozen_master_sends_what_was_due_when_it_goes_on() -> None:
    """b freezes a second after it became MASTER; its delayed burst leaves when it thaws, if it still is MASTER."""
    faults = [
        *CRASH,
        {"kind": "link_down", "target": "b", "at": "101s", "duration": "4s"},
        {"kind": "freeze", "target": "b", "at": "104500ms", "duration": "10s"},
    ]
    untracked = {"a": {"vrrp": {"priority": 200}}, "b": {"vrrp": {"dont_track_primary": True}}}
    (claim,) = of_type(records(havip(faults=faults, instances=untracked)), AddressClaimed)
    assert claim.at == 114_500 * MILLISECOND


def test_detail_changes_nothing_but_what_is_recorded() -> None:
    scenario = havip(faults=PARTITION, vrrp={"garp_master_refresh": "5s"})
    details = (AdvertSent, GarpSent, NotifyForked)
    for window in ((0, scenario.horizon_ns), (101 * SECOND, 130 * SECOND)):
        told = [record for record in records(scenario, detail=window) if not isinstance(record, details)]
        assert tuple(told) == records(scenario) == records(scenario, heartbeats="explicit")


def test_the_detail_of_a_window_is_that_of_the_whole_run_there() -> None:
    scenario = havip(faults=PARTITION, vrrp={"garp_master_refresh": "5s"})
    start_ns, end_ns = 90 * SECOND, 140 * SECOND
    whole = records(scenario, detail=(0, scenario.horizon_ns), heartbeats="explicit")
    part = records(scenario, detail=(start_ns, end_ns))
    kinds = (AdvertSent, GarpSent, NotifyForked)
    within = [record for record in whole if isinstance(record, kinds) and start_ns <= record.at < end_ns]
    assert [record for record in part if isinstance(record, kinds)] == within
    assert {type(record) for record in within} == set(kinds)


def test_the_forwarding_ends_where_the_address_is_however_often_it_moved_meanwhile() -> None:
    """Forwarding takes longer than the address stays anywhere: what is out of date must not arrive."""
    slow = {"havip_remap": "100ms", "propagation": "3s"}
    torn = records(havip(faults=PARTITION, vrrp={"garp_master_refresh": "1s"}, control_plane=slow))
    assert len(holders(torn)) > 10
    assert holders(torn)[-1] == "a"
    assert of_type(torn, AddressRouted)[-1].holder == "a"


def garps_of(scenario: Scenario, instance: str) -> list[tuple[int, int]]:
    """When after its first one an instance sent how many gratuitous ARPs for the floating address."""
    found = of_type(records(scenario, detail=(0, scenario.horizon_ns)), GarpSent)
    sent = [record for record in found if record.instance == instance]
    return [(record.at - sent[0].at, record.repeat) for record in sent]


def test_a_refresh_waits_for_the_next_advert() -> None:
    slow = havip(horizon="3min", faults=CRASH, vrrp={"advert_int": "2s", "garp_master_refresh": "5s"})
    assert [at // SECOND for at, _ in garps_of(slow, "b")[2:5]] == [6, 12, 18]


def test_a_refresh_that_a_frozen_master_missed_comes_when_it_goes_on() -> None:
    """One only, however many were missed; the next ones are counted from there."""
    faults = [{"kind": "freeze", "target": "a", "at": "100.5s", "duration": "2.4s", "packets_queued": True}]
    vrrp = {"garp_master_refresh": "1s", "garp_master_refresh_repeat": 1, "down_timer_adverts": 10}
    found = records(havip(vrrp=vrrp, faults=faults, horizon="106s"), detail=(100 * SECOND, 106 * SECOND))
    sent = [record.at for record in of_type(found, GarpSent)]
    thawed_ns = round(102.9 * SECOND)
    assert [at for at in sent if at > 100.5 * SECOND][:3] == [thawed_ns, thawed_ns + SECOND, thawed_ns + 2 * SECOND]


def test_with_an_interval_between_them_an_address_is_noted_once() -> None:
    """Of a burst of 5 two leave: the first at once, and the one that waits for its turn; of a burst of 1, one."""
    vrrp = {"garp_interval": "10ms", "garp_master_delay": "0", "garp_master_refresh": "20s"}
    spaced = havip(horizon="3min", faults=CRASH, vrrp=vrrp)
    assert garps_of(spaced, "b")[:4] == [(0, 1), (10 * MILLISECOND, 1), (20 * SECOND, 1), (40 * SECOND, 1)]


def test_of_many_addresses_with_an_interval_the_first_one_comes_twice() -> None:
    vrrp = {"garp_interval": "10ms", "garp_master_delay": "0"}
    floating = {"address": "10.0.1.100", "mechanism": "havip", "other_havips": 3}
    many = havip(horizon="3min", faults=CRASH, vrrp=vrrp, floating=floating)
    assert garps_of(many, "b") == [(0, 1)]
    (elected,) = [r.at for r in of_type(records(many), StateChanged) if r.new == "MASTER" and r.at]
    (claim,) = of_type(records(many), AddressClaimed)
    assert claim.at - elected == 30 * MILLISECOND


def test_a_reload_forgets_the_burst_that_was_to_come() -> None:
    reload = {"kind": "keepalived_reload", "target": "b", "at": "105s", "priority": 100}
    assert [at // SECOND for at, _ in garps_of(havip(horizon="3min", faults=CRASH), "b")] == [0, 5]
    assert [at // SECOND for at, _ in garps_of(havip(horizon="3min", faults=[*CRASH, reload]), "b")] == [0]
