"""Control plane, distributions and faults become what was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from hasim.scenario import load
from hasim.scenario.distributions import (
    Capped,
    Constant,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Uniform,
    Weibull,
)
from hasim.scenario.model import FaultKind
from hasim.units import DAY, MILLISECOND, MINUTE, SECOND
from tests.unit.scenario_texts import BASE, scenario


def test_control_plane_for_all_and_for_one_action() -> None:
    actions = scenario(
        "control_plane:\n"
        "  accept: 100ms\n"
        "  error_rate: 1%\n"
        "  actions:\n"
        "    MigratePrivateIpAddress: {task: 3s, error_rate: 50%, error_code: ResourceInUse}\n"
        "    DetachNetworkInterface: {accept: 1s, task: 4s}\n"
        "    AttachNetworkInterface: {task_dead_host: 9s}\n"
    ).control_plane.actions
    migrate, detach = actions["MigratePrivateIpAddress"], actions["DetachNetworkInterface"]
    assert (migrate.accept, migrate.task, migrate.task_dead_host) == (
        Constant(100 * MILLISECOND),
        Constant(3 * SECOND),
        Constant(3 * SECOND),
    )
    assert (migrate.error_rate, migrate.error_code) == (0.5, "ResourceInUse")
    assert (detach.accept, detach.task_dead_host, detach.error_rate) == (Constant(SECOND), Constant(4 * SECOND), 0.01)
    attach = actions["AttachNetworkInterface"]
    assert attach.task_dead_host == Constant(9 * SECOND)
    assert attach.task != attach.task_dead_host
    assert actions["DescribeNetworkInterfaces"].accept == Constant(100 * MILLISECOND)


def test_rate_limits_override_the_published_ones() -> None:
    limits = scenario("control_plane: {rate_limits: {AssociateAddress: 1}}\n").control_plane.rate_limits
    assert (limits["AssociateAddress"], limits["AttachNetworkInterface"]) == (1, 100)


@pytest.mark.parametrize(
    ("written", "distribution"),
    [
        ("40s", Constant(40 * SECOND)),
        ("{constant: 40s}", Constant(40 * SECOND)),
        ("{constant: 40s, max: 30s}", Capped(Constant(40 * SECOND), 30 * SECOND)),
        ("{uniform: {low: 1s, high: 2s}}", Uniform(SECOND, 2 * SECOND)),
        ("{exponential: {mean: 30d}}", Exponential(30 * DAY)),
        ("{lognormal: {median: 1s, p99.9: 9s}}", LogNormal(SECOND, 0.999, 9 * SECOND)),
        ("{lognormal: {median: 1s, p75: 9s}}", LogNormal(SECOND, 0.75, 9 * SECOND)),
        ("{weibull: {shape: 0.7, scale: 1min}}", Weibull(0.7, MINUTE)),
        ("{gamma: {shape: 3, mean: 1min}}", Gamma(3.0, MINUTE)),
        (
            "{mixture: [{weight: 99%, of: 1s}, {weight: 0.01, of: {exponential: {mean: 1min}, max: 5min}}], max: 4min}",
            Capped(Mixture((0.99, 0.01), (Constant(SECOND), Capped(Exponential(MINUTE), 5 * MINUTE))), 4 * MINUTE),
        ),
    ],
)
def test_distributions_are_what_was_written(written: str, distribution: object) -> None:
    assert scenario(f"guest: {{boot: {written}}}\n").instance("a").guest.boot == distribution


@pytest.mark.parametrize(
    ("header", "keys", "unit_ns"),
    [
        ("boot_s", "", SECOND),
        ("boot_ms", "", MILLISECOND),
        ("Boot seconds", "", SECOND),
        ("boot-minutes", "", MINUTE),
        ("boot", ", unit: ms", MILLISECOND),
        ("boot_s", ", unit: ms", MILLISECOND),
        ("ns", "", 1),
    ],
)
def test_empirical_values_come_from_a_csv_beside_the_scenario(
    tmp_path: Path, header: str, keys: str, unit_ns: int
) -> None:
    (tmp_path / "boot.csv").write_text(f"{header}\n40\n\n10\n20.0\n", encoding="utf-8")
    path = tmp_path / "x.yaml"
    path.write_text(BASE + f"guest: {{boot: {{empirical: {{file: boot.csv{keys}}}}}}}\n", encoding="utf-8")
    boot = load(path).instance("a").guest.boot
    assert boot == Empirical((10 * unit_ns, 20 * unit_ns, 40 * unit_ns))
    assert isinstance(boot, Empirical)
    assert boot.source == "boot.csv"


def test_empirical_column_is_chosen_by_name(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("host, boot_s ,check_ms\nx,40,3\ny,50,4\n", encoding="utf-8")
    path = tmp_path / "x.yaml"
    written = "guest: {boot: {empirical: {file: all.csv, column: boot_s}}}\n"
    path.write_text(BASE + written, encoding="utf-8")
    assert load(path).instance("a").guest.boot == Empirical((40 * SECOND, 50 * SECOND))


def test_faults_are_what_was_written() -> None:
    faults = scenario(
        "faults:\n"
        "  - {kind: crash, target: a, at: 100s, duration: 5min}\n"
        "  - {kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 30d}}, time_to_repair: 5min}\n"
        "  - {kind: freeze, target: b, at: 1s, duration: 2s, packets_queued: yes}\n"
        "  - {kind: link_down, target: a, subnet: front, at: 1s}\n"
        "  - {kind: partition, between: a, and: [b, api], at: 1s}\n"
        "  - {kind: one_way_partition, from: z1, to: clients, at: 1s}\n"
        "  - {kind: loss, between: a, and: b, probability: 30%, at: 1s, duration: 1min}\n"
        "  - {kind: latency, between: z1, and: z1, extra: 50ms, at: 1s}\n"
        "  - {kind: zone_outage, target: z1, at: 1s}\n"
        "  - {kind: api_outage, at: 1s}\n"
        "  - {kind: api_slowdown, factor: 10, at: 1s}\n"
        "  - {kind: api_throttle, rate_per_second: 2, actions: [MigratePrivateIpAddress], at: 1s}\n"
        "  - {kind: api_errors, probability: 0.5, code: ResourceInUse, at: 1s, name: bad luck}\n"
    ).faults
    crash, often, freeze, link, cut, deaf, loss, slow_net, zone, outage, slow, throttle, errors = faults
    assert (crash.at_ns, crash.duration, crash.time_to_failure) == (100 * SECOND, Constant(5 * MINUTE), None)
    assert (often.at_ns, often.duration, often.time_to_failure) == (None, Constant(5 * MINUTE), Exponential(30 * DAY))
    assert often.targets == ("a", "b")
    assert (freeze.packets_queued, freeze.duration) == (True, Constant(2 * SECOND))
    assert (link.subnet, link.duration) == ("front", None)
    assert (cut.between, cut.and_) == (("a",), ("b", "api"))
    assert (deaf.kind, deaf.between, deaf.and_) == (FaultKind.ONE_WAY_PARTITION, ("z1",), ("clients",))
    assert loss.probability == 0.3
    assert slow_net.extra == Constant(50 * MILLISECOND)
    assert zone.targets == ("z1",)
    assert outage.targets == ()
    assert slow.factor == 10.0
    assert (throttle.rate_per_s, throttle.targets) == (2, ("MigratePrivateIpAddress",))
    assert (errors.probability, errors.code, errors.name) == (0.5, "ResourceInUse", "bad luck")


def test_faults_without_a_name_get_different_ones() -> None:
    line = "  - {kind: crash, target: [a, b], at: 1s}\n"
    cut = "  - {kind: partition, between: [a, api], and: b, at: 1s}\n  - {kind: api_outage, at: 1s}\n"
    names = [fault.name for fault in scenario("faults:\n" + line * 3 + cut).faults]
    assert names == ["crash a b", "crash a b #2", "crash a b #3", "partition a+api b", "api_outage"]
