"""What one outage's timeline shows, as data: which stretch of the run, and who was in which state when.

A lane is a list of :class:`Span`: maximal stretches of one value, clipped to the window, read from the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hasim.measure.model import Outage
from hasim.report.charts.time_axis import TimeAxis
from hasim.report.wording import fault_title
from hasim.trace import (
    AddressClaimed,
    AddressHeld,
    AddressRouted,
    ApiAnswered,
    ApiCalled,
    DaemonChanged,
    FaultBegan,
    FaultEnded,
    GuestAddressChanged,
    PowerChanged,
    ReachabilityChanged,
    Record,
    ServiceChanged,
    StateChanged,
    Trace,
)
from hasim.units import MINUTE, SECOND

__all__ = [
    "NO_SERVICE",
    "ApiCall",
    "Span",
    "Window",
    "api_calls",
    "claims",
    "cloud_lanes",
    "event_times",
    "fault_spans",
    "instance_lanes",
    "instance_names",
    "outage_axis",
    "outage_window",
]

NO_SERVICE = "no service"
"""How the value of a client's span begins while nobody answers."""

_FARTHEST_FAULT_NS = 10 * MINUTE
_MARGIN_PARTS = 8
_LONGEST_MARGIN_NS = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of the run that is shown."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Span:
    """``value`` held from ``start_ns`` to ``end_ns``."""

    start_ns: int
    end_ns: int
    value: str


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request; ``answered_ns`` and ``code`` are None when no answer came within the run."""

    called_ns: int
    answered_ns: int | None
    instance: str
    action: str
    code: str | None

    @property
    def is_question(self) -> bool:
        """Whether the call only asks (``Describe...``) and changes nothing."""
        return self.action.startswith("Describe")


def outage_window(trace: Trace, outage: Outage) -> Window:
    """The outage, and the fault that explains it where that is near."""
    start_ns = outage.start_ns
    for record in trace.records:
        if record.at > outage.start_ns:
            break
        near = record.at >= outage.start_ns - _FARTHEST_FAULT_NS
        if isinstance(record, FaultBegan) and record.fault == outage.fault and near:
            start_ns = record.at
    return Window(start_ns, outage.end_ns)


def outage_axis(trace: Trace, outage: Outage) -> TimeAxis:
    """The axis of an outage's timeline: its window without idle stretches, and a margin on both sides."""
    window = outage_window(trace, outage)
    axis = TimeAxis.through(event_times(trace, window, outage), outage.start_ns)
    margin_ns = min(max(round(axis.width / _MARGIN_PARTS * SECOND), 1), _LONGEST_MARGIN_NS)
    return axis.widened(max(window.start_ns - margin_ns, 0), min(window.end_ns + margin_ns, trace.horizon_ns))


def instance_names(trace: Trace) -> list[str]:
    """Every instance of the run, in the order in which the trace introduces them."""
    return list(dict.fromkeys(record.instance for record in trace.records if isinstance(record, PowerChanged)))


def instance_lanes(trace: Trace, window: Window, instance: str) -> dict[str, list[Span]]:
    """The lanes of one instance: ``power``, ``VRRP``, ``address in guest`` and ``service``."""

    def power(record: Record) -> str | None:
        return record.state if isinstance(record, PowerChanged) and record.instance == instance else None

    def vrrp(record: Record) -> str | None:
        if isinstance(record, StateChanged) and record.instance == instance:
            return record.new
        gone = isinstance(record, DaemonChanged) and record.instance == instance and not record.running
        return "no daemon" if gone else None

    def guest(record: Record) -> str | None:
        concerned = isinstance(record, GuestAddressChanged) and record.instance == instance
        return ("present" if record.present else "absent") if concerned else None  # type: ignore[union-attr]

    def service(record: Record) -> str | None:
        concerned = isinstance(record, ServiceChanged) and record.instance == instance
        return ("answers" if record.healthy else "silent") if concerned else None  # type: ignore[union-attr]

    return {
        "power": _spans(trace, window, power, "off"),
        "VRRP": _spans(trace, window, vrrp, "no daemon"),
        "address in guest": _spans(trace, window, guest, "absent"),
        "service": _spans(trace, window, service, "silent"),
    }


