"""What a scenario says when it says nothing, and which of that is weak."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from hasim.scenario.distributions import (
    Capped,
    LogNormal,
)
from hasim.scenario.model import SecurityRule, Transport
from hasim.sim.randomness import uniforms_at
from hasim.units import MILLISECOND, SECOND
from tests.unit.scenario_texts import scenario


def test_the_smallest_scenario_has_keepalived_defaults() -> None:
    vrrp = scenario().instance("a").vrrp
    assert (vrrp.version, vrrp.advert_int_ns, vrrp.priority) == (2, SECOND, 100)
    assert (vrrp.initial_state, vrrp.nopreempt, vrrp.preempt_delay_ns) == ("BACKUP", False, 0)
    assert (vrrp.down_timer_adverts, vrrp.transport) == (3, Transport.UNICAST)
    assert vrrp.peers == ("b",)
    assert vrrp.interface == "eth0"
    assert vrrp.track_interfaces == ("eth0",)
    assert vrrp.track_scripts == ()


def test_default_notify_policy_is_a_careful_script_with_the_sdk_time_out() -> None:
    notify = scenario().instance("a").notify
    assert (notify.tries, notify.retry_delay_ns, notify.call_timeout_ns) == (4, 2 * SECOND, 60 * SECOND)
    assert (notify.check_first, notify.reread_state, notify.wait_for_task) == (True, True, True)
    assert (notify.unanswered_means_held, notify.on_rx_lower_priority, notify.release_on_backup) == (False,) * 3
    assert notify.reclaim_interval_ns is None


def test_default_control_plane_is_that_of_the_fact_table() -> None:
    control_plane = scenario().control_plane
    migrate = control_plane.actions["MigratePrivateIpAddress"]
    assert migrate.task == Capped(LogNormal(2_500 * MILLISECOND, 0.95, 8 * SECOND), 30 * SECOND)
    assert migrate.accept == LogNormal(150 * MILLISECOND, 0.99, SECOND)
    assert (migrate.error_rate, migrate.error_code, migrate.task_failure_rate) == (0.0, "InternalError", 0.0)
    detach = control_plane.actions["DetachNetworkInterface"]
    assert detach.task == LogNormal(5 * SECOND, 0.95, 20 * SECOND)
    assert detach.task_dead_host.mean_ns() > detach.task.mean_ns()
    assert control_plane.rate_limits["MigratePrivateIpAddress"] == 100
    assert control_plane.rate_limits["DescribeVpcTaskResult"] == 20
    assert control_plane.propagation == LogNormal(200 * MILLISECOND, 0.99, SECOND)


def test_migrating_an_interface_takes_about_as_long_as_detaching_and_attaching_it() -> None:
    actions = scenario().control_plane.actions
    both = actions["DetachNetworkInterface"].task.mean_ns() + actions["AttachNetworkInterface"].task.mean_ns()
    assert actions["MigrateNetworkInterface"].task.mean_ns() == pytest.approx(both, rel=0.02)


def test_timer_latency_and_take_over_together_have_the_measured_percentiles() -> None:
    """n = 1158: median 2.0 ms, p90 4.8 ms, p99 24.4 ms from the deadline to the first advert."""
    daemon = scenario().instance("a").daemon
    late, work = uniforms_at(1, 0, 10_000), uniforms_at(2, 0, 10_000)
    draws = sorted(
        daemon.timer_latency.quantile(u) + daemon.take_over.quantile(v) for u, v in zip(late, work, strict=True)
    )
    assert draws[5_000] == pytest.approx(2.0 * MILLISECOND, rel=0.1)
    assert draws[9_000] == pytest.approx(4.8 * MILLISECOND, rel=0.1)
    assert draws[9_900] == pytest.approx(24.4 * MILLISECOND, rel=0.1)


def test_default_security_group_lets_the_vpc_in_and_everything_out() -> None:
    (group,) = scenario().security_groups
    assert group.name == "default"
    assert group.ingress == (SecurityRule("all", IPv4Network("10.0.0.0/16"), accept=True),)
    assert group.egress == (SecurityRule("all", IPv4Network("0.0.0.0/0"), accept=True),)
    assert scenario().instance("a").interfaces[0].security_groups == ("default",)


def test_own_group_called_default_replaces_the_built_in_one() -> None:
    (group,) = scenario("security_groups:\n  default: {ingress: [{protocol: tcp, action: drop}]}\n").security_groups
    assert group.ingress == (SecurityRule("tcp", IPv4Network("0.0.0.0/0"), accept=False),)
    assert group.egress == (SecurityRule("all", IPv4Network("0.0.0.0/0"), accept=True),)


def test_group_with_empty_egress_lets_nothing_out() -> None:
    (group, _) = scenario("security_groups:\n  silent: {egress: []}\n").security_groups
    assert group.egress == ()


def test_weak_defaults_are_named_when_they_matter() -> None:
    quiet = scenario().weak_defaults
    assert "control_plane.accept" in quiet
    assert "notify.start_up" in quiet
    assert "guest.boot" not in quiet
    assert "network.between_zones.latency" not in quiet
    assert not any("DetachNetworkInterface" in path for path in quiet)
    crashing = scenario("faults: [{kind: crash, target: a, at: 1s}]\n").weak_defaults
    assert {"guest.boot", "service.start_up"} <= set(crashing)
    killed = scenario("faults: [{kind: keepalived_kill, target: a, at: 1s}]\n").weak_defaults
    assert "daemon.restart_delay" in killed


def test_weak_defaults_depend_on_the_mechanism() -> None:
    reattach = scenario(floating={"address": "10.0.1.100", "mechanism": "eni", "method": "reattach"}).weak_defaults
    assert "control_plane.actions.DetachNetworkInterface.task" in reattach
    assert "control_plane.detach_cuts_traffic_at_once" in reattach
    reassign = scenario(
        floating={"address": "10.0.1.100", "mechanism": "secondary_ip", "method": "reassign"}
    ).weak_defaults
    assert "control_plane.actions.AssignPrivateIpAddresses.task" in reassign


def test_what_the_scenario_says_itself_is_no_weak_default() -> None:
    more = "control_plane: {accept: 100ms}\nnotify: {start_up: 300ms}\nguest: {configure: 50ms}\n"
    assert scenario(more + "network: {within_zone: {latency: 1ms, jitter: 0s}}\n").weak_defaults == ()


def test_a_default_overridden_for_one_instance_only_is_still_weak() -> None:
    both = {"a": {"notify": {"start_up": "1s"}}, "b": {"notify": {"start_up": "1s"}}}
    one = {"a": {"notify": {"start_up": "1s"}}, "b": {}}
    assert "notify.start_up" not in scenario(instances=both).weak_defaults
    assert "notify.start_up" in scenario(instances=one).weak_defaults


def test_weak_defaults_of_an_eip_are_those_of_its_calls() -> None:
    weak = scenario(floating={"mechanism": "eip"}).weak_defaults
    assert {"notify.start_up", "control_plane.accept", "control_plane.detach_cuts_traffic_at_once"} <= set(weak)
    assert "guest.configure" not in weak


def test_weak_defaults_of_a_havip_are_those_of_its_gratuitous_arps() -> None:
    weak = scenario(floating={"address": "10.0.1.100", "mechanism": "havip"}).weak_defaults
    assert {"control_plane.havip_remap", "control_plane.garp_rate_limit", "guest.configure"} <= set(weak)
    assert not {"notify.start_up", "control_plane.accept"} & set(weak)


def test_an_eip_takes_two_tasks_of_the_same_length() -> None:
    actions = scenario(floating={"mechanism": "eip"}).control_plane.actions
    assert actions["DisassociateAddress"].task == actions["AssociateAddress"].task
    assert actions["AssociateAddress"].task == LogNormal(2_700 * MILLISECOND, 0.95, 8 * SECOND)
    assert scenario().control_plane.rate_limits["DisassociateAddress"] == 10
