"""A run in the Chrome trace event format, which ui.perfetto.dev and about:tracing open.

``reading``   from records to slices and arrows
``slices``    what lasted how long, track by track
``chrome``    the file
"""

from __future__ import annotations

from hasim.report.trace_events.chrome import trace_events, write_trace_events

__all__ = ["trace_events", "write_trace_events"]