def cloud_lanes(trace: Trace, window: Window) -> dict[str, list[Span]]:
    """The lanes ``held by``, ``routed to`` (instance name, or empty for nobody) and ``client``.

    The client's lane says who answers; while nobody does, :data:`NO_SERVICE` and the condition that is missing.
    """

    def held(record: Record) -> str | None:
        return (record.holder or "") if isinstance(record, AddressHeld) else None

    def routed(record: Record) -> str | None:
        return (record.holder or "") if isinstance(record, AddressRouted) else None

    def client(record: Record) -> str | None:
        if not isinstance(record, ReachabilityChanged):
            return None
        return record.server or f"{NO_SERVICE}: {record.missing} missing"

    return {
        "held by": _spans(trace, window, held, ""),
        "routed to": _spans(trace, window, routed, ""),
        "client": _spans(trace, window, client, NO_SERVICE),
    }


def fault_spans(trace: Trace, window: Window) -> list[Span]:
    """The faults that were in force in the window, in words."""
    open_faults: dict[tuple[str, str], FaultBegan] = {}
    spans: list[Span] = []

    def close(began: FaultBegan, end_ns: int) -> None:
        if end_ns >= window.start_ns and began.at <= window.end_ns:
            value = fault_title(began.kind, began.target)
            spans.append(Span(max(began.at, window.start_ns), min(end_ns, window.end_ns), value))

    for record in trace.records:
        if isinstance(record, FaultBegan):
            open_faults[record.fault, record.target] = record
        elif isinstance(record, FaultEnded) and (record.fault, record.target) in open_faults:
            close(open_faults.pop((record.fault, record.target)), record.at)
    for began in open_faults.values():
        close(began, trace.horizon_ns)
    return sorted(spans, key=lambda span: (span.start_ns, span.end_ns))


def api_calls(trace: Trace, window: Window) -> list[ApiCall]:
    """The requests that were under way in the window, in the order in which they were made."""
    answers = {record.call: record for record in trace.records if isinstance(record, ApiAnswered)}
    calls = []
    for record in trace.records:
        if not isinstance(record, ApiCalled) or record.at > window.end_ns:
            continue
        answer = answers.get(record.call)
        if answer is None or answer.at >= window.start_ns:
            answered_ns, code = (answer.at, answer.code) if answer else (None, None)
            calls.append(ApiCall(record.at, answered_ns, record.instance, record.action, code))
    return calls


def claims(trace: Trace, window: Window) -> list[ApiCall]:
    """The gratuitous ARPs by which a HAVIP was claimed in the window, each a request that is answered at once."""
    return [
        ApiCall(record.at, record.at, record.instance, "gratuitous ARP", "OK")
        for record in trace.records
        if isinstance(record, AddressClaimed) and window.start_ns <= record.at <= window.end_ns
    ]


def event_times(trace: Trace, window: Window, outage: Outage) -> list[int]:
    """The instants at which something worth seeing happened, sorted: the window's ends, the phases' ends, the records.

    Questions to the API are left out: a script that polls every second must not keep a long wait from being cut.
    """
    times = {window.start_ns, window.end_ns, outage.start_ns}
    elapsed_ns = outage.start_ns
    for phase_ns in outage.phases_ns:
        elapsed_ns += phase_ns
        times.add(elapsed_ns)
    for record in trace.records:
        if not window.start_ns <= record.at <= window.end_ns:
            continue
        is_question = isinstance(record, ApiCalled | ApiAnswered) and record.action.startswith("Describe")
        if not is_question:
            times.add(record.at)
    return sorted(times)


def _spans(trace: Trace, window: Window, value_of: Callable[[Record], str | None], initial: str) -> list[Span]:
    """The stretches of one value that ``value_of`` reads from the records, clipped to the window."""
    changes: list[tuple[int, str]] = [(0, initial)]
    for record in trace.records:
        if record.at > window.end_ns:
            break
        value = value_of(record)
        if value is not None and value != changes[-1][1]:
            changes.append((record.at, value))
    return _clipped(changes, window)


def _clipped(changes: Sequence[tuple[int, str]], window: Window) -> list[Span]:
    spans = []
    for index, (start_ns, value) in enumerate(changes):
        end_ns = changes[index + 1][0] if index + 1 < len(changes) else window.end_ns
        if end_ns > window.start_ns and start_ns < window.end_ns and end_ns > start_ns:
            spans.append(Span(max(start_ns, window.start_ns), min(end_ns, window.end_ns), value))
    return spans
