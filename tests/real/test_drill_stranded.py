"""The stranded address (incident 1), for real: keepalived, the notify script and the control plane bring it about."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from hasim.drill.comparison import EpisodeResult
from hasim.measure import RunOutcome
from tests.real.drilling import episode_of, hold_all, needs_drills, told

pytestmark = [pytest.mark.real, pytest.mark.drill, needs_drills]

_INCIDENT = """
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
floating: {address: 10.0.1.100, mechanism: secondary_ip, method: migrate}
vrrp: {version: 3, advert_int: 500ms, higher_prio_send_advert: %s}
notify: {wait_for_task: false, notify_master_rx_lower_pri: %s}
faults: [{kind: partition, between: a, and: b, at: 10s, duration: 6s}]
"""
_INCIDENTS = {
    "no remedy": _INCIDENT % ("false", "false"),
    "half a remedy": _INCIDENT % ("false", "true"),
    "both settings": _INCIDENT % ("true", "true"),
}
_TIMES = {"no remedy": 4, "half a remedy": 12, "both settings": 4}
_SURPRISING = 0.001


@pytest.fixture(scope="module")
def drilled() -> dict[str, EpisodeResult]:
    """The incident as it is and with its remedies; the one that helps by luck more often than the others."""
    return hold_all({name: (episode_of(text), _TIMES[name]) for name, text in _INCIDENTS.items()})


def _is_stranded(outcome: RunOutcome) -> bool:
    """Whether clients are without service at the end because the address is where nobody has it."""
    return any(outage.resolution == "unresolved" and outage.missing == "guest" for outage in outcome.outages)


def test_without_remedy_the_address_is_stranded_every_time(drilled: dict[str, EpisodeResult]) -> None:
    result = drilled["no remedy"]
    assert [_is_stranded(outcome) for outcome in result.outcomes] == [True] * _TIMES["no remedy"]
    assert all(map(_is_stranded, result.simulated))


def test_with_both_settings_it_never_is(drilled: dict[str, EpisodeResult]) -> None:
    result = drilled["both settings"]
    assert not any(map(_is_stranded, result.outcomes))
    assert not any(map(_is_stranded, result.simulated))


def test_with_half_of_the_remedy_it_is_as_often_as_the_simulation_says(drilled: dict[str, EpisodeResult]) -> None:
    result = drilled["half a remedy"]
    measured = [_is_stranded(outcome) for outcome in result.outcomes]
    simulated = [_is_stranded(outcome) for outcome in result.simulated]
    share = sum(simulated) / len(simulated)
    assert 0.2 < share < 0.6
    assert binomtest(sum(measured), len(measured), share).pvalue > _SURPRISING


def test_what_was_measured_lies_in_the_simulated_range(drilled: dict[str, EpisodeResult]) -> None:
    for name, result in drilled.items():
        assert result.inside, f"{name}: {told(result)}"
