"""Quotas: the table of the cloud's ENI page, its holes, and how often actions may be called."""

from __future__ import annotations

import pytest

from hasim.cloud import CloudError, Limits, RateLimiter, documented_rate_limits
from hasim.cloud.limits import SPECIFICATION_TABLE
from tests.unit.cloud_topology import Cloud

SECOND_NS = 10**9


@pytest.mark.parametrize(
    ("cpu", "memory_gb", "interfaces", "addresses"),
    [
        (1, 1, 2, 2),
        (1, 2, 2, 6),
        (1, 1.5, 2, 6),
        (2, 2, 2, 10),
        (2, 64, 2, 10),
        (4, 8, 4, 10),
        (4, 15.9, 4, 10),
        (4, 32, 4, 20),
        (8, 16, 6, 20),
        (12, 24, 6, 20),
        (13, 26, 8, 30),
        (128, 512, 8, 30),
    ],
)
def test_published_rows(cpu: int, memory_gb: float, interfaces: int, addresses: int) -> None:
    assert Limits().of_specification(cpu, memory_gb) == (interfaces, addresses)


@pytest.mark.parametrize(
    ("cpu", "memory_gb", "interfaces", "addresses"),
    [(1, 0.5, 2, 2), (3, 6, 2, 10), (5, 10, 4, 10), (6, 64, 4, 10), (7, 14, 4, 10)],
)
def test_holes_are_filled_as_their_notes_say(cpu: int, memory_gb: float, interfaces: int, addresses: int) -> None:
    assert Limits().of_specification(cpu, memory_gb) == (interfaces, addresses)
    note = next(row.note for row in SPECIFICATION_TABLE if row.least_cpu <= cpu <= (row.most_cpu or cpu))
    assert note != "published"


@pytest.mark.parametrize("addresses", [10, 20])
def test_four_cores_with_exactly_16_gb_is_a_switch(addresses: int) -> None:
    assert Limits(four_core_16gb_addresses=addresses).of_specification(4, 16) == (4, addresses)


def test_other_values_of_the_switch_are_refused() -> None:
    with pytest.raises(ValueError, match="10 or 20, got 15"):
        Limits(four_core_16gb_addresses=15)


def test_no_instance_has_no_core() -> None:
    with pytest.raises(ValueError, match="at least one core"):
        Limits().of_specification(0, 1)


def test_switch_decides_in_a_region() -> None:
    for addresses in (10, 20):
        cloud = Cloud(Limits(four_core_16gb_addresses=addresses))
        instance = cloud.make_instance(InstanceType="S5.LARGE16")
        reply = cloud.do("DescribeNetworkInterfaceLimit", InstanceId=instance)
        assert reply["EniPrivateIpAddressQuantity"] == addresses


def test_ten_addresses_fit_on_an_attached_eni_of_a_larger_instance() -> None:
    cloud = Cloud()
    large = cloud.make_instance(InstanceType="S5.4XLARGE64")
    eni = cloud.attach(cloud.make_eni(), large)
    for _ in range(2):
        cloud.do("AssignPrivateIpAddresses", NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=10)
    assert len(cloud.addresses(eni)) == 21
    cloud.do("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=large)
    one_more = {"NetworkInterfaceId": eni, "SecondaryPrivateIpAddressCount": 1}
    assert cloud.refused("AssignPrivateIpAddresses", **one_more) == "LimitExceeded"


def test_vpc_limits_are_described() -> None:
    names = ["appid-max-vpcs", "vpc-max-subnets", "vpc-max-enis", "vpc-max-havips", "eni-max-private-ips"]
    names += ["vpc-max-assistant_cidrs", "vpc-max-route-tables", "route-table-max-policies"]
    reply = Cloud().do("DescribeVpcLimits", LimitTypes=names)
    values = [(item["LimitType"], item["LimitValue"]) for item in reply["VpcLimitSet"]]
    assert values == list(zip(names, [20, 100, 1000, 10, 10, 5, 10, 50], strict=True))


def test_documented_rates() -> None:
    rates = documented_rate_limits()
    assert (rates["MigratePrivateIpAddress"], rates["DescribeVpcTaskResult"], rates["AssociateAddress"]) == (
        100,
        20,
        10,
    )
    assert "CreateNetworkInterface" not in rates


def admitted(limiter: RateLimiter, action: str, now_ns: int) -> bool:
    try:
        limiter.admit(action, now_ns)
    except CloudError:
        return False
    return True


def test_calls_of_the_last_second_are_counted_per_action() -> None:
    limiter = RateLimiter({"DescribeAddresses": 2})
    times_ns = [0, 5, SECOND_NS - 1, SECOND_NS, SECOND_NS + 1, SECOND_NS + 5, 3 * SECOND_NS]
    answers = [admitted(limiter, "DescribeAddresses", now_ns) for now_ns in times_ns]
    assert answers == [True, True, False, True, False, True, True]
    assert all(admitted(limiter, "DescribeVpcs", 0) for _ in range(100))


def test_call_beyond_the_rate_is_refused_with_the_common_code() -> None:
    limiter = RateLimiter({"DescribeAddresses": 0})
    with pytest.raises(CloudError) as caught:
        limiter.admit("DescribeAddresses", 0)
    assert caught.value.code == "RequestLimitExceeded"
