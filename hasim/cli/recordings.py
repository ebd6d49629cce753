"""``--pcap`` and ``--timeline``: one replication as files for Wireshark and for Perfetto."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.guard import say
from hasim.cli.output import blaming_user, check_file
from hasim.errors import UserError
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.api import Explanation, Study

__all__ = [
    "PcapOption",
    "TimelineOption",
    "WindowOption",
    "check_recordings",
    "detail_of",
    "record_first",
    "write_recordings",
]

PcapOption = Annotated[
    Path | None,
    typer.Option(
        "--pcap",
        metavar="FILE",
        help="Write the replication's adverts and gratuitous ARPs as a capture (pcapng, for Wireshark and tshark).",
        show_default=False,
    ),
]
TimelineOption = Annotated[
    Path | None,
    typer.Option(
        "--timeline",
        metavar="FILE",
        help="Write the replication in the Chrome trace event format (JSON, for ui.perfetto.dev).",
        show_default=False,
    ),
]
WindowOption = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="FROM..TO",
        help="With --pcap: only this stretch of the run, such as 95s..2min.",
        show_default=False,
    ),
]

_PCAP_BEGINS = b"\x0a\x0d\x0d\x0a"
_TIMELINE_BEGINS = b'{"displayTimeUnit"'
_MOST_ADVERTS = 2_000_000
_ADVERTS_AROUND = 10


def check_recordings(pcap: Path | None, timeline: Path | None, window: str | None) -> None:
    """Find out before any work whether the files can be written.

    Raises:
        UserError: the directory is not there, the path is one, a file there is of another kind, both name the same
            file, or ``--window`` stands alone.
    """
    if window is not None and pcap is None:
        raise UserError("--window says which stretch --pcap is to hold: give --pcap FILE too")
    check_file("--pcap", pcap, _PCAP_BEGINS)
    check_file("--timeline", timeline, _TIMELINE_BEGINS)
    if pcap is not None and timeline is not None and os.path.realpath(pcap) == os.path.realpath(timeline):
        raise UserError(f"--pcap and --timeline both name {pcap}: give each a file of its own")


def detail_of(study: Study, window: str | None, found: Explanation | None, outage: int | None) -> tuple[int, int]:
    """From when until when (ns) a capture holds every packet: ``window`` as written, else around outage number
    ``outage`` of ``found``, else the whole run.

    Raises:
        UserError: the window is none, or so many packets that no capture of them would be of use.
    """
    scenario = study.scenario
    quickest_ns = min(instance.vrrp.advert_int_ns for instance in scenario.instances)
    if window is not None:
        start_ns, end_ns = _parsed(window, scenario.horizon_ns)
    elif found is not None and outage is not None:
        from hasim.report.charts.lanes import outage_window

        shown = outage_window(found.trace, found.outages[outage - 1])
        margin_ns = _ADVERTS_AROUND * quickest_ns
        start_ns, end_ns = max(shown.start_ns - margin_ns, 0), min(shown.end_ns + margin_ns, scenario.horizon_ns)
    else:
        start_ns, end_ns = 0, scenario.horizon_ns
    adverts = (end_ns - start_ns) // quickest_ns
    if adverts > _MOST_ADVERTS:
        raise UserError(
            f"--pcap: that stretch has about {adverts:,} adverts, at most {_MOST_ADVERTS:,} are written; "
            "choose a shorter one by --window FROM..TO (such as 95s..2min), or an outage by hasim explain --outage"
        )
    return start_ns, end_ns


def record_first(study: Study, seed: int | None, pcap: Path | None, timeline: Path | None, window: str | None) -> None:
    """Write the first replication where that is asked for.

    Raises:
        UserError: a file cannot be written, or the stretch is too long for a capture.
    """
    check_recordings(pcap, timeline, window)
    if pcap is None and timeline is None:
        return
    detail = None if pcap is None else detail_of(study, window, None, None)
    write_recordings(study.explain(replication=0, seed=seed, detail=detail), pcap, timeline)


def write_recordings(explanation: Explanation, pcap: Path | None, timeline: Path | None) -> None:
    """Write what is asked for, and say so.

    Raises:
        UserError: a file cannot be written.
    """
    if pcap is not None:
        with blaming_user(pcap, "--pcap"):
            say(f"{counted(explanation.write_capture(pcap), 'packet')} in {pcap}")
    if timeline is not None:
        with blaming_user(timeline, "--timeline"):
            explanation.write_timeline(timeline)
        say(f"timeline in {timeline}: open it at ui.perfetto.dev")


def _parsed(window: str, horizon_ns: int) -> tuple[int, int]:
    from hasim.units import format_duration, parse_duration

    start, dots, end = window.partition("..")
    try:
        if not dots:
            raise ValueError(f"expected FROM..TO such as 95s..2min, got {window!r}")
        start_ns, end_ns = parse_duration(start.strip()), parse_duration(end.strip())
    except ValueError as error:
        raise UserError(f"--window {window}: {error}") from None
    if not start_ns < min(end_ns, horizon_ns):
        raise UserError(
            f"--window {window}: it must begin before it ends, and within the run of {format_duration(horizon_ns)}"
        )
    return start_ns, min(end_ns, horizon_ns)
