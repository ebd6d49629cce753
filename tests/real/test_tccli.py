"""The official command line, unchanged but for its endpoint, against ``hasim serve``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hasim.cloud import ACTIONS
from tests.real.serving import REGION, SECRET_ID, SECRET_KEY, Served, serving
from tests.real.story import tell

pytest.importorskip("tccli", reason="the official command line is not installed")
pytestmark = pytest.mark.real

TCCLI = Path(sys.executable).with_name("tccli")
WAITER = "{'expr':'Status','to':'SUCCESS','timeout':20,'interval':1}"
CALL_AFTER_CALL = """
import functools, gc, json, os, sys
import tccli.services, tccli.services.cvm.cvm_client, tccli.services.vpc.vpc_client
from tccli.loaders import SERVICE_VERSIONS, Loader
from tccli.main import main
from tccli.plugin import import_plugins

import_plugins()
for product in SERVICE_VERSIONS.keys() - {"cvm", "vpc"}:
    del SERVICE_VERSIONS[product]
loader = Loader()
Loader.get_service_model = staticmethod(functools.cache(loader.get_service_model))
tccli.services.action_caller = functools.cache(tccli.services.action_caller)
for product, (version, *_) in SERVICE_VERSIONS.items():
    loader.get_service_model(product, version)
    tccli.services.action_caller(product)
gc.freeze()
for line in sys.stdin:
    sys.argv = ["tccli", *json.loads(line)]
    child = os.fork()
    if not child:
        os.dup2(os.open("answer", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(os.open("error", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        sys.exit(main())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""The command line's own entry point, in a process of its own for each call.

What takes longer than everything else is done once: its modules are loaded, its descriptions of the two products that
are used are read (it reads them twice for each call, and looks the product up for each of its actions), and its table
of products is cut down to these two (it makes several hundred copies of it for each call).
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("--speed", "1000") as endpoint:
        yield endpoint


class Shell:
    """The command line, with a home directory of its own."""

    def __init__(self, url: str, home: Path, key: str = SECRET_KEY) -> None:
        self.home = home
        self.environment = {**os.environ, "HOME": str(home)}
        self._common = ["--endpoint", url, "--secretId", SECRET_ID, "--secretKey", key, "--region", REGION]

    def arguments(self, action: str, **parameters: Any) -> list[str]:
        given = [ACTIONS[action].service, action, *self._common]
        for name, value in parameters.items():
            given += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
        return given

    def run(self, action: str, **parameters: Any) -> subprocess.CompletedProcess[str]:
        command = [str(TCCLI), *self.arguments(action, **parameters)]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=60)


class Session:
    """Calls one after the other."""

    def __init__(self, shell: Shell, process: subprocess.Popen[str]) -> None:
        self._shell = shell
        self._process = process

    def _call(self, action: str, **parameters: Any) -> tuple[int, str, str]:
        """Exit status, what was printed, and what was complained of."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(self._shell.arguments(action, **parameters)) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        answer, error = ((self._shell.home / name).read_text(encoding="utf-8") for name in ("answer", "error"))
        return status, answer, error

    def ask(self, action: str, **parameters: Any) -> dict[str, Any]:
        status, answer, error = self._call(action, **parameters)
        assert (status, error) == (0, "")
        shown: dict[str, Any] = json.loads(answer)
        return shown

    def refusal(self, action: str, **parameters: Any) -> str:
        status, answer, error = self._call(action, **parameters)
        assert (status, answer) == (255, "")
        (code,) = re.findall(r"\[TencentCloudSDKException\] code:(\S+) ", error)
        return str(code)


@contextmanager
def session(shell: Shell) -> Iterator[Session]:
    process = subprocess.Popen(
        [sys.executable, "-c", CALL_AFTER_CALL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=shell.home,
        env=shell.environment,
    )
    with process:
        yield Session(shell, process)


def test_the_whole_story(served: Served, tmp_path: Path) -> None:
    with session(Shell(served.url, tmp_path)) as client:
        tell(client, served)


def test_the_command_line_waits_for_a_task(served: Served, tmp_path: Path) -> None:
    shell = Shell(served.url, tmp_path)
    begun = shell.run("AllocateAddresses", AddressCount=1)
    assert begun.returncode == 0, begun.stderr
    number = json.loads(begun.stdout)["TaskId"]
    waiter = WAITER.replace("Status", "Result")
    waited = shell.run("DescribeTaskResult", TaskId=number, waiter=waiter)
    assert json.loads(waited.stdout)["Result"] == "SUCCESS"


def test_the_command_line_with_a_wrong_key_is_refused(served: Served, tmp_path: Path) -> None:
    done = Shell(served.url, tmp_path, key="wrong").run("DescribeVpcs")
    assert done.returncode == 255
    assert "AuthFailure.SignatureFailure" in done.stderr
