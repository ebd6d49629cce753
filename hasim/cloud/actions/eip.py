"""EIPs as property: allocate, release, describe, quota and attributes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from hasim.cloud.actions.common import CLIENT_TOKEN, iso_time, tag_dictionary, tag_list, tag_set
from hasim.cloud.entities import Eip, EipStatus, Task, TaskKind
from hasim.cloud.errors import refusal
from hasim.cloud.identifiers import public_address
from hasim.cloud.parameters import Choice, Identifier, Integer, ListOf, Parameter, Text
from hasim.cloud.queries import FilterCodes, Query
from hasim.cloud.registry import Reply, Request, action, on_commit, on_fail

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__ = ["ADDRESS_ID", "NO_SUCH_ADDRESS", "bound_instance_id", "check_quota", "count_today", "make_eip", "use_today"]

_DAY_NS = 86_400 * 1_000_000_000
_MUTEX = "OperationDenied.MutexTaskRunning"
_CHARGE_TYPES = (
    "BANDWIDTH_PREPAID_BY_MONTH",
    "TRAFFIC_POSTPAID_BY_HOUR",
    "BANDWIDTH_POSTPAID_BY_HOUR",
    "BANDWIDTH_PACKAGE",
)
_SERVICE_PROVIDERS = ("BGP", "CMCC", "CTCC", "CUCC")
_MOST_BANDWIDTH_MBPS = 2000
_LONGEST_NAME = 128
_NAME = re.compile(r"[A-Za-z0-9\u4e00-\u9fff_-]*")
_INVALID_TAG = "InvalidParameterValue.InvalidTag"
_HARMLESS = ("IPChargeType", "AddressChargePrepaid", "ApplicableForCLB", "BandwidthPackageId", "Egress")
_UNMODELLED = (
    "AnycastZone",
    "VipCluster",
    "DedicatedClusterId",
    "IsDedicatedAddressPool",
    "AntiDDoSPackageId",
)

ADDRESS_ID = Parameter(
    "AddressId", Identifier("eip", malformed="InvalidParameterValue.AddressIdMalformed"), required=True
)
NO_SUCH_ADDRESS = "InvalidAddressId.NotFound"


def count_today(region: Region, quota: str, now_ns: int) -> int:
    """How often a daily quota has been used on the day of ``now_ns``."""
    day, used = region.quota_days.get(quota, (-1, 0))
    return used if day == now_ns // _DAY_NS else 0


def use_today(region: Region, quota: str, now_ns: int, times: int) -> None:
    """Use up some of a daily quota."""
    region.quota_days[quota] = [now_ns // _DAY_NS, count_today(region, quota, now_ns) + times]


def check_quota(region: Region, count: int, now_ns: int) -> None:
    """Check that the account may have that many more EIPs.

    Raises:
        CloudError: AddressQuotaLimitExceeded, or its daily kind.
    """
    limits = region.limits
    if len(region.eips) + count > limits.eips:
        raise refusal("AddressQuotaLimitExceeded", f"{len(region.eips)} of {limits.eips} EIPs are in use.")
    if count_today(region, "allocate_eip", now_ns) + count > limits.eips * limits.address_daily_factor:
        raise refusal("AddressQuotaLimitExceeded.DailyAllocate", f"{limits.eips * limits.address_daily_factor} a day.")


def make_eip(region: Region, now_ns: int, *, name: str, address: str, status: EipStatus, **details: Any) -> Eip:
    """A new EIP of the account; counts against the daily quota."""
    use_today(region, "allocate_eip", now_ns, 1)
    eip = Eip(
        address_id=region.new_id("eip"),
        name=name,
        address=address,
        status=status,
        created_ns=now_ns,
        **details,
    )
    region.eips[eip.address_id] = eip
    return eip


@action(
    "AllocateAddresses",
    group="eip",
    kind=TaskKind.EIP,
    rate_limit_per_s=10,
    parameters=(
        Parameter("AddressCount", Integer(1, 20), default=1),
        Parameter("AddressName", Text(_LONGEST_NAME, "InvalidParameterValue"), default=""),
        Parameter("InternetServiceProvider", Choice(_SERVICE_PROVIDERS), default="BGP"),
        Parameter("InternetChargeType", Choice(_CHARGE_TYPES), default="TRAFFIC_POSTPAID_BY_HOUR"),
        Parameter(
            "InternetMaxBandwidthOut",
            Integer(1, _MOST_BANDWIDTH_MBPS, out_of_range="InvalidParameterValue.BandwidthOutOfRange"),
            default=1,
        ),
        Parameter("AddressType", Choice(("EIP",))),
        Parameter("Tags", tag_list(_INVALID_TAG), default=()),
        CLIENT_TOKEN,
        *(Parameter(name, None) for name in _HARMLESS),
        *(Parameter(name, None, harmless=False) for name in _UNMODELLED),
    ),
    refusals=(
        "AddressQuotaLimitExceeded",
        "AddressQuotaLimitExceeded.DailyAllocate",
        _INVALID_TAG,
    ),
)
def allocate_addresses(region: Region, request: Request, now_ns: int) -> Reply:
    """New EIPs of the account: CREATING until the task commits, then UNBIND."""
    count = request["AddressCount"]
    check_quota(region, count, now_ns)
    tags = tag_dictionary(request["Tags"], _INVALID_TAG)
    made = [
        make_eip(
            region,
            now_ns,
            name=request["AddressName"],
            address=public_address(region.count("public_address")),
            status=EipStatus.CREATING,
            service_provider=request["InternetServiceProvider"],
            charge_type=request["InternetChargeType"],
            bandwidth_mbps=request["InternetMaxBandwidthOut"],
            tags=dict(tags),
        )
        for _ in range(count)
    ]
    identifiers = tuple(eip.address_id for eip in made)
    task = region.begin("AllocateAddresses", TaskKind.EIP, now_ns, identifiers, address_ids=identifiers)
    return Reply({"AddressSet": list(identifiers), "TaskId": str(task.number)}, task)


@on_commit("AllocateAddresses")
@on_fail("ReleaseAddresses")
def addresses_unbound(region: Region, task: Task, now_ns: int) -> None:
    """The EIPs are the account's, and bound to nothing."""
    for identifier in task.address_ids:
        region.eips[identifier].status = EipStatus.UNBIND


