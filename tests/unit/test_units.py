"""Durations, percentages and sizes as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasim.units import (
    DAY,
    HOUR,
    MICROSECOND,
    MILLISECOND,
    MINUTE,
    SECOND,
    YEAR,
    counted,
    format_duration,
    parse_duration,
    parse_fraction,
    parse_gigabytes,
    seconds,
)


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("0", 0),
        ("0s", 0),
        ("1ns", 1),
        ("1us", MICROSECOND),
        ("1µs", MICROSECOND),
        ("250ms", 250 * MILLISECOND),
        ("0.1s", 100 * MILLISECOND),
        ("1.5s", 1_500 * MILLISECOND),
        ("0.000000001s", 1),
        ("10min", 10 * MINUTE),
        ("10m", 10 * MINUTE),
        ("2h", 2 * HOUR),
        ("30d", 30 * DAY),
        ("2w", 14 * DAY),
        ("1y", YEAR),
        ("1h 30min", 90 * MINUTE),
        ("1h30min", 90 * MINUTE),
        (" 5 s ", 5 * SECOND),
        ("100000y", 100_000 * YEAR),
    ],
)
def test_durations_are_read_exactly(text: str, duration_ns: int) -> None:
    assert parse_duration(text) == duration_ns


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5", "needs a unit .*write 5s if you mean seconds"),
        ("5.5", "needs a unit"),
        ("1e9", "needs a unit"),
        ("-5s", "cannot be negative"),
        ("", "expected a duration such as"),
        ("soon", "expected a duration such as"),
        ("5 parsecs", "unknown unit 'parsecs'"),
        ("5S", "expected a duration such as"),
        ("1s 5", "expected a duration such as"),
        ("0.5ns", "not a whole number of nanoseconds"),
        ("1.0000000001s", "not a whole number of nanoseconds"),
        ("100001y", "beyond the 100,000 years"),
        ("9" * 200 + "s", "expected a duration such as"),
    ],
)
def test_what_is_not_a_duration_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**20))
def test_a_number_of_nanoseconds_is_read_back(duration_ns: int) -> None:
    assert parse_duration(f"{duration_ns}ns") == duration_ns


@given(st.decimals(min_value=0, max_value=10**6, places=9))
def test_nine_decimals_of_a_second_are_exact(value: object) -> None:
    whole, _, decimals = f"{value:f}".partition(".")
    assert parse_duration(f"{value:f}s") == int(whole) * SECOND + int(decimals)


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        ("99.95%", 0.9995),
        ("0%", 0.0),
        ("100%", 1.0),
        ("0.02", 0.02),
        ("1", 1.0),
        ("1e-05", 0.00001),
        ("5 %", 0.05),
        (" 0.1% ", 0.001),
    ],
)
def test_percentages_and_fractions(text: str, fraction: float) -> None:
    assert parse_fraction(text) == fraction


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("101%", "from 0% to 100%"),
        ("99.95", "write 99.95% if you mean percent"),
        ("-1%", "expected a percentage"),
        ("many", "expected a percentage"),
        ("", "expected a percentage"),
        ("%", "expected a percentage"),
        ("nan", "expected a percentage"),
        ("5%%", "expected a percentage"),
        ("1" * 100, "expected a percentage"),
    ],
)
def test_what_is_not_a_percentage_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_fraction(text)


@pytest.mark.parametrize(
    ("text", "gigabytes"), [("4GB", 4.0), ("4 GiB", 4.0), ("16G", 16.0), ("512MB", 0.5), ("1.5GB", 1.5), ("256M", 0.25)]
)
def test_memory_sizes(text: str, gigabytes: float) -> None:
    assert parse_gigabytes(text) == gigabytes


@pytest.mark.parametrize("text", ["4", "", "0GB", "-4GB", "4TB", "4gb", "GB", "4GB 2MB"])
def test_what_is_not_a_memory_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a memory size such as 4GB or 512MB"):
        parse_gigabytes(text)


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0 s"),
        (7, "7 ns"),
        (1_500, "1.5 µs"),
        (42 * MILLISECOND, "42 ms"),
        (3_109 * MILLISECOND, "3.109 s"),
        (3_109_400_000, "3.109 s"),
        (SECOND, "1 s"),
        (100 * SECOND, "100 s"),
        (2 * MINUTE, "2 min"),
        (125 * SECOND, "2 min 5 s"),
        (HOUR, "1 h"),
        (90 * MINUTE, "1 h 30 min"),
        (30 * DAY, "30 d"),
        (36 * HOUR, "1 d 12 h"),
        (400 * DAY, "1 y 35 d"),
        (-1_500 * MILLISECOND, "-1.5 s"),
    ],
)
def test_durations_are_shown_in_the_largest_fitting_unit(duration_ns: int, text: str) -> None:
    assert format_duration(duration_ns) == text


@given(st.integers(min_value=0, max_value=1_000 * YEAR))
def test_a_shown_duration_is_near_the_real_one_and_can_be_read(duration_ns: int) -> None:
    shown = parse_duration(format_duration(duration_ns))
    assert abs(shown - duration_ns) <= max(duration_ns // 40, 1)


def test_seconds_for_the_edge() -> None:
    assert seconds(1_500 * MILLISECOND) == 1.5


def test_one_of_something_is_not_many() -> None:
    assert [counted(count, "run") for count in (0, 1, 2, 2_000)] == ["0 runs", "1 run", "2 runs", "2,000 runs"]
