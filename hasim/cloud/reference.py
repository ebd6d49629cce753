"""The reference of the control plane, generated from the declarations: ``docs/cloud-api.md``.

``python -m hasim.cloud.reference`` prints it; the tests hold the file against it and rewrite it with ``--rewrite``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from hasim.cloud import ACTIONS
from hasim.cloud.entities import TaskKind
from hasim.cloud.errors import COMMON_CODES, MESSAGES
from hasim.cloud.limits import SPECIFICATION_TABLE
from hasim.cloud.parameters import Parameter
from hasim.cloud.registry import Action
from hasim.cloud.unmodelled import REASONS, Reason, reason_for

__all__ = ["documented_codes", "not_modelled", "render"]

_GROUPS = {
    "eni": "Elastic network interfaces",
    "private_ip": "Private addresses",
    "async_task": "Tasks",
    "eip": "Elastic public addresses",
    "havip": "HAVIPs",
    "security_group": "Security groups",
    "vpc_subnet": "VPCs and subnets",
    "cvm_support": "Instances",
}
_KINDS = {
    None: "answered at once",
    TaskKind.VPC: "task, asked for by DescribeVpcTaskResult",
    TaskKind.EIP: "task, asked for by DescribeTaskResult",
    TaskKind.CVM: "task, seen in the instance's state",
}

_INTRODUCTION = """\
# The modelled cloud API

This page is generated from the code (`python -m hasim.cloud.reference`); edit that, not this.

`hasim.cloud` answers the API actions below as the real control plane does: it checks the parameters, refuses what the
real one refuses, with its code, and changes nothing when it refuses. An asynchronous action answers at once and begins
a task; until somebody commits or fails it, the resources show the intermediate states and no second exclusive task may
touch them. How long a task takes, whether it fails, how often an action may be called and when the API itself is down
is the business of whoever drives the model (the simulated world, or the HTTP endpoint), not of the model.

Parameters are *modelled*, *ignored* (the real action takes them; they change nothing here) or *refused* (ignoring them
would answer something else than was asked: `UnsupportedOperation`; a value that asks for nothing, which is false, 0 or
something empty, passes). What neither the real action nor the model knows is refused with `UnknownParameter`. Booleans
and integers may come as strings.

Every code in a list of answers is produced by a test that makes the call; every other code that the API documents for
the action is listed as not modelled, with its reason.
"""

_ANSWERS = (
    ("too many ENIs for the instance, or addresses for the ENI (assign, migrate, attach)", "`LimitExceeded`"),
    (
        "more than ten addresses asked for in one call",
        "`InvalidParameterValue.LimitExceeded`, or `LimitExceeded` where that is not listed",
    ),
    (
        "too many ENIs in the VPC",
        "`LimitExceeded.NetworkInterfaceLimitExceeded`, or `LimitExceeded` where that is not listed",
    ),
    (
        "address outside the subnet, kept by the cloud, taken",
        "`InvalidParameterValue.Range`, `InvalidParameterValue.Reserved`, `ResourceInUse`",
    ),
    ("primary address unassigned", "`UnsupportedOperation`"),
    ("primary address migrated", "`UnauthorizedOperation.PrimaryIp` (not `UnsupportedOperation.PrimaryIp`)"),
    ("address migrated from an ENI that does not have it", "`UnauthorizedOperation.AttachmentNotFound`"),
    ("address migrated across subnets, or onto the same ENI", "`UnsupportedOperation`"),
    ("second task on an ENI: address actions", "`UnsupportedOperation.MutexOperationTaskRunning`"),
    ("second task on an ENI: attach, detach, delete", "`UnsupportedOperation.InvalidState`"),
    ("second task on an ENI: MigrateNetworkInterface", "`UnsupportedOperation`"),
    ("attached ENI attached again, wherever to", "`UnsupportedOperation.AttachmentAlreadyExists`"),
    ("attached ENI deleted", "`ResourceInUse`"),
    ("primary ENI detached, migrated or deleted", "`UnsupportedOperation`"),
    ("ENI attached or migrated without a security group", "`UnsupportedOperation`"),
    ("primary ENI left without a security group", "`UnsupportedOperation`"),
    ("ENI detached that is on no instance", "`UnsupportedOperation.InvalidState`"),
    ("ENI detached that is on another instance", "`UnsupportedOperation`"),
    (
        "ENI attached to an instance that is neither RUNNING nor STOPPED",
        "`UnsupportedOperation.ResourceIsInvalidState`",
    ),
    ("ENI in another zone", "`UnsupportedOperation.ZoneMismatch`, or `UnsupportedOperation` where that is not listed"),
    ("bound EIP associated, unbound EIP disassociated", "`UnsupportedOperation.AddressStatusNotPermit`"),
    ("EIP, or its private address, with a task under way", "`OperationDenied.MutexTaskRunning`"),
    (
        "EIP for a private address that has one",
        "`InvalidPrivateIpAddress.AlreadyBindEip`; by instance `InvalidInstanceId.AlreadyBindEip`",
    ),
    (
        "ordinary public address for an instance that has all its public addresses",
        "`InvalidParameterValue`: no code of ResetInstancesInternetMaxBandwidth speaks of a quota",
    ),
    ("instance with a task under way, or ordinary public address where an EIP arrives", "`MutexOperation.TaskRunning`"),
    ("instance in the wrong state", "`UnsupportedOperation.InstanceState...`"),
    (
        "ClientToken of another call",
        "`UnsupportedOperation.IdempotentParameterMismatch`, or `InvalidParameterValue` where that is not listed",
    ),
)
"""What the model answers where the API's lists leave it open: situation and code."""