@on_fail("AllocateAddresses")
@on_commit("ReleaseAddresses")
def addresses_gone(region: Region, task: Task, now_ns: int) -> None:
    """The EIPs are not the account's."""
    for identifier in task.address_ids:
        del region.eips[identifier]


@action(
    "ReleaseAddresses",
    group="eip",
    kind=TaskKind.EIP,
    rate_limit_per_s=10,
    parameters=(
        Parameter(
            "AddressIds",
            ListOf(
                Identifier("eip", malformed="InvalidParameterValue.AddressIdMalformed"), 20, 1, "InvalidParameterValue"
            ),
            required=True,
        ),
    ),
    refusals=(NO_SUCH_ADDRESS, _MUTEX, "UnsupportedOperation.AddressStatusNotPermit"),
)
def release_addresses(region: Region, request: Request, now_ns: int) -> Reply:
    """Give EIPs back: only unbound ones, OFFLINING until the task commits, and for ever."""
    eips = [region.eip(identifier) for identifier in dict.fromkeys(request["AddressIds"])]
    identifiers = tuple(eip.address_id for eip in eips)
    region.require_idle(_MUTEX, holds=identifiers)
    for eip in eips:
        if eip.status is not EipStatus.UNBIND:
            raise refusal(
                "UnsupportedOperation.AddressStatusNotPermit", f"{eip.address_id} is {eip.status}, not UNBIND."
            )
    for eip in eips:
        eip.status = EipStatus.OFFLINING
    task = region.begin("ReleaseAddresses", TaskKind.EIP, now_ns, identifiers, address_ids=identifiers)
    return Reply({"TaskId": str(task.number)}, task)


@action(
    "ModifyAddressAttribute",
    group="eip",
    parameters=(
        ADDRESS_ID,
        Parameter("AddressName", Text(_LONGEST_NAME)),
        Parameter("EipDirectConnection", Choice(("TRUE", "FALSE"))),
        Parameter("EipVisibleOnEni", None, harmless=False),
    ),
    refusals=(NO_SUCH_ADDRESS, "InvalidParameterValue", _MUTEX),
)
def modify_address_attribute(region: Region, request: Request, now_ns: int) -> Reply:
    """Name of an EIP (Latin and Chinese letters, digits, - and _), and whether it goes straight to the instance."""
    eip = region.eip(request["AddressId"])
    region.require_idle(_MUTEX, holds=(eip.address_id,))
    name = request["AddressName"]
    if name is not None:
        if not _NAME.fullmatch(name):
            raise refusal("InvalidParameterValue", "AddressName has letters, digits, - and _ only.")
        eip.name = name
    if request["EipDirectConnection"] is not None:
        eip.direct_connection = request["EipDirectConnection"] == "TRUE"
    return Reply({})


