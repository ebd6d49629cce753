"""Keep a floating address of the cloud with the instance that keepalived made MASTER.

    hasim_notify.py MASTER | BACKUP | FAULT | STOP | MASTER_RX_LOWER_PRI    what keepalived runs
    hasim_notify.py RECLAIM   a MASTER claims the address if it does not hold it, unless another script is at it
    hasim_notify.py watch     a service: runs RECLAIM at the policy's interval
    hasim_notify.py fifo PATH what keepalived runs where it writes its events to a fifo: works them off one by one
    hasim_notify.py holder    print which instance holds the address
    hasim_notify.py ping      exit status 0 if the API answers anything at all

settings.json says what to do (the policy, and the API calls in their order), identifiers.json with which resources.
Credentials come from TENCENTCLOUD_SECRET_ID, _KEY and _TOKEN, else from the role of the instance; never from a file.
HASIM_ENDPOINT (such as http://127.0.0.1:18080), HASIM_REGION, HASIM_RUN_DIRECTORY, HASIM_SETTINGS and HASIM_IDENTIFIERS
override what the files say. HASIM_LOG is a file for the log, which also goes to standard error and, unless HASIM_SYSLOG
is 0, to syslog.

Scripts of one instance run side by side, as keepalived starts them: none waits for another. Each first notes the state;
a note older than the one that is there (by the start of its process) is not written.

Exit status: 0 the address is here, or need not be; 1 gave up, or no answer; 2 the files cannot be used.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .cloud import NO_ANSWER, Cloud
from .fifo import events_in
from .log import Log
from .script import Script
from .settings import SECOND_NS, Policy, SettingsError, duration_ns, read_identifiers, read_settings
from .state import RunDirectory, age_ns

if TYPE_CHECKING:
    import subprocess

__all__ = ["main"]

_STATES = ("MASTER", "BACKUP", "FAULT", "STOP")
_EVENTS = (*_STATES, "MASTER_RX_LOWER_PRI", "RECLAIM")
_KILLED = 128 + signal.SIGTERM


class Killed(BaseException):
    """SIGTERM: keepalived is gone, or about to go."""


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    command, operands = (arguments or [""])[0], arguments[1:]
    if command not in (*_EVENTS, *_COMMANDS) or len(operands) != (command in ("fifo", "work")):
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _die)
    try:
        settings = read_settings()
        if command in _EVENTS:
            return _notify(command, settings)
        return _COMMANDS[command](settings, *operands)
    except (SettingsError, ImportError) as error:
        print(f"hasim_notify: {error}", file=sys.stderr)
        return 2
    except Killed:
        return _KILLED


def _die(_signal: int, _frame: object) -> None:
    raise Killed


def _notify(event: str, settings: dict[str, Any]) -> int:
    """What keepalived, or the watch, has started this process for."""
    if event in _STATES:
        _run_directory(settings).note(event)
        Log(settings["instance"])("StateNoted", state=event)
    return _work(settings, event)


def _work(settings: dict[str, Any], event: str) -> int:
    """What the policy says about an event."""
    policy = Policy.read(settings["policy"])
    run, log = _run_directory(settings), Log(settings["instance"])
    if not settings["calls"]["release"]:
        return 0
    claims = event == "MASTER" or (event == "MASTER_RX_LOWER_PRI" and policy.notify_master_rx_lower_pri)
    claims = claims or (event == "RECLAIM" and run.is_master() and not run.is_busy())
    releases = event in ("BACKUP", "FAULT", "STOP") and policy.release_on_backup
    if not (claims or releases):
        return 0
    if event == "RECLAIM":
        log.hold_back()
    log("NotifyStarted", event=event, age_ns=age_ns())
    outcome = "killed"
    try:
        run.enter()
        script = _script(settings, _cloud(settings, log), run.is_master)
        log("NotifyReady")
        outcome = script.claim(always_ask=event == "RECLAIM") if claims else script.release()
    except (SettingsError, ImportError) as error:
        log("Unusable", reason=str(error))
        outcome = "gave_up"
        raise
    finally:
        log("NotifyEnded", outcome=outcome)
        if outcome != "nothing_to_do":
            log.let_go()
    return 1 if outcome == "gave_up" else 0


def _watch(settings: dict[str, Any]) -> int:
    """Run RECLAIM at every interval, until SIGTERM."""
    interval_ns = Policy.read(settings["policy"]).reclaim_interval
    if interval_ns is None or not settings["calls"]["release"]:
        raise SettingsError("there is nothing to watch: the policy has no reclaim_interval, or no call is needed")
    import subprocess

    child: subprocess.Popen[bytes] | None = None
    due_ns = time.monotonic_ns()
    try:
        while True:
            time.sleep(max(due_ns - time.monotonic_ns(), 0) / SECOND_NS)
            due_ns += interval_ns * (1 + max(time.monotonic_ns() - due_ns, 0) // interval_ns)
            if child is None or child.poll() is not None:
                child = subprocess.Popen([sys.executable, "-S", sys.argv[0], "RECLAIM"])
    finally:
        _end(child)


def _fifo(settings: dict[str, Any], path: str) -> int:
    """Read keepalived's events as they come, and note the states at once; work them off one after another.

    A keepalived that stops sends SIGTERM to the reader and its process group before it writes STOP, and is gone a
    second later: until then there is still something to read, and to work off in a process group of its own.
    """
    signal.signal(signal.SIGTERM, lambda _signal, _frame: None)
    run, log = _run_directory(settings), Log(settings["instance"])
    import subprocess

    waiting: list[str] = []
    child: subprocess.Popen[bytes] | None = None
    try:
        for event in events_in(path, settings["vrrp_instance"]):
            if event in _STATES:
                run.note(event)
                log("StateNoted", state=event)
            waiting += [event] if event in _EVENTS else []
            if waiting and (child is None or child.poll() is not None):
                command = [sys.executable, "-S", sys.argv[0], "work", waiting.pop(0)]
                child = subprocess.Popen(command, start_new_session=True)
    finally:
        _end(child)
    return 0


def _end(child: subprocess.Popen[bytes] | None) -> None:
    if child is not None:
        child.terminate()
        child.wait()


def _run_directory(settings: dict[str, Any]) -> RunDirectory:
    return RunDirectory(os.environ.get("HASIM_RUN_DIRECTORY") or settings["run_directory"])


def _holder(settings: dict[str, Any]) -> int:
    """Print who holds the address, for people."""
    holding = _script(settings, _cloud(settings, _silent), lambda: False).ask()
    if holding is None:
        print("the API has not answered")
        return 1
    names = {identifier: name for name, identifier in read_identifiers().items() if name.startswith("instance_")}
    found = "nobody" if holding.instance is None else names.get(holding.instance, holding.instance)
    print(found[len("instance_") :] if found.startswith("instance_") else found)
    return 0


def _ping(settings: dict[str, Any]) -> int:
    """Whether the API answers: a refusal is an answer too."""
    answer = _cloud(settings, _silent).call("DescribeNetworkInterfaces", {"Limit": 1})
    return 1 if answer.code in NO_ANSWER else 0


def _silent(*_record: Any, **_more: Any) -> None:
    pass


def _cloud(settings: dict[str, Any], log: Callable[..., None]) -> Cloud:
    region = os.environ.get("HASIM_REGION") or settings["region"]
    endpoint = os.environ.get("HASIM_ENDPOINT") or settings["endpoint"]
    return Cloud(region, endpoint, duration_ns(settings["policy"]["call_timeout"]), log)


def _script(settings: dict[str, Any], cloud: Cloud, is_master: Callable[[], bool]) -> Script:
    import random

    return Script(
        settings,
        read_identifiers(),
        call=cloud.call,
        sleep=lambda ns: time.sleep(ns / SECOND_NS),
        now=time.monotonic_ns,
        is_master=is_master,
        chance=random.random,
    )


_COMMANDS: dict[str, Callable[..., int]] = {
    "watch": _watch,
    "fifo": _fifo,
    "work": _work,
    "holder": _holder,
    "ping": _ping,
}
