"""How late the machine lets a process go on that has slept: whether keepalived could keep its own times.

A process with keepalived's priority sleeps for a few milliseconds, again and again, as long as the drill goes on. What
made it late would have made keepalived late.
"""

from __future__ import annotations

from hasim.drill.namespaces import Namespace
from hasim.drill.processes import Started, program
from hasim.scenario.model import Scenario
from hasim.units import MILLISECOND

__all__ = ["Lateness", "tolerated_ns"]

_SLEEP_NS = 5 * MILLISECOND
_WORTH_TELLING_NS = MILLISECOND
_TOLERATED_SHARE = 2
_TOLERATED_MOST_NS = 100 * MILLISECOND


class Lateness:
    """What was late, and when."""

    def __init__(self) -> None:
        self._late: list[tuple[int, int]] = []
        self._sleeper: Started | None = None

    def start(self, namespace: Namespace) -> None:
        """Look from now on; the process that does lives in that namespace."""
        self._sleeper = Started(namespace, program("sleeper", _SLEEP_NS, _WORTH_TELLING_NS), self.read, measures=True)

    def close(self) -> None:
        """Look no more."""
        if self._sleeper is not None:
            self._sleeper.close()

    def read(self, line: str) -> None:
        """Take in a line."""
        due, late = line.split()
        self._late.append((int(due), int(late)))

    def worst_ns(self, begin_ns: int, end_ns: int) -> int:
        """The longest delay of any that touched the interval; what was not worth telling counts as none."""
        return max((late for due, late in self._late if due < end_ns and due + late > begin_ns), default=0)


def tolerated_ns(scenario: Scenario) -> int:
    """How late a machine may be that a drill of the scenario is held on: half of the shortest advert interval.

    So much does not yet make a BACKUP believe that its MASTER is gone: that takes three intervals.
    """
    shortest_ns = min(instance.vrrp.advert_int_ns for instance in scenario.instances)
    return min(shortest_ns // _TOLERATED_SHARE, _TOLERATED_MOST_NS)
