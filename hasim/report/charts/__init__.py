"""The charts of a study, each a function from data to a matplotlib figure; :func:`save_all` writes all of them.

Importing this package loads matplotlib; whoever wants to start fast imports it where it is used.
"""

from __future__ import annotations

from hasim.report.charts.availability import availability_per_replication
from hasim.report.charts.causes import downtime_by_cause
from hasim.report.charts.gallery import save_all, save_charts
from hasim.report.charts.latency import failover_latency
from hasim.report.charts.phases import phases_stacked
from hasim.report.charts.style import FORMATS, Chart, save
from hasim.report.charts.timeline import outage_timeline

__all__ = [
    "FORMATS",
    "Chart",
    "availability_per_replication",
    "downtime_by_cause",
    "failover_latency",
    "outage_timeline",
    "phases_stacked",
    "save",
    "save_all",
    "save_charts",
]
