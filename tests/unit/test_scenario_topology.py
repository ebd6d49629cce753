"""The topology in the cloud, the calls of each mechanism, and the rehearsal that tries them all."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hasim.cloud import CloudError
from hasim.scenario import ScenarioError, loads
from hasim.scenario.mechanism import actions_of, claim_steps, release_steps
from hasim.scenario.model import Mechanism, Scenario
from hasim.scenario.rehearsal import _every_move
from hasim.scenario.topology import Topology, build_region
from tests.unit.scenario_texts import BASE, scenario

WRITTEN = {
    Mechanism.SECONDARY_IP_MIGRATE: "secondary_ip, method: migrate",
    Mechanism.SECONDARY_IP_REASSIGN: "secondary_ip, method: reassign",
    Mechanism.ENI_MIGRATE: "eni, method: migrate",
    Mechanism.ENI_REATTACH: "eni, method: reattach",
    Mechanism.HAVIP: "havip",
}
BY_CALLS = [mechanism for mechanism in Mechanism if not mechanism.is_announced]
OF_ONE_OWNER = [mechanism for mechanism in BY_CALLS if not mechanism.is_public]


def with_mechanism(mechanism: Mechanism, *, eip: bool = False) -> Scenario:
    written = "address: 10.0.1.100, mechanism: secondary_ip"
    assert written in BASE
    if mechanism is Mechanism.EIP:
        floating = "mechanism: eip"
    else:
        floating = f"address: 10.0.1.100, mechanism: {WRITTEN[mechanism]}, eip: {'true' if eip else 'false'}"
    return loads(BASE.replace(written, floating).replace("  b: {", "  c: {}\n  b: {"))


def carry_out(topology: Topology, mechanism: Mechanism, new_holder: str, holder: str | None) -> list[str]:
    """Make the calls of a claim, each with its task, or announce the address; returns the actions."""
    if topology.ha_vip_id is not None:
        assert topology.region.announce(topology.ha_vip_id, topology.holding_interface_ids[new_holder], now_ns=0)
    steps = claim_steps(mechanism, topology, new_holder, holder)
    for step in steps:
        topology.region.complete(step.action, step.params, now_ns=0)
    return [step.action for step in steps]


@pytest.mark.parametrize(
    ("mechanism", "actions"),
    [
        (Mechanism.SECONDARY_IP_MIGRATE, ["MigratePrivateIpAddress"]),
        (Mechanism.SECONDARY_IP_REASSIGN, ["UnassignPrivateIpAddresses", "AssignPrivateIpAddresses"]),
        (Mechanism.ENI_MIGRATE, ["MigrateNetworkInterface"]),
        (Mechanism.ENI_REATTACH, ["DetachNetworkInterface", "AttachNetworkInterface"]),
        (Mechanism.EIP, ["DisassociateAddress", "AssociateAddress"]),
        (Mechanism.HAVIP, []),
    ],
)
def test_each_mechanism_moves_the_address_by_its_own_calls(mechanism: Mechanism, actions: list[str]) -> None:
    topology = build_region(with_mechanism(mechanism), "a")
    assert topology.holder() == "a"
    assert carry_out(topology, mechanism, "b", "a") == actions
    assert topology.holder() == "b"
    assert tuple(actions) == actions_of(mechanism, eip=False, releases=False)


@pytest.mark.parametrize("mechanism", Mechanism)
def test_whoever_holds_the_address_has_nothing_to_claim(mechanism: Mechanism) -> None:
    topology = build_region(with_mechanism(mechanism), "a")
    assert claim_steps(mechanism, topology, "a", "a") == ()


@pytest.mark.parametrize("mechanism", BY_CALLS)
@pytest.mark.parametrize("eip", [False, True])
def test_an_address_that_was_released_is_claimed_from_nobody(mechanism: Mechanism, eip: bool) -> None:
    topology = build_region(with_mechanism(mechanism, eip=eip), "a")
    released = release_steps(mechanism, topology, "a")
    for step in released:
        topology.region.complete(step.action, step.params, now_ns=0)
    assert topology.holder() is None
    actions = carry_out(topology, mechanism, "b", None)
    assert topology.holder() == "b"
    possible = actions_of(mechanism, eip=eip, releases=True)
    assert {step.action for step in released} | set(actions) <= set(possible)


@pytest.mark.parametrize("mechanism", Mechanism)
def test_the_eip_arrives_with_the_address(mechanism: Mechanism) -> None:
    topology = build_region(with_mechanism(mechanism, eip=True), "a")
    assert topology.eip_id is not None
    for new_holder, holder in (("b", "a"), ("c", "b"), ("a", "c")):
        carry_out(topology, mechanism, new_holder, holder)
        eip_holder = topology.region.holder_of_eip(topology.eip_id)
        assert eip_holder is not None
        assert eip_holder.instance_id == topology.instance_ids[new_holder]


def test_only_unassigning_loses_the_eip_and_binds_it_again() -> None:
    for mechanism in OF_ONE_OWNER:
        topology = build_region(with_mechanism(mechanism, eip=True), "a")
        actions = [step.action for step in claim_steps(mechanism, topology, "b", "a")]
        assert ("AssociateAddress" in actions) == (mechanism is Mechanism.SECONDARY_IP_REASSIGN)


def test_an_address_whose_eip_is_not_bound_is_held_by_nobody_whom_clients_reach() -> None:
    mechanism = Mechanism.SECONDARY_IP_REASSIGN
    topology = build_region(with_mechanism(mechanism, eip=True), "a")
    region = topology.region
    unassign, assign, associate = claim_steps(mechanism, topology, "b", "a")
    for step in (unassign, assign):
        region.complete(step.action, step.params, now_ns=0)
    assert topology.holder() is None
    query = topology.holder_query()
    holding = topology.holding_in(region.call(query.action, query.params, now_ns=0).response)
    assert holding == ("b", False)
    assert claim_steps(mechanism, topology, "b", holding.holder, eip_is_bound=holding.eip_is_bound) == (associate,)
    region.complete(associate.action, associate.params, now_ns=0)
    assert topology.holder() == "b"


@pytest.mark.parametrize("mechanism", OF_ONE_OWNER)
def test_a_claim_on_a_wrong_belief_is_refused_by_the_cloud(mechanism: Mechanism) -> None:
    topology = build_region(with_mechanism(mechanism), "a")
    (first, *_) = claim_steps(mechanism, topology, "b", "c")
    with pytest.raises(CloudError):
        topology.region.call(first.action, first.params, now_ns=0)
    assert topology.holder() == "a"


def test_an_eip_is_taken_from_whoever_has_it() -> None:
    topology = build_region(with_mechanism(Mechanism.EIP), "a")
    assert carry_out(topology, Mechanism.EIP, "b", "c") == ["DisassociateAddress", "AssociateAddress"]
    assert topology.holder() == "b"


@pytest.mark.parametrize("mechanism", BY_CALLS)
def test_a_script_can_ask_who_holds_the_address(mechanism: Mechanism) -> None:
    topology = build_region(with_mechanism(mechanism), "c")
    region, query = topology.region, topology.holder_query()
    answer = region.call(query.action, query.params, now_ns=0)
    assert topology.holding_in(answer.response) == ("c", True)
    for step in release_steps(mechanism, topology, "c"):
        region.complete(step.action, step.params, now_ns=0)
    answer = region.call(query.action, query.params, now_ns=0)
    assert topology.holding_in(answer.response).holder is None


def test_a_script_looks_for_the_very_address_in_what_the_filters_leave() -> None:
    topology = build_region(with_mechanism(Mechanism.SECONDARY_IP_MIGRATE), "c")
    query = topology.holder_query()
    assert query.params["Filters"] == [
        {"Name": "vpc-id", "Values": [topology.vpc_id]},
        {"Name": "address-ip", "Values": [topology.floating_address]},
    ]
    everything = topology.region.call(query.action, {}, now_ns=0).response
    assert everything["TotalCount"] == 3
    assert topology.holding_in(everything) == ("c", True)
    its_own = topology.holding_interface_ids["c"]
    others = [item for item in everything["NetworkInterfaceSet"] if item["NetworkInterfaceId"] != its_own]
    assert topology.holding_in({"NetworkInterfaceSet": others}) == (None, True)


def test_topology_has_everything_that_the_scenario_names() -> None:
    result = loads(
        BASE.replace(
            "  a: {address: 10.0.1.10}",
            "  a:\n    cpu: 4\n    secondary_addresses: [10.0.1.50, 10.0.1.51]\n"
            "    interfaces: {beat: {subnet: front, address: 10.0.1.60, security_groups: beats}}",
        )
        + "security_groups: {beats: {ingress: [{protocol: vrrp}]}}\n"
    )
    topology = build_region(result, "b")
    region = topology.region
    instance = region.instances[topology.instance_ids["a"]]
    assert (instance.cpu, instance.memory_gb, instance.zone, instance.state) == (4, 4.0, "z1", "RUNNING")
    primary = region.network_interfaces[topology.interface_ids["a", "eth0"]]
    assert primary.primary
    assert sorted(primary.addresses) == ["10.0.1.2", "10.0.1.50", "10.0.1.51"]
    beat = region.network_interfaces[topology.interface_ids["a", "beat"]]
    assert (beat.instance_id, list(beat.addresses)) == (topology.instance_ids["a"], ["10.0.1.60"])
    assert beat.security_group_ids == [topology.security_group_ids["beats"]]
    assert topology.interface_owners[topology.interface_ids["a", "beat"]] == "a"
    assert topology.instance_names[topology.instance_ids["b"]] == "b"
    assert topology.holder() == "b"
    assert region.running_tasks() == []
    region.check_invariants()


def test_building_twice_gives_the_same_identifiers() -> None:
    first, second = build_region(scenario(), "a"), build_region(scenario(), "a")
    assert first.interface_ids == second.interface_ids
    assert first.instance_ids == second.instance_ids
    assert first.region is not second.region


def test_the_switch_for_four_cores_and_16_gb_reaches_the_cloud() -> None:
    addresses = [f"10.0.1.{number}" for number in range(20, 30)]
    instances = {"a": {"cpu": 4, "memory": "16GB", "secondary_addresses": addresses}, "b": {}}
    with pytest.raises(ScenarioError) as caught:
        scenario(instances=instances)
    assert caught.value.code == "LimitExceeded"
    assert scenario(instances=instances, quotas={"four_core_16gb_addresses": 20}).four_core_16gb_addresses == 20


def test_room_is_needed_on_every_instance_not_only_on_the_first() -> None:
    small = {"cpu": 1, "memory": "1GB", "secondary_addresses": ["10.0.1.20"]}
    with pytest.raises(ScenarioError) as caught:
        scenario(instances={"a": {}, "b": {}, "c": small})
    assert (caught.value.path, caught.value.code) == ("instances.c", "LimitExceeded")


def test_a_second_interface_in_the_floating_subnet_is_what_holds_the_address() -> None:
    text = BASE.replace("subnets:\n", "subnets:\n  admin: {cidr: 10.0.9.0/24}\n")
    text = text.replace("a: {address: 10.0.1.10}", "a: {subnet: admin, interfaces: {front: {subnet: front}}}")
    text = text.replace("b: {address: 10.0.1.11}", "b: {subnet: front}")
    topology = build_region(loads(text), "a")
    assert topology.holding_interface_ids["a"] == topology.interface_ids["a", "front"]
    assert topology.holding_interface_ids["b"] == topology.interface_ids["b", "eth0"]


@pytest.mark.parametrize("count", range(1, 7))
def test_the_rehearsal_makes_every_move_between_two_instances(count: int) -> None:
    names = [f"n{number}" for number in range(count)]
    holders = [names[0], *_every_move(names)]
    moves = set(pairwise(holders))
    assert moves == {(one, other) for one in names for other in names if one != other}


def test_many_instances_are_rehearsed_too() -> None:
    result = scenario(instances={f"n{number}": {} for number in range(32)})
    assert len(result.instances) == 32
