"""Hand-written traces for the tests of :mod:`hasim.measure`: small stories in seconds, told record by record."""

from __future__ import annotations

from collections.abc import Sequence

from hasim.measure import PHASES, Outage, RunOutcome, measure
from hasim.trace import (
    AddressHeld,
    AddressRouted,
    ApiAnswered,
    ApiCalled,
    FaultBegan,
    FaultEnded,
    GuestAddressChanged,
    NotifyStarted,
    PowerChanged,
    ReachabilityChanged,
    Record,
    StateChanged,
    TaskEnded,
    Trace,
)
from hasim.units import SECOND


def ns(at_s: float) -> int:
    return round(at_s * SECOND)


def pair(master: str = "a", backup: str = "b") -> list[Record]:
    """Two running instances at 0; the first serves."""
    return [
        PowerChanged(0, master, "running"),
        StateChanged(0, master, "INIT", "MASTER", "start_up"),
        GuestAddressChanged(0, master, True),
        PowerChanged(0, backup, "running"),
        StateChanged(0, backup, "INIT", "BACKUP", "start_up"),
        AddressHeld(0, master),
        AddressRouted(0, master),
        ReachabilityChanged(0, master, ""),
    ]


def crash(at_s: float, name: str = "a") -> list[Record]:
    """The instance that serves loses its power."""
    at = ns(at_s)
    return [
        FaultBegan(at, f"crash of {name}", "crash", name),
        PowerChanged(at, name, "off"),
        StateChanged(at, name, "MASTER", "INIT", "died"),
        GuestAddressChanged(at, name, False),
        ReachabilityChanged(at, None, "instance"),
    ]


def becomes(at_s: float, name: str, new: str, old: str = "BACKUP", reason: str = "down_timer") -> StateChanged:
    return StateChanged(ns(at_s), name, old, new, reason)


def notified(at_s: float, name: str = "b", run: int = 1) -> NotifyStarted:
    return NotifyStarted(ns(at_s), name, run, "MASTER")


def call(
    number: int, action: str, at_s: float, answered_s: float | None, code: str = "OK", name: str = "b"
) -> list[Record]:
    """A request and its answer (None: never)."""
    asked = ApiCalled(ns(at_s), name, 1, number, action)
    return [asked] if answered_s is None else [asked, ApiAnswered(ns(answered_s), name, 1, number, action, code)]


def commit(number: int, action: str, at_s: float, holder: str | None) -> list[Record]:
    at = ns(at_s)
    return [TaskEnded(at, number, action, "SUCCESS", holder), AddressHeld(at, holder)]


def routed(at_s: float, holder: str | None) -> AddressRouted:
    return AddressRouted(ns(at_s), holder)


def guest(at_s: float, name: str, present: bool = True) -> GuestAddressChanged:
    return GuestAddressChanged(ns(at_s), name, present)


def lost(at_s: float, missing: str) -> ReachabilityChanged:
    return ReachabilityChanged(ns(at_s), None, missing)


def served(at_s: float, by: str) -> ReachabilityChanged:
    return ReachabilityChanged(ns(at_s), by, "")


def fault(
    kind: str,
    target: str,
    began_s: float,
    ended_s: float | None = None,
    in_zones: tuple[tuple[str, str], ...] = (),
) -> list[Record]:
    began = FaultBegan(ns(began_s), f"some {kind}", kind, target, in_zones)
    return [began] if ended_s is None else [began, FaultEnded(ns(ended_s), *began[1:])]


def outcome(horizon_s: float, *parts: Record | Sequence[Record]) -> RunOutcome:
    """Measure a story; the parts may be given in any order, records of the same instant stay in theirs."""
    flat: list[Record] = []
    for part in parts:
        flat.extend([part] if hasattr(part, "_fields") else part)  # type: ignore[arg-type, list-item]
    flat.sort(key=lambda record: record.at)
    return measure(Trace("story", "", 1, 0, ns(horizon_s), tuple(flat)))


def only_outage(horizon_s: float, *parts: Record | Sequence[Record]) -> Outage:
    (outage,) = outcome(horizon_s, *parts).outages
    return outage


def phases_s(outage: Outage) -> dict[str, float]:
    """The phases that took time, in seconds."""
    assert sum(outage.phases_ns) == outage.duration_ns
    return {name: phase_ns / SECOND for name, phase_ns in zip(PHASES, outage.phases_ns, strict=True) if phase_ns}
