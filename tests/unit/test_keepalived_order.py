"""Statements and options of which keepalived 2.2.7 takes one and ignores the other (each tried with --dump-conf)."""

from __future__ import annotations

import pytest

from hasim.keepalived import Config, inspect_text
from hasim.keepalived.tokens import split_script
from hasim.units import SECOND

INSTANCE = "vrrp_instance a {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n%s\n}\n}\n"
_FIRST_LINE = 3


def _process(*lines: str) -> tuple[Config, list[int]]:
    """A vrrp_track_process with these lines, and which of them (from 1) are complained about."""
    text = "vrrp_track_process p {\nprocess sshd\n" + "\n".join(lines) + "\n}\n" + INSTANCE % "10.0.0.9"
    config = inspect_text(text)
    return config, [p.location.line - _FIRST_LINE + 1 for p in config.problems if p.fails_config_test]


@pytest.mark.parametrize(
    ("lines", "quorum", "quorum_max", "ignored"),
    [
        (("quorum 5", "quorum_max 3"), 5, None, [2]),
        (("quorum_max 3", "quorum 5"), 1, 3, [2]),
        (("quorum_max 0",), 0, 0, []),
        (("quorum_max 0", "quorum 1"), 0, 0, [2]),
        (("quorum 2", "quorum 3"), 3, None, []),
        (("quorum 5", "quorum_max 3", "quorum 2"), 2, None, [2]),
    ],
)
def test_of_two_quorums_the_first_is_kept(
    lines: tuple[str, ...], quorum: int, quorum_max: int | None, ignored: list[int]
) -> None:
    config, complaints = _process(*lines)
    assert (config.processes[0].quorum, config.processes[0].quorum_max) == (quorum, quorum_max)
    assert complaints == ignored


def test_a_later_delay_replaces_both_delays_and_the_first_weight_stays() -> None:
    config, complaints = _process("delay 2", "terminate_delay 3", "delay 5", "fork_delay 6", "weight -1", "weight -60")
    process = config.processes[0]
    assert (process.terminate_delay_ns, process.fork_delay_ns, process.weight) == (5 * SECOND, 6 * SECOND, -1)
    assert complaints == [6]


@pytest.mark.parametrize(
    ("line", "prefix_length", "options", "complaints"),
    [
        ("10.0.0.1 peer 10.0.0.8", 32, ("peer", "10.0.0.8"), 0),
        ("10.0.0.1/24 peer 10.0.0.8", 32, ("peer", "10.0.0.8"), 1),
        ("10.0.0.1/24 peer 2001:db8::2", 24, (), 1),
        ("10.0.0.1/24 peer 10.0.0.8/24", 24, (), 1),
        ("10.0.0.1 brd 10.0.0.255 peer 10.0.0.8", 32, ("peer", "10.0.0.8"), 1),
        ("10.0.0.1 peer 10.0.0.8 peer 10.0.0.7", 32, ("peer", "10.0.0.8"), 1),
        ("10.0.0.1/24 scope 253 brd +", 24, ("scope", "253", "brd", "+"), 0),
        ("10.0.0.1 scope 0x100", 32, (), 1),
        ("2001:db8::1/64 scope link", 64, (), 1),
    ],
)
def test_the_options_of_an_address(line: str, prefix_length: int, options: tuple[str, ...], complaints: int) -> None:
    config = inspect_text(INSTANCE % line)
    (address,) = config.instances[0].virtual_addresses
    assert (address.prefix_length, address.options) == (prefix_length, options)
    assert len([p for p in config.problems if p.fails_config_test]) == complaints


def test_a_quote_that_nothing_follows_is_not_missed() -> None:
    assert split_script("/bin/true '") == ("/bin/true", "")
    assert split_script("/bin/true it'") == ("/bin/true", "it")
