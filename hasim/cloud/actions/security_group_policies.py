"""The rules of security groups: create, delete, describe. They are ordered data; the first that matches decides."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from hasim.cloud.actions.common import local_time
from hasim.cloud.entities import SecurityGroup, SecurityPolicy
from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Choice, Identifier, Integer, ListOf, Parameter, Structure, Text
from hasim.cloud.registry import Reply, Request, action

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_PROTOCOLS = ("TCP", "UDP", "ICMP", "GRE", "ALL", "tcp", "udp", "icmp", "gre", "all")
_PORTED = ("TCP", "UDP")
_PORTS = re.compile(r"[0-9]{1,5}(-[0-9]{1,5}|(,[0-9]{1,5}){0,14})")
_MOST_PORT = 65535
_UNMODELLED = ("ServiceTemplate", "Ipv6CidrBlock", "AddressTemplate", "Priority")

_POLICY = Structure(
    "SecurityGroupPolicy",
    (
        Parameter("PolicyIndex", Integer(out_of_range="InvalidParameterValue")),
        Parameter("Protocol", Choice(_PROTOCOLS, "InvalidParameterValue.Malformed")),
        Parameter("Port", Text()),
        Parameter("CidrBlock", Text()),
        Parameter("SecurityGroupId", Identifier("sg")),
        Parameter("Action", Choice(("ACCEPT", "DROP", "accept", "drop"), "InvalidParameterValue.Malformed")),
        Parameter("PolicyDescription", Text(100), default=""),
        Parameter("ModifyTime", None),
        *(Parameter(name, None, harmless=False) for name in _UNMODELLED),
    ),
)
_POLICY_SET = Parameter(
    "SecurityGroupPolicySet",
    Structure(
        "SecurityGroupPolicySet",
        (
            Parameter("Version", Text()),
            Parameter("Ingress", ListOf(_POLICY)),
            Parameter("Egress", ListOf(_POLICY)),
            Parameter("PolicyStatistics", None),
        ),
    ),
    required=True,
)
_GROUP_ID = Parameter("SecurityGroupId", Identifier("sg"), required=True)


def _one_direction(request: Request) -> tuple[str, list[dict[str, Any]]]:
    asked = request["SecurityGroupPolicySet"]
    if asked["Ingress"] and asked["Egress"]:
        raise refusal("InvalidParameter.Coexist", "Ingress and Egress exclude each other in one call.")
    direction = "Ingress" if asked["Ingress"] else "Egress"
    if not asked[direction]:
        raise refusal("InvalidParameter", "SecurityGroupPolicySet needs Ingress or Egress.")
    return direction, asked[direction]


def _rules(group: SecurityGroup, direction: str) -> list[SecurityPolicy]:
    return group.ingress if direction == "Ingress" else group.egress


def _check_version(group: SecurityGroup, request: Request) -> None:
    version = request["SecurityGroupPolicySet"]["Version"]
    if version is not None and version != str(group.version):
        raise refusal(
            "UnsupportedOperation.VersionMismatch", f"{group.security_group_id} is at version {group.version}."
        )


def _read_policy(region: Region, asked: dict[str, Any]) -> SecurityPolicy:
    protocol = (asked["Protocol"] or "ALL").upper()
    if asked["CidrBlock"] is not None and asked["SecurityGroupId"] is not None:
        raise refusal("InvalidParameter.Coexist", "CidrBlock and SecurityGroupId exclude each other.")
    if asked["Action"] is None or (asked["CidrBlock"] is None and asked["SecurityGroupId"] is None):
        raise refusal("InvalidParameter", "A rule needs Action, and CidrBlock or SecurityGroupId.")
    if asked["SecurityGroupId"] is not None:
        region.security_group(asked["SecurityGroupId"])
    return SecurityPolicy(
        protocol=protocol,
        port=_read_port(protocol, asked["Port"]),
        cidr_block=_read_range(asked["CidrBlock"]),
        security_group_id=asked["SecurityGroupId"] or "",
        action=asked["Action"].upper(),
        description=asked["PolicyDescription"],
    )


def _read_port(protocol: str, text: str | None) -> str:
    if text is None or text.upper() == "ALL":
        return "ALL"
    if protocol not in _PORTED:
        raise refusal("InvalidParameter.Coexist", f"Port goes with TCP or UDP, not with {protocol}.")
    numbers = [int(item) for item in re.split("[-,]", text)] if _PORTS.fullmatch(text) else []
    if not numbers or max(numbers) > _MOST_PORT or ("-" in text and numbers[0] > numbers[1]):
        raise refusal("InvalidParameterValue.Malformed", f"Port must be ALL, 80, 80,443 or 8000-8010, got {text!r}.")
    return text


def _read_range(text: str | None) -> str:
    if text is None:
        return ""
    try:
        return str(IPv4Network(text, strict=False))
    except ValueError:
        raise refusal(
            "InvalidParameterValue.Malformed", f"CidrBlock must be a range or address, got {text!r}."
        ) from None


@action(
    "CreateSecurityGroupPolicies",
    group="security_group",
    parameters=(_GROUP_ID, _POLICY_SET),
    refusals=(
        "InvalidParameter.Coexist",
        "InvalidParameterValue",
        "InvalidParameterValue.Malformed",
        "LimitExceeded",
        "LimitExceeded.SecurityGroupPolicySet",
        "ResourceNotFound",
        "UnsupportedOperation.DuplicatePolicy",
        "UnsupportedOperation.VersionMismatch",
    ),
)
def create_security_group_policies(region: Region, request: Request, now_ns: int) -> Reply:
    """Add rules of one direction: at PolicyIndex (0 is the top), or at the end."""
    group = region.security_group(request["SecurityGroupId"])
    _check_version(group, request)
    direction, asked = _one_direction(request)
    rules = _rules(group, direction)
    indices = {item["PolicyIndex"] for item in asked}
    if len(indices) > 1:
        raise refusal("InvalidParameterValue", "All rules of a call have the same PolicyIndex.")
    index = indices.pop()
    if index is not None and index > len(rules):
        raise refusal("InvalidParameterValue", f"PolicyIndex {index} is beyond the {len(rules)} rules.")
    made = [_read_policy(region, item) for item in asked]
    _check_policies(region, group, rules, made)
    place = len(rules) if index is None else index
    rules[place:place] = made
    _changed(group, now_ns)
    return Reply({})


def _check_policies(
    region: Region, group: SecurityGroup, rules: list[SecurityPolicy], made: list[SecurityPolicy]
) -> None:
    most = region.limits.security_group_policies
    if len(rules) + len(made) > most:
        raise refusal(
            "LimitExceeded.SecurityGroupPolicySet", f"{group.security_group_id} has {most} rules a direction."
        )
    known = {_key(policy) for policy in rules}
    for policy in made:
        if _key(policy) in known:
            raise refusal(
                "UnsupportedOperation.DuplicatePolicy", f"{policy.protocol} {policy.port} {policy.cidr_block}."
            )
        known.add(_key(policy))
    named = {policy.security_group_id for policy in (*group.ingress, *group.egress, *made)} - {""}
    if len(named) > region.limits.security_group_references:
        raise refusal("LimitExceeded", f"Rules name {region.limits.security_group_references} security groups at most.")


def _key(policy: SecurityPolicy) -> tuple[str, str, str, str, str]:
    return policy.protocol, policy.port, policy.cidr_block, policy.security_group_id, policy.action


def _changed(group: SecurityGroup, now_ns: int) -> None:
    group.version += 1
    group.updated_ns = now_ns


@action(
    "DeleteSecurityGroupPolicies",
    group="security_group",
    parameters=(_GROUP_ID, _POLICY_SET),
    refusals=(
        "InvalidParameter.Coexist",
        "InvalidParameterValue.Malformed",
        "ResourceNotFound",
        "UnsupportedOperation.VersionMismatch",
    ),
)
def delete_security_group_policies(region: Region, request: Request, now_ns: int) -> Reply:
    """Remove rules of one direction, by PolicyIndex or by what they say."""
    group = region.security_group(request["SecurityGroupId"])
    _check_version(group, request)
    direction, asked = _one_direction(request)
    rules = _rules(group, direction)
    leaving = {_index_of(region, rules, item) for item in asked}
    rules[:] = [policy for index, policy in enumerate(rules) if index not in leaving]
    _changed(group, now_ns)
    return Reply({})


def _index_of(region: Region, rules: list[SecurityPolicy], asked: dict[str, Any]) -> int:
    index = asked["PolicyIndex"]
    if index is not None:
        if index >= len(rules):
            raise refusal("ResourceNotFound", f"There is no rule with PolicyIndex {index}.")
        return int(index)
    wanted = _key(_read_policy(region, asked))
    for position, policy in enumerate(rules):
        if _key(policy) == wanted:
            return position
    raise refusal("ResourceNotFound", f"There is no rule {' '.join(filter(None, wanted))}.")


@action(
    "DescribeSecurityGroupPolicies",
    group="security_group",
    parameters=(_GROUP_ID, Parameter("Filters", None, harmless=False)),
    refusals=("ResourceNotFound",),
)
def describe_security_group_policies(region: Region, request: Request, now_ns: int) -> Reply:
    """The rules of a security group, in order, and the version that a change may name."""
    group = region.security_group(request["SecurityGroupId"])
    return Reply(
        {
            "SecurityGroupPolicySet": {
                "Version": str(group.version),
                "Ingress": _policy_views(group, group.ingress),
                "Egress": _policy_views(group, group.egress),
            }
        }
    )


def _policy_views(group: SecurityGroup, rules: list[SecurityPolicy]) -> list[dict[str, Any]]:
    return [
        {
            "PolicyIndex": index,
            "Protocol": policy.protocol,
            "Port": policy.port,
            "CidrBlock": policy.cidr_block,
            "SecurityGroupId": policy.security_group_id,
            "Action": policy.action,
            "PolicyDescription": policy.description,
            "ModifyTime": local_time(group.updated_ns),
        }
        for index, policy in enumerate(rules)
    ]
