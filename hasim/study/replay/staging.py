"""A recorded trial as a scenario: the same configuration, the same phase, the same fault and repair times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hasim.errors import UserError
from hasim.scenario import loads
from hasim.scenario.distributions import Constant, Distribution
from hasim.scenario.model import Fault, FaultKind, Instance, Network, Scenario
from hasim.study.replay.configuration import Reader, node_name, scenario_text, starts_of
from hasim.study.replay.evidence import (
    advert_drift,
    busy_time,
    check_stalls_ns,
    injected_ns,
    nanoseconds,
    neighbour_delay_ns,
    on_its_grid,
    reloaded_ns,
    reloaded_priority,
    stalls_ns,
    start_up_time,
    take_over_time,
    waits_after_start_ns,
)
from hasim.study.replay.recording import Group, Trial
from hasim.units import MICROSECOND, MILLISECOND, SECOND

__all__ = ["NOMINAL", "Noise", "Stage", "within_noise"]

_TIMER_LATENCY_NS = 700 * MICROSECOND
_LINK_FAULTS = ("carrier", "node_down")
_CHECK_FAULTS = ("script", "script_hang")
_FOR_GOOD_NS = 10**6 * SECOND


class Noise(NamedTuple):
    """What a trial's times leave open: ``heal_ns`` is added to the time of the repair, which is the middle of a command
    that took 4 ms in the median and up to 92; ``timer_latency_ns`` is how late expired timers were noticed;
    ``script_ns`` is how late the failing script's runs looked at what they check; ``kill_ns`` how long a script that
    hung took to die; ``preempt_ns`` is how much later than usual a preempt_delay counted from."""

    heal_ns: int
    timer_latency_ns: int
    script_ns: int = 0
    kill_ns: int = 0
    preempt_ns: int = 0


NOMINAL = Noise(0, _TIMER_LATENCY_NS)
_LATE_SCRIPTS = tuple(Noise(0, _TIMER_LATENCY_NS, late_ms * MILLISECOND) for late_ms in (10, 20, 40))
_SLOW_KILLS = (Noise(0, _TIMER_LATENCY_NS, kill_ns=20 * MILLISECOND),)
_PREEMPTED = tuple(Noise(0, _TIMER_LATENCY_NS, preempt_ns=late_us * MICROSECOND) for late_us in (500, -300, 2_000))
_MOVED = tuple(
    Noise(heal_ms * MILLISECOND, latency_us * MICROSECOND)
    for latency_us in (700, 100, 2_000, 4_000)
    for heal_ms in (0, -4, 4, -12, 12, -30, 30)
)


def within_noise(group: Group) -> tuple[Noise, ...]:
    """The nominal times first, then moves within what was measured: durations of commands, the timers' residual, how
    late a failing script starts, how long a hanging one takes to die, and from when on a preempt_delay counts."""
    scripts = _LATE_SCRIPTS if group.fault in _CHECK_FAULTS else ()
    kills = _SLOW_KILLS if group.fault == "script_hang" else ()
    preempted = _PREEMPTED if group.config.get("preempt_delay") else ()
    return (*_MOVED, *scripts, *kills, *preempted)


class Stage:
    """One group's configuration, ready to stage its trials."""

    def __init__(self, group: Group) -> None:
        """Raises:
        UserError: the configuration is not one that a scenario can have.
        """
        self._group = group
        self._base = loads(scenario_text(group), f"group {group.name}")

    @property
    def waits_s(self) -> dict[int, float]:
        """Node -> how long after its start the first advert of one that hears no other is on the wire."""
        return {node: waits_after_start_ns(i) / SECOND for node, i in enumerate(self._base.instances, start=1)}

    def scenario(self, trial: Trial, *, measured: bool, noise: Noise = NOMINAL) -> Scenario:
        """The scenario of ``trial``.

        ``measured``: busy times are those of the trial and the others their medians, so that the outcome is compared
        trial by trial. Otherwise they are drawn from what was measured on the daemon, for outcomes that it decides by a
        race.

        Raises:
            UserError: the fault is of a kind that is not known.
        """
        group = self._group
        horizon_ns = nanoseconds(_end_of(group, trial))
        if horizon_ns <= 0:
            raise UserError(f"group {group.name}, trial {trial.number}: its end is not after time zero")
        staged = [*self._faults(trial, noise), *self._stalls(trial)] if measured else self._faults(trial, noise)
        faults = [fault for fault in staged if fault.at_ns is not None and fault.at_ns < horizon_ns]
        instances = tuple(
            self._instance(instance, node, trial, noise if measured else None, fails=node == trial.target)
            for node, instance in enumerate(self._base.instances, start=1)
        )
        if group.kind == "notifykill":
            instances = _present(instances, trial)
        return replace(
            self._base,
            horizon_ns=horizon_ns,
            faults=tuple(faults),
            instances=tuple(_gone_in_time(instance, faults) for instance in instances),
            network=self._network(instances, trial),
            initial_master=node_name(trial.master_before or _first_master(instances)),
            initial_phase_ns=_phase(trial, self._base.instances),
            cold_start=self._cold_start(trial),
        )

    def _network(self, instances: tuple[Instance, ...], trial: Trial) -> Network:
        """The laboratory's bridge, and where on their way through the kernel's states the neighbours stood."""
        delays = {
            (instance.name, peer): neighbour_delay_ns(instance, trial, node)
            for node, instance in enumerate(self._base.instances, start=1)
            for peer in instance.vrrp.peers
        }
        return replace(self._base.network, resolves_neighbours=len(instances) > 1, neighbour_delays_ns=delays)

    def _cold_start(self, trial: Trial) -> Mapping[str, int] | None:
        if self._group.kind != "startup":
            return None
        starts = trial.starts or starts_of(self._group)
        first = dict(sorted(starts, key=lambda start: -start[1]))
        names = {node_name(node) for node in range(1, self._group.nodes + 1)}
        return {node_name(node): max(nanoseconds(at), 0) for node, at in first.items() if node_name(node) in names}

    def _faults(self, trial: Trial, noise: Noise) -> list[Fault]:
        group = self._group
        if group.kind == "observe":
            return []
        if group.kind == "startup":
            return self._failing_from_the_start(trial)
        target = node_name(trial.target)
        if group.kind == "notifykill":
            return [_kill(group.config, target)]
        began = reloaded_ns if group.fault == "hup" else injected_ns
        at_ns = began(self._base.instances, trial)
        heal = trial.seconds("t_heal")
        duration = None if heal is None else Constant(max(nanoseconds(heal) + noise.heal_ns - at_ns, 0))
        others = tuple(i.name for i in self._base.instances if i.name != target)
        fault = replace(_fault(group.fault, target, others, duration), at_ns=at_ns)
        if fault.kind is FaultKind.KEEPALIVED_RELOAD:
            return [replace(fault, priority=reloaded_priority(trial))]
        return [fault] if fault.and_ or not fault.between else []

    def _stalls(self, trial: Trial) -> list[Fault]:
        """What kept a daemon from running for milliseconds."""
        return [
            Fault(
                kind=FaultKind.FREEZE,
                name="stall",
                targets=(node_name(node),),
                at_ns=begin_ns,
                duration=Constant(end_ns - begin_ns),
                packets_queued=True,
            )
            for node, instance in enumerate(self._base.instances, start=1)
            for begin_ns, end_ns in (*stalls_ns(instance, trial, node), *self._check_stalls_ns(instance, trial, node))
            if end_ns > begin_ns
        ]

    def _check_stalls_ns(self, instance: Instance, trial: Trial, node: int) -> list[tuple[int, int]]:
        fault = self._group.fault
        if fault not in _CHECK_FAULTS or node != trial.target:
            return []
        return [stall for script in instance.vrrp.track_scripts for stall in check_stalls_ns(script, fault, trial)]

    def _failing_from_the_start(self, trial: Trial) -> list[Fault]:
        if not self._group.config.get("pre_flag"):
            return []
        until = trial.seconds("t_unflag")
        if until is None:
            until = Reader(self._group.config, f"group {self._group.name}").number("unflag_at", 1e6)
        target, duration = node_name(trial.target), Constant(max(nanoseconds(until), 0))
        return [Fault("check fails", FaultKind.SERVICE_FAILURE, targets=(target,), at_ns=0, duration=duration)]

    def _instance(self, instance: Instance, node: int, trial: Trial, noise: Noise | None, *, fails: bool) -> Instance:
        daemon = instance.daemon
        start_up = start_up_time(self._group, instance, trial, node)
        if noise is not None:
            daemon = replace(
                daemon,
                start_up=start_up,
                timer_latency=Constant(noise.timer_latency_ns),
                take_over=Constant(max(take_over_time(self._base.instances, trial, node) - noise.timer_latency_ns, 0)),
                busy=busy_time(instance, trial, node),
                advert_drift_ns=advert_drift(instance, trial, node),
                preempt_lag_ns=max(daemon.preempt_lag_ns + noise.preempt_ns, 0),
            )
        else:
            daemon = replace(daemon, start_up=start_up)
        scripts = instance.vrrp.track_scripts
        if fails and self._group.fault in _CHECK_FAULTS:
            late_ns, kill_ns = (noise.script_ns, noise.kill_ns) if noise is not None else (0, 0)
            scripts = tuple(
                replace(on_its_grid(script, self._group.fault, trial, late_ns), killed_after_ns=kill_ns)
                for script in scripts
            )
        return replace(instance, daemon=daemon, vrrp=replace(instance.vrrp, track_scripts=scripts))


