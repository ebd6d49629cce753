"""A drill: every episode of a scenario so many times, several rooms at once, laid beside its simulation."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hasim.drill.comparison import EpisodeResult, compare
from hasim.drill.episodes import SLACK_NS, Episode, episodes_of
from hasim.drill.lateness import Lateness, late_limits
from hasim.drill.machine import MachineTimes, together
from hasim.drill.priority import given_priority
from hasim.drill.register import Registration, registered
from hasim.drill.repetition import Place, Repetition, repeat
from hasim.drill.requirements import check_kernel, check_programs
from hasim.drill.steady import UnhealthyError
from hasim.scenario.model import Scenario
from hasim.units import MILLISECOND, SECOND

__all__ = ["DrillOptions", "DrillResult", "drill", "hold", "persistently", "usual_rooms"]

_MOST_TRIES = 4
_STARTING_AT_ONCE = 2
_STOOD_STILL_NS = 400 * MILLISECOND
"""A drill that did nothing for so long while it measured cannot be believed about milliseconds."""
_ROOMS_PER_CORE = 3

Progress = Callable[[int, int], None]


def usual_rooms() -> int:
    """So many repetitions may run at once on this machine without spoiling each other's times."""
    return _ROOMS_PER_CORE * len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True)
class DrillOptions:
    """How a drill is held.

    ``times``: repetitions of every episode. ``only``: the names of the faults that are wanted (empty: all).
    ``rooms``: how many repetitions run at once. ``patience_ns``: the longest that is waited for a fault's consequences,
    and again for those of its repair. ``simulations``: how many simulated runs stand beside them.
    """

    times: int = 5
    only: tuple[str, ...] = ()
    rooms: int = field(default_factory=usual_rooms)
    patience_ns: int = 60 * SECOND
    simulations: int = 1_000


@dataclass(frozen=True)
class DrillResult:
    """What a drill gave.

    ``episodes`` are those of which something was finished. ``times`` is what was measured of this machine.
    ``repeated`` says why a repetition was thrown away and done again.
    """

    scenario: Scenario
    options: DrillOptions
    version: str
    episodes: tuple[EpisodeResult, ...]
    times: MachineTimes
    repeated: tuple[str, ...]
    interrupted: bool

    @property
    def inside(self) -> bool:
        """Whether everything that was measured lies inside what was simulated."""
        return all(episode.inside for episode in self.episodes)


def drill(scenario: Scenario, options: DrillOptions, progress: Progress | None = None) -> DrillResult:
    """Hold a drill. Ctrl-C or SIGTERM ends it with what was finished by then.

    Args:
        scenario: what to drill.
        options: how.
        progress: called with (repetitions done, repetitions wanted).

    Raises:
        UserError: drills cannot be held here, or this scenario cannot be drilled.
        UnhealthyError: a room did not become healthy, several times.
        KeyboardInterrupt: before anything was finished.
    """
    check_programs()
    episodes = episodes_of(scenario, options.patience_ns, options.only)
    with registered() as registration:
        check_kernel(registration)
        try:
            held = asyncio.run(hold(episodes, options, registration, progress))
        except asyncio.CancelledError:  # by SIGTERM; asyncio itself does this for Ctrl-C
            raise KeyboardInterrupt from None
    return _result(scenario, options, episodes, held)


@dataclass(slots=True)
class Held:
    """The repetitions of each episode, as far as they were finished."""

    repetitions: list[list[Repetition]]
    repeated: list[str]
    interrupted: bool = False


async def hold(
    episodes: Sequence[Episode], options: DrillOptions, registration: Registration, progress: Progress | None = None
) -> Held:
    """All repetitions of all episodes. Cancelled, it gives what was finished."""
    held = Held([[] for _ in episodes], [])
    wanted = len(episodes) * options.times
    free, starting = asyncio.Semaphore(options.rooms), asyncio.Semaphore(_STARTING_AT_ONCE)
    lateness = Lateness()
    done = 0

    async def one(index: int, number: int) -> None:
        nonlocal done
        async with free:
            place = Place(registration, f"{index}-{number}", starting, lateness)
            repetition = await persistently(episodes[index], place, number, held.repeated)
        held.repetitions[index].append(repetition)
        done += 1
        if progress is not None:
            progress(done, wanted)

    if progress is not None:
        progress(0, wanted)
    order = [(index, number) for number in range(options.times) for index in range(len(episodes))]
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        with given_priority():
            lateness.start(registration.namespace("watch"))
            async with asyncio.TaskGroup() as group:
                for index, number in order:
                    group.create_task(one(index, number))
    except asyncio.CancelledError:
        if not done:
            raise
        held.interrupted = True
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        lateness.close()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    for repetitions in held.repetitions:
        repetitions.sort(key=lambda repetition: repetition.number)
    return held


async def persistently(episode: Episode, place: Place, number: int, repeated: list[str]) -> Repetition:
    """One repetition, done again where the machine got in its way: never because of what it measured.

    Where the machine was a little late every time, it is the one in which it was the least late.

    Raises:
        UnhealthyError: none succeeded.
    """
    name, limits = f"{episode.name}, repetition {number + 1}", late_limits(episode.scenario)
    late: list[Repetition] = []
    trouble = ""
    for attempt in range(1, _MOST_TRIES + 1):
        try:
            repetition = await repeat(episode, place.another(attempt), number)
            trouble = _trouble(repetition) or limits.complaint(repetition.times.lateness)
            if not trouble:
                return repetition
            if not _trouble(repetition) and repetition.times.lateness <= limits.bearable_ns:
                late.append(repetition)
        except UnhealthyError as error:
            trouble = str(error)
        again = "; repeated" if attempt < _MOST_TRIES else ""
        repeated.append(f"{name}: disturbed: {trouble}{again}")
    if late:
        least = min(late, key=lambda repetition: repetition.times.lateness)
        late_ms = round(least.times.lateness / MILLISECOND)
        repeated.append(f"{name}: taken is the try in which the machine was {late_ms} ms late: the least late one")
        return least
    raise UnhealthyError(f"{episode.name}: no repetition succeeded in {_MOST_TRIES} tries; the last time, {trouble}")


def _trouble(repetition: Repetition) -> str:
    """What the machine did that spoils a repetition, whatever was measured in it; empty where nothing."""
    slowest_ns = max(repetition.times.script_start_up, default=0)
    if slowest_ns > SLACK_NS:
        return f"a notify script took {slowest_ns / SECOND:.1f} s to start (an episode has {SLACK_NS / SECOND:g} s)"
    pause_ns = max(repetition.times.probe_gap, repetition.times.loop_lag)
    if pause_ns > _STOOD_STILL_NS:
        return f"the drill itself stood still for {pause_ns / MILLISECOND:.0f} ms while it measured"
    if repetition.slow_checks:
        instance, script = repetition.slow_checks[0]
        return f"the check {script} of {instance} took longer than its time-out, although the service answered"
    return ""


def _result(scenario: Scenario, options: DrillOptions, episodes: Sequence[Episode], held: Held) -> DrillResult:
    import hasim

    times = together(repetition.times for repetitions in held.repetitions for repetition in repetitions)
    results = [
        compare(episode, repetitions, times, options.simulations, scenario.seed)
        for episode, repetitions in zip(episodes, held.repetitions, strict=True)
        if repetitions
    ]
    return DrillResult(
        scenario=scenario,
        options=options,
        version=hasim.__version__,
        episodes=tuple(results),
        times=times,
        repeated=tuple(held.repeated),
        interrupted=held.interrupted,
    )
