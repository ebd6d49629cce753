"""HAVIPs: claimed by gratuitous ARP, within their subnet and range, with the EIP in tow."""

from __future__ import annotations

import pytest

from tests.unit.cloud_topology import ABSENT, Cloud


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def state(cloud: Cloud, vip: str) -> tuple[str, str, str]:
    view = cloud.describe_ha_vip(vip)
    return view["State"], view["NetworkInterfaceId"], view["InstanceId"]


def members(vip: str, *identifiers: str) -> list[dict[str, str]]:
    return [{"HaVipId": vip, "InstanceId": identifier} for identifier in identifiers]


def test_new_ha_vip_is_nobodys(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip("10.0.1.100")
    assert state(cloud, vip) == ("UNBIND", "", "")
    assert cloud.region.holder_of(cloud.vpc, "10.0.1.100") is None
    assert cloud.describe_ha_vip(vip)["FlushedTime"] == "0000-00-00 00:00:00"


def test_announcement_claims_and_moves_it(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip("10.0.1.100")
    assert cloud.region.announce(vip, cloud.eni_a, now_ns=60 * 10**9)
    assert state(cloud, vip) == ("AVAILABLE", cloud.eni_a, cloud.a)
    assert cloud.describe_ha_vip(vip)["FlushedTime"] == "1970-01-01 00:01:00"
    assert cloud.region.announce(vip, cloud.eni_b, now_ns=61 * 10**9)
    assert cloud.instance_of("10.0.1.100") == cloud.b


def test_repeated_announcement_changes_nothing(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip()
    cloud.region.announce(vip, cloud.eni_a, now_ns=60 * 10**9)
    before = cloud.region.snapshot()
    assert cloud.region.announce(vip, cloud.eni_a, now_ns=99 * 10**9)
    assert cloud.region.snapshot() == before


def test_announcement_from_another_subnet_or_an_unattached_eni_is_ignored(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip()
    assert not cloud.region.announce(vip, cloud.eni_c, now_ns=0)
    assert not cloud.region.announce(vip, cloud.make_eni(), now_ns=0)
    assert state(cloud, vip)[0] == "UNBIND"


def test_range_is_enforced_only_where_asked(cloud: Cloud) -> None:
    free = cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}])
    ranged = cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}], CheckAssociate="true")
    assert cloud.region.announce(free, cloud.eni_b, now_ns=0)
    assert not cloud.region.announce(ranged, cloud.eni_b, now_ns=0)
    assert cloud.region.announce(ranged, cloud.eni_a, now_ns=0)


def test_range_of_enis(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    vip = cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": eni, "InstanceType": "ENI"}], CheckAssociate=True)
    assert not cloud.region.announce(vip, cloud.eni_a, now_ns=0)
    assert cloud.region.announce(vip, eni, now_ns=0)


def test_range_can_be_changed(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip(CheckAssociate=True)
    assert not cloud.region.announce(vip, cloud.eni_a, now_ns=0)
    cloud.do("AssociateHaVipInstance", HaVipAssociationSet=members(vip, cloud.a, cloud.b))
    assert cloud.region.announce(vip, cloud.eni_a, now_ns=0)
    view = cloud.describe_ha_vip(vip)["HaVipAssociationSet"]
    assert [(item["InstanceId"], item["InstanceType"]) for item in view] == [(cloud.a, "CVM"), (cloud.b, "CVM")]
    cloud.do("DisassociateHaVipInstance", HaVipAssociationSet=members(vip, cloud.b))
    assert not cloud.region.announce(vip, cloud.eni_b, now_ns=0)


def test_eni_of_an_instance_outside_every_range_can_be_detached_after_disassociating(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    vip = cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}])
    detach = {"NetworkInterfaceId": eni, "InstanceId": cloud.a}
    assert cloud.refused("DetachNetworkInterface", **detach) == "UnsupportedOperation.InstanceAssociateHavip"
    cloud.do("DisassociateHaVipInstance", HaVipAssociationSet=members(vip, cloud.a))
    cloud.do("DetachNetworkInterface", **detach)


