"""What a record of a trace means, in words: who, what happened, why. One place for every sentence about the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hasim.measure.model import PHASES, RECOVERED_IN_PLACE, UNRESOLVED, Outage
from hasim.report.numbers import duration_text
from hasim.scenario.model import Scenario
from hasim.trace import (
    AcceptChanged,
    AddressClaimed,
    AddressHeld,
    AddressRouted,
    CheckChanged,
    DaemonChanged,
    FaultBegan,
    FaultEnded,
    GuestAddressChanged,
    LinkChanged,
    MemberStateChanged,
    NetworkChanged,
    NotifyEnded,
    NotifyStarted,
    PowerChanged,
    PriorityChanged,
    ReachabilityChanged,
    Record,
    ServiceChanged,
    StateChanged,
    TaskEnded,
    TrackedFileRead,
    TrackedProcessChanged,
)
from hasim.units import counted

__all__ = [
    "BAD",
    "CLIENTS",
    "CLOUD",
    "FAULT",
    "GOOD",
    "PLAIN",
    "Words",
    "api_words",
    "fault_title",
    "largest_part",
    "lint_sentence",
    "outage_sentence",
    "phase_meaning",
    "power_loss_words",
    "record_words",
]

CLIENTS = "clients"
CLOUD = "cloud"
FAULT = "fault"

PLAIN = "plain"
GOOD = "good"
BAD = "bad"


@dataclass(frozen=True, slots=True)
class Words:
    """``who``: an instance's name, :data:`CLOUD`, :data:`CLIENTS` or :data:`FAULT`; ``why`` is empty where it is plain.

    ``tone`` is :data:`GOOD`, :data:`BAD` or :data:`PLAIN`: for colour, never for meaning.
    """

    who: str
    what: str
    why: str = ""
    tone: str = PLAIN


_POWER = {
    "running": ("is up", GOOD),
    "off": ("is off", BAD),
    "booting": ("boots", PLAIN),
    "frozen": ("is frozen: every process stands still", BAD),
}
_DAEMON_GONE = {
    "killed": "keepalived was killed: it says nothing to its peers and leaves the address in the guest",
    "stopped": "keepalived was stopped and said good-bye (priority 0)",
    "crash": "keepalived went down with its instance",
}
_MISSING = {
    "route": "the cloud sends the address's packets nowhere useful",
    "instance": "the cloud sends them to an instance that is down or stands still",
    "link": "they cannot reach the instance",
    "guest": "the instance's guest does not have the address",
    "accept": "the instance's guest has the address, and drops what is sent to it",
    "service": "the service does not answer",
}
_SCRIPT_OUTCOMES = {
    "done": ("its work is done", GOOD),
    "nothing_to_do": ("it found nothing to do", PLAIN),
    "gave_up": ("it gave up", BAD),
    "superseded": ("the instance is no longer MASTER", PLAIN),
    "killed": ("it was killed", BAD),
}
_STATE_REASONS = {
    "down_timer": "its master-down timer ran out",
    "priority_zero": "its master said good-bye (priority 0), and a skew time later nobody else had spoken",
    "higher_priority_advert": "it heard an advert that beats its own",
    "track_script": "its track script says that it is not fit",
    "track_process": "too few of its tracked process run",
    "track_file": "its tracked file says that it is not fit",
    "sync_group": "the other instance of its sync group is there already",
    "link_down": "its interface has no carrier",
    "shutdown": "keepalived is being stopped",
    "died": "its keepalived is gone",
    "start_up": "keepalived has started",
    "recovered": "what had put it into FAULT is over",
}
_PHASE_MEANINGS = {
    "detect": "until the protocol reacted",
    "elect": "until {server} was MASTER",
    "notify": "until its script called the API",
    "announce": "until the cloud took its gratuitous ARP",
    "api": "until the API accepted the call",
    "move": "until the cloud had moved it",
    "propagate": "until packets took the new way",
    "guest": "until the guest had it",
    "service": "until the service answered",
}


def record_words(record: Record, scenario: Scenario) -> Words | None:
    """The record in words; None for what is told elsewhere (API calls, see :func:`api_words`) or only on request."""
    match record:
        case FaultBegan():
            verb = "begin" if _is_plural(record.kind) else "begins"
            return Words(FAULT, f"{fault_title(record.kind, record.target)} {verb}", _fault_name(record), BAD)
        case FaultEnded():
            verb = "are" if _is_plural(record.kind) else "is"
            return Words(FAULT, f"{fault_title(record.kind, record.target)} {verb} over", _fault_name(record), GOOD)
        case PowerChanged(_, instance, state):
            what, tone = _POWER.get(state, (state, PLAIN))
            return Words(instance, what, tone=tone)
        case LinkChanged(_, instance, interface, up):
            return Words(instance, f"{interface} has {'its' if up else 'no'} carrier", tone=GOOD if up else BAD)
        case NetworkChanged(_, instance, ready):
            what = "packets pass" if ready else "its links are up, but no packets pass yet"
            return Words(instance, what, tone=GOOD if ready else BAD)
        case ServiceChanged(_, instance, healthy):
            what = "the service answers" if healthy else "the service does not answer"
            return Words(instance, what, tone=GOOD if healthy else BAD)
        case GuestAddressChanged(_, instance, present):
            if scenario.floating.mechanism.is_public:
                return None  # the instance's own address, which comes and goes with its power
            what = "has {} in its guest" if present else "no longer has {} in its guest"
            return Words(instance, what.format(scenario.floating.label))
        case AcceptChanged(_, instance, accepts):
            what = f"drops what is sent to {scenario.floating.label}"
            if accepts:
                return Words(instance, f"no longer {what}")
            return Words(instance, what, "vrrp.accept is false: keepalived's own rules", BAD)
        case DaemonChanged() | StateChanged() | MemberStateChanged() | PriorityChanged():
            return _keepalived_words(record)
        case CheckChanged() | TrackedProcessChanged() | TrackedFileRead():
            return _tracking_words(record)
        case NotifyStarted() | NotifyEnded():
            return _script_words(record)
        case AddressClaimed(_, instance):
            return Words(instance, f"claims {scenario.floating.label} by gratuitous ARP")
        case TaskEnded() | AddressHeld() | AddressRouted():
            return _cloud_words(record, scenario)
        case ReachabilityChanged(_, server, missing):
            if server is not None:
                return Words(CLIENTS, f"are served by {server}", tone=GOOD)
            return Words(CLIENTS, "get no answer", _MISSING.get(missing, f"{missing} is missing"), BAD)
        case _:
            return None


def power_loss_words(instance: str, lost: Sequence[Record]) -> Words:
    """An instance goes down, and everything that goes with it at the same instant."""
    parts = []
    for record in lost:
        match record:
            case DaemonChanged():
                parts.append("keepalived")
            case StateChanged(_, _, old):
                parts.append(f"its role ({old})")
            case GuestAddressChanged():
                parts.append("its address")
            case ServiceChanged():
                parts.append("its service")
    return Words(instance, "is off", f"and with it {_joined(parts)}" if parts else "", BAD)


def api_words(action: str, code: str | None, took_ns: int | None, count: int, within_ns: int) -> Words:
    """``count`` equal calls in a row, made by whoever the caller names, the last so long after the first."""
    times = f"{count} times within {duration_text(within_ns)}" if count > 1 else ""
    what = f"calls {action} {times}".strip()
    if code is None:
        return Words("", what, "no answer before the script or the run ended", BAD)
    took = f" after {duration_text(took_ns)}" if took_ns is not None and count == 1 else ""
    if code == "OK":
        return Words("", what, f"accepted{took}" if not action.startswith("Describe") else f"answered{took}")
    if code.startswith("Client"):
        return Words("", what, f"given up: {code}{took}", BAD)
    return Words("", what, f"refused: {code}{took}", BAD)


def lint_sentence(errors: Mapping[str, int], where: str, path: str) -> str:
    """How many errors ``hasim lint`` finds in a scenario, by their rules; empty without any.

    ``where`` is what the scenario is called, ``path`` its file.
    """
    if not errors:
        return ""
    found, rules = counted(sum(errors.values()), "error"), ", ".join(errors)
    return f'hasim lint finds {found} in {where}: {rules}; "hasim lint {path}" says what to do'


def fault_title(kind: str, target: str) -> str:
    """A fault as people call it: ``partition of a and b``, ``API outage``."""
    words = kind.replace("_", " ").replace("api", "API")
    return words if target in ("", "api") else f"{words} of {target.replace('|', ' and ')}"


def largest_part(share: float) -> str:
    """What a largest share may be called: ``most`` only where it is more than half."""
    return "most" if share > 0.5 else "the largest part"


def _is_plural(kind: str) -> bool:
    return kind.endswith(("errors", "tasks"))


def phase_meaning(phase: str, outage: Outage, scenario: Scenario) -> str:
    """What a phase of that outage waited for."""
    is_announced = phase == "notify" and scenario.floating.mechanism.is_announced
    return _PHASE_MEANINGS["announce" if is_announced else phase].format(server=outage.ended_on or "another instance")


def outage_sentence(outage: Outage, scenario: Scenario) -> str:
    """The outage in one sentence, each second accounted for."""
    length = duration_text(outage.duration_ns)
    label = scenario.floating.label
    head = f"{label[0].upper()}{label[1:]} was gone for {length}"
    parts = [
        f"{duration_text(phase_ns)} {phase_meaning(phase, outage, scenario)}"
        for phase, phase_ns in zip(PHASES, outage.phases_ns, strict=True)
        if phase_ns
    ]
    if outage.resolution == UNRESOLVED:
        last = max(index for index, phase_ns in enumerate(outage.phases_ns) if phase_ns or index == 0)
        in_vain = f"{duration_text(outage.phases_ns[last])} in vain in the phase {PHASES[last]}"
        return f"{head} and was still gone when the run ended: {_joined([*parts[:-1], in_vain])}."
    told = f": {_joined(parts)}" if parts else ""
    if outage.resolution == RECOVERED_IN_PLACE:
        return f"{head} and came back on {outage.ended_on} without a failover{told}."
    return f"{head}{told}."


def _fault_name(record: FaultBegan | FaultEnded) -> str:
    return f"fault {record.fault!r} of the scenario" if record.fault and record.fault != record.kind else ""


def _keepalived_words(record: DaemonChanged | StateChanged | MemberStateChanged | PriorityChanged) -> Words:
    match record:
        case DaemonChanged(_, instance, running, reason):
            what = "keepalived runs" if running else _DAEMON_GONE.get(reason, f"keepalived is gone ({reason})")
            return Words(instance, what, tone=PLAIN if running else BAD)
        case PriorityChanged(_, instance, old, new):
            return Words(instance, f"lowers its priority from {old} to {new}" if new < old else _raises(old, new))
        case StateChanged(_, instance, old, new, reason):
            return Words(instance, f"{old} → {new}", _reason(reason), _state_tone(new))
        case MemberStateChanged(_, instance, member, old, new, reason):
            return Words(instance, f"{member}: {old} → {new}", _reason(reason), _state_tone(new))


def _reason(reason: str) -> str:
    return _STATE_REASONS.get(reason, reason.replace("_", " "))


def _state_tone(state: str) -> str:
    return GOOD if state == "MASTER" else BAD if state == "FAULT" else PLAIN


def _tracking_words(record: CheckChanged | TrackedProcessChanged | TrackedFileRead) -> Words:
    match record:
        case CheckChanged(_, instance, script, healthy):
            verdict = "succeeds again" if healthy else "has failed often enough to count"
            return Words(instance, f"track script {script} {verdict}", tone=GOOD if healthy else BAD)
        case TrackedProcessChanged(_, instance, process, quorum):
            verdict = "enough of it run" if quorum else "too few of it run"
            return Words(instance, f"tracked process {process}: {verdict}", tone=GOOD if quorum else BAD)
        case TrackedFileRead(_, instance, file, value):
            return Words(instance, f"reads {value} in its tracked file {file}")


def _raises(old: int, new: int) -> str:
    return f"raises its priority from {old} to {new}"


def _script_words(record: NotifyStarted | NotifyEnded) -> Words:
    match record:
        case NotifyStarted(_, instance, run, "RECLAIM"):
            return Words(instance, f"starts its periodic check (script run {run})")
        case NotifyStarted(_, instance, run, event):
            return Words(instance, f"starts its notify script for {event} (script run {run})")
        case NotifyEnded(_, instance, run, outcome):
            why, tone = _SCRIPT_OUTCOMES.get(outcome, (outcome, PLAIN))
            return Words(instance, f"script run {run} ends", why, tone)


def _cloud_words(record: TaskEnded | AddressHeld | AddressRouted, scenario: Scenario) -> Words:
    address = scenario.floating.label
    match record:
        case TaskEnded(_, _, "AssignPrivateIpAddresses" as action, "SUCCESS", None):
            return Words(CLOUD, f"the task of {action} has committed", f"the EIP is not bound to {address} yet")
        case TaskEnded(_, _, action, "SUCCESS", holder):
            where = f"{holder} holds {address}" if holder else f"nobody holds {address}"
            return Words(CLOUD, f"the task of {action} has committed", where)
        case TaskEnded(_, _, action, _, _):
            return Words(CLOUD, f"the task of {action} has failed and was rolled back", tone=BAD)
        case AddressHeld(_, holder):
            return Words(CLOUD, f"{address} is held by {holder}" if holder else f"{address} is held by nobody")
        case AddressRouted(_, holder):
            where = f"reach {holder}" if holder else "are dropped"
            return Words(CLOUD, f"packets to {address} {where}", tone=PLAIN if holder else BAD)


def _joined(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
