"""What only the machine of a trial decided, read from what the trial shows.

The model decides states, elections, scripts and packets. How long a daemon took to start and how long it was busy,
where on its grid a failing script stood, and when exactly a command took hold are the laboratory's.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import ceil

from hasim.scenario.distributions import Constant, Distribution
from hasim.scenario.model import Instance, TrackScript
from hasim.study.replay.observation import LATEST_LOG_S
from hasim.study.replay.recording import Group, Trial
from hasim.units import MICROSECOND, MILLISECOND, SECOND
from hasim.vrrp.timers import master_down_interval

__all__ = [
    "advert_drift",
    "busy_time",
    "check_stalls_ns",
    "injected_ns",
    "nanoseconds",
    "neighbour_delay_ns",
    "on_its_grid",
    "reloaded_ns",
    "reloaded_priority",
    "stalls_ns",
    "start_up_time",
    "take_over_time",
    "waits_after_start_ns",
]

_SCRIPT_RUN_NS = 10 * MILLISECOND
_BUSY_NS = 10 * MILLISECOND
_LONGEST_BUSY_NS = 200 * MILLISECOND
_LARGEST_DRIFT_NS = 5 * MILLISECOND
_TAKE_OVER_NS = 1_800 * MICROSECOND
_LONGEST_TAKE_OVER_NS = 5 * MILLISECOND
_STALL_NS = 1 * MILLISECOND
_SLIPPED_NS = 10 * MILLISECOND
_JUST_BEFORE_NS = MILLISECOND
_DUE_EARLIER_NS = 3 * MILLISECOND
_NOTICED_NS = 700 * MICROSECOND
_START_UP_NS = 42 * MILLISECOND
_RESPAWN_START_UP_NS = 20 * MILLISECOND
_LATE_S = 0.03
"""A time-out shows on the wire at most this late."""
_FAILING_S = 3.045
_NOT_ASKED_NS = 30 * SECOND
_LONGEST_RELOAD_S = 0.1
_SLIP_S = 0.005
"""An advert is sent at most this much later than one interval after the one before."""


def start_up_time(group: Group, instance: Instance, trial: Trial, node: int) -> Distribution:
    """How long the daemon took from its execution to its first state in the trial; the median where nothing tells."""
    executions = [float(e[0]) for e in trial.events("proc") if e[1] == node and e[2] == "exec"]
    if group.fault == "kill9_child":
        executions = [0.0]  # the parent's pause before it starts another child depends on all that died before
    for executed in executions:
        # The log was read from a pipe, up to 50 ms late: the notify script may know better.
        firsts = [
            min((float(e[0]) for e in trial.events(key) if e[1] == node and e[0] >= executed), default=None)
            for key in ("states", "notify")
        ]
        known = [first for first in firsts if first is not None]
        if known:
            waits_ns = _SCRIPT_RUN_NS if any(not script.weight for script in instance.vrrp.track_scripts) else 0
            first_ns = nanoseconds(min(known)) - waits_ns
            return Constant(max(_started_waiting_ns(instance, trial, node, first_ns) - nanoseconds(executed), 0))
    return Constant(_RESPAWN_START_UP_NS if group.fault == "kill9_child" else _START_UP_NS)


def _started_waiting_ns(instance: Instance, trial: Trial, node: int, known_ns: int) -> int:
    """When a daemon was BACKUP at the latest: its state was known then, and one that nobody kept from taking over sent
    its first advert a master-down interval after its start."""
    waits_ns = waits_after_start_ns(instance)
    sent = (nanoseconds(float(e[0])) for e in trial.events("adverts") if e[1] == node and e[2] != 0)
    began = (at_ns - waits_ns for at_ns in sent if at_ns > known_ns)
    return min((at_ns for at_ns in began if 0 < known_ns - at_ns < nanoseconds(LATEST_LOG_S)), default=known_ns)


def waits_after_start_ns(instance: Instance) -> int:
    """How long after its start the first advert of a daemon is on the wire that hears no other."""
    vrrp = instance.vrrp
    waits_ns = master_down_interval(vrrp.version, vrrp.priority, vrrp.advert_int_ns, vrrp.down_timer_adverts)
    return waits_ns + vrrp.startup_delay_ns + _TAKE_OVER_NS


def take_over_time(instances: tuple[Instance, ...], trial: Trial, node: int) -> int:
    """How long it took from the end of the node's master-down timer until its first advert was on the wire, if that is
    a few milliseconds; the median where nothing tells.

    The timer ran from the last advert of the MASTER before the fault.
    """
    vrrp = instances[node - 1].vrrp
    sent = [float(e[0]) for e in trial.events("adverts") if e[1] == node and e[2] != 0 and e[0] > 0]
    phase, master = trial.seconds("phase"), trial.master_before
    if not sent or phase is None or master is None or node == master:
        return _TAKE_OVER_NS
    master_interval_ns = instances[master - 1].vrrp.advert_int_ns
    waits_ns = master_down_interval(vrrp.version, vrrp.priority, master_interval_ns, vrrp.down_timer_adverts)
    late_ns = nanoseconds(sent[0] + phase) - waits_ns
    return late_ns if 0 <= late_ns <= _LONGEST_TAKE_OVER_NS else _TAKE_OVER_NS


def busy_time(instance: Instance, trial: Trial, node: int) -> Distribution:
    """How long the daemon was busy when it became MASTER: what its first interval was longer than the configured
    one. One that did not become MASTER was as busy with the adverts of usurpers that had queued up: as long as lay
    between the scripts that it started for them."""
    interval = instance.vrrp.advert_int_ns
    entries = [float(e[0]) for e in trial.events("states") if e[1] == node and e[2] == "MASTER" and e[0] > 0]
    adverts = [float(e[0]) for e in trial.events("adverts") if e[1] == node]
    for entered in entries:
        following = [at for at in adverts if at >= entered - 0.1]
        if len(following) >= 2:
            excess_ns = nanoseconds(following[1] - following[0]) - interval
            if 0 <= excess_ns <= _LONGEST_BUSY_NS:
                return Constant(excess_ns)
    forced = [nanoseconds(float(e[0])) for e in trial.events("notify") if e[1] == node and "RX_LOWER_PRI" in str(e[2])]
    gaps = [after - before for before, after in pairwise(forced) if after - before <= _LONGEST_BUSY_NS]
    return Constant(sum(gaps) // len(gaps) if gaps else _BUSY_NS)


def advert_drift(instance: Instance, trial: Trial, node: int) -> int:
    """What the later intervals of the node's adverts were longer than the configured one: the mean of those in which
    it did not stall."""
    interval_ns = instance.vrrp.advert_int_ns
    adverts = [nanoseconds(float(e[0])) for e in trial.events("adverts") if e[1] == node and e[2] != 0]
    excesses = [after - before - interval_ns for before, after in pairwise(adverts)]
    later = [excess for excess in excesses[1:] if 0 <= excess <= _STALL_NS]
    return sum(later) // len(later) if later else instance.daemon.advert_drift_ns


def stalls_ns(instance: Instance, trial: Trial, node: int) -> list[tuple[int, int]]:
    """From when until when after time zero the node's daemon did not run although an advert of its was due: the machine
    did something else. An advert that follows another one by more than an interval tells."""
    interval_ns = instance.vrrp.advert_int_ns
    sent = [nanoseconds(float(e[0])) for e in trial.events("adverts") if e[1] == node and e[2] != 0]
    return [
        (max(before + interval_ns - _DUE_EARLIER_NS, 0), after - _NOTICED_NS)
        for before, after in pairwise(sent)
        if after > _NOTICED_NS and _STALL_NS < after - before - interval_ns <= _LONGEST_BUSY_NS
    ]


def on_its_grid(script: TrackScript, fault: str, trial: Trial, late_ns: int) -> TrackScript:
    """Place the target's failing script where the trial's outcome says that it stood, or ``late_ns`` later."""
    run_ns = _failing_run_ns(script, fault)
    went_down_ns = _went_down_ns(script, trial, run_ns)
    if went_down_ns is None:
        return script
    counted_late_ns = max(-_slip_ns(script, fault, trial), 0)
    last_run_ns = went_down_ns - counted_late_ns + late_ns - run_ns
    return replace(script, first_run_ns=(last_run_ns - (script.fall - 1) * script.interval_ns) % script.interval_ns)


def check_stalls_ns(script: TrackScript, fault: str, trial: Trial) -> list[tuple[int, int]]:
    """From when until when the target's daemon did not run although its failing script was due, or had a result.

    A run that is started late moves the grid for good, and an instance in FAULT sends no adverts that would show it. So
    where the run that ended the FAULT stood later on the grid than the one that began it, the daemon stalled meanwhile;
    where it stood earlier, the beginning was late.
    """
    slip_ns = _slip_ns(script, fault, trial)
    if not slip_ns:
        return []
    fault_ns = nanoseconds(_first_fault_s(trial) or 0.0)
    if slip_ns < 0:
        return [(max(fault_ns + slip_ns - _JUST_BEFORE_NS, 0), fault_ns)]
    run_ns = _failing_run_ns(script, fault)
    due_ns = fault_ns - run_ns + (run_ns // script.interval_ns + 1) * script.interval_ns
    return [(due_ns - _JUST_BEFORE_NS, due_ns + slip_ns)]


def _slip_ns(script: TrackScript, fault: str, trial: Trial) -> int:
    """How much later on its grid the run was that ended the target's FAULT than the one that began it; zero where that
    is little, too much to tell, or unknown."""
    began_s = _first_fault_s(trial)
    if script.weight or began_s is None:
        return 0
    backups = (float(e[0]) for e in trial.events("states") if e[1] == trial.target and e[2] == "BACKUP")
    ended_s = next((at for at in backups if at > began_s), None)
    if ended_s is None:
        return 0
    between_ns = nanoseconds(ended_s) - _SCRIPT_RUN_NS - (nanoseconds(began_s) - _failing_run_ns(script, fault))
    half_ns = script.interval_ns // 2
    slip_ns = (between_ns + half_ns) % script.interval_ns - half_ns
    return slip_ns if _SLIPPED_NS <= abs(slip_ns) <= _LONGEST_BUSY_NS else 0


def _failing_run_ns(script: TrackScript, fault: str) -> int:
    return script.timeout_ns if fault == "script_hang" else _SCRIPT_RUN_NS


def _first_fault_s(trial: Trial) -> float | None:
    faults = (float(e[0]) for e in trial.events("states") if e[1] == trial.target and e[2] == "FAULT")
    return next(faults, None)


def _went_down_ns(script: TrackScript, trial: Trial, run_ns: int) -> int | None:
    """When the daemon counted the script as down: it entered FAULT, or its adverts carried a lower priority (some time
    between two of them, when a script that began to fail within one interval after time zero can have been down)."""
    if not script.weight:
        fault_s = _first_fault_s(trial)
        return None if fault_s is None else nanoseconds(fault_s)
    adverts = [(float(e[0]), int(e[2])) for e in trial.events("adverts") if e[1] == trial.target and len(e) > 2]
    for (before, high), (after, low) in pairwise(adverts):
        if 0 < low < high and after > 0:
            soonest_ns = (script.fall - 1) * script.interval_ns + run_ns
            earliest_ns = max(nanoseconds(before), soonest_ns)
            return (earliest_ns + max(min(nanoseconds(after), soonest_ns + script.interval_ns), earliest_ns)) // 2
    return None


def injected_ns(instances: tuple[Instance, ...], trial: Trial) -> int:
    """When the fault took hold, counted from time zero, which is the middle of a command of ``inject_s`` seconds.

    Where another node's time-out shows that it still heard an advert within the second half of the command, the fault
    came after that advert.
    """
    phase, took_s = trial.seconds("phase"), trial.seconds("inject_s")
    if phase is None or took_s is None:
        return 0
    target = trial.target
    interval_s = instances[target - 1].vrrp.advert_int_ns / SECOND
    firsts = [(float(e[0]), int(e[1])) for e in trial.events("adverts") if e[0] > 0 and e[1] != target and e[2] != 0]
    if not firsts or interval_s <= 0:
        return 0
    at_s, node = min(firsts)
    vrrp = instances[node - 1].vrrp
    waited_ns = master_down_interval(
        vrrp.version, vrrp.priority, instances[target - 1].vrrp.advert_int_ns, vrrp.down_timer_adverts
    )
    heard_s = at_s - waited_ns / SECOND
    on_the_wire = [float(e[0]) for e in trial.events("adverts") if e[1] == target and 0 < e[0] <= took_s / 2]
    on_the_grid = max(ceil((phase - _SLIP_S) / interval_s) * interval_s - phase, 0.0)
    sent_s = on_the_wire[0] if on_the_wire else on_the_grid
    if sent_s <= took_s / 2 and sent_s - _SLIP_S <= heard_s <= sent_s + _LATE_S:
        return nanoseconds(sent_s + _SLIP_S)
    return 0


def reloaded_ns(instances: tuple[Instance, ...], trial: Trial) -> int:
    """When the daemon acted on the signal that makes it reload: a MASTER sends an advert then, and another one when it
    has read its configuration (zero where it was none)."""
    shortest_s = instances[trial.target - 1].vrrp.advert_int_ns / SECOND / 2
    sent = [float(e[0]) for e in trial.events("adverts") if e[1] == trial.target and 0 < e[0] < _LONGEST_RELOAD_S]
    answers = [before for before, after in pairwise(sorted(sent)) if after - before < shortest_s]
    return nanoseconds(answers[-1]) if answers else 0


def reloaded_priority(trial: Trial) -> int | None:
    """The priority that the target's adverts carry between a reload and the next one, which has the old configuration
    again; None where they do not tell."""
    until_s = trial.seconds("t_heal")
    sent = [(float(e[0]), int(e[2])) for e in trial.events("adverts") if e[1] == trial.target and e[0] > 0 and e[2]]
    between = [(at, priority) for at, priority in sent if until_s is None or at < until_s]
    return max(between)[1] if between else None


def nanoseconds(seconds: float) -> int:
    """A recorded time as the simulator counts it."""
    return round(seconds * SECOND)


def neighbour_delay_ns(instance: Instance, trial: Trial, node: int) -> int:
    """When, in a partition, the node's kernel asks for the hardware addresses of its peers.

    That hangs on what it sent minutes before the trial. Asked in vain, its entry fails three seconds later and its
    adverts stay away from the wire: a MASTER of which some are missing began to ask that long before the first of them.
    """
    interval_s = instance.vrrp.advert_int_ns / SECOND
    entered = [float(e[0]) for e in trial.events("states") if e[1] == node and e[2] == "MASTER" and e[0] > 0]
    sent = [float(e[0]) for e in trial.events("adverts") if e[1] == node and e[2] != 0 and e[0] > 0]
    if entered and not any(abs(at - entered[0]) < interval_s / 2 for at in sent):
        return _asked_before(0.0, entered[0])
    for before, after in pairwise(sent):
        if after - before > 1.5 * interval_s:
            return _asked_before(before, before + interval_s)
    return _NOT_ASKED_NS


def _asked_before(left_s: float, stayed_s: float) -> int:
    """When an entry was asked for that failed after one advert had left and before the next one should have."""
    return nanoseconds((max(left_s, _FAILING_S) + max(stayed_s, _FAILING_S)) / 2 - _FAILING_S)
