"""What ``hasim export`` writes, in real use: the installed keepalived reads it, and the scripts move the address.

The scripts run as keepalived runs them, as processes of their own, against what ``hasim serve`` serves.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar, NamedTuple

import pytest
from typer.testing import CliRunner

from hasim.cli.main import app
from hasim.export import ExportOptions, export, identifiers_of
from hasim.export.discovery import identify
from hasim.scenario import load, loads
from hasim.scenario.topology import build_region
from tests.keepalived.daemon import config_test, needs_keepalived
from tests.real.exported import PAIR, holder, is_ready, nodes, pair
from tests.real.serving import SECRET_ID, SECRET_KEY, wait_until

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"
MECHANISMS = ("secondary-ip-migrate", "secondary-ip-reassign-with-eip", "eni-migrate", "eni-reattach", "eip")
NO_ANSWERS = {"kind": "outage"}
REFUSED = {"kind": "errors", "code": "InternalError"}


RICH = """
name: rich
horizon: 10min
zones: [z]
vpc: {cidr: 10.0.0.0/16, multicast: true}
subnets: {service: {cidr: 10.0.1.0/24}, back: {cidr: 10.0.2.0/24}}
instances:
  a: {cpu: 4, memory: 8GB, interfaces: {one: {subnet: service}, two: {subnet: back}}, vrrp: {state: MASTER}}
  b: {cpu: 4, memory: 8GB, interfaces: {one: {subnet: service}, two: {subnet: back}}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
"""
EVERYTHING = (
    "vrrp: {version: 3, advert_int: 330ms, native_ipv6: true}",
    "vrrp: {native_ipv6: true, transport: multicast, startup_delay: 3s, preempt_delay: 1500ms}",
    "vrrp: {sync_group: {inside: {interface: two, native_ipv6: true}, outside: {virtual_router_id: 9}}, "
    "track_files: {maintenance: {weight: 0, init_file: 3, init_overwrite: true}}, "
    "track_processes: {nginx: {quorum: 2, weight: 0, delay: 1s}}}",
    "vrrp: {track_interface: {two: {weight: -30, reverse: true}}, "
    "track_files: {m: {weight: -2, reverse: true, value: 4}}, "
    "track_processes: {nginx: {weight: 20, reverse: true}}, track_scripts: {w: {weight: 10, reverse: true}}}",
    "vrrp: {priority: 255, nopreempt: true, track_interface: {two: {weight: -30}}, track_files: {m: {weight: -2}}, "
    "track_scripts: {w: {weight: 10}}}",
    "vrrp: {dont_track_primary: true, garp_lower_prio_repeat: 0, garp_master_refresh: 10s, lower_prio_no_advert: true, "
    "higher_prio_send_advert: true, down_timer_adverts: 7}\nnotify: {fifo: true}",
)


@needs_keepalived
def test_keepalived_accepts_every_exported_configuration_of_every_shipped_scenario(tmp_path: Path) -> None:
    files = []
    scenarios = [*map(load, sorted(SCENARIOS.rglob("*.yaml"))), *(loads(RICH + vrrp) for vrrp in EVERYTHING)]
    for number, scenario in enumerate(scenarios):
        place = tmp_path / str(number)
        done = export(scenario, place, options=ExportOptions(script_directory=f"{place}/{{instance}}"))
        files += [(node.directory / "keepalived.conf", "") for node in done.nodes.values()]
    assert len(files) > 100
    for (path, _), verdict in zip(files, config_test(files), strict=True):
        assert (verdict.exit_status, verdict.lines, verdict.elsewhere) == (0, [], []), path


KEEPALIVED = """
mount -t tmpfs none /run; mount -t proc proc /proc
ip link set lo up; ip link add eth0 type bridge; ip addr add 10.0.1.11/24 dev eth0; ip link set eth0 up
keepalived --dont-fork --vrrp --pid=/run/k.pid --vrrp_pid=/run/v.pid --use-file "$1" &
sleep 3; ip link set eth0 down; sleep 1.5; ip link set eth0 up; sleep 3; kill $(cat /run/k.pid); wait
"""


@needs_keepalived
def test_one_reader_works_the_events_of_a_real_keepalived_off_one_by_one(tmp_path: Path) -> None:
    pytest.importorskip("tencentcloud.common", reason="the official SDK is not installed")
    text = PAIR.replace("NOTIFY", "fifo: true, release_on_backup: true, tries: 1, call_timeout: 200ms")
    text = text.replace("10.0.0.0/16}", "10.0.0.0/16, multicast: true}")
    scenario = loads(text + "vrrp: {transport: multicast, version: 3, advert_int: 100ms}\n")
    options = ExportOptions(
        python=sys.executable, script_directory=f"{tmp_path}/{{instance}}", run_directory=f"{tmp_path}/run"
    )
    export(scenario, tmp_path, options=options, identifiers=identifiers_of(build_region(scenario, "a")))
    log = tmp_path / "log"
    environment = {**os.environ, "HASIM_ENDPOINT": "http://127.0.0.1:1", "HASIM_LOG": str(log), "HASIM_SYSLOG": "0"}
    environment |= {"TENCENTCLOUD_SECRET_ID": SECRET_ID, "TENCENTCLOUD_SECRET_KEY": SECRET_KEY}
    namespace = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child")
    command = [*namespace, "sh", "-c", KEEPALIVED, "sh", str(tmp_path / "a" / "keepalived.conf")]
    subprocess.run(command, env=environment, timeout=60, check=False, capture_output=True)
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    noted = [record["state"] for record in records if record["record"] == "StateNoted"]
    assert noted == ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER", "STOP"]
    worked = [record for record in records if record["record"] in ("NotifyStarted", "NotifyEnded")]
    assert [record["event"] for record in worked[::2]] == noted
    assert [record["record"] for record in worked] == ["NotifyStarted", "NotifyEnded"] * len(noted)


class Moves(NamedTuple):
    """What the scripts of a pair have done: each line is a node, its exit status, and what ``holder`` says there."""

    first: tuple[str, int, str]
    back: tuple[str, int, str]
    again: int
    outcomes: list[str]


def moves(mechanism: str, directory: Path) -> Moves:
    """The address moved to the other node and back, and claimed once more by who has it."""
    with nodes(load(SCENARIOS / "mechanisms" / f"{mechanism}.yaml"), directory, speed=60) as (_, exported):
        before, other = ("a", "b") if holder(exported) == "a" else ("b", "a")

        def move(name: str) -> tuple[str, int, str]:
            return name, exported[name].run("MASTER").returncode, exported[name].run("holder").stdout

        first, back = move(other), move(before)
        again = exported[before].run("MASTER").returncode
        return Moves(first, back, again, exported[before].outcomes("MASTER"))


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Moves]]]:
    """All mechanisms side by side: most of the time is the scripts' pauses."""
    with ThreadPoolExecutor(len(MECHANISMS)) as pool:
        yield {name: pool.submit(moves, name, tmp_path_factory.mktemp(name)) for name in MECHANISMS}


@pytest.mark.xdist_group("mechanisms")
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_script_moves_the_address_by_every_mechanism(mechanism: str, moved: dict[str, Future[Moves]]) -> None:
    found = moved[mechanism].result()
    for name, status, said in (found.first, found.back):
        assert (status, said) == (0, f"{name}\n")
    assert {found.first[0], found.back[0]} == {"a", "b"}
    assert found.again == 0
    assert found.outcomes == ["done", "nothing_to_do"]


def test_a_script_that_finds_no_answer_tries_again_after_the_pauses_of_its_policy_and_gives_up(tmp_path: Path) -> None:
    scenario = pair("call_timeout: 300ms, tries: 4, retry_delay: 200ms, retry_backoff: 2, retry_max: 700ms")
    with nodes(scenario, tmp_path) as (served, exported):
        served.control("POST", "trouble", NO_ANSWERS)
        assert exported["b"].run("MASTER").returncode == 1
        log = exported["b"].log()
    assert exported["b"].answers("MASTER") == [("DescribeNetworkInterfaces", "ClientTimeout")] * 4
    assert exported["b"].outcomes("MASTER") == ["gave_up"]
    called = [record["monotonic_ns"] for record in log if record["record"] == "ApiCalled"]
    answered = [record for record in log if record["record"] == "ApiAnswered"]
    assert all(record["took_ns"] >= 300_000_000 for record in answered)
    pauses = [after - before["monotonic_ns"] for before, after in zip(answered, called[1:], strict=False)]
    for pause, expected in zip(pauses, (200_000_000, 400_000_000, 700_000_000), strict=True):
        assert pause >= expected


def test_refusals_are_tried_again_until_they_end(tmp_path: Path) -> None:
    scenario = pair("tries: 20, retry_delay: 100ms, poll_interval: 100ms")
    with nodes(scenario, tmp_path) as (served, exported):
        served.control("POST", "trouble", {**REFUSED, "actions": ["MigratePrivateIpAddress"], "duration": "1500ms"})
        assert exported["b"].run("MASTER").returncode == 0
        assert holder(exported) == "b"
    answers = exported["b"].answers("MASTER")
    assert answers[:2] == [("DescribeNetworkInterfaces", "OK"), ("MigratePrivateIpAddress", "InternalError")]
    moved = answers.index(("MigratePrivateIpAddress", "OK"))
    assert {action for action, _ in answers[moved + 1 :]} == {"DescribeVpcTaskResult"}


def test_a_lost_question_is_a_yes_for_the_published_script_alone(tmp_path: Path) -> None:
    for mistaken, outcome in ((True, "nothing_to_do"), (False, "gave_up")):
        scenario = pair(f"tries: 2, retry_delay: 50ms, unanswered_means_held: {str(mistaken).lower()}")
        with nodes(scenario, tmp_path / str(mistaken)) as (served, exported):
            served.control("POST", "trouble", {**REFUSED, "actions": ["DescribeNetworkInterfaces"]})
            exported["b"].run("MASTER")
            assert exported["b"].outcomes("MASTER") == [outcome]


def test_a_script_that_is_told_backup_meanwhile_stops_and_one_that_does_not_look_goes_on(tmp_path: Path) -> None:
    for looks, outcome, expected in ((True, "superseded", "a"), (False, "done", "b")):
        scenario = pair(f"sleep_before: 1500ms, poll_interval: 100ms, reread_state: {str(looks).lower()}")
        with nodes(scenario, tmp_path / str(looks)) as (_, exported):
            slow = exported["b"].start("MASTER")
            wait_until(lambda node=exported["b"]: is_ready(node))  # type: ignore[misc]
            assert exported["b"].run("BACKUP").returncode == 0
            slow.communicate(timeout=30)
            assert exported["b"].outcomes("MASTER") == [outcome]
            assert holder(exported) == expected


def test_backup_gives_the_address_back_and_a_claim_that_came_too_late_does_so_too(tmp_path: Path) -> None:
    with nodes(pair("release_on_backup: true, poll_interval: 100ms"), tmp_path / "release") as (_, exported):
        assert exported["a"].run("BACKUP").returncode == 0
        assert exported["a"].outcomes("BACKUP") == ["done"]
        assert holder(exported) == "nobody"
    with nodes(pair("reread_after: true, poll_interval: 1s"), tmp_path / "late") as (_, exported):
        slow = exported["b"].start("MASTER")
        wait_until(lambda: is_ready(exported["b"]))
        exported["b"].run("BACKUP")
        slow.communicate(timeout=30)
        assert exported["b"].outcomes("MASTER") in (["superseded"], ["done"])
        if exported["b"].outcomes("MASTER") == ["superseded"]:
            assert exported["a"].run("holder").stdout in ("nobody\n", "a\n")


def test_sigterm_ends_a_script_with_a_word_in_its_log(tmp_path: Path) -> None:
    with nodes(pair("sleep_before: 30s"), tmp_path) as (_, exported):
        slow = exported["b"].start("MASTER")
        wait_until(lambda: is_ready(exported["b"]))
        slow.send_signal(signal.SIGTERM)
        slow.communicate(timeout=30)
        assert slow.returncode == 128 + signal.SIGTERM
        assert exported["b"].outcomes("MASTER") == ["killed"]


def test_the_watch_claims_an_address_that_a_master_has_lost(tmp_path: Path) -> None:
    scenario = pair("reclaim_interval: 500ms, poll_interval: 100ms")
    with nodes(scenario, tmp_path) as (_, exported):
        assert exported["a"].run("MASTER").returncode == 0
        watch = exported["a"].start("watch")
        try:
            wait_until(lambda: "nothing_to_do" in exported["a"].outcomes("RECLAIM"))
            assert exported["b"].run("MASTER").returncode == 0
            wait_until(lambda: "done" in exported["a"].outcomes("RECLAIM"))
            assert holder(exported) == "a"
            assert exported["a"].run("BACKUP").returncode == 0
            time.sleep(1)
            count = len(exported["a"].outcomes("RECLAIM"))
            time.sleep(1.5)
            assert len(exported["a"].outcomes("RECLAIM")) == count
        finally:
            watch.terminate()
            watch.communicate(timeout=30)


def test_a_state_that_a_dead_keepalived_has_left_counts_no_more(tmp_path: Path) -> None:
    """The shell stands for keepalived: it starts the script, and is gone when the script looks at the state."""
    with nodes(pair("sleep_before: 1s, reclaim_interval: 1s"), tmp_path) as (_, exported):
        node = exported["b"]
        command = f"{sys.executable} {node._program} MASTER & sleep 0.7"
        subprocess.run(["/bin/sh", "-c", command], env=node.environment, stderr=subprocess.PIPE, check=True)
        wait_until(lambda: bool(node.outcomes("MASTER")))
        assert node.outcomes("MASTER") == ["superseded"]


class Metadata(BaseHTTPRequestHandler):
    """The metadata service of an instance with a role, reached as a proxy: its name resolves nowhere here."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        secrets = {"TmpSecretId": SECRET_ID, "TmpSecretKey": SECRET_KEY, "Token": "of a role", "Code": "Success"}
        known = json.dumps({**secrets, "ExpiredTime": int(time.time()) + 7200})
        body = (known if self.path.endswith("/failover-role") else "failover-role").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_credentials_come_from_the_role_of_the_instance_where_the_environment_has_none(tmp_path: Path) -> None:
    with nodes(pair("tries: 1, wait_for_task: false"), tmp_path) as (served, exported):
        server = HTTPServer(("127.0.0.1", 0), Metadata)
        thread = Thread(target=server.serve_forever)
        thread.start()
        environment = exported["b"].environment
        for name in ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"):
            del environment[name]
        environment["http_proxy"] = f"http://127.0.0.1:{server.server_port}"
        environment["no_proxy"] = f"127.0.0.1,{served.address}"
        try:
            assert exported["b"].run("MASTER").returncode == 1
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
    assert [path.rsplit("/", 1)[-1] for path in Metadata.asked[:2]] == ["", "failover-role"]
    # The endpoint knows permanent keys only: it has seen the role's token, behind a right signature.
    assert exported["b"].answers("MASTER") == [("DescribeNetworkInterfaces", "AuthFailure.TokenFailure")]


def test_identifiers_are_found_by_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", SECRET_ID)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", SECRET_KEY)
    for mechanism in ("secondary-ip-reassign-with-eip", "eni-migrate", "eip", "havip"):
        path = SCENARIOS / "mechanisms" / f"{mechanism}.yaml"
        scenario = load(path)
        with nodes(scenario, tmp_path / mechanism) as (served, _):
            monkeypatch.setenv("HASIM_ENDPOINT", served.url)
            found = identify(scenario, ExportOptions(), None)
            known = identifiers_of(build_region(scenario, scenario.initial_master or "a"))
            assert found == {name: known[name] for name in found}
            result = CliRunner().invoke(app, ["export", str(path), str(tmp_path / f"{mechanism}-out"), "--identify"])
            assert result.exit_code == 0, result.stderr
            assert "to be filled in" not in result.stderr


def test_an_api_that_refuses_to_identify_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", SECRET_ID)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "wrong")
    path = SCENARIOS / "mechanisms" / "eip.yaml"
    with nodes(load(path), tmp_path) as (served, _):
        monkeypatch.setenv("HASIM_ENDPOINT", served.url)
        result = CliRunner().invoke(app, ["export", str(path), str(tmp_path / "out2"), "--identify"])
    assert result.exit_code == 2
    assert "DescribeNetworkInterfaces: AuthFailure.SignatureFailure" in result.stderr
    assert not (tmp_path / "out2").exists()


def test_checks_look_at_the_service_and_at_the_api(tmp_path: Path) -> None:
    text = PAIR.replace("NOTIFY", "call_timeout: 300ms") + (
        "vrrp: {track_scripts: {web: {check: service}, cloud: {check: api, interval: 5s}}}\n"
    )
    with nodes(loads(text), tmp_path) as (served, exported):
        check = str(tmp_path / "out" / "a" / "hasim_check.py")
        settings_file = tmp_path / "out" / "a" / "settings.json"

        def status(name: str) -> int:
            return subprocess.run([sys.executable, check, name], env=exported["a"].environment).returncode

        for service, good in ((served.address, 0), (served.url, 0), ("127.0.0.1:1", 1), (f"{served.url}/none", 1)):
            settings = json.loads(settings_file.read_text(encoding="utf-8"))
            settings_file.write_text(json.dumps({**settings, "service": service}), encoding="utf-8")
            assert status("web") == good, service
        assert status("cloud") == 0
        served.control("POST", "trouble", REFUSED)
        assert status("cloud") == 0
        served.control("POST", "trouble", NO_ANSWERS)
        assert status("cloud") == 1
        assert status("unknown") == 1
