"""``hasim serve`` as a real process on loopback, and the official SDK as its client."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

__all__ = [
    "REGION",
    "SECRET_ID",
    "SECRET_KEY",
    "Client",
    "Served",
    "ServedProcess",
    "ask",
    "refusal",
    "serving",
    "wait_until",
]

REGION = "ap-guangzhou"
SECRET_ID, SECRET_KEY = "AKIDtest", "keyfortests"
_PATIENCE_S = 30


@dataclass(frozen=True)
class Served:
    """A running endpoint."""

    url: str

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    def control(self, method: str, path: str, posted: object = None) -> Any:
        """A request to one of hasim's own addresses."""
        return _answer(method, f"{self.url}/_hasim/{path}", posted, {})

    def call(self, action: str, **parameters: Any) -> Any:
        """The response to an API call without a signature."""
        headers = {"X-TC-Action": action, "X-TC-Version": "2017-03-12", "X-TC-Region": REGION}
        return _answer("POST", self.url, parameters, headers)["Response"]

    def resources(self) -> dict[str, Any]:
        """What is there, without times, tasks, and what is on its way into the forwarding."""
        state = self.control("GET", "state")
        places = [item for instance in state["instances"] for item in instance["interfaces"]] + state["unattached"]
        for address in (address for item in places for address in item["addresses"]):
            del address["reached"]
        return {key: state[key] for key in ("instances", "unattached", "eips", "ha_vips")}


@dataclass(frozen=True)
class ServedProcess(Served):
    """One that is a process."""

    process: subprocess.Popen[str]

    def kill(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE_S)


def _answer(method: str, url: str, posted: object, headers: dict[str, str]) -> Any:
    body = None if posted is None else json.dumps(posted).encode()
    request = urllib.request.Request(url, body, {**headers, "Content-Type": "application/json"}, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return json.load(answer)


@contextmanager
def serving(*arguments: str | Path, auth: bool = True) -> Iterator[ServedProcess]:
    """The endpoint on a free port, until the block ends."""
    keys = ["--secret-id", SECRET_ID, "--secret-key", SECRET_KEY] if auth else ["--no-auth"]
    command = [sys.executable, "-c", "from hasim.cli.main import main; main()", "serve", "--port", "0", *keys]
    process = subprocess.Popen([*command, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield ServedProcess(process.stdout.readline().strip(), process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Client:
    """The official SDK's clients of both services."""

    def __init__(
        self,
        address: str,
        *,
        key: str = SECRET_KEY,
        secret_id: str = SECRET_ID,
        region: str = REGION,
        timeout_s: int = 60,
    ) -> None:
        credential = pytest.importorskip("tencentcloud.common.credential").Credential(secret_id, key)
        profiles = pytest.importorskip("tencentcloud.common.profile.client_profile")
        http = pytest.importorskip("tencentcloud.common.profile.http_profile")
        self.vpc_models: ModuleType = pytest.importorskip("tencentcloud.vpc.v20170312.models")
        self.cvm_models: ModuleType = pytest.importorskip("tencentcloud.cvm.v20170312.models")
        vpc = pytest.importorskip("tencentcloud.vpc.v20170312.vpc_client").VpcClient
        cvm = pytest.importorskip("tencentcloud.cvm.v20170312.cvm_client").CvmClient

        def profile() -> Any:
            reached = http.HttpProfile(protocol="http", endpoint=address, reqTimeout=timeout_s)
            return profiles.ClientProfile(httpProfile=reached)

        self.vpc = vpc(credential, region, profile())
        self.cvm = cvm(credential, region, profile())


def ask(client: Client, action: str, **parameters: Any) -> Any:
    """Call an action through the SDK's own request class; gives its response object."""
    models, service = (
        (client.vpc_models, client.vpc) if hasattr(client.vpc, action) else (client.cvm_models, client.cvm)
    )
    request = getattr(models, f"{action}Request")()
    request.from_json_string(json.dumps(parameters))
    return getattr(service, action)(request)


def refusal(client: Client, action: str, **parameters: Any) -> str:
    """The code with which the SDK says that the call was refused."""
    errors = pytest.importorskip("tencentcloud.common.exception.tencent_cloud_sdk_exception")
    with pytest.raises(errors.TencentCloudSDKException) as caught:
        ask(client, action, **parameters)
    assert caught.value.requestId
    return str(caught.value.code)


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll until it is so."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "this never happened"
        time.sleep(0.02)