_BEHAVIOUR = """\
What the documents leave open about behaviour:

- One exclusive task per ENI: assigning, unassigning and migrating addresses exclude each other and every change of
  attachment of the same ENI (of both ENIs when an address migrates). EIPs of different addresses of one ENI may be
  bound at once.
- MigrateNetworkInterface is one task; the ENI is DETACHING, on its source, until the task commits.
- An EIP follows its private address to another ENI, and a changed primary address keeps its EIP.
- The public address quota of an instance is enforced when an EIP is associated or an ordinary public address assigned,
  not when a private address or an ENI arrives.
- A HAVIP that its ENI leaves behind (detached, terminated, moved to another subnet) is UNBIND until the next claim; it
  goes along with an ENI that is migrated. An ENI that is in the range of a HAVIP of its subnet, itself or by its
  instance, can be neither detached nor migrated.
- CreateHaVip with NetworkInterfaceId is a claim of that ENI: with CheckAssociate it has to be in the range. Whoever
  leaves the range keeps what he has claimed until somebody else claims it.
- A gratuitous ARP is followed when the ENI is attached, in the HAVIP's subnet and, with CheckAssociate, in its range;
  one for an ordinary private address is never followed. The limit of five HAVIPs for an ENI is a recommendation, and
  not enforced.
- A crashed guest is RUNNING for every action; what leaves it takes the time of a dead host.
- The `address-ipv6` filter matches nothing: there is no IPv6. UnassignPrivateIpAddresses with InstanceId, which would
  unbind the instance too, is refused.
- CheckAssociate is off unless asked for, as the API's own description says (the console's default is on).
- ClientTokens do not expire; the 10,000 latest are kept, and as many tasks. The token of a call whose task has failed
  (a restart of the endpoint fails running tasks) still gets the first answer, which may name what never came to be: its
  RequestId or TaskId tells of the failure, and a new attempt takes a new token.
- RunInstances creates as many instances as InstanceCount says or none: stock never runs out, and MinCount is only held
  against InstanceCount.
- One call makes ten addresses at the most, those that it names and those that it counts together.
- Of several filters each has to match, two of the same name too.
- The filter `ip-exact-match` of DescribeNetworkInterfaces is a Boolean, of which the first value counts; what is
  neither `true` nor `false` is refused. It makes a single `address-ip` exact (several are exact anyway), and without
  that filter it narrows nothing.
"""


@cache
def documented_codes() -> dict[str, tuple[str, ...]]:
    """The error codes that the API documents, by action; actions outside the catalogue are absent."""
    catalogue: dict[str, Any] = json.loads(files("hasim.cloud").joinpath("catalogue.json").read_text("utf-8"))
    return {name: tuple(entry["errors"]) for name, entry in catalogue["actions"].items()}


def not_modelled(action: str) -> Iterator[tuple[str, Reason]]:
    """The documented codes that the action never answers with, each with its reason.

    Raises:
        KeyError: a code has no reason.
    """
    for code in documented_codes().get(action, ()):
        if code not in ACTIONS[action].codes:
            reason = reason_for(action, code)
            if reason is None:
                raise KeyError(f"{action}/{code} is neither answered nor explained")
            yield code, reason


