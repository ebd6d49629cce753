"""The intervals against the values that RFC 3768, RFC 5798 and keepalived give."""

from __future__ import annotations

import pytest

from hasim.units import MILLISECOND, SECOND, parse_duration
from hasim.vrrp.timers import complete_advert_int, master_down_interval, skew_time


@pytest.mark.parametrize(
    ("version", "configured", "used"),
    [
        (2, "100ms", "1s"),
        (2, "1s", "1s"),
        (2, "1.5s", "2s"),
        (2, "2.4s", "2s"),
        (2, "300s", "255s"),
        (3, "15ms", "20ms"),
        (3, "100ms", "100ms"),
        (3, "1ms", "10ms"),
        (3, "60s", "40.95s"),
    ],
)
def test_advert_int_is_rounded_to_what_the_wire_can_carry(version: int, configured: str, used: str) -> None:
    assert complete_advert_int(version, parse_duration(configured)) == parse_duration(used)


@pytest.mark.parametrize(("priority", "seconds"), [(50, 3.805), (30, 3.883), (100, 3.609), (150, 3.414)])
def test_version_2_master_down_interval_of_the_published_examples(priority: int, seconds: float) -> None:
    assert master_down_interval(2, priority, SECOND) / SECOND == pytest.approx(seconds, abs=0.0005)


def test_version_2_skew_is_not_scaled_by_the_interval() -> None:
    assert skew_time(2, 100, 2 * SECOND) == skew_time(2, 100, SECOND) == 609_375_000


def test_version_3_skew_is_a_fraction_of_the_masters_interval() -> None:
    assert skew_time(3, 100, 2 * SECOND) == 1_218_750_000
    assert skew_time(3, 100, 100 * MILLISECOND) == 60_937_000


def test_skew_has_the_microsecond_resolution_of_keepalived() -> None:
    assert all(skew_time(3, priority, 10 * MILLISECOND) % 1_000 == 0 for priority in range(1, 256))


def test_down_timer_adverts_replaces_the_three_of_the_rfc() -> None:
    assert master_down_interval(2, 100, SECOND, 20) == 20 * SECOND + 609_375_000
