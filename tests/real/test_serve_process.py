"""``hasim serve`` as a process: what it prints, how it ends, and what it says when it cannot begin."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from hasim.cloud.http import Journal
from hasim.cloud.http.server import listen
from tests.real.serving import ServedProcess, serving, wait_until

pytestmark = pytest.mark.real

COMMAND = [sys.executable, "-c", "from hasim.cli.main import main; main()", "serve"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_while_a_client_waits_in_an_outage(number: signal.Signals) -> None:
    with serving(auth=False) as served:
        served.control("POST", "trouble", {"kind": "outage"})
        host, port = served.address.split(":")
        with socket.create_connection((host, int(port))) as waiting:
            query = "Action=DescribeVpcs&Version=2017-03-12&Region=ap-guangzhou"
            waiting.sendall(f"GET /?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert served.kill(number) == 0


def test_it_listens_on_loopback_and_says_where_on_its_first_line() -> None:
    with serving(auth=False) as served:
        assert served.url.startswith("http://127.0.0.1:")
        assert served.control("GET", "state")["instances"] == []


def test_an_answer_does_not_wait_for_an_acknowledgement() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_bytes_that_are_not_http_do_not_disturb_it() -> None:
    with serving(auth=False) as served:
        host, port = served.address.split(":")
        for noise in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9\r\n\r\n", b"A" * 200_000):
            with socket.create_connection((host, int(port))) as stranger:
                stranger.sendall(noise)
        assert served.control("GET", "state")["region"] == "ap-guangzhou"


def refused(*arguments: str) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_port_that_is_taken_is_the_users_input() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot listen on 127.0.0.1" in refused("--port", str(taken.getsockname()[1]))


def test_options_that_contradict_each_other(tmp_path: Path) -> None:
    assert "--no-auth" in refused("--no-auth", "--secret-id", "AKIDx")
    assert "name one" in refused("--set", "vrrp.advert_int=2s")
    other = tmp_path / "other"
    other.write_text("something\n", encoding="utf-8")
    assert "not a state file" in refused("--port", "0", "--state", str(other))
    assert "No such file" in refused("--port", "0", "--state", str(tmp_path / "nowhere" / "state"))


SCENARIO = """
horizon: 1h
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {front: {cidr: 10.0.1.0/24}}
instances: {a: {address: 10.0.1.11}, b: {address: 10.0.1.12}}
initial_master: a
floating: {address: 10.0.1.100, mechanism: havip}
guest: {boot: 10s}
faults:
  - {kind: crash, target: a, at: 100s, duration: 10min, name: a dies}
  - {kind: api_errors, at: 200s, probability: 100%, code: InternalError, name: burst}
  - {kind: freeze, target: b, at: 1s, duration: 1s, name: b freezes}
"""


def in_scenario(directory: Path) -> Path:
    path = directory / "pair.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def crashed(served: ServedProcess) -> dict[str, bool]:
    return {item["name"]: item["crashed"] for item in served.control("GET", "state")["instances"]}


def test_the_faults_of_a_scenario_happen_on_its_clock_when_asked_for(tmp_path: Path) -> None:
    scenario = in_scenario(tmp_path)
    with serving(scenario, "--faults", "--seed", "1", "--speed", "100", auth=False) as served:
        wait_until(lambda: crashed(served)["a"])
        wait_until(lambda: served.control("GET", "trouble")["troubles"] != [])
        (trouble,) = served.control("GET", "trouble")["troubles"]
        assert (trouble["id"], trouble["kind"], trouble["code"]) == ("burst", "errors", "InternalError")
        wait_until(lambda: not crashed(served)["a"])
        assert served.kill(signal.SIGTERM) == 0
    with serving(scenario, "--speed", "1000", auth=False) as served:
        version = served.control("GET", "routes")["version"]
        assert served.control("GET", "routes")["version"] == version
        assert crashed(served) == {"a": False, "b": False}


def test_a_claim_and_a_crash_survive_kill_9(tmp_path: Path) -> None:
    arguments = (in_scenario(tmp_path), "--state", tmp_path / "state", "--speed", "20")

    def reached(served: ServedProcess) -> dict[str, str]:
        return {item["address"]: item["name"] for item in served.control("GET", "routes")["routes"]}

    with serving(*arguments, auth=False) as served:
        assert reached(served)["10.0.1.100"] == "a"
        served.control("POST", "instances/a/crash", {})
        claim = {"instance": "b", "address": "10.0.1.100", "count": 5}
        assert served.control("POST", "announce", claim)["outcome"] == "claimed"
        wait_until(lambda: reached(served)["10.0.1.100"] == "b")
        served.kill(signal.SIGKILL)
    with serving(*arguments, auth=False) as served:
        assert reached(served)["10.0.1.100"] == "b"
        assert crashed(served) == {"a": True, "b": False}
        assert served.control("POST", "announce", claim)["outcome"] == "there"


def test_a_state_file_that_cannot_be_written_any_more_ends_it_and_keeps_what_was_answered(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk."""
    limited = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *COMMAND]
    state = tmp_path / "state"
    process = subprocess.Popen(
        [*limited, "--port", "0", "--no-auth", "--speed", "1000", "--state", str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        served = ServedProcess(process.stdout.readline().strip(), process)
        group = {"GroupName": "x" * 60, "GroupDescription": "x" * 100}
        responses = (served.call("CreateSecurityGroup", **group) for _ in range(49))
        answered = len(list(takewhile(lambda response: "Error" not in response, responses)))
        assert process.wait(20) == 1
        said = process.stderr.read()
    assert "could not be written, so the endpoint ended" in said
    assert "bug" not in said
    journal = Journal(state)
    assert len(journal.region.security_groups) == answered > 0
    journal.close()


def test_faults_without_a_scenario_are_the_users_input() -> None:
    assert "--faults is about a scenario" in refused("--faults")
    assert "give its --seed" in refused("--replication", "3")
