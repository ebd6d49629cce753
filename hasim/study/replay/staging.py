"""A recorded trial as a scenario: the same configuration, the same phase, the same fault and repair times.

What the daemon decides by itself is left to the simulation. What only the machine of the trial decided is taken from
the trial: how long the daemon took to start, how long it was busy after it had become MASTER (the excess of its first
interval), and where on its grid the failing track script stood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from hasim.errors import UserError
from hasim.scenario import loads
from hasim.scenario.distributions import Constant, Distribution
from hasim.scenario.model import Fault, FaultKind, Instance, Scenario, TrackScript
from hasim.study.replay.recording import Group, Trial
from hasim.units import MICROSECOND, MILLISECOND, SECOND

__all__ = ["NOMINAL", "WITHIN_NOISE", "Noise", "Stage", "node_name", "unused_keys"]

_USED_KEYS = frozenset(
    {
        "n",
        "version",
        "adv",
        "prio",
        "state",
        "unicast",
        "track",
        "pre_flag",
        "unflag_at",
        "starts",
        "sig",
        "which",
        "loss",
        "kind",
        "fault",
        "nopreempt",
        "preempt_delay",
        "vrrp_higher_prio_send_advert",
        "vrrp_lower_prio_no_advert",
        "vrrp_startup_delay",
        "startup_delay",
        "down_timer_adverts",
        "vrrp_down_timer_adverts",
    }
)
_LAB_KEYS = frozenset(
    {
        "hold",
        "hold_extra",
        "hold_rand",
        "hold_max",
        "post",
        "post_extra",
        "post_max",
        "ping",
        "duration",
        "keep_log",
        "slow_notify",
    }
)
_SCRIPT_RUN_NS = 10 * MILLISECOND
_TIMER_LATENCY_NS = 700 * MICROSECOND
_TAKE_OVER_NS = 1_100 * MICROSECOND
_BUSY_NS = 10 * MILLISECOND
_LARGEST_DRIFT_NS = 5 * MILLISECOND
_START_UP_NS = 42 * MILLISECOND
_RESPAWN_START_UP_NS = 20 * MILLISECOND
_LINK_FAULTS = ("carrier", "node_down")
_CHECK_FAULTS = ("script", "script_hang")


def node_name(node: int) -> str:
    """The name of node number ``node`` (from 1) in the scenario."""
    return f"n{node}"


def unused_keys(group: Group) -> tuple[str, ...]:
    """Keys of the configuration that replay does not know."""
    return tuple(sorted(set(group.config) - _USED_KEYS - _LAB_KEYS))


class Noise(NamedTuple):
    """What a trial's times leave open: ``heal_ns`` is added to the time of the repair, which is the middle of a command
    that took 4 ms in the median and up to 92; ``timer_latency_ns`` is how late expired timers were noticed."""

    heal_ns: int
    timer_latency_ns: int


NOMINAL = Noise(0, _TIMER_LATENCY_NS)
WITHIN_NOISE = tuple(
    Noise(heal_ms * MILLISECOND, latency_us * MICROSECOND)
    for latency_us in (700, 100, 2_000, 4_000)
    for heal_ms in (0, -4, 4, -12, 12, -30, 30)
)
"""The nominal times first, then moves within what was measured of command durations and of the timers' residual."""


