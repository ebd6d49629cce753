"""Asynchronous tasks: intermediate states, how a task ends, what a failed one leaves, and asking for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hasim.cloud import ACTIONS, CloudError, Task, TaskKind, TaskStatus
from tests.unit.cloud_topology import Cloud, specifications

Begin = Callable[[Cloud], Task]


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def run(cloud: Cloud) -> Task:
    return cloud.begin("RunInstances", **cloud.run_parameters(InstanceCount=2))


def power(action: str, *before: str) -> Begin:
    def begin(cloud: Cloud) -> Task:
        for step in before:
            cloud.do(step, InstanceIds=[cloud.a])
        return cloud.begin(action, InstanceIds=[cloud.a])

    return begin


def create(cloud: Cloud) -> Task:
    return cloud.begin("CreateNetworkInterface", **cloud.eni_parameters("10.0.1.50", "10.0.1.51"))


def create_and_attach(cloud: Cloud) -> Task:
    return cloud.begin("CreateAndAttachNetworkInterface", InstanceId=cloud.a, **cloud.eni_parameters("10.0.1.50"))


def delete(cloud: Cloud) -> Task:
    eni = cloud.make_eni("10.0.1.50")
    cloud.bind(cloud.make_eip(), eni, "10.0.1.50")
    return cloud.begin("DeleteNetworkInterface", NetworkInterfaceId=eni)


def attach(cloud: Cloud) -> Task:
    eni = cloud.make_eni("10.0.1.50")
    cloud.bind(cloud.make_eip(), eni, "10.0.1.50")
    return cloud.begin("AttachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)


def attached(cloud: Cloud) -> str:
    eni = cloud.attach(cloud.make_eni("10.0.1.50"), cloud.a)
    cloud.bind(cloud.make_eip(), eni, "10.0.1.50")
    return eni


def detach(cloud: Cloud) -> Task:
    eni = attached(cloud)
    cloud.region.announce(cloud.make_ha_vip(), eni, now_ns=0)
    return cloud.begin("DetachNetworkInterface", NetworkInterfaceId=eni, InstanceId=cloud.a)


def migrate(cloud: Cloud) -> Task:
    return cloud.begin(
        "MigrateNetworkInterface",
        NetworkInterfaceId=attached(cloud),
        SourceInstanceId=cloud.a,
        DestinationInstanceId=cloud.b,
    )


def assign(cloud: Cloud) -> Task:
    return cloud.begin("AssignPrivateIpAddresses", NetworkInterfaceId=cloud.eni_a, SecondaryPrivateIpAddressCount=2)


def floating(cloud: Cloud) -> None:
    cloud.assign(cloud.eni_a, "10.0.1.100")
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.100")


def unassign(cloud: Cloud) -> Task:
    floating(cloud)
    return cloud.begin(
        "UnassignPrivateIpAddresses", NetworkInterfaceId=cloud.eni_a, PrivateIpAddresses=specifications("10.0.1.100")
    )


def move(cloud: Cloud) -> Task:
    floating(cloud)
    return cloud.begin(
        "MigratePrivateIpAddress",
        SourceNetworkInterfaceId=cloud.eni_a,
        DestinationNetworkInterfaceId=cloud.eni_b,
        PrivateIpAddress="10.0.1.100",
    )


def allocate(cloud: Cloud) -> Task:
    return cloud.begin("AllocateAddresses", AddressCount=3)


def release(cloud: Cloud) -> Task:
    return cloud.begin("ReleaseAddresses", AddressIds=[cloud.make_eip(), cloud.make_eip()])


def associate(cloud: Cloud) -> Task:
    return cloud.begin("AssociateAddress", AddressId=cloud.make_eip(), InstanceId=cloud.a, EipDirectConnection=True)


def disassociate(cloud: Cloud) -> Task:
    return cloud.begin("DisassociateAddress", AddressId=cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10"))


def disassociate_unattached(cloud: Cloud) -> Task:
    eip = cloud.bind(cloud.make_eip(), cloud.make_eni("10.0.1.50"), "10.0.1.50")
    return cloud.begin("DisassociateAddress", AddressId=eip)


def transform(cloud: Cloud) -> Task:
    instance = cloud.make_instance(InternetAccessible={"PublicIpAssigned": "true"})
    return cloud.begin("TransformAddress", InstanceId=instance)


def delete_ha_vip(cloud: Cloud) -> Task:
    return cloud.begin("DeleteHaVip", HaVipId=cloud.make_ha_vip())


def bind_ha_vip(cloud: Cloud) -> Task:
    address = cloud.describe_eip(cloud.make_eip())["AddressIp"]
    return cloud.begin("HaVipAssociateAddressIp", HaVipId=cloud.make_ha_vip(), AddressIp=address)


def unbind_ha_vip(cloud: Cloud) -> Task:
    task = bind_ha_vip(cloud)
    cloud.commit(task)
    return cloud.begin("HaVipDisassociateAddressIp", HaVipId=task.ha_vip_id)


def change_network(cloud: Cloud) -> Task:
    cloud.bind(cloud.make_eip(), cloud.eni_a, "10.0.1.10")
    network = {"VpcId": cloud.vpc, "SubnetId": cloud.second}
    return cloud.begin("ModifyInstancesVpcAttribute", InstanceIds=[cloud.a], VirtualPrivateCloud=network)


TASKS: list[Begin] = [
    run,
    power("StopInstances"),
    power("StartInstances", "StopInstances"),
    power("RebootInstances"),
    power("TerminateInstances"),
    create,
    create_and_attach,
    delete,
    attach,
    detach,
    migrate,
    assign,
    unassign,
    move,
    allocate,
    release,
    associate,
    disassociate,
    disassociate_unattached,
    transform,
    delete_ha_vip,
    bind_ha_vip,
    unbind_ha_vip,
    change_network,
]
every_task = pytest.mark.parametrize("begin", TASKS, ids=[begin.__qualname__ for begin in TASKS])


def resources(cloud: Cloud) -> dict[str, Any]:
    """What exists and how it stands, without what only counts or remembers (tasks, tokens, numbers, operations)."""
    snapshot = cloud.region.snapshot()
    for table in ("tasks", "tokens", "counters", "quota_days"):
        del snapshot[table]
    for instance in snapshot["instances"].values():
        for field in ("latest_operation", "latest_operation_state", "latest_operation_request_id"):
            del instance[field]
    return snapshot


def before_last_call(begin: Begin) -> dict[str, Any]:
    """The resources just before the last call that ``begin`` makes."""
    cloud = Cloud()
    seen: list[dict[str, Any]] = []
    call = cloud.begin

    def note(action: str, **parameters: Any) -> Task:
        seen.append(resources(cloud))
        return call(action, **parameters)

    cloud.begin = note  # type: ignore[method-assign]  # the only place that knows where the last call is
    begin(cloud)
    return seen[-1]


@every_task
def test_failed_task_leaves_everything_as_it_was(begin: Begin) -> None:
    cloud = Cloud()
    task = begin(cloud)
    cloud.fail(task)
    assert resources(cloud) == before_last_call(begin)
    assert task.status is TaskStatus.FAILED
    assert cloud.region.running_tasks() == []


@every_task
def test_committed_task_is_over(begin: Begin) -> None:
    cloud = Cloud()
    task = begin(cloud)
    assert cloud.region.running_tasks() == [task]
    assert task.status is TaskStatus.RUNNING
    ended = cloud.region.commit(task.task_id, now_ns=9)
    assert ended is task
    assert (task.status, task.ended_ns) == (TaskStatus.SUCCESS, 9)
    assert cloud.region.running_tasks() == []


def test_every_asynchronous_action_is_among_the_tasks_here() -> None:
    asynchronous = {name for name, spec in ACTIONS.items() if spec.kind is not None}
    assert {begin(Cloud()).action for begin in TASKS} == asynchronous


@pytest.mark.parametrize("end", ["commit", "fail"])
def test_a_task_ends_once(cloud: Cloud, end: str) -> None:
    task = create(cloud)
    cloud.commit(task)
    with pytest.raises(ValueError, match=f"no running task {task.task_id}"):
        getattr(cloud.region, end)(task.task_id, now_ns=0)


def test_task_identifier_is_the_request_identifier(cloud: Cloud) -> None:
    reply = cloud.region.call("CreateNetworkInterface", cloud.eni_parameters(), now_ns=0)
    assert reply.task is not None
    assert reply.response["RequestId"] == reply.task.task_id


def status(cloud: Cloud, task: Task) -> str:
    return str(cloud.do("DescribeVpcTaskResult", TaskId=task.task_id)["Status"])


def test_vpc_task_is_running_then_success_or_failed(cloud: Cloud) -> None:
    good, bad = create(cloud), assign(cloud)
    assert (status(cloud, good), status(cloud, bad)) == ("RUNNING", "RUNNING")
    cloud.commit(good)
    cloud.fail(bad)
    assert (status(cloud, good), status(cloud, bad)) == ("SUCCESS", "FAILED")


def test_vpc_task_result_names_its_resources(cloud: Cloud) -> None:
    task = move(cloud)
    result = cloud.do("DescribeVpcTaskResult", TaskId=task.task_id)["Result"]
    assert result == [
        {"ResourceId": cloud.eni_a, "Status": "RUNNING"},
        {"ResourceId": cloud.eni_b, "Status": "RUNNING"},
    ]


def test_eip_task_has_an_integer_that_is_a_string_in_the_answer(cloud: Cloud) -> None:
    reply = cloud.region.call("AllocateAddresses", {}, now_ns=0)
    assert reply.task is not None
    assert reply.task.kind is TaskKind.EIP
    number = reply.response["TaskId"]
    assert number == str(reply.task.number)
    assert cloud.do("DescribeTaskResult", TaskId=int(number))["Result"] == "RUNNING"
    cloud.commit(reply.task)
    assert cloud.do("DescribeTaskResult", TaskId=number)["Result"] == "SUCCESS"


def test_transform_answers_with_an_integer(cloud: Cloud) -> None:
    instance = cloud.make_instance(InternetAccessible={"PublicIpAssigned": True})
    response = cloud.region.call("TransformAddress", {"InstanceId": instance}, now_ns=0).response
    assert isinstance(response["TaskId"], int)


def test_tasks_of_different_enis_run_side_by_side(cloud: Cloud) -> None:
    tasks = [
        cloud.begin("AssignPrivateIpAddresses", NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)
        for eni in (cloud.eni_a, cloud.eni_b, cloud.eni_c)
    ]
    for task in reversed(tasks):
        cloud.commit(task)
    assert all(len(cloud.addresses(eni)) == 2 for eni in (cloud.eni_a, cloud.eni_b, cloud.eni_c))


def test_two_eips_may_be_bound_to_one_eni_at_once(cloud: Cloud) -> None:
    cloud.assign(cloud.eni_a, "10.0.1.100")
    tasks = [
        cloud.begin("AssociateAddress", AddressId=cloud.make_eip(), NetworkInterfaceId=cloud.eni_a, PrivateIpAddress=ip)
        for ip in ("10.0.1.10", "10.0.1.100")
    ]
    for task in tasks:
        cloud.commit(task)
    assert all(item["PublicIpAddress"] for item in cloud.describe_eni(cloud.eni_a)["PrivateIpAddressSet"])


def test_old_ended_tasks_are_forgotten_and_running_ones_kept(cloud: Cloud) -> None:
    cloud.region._paranoid = False
    running = assign(cloud)
    first = create(cloud)
    cloud.commit(first)
    for _ in range(5_000):
        cloud.do("StopInstances", InstanceIds=[cloud.a])
        cloud.do("StartInstances", InstanceIds=[cloud.a])
    assert len(cloud.region.tasks) == 10_000
    assert status(cloud, running) == "RUNNING"
    with pytest.raises(CloudError, match="ResourceNotFound"):
        status(cloud, first)
