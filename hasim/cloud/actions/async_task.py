"""Asking how an asynchronous task stands: DescribeVpcTaskResult and DescribeTaskResult."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hasim.cloud.entities import TaskKind
from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Integer, Parameter, Text, at_least_one
from hasim.cloud.registry import Reply, Request, action

if TYPE_CHECKING:
    from hasim.cloud.region import Region

__all__: list[str] = []

_LONGEST_TASK_ID = 64


@action(
    "DescribeVpcTaskResult",
    group="async_task",
    rate_limit_per_s=20,
    parameters=(Parameter("TaskId", Text(_LONGEST_TASK_ID, "InvalidParameterValue"), required=True),),
    refusals=("ResourceNotFound",),
)
def describe_vpc_task_result(region: Region, request: Request, now_ns: int) -> Reply:
    """How an ENI, private IP or HAVIP task stands; TaskId is the RequestId of the call that began it."""
    task = region.tasks.get(request["TaskId"])
    if task is None or task.kind is not TaskKind.VPC:
        raise refusal("ResourceNotFound", f"There is no task {request['TaskId']!r}.")
    result = [{"ResourceId": identifier, "Status": task.status} for identifier in task.resource_ids]
    return Reply({"Status": task.status, "Output": "", "Result": result})


@action(
    "DescribeTaskResult",
    group="async_task",
    rate_limit_per_s=20,
    parameters=(
        Parameter("TaskId", Integer(out_of_range="InvalidParameter")),
        Parameter("DealName", None, harmless=False),
    ),
    rules=(at_least_one("TaskId"),),
    refusals=("InvalidParameter",),
)
def describe_task_result(region: Region, request: Request, now_ns: int) -> Reply:
    """How an EIP task stands; TaskId is the integer that the EIP action returned."""
    number = request["TaskId"]
    for task in reversed(region.tasks.values()):
        if task.kind is TaskKind.EIP and task.number == number:
            return Reply({"TaskId": number, "Result": task.status})
    raise refusal("InvalidParameter", f"There is no task {number}.")
