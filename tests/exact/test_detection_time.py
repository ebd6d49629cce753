"""Detection of a crashed master against the arithmetic of RFC 3768 / 5798: a uniform distribution, not just its
mean."""

from __future__ import annotations

import pytest
from scipy import stats

from hasim.scenario import loads
from hasim.sim import simulate
from hasim.trace import StateChanged
from hasim.units import SECOND
from hasim.vrrp.timers import skew_time
from tests.exact.pairs import bare_pair

CRASH_NS = 10 * SECOND


def detection_times(vrrp: str, replications: int, within: str) -> list[int]:
    """Nanoseconds from the crash of ``a`` until ``b`` is MASTER, one per replication, in runs of length ``within``,
    which have no script that would move the address afterwards."""
    faults = "[{kind: crash, target: a, at: 10s}]"
    scenario = loads(bare_pair(faults, horizon=within, vrrp=vrrp, script="1h"))
    times = []
    for replication in range(replications):
        trace = simulate(scenario, seed=1, replication=replication)
        took_over = next(r for r in trace.records if isinstance(r, StateChanged) and r.new == "MASTER" and r.at)
        times.append(took_over.at - CRASH_NS)
    return times


def test_detection_with_advert_int_1_is_uniform_over_the_last_interval_of_the_master_down_time() -> None:
    """3 advert_int + skew - U(0, advert_int), skew = (256 - 100)/256 s: uniform on (2.609, 3.609]."""
    times = detection_times("{advert_int: 1s}", 10_000, within="14s")
    low = 2 * SECOND + skew_time(2, 100, SECOND)
    assert min(times) > low
    assert max(times) <= low + SECOND
    assert stats.kstest(times, stats.uniform(low, SECOND).cdf).pvalue > 0.01


@pytest.mark.parametrize(
    ("version", "interval", "interval_ns", "within"), [(2, "2s", 2 * SECOND, "18s"), (3, "100ms", SECOND // 10, "11s")]
)
def test_detection_of_other_versions_and_intervals_is_uniform_too(
    version: int, interval: str, interval_ns: int, within: str
) -> None:
    times = detection_times(f"{{version: {version}, advert_int: {interval}}}", 1_000, within)
    low = 2 * interval_ns + skew_time(version, 100, interval_ns)
    assert stats.kstest(times, stats.uniform(low, interval_ns).cdf).pvalue > 0.01


def test_down_timer_adverts_lengthens_detection_by_whole_intervals() -> None:
    times = detection_times("{advert_int: 100ms, version: 3, down_timer_adverts: 30}", 300, within="14s")
    low = 29 * SECOND // 10 + skew_time(3, 100, SECOND // 10)
    assert low < min(times)
    assert max(times) <= low + SECOND // 10
