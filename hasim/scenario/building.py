"""From the written form of a distribution to the distribution; the only place that reads files beside the scenario."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from pathlib import Path

from hasim.files import dead_link
from hasim.scenario.distributions import (
    LONGEST_NS,
    Capped,
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Uniform,
    Weibull,
)
from hasim.scenario.errors import KeyPath, suggestion
from hasim.scenario.loading import Document
from hasim.scenario.schema.distributions import PERCENTILES, DistributionForm, EmpiricalForm, LogNormalForm
from hasim.units import DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND

__all__ = ["Builder"]

MAX_CSV_BYTES = 10_000_000
MAX_VALUES = 200_000

_UNITS_NS = {
    "ns": 1,
    "nanoseconds": 1,
    "us": MICROSECOND,
    "microseconds": MICROSECOND,
    "ms": MILLISECOND,
    "milliseconds": MILLISECOND,
    "s": SECOND,
    "sec": SECOND,
    "seconds": SECOND,
    "min": MINUTE,
    "minutes": MINUTE,
    "h": HOUR,
    "hours": HOUR,
    "d": DAY,
    "days": DAY,
}


@dataclass(slots=True)
class Builder:
    """Builds the distributions of one scenario; ``directory`` is what CSV files are relative to."""

    document: Document
    directory: Path
    _measured: dict[tuple[str, str | None, str | None], Empirical] = field(default_factory=dict)

    def build(self, form: DistributionForm, path: KeyPath) -> Distribution:
        """The distribution of that form, which stands at ``path``.

        Raises:
            ScenarioError: it cannot be a distribution of durations, or its CSV file cannot be used.
        """
        try:
            shape = self._shape(form, path)
            return shape if form.max is None else Capped(shape, form.max)
        except ValueError as error:
            raise self.document.error(path, str(error)) from None

    def _shape(self, form: DistributionForm, path: KeyPath) -> Distribution:
        if form.uniform is not None:
            return Uniform(form.uniform.low, form.uniform.high)
        if form.exponential is not None:
            return Exponential(form.exponential.mean)
        if form.lognormal is not None:
            return _lognormal(form.lognormal)
        if form.weibull is not None:
            return Weibull(form.weibull.shape, form.weibull.scale)
        if form.gamma is not None:
            return Gamma(form.gamma.shape, form.gamma.mean)
        if form.mixture is not None:
            parts = [self.build(part.of, (*path, "mixture", index, "of")) for index, part in enumerate(form.mixture)]
            return Mixture(tuple(part.weight for part in form.mixture), tuple(parts))
        if form.empirical is not None:
            return self._empirical(form.empirical, (*path, "empirical"))
        assert form.constant is not None, "the schema lets exactly one shape through"
        return Constant(form.constant)

    def _empirical(self, form: EmpiricalForm, path: KeyPath) -> Empirical:
        key = (form.file, form.column, form.unit)
        if key not in self._measured:
            self._measured[key] = self._read_csv(form, path)
        return self._measured[key]

    def _read_csv(self, form: EmpiricalForm, path: KeyPath) -> Empirical:
        try:
            rows = list(csv.reader(io.StringIO(self._csv_text(form, path), newline="")))
        except csv.Error as error:
            raise self.document.error((*path, "file"), f"{form.file} is not CSV: {error}") from None
        header = [name.strip() for name in rows[0]] if rows else []
        if not header:
            raise self.document.error((*path, "file"), f"{form.file} is empty: expected a header line and values")
        column = self._column(form, header, path)
        unit_ns = self._unit(form, header[column], path)
        values = [
            self._value(row[column] if column < len(row) else "", unit_ns, f"{form.file}, row {number}", path)
            for number, row in enumerate(rows[1:], start=2)
            if any(cell.strip() for cell in row)
        ]
        if not 1 <= len(values) <= MAX_VALUES:
            count = "no values" if not values else f"more than {MAX_VALUES:,} values"
            raise self.document.error((*path, "file"), f"{form.file} has {count}")
        return Empirical(tuple(sorted(values)), source=form.file)

    def _csv_text(self, form: EmpiricalForm, path: KeyPath) -> str:
        place = (*path, "file")
        source = self.directory / form.file
        try:
            if link := dead_link(source):
                raise self.document.error(place, f"{form.file}: {link}")
            if not source.exists():
                message = f"there is no file {form.file!r} in {self.directory.resolve()}"
                raise self.document.error(place, message)
            if not source.is_file():
                raise self.document.error(place, f"{form.file!r} is not a file: expected a CSV file")
            with source.open("rb") as stream:
                content = stream.read(MAX_CSV_BYTES + 1)
            if len(content) > MAX_CSV_BYTES:
                raise self.document.error(place, f"{form.file} is larger than {MAX_CSV_BYTES // 10**6} MB")
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self.document.error(place, f"{form.file} is not text: expected CSV in UTF-8") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "this is not a usable file name"
            raise self.document.error(place, f"{form.file!r} cannot be read: {reason}") from None

    def _column(self, form: EmpiricalForm, header: list[str], path: KeyPath) -> int:
        if form.column is None:
            if len(header) == 1:
                return 0
            message = f"{form.file} has the columns {', '.join(header)}: say which one with `column`"
            raise self.document.error(path, message)
        if form.column not in header:
            message = f"{form.file} has no column {form.column!r}"
            raise self.document.error((*path, "column"), message, hint=suggestion(form.column, header))
        return header.index(form.column)

    def _unit(self, form: EmpiricalForm, column: str, path: KeyPath) -> int:
        if form.unit is not None:
            if form.unit not in _UNITS_NS:
                raise self.document.error(
                    (*path, "unit"), f"unknown unit {form.unit!r}", hint=suggestion(form.unit, list(_UNITS_NS))
                )
            return _UNITS_NS[form.unit]
        ending = column.lower().replace("-", "_").replace(" ", "_").rsplit("_", 1)[-1]
        if ending not in _UNITS_NS:
            message = f"the column {column!r} does not end in a unit (such as latency_ms): say which with `unit`"
            raise self.document.error(path, message)
        return _UNITS_NS[ending]

    def _value(self, written: str, unit_ns: int, place: str, path: KeyPath) -> int:
        try:
            value = float(written) * unit_ns
        except ValueError:
            value = math.nan
        if not 0 <= value <= LONGEST_NS:
            message = f"{place}: expected a number from 0 to 100,000 years, got {written[:40]!r}"
            raise self.document.error((*path, "file"), message)
        return round(value)


def _lognormal(form: LogNormalForm) -> LogNormal:
    for name, percentile in PERCENTILES.items():
        value_ns: int | None = getattr(form, name)
        if value_ns is not None:
            return LogNormal(form.median, percentile, value_ns)
    raise AssertionError("the schema lets exactly one percentile through")
