"""Every keyword with values of all kinds, and files with a slip in them: hasim judges them as keepalived does."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hasim.keepalived import KeepalivedConfigError, inspect_config
from hasim.keepalived.grammar import Block, Keyword
from hasim.keepalived.keywords import KEYWORDS
from tests.keepalived.daemon import Verdict, config_test, needs_keepalived

pytestmark = [pytest.mark.real, needs_keepalived]

VALUES = (
    *("", "x", "0", "1", "-1", "255", "256", "65536", "4294967296", "1.5", "+1", "01", "0x1", '""', '"a b"', "1 extra"),
    *("on", "10.0.0.9", "2001:db8::1", "224.0.0.9", "1s", "{\n}", "1 {\n}"),
)
INSTANCE = """vrrp_instance {0} {{
interface eth{1}
virtual_router_id {1}
virtual_ipaddress {{
10.0.{1}.9
}}
%s
}}
"""
AROUND = {
    "": "%s\n",
    "global_defs": "global_defs {\n%s\n}\n",
    "vrrp_instance": INSTANCE.format("v", 1),
    "vrrp_sync_group": INSTANCE.format("v", 1) % ""
    + INSTANCE.format("w", 2) % ""
    + "vrrp_sync_group g {\ngroup {\nv\nw\n}\n%s\n}\n",
    "vrrp_script": "vrrp_script s {\nscript /bin/true\n%s\n}\n",
    "vrrp_track_process": "vrrp_track_process p {\nprocess sshd\n%s\n}\n",
    "track_file": "track_file f {\nfile /etc/hostname\n%s\n}\n",
    "bfd_instance": "bfd_instance b {\nneighbor_ip 192.0.2.99\n%s\n}\n",
    "garp_group": "garp_group {\ngarp_interval 1\n%s\n}\n",
}
"""A block of each kind that keepalived has nothing to say about; the statement in question goes where %s stands."""
OF_THE_MACHINE = {
    *("interface", "vrf", "use_vmac", "user", "script_user", "smtp_server", "config_save_dir", "startup_script"),
    *("shutdown_script", "vrrp_cpu_affinity", "checker_cpu_affinity", "bfd_cpu_affinity"),
    *("vrrp_iptables", "vrrp_ipsets"),
}
"""They name interfaces, users, hosts, processors or directories that are there or not, or depend on the build."""
NAMED_ELSEWHERE = {"unicast_ttl", "group", "interface_up_down_delays"}
"""What keepalived complains about at the end of the block around it, or reads on in another way after it."""


def _statements() -> Iterator[tuple[str, Keyword]]:
    """Every keyword of VRRP with the block that it stands in; those of virtual servers have samples of their own."""
    for place in AROUND:
        keywords: Mapping[str, Keyword] = KEYWORDS[place].keywords if place else KEYWORDS
        for keyword in keywords.values():
            if keyword.name not in OF_THE_MACHINE and not (keyword.block is Block.KEYWORDS and not place):
                yield place, keyword


def _agree(path: Path, verdict: Verdict) -> str:
    """How the two differ about a file; empty where they do not."""
    try:
        foretold = {p.location.line for p in inspect_config(path).problems if p.fails_config_test}
    except KeepalivedConfigError as error:
        foretold = {error.location.line}
    complains = bool(verdict.lines or verdict.elsewhere)
    if complains != bool(foretold):
        return f"keepalived: {verdict.lines} {verdict.elsewhere}, hasim: {sorted(foretold)}"
    unnamed = set(verdict.lines) - foretold
    return f"keepalived complains about lines {sorted(unnamed)} too" if unnamed else ""


def test_every_keyword_is_judged_as_keepalived_judges_it(tmp_path: Path) -> None:
    generator = random.Random(3)
    files = []
    for place, keyword in _statements():
        is_block = keyword.block is not Block.NONE
        value = generator.choice([value for value in VALUES if not (is_block and "{" in value)])
        path = tmp_path / f"{place}.{keyword.name}.conf"
        path.write_text(AROUND[place] % (f"{keyword.name} {value}" + (" {\n}" if is_block else "")))
        files.append((path, ""))
    assert len(files) > 200
    differences = {
        path.read_text(): difference
        for (path, _), verdict in zip(files, config_test(files), strict=True)
        if (difference := _agree(path, verdict)) and path.name.split(".")[1] not in NAMED_ELSEWHERE
    }
    assert not differences


FILE = """
global_defs {
 router_id A
 vrrp_version 2
}
vrrp_script chk {
 script "/bin/true a b"
 interval 2
}
vrrp_instance v {
 state BACKUP
 interface eth0
 virtual_router_id 1
 priority 100
 authentication {
  auth_type PASS
  auth_pass secret
 }
 unicast_src_ip 192.0.2.10
 unicast_peer {
  192.0.2.99
 }
 virtual_ipaddress {
  10.0.0.1/24 dev eth0 label eth0:1
  10.0.0.2
 }
 track_script {
  chk
 }
 notify_master "/bin/true x"
}
"""
INSERTED = (
    *("}", "{", '"}"', '"{"', "} {", "{}", "a{b}c", "# {", "! }", "unknown_keyword 5", '"', "\\", "$X= \\", "@x", "$U"),
    *("~SEQ(N, 1, 2) unknown$N", "~LST(N, a, b) # $N", "include nope*.inc", "priority 50", "10.0.0.3", "10.0.0.300"),
)


def _with_a_slip(generator: random.Random) -> str:
    """The file with one of its lines inserted, lost, commented, quoted, made conditional or put into a parameter."""
    lines = FILE.strip().split("\n")
    at = generator.randrange(len(lines))
    line = lines[at].strip()
    words = line.split()
    slips: tuple[list[str], ...] = (
        [generator.choice(INSERTED), line],
        [line, line],
        [],
        [f'{line} # {{ "'],
        [f"{line}!x"],
        [f"@x {line}"],
        [f"@^x {line}"],
        [f"{line} extra"],
        [" ".join(words[:-1]) or line],
        [" ".join(f'"{word}"' if '"' not in word else word for word in words)],
        [f"$V={words[-1]}", " ".join([*words[:-1], "$V"])],
        ["$B= \\", f"{line} \\", "", "$B"],
        [line.upper()],
        [line.replace(" ", "\t", 1) + "  "],
    )
    lines[at : at + 1] = generator.choice(slips)
    return "\n".join(lines) + "\n"


def test_a_slip_in_a_file_is_noticed_where_keepalived_notices_it(tmp_path: Path) -> None:
    generator = random.Random(5)
    files = []
    for number in range(100):
        path = tmp_path / f"{number}.conf"
        path.write_text(_with_a_slip(generator))
        files.append((path, ""))
    verdicts = config_test(files)
    differences = {
        path.read_text(): difference
        for (path, _), verdict in zip(files, verdicts, strict=True)
        if (difference := _agree(path, verdict)) and not _is_a_cascade(path)
    }
    assert not differences
    assert 20 < sum(bool(verdict.lines) for verdict in verdicts) < 80


def _is_a_cascade(path: Path) -> bool:
    """Whether a block lacks its opening brace: keepalived's first process then complains about all lines in it."""
    return any("expected {" in problem.message for problem in inspect_config(path).problems)
