"""Two real keepalived daemons, a and b, each with two instances in a sync group, on two bridged networks.

Run as a program inside namespaces of its own (``python two_networks.py DIRECTORY``), it stages one story and prints a
line of JSON for everything that the daemons log about their states: ``[seconds, node, instance, state]``, and
``[seconds, "", "", what]`` for what it did itself.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

__all__ = ["STORY"]

STORY = ("carrier lost", "carrier back", "inside silent", "inside heard", "stopped")
_BEGAN = time.monotonic()
_STATE = re.compile(r"\((?P<instance>VI_\d)\) Entering (?P<state>\w+) STATE")
_NETWORKS = """
mount -t tmpfs none /run; mkdir -p /run/netns
for i in 0 1; do ip link add br$i type bridge mcast_snooping 0; ip link set br$i up; done
for n in a b; do
    ip netns add $n; ip netns exec $n ip link set lo up
    for i in 0 1; do
        ip link add $n$i type veth peer name eth$i netns $n; ip link set $n$i master br$i up
        ip netns exec $n ip addr add 10.0.$i.1$(printf %d "'$n")/24 dev eth$i; ip netns exec $n ip link set eth$i up
    done
done
"""
_INSTANCE = """
vrrp_instance VI_{number} {{
    interface eth{device}
    virtual_router_id 5{number}
    priority {priority}
    virtual_ipaddress {{
        10.0.{device}.100/24
    }}
}}
"""
_GROUP = "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n}\n"


def _say(*words: str) -> None:
    # One write: print() writes the end of the line separately, and threads would get in between.
    sys.stdout.write(json.dumps([time.monotonic() - _BEGAN, *words]) + "\n")
    sys.stdout.flush()


def _sh(script: str) -> None:
    subprocess.run(["sh", "-ec", script], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _start(directory: Path, node: str, priority: int) -> subprocess.Popen[str]:
    conf = directory / f"{node}.conf"
    instances = (_INSTANCE.format(number=number, device=number - 1, priority=priority) for number in (1, 2))
    conf.write_text(_GROUP + "".join(instances), encoding="utf-8")
    options = ["--dont-fork", "--log-console", "--log-detail", "--vrrp", f"--pid=/run/{node}.pid"]
    process = subprocess.Popen(
        ["ip", "netns", "exec", node, "keepalived", *options, f"--vrrp_pid=/run/{node}v.pid", "--use-file", str(conf)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    threading.Thread(target=_tell, args=(node, process), daemon=True).start()
    return process


def _tell(node: str, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        found = _STATE.search(line)
        if found is not None:
            _say(node, found["instance"], found["state"])


def _stage(directory: Path) -> None:
    _sh(_NETWORKS)
    daemons = [_start(directory, "a", 150), _start(directory, "b", 100)]
    time.sleep(5)
    steps = (
        ("ip link set a1 down", 5.0),
        ("ip link set a1 up", 5.0),
        ("ip link set a1 nomaster", 8.0),
        ("ip link set a1 master br1", 2.0),
        ("kill -TERM $(cat /run/a.pid)", 2.0),
    )
    for what, (command, wait_s) in zip(STORY, steps, strict=True):
        _say("", "", what)
        _sh(command)
        time.sleep(wait_s)
    for daemon in daemons:
        daemon.kill()


if __name__ == "__main__":
    _stage(Path(sys.argv[1]))