class Stage:
    """One group's configuration, ready to stage its trials."""

    def __init__(self, group: Group) -> None:
        """Raises:
        UserError: the configuration is not one that a scenario can have.
        """
        self._group = group
        self._base = loads(_text(group), f"group {group.name}")

    def scenario(self, trial: Trial, *, measured: bool, noise: Noise = NOMINAL) -> Scenario:
        """The scenario of ``trial``.

        ``measured``: busy times are those of the trial and the others their medians, so that the outcome is compared
        trial by trial. Otherwise they are drawn from what was measured on the daemon, for outcomes that it decides by a
        race.

        Raises:
            UserError: the fault is of a kind that is not known.
        """
        group = self._group
        horizon_ns = _ns(_end_of(group, trial))
        faults = [fault for fault in self._faults(trial, noise) if fault.at_ns is not None and fault.at_ns < horizon_ns]
        target = trial.data.get("target")
        instances = tuple(
            self._instance(instance, node, trial, noise if measured else None, fails=node == target)
            for node, instance in enumerate(self._base.instances, start=1)
        )
        if group.kind == "notifykill":
            instances = _present(instances, trial)
        phase = trial.seconds("phase")
        return replace(
            self._base,
            horizon_ns=horizon_ns,
            faults=tuple(faults),
            instances=instances,
            initial_master=node_name(int(trial.data.get("master_before", _first_master(group)))),
            initial_phase_ns=None if phase is None else min(_ns(phase), instances[0].vrrp.advert_int_ns),
            cold_start=self._cold_start(trial),
        )

    def _cold_start(self, trial: Trial) -> Mapping[str, int] | None:
        if self._group.kind != "startup":
            return None
        starts = trial.data.get("starts")
        if starts is None:
            starts = [[at, node] for node, at in self._group.config.get("starts", [[1, 0]])]
        return {node_name(int(node)): max(_ns(at), 0) for at, node in starts}

    def _faults(self, trial: Trial, noise: Noise) -> list[Fault]:
        group = self._group
        if group.kind == "observe":
            return []
        if group.kind == "startup":
            return self._failing_from_the_start(trial)
        target = node_name(int(trial.data.get("target", 1)))
        heal = trial.seconds("t_heal")
        duration = None if heal is None else Constant(max(_ns(heal) + noise.heal_ns, 0))
        if group.kind == "notifykill":
            return [_kill(group.config, target)]
        others = tuple(i.name for i in self._base.instances if i.name != target)
        return [_fault(group.fault, target, others, duration)]

    def _failing_from_the_start(self, trial: Trial) -> list[Fault]:
        if not self._group.config.get("pre_flag"):
            return []
        until = trial.seconds("t_unflag") or float(self._group.config.get("unflag_at", 1e6))
        target = node_name(int(trial.data.get("target", 1)))
        duration = Constant(_ns(until))
        return [Fault("check fails", FaultKind.SERVICE_FAILURE, targets=(target,), at_ns=0, duration=duration)]

    def _instance(self, instance: Instance, node: int, trial: Trial, noise: Noise | None, *, fails: bool) -> Instance:
        daemon = instance.daemon
        start_up = _start_up(self._group, trial, node)
        if noise is not None:
            daemon = replace(
                daemon,
                start_up=start_up,
                timer_latency=Constant(noise.timer_latency_ns),
                take_over=Constant(_TAKE_OVER_NS),
                busy=_busy(instance, trial, node),
                advert_drift_ns=_drift(instance, trial, node),
            )
        else:
            daemon = replace(daemon, start_up=start_up)
        scripts = instance.vrrp.track_scripts
        if fails and self._group.fault in _CHECK_FAULTS:
            scripts = tuple(_on_its_grid(script, self._group.fault, trial, node) for script in scripts)
        return replace(instance, daemon=daemon, vrrp=replace(instance.vrrp, track_scripts=scripts))


def _text(group: Group) -> str:
    """The scenario text of a group's configuration (JSON is YAML)."""
    config = group.config
    nodes = range(1, group.nodes + 1)
    priorities = config.get("prio", [100] * group.nodes)
    intervals = _per_node(config.get("adv", 1), group.nodes)
    states = _per_node(config.get("state", "BACKUP"), group.nodes)
    vrrp: dict[str, Any] = {
        "version": config.get("version", 2),
        "transport": "unicast" if config.get("unicast") else "multicast",
        "nopreempt": bool(config.get("nopreempt")),
        "preempt_delay": f"{config.get('preempt_delay', 0)}s",
        "startup_delay": f"{config.get('vrrp_startup_delay', config.get('startup_delay', 0))}s",
        "down_timer_adverts": config.get("vrrp_down_timer_adverts", config.get("down_timer_adverts", 3)),
        "higher_prio_send_advert": _switch(config.get("vrrp_higher_prio_send_advert")),
        "lower_prio_no_advert": _switch(config.get("vrrp_lower_prio_no_advert")),
    }
    if "track" in config:
        vrrp["track_scripts"] = {"check": _track(config["track"])}
    loss = float(config.get("loss", 0))
    return json.dumps(
        {
            "name": re.sub(r"[^A-Za-z0-9_-]", "-", group.name)[:60] or "group",
            "horizon": "1h",
            "zones": ["lab"],
            "vpc": {"cidr": "10.0.0.0/16", "multicast": True},
            "subnets": {"lab": {"cidr": "10.0.1.0/24"}},
            "instances": {
                node_name(node): {
                    "address": f"10.0.1.{10 + node}",
                    "vrrp": {
                        "priority": priorities[node - 1],
                        "advert_int": f"{intervals[node - 1]}s",
                        "state": states[node - 1],
                    },
                }
                for node in nodes
            },
            "floating": {"address": "10.0.1.200", "mechanism": "secondary_ip"},
            "vrrp": vrrp,
            "network": {"within_zone": {"latency": "50us", "jitter": "0", "loss": f"{loss * 100:.10g}%"}},
            "guest": {"configure": "0"},
            "notify": {"start_up": "1d"},
        }
    )


def _track(track: Mapping[str, Any]) -> dict[str, Any]:
    interval = track.get("interval", 1)
    return {
        "interval": f"{interval}s",
        "timeout": f"{track.get('timeout', interval)}s",
        "rise": track.get("rise", 1),
        "fall": track.get("fall", 1),
        "weight": track.get("weight", 0),
        "run_time": f"{_SCRIPT_RUN_NS}ns",
    }


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
    if config.get("sig") == "SIGTERM":
        return _fault("term", target, (), None)
    which = str(config.get("which", "all"))
    return replace(_fault("kill9", target, (), None), process=which, duration=Constant(10**6 * SECOND))


