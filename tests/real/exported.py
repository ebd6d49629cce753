"""What ``hasim export`` has written, on this machine: nodes whose scripts are processes, against a served scenario."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hasim.cloud.http import Credentials
from hasim.export import ExportedNode, ExportOptions, export, identifiers_of
from hasim.scenario import loads
from hasim.scenario.model import Scenario
from hasim.scenario.topology import build_region
from hasim.serve import Endpoint
from tests.real.serving import SECRET_ID, SECRET_KEY, Served

__all__ = ["PAIR", "Node", "holder", "is_ready", "nodes", "pair"]

PAIR = """
name: pair
horizon: 10min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
notify: {NOTIFY}
control_plane: {accept: 5ms, actions: {MigratePrivateIpAddress: {task: 200ms}}}
"""


class Node:
    """One exported instance on this machine, with its log."""

    def __init__(self, served: Served, node: ExportedNode, directory: Path) -> None:
        self.name = node.name
        self._log = directory / f"{node.name}.log"
        self._program = str(node.directory / "hasim_notify.py")
        self.environment = {
            **os.environ,
            "HASIM_ENDPOINT": served.url,
            "HASIM_LOG": str(self._log),
            "HASIM_SYSLOG": "0",
            "HASIM_RUN_DIRECTORY": str(directory / f"{node.name}-run"),
            "TENCENTCLOUD_SECRET_ID": SECRET_ID,
            "TENCENTCLOUD_SECRET_KEY": SECRET_KEY,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, self._program, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments) as process:
            said, logged = process.communicate(timeout=60)
            return subprocess.CompletedProcess(arguments, process.returncode, said, logged)

    def log(self) -> list[dict[str, Any]]:
        """What its scripts have logged."""
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    def answers(self, event: str) -> list[tuple[str, str]]:
        """The calls of the scripts of one event, with the codes of their answers."""
        runs = {record["run"] for record in self.log() if record.get("event") == event}
        return [
            (record["action"], record["code"])
            for record in self.log()
            if record["run"] in runs and record["record"] == "ApiAnswered"
        ]

    def outcomes(self, event: str) -> list[str]:
        runs = {record["run"] for record in self.log() if record.get("event") == event}
        return [r["outcome"] for r in self.log() if r["run"] in runs and r["record"] == "NotifyEnded"]


@contextmanager
def nodes(scenario: Scenario, directory: Path, speed: float = 1.0) -> Iterator[tuple[Served, dict[str, Node]]]:
    """The scenario served and exported, with the identifiers that the endpoint has for its resources.

    The endpoint is in this process: here it is the scripts that are processes of their own.
    """
    pytest.importorskip("tencentcloud.common", reason="the official SDK is not installed")
    directory.mkdir(exist_ok=True)
    endpoint = Endpoint(scenario, speed=speed, credentials=Credentials(SECRET_ID, SECRET_KEY))
    with endpoint.running() as url:
        known = identifiers_of(build_region(scenario, scenario.initial_master or "a"))
        done = export(scenario, directory / "out", identifiers=known, options=ExportOptions(python=sys.executable))
        served = Served(url)
        yield served, {name: Node(served, node, directory) for name, node in done.nodes.items()}
    assert endpoint.failures == []


def holder(exported: dict[str, Node]) -> str:
    """Who says of itself that it holds the address; each knows its own identifier only."""
    found = [node.name for node in exported.values() if node.run("holder").stdout.strip() == node.name]
    return found[0] if found else "nobody"


def pair(notify: str) -> Scenario:
    return loads(PAIR.replace("NOTIFY", notify))


def is_ready(node: Node) -> bool:
    """Whether a script of the node has loaded its libraries and is about to begin."""
    return node._log.exists() and any(record["record"] == "NotifyReady" for record in node.log())