def render() -> str:
    """The whole page, as Markdown."""
    parts = [_INTRODUCTION, *_overview(), *_answers(), _BEHAVIOUR, *_limits()]
    for group, title in _GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [_section(action) for action in _actions_of(group)]
    parts += [*_reasons(), *_messages()]
    return "\n".join(parts)


def _actions_of(group: str) -> list[Action]:
    return sorted((action for action in ACTIONS.values() if action.group == group), key=lambda action: action.name)


def _codes(codes: list[str]) -> str:
    return ", ".join(f"`{code}`" for code in sorted(codes)) or "none"


def _overview() -> Iterator[str]:
    yield "## The actions\n\n| action | | calls per second | answers |\n|---|---|---|---|"
    for group in _GROUPS:
        for action in _actions_of(group):
            rate = action.rate_limit_per_s or "not published"
            documented = documented_codes().get(action.name)
            count = len(action.codes)
            answers = f"{count} codes"
            if documented is not None:
                answers += f", {len(set(documented) & action.codes)} of the {len(documented)} documented"
            yield f"| [{action.name}](#{action.name.lower()}) | {_KINDS[action.kind]} | {rate} | {answers} |"
    yield (
        "\nAny action may also answer the common codes "
        f"{_codes([code for code in COMMON_CODES if code != 'InternalError'])}.\n"
    )


def _answers() -> Iterator[str]:
    yield "## Which code is answered\n"
    yield "The API lists codes per action and not when each is answered. Where the list leaves it open:\n"
    yield "| situation | answer |\n|---|---|"
    yield from (f"| {situation} | {answer} |" for situation, answer in _ANSWERS)
    yield ""


def _limits() -> Iterator[str]:
    yield "## Limits per instance\n"
    yield "| cores | memory | ENIs | private addresses per ENI | source |\n|---|---|---|---|---|"
    for row in SPECIFICATION_TABLE:
        cores = str(row.least_cpu) if row.least_cpu == row.most_cpu else f"{row.least_cpu}-{row.most_cpu or ''}"
        memory = "any other" if row.most_memory_gb is None else f"{'<' if row.below else '<='} {row.most_memory_gb} GB"
        addresses = row.addresses or "`four_core_16gb_addresses`: 10 or 20"
        yield f"| {cores} | {memory} | {row.interfaces} | {addresses} | {row.note} |"
    yield "\nThe first row that fits decides. The primary ENI and the primary address are included.\n"


def _section(action: Action) -> str:
    rate = f"; {action.rate_limit_per_s} calls per second" if action.rate_limit_per_s else ""
    lines = [f"### {action.name}\n", f"{action.perform.__doc__}\n", f"*{_KINDS[action.kind]}{rate}*\n"]
    if action.parameters:
        lines += ["| parameter | type | |", "|---|---|---|"]
        lines += [_parameter(item) for item in action.parameters]
        lines.append("")
    if action.rules:
        lines.append("Rules: " + "; ".join(rule.text for rule in action.rules) + ".\n")
    lines.append(f"Answers: {_codes(list(action.codes))}.\n")
    missing = [f"`{code}` ({reason.key})" for code, reason in not_modelled(action.name)]
    if missing:
        lines.append(f"Documented and not modelled: {', '.join(missing)}.\n")
    if action.name not in documented_codes():
        lines.append("The catalogue of documented codes has no entry for this action.\n")
    return "\n".join(lines)


def _parameter(item: Parameter) -> str:
    if item.kind is None:
        return f"| {item.name} | | {'ignored' if item.harmless else 'refused'} |"
    return f"| {item.name} | {item.kind.label} | modelled{', required' if item.required else ''} |"


def _reasons() -> Iterator[str]:
    yield "## Why documented codes are not modelled\n\n| | reason | codes |\n|---|---|---|"
    missing = {(code, reason.key) for action in documented_codes() for code, reason in not_modelled(action)}
    for reason in REASONS:
        codes = _codes([code for code, key in missing if key == reason.key])
        yield f"| {reason.key} | {reason.text} | {codes} |"
    yield ""


def _messages() -> Iterator[str]:
    yield "## Messages\n\n| code | message |\n|---|---|"
    for code in sorted(MESSAGES):
        yield f"| `{code}` | {MESSAGES[code]} |"
    yield ""


if __name__ == "__main__":
    print(render(), end="")