def _end_of(group: Group, trial: Trial) -> float:
    for key in ("t_end", "duration"):
        end = trial.seconds(key)
        if end is not None:
            return end
    last = max((float(event[0]) for key in ("states", "notify", "proc") for event in trial.events(key)), default=0.0)
    return max(float(group.config.get("duration", 0)), last + 0.5)


def _present(instances: tuple[Instance, ...], trial: Trial) -> tuple[Instance, ...]:
    """The instances that ran in the trial: in these groups it is often one alone."""
    seen = {node_name(int(e[1])) for key in ("states", "notify", "adverts", "proc") for e in trial.events(key)}
    return tuple(
        replace(i, vrrp=replace(i.vrrp, peers=tuple(peer for peer in i.vrrp.peers if peer in seen)))
        for i in instances
        if i.name in seen
    )


def _first_master(group: Group) -> int:
    priorities = group.config.get("prio", [100])
    return int(max(range(len(priorities)), key=lambda i: (priorities[i], i))) + 1


def _start_up(group: Group, trial: Trial, node: int) -> Distribution:
    """How long the daemon took from its execution to its first state in the trial; the median where nothing tells."""
    if group.fault == "kill9_child":
        return Constant(_RESPAWN_START_UP_NS)
    executions = [float(e[0]) for e in trial.events("proc") if e[1] == node and e[2] == "exec"]
    for executed in executions:
        # The log was read from a pipe, up to 50 ms late: the notify script may know better.
        firsts = [
            min((float(e[0]) for e in trial.events(key) if e[1] == node and e[0] >= executed), default=None)
            for key in ("states", "notify")
        ]
        known = [first for first in firsts if first is not None]
        if known:
            waits_ns = _SCRIPT_RUN_NS if _waits_for_check(group) else 0
            return Constant(max(_ns(min(known) - executed) - waits_ns, 0))
    return Constant(_START_UP_NS)


def _waits_for_check(group: Group) -> bool:
    return "track" in group.config and not group.config["track"].get("weight", 0)


def _busy(instance: Instance, trial: Trial, node: int) -> Distribution:
    """How long the daemon was busy when it became MASTER: what its first interval was longer than the configured
    one."""
    interval = instance.vrrp.advert_int_ns
    entries = [float(e[0]) for e in trial.events("states") if e[1] == node and e[2] == "MASTER" and e[0] > 0]
    adverts = [float(e[0]) for e in trial.events("adverts") if e[1] == node]
    for entered in entries:
        following = [at for at in adverts if at >= entered - 0.1]
        if len(following) >= 2:
            excess_ns = _ns(following[1] - following[0]) - interval
            if 0 <= excess_ns <= 200 * MILLISECOND:
                return Constant(excess_ns)
    return Constant(_BUSY_NS)


def _drift(instance: Instance, trial: Trial, node: int) -> int:
    """What the later intervals of the node's adverts were longer than the configured one, on average."""
    interval_ns = instance.vrrp.advert_int_ns
    adverts = [_ns(float(e[0])) for e in trial.events("adverts") if e[1] == node and e[2] != 0]
    excesses = [after - before - interval_ns for before, after in pairwise(adverts)]
    later = [excess for excess in excesses[1:] if 0 <= excess <= _LARGEST_DRIFT_NS]
    return sum(later) // len(later) if later else instance.daemon.advert_drift_ns


def _on_its_grid(script: TrackScript, fault: str, trial: Trial, node: int) -> TrackScript:
    """Place the failing script where the trial's outcome says that it stood."""
    went_down = _went_down_at(script, trial, node)
    if went_down is None:
        return script
    run_ns = script.timeout_ns if fault == "script_hang" else _SCRIPT_RUN_NS
    last_run_ns = _ns(went_down) - run_ns
    return replace(script, first_run_ns=(last_run_ns - (script.fall - 1) * script.interval_ns) % script.interval_ns)


def _went_down_at(script: TrackScript, trial: Trial, node: int) -> float | None:
    """When the daemon counted the script as down: it entered FAULT, or its adverts carried a lower priority."""
    if not script.weight:
        return next((float(e[0]) for e in trial.events("states") if e[1] == node and e[2] == "FAULT"), None)
    adverts = [(float(e[0]), int(e[2])) for e in trial.events("adverts") if e[1] == node and len(e) > 2]
    for (before, high), (after, low) in pairwise(adverts):
        if 0 < low < high and after > 0:
            return (max(before, 0.0) + after) / 2
    return None


def _per_node(value: Any, nodes: int) -> list[Any]:
    return list(value) if isinstance(value, list) else [value] * nodes


def _switch(value: Any) -> bool:
    return str(value).lower() in ("true", "yes", "on", "1")


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)
