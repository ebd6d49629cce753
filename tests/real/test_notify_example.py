"""``examples/notify/vip.py`` against ``hasim serve``: it moves the address, and its weaknesses are those it names."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.serving import REGION, SECRET_ID, SECRET_KEY, Served, serving, wait_until

pytest.importorskip("tencentcloud.vpc", reason="the official SDK is not installed")
pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios" / "secondary-ip-best-practice.yaml"
VIP = "10.0.1.100"
LOST_QUESTION = {"kind": "errors", "code": "InternalError", "actions": ["DescribeNetworkInterfaces"]}


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(SCENARIO, "--speed", "50") as endpoint:
        yield endpoint


class Node:
    """One of the two instances, with the script on it."""

    def __init__(self, served: Served, directory: Path, name: str, **more: Any) -> None:
        interfaces = {item["name"]: item["interfaces"][0]["id"] for item in served.resources()["instances"]}
        own = interfaces.pop(name)
        (peer,) = interfaces.values()
        self.state = directory / f"{name}.state"
        self.state.write_text("MASTER\n", encoding="utf-8")
        self._config = directory / f"{name}.json"
        settings = {
            "endpoint": served.url,
            "region": REGION,
            "secret_id": SECRET_ID,
            "secret_key": SECRET_KEY,
            "vip": VIP,
            "my_interface": own,
            "peer_interface": peer,
            "my_address": "10.0.1.11",
            "state_file": str(self.state),
            **more,
        }
        self._config.write_text(json.dumps(settings), encoding="utf-8")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        script = ROOT / "examples" / "notify" / "vip.py"
        return subprocess.run(
            [sys.executable, str(script), str(self._config), command], capture_output=True, text=True, timeout=60
        )


def holder(served: Served) -> str:
    """The instance that has the address."""
    (found,) = (
        item["name"]
        for item in served.resources()["instances"]
        for box in item["interfaces"]
        if VIP in [address["address"] for address in box["addresses"]]
    )
    return str(found)


def test_it_moves_the_address_to_the_node_that_became_master(served: Served, tmp_path: Path) -> None:
    before = holder(served)
    other = "b" if before == "a" else "a"
    node = Node(served, tmp_path, other)
    assert node.run("query").stdout == "false\n"
    done = node.run("migrate")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: holder(served) == other)
    assert node.run("query").stdout == "true\n"
    assert "already" in node.run("migrate").stderr


def test_a_node_that_is_no_longer_master_leaves_the_address_alone(served: Served, tmp_path: Path) -> None:
    before = holder(served)
    node = Node(served, tmp_path, "b" if before == "a" else "a")
    node.state.write_text("BACKUP\n", encoding="utf-8")
    assert "no longer MASTER" in node.run("migrate").stderr
    assert not served.control("GET", "state")["tasks"]
    assert holder(served) == before


def test_a_failed_question_is_taken_for_yes(served: Served, tmp_path: Path) -> None:
    before = holder(served)
    node = Node(served, tmp_path, "b" if before == "a" else "a")
    served.control("POST", "trouble", LOST_QUESTION)
    done = node.run("migrate")
    assert (done.returncode, "I hold it already" in done.stderr) == (0, True)
    assert not served.control("GET", "state")["tasks"]
    assert holder(served) == before


def test_a_failed_question_that_counts_as_unknown_does_not_stop_it(served: Served, tmp_path: Path) -> None:
    other = "b" if holder(served) == "a" else "a"
    node = Node(served, tmp_path, other, unanswered="unknown")
    served.control("POST", "trouble", LOST_QUESTION)
    assert node.run("migrate").returncode == 0
    wait_until(lambda: holder(served) == other)
