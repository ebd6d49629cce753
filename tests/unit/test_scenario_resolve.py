"""The scenario as a whole: SLO, name, digest, value."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from hasim.scenario import ScenarioError, load, loads
from hasim.units import MINUTE, SECOND
from tests.unit.scenario_texts import BASE, THREE_NETWORKS, scenario


def test_slo_is_what_was_written() -> None:
    slo = scenario("slo: {availability: 99.95%, failover: {p50: 5s, p99: 20s}, longest_outage: 1min}\n").slo
    assert slo.availability == 0.9995
    assert slo.failover_percentiles == {0.5: 5 * SECOND, 0.99: 20 * SECOND}
    assert slo.longest_outage_ns == MINUTE


def test_scenario_is_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "my-pair.yaml"
    path.write_text(BASE, encoding="utf-8")
    assert load(path).name == "my-pair"
    assert loads(BASE).name == "scenario"
    assert loads(BASE + "name: other\n").name == "other"
    assert load(path).source_path == str(path)


def test_digest_ignores_what_does_not_change_a_run() -> None:
    same = "seed: 5\nreplications: 7\nname: other\ndescription: words\nslo: {availability: 99%}\n"
    assert scenario(same).digest == scenario().digest
    assert scenario("vrrp: {advert_int: 1000ms}\n").digest == scenario().digest
    assert scenario("vrrp: {advert_int: 1.2s}\n").digest == scenario().digest


@pytest.mark.parametrize(
    "more",
    [
        "vrrp: {advert_int: 2s}\n",
        "notify: {tries: 5}\n",
        "guest: {boot: 40s}\n",
        "guest: {boot: {exponential: {mean: 40s}}}\n",
        "guest: {boot: {gamma: {shape: 1, mean: 40s}}}\n",
        "initial_master: b\n",
        "quotas: {four_core_16gb_addresses: 20}\n",
        "control_plane: {error_rate: 1%}\n",
        "faults: [{kind: crash, target: a, at: 1s}]\n",
        "network: {within_zone: {loss: 0.1%}}\n",
    ],
)
def test_digest_changes_with_whatever_changes_a_run(more: str) -> None:
    assert scenario(more).digest != scenario().digest


def test_digests_of_different_distributions_with_equal_numbers_differ() -> None:
    written = ["{weibull: {shape: 2, scale: 40s}}", "{gamma: {shape: 2, mean: 40s}}"]
    digests = {scenario(f"guest: {{boot: {text}}}\n").digest for text in written}
    assert len(digests) == 2


def test_scenario_is_a_value_that_can_be_sent_to_other_processes() -> None:
    first, second = loads(THREE_NETWORKS), loads(THREE_NETWORKS)
    assert first == second
    assert pickle.loads(pickle.dumps(first)) == first
    assert len(first.digest) == 64


def test_unknown_names_are_key_errors_of_the_model() -> None:
    with pytest.raises(KeyError):
        scenario().instance("c")
    with pytest.raises(KeyError):
        scenario().subnet("back")


def test_error_of_a_setting_for_one_instance_names_its_line() -> None:
    text = BASE.replace("  b: {address: 10.0.1.11}", "  b:\n    address: 10.0.1.11\n    vrrp: {interface: eth7}")
    with pytest.raises(ScenarioError) as caught:
        loads(text + "vrrp: {interface: eth0}\n")
    assert (caught.value.line, caught.value.path) == (10, "instances.b.vrrp.interface")
