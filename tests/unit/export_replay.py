"""A run of the simulator, and the exported script of each instance given the same answers at the same times.

The simulated control plane is listened to, so that every answer is a real one; the exported script then runs on a clock
of its own, with those answers. What it calls, when, and how it ends must be what the simulated script did.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, NamedTuple

from hasim.export import ExportOptions, identifiers_of
from hasim.export.node.script import Answer, Script
from hasim.export.settings import settings_of
from hasim.scenario.distributions import Constant
from hasim.scenario.model import FaultKind, Scenario
from hasim.sim.randomness import Randomness
from hasim.sim.world import World
from hasim.trace import DaemonChanged, NotifyEnded, NotifyStarted, StateChanged

__all__ = ["Call", "Run", "replayed", "simulated_runs"]


@dataclass(frozen=True)
class Call:
    """An API call: when it was made and answered (ns), and what was said."""

    at_ns: int
    action: str
    params: dict[str, Any]
    answered_ns: int
    answer: Answer


@dataclass
class Run:
    """One run of a notify script in the simulation; ``outcome`` is empty where the run of the simulator ended first."""

    number: int
    instance: str
    event: str
    began_ns: int
    outcome: str = ""
    calls: list[Call] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether it came to its own end."""
        return self.outcome not in ("", "killed")


def without_start_up(scenario: Scenario) -> Scenario:
    """The scenario with scripts that are there at once, and nobody frozen: their times are then those of the policy."""
    instances = tuple(
        replace(instance, notify=replace(instance.notify, start_up=Constant(0))) for instance in scenario.instances
    )
    faults = tuple(fault for fault in scenario.faults if fault.kind is not FaultKind.FREEZE)
    return replace(scenario, instances=instances, faults=faults)


class Mastership(NamedTuple):
    """From a record on (its place in the trace and its time) a daemon is MASTER or is not."""

    place: int
    at_ns: int
    is_master: bool


class Listening:
    """A world whose control plane is listened to.

    Attributes:
        world: that one, after its run.
        calls: of each run of a notify script.
        place_of: each such run, the place of its beginning in the trace.
        masterships: of each instance, when it became MASTER and when it no longer was.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.world = World(scenario, randomness=Randomness(seed, 0), quiet=True, detail=None)
        self.calls: dict[int, list[Call]] = defaultdict(list)
        self._plane_call = self.world.control_plane.call
        self.world.control_plane.call = self._call  # type: ignore[method-assign]
        self.world.kernel.run()
        self.place_of: dict[int, int] = {}
        self.masterships = {instance.name: [Mastership(-1, -1, False)] for instance in scenario.instances}
        self._read()

    def _read(self) -> None:
        for place, record in enumerate(self.world.records):
            if isinstance(record, NotifyStarted):
                self.place_of[record.run] = place
            elif isinstance(record, StateChanged):
                self.masterships[record.instance].append(Mastership(place, record.at, record.new == "MASTER"))
            elif isinstance(record, DaemonChanged) and not record.running:
                self.masterships[record.instance].append(Mastership(place, record.at, False))

    def _call(self, caller: Any, run: int, action: str, params: Any, timeout_ns: int) -> Iterator[Any]:
        began_ns = self.world.kernel.now
        answer = yield from self._plane_call(caller, run, action, params, timeout_ns)
        heard = Answer(answer.code, dict(answer.response))
        self.calls[run].append(Call(began_ns, action, dict(params), self.world.kernel.now, heard))
        return answer


def simulated_runs(scenario: Scenario, seed: int = 1) -> tuple[Listening, list[Run]]:
    """Every run of a notify script in one replication."""
    listening = Listening(without_start_up(scenario), seed)
    runs: dict[int, Run] = {}
    for record in listening.world.records:
        if isinstance(record, NotifyStarted):
            runs[record.run] = Run(
                record.run, record.instance, record.event, record.at, calls=listening.calls[record.run]
            )
        elif isinstance(record, NotifyEnded):
            runs[record.run].outcome = record.outcome
    return listening, list(runs.values())


class _SilenceError(Exception):
    """The simulated script was killed before it heard an answer to this."""


def replayed(listening: Listening, run: Run) -> tuple[list[tuple[int, str, dict[str, Any]]], str]:
    """The calls (when, action, parameters) of the exported script, and its outcome (empty where it was cut off)."""
    scenario = listening.world.scenario
    topology = listening.world.control_plane.topology
    settings = settings_of(scenario, scenario.instance(run.instance), topology, ExportOptions())
    answers = iter(run.calls)
    made: list[tuple[int, str, dict[str, Any]]] = []
    now_ns = run.began_ns

    def call(action: str, params: dict[str, Any]) -> Answer:
        nonlocal now_ns
        heard = next(answers, None)
        if heard is None:
            raise _SilenceError
        made.append((now_ns, action, params))
        now_ns += heard.answered_ns - heard.at_ns
        return heard.answer

    def sleep(duration_ns: int) -> None:
        nonlocal now_ns
        now_ns += duration_ns

    masterships = listening.masterships[run.instance]
    before = bisect_left(masterships, listening.place_of[run.number], key=attrgetter("place")) - 1
    at_first = masterships[before].is_master
    jitter = Randomness(1, 0).stream("notify", run.instance, "retry_jitter")
    script = Script(
        settings,
        identifiers_of(topology),
        call=call,
        sleep=sleep,
        now=lambda: now_ns,
        is_master=lambda: at_first if now_ns == run.began_ns else _was_master(masterships, now_ns),
        chance=jitter.uniform,
    )
    try:
        releases = run.event in ("BACKUP", "FAULT", "STOP")
        return made, script.release() if releases else script.claim(always_ask=run.event == "RECLAIM")
    except _SilenceError:
        return made, ""


def _was_master(masterships: Sequence[Mastership], now_ns: int) -> bool:
    """What a script sees that looks at keepalived's state: whatever happens in the same nanosecond happens after it has
    looked (scripts come before packets and timers)."""
    return masterships[bisect_left(masterships, now_ns, key=attrgetter("at_ns")) - 1].is_master
