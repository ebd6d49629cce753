"""The official command line, unchanged but for its endpoint, against ``hasim serve``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.serving import REGION, SECRET_ID, SECRET_KEY, Served, serving

pytest.importorskip("tccli", reason="the official command line is not installed")
pytestmark = pytest.mark.real

TCCLI = Path(sys.executable).with_name("tccli")
WAITER = "{'expr':'Status','to':'SUCCESS','timeout':20,'interval':1}"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("--speed", "1000") as endpoint:
        yield endpoint


class Shell:
    """Runs the command line with a home directory of its own."""

    def __init__(self, url: str, home: Path, key: str = SECRET_KEY) -> None:
        self._common = ["--endpoint", url, "--secretId", SECRET_ID, "--secretKey", key, "--region", REGION]
        self._environment = {**os.environ, "HOME": str(home)}

    def run(self, service: str, action: str, **parameters: Any) -> subprocess.CompletedProcess[str]:
        command = [str(TCCLI), service, action, *self._common]
        for name, value in parameters.items():
            command += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
        return subprocess.run(command, capture_output=True, text=True, env=self._environment, timeout=60)

    def ask(self, service: str, action: str, **parameters: Any) -> Any:
        done = self.run(service, action, **parameters)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def test_the_command_line_builds_attaches_waits_and_is_refused(served: Served, tmp_path: Path) -> None:
    shell = Shell(served.url, tmp_path)
    zone = f"{REGION}-3"
    vpc = shell.ask("vpc", "CreateVpc", VpcName="main", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = shell.ask("vpc", "CreateSubnet", VpcId=vpc, SubnetName="s", CidrBlock="10.0.1.0/24", Zone=zone)
    group = shell.ask("vpc", "CreateSecurityGroup", GroupName="all", GroupDescription="open")
    (instance,) = shell.ask(
        "cvm",
        "RunInstances",
        Placement={"Zone": zone},
        ImageId="img-487zeit5",
        InstanceType="S5.MEDIUM4",
        VirtualPrivateCloud={"VpcId": vpc, "SubnetId": subnet["Subnet"]["SubnetId"]},
    )["InstanceIdSet"]
    interface = shell.ask(
        "vpc",
        "CreateNetworkInterface",
        VpcId=vpc,
        SubnetId=subnet["Subnet"]["SubnetId"],
        NetworkInterfaceName="floating",
        NetworkInterfaceDescription="moves",
        PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.100"}],
        SecurityGroupIds=[group["SecurityGroup"]["SecurityGroupId"]],
    )
    shell.ask("vpc", "DescribeVpcTaskResult", TaskId=interface["RequestId"], waiter=WAITER)
    named = {"NetworkInterfaceId": interface["NetworkInterface"]["NetworkInterfaceId"], "InstanceId": instance}
    attached = shell.ask("vpc", "AttachNetworkInterface", **named)
    shell.ask("vpc", "DescribeVpcTaskResult", TaskId=attached["RequestId"], waiter=WAITER)
    filters = [{"Name": "attachment.instance-id", "Values": [instance]}]
    found = shell.ask("vpc", "DescribeNetworkInterfaces", Filters=filters)
    assert found["TotalCount"] == 2

    again = shell.run("vpc", "AttachNetworkInterface", **named)
    assert again.returncode == 255
    assert again.stdout == ""
    assert "UnsupportedOperation.AttachmentAlreadyExists" in again.stderr


def test_the_command_line_with_a_wrong_key_is_refused(served: Served, tmp_path: Path) -> None:
    done = Shell(served.url, tmp_path, key="wrong").run("vpc", "DescribeVpcs")
    assert done.returncode == 255
    assert "AuthFailure.SignatureFailure" in done.stderr
