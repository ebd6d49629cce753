"""HAVIPs: floating private IPs that guests claim by gratuitous ARP (:meth:`Region.announce`), without an API call.

The API only creates and deletes them, binds an EIP to them and restricts who may claim them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hasim.cloud.actions.common import CLIENT_TOKEN, local_time, tag_dictionary, tag_list, tag_set
from hasim.cloud.actions.havip_range import ASSOCIATION, check_range, check_types
from hasim.cloud.address_book import address_value
from hasim.cloud.entities import Eip, EipStatus, HaVip, HaVipState, NetworkInterface, Subnet, Task, TaskKind
from hasim.cloud.errors import CloudError, refusal
from hasim.cloud.parameters import Address, Boolean, Identifier, ListOf, Parameter, Text, at_least_one
from hasim.cloud.queries import FilterCodes, Query
from hasim.cloud.registry import Reply, Request, action, on_commit, on_fail

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_MUTEX = "UnsupportedOperation.MutexOperationTaskRunning"
_HA_VIP_ID = Parameter("HaVipId", Identifier("havip"), required=True)
_BAD_VALUE = "InvalidParameterValue"
_BAD_FILTER = "InvalidParameter.FilterInvalidKey"
_NEVER_FLUSHED = "0000-00-00 00:00:00"


@action(
    "CreateHaVip",
    group="havip",
    rate_limit_per_s=20,
    parameters=(
        Parameter("VpcId", Identifier("vpc"), required=True),
        Parameter("HaVipName", Text(), required=True),
        Parameter("SubnetId", Identifier("subnet")),
        Parameter("Vip", Address()),
        Parameter("NetworkInterfaceId", Identifier("eni")),
        Parameter("CheckAssociate", Boolean(), default=False),
        Parameter("HaVipAssociationSet", ListOf(ASSOCIATION, too_many="LimitExceeded"), default=()),
        Parameter("Tags", tag_list(_BAD_VALUE), default=()),
        CLIENT_TOKEN,
    ),
    rules=(at_least_one("SubnetId", "Vip", "NetworkInterfaceId"),),
    refusals=(
        _BAD_VALUE,
        "InvalidParameterValue.Duplicate",
        "InvalidParameterValue.Range",
        "InvalidParameterValue.Reserved",
        "LimitExceeded",
        "ResourceInUse",
        "ResourceInsufficient",
        "ResourceNotFound",
        "UnsupportedOperation",
        "UnsupportedOperation.SubnetNotExists",
    ),
)
def create_ha_vip(region: Region, request: Request, now_ns: int) -> Reply:
    """A HAVIP: UNBIND until a guest claims it, or claimed at once by the attached ENI that the call names."""
    vpc = region.vpc(request["VpcId"])
    interface = region.interface(request["NetworkInterfaceId"]) if request["NetworkInterfaceId"] else None
    subnet = _subnet(region, request, vpc.vpc_id, interface)
    if sum(item.vpc_id == vpc.vpc_id for item in region.ha_vips.values()) >= region.limits.ha_vips_per_vpc:
        raise refusal("LimitExceeded", f"{vpc.vpc_id} has {region.limits.ha_vips_per_vpc} HAVIPs at most.")
    if interface is not None and interface.instance_id is None:
        raise refusal("UnsupportedOperation", f"{interface.network_interface_id} is on no instance.")
    members = [item["InstanceId"] for item in request["HaVipAssociationSet"]]
    check_types(request["HaVipAssociationSet"], _BAD_VALUE)
    check_range(region, vpc.vpc_id, [], request["HaVipAssociationSet"])
    if interface is not None and request["CheckAssociate"] and not _is_in(interface, members):
        raise refusal("UnsupportedOperation", f"{interface.network_interface_id} is outside the range.")
    tags = tag_dictionary(request["Tags"], _BAD_VALUE)
    ha_vip = HaVip(
        ha_vip_id="",
        name=request["HaVipName"],
        address=_address(region, request["Vip"], subnet),
        vpc_id=vpc.vpc_id,
        subnet_id=subnet.subnet_id,
        check_associate=request["CheckAssociate"],
        associations=members,
        tags=tags,
        created_ns=now_ns,
    )
    ha_vip.ha_vip_id = region.new_id("havip")
    region.ha_vips[ha_vip.ha_vip_id] = ha_vip
    region.addresses.take(subnet, ha_vip.address, ha_vip.ha_vip_id)
    if interface is not None:
        ha_vip.network_interface_id = interface.network_interface_id
        ha_vip.state = HaVipState.AVAILABLE
    return Reply({"HaVip": _ha_vip_view(region, ha_vip)})


def _is_in(interface: NetworkInterface, members: list[str]) -> bool:
    return not {interface.network_interface_id, interface.instance_id}.isdisjoint(members)


def _subnet(region: Region, request: Request, vpc_id: str, interface: NetworkInterface | None) -> Subnet:
    """The subnet that the call names, directly, by its ENI or by its address."""
    if request["SubnetId"]:
        subnet = region.subnet(request["SubnetId"], "UnsupportedOperation.SubnetNotExists")
    elif interface is not None:
        subnet = region.subnets[interface.subnet_id]
    else:
        subnet = _subnet_around(region, vpc_id, request["Vip"])
    if subnet.vpc_id != vpc_id:
        raise refusal("UnsupportedOperation.SubnetNotExists", f"{subnet.subnet_id} is not in {vpc_id}.")
    if interface is not None and interface.subnet_id != subnet.subnet_id:
        raise refusal("UnsupportedOperation", f"{interface.network_interface_id} is in {interface.subnet_id}.")
    return subnet


def _subnet_around(region: Region, vpc_id: str, address: str) -> Subnet:
    value = address_value(address)
    for subnet in region.subnets.values():
        if subnet.vpc_id == vpc_id and subnet.contains(value):
            return subnet
    raise refusal("UnsupportedOperation.SubnetNotExists", f"{address} is in no subnet of {vpc_id}.")


def _address(region: Region, chosen: str | None, subnet: Subnet) -> str:
    if chosen is not None:
        region.addresses.require_free(subnet, chosen)
        return chosen
    try:
        return region.addresses.pick(subnet, 1)[0]
    except CloudError as error:
        raise refusal("ResourceInsufficient", f"{subnet.subnet_id} has no address left.") from error


@action(
    "DeleteHaVip",
    group="havip",
    kind=TaskKind.VPC,
    rate_limit_per_s=20,
    parameters=(_HA_VIP_ID,),
    refusals=("ResourceNotFound", "UnsupportedOperation"),
)
def delete_ha_vip(region: Region, request: Request, now_ns: int) -> Reply:
    """A HAVIP without EIP goes away when the task commits; until then it may be claimed as before."""
    ha_vip = region.ha_vip(request["HaVipId"])
    region.require_idle("UnsupportedOperation", holds=(ha_vip.ha_vip_id,))
    if ha_vip.address_id:
        raise refusal("UnsupportedOperation", f"{ha_vip.ha_vip_id} has {ha_vip.address_id}: disassociate it first.")
    task = region.begin("DeleteHaVip", TaskKind.VPC, now_ns, (ha_vip.ha_vip_id,), ha_vip_id=ha_vip.ha_vip_id)
    return Reply({}, task)


@on_commit("DeleteHaVip")
def ha_vip_deleted(region: Region, task: Task, now_ns: int) -> None:
    """The HAVIP is gone and its address free."""
    ha_vip = region.ha_vips.pop(task.ha_vip_id)
    region.addresses.free(region.subnets[ha_vip.subnet_id], ha_vip.address)


@action(
    "ModifyHaVipAttribute",
    group="havip",
    parameters=(_HA_VIP_ID, Parameter("HaVipName", Text())),
    refusals=("ResourceNotFound",),
)
def modify_ha_vip_attribute(region: Region, request: Request, now_ns: int) -> Reply:
    """The name of a HAVIP."""
    ha_vip = region.ha_vip(request["HaVipId"])
    if request["HaVipName"] is not None:
        ha_vip.name = request["HaVipName"]
    return Reply({})


@action(
    "HaVipAssociateAddressIp",
    group="havip",
    kind=TaskKind.VPC,
    parameters=(_HA_VIP_ID, Parameter("AddressIp", Address(), required=True)),
    refusals=("ResourceNotFound", "UnsupportedOperation", "UnsupportedOperation.BindEIP", _MUTEX),
)
def ha_vip_associate_address_ip(region: Region, request: Request, now_ns: int) -> Reply:
    """Bind an unbound EIP, named by its address, to a HAVIP: BINDING until the task commits."""
    ha_vip = region.ha_vip(request["HaVipId"])
    eip = _eip_of_address(region, request["AddressIp"])
    region.require_idle(_MUTEX, holds=(ha_vip.ha_vip_id, eip.address_id))
    if ha_vip.address_id:
        raise refusal("UnsupportedOperation.BindEIP", f"{ha_vip.ha_vip_id} has {ha_vip.address_id}.")
    if eip.status is not EipStatus.UNBIND:
        raise refusal("UnsupportedOperation.BindEIP", f"{eip.address_id} is {eip.status}.")
    if eip.is_blocked or eip.is_arrears:
        raise refusal("UnsupportedOperation", f"{eip.address_id} is {'blocked' if eip.is_blocked else 'isolated'}.")
    eip.status = EipStatus.BINDING
    return Reply({}, _begin_binding(region, "HaVipAssociateAddressIp", ha_vip, eip, now_ns))


def _eip_of_address(region: Region, address: str) -> Eip:
    for eip in region.eips.values():
        if eip.address == address:
            return eip
    raise refusal("ResourceNotFound", f"There is no EIP {address}.")


def _begin_binding(region: Region, name: str, ha_vip: HaVip, eip: Eip, now_ns: int) -> Task:
    both = (ha_vip.ha_vip_id, eip.address_id)
    return region.begin(name, TaskKind.VPC, now_ns, both, ha_vip_id=ha_vip.ha_vip_id, address_ids=(eip.address_id,))


@on_commit("HaVipAssociateAddressIp")
def ha_vip_address_bound(region: Region, task: Task, now_ns: int) -> None:
    """The EIP goes wherever the HAVIP goes."""
    for identifier in task.address_ids:
        region.ha_vips[task.ha_vip_id].address_id = identifier
        region.eips[identifier].ha_vip_id = task.ha_vip_id
        region.eips[identifier].status = EipStatus.BIND


@on_fail("HaVipAssociateAddressIp")
def ha_vip_address_not_bound(region: Region, task: Task, now_ns: int) -> None:
    """The EIP stays unbound."""
    for identifier in task.address_ids:
        region.eips[identifier].status = EipStatus.UNBIND


@action(
    "HaVipDisassociateAddressIp",
    group="havip",
    kind=TaskKind.VPC,
    parameters=(_HA_VIP_ID,),
    refusals=("ResourceNotFound", "UnsupportedOperation.UnbindEIP", _MUTEX),
)
def ha_vip_disassociate_address_ip(region: Region, request: Request, now_ns: int) -> Reply:
    """Unbind the EIP of a HAVIP: UNBINDING until the task commits."""
    ha_vip = region.ha_vip(request["HaVipId"])
    region.require_idle(_MUTEX, holds=(ha_vip.ha_vip_id,))
    if not ha_vip.address_id:
        raise refusal("UnsupportedOperation.UnbindEIP", f"{ha_vip.ha_vip_id} has no EIP.")
    eip = region.eips[ha_vip.address_id]
    eip.status = EipStatus.UNBINDING
    return Reply({}, _begin_binding(region, "HaVipDisassociateAddressIp", ha_vip, eip, now_ns))


@on_commit("HaVipDisassociateAddressIp")
def ha_vip_address_unbound(region: Region, task: Task, now_ns: int) -> None:
    """The EIP is unbound."""
    region.ha_vips[task.ha_vip_id].address_id = ""
    for identifier in task.address_ids:
        region.eips[identifier].ha_vip_id = ""
        region.eips[identifier].status = EipStatus.UNBIND


@on_fail("HaVipDisassociateAddressIp")
def ha_vip_address_still_bound(region: Region, task: Task, now_ns: int) -> None:
    """The EIP stays bound."""
    for identifier in task.address_ids:
        region.eips[identifier].status = EipStatus.BIND


class _Row(NamedTuple):
    """A HAVIP with what a filter may ask about its EIP."""

    ha_vip: HaVip
    public_address: str
    tags: dict[str, str]


_HA_VIPS: Query[_Row] = Query(
    "HaVipIds",
    "havip",
    {
        "havip-id": lambda row: (row.ha_vip.ha_vip_id,),
        "havip-name": lambda row: (row.ha_vip.name,),
        "vpc-id": lambda row: (row.ha_vip.vpc_id,),
        "subnet-id": lambda row: (row.ha_vip.subnet_id,),
        "vip": lambda row: (row.ha_vip.address,),
        "address-ip": lambda row: (row.public_address,) if row.public_address else (),
        "havip-association.instance-id": lambda row: row.ha_vip.associations,
        "havip-association.instance-type": lambda row: {
            "ENI" if member.startswith("eni-") else "CVM" for member in row.ha_vip.associations
        },
        "check-associate": lambda row: (str(row.ha_vip.check_associate).lower(),),
        "tag-key": lambda row: row.tags,
    },
    missing="",
    filter_codes=FilterCodes(_BAD_FILTER, _BAD_FILTER, _BAD_FILTER),
)


@action(
    "DescribeHaVips",
    group="havip",
    rate_limit_per_s=20,
    parameters=_HA_VIPS.parameters,
    rules=_HA_VIPS.rules,
    refusals=_HA_VIPS.refusals,
)
def describe_ha_vips(region: Region, request: Request, now_ns: int) -> Reply:
    """HAVIPs by identifier or filter; an identifier that does not exist is left out."""
    rows = {key: _Row(ha_vip, _public(region, ha_vip), ha_vip.tags) for key, ha_vip in region.ha_vips.items()}
    total, page = _HA_VIPS.select(rows, request)
    return Reply({"TotalCount": total, "HaVipSet": [_ha_vip_view(region, row.ha_vip) for row in page]})


def _public(region: Region, ha_vip: HaVip) -> str:
    return region.eips[ha_vip.address_id].address if ha_vip.address_id else ""


def _ha_vip_view(region: Region, ha_vip: HaVip) -> dict[str, Any]:
    interface = region.network_interfaces.get(ha_vip.network_interface_id)
    return {
        "HaVipId": ha_vip.ha_vip_id,
        "HaVipName": ha_vip.name,
        "Vip": ha_vip.address,
        "VpcId": ha_vip.vpc_id,
        "SubnetId": ha_vip.subnet_id,
        "NetworkInterfaceId": ha_vip.network_interface_id,
        "InstanceId": (interface.instance_id or "") if interface else "",
        "AddressIp": _public(region, ha_vip),
        "State": ha_vip.state,
        "CheckAssociate": ha_vip.check_associate,
        "HaVipAssociationSet": [
            {
                "HaVipId": ha_vip.ha_vip_id,
                "InstanceId": member,
                "InstanceType": "ENI" if member.startswith("eni-") else "CVM",
            }
            for member in ha_vip.associations
        ],
        "FlushedTime": _NEVER_FLUSHED if ha_vip.flushed_ns is None else local_time(ha_vip.flushed_ns),
        "CreatedTime": local_time(ha_vip.created_ns),
        "TagSet": tag_set(ha_vip.tags),
    }
