"""What notebooks pass: numbers of NumPy and pandas are taken for what they are, and nothing is guessed."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hasim.arguments import plain_value, whole_number
from hasim.errors import UserError
from hasim.units import parse_duration


class Mechanism(StrEnum):
    ENI = "eni"


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.uint8(3), np.float64(3), np.float32(3)])
def test_whole_numbers_of_any_type_are_the_same_number(value: Any) -> None:
    number = whole_number("replication", value)
    assert type(number) is int
    assert number == 3


@pytest.mark.parametrize("value", [-1, -1.0, 2.5, "3", True, np.True_, None, float("nan"), float("inf"), [3], "x"])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(UserError, match="replication is a whole number from 0, not "):
        whole_number("replication", value)


def test_large_numbers_stay_exact() -> None:
    assert whole_number("the seed", 2**200 + 1) == 2**200 + 1


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(3), 3),
        (np.float64(2.5), 2.5),
        (np.True_, True),
        (np.str_("1s"), "1s"),
        (np.arange(2, 5), [2, 3, 4]),
        (pd.Series([1.0, 2.0]), [1.0, 2.0]),
        ({"a": (np.int64(1), range(2))}, {"a": [1, [0, 1]]}),
        (Mechanism.ENI, "eni"),
        (date(2024, 2, 29), date(2024, 2, 29)),
        (None, None),
    ],
)
def test_values_become_what_a_scenario_file_has(value: Any, plain: Any) -> None:
    found = plain_value(value, "vrrp.version")
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize(
    ("value", "duration_ns"),
    [
        (timedelta(seconds=2), 2_000_000_000),
        (timedelta(days=1, microseconds=1), 86_400_000_001_000),
        (pd.Timedelta("1500ms"), 1_500_000_000),
        (pd.Timedelta(7, "ns"), 7),
    ],
)
def test_durations_are_exact(value: timedelta, duration_ns: int) -> None:
    assert parse_duration(plain_value(value, "vrrp.advert_int")) == duration_ns


@pytest.mark.parametrize("value", [object(), {1}, b"1s", np.timedelta64(2, "s"), [1, object()], iter("ab")])
def test_what_no_file_can_say_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(UserError, match=r"vrrp\.version(\.1)?: expected what a scenario file can say"):
        plain_value(value, "vrrp.version")