def _gone_in_time(instance: Instance, faults: Sequence[Fault]) -> Instance:
    """The instance with a stop that takes as long as usual, or less: what was executed after it found nobody there."""
    stops = [fault for fault in faults if fault.kind is FaultKind.KEEPALIVED_STOP and instance.name in fault.targets]
    lasts_ns = [int(fault.duration.mean_ns()) for fault in stops if fault.duration is not None]
    grace_ns = min([instance.daemon.stop_grace_ns, *lasts_ns])
    return replace(instance, daemon=replace(instance.daemon, stop_grace_ns=grace_ns))


def _fault(kind: str, target: str, others: tuple[str, ...], duration: Distribution | None) -> Fault:
    common: dict[str, Any] = {"name": kind, "at_ns": 0, "duration": duration}
    match kind:
        case "kill9":
            return Fault(kind=FaultKind.KEEPALIVED_KILL, targets=(target,), **common)
        case "kill9_parent":
            return Fault(kind=FaultKind.KEEPALIVED_KILL, targets=(target,), process="parent", **common)
        case "kill9_child":
            return Fault(kind=FaultKind.KEEPALIVED_KILL, targets=(target,), process="child", **common)
        case "term":
            return Fault(kind=FaultKind.KEEPALIVED_STOP, targets=(target,), **common)
        case "hup":
            return Fault(kind=FaultKind.KEEPALIVED_RELOAD, targets=(target,), **common)
        case "silent":
            return Fault(kind=FaultKind.PARTITION, between=(target,), and_=others, **common)
        case "asym_m2b":
            return Fault(kind=FaultKind.ONE_WAY_PARTITION, between=(target,), and_=others, **common)
        case "asym_b2m":
            return Fault(kind=FaultKind.ONE_WAY_PARTITION, between=others, and_=(target,), **common)
        case "script" | "script_hang":
            return Fault(kind=FaultKind.SERVICE_FAILURE, targets=(target,), hangs=kind == "script_hang", **common)
        case "freeze" | "freeze_drop":
            return Fault(kind=FaultKind.FREEZE, targets=(target,), packets_queued=kind == "freeze", **common)
        case _ if kind in _LINK_FAULTS:
            return Fault(kind=FaultKind.LINK_DOWN, targets=(target,), **common)
        case _:
            known = "kill9, kill9_parent, kill9_child, term, hup, silent, carrier, node_down, script, script_hang,"
            raise UserError(f"unknown fault {kind!r}: expected one of {known} freeze, freeze_drop, asym_m2b, asym_b2m")


