"""All charts of a study in one directory, under names that stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hasim.measure.model import Outage
from hasim.report.charts.availability import availability_per_replication
from hasim.report.charts.causes import downtime_by_cause
from hasim.report.charts.latency import failover_latency
from hasim.report.charts.phases import phases_stacked
from hasim.report.charts.style import FORMATS, Chart, save
from hasim.report.charts.timeline import outage_timeline
from hasim.study import StudyResult
from hasim.trace import Trace

__all__ = ["CHART_NAMES", "save_all", "save_charts"]

CHART_NAMES = ("failover-latency", "phases", "availability", "downtime-by-cause", "timeline")
"""The files that :func:`save_all` writes, without their suffix."""


def save_all(
    result: StudyResult,
    directory: Path,
    formats: Sequence[str] = FORMATS,
    of_interest: tuple[Trace, Outage] | None = None,
) -> list[Path]:
    """Write every chart of ``result`` into ``directory`` (which must exist), in every format; returns the files.

    ``of_interest`` is the outage whose timeline is drawn, with the trace of its replication; without it there is no
    timeline among the charts.

    Raises:
        OSError: a file cannot be written.
        ValueError: a format that is none of :data:`FORMATS`.
    """
    return save_charts(_charts(result, of_interest), directory, formats)


def save_charts(charts: Iterable[tuple[str, Chart]], directory: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write named charts into ``directory`` (which must exist), in every format; returns the files.

    Raises:
        OSError: a file cannot be written.
        ValueError: a format that is none of :data:`FORMATS`.
    """
    paths = []
    for name, chart in charts:
        for extension in formats:
            path = directory / f"{name}.{extension}"
            save(chart, path)
            paths.append(path)
    return paths


def _charts(result: StudyResult, of_interest: tuple[Trace, Outage] | None) -> Iterator[tuple[str, Chart]]:
    yield "failover-latency", failover_latency(result)
    yield "phases", phases_stacked(result)
    yield "availability", availability_per_replication(result)
    yield "downtime-by-cause", downtime_by_cause(result)
    if of_interest is not None:
        yield "timeline", outage_timeline(*of_interest)
