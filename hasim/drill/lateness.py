"""How late the machine lets a process go on that has slept: whether keepalived could keep its own times.

On each processor, a process with keepalived's priority sleeps for a few milliseconds, again and again, as long as the
drill goes on. What made it late would have made a keepalived late that was there. (One process for all would see less:
a hypervisor takes processors away one by one.)
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from hasim.drill.namespaces import Namespace
from hasim.drill.processes import Started, program
from hasim.scenario.model import Scenario
from hasim.units import MILLISECOND

__all__ = ["LateLimits", "Lateness", "late_limits"]

_SLEEP_NS = 5 * MILLISECOND
_WORTH_TELLING_NS = MILLISECOND
_GOOD_AT_MOST_NS = 100 * MILLISECOND


class Lateness:
    """What was late, and when."""

    def __init__(self) -> None:
        self._late: list[tuple[int, int]] = []
        self._sleepers: list[Started] = []

    def start(self, namespace: Namespace) -> None:
        """Look from now on; the processes that do live in that namespace."""
        for processor in sorted(os.sched_getaffinity(0)):
            command = program("sleeper", processor, _SLEEP_NS, _WORTH_TELLING_NS)
            self._sleepers.append(Started(namespace, command, self.read, measures=True))

    def close(self) -> None:
        """Look no more."""
        for sleeper in self._sleepers:
            sleeper.close()

    def read(self, line: str) -> None:
        """Take in a line."""
        due, late = line.split()
        self._late.append((int(due), int(late)))

    def worst_ns(self, begin_ns: int, end_ns: int) -> int:
        """The longest delay of any that touched the interval; what was not worth telling counts as none."""
        return max((late for due, late in self._late if due < end_ns and due + late > begin_ns), default=0)


@dataclass(frozen=True, slots=True)
class LateLimits:
    """How late (ns) a machine may be in a drill: welcome is a repetition up to ``good_ns``, and one up to
    ``bearable_ns`` where there is none better."""

    good_ns: int
    bearable_ns: int

    def complaint(self, late_ns: int) -> str:
        """What is wrong with so much; empty where nothing."""
        if late_ns <= self.good_ns:
            return ""
        return f"the machine was {late_ns / MILLISECOND:.0f} ms late ({self.good_ns / MILLISECOND:.0f} ms are good)"


def late_limits(scenario: Scenario) -> LateLimits:
    """The limits for a scenario: half of the shortest advert interval, and the whole.

    Neither makes a BACKUP believe that its MASTER is gone, which takes three intervals; but times say less.
    """
    shortest_ns = min(instance.vrrp.advert_int_ns for instance in scenario.instances)
    return LateLimits(min(shortest_ns // 2, _GOOD_AT_MOST_NS), min(shortest_ns, 2 * _GOOD_AT_MOST_NS))
