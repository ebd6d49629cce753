"""The socket of a frozen keepalived: how many adverts wait in it, and what of it a keepalived.conf says."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.export import ExportOptions
from hasim.export.configuration import configuration_of
from hasim.keepalived import inspect_text, write_config
from hasim.scenario import ScenarioError, loads
from hasim.scenario.importing import import_configs
from hasim.scenario.model import Scenario
from hasim.trace import NotifyStarted
from tests.unit.bare_pair import bare_pair, of_type, run, states

DAEMON = {"start_up": "0", "timer_latency": "0", "take_over": "0", "busy": "0", "advert_drift": "0"}
CONF = """
global_defs {{
    {defs}
}}
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    version {version}
    unicast_src_ip 10.0.1.{host}
    unicast_peer {{
        10.0.1.{other}
    }}
    {more}
    virtual_ipaddress {{
        {addresses}
    }}
}}
"""


def frozen(seconds: float, vrrp: dict[str, Any] | None = None, **daemon: Any) -> Scenario:
    """a is frozen, its packets queue; b takes over and sends ten adverts a second."""
    fault = {"kind": "freeze", "target": "a", "at": "100.05s", "duration": f"{seconds}s", "packets_queued": True}
    return bare_pair(
        vrrp={"version": 3, "advert_int": "100ms", **(vrrp or {})},
        daemon=DAEMON | daemon,
        notify={"notify_master_rx_lower_pri": True, "start_up": "100ms"},
        faults=[fault],
    )


def answers(scenario: Scenario) -> int:
    """How many adverts of the usurper a answers when it goes on."""
    started = of_type(run(scenario), NotifyStarted)
    return sum(record.instance == "a" and record.event == "MASTER_RX_LOWER_PRI" for record in started)


def test_what_fits_into_the_socket_is_answered_and_what_comes_later_is_not() -> None:
    """b is MASTER from 100.361 s on, 261 ms after the last advert that it has heard."""
    assert answers(frozen(10)) == 97
    assert answers(frozen(25)) == 247
    assert answers(frozen(30)) == answers(frozen(60)) == 256


@pytest.mark.parametrize(
    ("vrrp", "daemon", "fit"),
    [
        ({}, {"advert_in_buffer": 2304}, 93),
        ({}, {"receive_buffer": 832}, 1),
        ({}, {"receive_buffer": 833}, 2),
        ({"kernel_rx_buf_size": 20_000}, {}, 49),
        ({"kernel_rx_buf_size": 4_500}, {}, 11),
        ({"kernel_rx_buf_size": 1}, {}, 3),
    ],
)
def test_an_advert_is_taken_while_less_than_the_buffer_is_in_use(
    vrrp: dict[str, Any], daemon: dict[str, Any], fit: int
) -> None:
    assert answers(frozen(30, vrrp, **daemon)) == fit


def test_a_backup_that_has_only_the_first_adverts_of_its_freeze_waits_all_the_same() -> None:
    """Its deadline counts from when it reads an advert, whenever that was sent."""
    fault = {"kind": "freeze", "target": "b", "at": "100.05s", "duration": "60s", "packets_queued": True}
    scenario = bare_pair(vrrp={"version": 3, "advert_int": "100ms"}, faults=[fault])
    assert states(run(scenario), "b") == []


def test_members_of_a_sync_group_on_one_interface_share_a_socket() -> None:
    vrrp = {
        "kernel_rx_buf_size": 2_080,
        "sync_group": {
            "same": {"virtual_router_id": 52, "kernel_rx_buf_size": 2_080},
            "other": {"interface": "eth1"},
        },
    }
    scenario = frozen(30, vrrp)
    assert [member.vrrp.kernel_rx_buf_size for member in scenario.instances[0].sync_group] == [2_080, None]
    assert answers(scenario) == 5  # of the ten that fit: two virtual routers advertise in turn, one has a script


@pytest.mark.parametrize("written", [0, -1, 1.5, "many"])
def test_a_size_that_is_none_is_refused(written: Any) -> None:
    with pytest.raises(ScenarioError, match="kernel_rx_buf_size: expected a whole number from 1 to"):
        frozen(1, {"kernel_rx_buf_size": written})


@pytest.mark.parametrize(
    ("defs", "more", "version", "count", "asked"),
    [
        ("", "", 3, 1, None),
        ("vrrp_rx_bufs_policy 50000", "", 3, 1, 50_000),
        ("vrrp_rx_bufs_policy 0", "", 3, 1, None),
        ("vrrp_rx_bufs_policy MTU", "", 3, 1, 4_500),
        ("vrrp_rx_bufs_policy mtu\nvrrp_rx_bufs_multiplier 10", "", 3, 1, 15_000),
        ("vrrp_rx_bufs_multiplier 10", "", 3, 1, None),
        ("vrrp_rx_bufs_policy ADVERT", "", 3, 1, 3 * 32),
        ("vrrp_rx_bufs_policy ADVERT", "", 2, 1, 3 * 40),
        ("vrrp_rx_bufs_policy ADVERT", "authentication {\nauth_type AH\nauth_pass x\n}", 2, 1, 3 * 64),
        ("vrrp_rx_bufs_policy ADVERT\nvrrp_rx_bufs_multiplier 100", "", 3, 10, 6_800),
        ("vrrp_rx_bufs_policy ADVERT\nvrrp_rx_bufs_policy MTU", "", 3, 1, 4_500),
        ("vrrp_rx_bufs_policy MTU\nvrrp_rx_bufs_policy ADVERT", "", 3, 1, 4_500),
        ("vrrp_rx_bufs_policy 1 MTU", "", 3, 1, 1),
        ("vrrp_rx_bufs_policy 1", "kernel_rx_buf_size 20000", 3, 1, 20_000),
        ("vrrp_rx_bufs_policy 5000", "kernel_rx_buf_size 0", 3, 1, 5_000),
    ],
)
def test_an_import_takes_over_what_the_daemon_asks_of_the_kernel(
    defs: str, more: str, version: int, count: int, asked: int | None
) -> None:
    addresses = "\n".join(f"10.0.1.{100 + number}/24" for number in range(count))
    configs = {
        name: inspect_text(
            CONF.format(
                defs=defs, more=more, version=version, addresses=addresses, priority=priority, host=host, other=other
            ),
            f"{name}.conf",
        )
        for name, priority, host, other in (("a", 150, 11, 12), ("b", 100, 12, 11))
    }
    scenario = loads(import_configs(configs).text)
    assert [one.vrrp.kernel_rx_buf_size for one in scenario.instances] == [asked, asked]
    again = inspect_text(write_config(configs["a"]), "a.conf")
    assert again.global_defs == configs["a"].global_defs
    config, _ = configuration_of(scenario, scenario.instance("a"), ExportOptions())
    assert config.instances[0].kernel_rx_buf_size == (asked or 0)
