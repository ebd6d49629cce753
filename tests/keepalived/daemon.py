"""The installed keepalived, asked what it thinks of configuration files, in a network namespace of its own.

The namespace has the interfaces ``eth0`` to ``eth3`` with addresses, so that no complaint is about missing ones, and
vanishes with its processes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

__all__ = ["KILLED", "Verdict", "config_test", "dump", "needs_keepalived"]

KILLED = 137
"""The exit status of a config test that had not ended after five seconds."""

_VERSION = "v2.2.7"
_INTERFACES = """
mount -t tmpfs none /run
for i in 0 1 2 3; do
    ip link add eth$i type bridge; ip addr add 192.0.2.1$i/24 dev eth$i; ip link set eth$i up
done
"""
_TEST = (
    _INTERFACES
    + """
while [ $# -gt 0 ]; do
    cd "$(dirname "$1")"
    timeout --signal=KILL 5 keepalived --config-test --use-file "$(basename "$1")" ${2:+--config-id "$2"} 2>&1
    echo "exit $?"; shift 2
done
"""
)
_DUMP = (
    _INTERFACES
    + """
cd "$(dirname "$1")"
exec timeout --signal=KILL 20 keepalived --dont-fork --log-console --dump-conf --log-detail --vrrp --no_bfd \\
    --pid=/run/k.pid --vrrp_pid=/run/v.pid \\
    --use-file "$(basename "$1")" ${2:+--config-id "$2"} 2>&1
"""
)
_HEADINGS = ("VRRP Instance", "VRRP Script", "VRRP Sync", "VRRP Track", "Track file", "BFD Instance")
_LAST_LINE_OF_A_DUMP = "------< Interfaces >------"
_TIMESTAMP = re.compile(r"^\w{3} \w{3} +\d+ [\d:]+ \d{4}: ")


def _missing() -> str:
    """Why the daemon cannot be asked here; empty where it can."""
    for program in ("keepalived", "unshare", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if os.geteuid() != 0:
        return "making a network namespace needs root"
    shown = subprocess.run(["keepalived", "--version"], capture_output=True, text=True, check=False)
    version = (shown.stdout + shown.stderr).partition("\n")[0]
    if _VERSION not in version:
        return f"the complaints are those of keepalived {_VERSION}, and this is {version}"
    made = subprocess.run(
        [*_NAMESPACE, "ip", "link", "add", "name", "probe", "type", "bridge"], capture_output=True, check=False
    )
    return "" if made.returncode == 0 else "network namespaces with bridges cannot be made here"


_NAMESPACE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child")
_REASON = _missing()
needs_keepalived = pytest.mark.skipif(bool(_REASON), reason=_REASON)


@dataclass
class Verdict:
    """What ``keepalived --config-test`` says about a file.

    ``lines`` are those that it complains about; ``elsewhere`` its complaints without a line, apart from those about
    scripts and users, which depend on the machine.
    """

    exit_status: int = 0
    lines: list[int] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    words: list[tuple[int, str]] = field(default_factory=list)
    """Line and first word of what it does not know as a keyword, as its first process reads it."""


_OF_THE_MACHINE = re.compile(
    "SECURITY VIOLATION|not found/accessible|Script user|Unable to set|WARNING - script|forwarding method set"
)
_COMPLAINT = re.compile(r"\((?:(?P<file>[^()]*): )?Line (?P<line>\d+)\) (?P<text>.*)")
_UNKNOWN = re.compile(r"Unknown keyword '(?P<word>.*)'")


def config_test(files: Sequence[tuple[Path, str]]) -> list[Verdict]:
    """What keepalived says about each file, given the ``-i`` that goes with it (empty: none)."""
    arguments = [part for path, config_id in files for part in (str(path.absolute()), config_id)]
    done = subprocess.run(
        [*_NAMESPACE, "sh", "-c", _TEST, "sh", *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=120,
    )
    verdicts = [Verdict()]
    for line in done.stdout.splitlines():
        if line.startswith("exit "):
            verdicts[-1].exit_status = int(line.split()[1])
            verdicts.append(Verdict())
        else:
            _note(line, verdicts[-1])
    return verdicts[:-1]


def _note(line: str, verdict: Verdict) -> None:
    complaint = _COMPLAINT.fullmatch(line)
    if complaint is None:
        if line.strip() and not _OF_THE_MACHINE.search(line):
            verdict.elsewhere.append(line)
        return
    verdict.lines.append(int(complaint["line"]))
    unknown = _UNKNOWN.fullmatch(complaint["text"])
    if unknown is not None and complaint["file"] is None:
        verdict.words.append((int(complaint["line"]), unknown["word"]))


def dump(path: Path, config_id: str = "") -> dict[str, dict[str, list[str]]]:
    """The configuration as a started daemon holds it: sections by heading (``VRRP Instance = VI_1``), values by name.

    The daemon is killed, with its namespace, as soon as it has told everything.
    """
    with subprocess.Popen(
        [*_NAMESPACE, "sh", "-c", _DUMP, "sh", str(path.absolute()), config_id],
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        lines = list(_until_dumped(process.stdout))
        process.kill()
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    values: list[str] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        name, _, value = line.strip().partition(" = ")
        if indent == 1 and name.startswith(_HEADINGS):
            section = sections.setdefault(line.strip(), {})
        elif indent == 3:
            values = section.setdefault(name.removesuffix(" :"), [])
            if value:
                values.append(value)
        elif indent > 3:
            values.append(line.strip())
    return sections


def _until_dumped(output: Iterable[str]) -> Iterable[str]:
    for line in output:
        text = _TIMESTAMP.sub("", line.rstrip("\n"))
        if _LAST_LINE_OF_A_DUMP in text:
            return
        yield text