def test_eni_of_another_subnet_is_not_held_by_its_instances_range(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(subnet=cloud.second), cloud.a)
    cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}])
    cloud.do("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)


def test_detaching_the_eni_that_claimed_it_makes_it_nobodys(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    vip = cloud.make_ha_vip()
    cloud.region.announce(vip, eni, now_ns=0)
    cloud.now_ns = 60 * 10**9
    cloud.do("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)
    assert state(cloud, vip) == ("UNBIND", "", "")
    assert cloud.describe_ha_vip(vip)["FlushedTime"] == "1970-01-01 00:01:00"


def test_claim_goes_along_with_a_migrated_eni(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    vip = cloud.make_ha_vip("10.0.1.100")
    cloud.region.announce(vip, eni, now_ns=0)
    cloud.do("MigrateNetworkInterface", NetworkInterfaceId=eni, SourceInstanceId=cloud.a, DestinationInstanceId=cloud.b)
    assert cloud.instance_of("10.0.1.100") == cloud.b


def test_terminating_the_instance_takes_it_from_claim_and_range(cloud: Cloud) -> None:
    eni = cloud.attach(cloud.make_eni(), cloud.a)
    claimed = cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}])
    by_eni = cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": eni}])
    cloud.region.announce(claimed, cloud.eni_a, now_ns=0)
    cloud.region.announce(by_eni, eni, now_ns=0)
    cloud.do("TerminateInstances", InstanceIds=[cloud.a])
    for vip in (claimed, by_eni):
        assert state(cloud, vip)[0] == "UNBIND"
        assert cloud.describe_ha_vip(vip)["HaVipAssociationSet"] == []


def test_eip_goes_wherever_the_ha_vip_goes(cloud: Cloud) -> None:
    vip, eip = cloud.make_ha_vip("10.0.1.100"), cloud.make_eip()
    address = cloud.describe_eip(eip)["AddressIp"]
    task = cloud.begin("HaVipAssociateAddressIp", HaVipId=vip, AddressIp=address)
    assert cloud.describe_eip(eip)["AddressStatus"] == "BINDING"
    cloud.commit(task)
    assert cloud.describe_ha_vip(vip)["AddressIp"] == address
    assert cloud.region.holder_of_eip(eip) is None
    for eni, instance in ((cloud.eni_a, cloud.a), (cloud.eni_b, cloud.b)):
        cloud.region.announce(vip, eni, now_ns=0)
        holder = cloud.region.holder_of_eip(eip)
        assert holder is not None
        assert holder.instance_id == instance
    view = cloud.describe_eip(eip)
    assert (view["InstanceId"], view["InstanceType"], view["PrivateAddressIp"]) == (vip, "HAVIP", "10.0.1.100")


def test_unbinding_the_eip_of_a_ha_vip(cloud: Cloud) -> None:
    vip, eip = cloud.make_ha_vip(), cloud.make_eip()
    cloud.do("HaVipAssociateAddressIp", HaVipId=vip, AddressIp=cloud.describe_eip(eip)["AddressIp"])
    task = cloud.begin("HaVipDisassociateAddressIp", HaVipId=vip)
    assert cloud.describe_eip(eip)["AddressStatus"] == "UNBINDING"
    cloud.commit(task)
    assert cloud.describe_eip(eip)["AddressStatus"] == "UNBIND"
    assert cloud.describe_ha_vip(vip)["AddressIp"] == ""


def test_deleted_ha_vip_frees_its_address(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip("10.0.1.100")
    task = cloud.begin("DeleteHaVip", HaVipId=vip)
    assert cloud.region.announce(vip, cloud.eni_a, now_ns=0)
    cloud.commit(task)
    assert cloud.do("DescribeHaVips", HaVipIds=[vip])["HaVipSet"] == []
    cloud.assign(cloud.eni_a, "10.0.1.100")


def test_subnet_may_be_named_by_the_address_or_the_eni(cloud: Cloud) -> None:
    by_address = cloud.do("CreateHaVip", VpcId=cloud.vpc, HaVipName="x", Vip="10.0.2.77")["HaVip"]
    assert by_address["SubnetId"] == cloud.second
    by_eni = cloud.do("CreateHaVip", VpcId=cloud.vpc, HaVipName="x", NetworkInterfaceId=cloud.eni_c)["HaVip"]
    assert (by_eni["SubnetId"], by_eni["State"], by_eni["InstanceId"]) == (cloud.far, "AVAILABLE", cloud.c)


def test_name_can_be_changed(cloud: Cloud) -> None:
    vip = cloud.make_ha_vip()
    cloud.do("ModifyHaVipAttribute", HaVipId=vip, HaVipName="front")
    assert cloud.describe_ha_vip(vip)["HaVipName"] == "front"


@pytest.mark.parametrize(
    ("name", "value"),
    [("vip", "10.0.1.100"), ("check-associate", "true"), ("havip-association.instance-id", "<a>"), ("tag:role", "x")],
)
def test_filters(cloud: Cloud, name: str, value: str) -> None:
    cloud.make_ha_vip("10.0.1.101")
    wanted = cloud.make_ha_vip(
        "10.0.1.100",
        CheckAssociate=True,
        HaVipAssociationSet=[{"InstanceId": cloud.a}],
        Tags=[{"Key": "role", "Value": "x"}],
    )
    value = getattr(cloud, value[1:-1]) if value[0] == "<" else value
    reply = cloud.do("DescribeHaVips", Filters=[{"Name": name, "Values": [value]}])
    assert [item["HaVipId"] for item in reply["HaVipSet"]] == [wanted]


def test_announcing_what_does_not_exist_is_an_error(cloud: Cloud) -> None:
    with pytest.raises(KeyError):
        cloud.region.announce(ABSENT["havip"], cloud.eni_a, now_ns=0)
    with pytest.raises(KeyError):
        cloud.region.announce(cloud.make_ha_vip(), ABSENT["eni"], now_ns=0)


@pytest.mark.parametrize(("kind", "found"), [("CVM", 1), ("ENI", 0)])
def test_ha_vips_are_found_by_the_kind_of_what_is_in_their_range(cloud: Cloud, kind: str, found: int) -> None:
    cloud.make_ha_vip(HaVipAssociationSet=[{"InstanceId": cloud.a}])
    asked = [{"Name": "havip-association.instance-type", "Values": [kind]}]
    assert cloud.do("DescribeHaVips", Filters=asked)["TotalCount"] == found
