"""Two real keepalived daemons on one network, each in a network namespace of its own (1 and 2, at 10.0.0.11 and .12).

For programs that run inside namespaces of their own already (``/run`` is hidden from the rest of the machine).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["connect", "start"]

_NETWORK = """
mount -t tmpfs none /run; mkdir -p /run/netns
ip link add br0 type bridge mcast_snooping 0; ip link set br0 up
for n in 1 2; do
    ip netns add $n; ip netns exec $n ip link set lo up
    ip link add v$n type veth peer name eth0 netns $n; ip link set v$n master br0 up
    ip netns exec $n ip addr add 10.0.0.1$n/24 dev eth0; ip netns exec $n ip link set eth0 up
done
"""


def connect() -> None:
    """Make the namespaces and the network between them."""
    subprocess.run(["sh", "-ec", _NETWORK], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start(directory: Path, node: int, configuration: str) -> tuple[subprocess.Popen[bytes], Path]:
    """The daemon of a node, and the file that it logs to."""
    conf, log = directory / f"{node}.conf", directory / f"{node}.log"
    conf.write_text(configuration, encoding="utf-8")
    options = ["--dont-fork", "--log-console", "--vrrp", f"--pid=/run/{node}.pid", f"--vrrp_pid=/run/{node}v.pid"]
    command = ["ip", "netns", "exec", str(node), "keepalived", *options, "--use-file", str(conf)]
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT), log
