"""The control plane in time, without a clock: what the forwarding believes, and which claims of a HAVIP count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hasim.cloud.trouble import Claim, Claims, Forwarding, Front, Place, Trouble, TroubleKind, Turn, leaving
from hasim.scenario.distributions import Constant, Distribution, Uniform
from hasim.units import SECOND
from tests.unit.cloud_topology import Cloud
from tests.unit.http_endpoint import prompt


class Dice:
    """Numbers in the order in which they are wanted, whatever for."""

    def __init__(self, *numbers: float) -> None:
        self._numbers = list(numbers)

    def __call__(self, *names: str) -> float:
        return self._numbers.pop(0) if self._numbers else 0.5


def forwarding(propagation: Distribution | None = None, dice: Dice | None = None) -> Forwarding[str, str]:
    return Forwarding({"x": "a", "y": "a"}, propagation or Constant(SECOND), dice or Dice())


# Forwarding -----------------------------------------------------------------------------------------------------------


def test_the_forwarding_follows_after_its_propagation() -> None:
    table = forwarding()
    (turn,) = table.follow({"x": "b", "y": "a"})
    assert turn == Turn("x", "b", SECOND, 1)
    assert table.routes == {"x": "a", "y": "a"}
    assert table.turn(turn)
    assert table.routes == {"x": "b", "y": "a"}


def test_what_is_on_its_way_already_is_not_sent_again() -> None:
    table = forwarding()
    assert len(table.follow({"x": "b", "y": "a"})) == 1
    assert table.follow({"x": "b", "y": "a"}) == []


def test_a_change_that_was_overtaken_comes_to_nothing_even_when_it_is_late() -> None:
    table = forwarding(Uniform(0, 10), Dice(0.9, 0.1))
    (late,) = table.follow({"x": "b", "y": "a"})
    (early,) = table.follow({"x": "a", "y": "a"})
    assert early.delay_ns < late.delay_ns
    assert not table.turn(early)
    assert not table.turn(late)
    assert table.routes["x"] == "a"


def test_an_address_that_is_gone_is_lost_and_a_new_one_is_found() -> None:
    table = forwarding()
    turns = table.follow({"y": "a", "z": "c"})
    assert [table.turn(turn) for turn in turns] == [True, True]
    assert table.routes == {"y": "a", "z": "c"}


def test_what_a_task_cuts_off_stays_so_until_that_task_ends() -> None:
    table = forwarding()
    assert table.cut("task", ("x",))
    assert not table.cut("task", ("x",))
    assert table.routes == {"y": "a"}
    assert table.follow({"x": "a", "y": "a"}) == []
    table.mend("another")
    assert table.follow({"x": "a", "y": "a"}) == []
    table.mend("task")
    (turn,) = table.follow({"x": "a", "y": "a"})
    assert table.turn(turn)
    assert table.routes == {"x": "a", "y": "a"}


# Claims ---------------------------------------------------------------------------------------------------------------


def claim(claims: Claims, ha_vip: str, eni: str, now_ns: int) -> Claim:
    made = claims.claim(ha_vip, eni, now_ns)
    assert made is not None
    return made


def test_remaps_end_in_the_order_of_their_claims() -> None:
    cloud = Cloud()
    vip = cloud.make_ha_vip()
    behaviour = replace(prompt(), havip_remap=Uniform(0, 10 * SECOND))
    claims = Claims(cloud.region, behaviour, Dice(0.9, 0.1))
    first, second = claim(claims, vip, cloud.eni_a, 0), claim(claims, vip, cloud.eni_b, SECOND)
    assert (first.due_ns, second.due_ns) == (9 * SECOND, 9 * SECOND)
    assert claims.expected(vip) == cloud.eni_b
    assert claims.settle(first, first.due_ns)
    assert claims.expected(vip) == cloud.eni_b
    assert claims.settle(second, second.due_ns)
    assert cloud.region.ha_vips[vip].network_interface_id == cloud.eni_b


def test_a_claim_from_outside_the_range_comes_to_nothing_and_does_not_hide_a_later_one() -> None:
    cloud = Cloud()
    vip = cloud.make_ha_vip(CheckAssociate=True, HaVipAssociationSet=[{"InstanceId": cloud.a}])
    claims = Claims(cloud.region, prompt(), Dice())
    stranger, member = claim(claims, vip, cloud.eni_b, 0), claim(claims, vip, cloud.eni_a, 0)
    assert not claims.settle(stranger, 0)
    assert claims.claim(vip, cloud.eni_a, 0) is None
    assert claims.settle(member, 0)
    assert claims.claim(vip, cloud.eni_a, 0) is None


def test_a_claim_that_has_lost_its_ha_vip_or_its_eni_comes_to_nothing() -> None:
    cloud = Cloud()
    vip, eni = cloud.make_ha_vip(), cloud.attach(cloud.make_eni(), cloud.a)
    claims = Claims(cloud.region, prompt(), Dice())
    orphan = claim(claims, vip, eni, 0)
    cloud.do("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
    cloud.do("DeleteNetworkInterface", NetworkInterfaceId=eni)
    assert not claims.settle(orphan, 0)
    orphan = claim(claims, vip, cloud.eni_a, 0)
    cloud.do("DeleteHaVip", HaVipId=vip)
    assert not claims.settle(orphan, 0)


# Trouble --------------------------------------------------------------------------------------------------------------


def test_a_trouble_begins_once_and_ends_once() -> None:
    cloud = Cloud()
    front = Front(cloud.region, prompt(), Dice(), is_dead=cloud.region.is_dead)
    trouble = Trouble("burst", TroubleKind.ERRORS, code="InternalError")
    front.begin(trouble)
    with pytest.raises(ValueError, match="in force already"):
        front.begin(trouble)
    assert front.in_force == (trouble,)
    assert front.end("burst") == []
    with pytest.raises(KeyError):
        front.end("burst")


def test_a_stuck_task_takes_its_time_when_the_last_trouble_that_holds_it_is_over() -> None:
    cloud = Cloud()
    front = Front(cloud.region, prompt(task_ns=7), Dice(), is_dead=cloud.region.is_dead)
    for name in ("one", "two"):
        front.begin(Trouble(name, TroubleKind.STUCK, actions=frozenset({"AllocateAddresses"})))
    plan = front.serve("AllocateAddresses", {}, now_ns=0).plan
    assert plan is not None
    assert plan.duration_ns is None
    assert front.end("one") == []
    (going_on,) = front.end("two")
    assert (going_on.task, going_on.duration_ns, going_on.succeeds) == (plan.task, 7, True)
    ended = front.finish(going_on, now_ns=7)
    assert ended is not None
    assert ended.status == "SUCCESS"


def test_a_task_that_would_end_while_it_is_stuck_ends_when_the_last_trouble_that_holds_it_is_over() -> None:
    cloud = Cloud()
    front = Front(cloud.region, prompt(task_ns=7), Dice(), is_dead=cloud.region.is_dead)
    plan = front.serve("AllocateAddresses", {}, now_ns=0).plan
    assert plan is not None
    for name in ("one", "two"):
        front.begin(Trouble(name, TroubleKind.STUCK))
    assert front.finish(plan, now_ns=7) is None
    assert plan.task.status == "RUNNING"
    assert front.end("one") == []
    (going_on,) = front.end("two")
    assert (going_on.task, going_on.duration_ns) == (plan.task, 0)
    ended = front.finish(going_on, now_ns=90)
    assert ended is not None
    assert (ended.status, ended.ended_ns) == ("SUCCESS", 90)


def test_a_task_is_stuck_only_where_something_leaves_one_of_the_instances() -> None:
    cloud = Cloud()
    front = Front(cloud.region, prompt(task_ns=7), Dice(), is_dead=cloud.region.is_dead)
    plan = front.serve("AllocateAddresses", {}, now_ns=0).plan
    assert plan is not None
    front.begin(Trouble("dead host", TroubleKind.STUCK, instance_ids=frozenset({cloud.a})))
    assert front.finish(plan, now_ns=7) is not None


# What a task takes away -----------------------------------------------------------------------------------------------


def test_the_eip_of_a_ha_vip_is_cut_off_as_one_of_a_private_address_is() -> None:
    cloud = Cloud()
    front = Front(cloud.region, prompt(), Dice(), is_dead=cloud.region.is_dead)
    eip, vip = cloud.make_eip(), cloud.make_ha_vip()
    address = cloud.describe_eip(eip)["AddressIp"]
    cloud.region.announce(vip, cloud.eni_a, now_ns=0)
    cloud.do("HaVipAssociateAddressIp", HaVipId=vip, AddressIp=address)
    plan = front.serve("HaVipDisassociateAddressIp", {"HaVipId": vip}, now_ns=0).plan
    assert plan is not None
    assert (plan.left, plan.cuts) == (cloud.a, True)
    assert leaving(cloud.region, plan.task) == {Place("", address)}


def test_nothing_is_cut_off_where_nobody_has_the_ha_vip() -> None:
    cloud = Cloud()
    front = Front(cloud.region, prompt(), Dice(), is_dead=cloud.region.is_dead)
    vip = cloud.make_ha_vip()
    cloud.do("HaVipAssociateAddressIp", HaVipId=vip, AddressIp=cloud.describe_eip(cloud.make_eip())["AddressIp"])
    plan = front.serve("HaVipDisassociateAddressIp", {"HaVipId": vip}, now_ns=0).plan
    assert plan is not None
    assert (plan.left, plan.cuts) == (None, False)