@action("DescribeAddressQuota", group="eip", rate_limit_per_s=10)
def describe_address_quota(region: Region, request: Request, now_ns: int) -> Reply:
    """EIPs in use, and applications today, of the account in this region."""
    limits = region.limits
    quotas = (
        ("TOTAL_EIP_QUOTA", len(region.eips), limits.eips),
        ("DAILY_EIP_APPLY", count_today(region, "allocate_eip", now_ns), limits.eips * limits.address_daily_factor),
        (
            "DAILY_PUBLIC_IP_ASSIGN",
            count_today(region, "reallocate_ordinary_address", now_ns),
            limits.ordinary_address_reallocations_per_day,
        ),
    )
    return Reply(
        {
            "QuotaSet": [
                {"QuotaId": name, "QuotaCurrent": current, "QuotaLimit": limit, "QuotaGroup": ""}
                for name, current, limit in quotas
            ]
        }
    )


def bound_instance_id(region: Region, eip: Eip) -> str:
    """What DescribeAddresses shows as InstanceId: the instance or HAVIP that the EIP is bound to, empty for none."""
    if eip.ha_vip_id:
        return eip.ha_vip_id
    interface = region.network_interfaces.get(eip.network_interface_id)
    return (interface.instance_id or "") if interface else ""


def _private_address(region: Region, eip: Eip) -> str:
    """The private address or HAVIP at which the EIP is, empty for none."""
    ha_vip = region.ha_vips.get(eip.ha_vip_id)
    return ha_vip.address if ha_vip else eip.private_address


class _Row(NamedTuple):
    """An EIP with what a filter may ask about its binding."""

    eip: Eip
    instance_id: str
    private_address: str
    tags: dict[str, str]


_EIPS: Query[_Row] = Query(
    "AddressIds",
    "eip",
    {
        "address-id": lambda row: (row.eip.address_id,),
        "address-name": lambda row: (row.eip.name,),
        "address-ip": lambda row: (row.eip.address,),
        "address-status": lambda row: (row.eip.status,),
        "address-type": lambda row: ("EIP",),
        "instance-id": lambda row: (row.instance_id,) if row.instance_id else (),
        "instance-type": lambda row: (_instance_type(row.eip),),
        "private-ip-address": lambda row: (row.private_address,) if row.private_address else (),
        "network-interface-id": lambda row: (row.eip.network_interface_id,) if row.eip.network_interface_id else (),
        "is-arrears": lambda row: (str(row.eip.is_arrears).lower(),),
        "tag-key": lambda row: row.tags,
    },
    missing="",
    malformed="InvalidParameterValue.AddressIdMalformed",
    filter_codes=FilterCodes(
        unknown_name="InvalidParameter.InvalidFilter",
        not_an_object="InvalidParameter.InvalidFilter",
        values_not_a_list="InvalidParameter.InvalidFilter",
        name_too_long="LimitExceeded.NumberOfFilters",
    ),
    coexist="InvalidParameter",
    excluded_filter="address-id",
    out_of_range="InvalidParameter",
)


@action("DescribeAddresses", group="eip", parameters=_EIPS.parameters, rules=_EIPS.rules, refusals=_EIPS.refusals)
def describe_addresses(region: Region, request: Request, now_ns: int) -> Reply:
    """EIPs by identifier, by filter, or by both but for `address-id`; an identifier that does not exist is left out."""
    rows = {
        key: _Row(eip, bound_instance_id(region, eip), _private_address(region, eip), eip.tags)
        for key, eip in region.eips.items()
    }
    total, page = _EIPS.select(rows, request)
    return Reply({"TotalCount": total, "AddressSet": [_eip_view(region, row.eip) for row in page]})


def _instance_type(eip: Eip) -> str:
    if eip.ha_vip_id:
        return "HAVIP"
    return "ENI" if eip.status is EipStatus.BIND_ENI else "CVM" if eip.network_interface_id else ""


def _eip_view(region: Region, eip: Eip) -> dict[str, Any]:
    return {
        "AddressId": eip.address_id,
        "AddressName": eip.name,
        "AddressIp": eip.address,
        "AddressStatus": eip.status,
        "AddressType": "EIP",
        "InstanceId": bound_instance_id(region, eip) or None,
        "InstanceType": _instance_type(eip) or None,
        "NetworkInterfaceId": eip.network_interface_id or None,
        "PrivateAddressIp": _private_address(region, eip) or None,
        "IsArrears": eip.is_arrears,
        "IsBlocked": eip.is_blocked,
        "IsEipDirectConnection": eip.direct_connection,
        "CascadeRelease": False,
        "InternetServiceProvider": eip.service_provider,
        "InternetChargeType": eip.charge_type,
        "Bandwidth": eip.bandwidth_mbps,
        "CreatedTime": iso_time(eip.created_ns),
        "TagSet": tag_set(eip.tags),
    }