def _kill(config: Mapping[str, Any], target: str) -> Fault:
    """The notify-kill groups: a signal to some of the daemon's processes, for good."""
    signal, which = str(config.get("sig", "SIGKILL")), str(config.get("which", "all"))
    if signal not in ("SIGTERM", "SIGKILL") or which not in ("all", "child", "parent"):
        raise UserError(
            f"unknown signal {signal!r} to {which!r}: expected SIGTERM or SIGKILL to all, the child or the parent"
        )
    if signal == "SIGTERM":
        return replace(_fault("term", target, (), None), process="child" if which == "child" else "all")
    return replace(_fault("kill9", target, (), None), process=which, duration=Constant(_FOR_GOOD_NS))


def _end_of(group: Group, trial: Trial) -> float:
    for key in ("t_end", "duration"):
        end = trial.seconds(key)
        if end is not None:
            return end
    last = max((float(event[0]) for key in ("states", "notify", "proc") for event in trial.events(key)), default=0.0)
    return max(Reader(group.config, f"group {group.name}").number("duration", 0), last + 0.5)


def _phase(trial: Trial, instances: tuple[Instance, ...]) -> int | None:
    """How long before time zero the last advert was sent; where one more should have been, it was not captured."""
    master = trial.master_before or _first_master(instances)
    phase, interval_ns = trial.seconds("phase"), instances[master - 1].vrrp.advert_int_ns
    if phase is None:
        sent = [float(event[0]) for event in trial.events("adverts") if event[1] == master and event[0] <= 0]
        phase = -max(sent) if sent else None
    if phase is None:
        return None
    phase_ns = max(nanoseconds(phase), 0)
    return min(phase_ns, interval_ns) if phase_ns < 1.5 * interval_ns else phase_ns % interval_ns


def _present(instances: tuple[Instance, ...], trial: Trial) -> tuple[Instance, ...]:
    """The instances that ran in the trial: in these groups it is often one alone."""
    seen = {node_name(int(e[1])) for key in ("states", "notify", "adverts", "proc") for e in trial.events(key)}
    return tuple(
        replace(i, vrrp=replace(i.vrrp, peers=tuple(peer for peer in i.vrrp.peers if peer in seen)))
        for i in instances
        if i.name in seen
    )


def _first_master(instances: tuple[Instance, ...]) -> int:
    """The node that is MASTER when all has been well for long."""
    best = max(instances, key=lambda i: (i.vrrp.priority, int(i.interfaces[0].address)))
    return next(node for node in range(1, 33) if node_name(node) == best.name)
